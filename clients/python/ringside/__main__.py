"""A player of the arena without a screen: goes towards the nearest fighter and fires until a match has an outcome.

    python3 -m ringside -router http://127.0.0.1:8080 -room lobby-7

The last line of its output is a JSON object: seat, alias, the outcome, how many hashes were compared, and the broken guarantees. The
exit status is 0 when there was an outcome and no guarantee was broken. The arena's options and inputs: gameserver/arena/README.md."""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import random
import sys
from typing import Any, Dict

from .client import Client, Sample, Stop
from .link import Ended
from .router import Refused, Router
from .wire import Outcome, Welcome


class Player:
    """Plays one match, and writes what happens to standard error."""

    def __init__(self, router: Router) -> None:
        self.client = Client(router, self.act, self.heard)
        self.seats: list[int] = []
        self.epochs: list[str] = []
        self.closes: list[int] = []  # codes
        self.side = random.choice((-1, 1))

    def act(self, client: Client) -> Sample:
        """The sample of one tick."""
        assert client.replica
        fighters = client.replica.rows("fighters")
        me = fighters.get(client.seat)
        others = [f for i, f in fighters.items() if i != client.seat and f["alive"]]
        if not me or not me["alive"] or not others:
            return {}
        near = min(others, key=lambda f: math.hypot(f["x"] - me["x"], f["y"] - me["y"]))
        aim = math.atan2(near["y"] - me["y"], near["x"] - me["x"])
        if random.random() < 0.05:  # round a wall by another way
            self.side = -self.side
        way = aim + self.side * random.uniform(0, 1.5)
        return {
            "move_x": round(127 * math.cos(way)),
            "move_y": round(127 * math.sin(way)),
            "aim": aim,
            "fire": True,
            "reload": me.get("ammo") == 0,
        }

    def heard(self, what: str, of: Any) -> None:
        if isinstance(of, Welcome):
            self.seats.append(of.seat)
            self.epochs.append(f"{of.epoch.instance:016x}/{of.epoch.counter}/{of.epoch.server}")
            of = f"seat {of.seat}, tick {of.tick}, epoch {self.epochs[-1]}"
        if isinstance(of, Ended):
            self.closes.append(of.code)
        print(f"{self.client.alias or '-'}: {what}: {of}", file=sys.stderr, flush=True)
        if isinstance(of, Outcome):
            asyncio.get_running_loop().call_soon(self.client.leave, "the match is over")

    async def play(self) -> Dict[str, Any]:
        ended = ""
        try:
            await self.client.run()
        except (Stop, Refused) as error:
            ended = str(error)
        return {
            "room": self.client.router.room,
            "alias": self.client.alias,
            "seats": self.seats,
            "epochs": self.epochs,
            "closes": self.closes,
            "outcomes": [
                {"match": o.match, "tick": o.tick, "results": [r._asdict() for r in o.results]} for o in self.client.outcomes.values()
            ],
            "checks": self.client.checks,
            "violations": self.client.faults,
            "ended": ended,
        }


def main() -> int:
    flags = argparse.ArgumentParser(description="A player of the arena without a screen.")
    flags.add_argument("-router", default="http://127.0.0.1:8080", help="URL of a router")
    flags.add_argument("-room", default="", help="room id; without it, a new room is made")
    flags.add_argument("-options", default="{}", help="options of a new room, as JSON")
    flags.add_argument("-name", default="Python", help="the player's name")
    flags.add_argument("-for", dest="limit", type=float, default=600, help="seconds until it gives up")
    a = flags.parse_args()
    router = Router(a.router, "arena", a.room, json.loads(a.options), a.name)
    player = Player(router)
    try:
        result = asyncio.run(asyncio.wait_for(player.play(), a.limit))
    except asyncio.TimeoutError:
        print(f"no outcome after {a.limit:g} s; violations: {player.client.faults}", file=sys.stderr)
        return 1
    print(json.dumps(result))
    return 0 if result["outcomes"] and not result["violations"] else 1


if __name__ == "__main__":
    sys.exit(main())
