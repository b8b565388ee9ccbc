"""A player's seat in a room, kept over moves and losses: PROTOCOL.md from "Ticks" to "Close codes".

The client has one current Link and at most one other that is being opened: a prepared connection, or the search of a
suspended room. All of it runs in one asyncio loop.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import deque
from typing import Callable, Deque, Dict, List, Optional, Tuple
from urllib.parse import urlsplit

from . import wire
from .link import FOLLOW, REPLACED, RESUME, ROUTER, TICKET, Ended, Link, Place
from .router import Refused, Router, Unavailable
from .state import Replica, Schema, Value, encode_samples
from .websocket import ConnectionLost, WebSocket

Sample = Dict[str, Value]

PING_EVERY = 1.0
SILENCE, SILENCE_SUSPENDED = 2.0, 5.0  # seconds without a message after which a connection is lost
WELCOME_TIMEOUT = 10.0
STABLE = 5.0  # a connection that lasted so long starts the back-off again
SEARCH_AFTER, SEARCH_EVERY, SEARCH_LIMIT = 3.0, 2.0, 2.0
PREPARED_LIMIT = 2.0
UNANSWERED = 20.0  # how long a hello that was given up may still act
INPUT_WINDOW, MAX_SAMPLES, KEPT_SAMPLES = 128, 64, 128
NO_INPUT = 255  # slack
MAX_HOPS = 8


class Stop(Exception):
    """The client is out of the room and must not come back by itself."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(f"{code} {text}")
        self.code = code


class Replacement(Exception):
    """Another connection takes the place of the current one."""

    def __init__(self, link: Link) -> None:
        self.link = link


class Client:
    """A player of one room. brain gives the sample of a tick; heard is told what happens, as a word and an object."""

    def __init__(self, router: Router, brain: Callable[[Client], Sample], heard: Callable[[str, object], None]) -> None:
        self.router = router
        self.brain = brain
        self.heard = heard
        self.replica: Optional[Replica] = None
        self.seat = -1
        self.alias = ""
        self.tick = 0
        self.epoch = wire.Epoch()
        self.outcomes: Dict[int, wire.Outcome] = {}
        self.faults: List[str] = []  # broken guarantees of the servers
        self.checks = 0  # hashes that were compared
        self.server = ""
        self.schema = b""
        self.processed = 0
        self.suspended = False
        self.round_trip = 0.0

        self._ticket = ""
        self._token = b""
        self._url = ""
        self._fallbacks: List[str] = []
        self._link: Optional[Link] = None  # None between connections
        self._spare: Optional[asyncio.Task[Link]] = None  # a prepared connection
        self._spare_url = ""
        self._needed = asyncio.Event()  # the prepared connection is
        self._search: Optional[asyncio.Task[Link]] = None  # while the room is suspended
        self._hellos: Dict[Link, float] = {}  # when hellos were said that may still act, but for the current connection's
        self._attempts = self._hops = 0
        self._free = 1  # attempts that need no wait
        self._retry = 0.0  # seconds before the next attempt, at least
        self._samples: Deque[Tuple[int, Sample]] = deque(maxlen=KEPT_SAMPLES)
        self._number = 0  # of the newest sample
        self._tick_length = 1.0
        self._due = self._pinged = 0.0

    # The way from place to place.

    async def run(self) -> None:
        """Plays until the client is out of the room. Raises Stop, or Refused when the router lets it in no more."""
        pacer = asyncio.ensure_future(self._pace())
        places: List[Place] = [None]
        try:
            while True:
                places = await self._stay(await self._enter(places))
        finally:
            pacer.cancel()

    def leave(self, reason: str) -> None:
        """Gives the seat up. The server closes with 4000, and run raises Stop."""
        if self._link:
            self._link.socket.send(wire.leave(reason))

    async def _enter(self, places: List[Place]) -> Link:
        """Tries places, and again from the start, until one of them welcomes."""
        left = deque(places)
        while True:
            if not left:
                left.extend(self._places(lost=True))
            place = left.popleft()
            await self._back_off(place)
            try:
                return await self._try(place)
            except (ConnectionLost, Unavailable) as error:
                self._retry = getattr(error, "retry", 0.0)
                self.heard("failed", error)
            except Ended as ended:
                left = deque(self._after(ended))

    def _places(self, lost: bool) -> List[Place]:
        """Where to look for the room after a lost connection, or after a close that says to come back to the same URL."""
        same: List[Place] = [self._url] if self._url else []
        others: List[Place] = [url for url in self._fallbacks if url not in same]
        proxied = urlsplit(self._url).netloc == urlsplit(self.router.url).netloc
        return [*others, *same, None] if lost and not proxied else [*same, *others, None]

    async def _back_off(self, place: Place) -> None:
        """Waits before an attempt: thousands of clients may have been lost at the same moment."""
        if isinstance(place, Link):
            return
        if self._free > 0 and not self._retry:
            self._free -= 1
            return
        await asyncio.sleep(max(self._retry, random.random() * min(4.0, 0.05 * 2 ** min(self._attempts, 20))))
        self._attempts += 1
        self._retry = 0.0
        self._free = len(self._places(lost=True)) - 1  # where nobody answers, the other places are tried at once

    async def _try(self, place: Place, flags: int = 0) -> Link:
        """Connects to a place, says hello and waits for the welcome; goes on where a moved message sends it.
        Raises ConnectionLost, Unavailable, Ended, Refused."""
        if isinstance(place, Link):
            return place
        if place is None:
            answer = await asyncio.get_running_loop().run_in_executor(None, self.router.ask)
            self._ticket = answer["ticket"]
            place = answer["url"]
            if self.suspended and place == self._url:
                raise ConnectionLost("the router names the server that has suspended the room")
        for _ in range(MAX_HOPS):
            url, ticket = (place.url, place.ticket or self._ticket) if isinstance(place, wire.Moved) else (place, self._ticket)
            link = Link(await WebSocket.open(url), url)
            self._hellos[link] = time.monotonic()
            try:
                link.socket.send(wire.hello(ticket, self._token, self.tick, self.epoch, flags))
                while not link.welcomed:
                    link.first = await (self._read_and_ping(link) if flags & wire.WAIT else asyncio.wait_for(link.read(), WELCOME_TIMEOUT))
                return link
            except Ended as ended:
                self._hellos.pop(link, None)  # refused, so it does not act any more
                if ended.code not in FOLLOW or not ended.moved:
                    raise
                if self.suspended and ended.moved.server == self.server:
                    raise ConnectionLost("sent back to the server that has suspended the room") from ended
                place = ended.moved
            except asyncio.TimeoutError as error:
                raise ConnectionLost(f"no welcome from {url}") from error
            finally:
                if not link.welcomed:
                    link.socket.abort()
        raise ConnectionLost("sent on too often")

    @staticmethod
    async def _read_and_ping(link: Link) -> List[Tuple[int, wire.Message]]:
        """Reads on a prepared connection, where a client sends pings although they need not be answered."""
        reading = asyncio.ensure_future(link.read())
        try:
            while not (await asyncio.wait({reading}, timeout=PING_EVERY))[0]:
                link.socket.send(wire.ping(now_micros()))
            return reading.result()
        finally:
            reading.cancel()

    def _after(self, ended: Ended) -> List[Place]:
        """Where to go after a close with a code. Raises Stop."""
        self.heard("closed", ended)
        self._retry = ended.retry
        if ended.code == REPLACED and any(time.monotonic() - at < UNANSWERED for at in self._hellos.values()):
            self._hellos.clear()
            return self._places(lost=True)  # replaced by a hello of this client's own
        self._free = 0
        if ended.code in RESUME:
            return self._places(lost=False)
        if ended.code in FOLLOW and ended.moved and self._hops < MAX_HOPS:
            self._hops += 1
            self._free = 1
            return [ended.moved]
        if ended.code in TICKET:
            self._token = b""
        if ended.code in ROUTER | TICKET | FOLLOW:
            self._hops = 0
            return [None]
        raise Stop(ended.code, ended.text)

    # One connection.

    async def _stay(self, link: Link) -> List[Place]:
        """Plays on a connection until it ends or another one takes its place. Returns where to go next."""
        self._link, self._url = link, link.url
        entered = time.monotonic()
        self._hellos = {other: at for other, at in self._hellos.items() if other is not link and time.monotonic() - at < UNANSWERED}
        try:
            self._take(link.first)
            while True:
                self._take(await self._next_message(link))
                if link.moved:  # go at once, without waiting for the server to close
                    spare = await self._spare_link() if self._spare_url == link.moved.url else None
                    return [spare] if spare else self._after(Ended(4011, "moved", moved=link.moved))
        except Replacement as other:
            return [other.link]
        except Ended as ended:
            return self._after(ended)
        except (ConnectionLost, wire.Malformed) as error:
            self.heard("lost", error)
            spare = await self._spare_link()
            places = [*([spare] if spare else []), *self._places(lost=True)]
            if time.monotonic() - entered >= STABLE:
                self._free = len(places)  # the leader's process may be gone: its standby takes over at once
            return places
        finally:
            if time.monotonic() - entered >= STABLE:
                self._attempts = 0
            self._link, self.suspended = None, False
            link.socket.abort()
            drop(self._spare)
            drop(self._search)
            self._spare = self._search = None

    async def _next_message(self, link: Link) -> List[Tuple[int, wire.Message]]:
        """Reads a message, or raises Replacement once another connection can take over."""
        reading = asyncio.ensure_future(link.read())
        deadline = time.monotonic() + (SILENCE_SUSPENDED if self.suspended else max(SILENCE, 3 * self._tick_length))
        try:
            while True:
                others = {task for task in (self._spare, self._search) if task}
                left = max(0.0, deadline - time.monotonic())
                done, _ = await asyncio.wait({reading, *others}, timeout=left, return_when=asyncio.FIRST_COMPLETED)
                if reading in done:
                    return reading.result()
                if not done:
                    raise ConnectionLost("the server is silent")
                for task in done:
                    self._spare = None if task is self._spare else self._spare
                    self._search = None if task is self._search else self._search
                    if not task.cancelled() and not task.exception():
                        raise Replacement(task.result())
                    self.heard("failed", None if task.cancelled() else task.exception())
        finally:
            reading.cancel()

    async def _spare_link(self) -> Optional[Link]:
        """The prepared connection, if it is welcomed within 2 s of when it is needed."""
        spare, self._spare = self._spare, None
        if not spare:
            return None
        self._needed.set()
        try:
            return await asyncio.wait_for(spare, PREPARED_LIMIT)
        except (ConnectionLost, Unavailable, Ended, asyncio.TimeoutError) as error:
            self.heard("failed", error)
            return None

    async def _prepare(self, moved: wire.Moved) -> Link:
        """Opens a connection to where the room goes. It can take over once it is needed, or 100 ms after its welcome."""
        link = await asyncio.wait_for(self._try(moved, wire.WAIT), moved.within / 1000 or 10.0)
        try:
            await asyncio.wait_for(self._needed.wait(), 0.1)
        except asyncio.TimeoutError:
            pass
        except asyncio.CancelledError:
            link.socket.abort()
            raise
        return link

    async def _look_elsewhere(self) -> Link:
        """Looks for a suspended room at the fallbacks and the router, beside the connection that the client keeps."""
        await asyncio.sleep(SEARCH_AFTER)
        while True:
            for place in [*self._fallbacks, None]:
                if place == self._url:
                    continue
                try:
                    link = await asyncio.wait_for(self._try(place, wire.ELSEWHERE), SEARCH_LIMIT)
                except (ConnectionLost, Unavailable, Refused, Ended, asyncio.TimeoutError):
                    continue
                if link.first[0][1].epoch.instance == self.epoch.instance:
                    return link
                self._fault("a server welcomed a search into another instance")
                link.socket.abort()
            await asyncio.sleep(SEARCH_EVERY)

    # What the server says.

    def _take(self, message: List[Tuple[int, wire.Message]]) -> None:
        private: Optional[Tuple[int, bytes]] = None
        for kind, m in message:
            if kind == wire.WELCOME:
                self._welcomed(m)
            elif kind in (wire.OWN, wire.OWN_KEYFRAME):
                self._processed(wire.unwrap(self.processed, m.processed))
                self._pace_by(m.slack)
                private = kind, m.private
            elif kind in (wire.KEYFRAME, wire.DELTA):
                self._frame(kind, m, private)
                private = None
            elif kind == wire.CHECK:
                self.checks += 1
                if self.replica.hash() != m.hash:
                    self._fault(f"the state after tick {m.tick} has the wrong hash")
                    raise ConnectionLost("the state is wrong")
            elif kind == wire.OUTCOME:
                known = self.outcomes.setdefault(m.match, m)
                if known is m:
                    self.heard("outcome", m)
                elif known != m:
                    self._fault(f"match {m.match} has two outcomes: {known} and {m}")
            elif kind == wire.PONG:
                self.round_trip = (now_micros() - m.micros) / 1e6
            elif kind == wire.PREPARE:
                self.heard("prepare", m)
                drop(self._spare)
                self._needed.clear()
                self._spare_url, self._spare = m.url, asyncio.ensure_future(self._prepare(m))
            elif kind == wire.NOTICE:
                self._noticed(m)
            elif kind == wire.CUSTOM:
                self.heard("custom", m)

    def _welcomed(self, w: wire.Welcome) -> None:
        if w.version != wire.VERSION:
            raise Stop(4005, f"the server chose protocol version {w.version}")
        resumed = bool(w.flags & wire.RESUMED)
        if self.epoch.instance and self.epoch.instance != w.epoch.instance:
            self._fault(f"welcomed into instance {w.epoch.instance:016x} instead of {self.epoch.instance:016x}")
            raise Stop(4018, "the room was lost")
        if w.epoch.order < self.epoch.order:
            self._fault(f"the epoch went back from {self.epoch} to {w.epoch}")
        if w.epoch == self.epoch and resumed and (wire.before(w.tick, self.tick) or w.processed < self.processed):
            self._fault(f"within {w.epoch} the room went back to tick {w.tick}, sample {w.processed}")
        if self.alias and self.alias != w.alias:
            self._fault(f"the alias changed from {self.alias} to {w.alias}")
        if resumed and self.seat >= 0 and self.seat != w.seat:
            self._fault(f"the seat changed from {self.seat} to {w.seat}")
        if not resumed:
            if self._token:
                self._fault(f"seat {self.seat} is gone, and this is seat {w.seat}")
            self._samples.clear()
            self._number = self.processed = w.processed  # samples of a new seat go on from what the seat has processed
        if w.schema != self.schema:
            self.schema, self.replica = w.schema, Replica(Schema.parse(w.schema))
        if w.epoch != self.epoch:
            self.epoch, self.tick, self.processed = w.epoch, w.tick, w.processed
        self._hops = 0
        self.seat, self.alias, self.server = w.seat, w.alias, w.server
        self._token, self._fallbacks = w.resume, w.fallbacks
        self._tick_length = 1 / w.tick_rate
        self._processed(w.processed)
        self._number = max(self._number, w.processed)
        self._send_samples([s for s in self._samples if s[0] > w.processed])
        self.heard("welcome", w)

    def _processed(self, number: int) -> None:
        if number < self.processed:
            self._fault(f"processed went back from {self.processed} to {number}")
        self.processed = number

    def _frame(self, kind: int, frame: wire.Frame, private: Optional[Tuple[int, bytes]]) -> None:
        assert self.replica
        if kind == wire.KEYFRAME:
            if wire.before(frame.tick, self.tick):
                self._fault(f"a keyframe of tick {frame.tick} after tick {self.tick}")
            self.tick = frame.tick
            self.replica.apply_keyframe(frame.body)
        else:
            tick = wire.unwrap(self.tick, frame.tick)
            if tick != (self.tick + 1) & 0xFFFFFFFF:
                self._fault(f"a delta of tick {tick} after tick {self.tick}")
                raise ConnectionLost("a tick is missing")
            self.tick = tick
            self.replica.apply_delta(frame.body)
        if private and private[0] == wire.OWN_KEYFRAME:
            self.replica.apply_own_keyframe(private[1])
        elif private:
            self.replica.apply_own_delta(private[1])

    def _noticed(self, notice: wire.Notice) -> None:
        self.heard("notice", notice)
        if notice.code == wire.SUSPENDED and not self.suspended:
            self.suspended = True
            self._search = asyncio.ensure_future(self._look_elsewhere())
        elif notice.code == wire.RESUMED_TICKING:
            self.suspended = False
            drop(self._search)
            self._search = None

    def _fault(self, text: str) -> None:
        self.faults.append(text)
        self.heard("FAULT", text)

    # What the client says.

    async def _pace(self) -> None:
        """Takes a sample and sends it once a tick, by the clock that slack corrects; and a ping once a second."""
        while True:
            await asyncio.sleep(max(0.0, self._due - time.monotonic()))
            now = time.monotonic()
            if now < self._due:
                continue
            self._due = max(self._due, now - self._tick_length) + self._tick_length
            if not self._link or not self.replica:
                continue
            if now - self._pinged >= PING_EVERY:
                self._pinged = now
                self._link.socket.send(wire.ping(now_micros()))
            if not self.suspended and self._number < self.processed + INPUT_WINDOW:
                self._number += 1
                self._samples.append((self._number, self.brain(self)))
                self._send_samples([self._samples[-1]])

    def _pace_by(self, slack: int) -> None:
        """An input should arrive 5 ms before the tick that takes it, but never wait for more than half a tick."""
        most = 0.05 * self._tick_length
        if slack == NO_INPUT:
            self._due -= most
        else:
            target = min(0.005, self._tick_length / 2)
            self._due += max(-most, min(most, (slack / 1000 - target) / 10))

    def _send_samples(self, samples: List[Tuple[int, Sample]]) -> None:
        assert self.replica and self._link
        for i in range(0, len(samples), MAX_SAMPLES):
            part = samples[i : i + MAX_SAMPLES]
            encoded = encode_samples(self.replica.schema.input, [sample for _, sample in part])
            self._link.socket.send(wire.inputs(part[0][0], self.tick, encoded))


def drop(task: Optional[asyncio.Task[Link]]) -> None:
    """Gives up another connection: it is closed, or is not opened any more."""
    if task and task.done() and not task.cancelled() and not task.exception():
        task.result().socket.abort()
    elif task:
        task.cancel()


def now_micros() -> int:
    return time.monotonic_ns() // 1000
