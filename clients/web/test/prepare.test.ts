// To where the room goes, by a connection that is made before.

import assert from "node:assert/strict";
import test from "node:test";
import { Kind } from "../sdk/messages.ts";
import { hello, play } from "./client.ts";
import * as s from "./server.ts";

test("a prepared connection is changed over to without anybody noticing", async (t) => {
	const c = await play(t, { input: () => ({ dx: 1 }) });
	c.socket.say(s.moved("ws://there/", "", Kind.prepare, 1000));
	const there = await c.opened("ws://there/");
	assert.equal(hello(there).flags, 1);
	c.socket.say(s.delta(2, 0));
	there.say(s.welcome({ tick: 3, epoch: 2, server: "gs-2", resumed: true }), s.delta(4, 0));
	there.say(s.delta(5, 0));
	assert.equal(c.room.tick, 2, "it goes on here");
	assert.equal(c.room.server, "gs-1");
	c.socket.say(s.moved("ws://there/"));
	c.socket.end(4011, "moved");
	await c.time.settle();
	assert.equal(c.room.tick, 5);
	assert.deepEqual(c.seen.ticks, [1, 2, 4, 5], "the first message is a frame of its last tick");
	assert.deepEqual([c.seen.moves[1]?.kind, c.seen.moves[1]?.prepared, c.seen.moves[1]?.missed], ["handoff", true, 1]);
	assert.deepEqual(c.seen.statuses, ["playing"]);
	assert.equal(c.net.sockets.length, 2);
	assert.ok(there.of(Kind.input).length > 0, "samples go there");
});

test("a prepared connection to the same server, by another router, is changed over to without anybody noticing", async (t) => {
	const c = await play(t, { input: () => ({ dx: 1 }) });
	c.socket.say(s.moved("ws://lb/gs-1/", "", Kind.prepare));
	c.socket.say(s.delta(2, 0));
	const there = await c.opened("ws://lb/gs-1/");
	assert.deepEqual([hello(there).flags, hello(there).resume], [1, "token"]);
	c.socket.say(s.delta(3, 0));
	there.say(s.welcome({ tick: 4, resumed: true }), s.delta(5, 0));
	c.socket.say(s.moved("ws://lb/gs-1/"));
	c.socket.end(4011, "moved");
	await c.time.settle();
	assert.deepEqual(c.seen.ticks, [1, 2, 3, 5], "the first message is a frame of its last tick");
	assert.deepEqual([c.seen.moves[1]?.kind, c.seen.moves[1]?.prepared, c.seen.moves[1]?.to], ["reconnect", true, "gs-1"]);
	assert.equal(c.seen.moves[1]?.missed, 1); // of the two ticks in that message
	assert.deepEqual([c.seen.statuses, c.seen.violations], [["playing"], []]);
	assert.equal(c.room.stats().reconnects, 0);
	await c.time.pass(200);
	assert.ok(!there.closedByClient, "the old connection's end is no reason to end this one");
	assert.ok(there.of(Kind.input).length > 0, "samples go there");
});

test("a prepared connection is not waited for longer than 100 ms after its welcome", async (t) => {
	const c = await play(t);
	c.socket.say(s.moved("ws://there/", "", Kind.prepare));
	const there = await c.opened("ws://there/");
	there.say(s.welcome({ tick: 2, epoch: 2, server: "gs-2", resumed: true }));
	await c.time.pass(98);
	assert.equal(c.room.server, "gs-1");
	await c.time.pass(3);
	assert.equal(c.room.server, "gs-2");
	assert.ok(c.socket.closedByClient);
	assert.equal(c.seen.moves[1]?.kind, "handoff");
});

test("a prepared connection that is let in shortly before its time is over is kept", async (t) => {
	const c = await play(t);
	c.socket.say(s.moved("ws://there/", "", Kind.prepare, 300));
	const there = await c.opened("ws://there/");
	await c.time.pass(250);
	there.say(s.welcome({ tick: 2, epoch: 2, server: "gs-2", resumed: true }));
	await c.time.pass(75);
	c.socket.say(s.moved("ws://there/"));
	await c.time.pass(75);
	assert.ok(!there.closedByClient);
	assert.deepEqual([c.room.server, c.seen.moves.length, c.seen.moves[1]?.prepared], ["gs-2", 2, true]);
});

test("when the server is lost while a connection is prepared, that one is first", async (t) => {
	const c = await play(t);
	c.socket.say(s.moved("ws://there/", "", Kind.prepare));
	const there = await c.opened("ws://there/");
	c.socket.end();
	await c.time.pass(5);
	assert.equal(c.net.sockets.length, 2);
	there.say(s.welcome({ tick: 1, epoch: 2, server: "gs-2", resumed: true }));
	await c.time.settle();
	assert.deepEqual([c.seen.moves[1]?.kind, c.seen.moves[1]?.prepared], ["failover", true]);
});

test("one that has ended is not first, and one that is not needed any more is closed", async (t) => {
	await t.test("ended", async (t) => {
		const c = await play(t);
		c.socket.say(s.moved("ws://there/", "", Kind.prepare));
		(await c.opened("ws://there/")).end();
		c.socket.end();
		await c.opened("ws://next/");
	});
	await t.test("ended, and asked for again", async (t) => {
		const c = await play(t);
		c.socket.say(s.moved("ws://there/", "", Kind.prepare));
		(await c.opened("ws://there/")).end();
		c.socket.say(s.moved("ws://there/", "", Kind.prepare));
		assert.equal(hello(await c.opened("ws://there/")).flags, 1);
		assert.equal(c.net.sockets.length, 3);
	});
	await t.test("not to be opened, as is known", async (t) => {
		const c = await play(t);
		c.socket.say(s.moved("ws://hidden/", "", Kind.prepare));
		await c.time.pass(10);
		c.net.last().end();
		c.socket.say(s.moved("ws://hidden/"));
		await c.time.pass(10);
		assert.equal(c.router.asked.length, 2, "the router knows places that can be reached");
	});
	await t.test("another one in its place", async (t) => {
		const c = await play(t);
		c.socket.say(s.moved("ws://there/", "", Kind.prepare));
		const there = await c.opened("ws://there/");
		c.socket.say(s.moved("ws://else/", "", Kind.prepare));
		await c.opened("ws://else/");
		assert.ok(there.closedByClient);
	});
});

test("a prepared connection that was refused is made anew; one that cannot be opened sends to the router", async (t) => {
	await t.test("refused", async (t) => {
		const c = await play(t);
		c.socket.say(s.moved("ws://there/", "", Kind.prepare));
		const there = await c.opened("ws://there/");
		there.end(4003);
		await c.time.settle();
		c.socket.say(s.moved("ws://there/"));
		await c.opened("ws://there/");
		assert.equal(c.net.sockets.length, 3);
		assert.equal(hello(c.net.last()).flags, 0);
	});
	await t.test("not to be opened", async (t) => {
		const c = await play(t);
		c.socket.say(s.moved("ws://hidden/", "", Kind.prepare));
		await c.time.pass(10);
		assert.equal(c.net.last().url, "ws://hidden/");
		c.socket.say(s.moved("ws://hidden/"));
		await c.time.pass(498);
		assert.equal(c.router.asked.length, 1);
		await c.time.pass(4);
		assert.equal(c.router.asked.length, 2);
		await c.opened("ws://here/");
	});
	await t.test("sent elsewhere", async (t) => {
		const c = await play(t);
		c.socket.say(s.moved("ws://there/", "", Kind.prepare));
		const there = await c.opened("ws://there/");
		c.socket.say(s.moved("ws://else/"));
		await c.opened("ws://else/");
		assert.ok(there.closedByClient);
	});
	await t.test("not needed in time", async (t) => {
		const c = await play(t);
		c.socket.say(s.moved("ws://there/", "", Kind.prepare, 300));
		const there = await c.opened("ws://there/");
		await c.time.pass(200);
		c.socket.say(s.moved("ws://there/", "", Kind.prepare, 300));
		await c.time.pass(200);
		assert.ok(!there.closedByClient, "said again, it lives on");
		await c.time.pass(101);
		assert.ok(there.closedByClient);
		assert.equal(c.room.status, "playing");
	});
});

test("a move's target that takes the connection and says nothing is left after 2 s", async (t) => {
	const c = await play(t);
	c.socket.say(s.moved("ws://there/", "", Kind.prepare, 3000));
	const there = await c.opened("ws://there/");
	c.socket.say(s.moved("ws://there/"));
	c.socket.end(4011, "moved");
	await c.time.pass(1900);
	assert.ok(!there.closedByClient);
	await c.time.pass(200);
	assert.ok(there.closedByClient);
});
