"""One connection on which a hello is said, and what its close codes say to do next."""

from __future__ import annotations

from typing import List, Optional, Tuple, Union

from . import wire
from .websocket import Closed, ConnectionLost, WebSocket

# What to do after a close, by code. Every other code from 4000 to 4999 means stop.
RESUME, ROUTER, TICKET, FOLLOW = {4003, 4010, 4019}, {4016, 4017, 4021}, {4004, 4014}, {4011}
REPLACED = 4015


class Ended(Exception):
    """The server ended a connection with a close code. text is for a person, retry is in seconds."""

    def __init__(self, code: int, text: str = "", retry: float = 0.0, moved: Optional[wire.Moved] = None) -> None:
        super().__init__(f"{code} {text}")
        self.code, self.text, self.retry, self.moved = code, text, retry, moved


class Link:
    """A connection on which a hello is said."""

    def __init__(self, socket: WebSocket, url: str) -> None:
        self.socket = socket
        self.url = url
        self.first: List[Tuple[int, wire.Message]] = []  # the message that begins with the welcome
        self.moved: Optional[wire.Moved] = None
        self._error = wire.Error(0, 0, "")

    @property
    def welcomed(self) -> bool:
        return bool(self.first) and self.first[0][0] == wire.WELCOME

    async def read(self) -> List[Tuple[int, wire.Message]]:
        """The next message. Raises Ended, or ConnectionLost, as for a malformed message."""
        try:
            message = wire.parse(await self.socket.receive())
        except wire.Malformed as error:
            self.socket.close()
            raise ConnectionLost(f"malformed message: {error}") from error
        except Closed as closed:
            text = self._error.text or closed.reason
            raise Ended(closed.code, text, self._error.retry / 1000, self.moved) from closed
        for kind, record in message:
            if kind == wire.ERROR:
                self._error = record
            elif kind == wire.MOVED:
                self.moved = record
        return message


# Where a room may be: at a URL, where a moved message says, on a connection that is welcomed already, or, None, where the
# router says.
Place = Union[str, wire.Moved, Link, None]
