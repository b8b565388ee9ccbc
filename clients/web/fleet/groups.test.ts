import assert from "node:assert/strict";
import test from "node:test";
import { describeGroup, groupEvents, milliseconds } from "./groups.ts";
import type { FleetEvent } from "./model.ts";

const event = (second: number, kind: string, rest: Partial<FleetEvent> = {}): FleetEvent =>
	({ server: "a", serial: second * 10, time: new Date(second * 1000).toISOString(), kind, ...rest });

test("what happens to many rooms at once is one line, and nothing else is", () => {
	const groups = groupEvents([
		event(1, "drain", { member: "a" }),
		event(2, "move", { room: "r1", from: "a", to: "b", why: "drain", took_ms: 12 }),
		event(3, "move", { room: "x", from: "b", to: "c", why: "home", server: "b" }),
		event(4, "move", { room: "r2", from: "a", to: "c", why: "drain", took_ms: 30.2 }),
		event(5, "move", { room: "r3", from: "a", to: "c", why: "drain" }),
		event(6, "failover", { room: "q1", from: "d", to: "b", why: "leader lost", server: "b" }),
		event(6, "failover", { room: "q2", from: "d", to: "c", why: "leader lost", server: "c" }),
		event(9, "move", { room: "r4", from: "a", to: "b", why: "drain" }),
		event(10, "leave", { member: "d", why: "refused" }),
	]);
	const lines = groups.map((g) => { const d = describeGroup(g); return `${g.kind}: ${d.what} ${d.detail}`; });
	assert.deepEqual(lines, [
		"leave: d is gone: no member reaches it, and its address refuses connections",
		"move: r4 a → b · drain",
		"failover: 2 rooms taken over from d by b (1), c (1)",
		"move: x b → c · home",
		"move: 3 rooms a → c (2), b (1) · drain · 12 ms to 30 ms",
		"drain: a drains",
	]);
});

test("every kind of event has words", () => {
	for (const kind of ["failed", "depose", "lost", "stays", "crash", "suspend", "resume", "join", "restart", "serve", "something new"]) {
		const d = describeGroup(groupEvents([event(1, kind, { member: "m", room: "r", from: "a", to: "b", why: "so" })])[0]!);
		assert.ok(d.what && d.detail, kind);
	}
	assert.deepEqual([0.44, 9.96, 44.4, 999, 1234, 12_345].map(milliseconds), ["0.4 ms", "10.0 ms", "44 ms", "999 ms", "1.2 s", "12 s"]);
});
