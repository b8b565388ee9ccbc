"""Records and messages: PROTOCOL.md, "Records" and the two chapters of messages."""

from __future__ import annotations

from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Tuple

VERSION = 1
SPECTATOR, RESUMED, CHECKS = 1, 2, 4  # flags of a welcome
WAIT, ELSEWHERE = 1, 2  # flags of a hello
SUSPENDED, RESUMED_TICKING = 1, 2  # codes of a notice

HELLO, INPUT, PING, LEAVE, CUSTOM = 0x01, 0x02, 0x03, 0x04, 0x05
WELCOME, KEYFRAME, DELTA, OWN, OWN_KEYFRAME, MOVED, PREPARE = 0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26
OUTCOME, PONG, ERROR, CHECK, NOTICE = 0x27, 0x28, 0x29, 0x2A, 0x2B


class Malformed(Exception):
    """Bytes that are not as the protocol says. The client closes the connection and comes back."""


# Writing.


def uvarint(n: int) -> bytes:
    out = bytearray()
    while n >= 0x80:
        out.append(n & 0x7F | 0x80)
        n >>= 7
    out.append(n)
    return bytes(out)


def varint(n: int) -> bytes:
    """n is signed with at most 64 bits."""
    return uvarint(((n << 1) ^ (n >> 63)) & (1 << 64) - 1)


def sized(data: bytes) -> bytes:
    return uvarint(len(data)) + data


def record(kind: int, body: bytes) -> bytes:
    return bytes([kind]) + sized(body)


# Reading.


class Reader:
    """Takes a body apart. Every method raises Malformed at a body that ends too early."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, count: int) -> bytes:
        end = self._at + count
        if end > len(self._data):
            raise Malformed("the body ends too early")
        taken = self._data[self._at : end]
        self._at = end
        return taken

    def number(self, width: int) -> int:
        return int.from_bytes(self.take(width), "little")

    def signed(self, width: int) -> int:
        return int.from_bytes(self.take(width), "little", signed=True)

    def uvarint(self, bits: int = 32) -> int:
        value = shift = 0
        while True:
            byte = self.number(1)
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
            if shift >= 70:
                raise Malformed("a number has too many bytes")
        if value >> bits or (byte == 0 and shift > 7):
            raise Malformed("a number is too large, or not in its shortest form")
        return value

    def varint(self) -> int:
        n = self.uvarint(64)
        return (n >> 1) ^ -(n & 1)

    def bytes(self) -> bytes:
        return self.take(self.uvarint())

    def string(self) -> str:
        return text(self.bytes())

    def rest(self) -> bytes:
        return self.take(len(self._data) - self._at)

    def at_end(self) -> bool:
        return self._at == len(self._data)

    def end(self) -> None:
        if not self.at_end():
            raise Malformed("bytes are left over behind a body")


def text(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Malformed("a string is not UTF-8") from error


def records(message: bytes) -> Iterator[tuple[int, bytes]]:
    """The records of a WebSocket message: kind and body."""
    reader = Reader(message)
    while not reader.at_end():
        yield reader.number(1), reader.bytes()


# Messages.


class Epoch(NamedTuple):
    """One server's term as the leader of an instance. Epochs of one instance are ordered by counter, then by server."""

    instance: int = 0
    counter: int = 0
    server: str = ""

    @property
    def order(self) -> tuple[int, bytes]:
        return self.counter, self.server.encode()

    def write(self) -> bytes:
        return self.instance.to_bytes(8, "little") + uvarint(self.counter) + sized(self.server.encode())


def hello(ticket: str, resume: bytes, last_tick: int, epoch: Epoch, flags: int) -> bytes:
    """The first message. The fingerprint is 0: this client reads the schema from the welcome."""
    head = bytes([VERSION, VERSION, flags]) + bytes(8) + last_tick.to_bytes(4, "little")
    return record(HELLO, head + epoch.write() + sized(ticket.encode()) + sized(resume))


def inputs(first: int, ack: int, samples: list[bytes]) -> bytes:
    return record(INPUT, uvarint(first) + uvarint(ack) + bytes([len(samples)]) + b"".join(samples))


def ping(micros: int) -> bytes:
    return record(PING, micros.to_bytes(8, "little"))


def leave(reason: str) -> bytes:
    return record(LEAVE, sized(reason.encode()))


class Welcome(NamedTuple):
    version: int
    flags: int
    seat: int
    tick_rate: int
    tick: int
    processed: int
    epoch: Epoch
    server: str
    room: str
    game: str
    alias: str
    resume: bytes
    fallbacks: List[str]
    schema: bytes


class Frame(NamedTuple):
    """A keyframe, with its tick, or a delta, with the low 16 bits of its tick."""

    tick: int
    body: bytes


class Own(NamedTuple):
    """Goes with a frame."""

    processed: int  # low 16 bits
    slack: int  # milliseconds; 255: no input came
    private: bytes


class Moved(NamedTuple):
    """Moved and prepare."""

    url: str
    server: str
    ticket: str
    epoch: Epoch
    within: int  # milliseconds


class Result(NamedTuple):
    seat: int
    place: int
    score: int
    alias: str


class Outcome(NamedTuple):
    match: int
    tick: int
    results: List[Result]
    data: bytes


class Pong(NamedTuple):
    micros: int
    server: int


class Error(NamedTuple):
    code: int
    retry: int  # milliseconds
    text: str


class Check(NamedTuple):
    tick: int
    hash: int


class Notice(NamedTuple):
    code: int
    text: str


class Custom(NamedTuple):
    payload: bytes


Message = Any  # one of these; the kind that comes with it says which

# The layout of each record from a server, as PROTOCOL.md writes it.
_LAYOUTS: Dict[int, Tuple[Callable[..., Message], str]] = {
    WELCOME: (Welcome, "u8 u8 u8 u8 u32 u32 epoch string string string string bytes strings bytes"),
    KEYFRAME: (Frame, "u32 rest"),
    DELTA: (Frame, "u16 rest"),
    OWN: (Own, "u16 u8 rest"),
    OWN_KEYFRAME: (Own, "u16 u8 rest"),
    MOVED: (Moved, "string string string epoch u32"),
    PREPARE: (Moved, "string string string epoch u32"),
    OUTCOME: (Outcome, "u32 u32 results rest"),
    PONG: (Pong, "u64 u64"),
    ERROR: (Error, "u16 u32 string"),
    CHECK: (Check, "u32 u32"),
    NOTICE: (Notice, "u16 string"),
    CUSTOM: (Custom, "rest"),
}

_READ: Dict[str, Callable[[Reader], Any]] = {
    "u8": lambda r: r.number(1),
    "u16": lambda r: r.number(2),
    "u32": lambda r: r.number(4),
    "u64": lambda r: r.number(8),
    "string": Reader.string,
    "strings": lambda r: [r.string() for _ in range(r.number(1))],
    "bytes": Reader.bytes,
    "rest": Reader.rest,
    "epoch": lambda r: Epoch(r.number(8), r.uvarint(), r.string()),
    "results": lambda r: [Result(r.number(1), r.number(1), r.varint(), r.string()) for _ in range(r.number(1))],
}


def parse(message: bytes) -> List[Tuple[int, Message]]:
    """The records of a message from the server, read. Unknown kinds are skipped. Raises Malformed."""
    out = []
    for kind, body in records(message):
        if kind in _LAYOUTS:
            make, layout = _LAYOUTS[kind]
            reader = Reader(body)
            out.append((kind, make(*[_READ[word](reader) for word in layout.split()])))
            reader.end()
    return out


def unwrap(last: int, low: int) -> int:
    """The number nearest to last that has these low 16 bits, modulo 2^32."""
    difference = (low - last) & 0xFFFF
    return (last + difference - (0x10000 if difference >= 0x8000 else 0)) & 0xFFFFFFFF


def before(tick: int, other: int) -> bool:
    """Whether a tick is before another. Ticks count modulo 2^32."""
    return (tick - other) & 0xFFFFFFFF >= 0x80000000
