"""Asks a router for a seat in a room: PROTOCOL.md, "Getting in"."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from typing import Any, Dict

TIMEOUT = 5.0  # seconds


class Refused(Exception):
    """The router refuses the request, and would refuse it again. The text is for a person."""


class Unavailable(Exception):
    """The router gave no answer, or asks to come again after retry seconds."""

    def __init__(self, message: str, retry: float = 0.0) -> None:
        super().__init__(message)
        self.retry = retry


@dataclass
class Router:
    """A router, and what this client asks it for. guest is the secret that the router draws with its first answer: whoever
    has it is this guest, so it is kept, and shown to nobody but the router."""

    url: str
    game: str
    room: str = ""
    options: Dict[str, Any] = field(default_factory=dict)
    name: str = ""
    guest: str = ""

    def ask(self) -> Dict[str, Any]:
        """POST /v1/rooms. Blocks. The answer has url, ticket and player. Raises Refused or Unavailable."""
        player = {key: value for key, value in (("guest", self.guest), ("name", self.name)) if value}
        body: Dict[str, Any] = {"game": self.game, "player": player, "role": "player"}
        if self.room:
            body["room"] = self.room
        if self.options:
            body["options"] = self.options
        request = urllib.request.Request(
            self.url.rstrip("/") + "/v1/rooms", json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT) as response:
                answer = json.load(response)
            self.room, self.guest = answer["room"], answer.get("guest", self.guest)
            answer["url"], answer["ticket"]  # both must be there
        except urllib.error.HTTPError as error:
            text = problem(error)
            if text and error.code < 500 and error.code not in (408, 429):
                raise Refused(text) from error
            text = text or f"HTTP status {error.code} from {self.url}"
            retry = error.headers.get("Retry-After", "")
            raise Unavailable(text, float(retry) if retry.isdigit() else 0.0) from error
        except (OSError, http.client.HTTPException, ValueError, KeyError) as error:
            raise Unavailable(f"no answer from {self.url}: {error!r}") from error
        return answer


def problem(error: urllib.error.HTTPError) -> str:
    """The text of a problem document (RFC 9457), or "" for an answer of somebody else, such as a captive portal."""
    try:
        document = json.load(error) if error.headers.get_content_type() == "application/problem+json" else {}
        return f"{document['title']}: {document['detail']}"
    except (OSError, ValueError, KeyError, TypeError):
        return ""
