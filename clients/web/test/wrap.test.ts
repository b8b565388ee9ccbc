// Ticks, sample numbers and matches have 32 bits on the wire and begin again at 0. Here they are counted on.

import assert from "node:assert/strict";
import test from "node:test";
import { Kind } from "../sdk/messages.ts";
import { hello, play } from "./client.ts";
import * as s from "./server.ts";

const top = 2 ** 32;

test("a room plays on when its ticks begin again at 0, over deltas, keyframes, views and moves", async (t) => {
	const c = await play(t, {}, { tick: top - 3, dots: [[0, 0, 1]], fallbacks: ["ws://next/"] });
	for (let tick = top - 2; tick < top + 3; tick++) {
		await c.time.pass(50);
		c.socket.say(s.delta(tick, 0));
		c.room.view();
	}
	c.socket.say(s.keyframe(top + 5, [[7, 0, 1]]));
	await c.time.pass(50);
	c.socket.say(s.delta(top + 6, 0));
	await c.time.pass(500);
	assert.equal(c.room.tick, top + 6);
	assert.ok(c.room.view()!.tick > top + 4, `the view is at ${c.room.view()!.tick - top}`);
	c.room.send({ dx: 1 });
	const input = s.readInput(c.socket.of(Kind.input)[0]!);
	assert.deepEqual([input.first, input.ack < 7], [1, true], `ack is ${input.ack}`);
	c.socket.end();
	const next = await c.opened("ws://next/");
	assert.equal(hello(next).lastTick, 6);
	next.say(s.welcome({ tick: top + 6, epoch: 2, server: "gs-2", resumed: true }));
	await c.time.settle();
	const { kind, missed, replayed } = c.seen.moves[1]!;
	assert.deepEqual([kind, missed, replayed], ["failover", 0, 1]);
	assert.deepEqual(c.seen.violations, []);
	assert.equal(c.room.status, "playing");
});

test("a tick that goes back over the wrap is a fault, as everywhere", async (t) => {
	const c = await play(t, {}, { tick: top });
	c.socket.say(s.delta(top + 1, 0), s.delta(top - 1, 0));
	assert.deepEqual(c.seen.violations, ["tick-back"]);
});

test("sample numbers begin again at 0", async (t) => {
	const c = await play(t, {}, { processed: top - 2 });
	const acked: number[] = [];
	c.room.on("acked", (seq) => acked.push(seq));
	for (let i = 0; i < 4; i++) c.room.send({ dx: i });
	assert.deepEqual(c.socket.of(Kind.input).map((r) => s.readInput(r).first), [top - 1, 0, 1, 2]);
	c.socket.say(s.delta(2, top + 1));
	assert.deepEqual(acked, [top - 1, top, top + 1]);
	c.socket.end(4010);
	const again = await c.opened("ws://here/");
	again.say(s.welcome({ tick: 3, processed: top + 1, resumed: true }));
	await c.time.settle();
	assert.deepEqual(again.of(Kind.input).map((r) => s.readInput(r).first), [2]);
	assert.deepEqual(c.seen.violations, []);
});

test("of the matches that are remembered the oldest is forgotten, not the lowest", async (t) => {
	const c = await play(t);
	for (let i = 0; i < 200; i++) {
		c.socket.say(s.outcome(top - 100 + i, 1));
		c.socket.say(s.outcome(top - 100 + i, 1));
	}
	assert.equal(c.seen.outcomes.length, 200);
});
