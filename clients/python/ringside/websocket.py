"""A WebSocket client (RFC 6455) in the size that Ringside needs: binary messages, no extensions."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import os
import ssl
from urllib.parse import urljoin, urlsplit

SUBPROTOCOL = "ringside.v1"
MAX_MESSAGE = 1 << 20  # MaxServerMessage
CONNECT_TIMEOUT = 2.0  # seconds until the TCP connection stands, and as many again for the upgrade
MAX_REDIRECTS = 8

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_CONTINUATION, _TEXT, _BINARY, _CLOSE, _PING, _PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA


class ConnectionLost(Exception):
    """The connection could not be made, or ended without a code of the protocol."""


class Closed(Exception):
    """The server closed the connection with a code of the protocol, 4000 to 4999."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"{code} {reason}".strip())
        self.code = code
        self.reason = reason


class WebSocket:
    """One open connection. Only one task may call receive; send may be called at any time."""

    def __init__(self, url: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.url = url
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, url: str) -> WebSocket:
        """Connect to url and upgrade. Follows redirects. Raises ConnectionLost."""
        for _ in range(MAX_REDIRECTS):
            parts = urlsplit(url)
            secure = parts.scheme in ("wss", "https")
            port = parts.port or (443 if secure else 80)
            try:
                reader, writer = await asyncio.wait_for(
                    asyncio.open_connection(parts.hostname, port, ssl=ssl.create_default_context() if secure else None),
                    CONNECT_TIMEOUT,
                )
            except (OSError, asyncio.TimeoutError) as error:
                raise ConnectionLost(f"cannot connect to {url}: {error or 'timeout'}") from error
            socket = cls(url, reader, writer)
            try:
                location = await asyncio.wait_for(socket._upgrade(), CONNECT_TIMEOUT)
            except BaseException as error:
                socket.abort()
                if isinstance(error, (OSError, EOFError, ValueError, asyncio.TimeoutError, asyncio.LimitOverrunError)):
                    raise ConnectionLost(f"no WebSocket at {url}: {error or 'timeout'}") from error
                raise
            if not location:
                return socket
            socket.abort()
            url = urljoin(url, location)
        raise ConnectionLost(f"{url} redirects too often")

    async def _upgrade(self) -> str:
        """Send the HTTP request. Returns the Location of a redirect, or "" when this is a WebSocket now."""
        parts = urlsplit(self.url)
        key = base64.b64encode(os.urandom(16))
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._writer.write(
            f"GET {path} HTTP/1.1\r\nHost: {parts.netloc}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key.decode()}\r\n"
            f"Sec-WebSocket-Protocol: {SUBPROTOCOL}\r\n\r\n".encode()
        )
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        status = int(head[0].split(" ")[1])
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
        if status in (301, 302, 303, 307, 308) and "location" in headers:
            return headers["location"]
        if status != 101:
            raise ValueError(f"HTTP status {status}")
        if headers.get("sec-websocket-accept") != base64.b64encode(hashlib.sha1(key + _GUID).digest()).decode():
            raise ValueError("the Sec-WebSocket-Accept header is wrong")
        if headers.get("sec-websocket-protocol") != SUBPROTOCOL:
            raise ValueError(f"the server does not speak {SUBPROTOCOL}")
        return ""

    async def receive(self) -> bytes:
        """The next binary message. Raises Closed or ConnectionLost."""
        message = bytearray()
        try:
            while True:
                first, second = await self._reader.readexactly(2)
                size = second & 0x7F
                if size == 126:
                    size = int.from_bytes(await self._reader.readexactly(2), "big")
                elif size == 127:
                    size = int.from_bytes(await self._reader.readexactly(8), "big")
                if size + len(message) > MAX_MESSAGE:
                    raise ConnectionLost("the message is too large")
                payload = await self._reader.readexactly(size)
                opcode = first & 0x0F
                if opcode == _PING:  # the server measures the round trip by it: answer at once
                    self._write(_PONG, payload)
                elif opcode == _CLOSE:
                    code = int.from_bytes(payload[:2], "big")
                    self._write(_CLOSE, payload[:2])
                    self.abort()
                    if 4000 <= code <= 4999:
                        raise Closed(code, payload[2:].decode("utf-8", "replace"))
                    raise ConnectionLost(f"closed with {code}")
                elif opcode in (_BINARY, _CONTINUATION):
                    message += payload
                    if first & 0x80:
                        return bytes(message)
                elif opcode == _TEXT:
                    raise ConnectionLost("a text message, which the protocol does not have")
        except (OSError, EOFError) as error:
            raise ConnectionLost(str(error) or "the connection ended") from error

    def send(self, message: bytes) -> None:
        """Queue a binary message. A lost connection shows in receive."""
        self._write(_BINARY, message)

    def _write(self, opcode: int, payload: bytes) -> None:
        size = len(payload)
        head = bytes([0x80 | opcode])
        if size < 126:
            head += bytes([0x80 | size])
        elif size < 1 << 16:
            head += bytes([0x80 | 126]) + size.to_bytes(2, "big")
        else:
            head += bytes([0x80 | 127]) + size.to_bytes(8, "big")
        mask = os.urandom(4)
        stream = (mask * (size // 4 + 1))[:size]
        masked = (int.from_bytes(payload, "big") ^ int.from_bytes(stream, "big")).to_bytes(size, "big")
        if not self._writer.is_closing():
            self._writer.write(head + mask + masked)

    def close(self) -> None:
        """Say good-bye and close."""
        self._write(_CLOSE, (1000).to_bytes(2, "big"))
        self._writer.close()

    def abort(self) -> None:
        self._writer.close()
