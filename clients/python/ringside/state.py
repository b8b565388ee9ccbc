"""Schemas, the replica of a room's state, and input samples: STATE.md."""

from __future__ import annotations

import math
import struct
import zlib
from dataclasses import dataclass, field
from typing import Dict, Optional, Union

from .wire import Malformed, Reader, sized, text, uvarint, varint

Value = Union[bool, int, float, str, "list[Value]"]
Held = Union[int, bytes, "list[Held]"]  # what a field holds: q, a string's bytes, or an array's elements

PUBLIC, OWNER = 0, 1  # parts; clients never see hidden ones
TABLE, VALUE, EVENTS = 0, 1, 2  # kinds of tables
BOOL, INT8, INT64, UINT8, UINT64, FIXED, ANGLE, FLOAT32, STRING = 1, 2, 5, 6, 9, 10, 11, 12, 13
MAX_ARRAY = 64
SMALL_TABLE = 64  # a row set of a table with at most so many rows is a bitmap

_64BITS = (1 << 64) - 1


def float32(x: float) -> float:
    """x rounded once to float32."""
    return struct.unpack("<f", struct.pack("<f", x))[0]


def wrap(n: int) -> int:
    """n as a signed number of 64 bits."""
    return ((n + (1 << 63)) & _64BITS) - (1 << 63)


@dataclass
class Field:
    """A field of a table. It holds an integer from lo to lo + span, or, of type STRING, bytes."""

    name: str
    type: int
    part: int
    linear: bool
    lo: int = 0
    span: int = 0
    minimum: float = 0.0  # FIXED
    step: float = 0.0  # FIXED and ANGLE
    size: int = 0  # STRING

    @classmethod
    def read(cls, r: Reader) -> Field:
        name, kind, flags = text(r.take(r.number(1))), r.number(1), r.number(1)
        f = cls(name, kind, flags & 3, bool(flags & 4))
        if flags & 0xD0 or not BOOL <= kind <= STRING:
            raise Malformed(f"field {name} has type {kind} and flags {flags}")
        if kind == BOOL:
            f.span = 1
        elif kind <= UINT64:
            bits = 8 << (kind - INT8) % 4
            f.lo = -(1 << bits - 1) if kind <= INT64 else 0
            f.span = (1 << bits) - 1
            if flags & 8:
                f.lo = r.varint()
                f.span = r.varint() - f.lo
        elif kind == FIXED:
            f.minimum, f.step = struct.unpack("<dd", r.take(16))
            f.span = r.uvarint(64)
        elif kind == ANGLE:
            f.span = (1 << r.number(1)) - 1
            f.step = 2 * math.pi / (f.span + 1)
        elif kind == FLOAT32:
            f.span = (1 << 32) - 1
        else:
            f.size = r.number(1)
        if kind != STRING and f.span < 1:
            raise Malformed(f"field {name} has only one value")
        return Array.of(f, r.number(1)) if flags & 32 else f

    @property
    def width(self) -> int:
        return (self.span.bit_length() + 7) // 8

    def value(self, q: Held) -> Value:
        """What a program sees of a held value."""
        if isinstance(q, bytes):
            return q.decode()
        if self.type == BOOL:
            return q == 1
        if self.type == FIXED:
            return float32(self.minimum + q * self.step)
        if self.type == ANGLE:
            return float32(q * self.step)
        if self.type == FLOAT32:
            return struct.unpack("<f", q.to_bytes(4, "little"))[0]
        return q

    def quantise(self, v: Value) -> Held:
        """What a field holds of a value."""
        if self.type == STRING:
            kept = str(v).encode("utf-8", "ignore")[: self.size]
            return kept.decode("utf-8", "ignore").encode()
        if self.type == BOOL:
            return 1 if v else 0
        if self.type == FLOAT32:
            return 0 if math.isnan(v) else int.from_bytes(struct.pack("<f", v), "little")
        if self.type == FIXED:
            x = (v - self.minimum) * (1 / self.step)
            return 0 if not x > 0 else self.span if x >= self.span else math.floor(x + 0.5)
        if self.type == ANGLE:
            x = v * (1 / self.step) + 0.5
            return math.floor(x) % (self.span + 1) if abs(x) < 2**53 else 0
        if math.isnan(v):
            v = 0
        return self.lo if v <= self.lo else self.lo + self.span if v >= self.lo + self.span else int(v)

    @property
    def zero(self) -> Held:
        return self.quantise("" if self.type == STRING else 0)

    def read_full(self, r: Reader) -> Held:
        if self.type == STRING:
            data = r.take(r.number(1))
            if len(data) > self.size:
                raise Malformed(f"{self.name} is too long")
            text(data)
            return data
        return self.checked(self.lo + r.number(self.width))

    def write_full(self, q: Held) -> bytes:
        if isinstance(q, bytes):
            return bytes([len(q)]) + q
        return (q - self.lo).to_bytes(self.width, "little")

    def checked(self, q: int) -> int:
        if not 0 <= q - self.lo <= self.span:
            raise Malformed(f"{self.name} is out of its range")
        return q

    def read_change(self, r: Reader, old: Held) -> Held:
        """A changed field that is not linear."""
        if self.type == BOOL:
            return 1 - old
        if self.type in (STRING, FLOAT32) or self.width == 1:
            return self.read_full(r)
        if self.type == ANGLE:
            step = r.signed(1)
            return self.read_full(r) if step == -128 else (old + step) & self.span
        return self.checked(self.lo + ((old - self.lo + r.varint()) & _64BITS))

    def write_change(self, old: Held, new: Held) -> bytes:
        if self.type == BOOL:
            return b""
        if self.type in (STRING, FLOAT32) or self.width == 1:
            return self.write_full(new)
        if self.type == ANGLE:
            half = (self.span + 1) // 2
            step = (new - old + half) % (self.span + 1) - half
            if -128 < step < 128:
                return step.to_bytes(1, "little", signed=True)
            return b"\x80" + self.write_full(new)
        return varint(wrap(new - old))


@dataclass
class Array(Field):
    """A field that is an array. It holds a list, which is replaced and never changed."""

    element: Field = field(default=None)  # type: ignore[assignment]
    count: int = 0

    @classmethod
    def of(cls, element: Field, count: int) -> Array:
        if not 1 <= count <= MAX_ARRAY or element.linear or element.type == STRING:
            raise Malformed(f"field {element.name} is an array of {count} that there cannot be")
        return cls(element.name, element.type, element.part, False, element=element, count=count)

    def value(self, q: Held) -> Value:
        return [self.element.value(e) for e in q]

    @property
    def zero(self) -> Held:
        return [self.element.zero] * self.count

    def read_full(self, r: Reader) -> Held:
        return [self.element.read_full(r) for _ in range(self.count)]

    def write_full(self, q: Held) -> bytes:
        return b"".join(self.element.write_full(e) for e in q)

    def read_change(self, r: Reader, old: Held) -> Held:
        """The elements that changed."""
        changed = r.uvarint(64)
        if not changed or changed >> self.count:
            raise Malformed(f"{self.name} has no elements that are the set {changed}")
        return [self.element.read_change(r, e) if changed >> i & 1 else e for i, e in enumerate(old)]


@dataclass
class Table:
    name: str
    kind: int
    part: int
    max: int
    fields: list[Field]

    def of(self, part: int) -> list[int]:
        """The fields of a part, as indices in fields."""
        return [i for i, f in enumerate(self.fields) if f.part == part]


@dataclass
class Schema:
    tables: list[Table]
    input: list[Field]

    @classmethod
    def parse(cls, data: bytes) -> Schema:
        r = Reader(data)
        if r.number(1) != 1:
            raise Malformed("the schema has a format that this client does not know")
        tables = []
        for _ in range(r.number(1)):
            name, kind, rows = text(r.take(r.number(1))), r.number(1), r.uvarint()
            tables.append(Table(name, kind & 15, kind >> 4, rows, read_fields(r)))
        schema = cls(tables, read_fields(r))
        r.end()
        return schema


def read_fields(r: Reader) -> list[Field]:
    return [Field.read(r) for _ in range(r.number(1))]


@dataclass
class Row:
    """The fields of one part of a row, and how far each of them moved in the last tick."""

    q: list[Held]
    d: list[int]


@dataclass
class Rows:
    """One part of a table's rows."""

    table: Table
    fields: list[Field]
    units: list[tuple[int, ...]]  # each one or two indices in fields
    rows: Dict[int, Row] = field(default_factory=dict)
    events: list[Row] = field(default_factory=list)

    @classmethod
    def of(cls, table: Table, part: int) -> Rows:
        fields = [f for f in table.fields if f.part == part]
        units: list[tuple[int, ...]] = []
        open_single = False  # the last unit is a linear field that may become a pair
        for i, f in enumerate(fields):
            if f.linear and open_single:
                units[-1] += (i,)
                open_single = False
            else:
                units.append((i,))
                open_single = f.linear
        rows = cls(table, fields, units)
        rows.clear()
        return rows

    def clear(self) -> None:
        self.events = []
        self.rows = {}
        if self.table.kind == VALUE:
            self.rows[0] = Row([f.zero for f in self.fields], [0] * len(self.fields))

    def predict(self) -> None:
        """Moves every linear field along its line. A table of events has only the events of its last tick."""
        self.events = []
        linear = [i for i, f in enumerate(self.fields) if f.linear]
        for row in self.rows.values():
            for i in linear:
                f, old = self.fields[i], row.q[i]
                row.q[i] = min(max(old + row.d[i], f.lo), f.lo + f.span)
                row.d[i] = row.q[i] - old

    def read_ids(self, r: Reader) -> list[int]:
        if self.table.max <= SMALL_TABLE:
            bits = r.uvarint(64)
            ids = [i for i in range(64) if bits >> i & 1]
        else:
            ids, base = [], 0
            for _ in range(r.uvarint()):
                ids.append(base + r.uvarint())
                base = ids[-1] + 1
        if ids and ids[-1] >= self.table.max:
            raise Malformed(f"{self.table.name} has no row {ids[-1]}")
        return ids

    def write_ids(self) -> bytes:
        ids = sorted(self.rows)
        if self.table.max <= SMALL_TABLE:
            return uvarint(sum(1 << i for i in ids))
        out, base = uvarint(len(ids)), 0
        for i in ids:
            out += uvarint(i - base)
            base = i + 1
        return out

    def read_full(self, r: Reader) -> Row:
        return Row([f.read_full(r) for f in self.fields], [0] * len(self.fields))

    def read_keyframe(self, r: Reader) -> None:
        self.clear()
        for i in [0] if self.table.kind == VALUE else self.read_ids(r):
            row = self.rows[i] = self.read_full(r)
            for n, f in enumerate(self.fields):
                if f.linear:
                    row.d[n] = r.varint()
                    f.checked(row.q[n] - row.d[n])

    def write_keyframe(self) -> bytes:
        out = b"" if self.table.kind == VALUE else self.write_ids()
        for i in sorted(self.rows):
            row = self.rows[i]
            out += b"".join(f.write_full(q) for f, q in zip(self.fields, row.q))
            out += b"".join(varint(d) for f, d in zip(self.fields, row.d) if f.linear)
        return out

    def read_delta(self, r: Reader) -> list[int]:
        """Reads the changes. Returns the rows that are new, replaced or gone."""
        if self.table.kind == EVENTS:
            count = r.uvarint()
            if not 1 <= count <= self.table.max:
                raise Malformed(f"{count} events in {self.table.name}")
            self.events = [self.read_full(r) for _ in range(count)]
            return []
        ids = [0] if self.table.kind == VALUE else self.read_ids(r)
        if not ids:
            raise Malformed(f"no rows of {self.table.name} in a delta")
        ended = []
        for i in ids:
            mask = r.uvarint(64)
            if mask & 1 and (mask > 3 or self.table.kind == VALUE):
                raise Malformed(f"mask {mask} of a row of {self.table.name}")
            if mask == 1:
                self.rows[i] = self.read_full(r)
                ended.append(i)
            elif i not in self.rows or mask == 0:
                raise Malformed(f"mask {mask} of row {i} of {self.table.name}, which is not there")
            elif mask == 3:
                del self.rows[i]
                ended.append(i)
            else:
                self._read_units(r, self.rows[i], mask >> 1)
        return ended

    def _read_units(self, r: Reader, row: Row, mask: int) -> None:
        for unit in self.units:
            if not self.fields[unit[0]].linear:
                if mask & 1:
                    i = unit[0]
                    row.q[i] = self.fields[i].read_change(r, row.q[i])
                mask >>= 1
                continue
            code = mask & 3
            mask >>= 2
            if code == 3:
                for i in unit:
                    row.q[i], row.d[i] = self.fields[i].read_full(r), 0
            elif code:
                for i, residual in zip(unit, self._residuals(r, len(unit), code)):
                    f = self.fields[i]
                    row.q[i] = f.checked(row.q[i] + residual)
                    row.d[i] += residual
        if mask:
            raise Malformed(f"a mask of {self.table.name} has bits that stand for nothing")

    @staticmethod
    def _residuals(r: Reader, fields: int, code: int) -> list[int]:
        if fields == 1:
            return [r.signed(code)]
        if code == 1:
            byte = r.number(1)
            return [(nibble ^ 8) - 8 for nibble in (byte & 15, byte >> 4)]
        return [r.signed(1), r.signed(1)]


class Replica:
    """What a client has of a room's state. Apply the public body of a message first, then the own one, every tick."""

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self._public: Dict[int, Rows] = {}
        self._own: Dict[int, Rows] = {}
        for n, t in enumerate(schema.tables):
            if t.part == PUBLIC and not (t.kind == VALUE and not t.of(PUBLIC)):
                self._public[n] = Rows.of(t, PUBLIC)
            if t.part == OWNER or (t.part == PUBLIC and t.of(OWNER)):
                self._own[n] = Rows.of(t, OWNER)

    def apply_keyframe(self, body: bytes) -> None:
        r = Reader(body)
        for rows in self._own.values():
            rows.clear()
        self._read_keyframe(self._public, r)

    def apply_own_keyframe(self, body: bytes) -> None:
        self._read_keyframe(self._own, Reader(body))

    @staticmethod
    def _read_keyframe(section: Dict[int, Rows], r: Reader) -> None:
        for rows in section.values():
            rows.clear()
            if rows.table.kind != EVENTS:
                rows.read_keyframe(r)
        r.end()

    def apply_delta(self, body: bytes) -> None:
        for n, ended in self._read_delta(self._public, body):
            if n in self._own:
                for i in ended:
                    self._own[n].rows.pop(i, None)

    def apply_own_delta(self, body: bytes) -> None:
        self._read_delta(self._own, body)
        for n, rows in self._own.items():
            if n in self._public and not rows.rows.keys() <= self._public[n].rows.keys():
                raise Malformed(f"an own row of {rows.table.name} that is not in the public part")

    @staticmethod
    def _read_delta(section: Dict[int, Rows], body: bytes) -> list[tuple[int, list[int]]]:
        for rows in section.values():
            rows.predict()
        if not section and not body:
            return []
        r = Reader(body)
        tables = list(section.items())
        present = r.uvarint(64)
        if present >> len(tables):
            raise Malformed("a delta names a table that the section does not have")
        ended = [(n, rows.read_delta(r)) for bit, (n, rows) in enumerate(tables) if present >> bit & 1]
        r.end()
        return ended

    def hash(self) -> int:
        """The hash of the public state, to compare with a check message."""
        body = b"".join(rows.write_keyframe() for rows in self._public.values() if rows.table.kind != EVENTS)
        return zlib.crc32(body)

    def rows(self, name: str) -> Dict[int, Dict[str, Value]]:
        """The rows of a table by id, each with its fields by name. One's own rows have their owner fields too."""
        out: Dict[int, Dict[str, Value]] = {}
        for section in (self._public, self._own):
            for rows in section.values():
                if rows.table.name == name:
                    for i, row in rows.rows.items():
                        out.setdefault(i, {}).update(self._values(rows, row))
        return out

    def row(self, name: str, i: int = 0) -> Optional[Dict[str, Value]]:
        """One row of a table, or the row of a value."""
        return self.rows(name).get(i)

    def events(self, name: str) -> list[Dict[str, Value]]:
        """The events of the last tick."""
        sections = (*self._public.values(), *self._own.values())
        return [self._values(rows, row) for rows in sections if rows.table.name == name for row in rows.events]

    @staticmethod
    def _values(rows: Rows, row: Row) -> Dict[str, Value]:
        return {f.name: f.value(q) for f, q in zip(rows.fields, row.q)}


def encode_samples(fields: list[Field], samples: list[Dict[str, Value]]) -> list[bytes]:
    """The samples of one input message, each as the difference to the one before, the first to the zero row."""
    before: list[Held] = [f.zero for f in fields]
    out = []
    for sample in samples:
        mask, changes = 0, b""
        now = [f.quantise(sample[f.name]) if f.name in sample else f.zero for f in fields]
        for i, (f, old, new) in enumerate(zip(fields, before, now)):
            if old != new:
                mask |= 1 << i
                changes += f.write_change(old, new)
        out.append(uvarint(mask) + changes)
        before = now
    return out
