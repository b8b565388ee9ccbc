// A room that is suspended, and looked for elsewhere beside the connection that the client has.

import assert from "node:assert/strict";
import test, { type TestContext } from "node:test";
import { Kind } from "../sdk/messages.ts";
import { hello, play } from "./client.ts";
import * as s from "./server.ts";

/** A client whose room has been suspended for so many milliseconds; the server answers its pings. */
async function suspended(t: TestContext, ms: number, router = "ws://here/") {
	const c = await play(t);
	c.router.answer(201, { room: "r", url: router, player: "guest", ticket: "routed" });
	c.socket.say(s.notice(1));
	const wait = async (ms: number) => {
		for (; ms > 0; ms -= 500) {
			await c.time.pass(Math.min(ms, 500));
			if (!c.socket.closedByClient) c.socket.say(s.pong(0, 0));
		}
	};
	await wait(ms);
	/** The connections since then, as their URLs. */
	const urls = () => c.net.sockets.slice(1).map((x) => x.url);
	return { ...c, wait, urls };
}

const found = s.welcome({ tick: 2, epoch: 2, server: "gs-2", resumed: true });

test("a suspended room is found at a fallback after 3 s", async (t) => {
	const c = await suspended(t, 2900);
	assert.deepEqual(c.urls(), []);
	await c.wait(200);
	const next = await c.opened("ws://next/");
	const { resume, epoch, flags, ticket } = hello(next);
	assert.deepEqual([resume, epoch, flags, ticket], ["token", "a7:1@gs-1", 2, "ticket 1"]);
	assert.ok(!c.socket.closedByClient, "the connection stays until the room is found");
	next.say(found, s.delta(3, 0));
	await c.time.settle();
	assert.ok(c.socket.closedByClient);
	const move = c.seen.moves[1]!;
	assert.deepEqual([move.kind, move.prepared, move.from, move.to], ["failover", false, "gs-1", "gs-2"]);
	assert.ok(move.gap >= 3000 && move.gap < 3200, `gap ${move.gap}`);
	assert.deepEqual(c.seen.statuses, ["playing", "suspended", "playing"]);
	assert.deepEqual([c.room.tick, c.room.stats().reconnects, c.seen.violations], [3, 1, []]);
	await c.time.pass(9000);
	assert.equal(c.net.sockets.filter((x) => x.url === "ws://next/" && x === next).length, 1);
});

test("it is found through the router, with its ticket, and through a moved message", async (t) => {
	const c = await suspended(t, 3000, "ws://there/");
	(await c.opened("ws://next/")).say(s.moved("ws://moved/", "theirs"));
	const moved = await c.opened("ws://moved/");
	assert.equal(hello(moved).ticket, "theirs");
	moved.end(4017);
	const there = await c.opened("ws://there/");
	assert.equal(hello(there).ticket, "routed");
	there.say(found);
	await c.time.settle();
	assert.equal(c.room.server, "gs-2");
	assert.equal(c.seen.moves.length, 2);
});

test("whatever else a search meets changes nothing, and it goes on every 2 s until the room resumes", async (t) => {
	const c = await suspended(t, 3000);
	const answers: ((x: s.Socket) => void)[] = [
		(x) => x.end(4017),
		(x) => x.end(4018),
		(x) => x.end(4022),
		(x) => x.end(4014),
		(x) => x.end(),
		(x) => x.say(s.moved("ws://here/", "", Kind.moved, 0)), // the URL of the connection
		(x) => x.say(s.moved("ws://other/", "", Kind.moved, 0, "gs-1")), // another way to its server
		(x) => x.say(s.moved("ws://next/")), // in a circle
		(x) => x.say(Uint8Array.of(0x20, 9)),
		(x) => x.say(s.welcome({ instance: "00000000000000a8", epoch: 9, server: "gs-2" })),
		() => {}, // silence
	];
	for (const answer of answers) {
		const begin = c.time.now();
		answer(await c.opened("ws://next/"));
		await c.wait(begin + 2000 - c.time.now());
	}
	assert.ok(c.net.last().closedByClient, "silence for 2 s is enough");
	assert.ok(!c.socket.closedByClient);
	c.socket.say(s.notice(2), s.delta(2, 0));
	const { length } = c.urls();
	assert.ok(c.urls().every((u) => u === "ws://next/"), `${c.urls()}`);
	assert.ok(length === answers.length || length === answers.length + 1, `${length} connections`);
	for (let tick = 3; tick < 200; tick++) {
		await c.time.pass(50);
		c.socket.say(s.delta(tick, 0));
	}
	assert.equal(c.urls().length, length, "the search has ended");
	assert.equal(c.room.status, "playing");
	assert.deepEqual([c.seen.moves.length, c.room.stats().reconnects, c.seen.violations], [1, 0, ["instance-changed"]]);
});

test("the search may have replaced the connection: the client comes back", async (t) => {
	const c = await suspended(t, 3000);
	const next = await c.opened("ws://next/");
	c.socket.end(4015);
	(await c.opened("ws://next/")).say(s.welcome({ tick: 2, resumed: true }));
	await c.time.settle();
	assert.ok(next.closedByClient);
	assert.equal(c.room.status, "playing");
	assert.equal(c.seen.moves[1]?.kind, "reconnect");
});

test("a client that searches can be replaced by another window", async (t) => {
	const c = await suspended(t, 3000);
	(await c.opened("ws://next/")).end(4017);
	await c.time.settle();
	c.socket.end(4015);
	await c.time.pass(2100);
	assert.equal(c.room.error?.code, "replaced");
	assert.ok(c.net.sockets.every((x) => x.readyState === 3));
});

for (const { after, back } of [{ after: 0, back: true }, { after: 18_000, back: true }, { after: 21_000, back: false }])
	test(`a hello that the search gave up may take the seat, ${after} ms later: the client ${back ? "comes back" : "is replaced"}`, async (t) => {
		const c = await suspended(t, 3000);
		await c.opened("ws://next/");
		c.socket.say(s.notice(2), s.delta(2, 0)); // the room resumes before next has answered
		for (let at = 0; at < after; at += 500) {
			await c.time.pass(500);
			c.socket.say(s.delta(3 + at / 500, 0));
		}
		c.socket.end(4015);
		await c.time.pass(100);
		if (!back) return assert.equal(c.room.error?.code, "replaced");
		const again = await c.opened("ws://next/");
		assert.equal(hello(again).resume, "token");
		again.say(s.welcome({ tick: 60, resumed: true }));
		await c.time.settle();
		assert.equal(c.room.status, "playing");
		assert.equal(c.seen.moves.at(-1)?.kind, "reconnect");
	});

test("a client that is closed searches no more", async (t) => {
	const c = await suspended(t, 3000);
	const next = await c.opened("ws://next/");
	c.room.close();
	assert.ok(next.closedByClient);
	const { length } = c.net.sockets;
	await c.time.pass(9000);
	assert.equal(c.net.sockets.length, length);
});
