import assert from "node:assert/strict";
import test from "node:test";
import { bytes, json } from "../test/files.ts";
import { network } from "../test/server.ts";
import { Cost } from "./cost.ts";
import { Wire, type Heard, type Spent } from "./wire.ts";

const messages: { from: string; binary: string; text: any[] | null }[] = json("proto/testdata/text.json");

test("what a connection brings is read beside the client, and every byte is counted once", () => {
	const net = network();
	const spent: Spent[] = [];
	const heard: Heard[] = [];
	let tables: string[] = [];
	const wire = new Wire({
		schema: (s) => (tables = s.tables.map((t) => t.name)),
		tick: (_, s) => spent.push(s),
		heard: (what) => heard.push(what),
	});
	const socket = new (wire.tap(net.WebSocket))("ws://x", "ringside.v1");
	let delivered = 0;
	socket.onmessage = () => delivered++;
	net.last().open();
	const cost = new Cost();
	const from = messages.filter((m) => m.from === "server");
	for (const m of from) net.last().say(bytes(m.binary));
	assert.equal(delivered, from.length, "the client gets all of it");
	assert.deepEqual(tables, ["movers", "crates", "hands", "match", "shots", "notes", "grids"]);
	const frames = from.filter((m) => m.text?.some((r) => r.kind === "keyframe" || r.kind === "delta"));
	assert.equal(spent.length, frames.length);
	spent.forEach((s, i) => {
		const of = [...s.tables.values()].reduce((a, b) => a + b, 0);
		assert.equal(s.total, bytes(frames[i]!.binary).length);
		assert.ok(s.rest > 0 && of + s.own + s.messages + s.rest === s.total, JSON.stringify(s));
		cost.add(s);
	});
	assert.deepEqual(spent.map((s) => s.keyframe), frames.map((m) => m.text!.some((r) => r.kind === "keyframe")));
	const said = messages.flatMap((m) => m.text ?? []).filter((r) => r.events?.shots).flatMap((r) => r.events.shots);
	assert.equal(heard.filter((h) => h.kind === "event" && h.name === "shots").length, said.length);
	assert.ok(heard.some((h) => h.kind === "custom" && h.value === '{"chat":"hi"}') && heard.some((h) => h.value === "ff 00"));
	assert.ok(heard.some((h) => h.kind === "outcome") && heard.some((h) => h.kind === "notice"));

	// Keyframes are not among what a tick costs.
	const deltas = spent.filter((s) => !s.keyframe);
	const mean = (f: (s: Spent) => number) => deltas.reduce((sum, s) => sum + f(s), 0) / deltas.length;
	assert.equal(cost.total(), mean((s) => s.total));
	assert.equal(cost.of("movers"), mean((s) => s.tables.get("movers") ?? 0));
	assert.ok(Math.abs(cost.lines().reduce((sum, [, n]) => sum + n, 0) - cost.total()) < 1e-9);
	assert.equal(cost.keyframe, spent.findLast((s) => s.keyframe)!.total);

	assert.equal(wire.cut(), 1);
	assert.ok(net.last().closedByClient);
});
