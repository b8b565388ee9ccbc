"""The golden files of the protocol: proto/state/testdata/stream.json and proto/testdata. Run: python3 -m unittest discover test"""

import json
import sys
import unittest
from pathlib import Path

HERE = Path(__file__).resolve()
sys.path.insert(0, str(HERE.parents[1]))
PROTO = HERE.parents[3] / "proto"

from ringside import state, wire  # noqa: E402


def plain(field: state.Field, value: state.Value) -> state.Value:
    """A value as the golden file writes it: 64-bit integers are decimal strings."""
    if isinstance(value, list):
        return [plain(field, v) for v in value]
    return str(value) if field.type in (state.INT64, state.UINT64) else value


class GoldenStream(unittest.TestCase):
    def setUp(self) -> None:
        self.golden = json.loads((PROTO / "state/testdata/stream.json").read_text())
        self.schema = state.Schema.parse(bytes.fromhex(self.golden["schema"]))

    def test_frames_give_rows_and_hashes(self) -> None:
        replica = state.Replica(self.schema)
        for frame in self.golden["frames"]:
            public, own = bytes.fromhex(frame["public"]), bytes.fromhex(frame["own"])
            if frame["full"]:
                replica.apply_keyframe(public)
                replica.apply_own_keyframe(own)
            else:
                replica.apply_delta(public)
                replica.apply_own_delta(own)
            with self.subTest(tick=frame["tick"], why=frame["why"]):
                self.assertEqual(replica.hash(), frame["hash"])
                for table in self.schema.tables:
                    want = frame["rows"].get(table.name, {})
                    fields = {f.name: f for f in table.fields}
                    if table.kind == state.EVENTS:
                        rows = dict(enumerate(replica.events(table.name)))
                    else:
                        rows = replica.rows(table.name)
                    got = {str(i): {n: plain(fields[n], v) for n, v in row.items()} for i, row in rows.items()}
                    self.assertEqual(got, want, table.name)

    def test_samples_give_bytes(self) -> None:
        samples = [
            {f.name: int(s[f.name]) if isinstance(f.zero, int) and isinstance(s[f.name], str) else s[f.name] for f in self.schema.input}
            for s in self.golden["samples"]["values"]
        ]
        self.assertEqual(b"".join(state.encode_samples(self.schema.input, samples)).hex(), self.golden["samples"]["bytes"])


class GoldenFrames(unittest.TestCase):
    """Every record from a server is read, to its end; every record from a client is written to the same bytes."""

    def test_frames(self) -> None:
        for frame in json.loads((PROTO / "testdata/frames.json").read_text()):
            message = bytes.fromhex((PROTO / f"testdata/{frame['name']}.hex").read_text())
            with self.subTest(frame["name"]):
                kinds = [kind for kind, _ in wire.records(message)]
                self.assertEqual(len(kinds), len(frame["records"]))
                read = dict(wire.parse(message))
                for kind, record in zip(kinds, frame["records"]):
                    if kind in read:
                        self.check_server_record(read[kind], record["fields"])
                    elif kind < 0x20 and len(kinds) == 1:
                        self.assertEqual(self.write(record["kind"], record["fields"]), message)

    def check_server_record(self, got: wire.Message, want: dict) -> None:
        names = {"tick": "tick", "processed": "processed", "slack": "slack", "seat": "seat", "alias": "alias", "hash": "hash",
                 "code": "code", "text": "text", "url": "url", "within_ms": "within", "retry_ms": "retry", "match": "match"}  # fmt: skip
        for name, attribute in names.items():
            if name in want:
                self.assertEqual(getattr(got, attribute), want[name], name)
        if "epoch" in want:
            self.assertEqual(got.epoch, epoch(want["epoch"]))

    def write(self, kind: str, f: dict) -> bytes:
        if kind == "hello":
            record = wire.hello(f["ticket"], bytes.fromhex(f["resume"]), f["last_tick"], epoch(f["epoch"]), bool(f["flags"] & 1))
            fingerprint = int(f["fingerprint"]).to_bytes(8, "little")
            at = 5  # behind kind and length, versions and flags
            return record[:at] + fingerprint + record[at + 8 :]
        if kind == "input":
            samples = bytes.fromhex(f["samples"])
            return wire.record(wire.INPUT, wire.uvarint(f["first"]) + wire.uvarint(f["ack"]) + bytes([f["count"]]) + samples)
        if kind == "ping":
            return wire.ping(int(f["micros"]))
        if kind == "leave":
            return wire.leave(f["reason"])
        return wire.record(wire.CUSTOM, bytes.fromhex(f["payload"]))

    def test_bad_records_are_refused(self) -> None:
        lengths = ("short", "trailing")
        for bad in json.loads((PROTO / "testdata/bad.json").read_text()):
            if bad["why"] in lengths and int(bad["hex"][:2], 16) >= 0x20:
                with self.subTest(bad["name"]), self.assertRaises(wire.Malformed):
                    wire.parse(bytes.fromhex(bad["hex"]))


def epoch(f: dict) -> wire.Epoch:
    return wire.Epoch(int(f["instance"], 16), f["counter"], f["server"])


if __name__ == "__main__":
    unittest.main()
