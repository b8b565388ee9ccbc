// Into a room and back into it, against a server that says what the test wants.

import assert from "node:assert/strict";
import test from "node:test";
import { Kind } from "../sdk/messages.ts";
import { begin, hello, play } from "./client.ts";
import * as s from "./server.ts";

test("the first way in", async (t) => {
	const c = await begin(t, { player: { name: "Jo" }, options: { size: 3 } });
	const socket = await c.opened("ws://here/");
	assert.deepEqual(c.router.asked, [
		{ to: "http://router/v1/rooms", game: "dots", room: "r", code: "", options: { size: 3 }, player: { guest: "", name: "Jo" } },
	]);
	assert.deepEqual(hello(socket), { newest: 1, oldest: 1, flags: 0, fingerprint: 0n, lastTick: 0, epoch: "0:0@", ticket: "ticket 1", resume: "" });
	assert.equal(c.room.status, "connecting");
	socket.say(s.welcome({ tick: 7, seat: 0 }));
	await c.room.entered;
	assert.deepEqual([c.room.status, c.room.id, c.room.alias, c.room.seat, c.room.server, c.room.tickRate, c.room.tick], ["playing", "r", "guest", 0, "gs-1", 20, 7]);
	assert.deepEqual(c.room.tables.dots.get(0), { x: 0, a: 0, alive: true, v: 0 });
	assert.ok(c.room.tables.dots.isOwn(0));
	socket.say(s.delta(8, 0));
	assert.deepEqual(c.seen, { statuses: ["playing"], moves: [undefined], ticks: [7, 8], violations: [], outcomes: [] });
});

test("a lost server's room is sought at its standby, then where it was, then at the router", async (t) => {
	const c = await play(t);
	c.socket.say(s.delta(2, 0));
	c.socket.end();
	const standby = await c.opened("ws://next/");
	assert.deepEqual(hello(standby), { newest: 1, oldest: 1, flags: 0, fingerprint: 0n, lastTick: 2, epoch: "a7:1@gs-1", ticket: "ticket 1", resume: "token" });
	standby.end();
	const here = await c.opened("ws://here/");
	here.end();
	const routed = await c.opened("ws://here/");
	assert.deepEqual(c.router.asked.slice(1), [{ to: "http://router/v1/rooms", game: "dots", room: "r", code: "", player: { guest: "secret" } }]);
	routed.say(s.welcome({ tick: 2, epoch: 2, server: "gs-2", resumed: true, resume: "newer" }));
	await c.time.settle();
	assert.deepEqual(c.seen.moves[1], { kind: "failover", prepared: false, seatKept: true, from: "gs-1", to: "gs-2", gap: 0, missed: 0, replayed: 1 });
	assert.deepEqual(c.seen.statuses, ["playing"], "nobody noticed");
	assert.equal(hello(routed).ticket, "ticket 2");
	routed.end(4010, "slow");
	assert.equal(hello(await c.opened("ws://here/")).resume, "newer");
	assert.deepEqual(c.seen.violations, []);
});

test("a way back that takes longer is told", async (t) => {
	const c = await play(t, { giveUp: 2000 });
	c.router.answer(503, { detail: "no servers" });
	c.socket.end();
	await c.time.pass(150);
	c.net.last().end();
	await c.time.pass(40);
	assert.deepEqual(c.seen.statuses, ["playing"]);
	await c.time.pass(11);
	assert.deepEqual(c.seen.statuses, ["playing", "returning"]);
	for (let i = 0; i < 90 && c.room.status !== "ended"; i++) {
		await c.time.pass(100);
		if (c.net.last().readyState < 2) c.net.last().end();
	}
	assert.equal(c.room.status, "ended");
	assert.equal(c.room.error?.next, "retry");
	await c.room.entered; // it was
	const { length } = c.net.sockets;
	c.router.answer(201, { room: "r", url: "ws://here/", player: "guest", ticket: "again" });
	c.room.retry();
	const socket = await c.opened("ws://here/");
	assert.equal(c.net.sockets.length, length + 1);
	socket.say(s.welcome());
	await c.room.entered;
	assert.equal(c.room.status, "playing");
	assert.equal(c.room.error, undefined);
});

test("a room that was made is the one to try again, unless it has failed", async (t) => {
	for (const [code, room] of [[4015, "new"], [4012, "new"], [4013, ""]] as const) {
		await t.test(String(code), async (t) => {
			const c = await play(t, { room: undefined }, { room: "new" });
			c.socket.end(code);
			await c.time.settle();
			c.room.retry();
			await c.opened("ws://here/");
			const { room: asked, player } = c.router.asked.at(-1);
			assert.deepEqual([asked, player.guest], [room, "secret"]);
		});
	}
});

test("a moved message is followed, with its ticket", async (t) => {
	const c = await play(t);
	c.socket.say(s.moved("ws://there/", "theirs"));
	assert.ok(c.socket.closedByClient);
	const there = await c.opened("ws://there/");
	assert.equal(hello(there).ticket, "theirs");
	assert.equal(hello(there).resume, "token");
	there.say(s.welcome({ tick: 1, epoch: 2, server: "gs-2", resumed: true }));
	await c.time.settle();
	assert.deepEqual([c.seen.moves[1]?.kind, c.seen.moves[1]?.replayed], ["handoff", 1]);
});

test("close codes say where to go", async (t) => {
	await t.test("ticket: without the resume token", async (t) => {
		const c = await play(t);
		c.socket.end(4014);
		await c.time.pass(60);
		const socket = c.net.last();
		socket.open();
		await c.time.settle();
		assert.equal(c.router.asked.length, 2);
		assert.deepEqual([hello(socket).resume, hello(socket).ticket], ["", "ticket 2"]);
	});
	await t.test("an error's retry is waited for", async (t) => {
		const c = await play(t);
		c.socket.say(s.error(4017, 3000, "full up"));
		c.socket.end(4017);
		await c.time.pass(2990);
		assert.equal(c.router.asked.length, 1);
		await c.time.pass(20);
		assert.equal(c.router.asked.length, 2);
	});
	for (const [code, error] of [[4001, "outdated"], [4008, "full"], [4009, "rate"], [4012, "ended"], [4013, "crashed"], [4015, "replaced"], [4018, "lost"], [4020, "options"], [4022, "over"], [4023, "kicked"], [4024, "refused"], [4321, "closed"]] as const) {
		await t.test(`${code} stops with ${error}`, async (t) => {
			const c = await play(t);
			c.socket.say(s.error(code, 0, "the server's words"));
			c.socket.end(code);
			await c.time.pass(100);
			assert.equal(c.room.status, "ended");
			assert.equal(c.room.error?.code, error);
			assert.match(c.room.error!.detail, /the server's words/);
			assert.equal(c.room.error!.reason, ["kicked", "refused", "ended"].includes(error) ? "the server's words" : "");
			assert.equal(c.net.sockets.length, 1);
		});
	}
});

test("a server that is silent for 2 s is lost; a suspended room may be so for 5 s, and is kept awake by pings", async (t) => {
	const c = await play(t);
	c.socket.say(s.notice(1, "suspended"));
	assert.equal(c.room.status, "suspended");
	const pings = c.socket.of(Kind.ping).length;
	await c.time.pass(4900);
	assert.ok(!c.socket.closedByClient);
	assert.ok(c.socket.of(Kind.ping).length >= pings + 4);
	c.socket.say(s.notice(2));
	assert.equal(c.room.status, "playing");
	await c.time.pass(1900);
	assert.ok(!c.socket.closedByClient);
	await c.time.pass(400);
	assert.ok(c.socket.closedByClient);
	await c.opened("ws://next/");
});

test("hands rest while the room is suspended, and half a second after a loss", async (t) => {
	let asked = 0;
	const c = await play(t, { input: () => (asked++, { dx: 1 }) });
	await c.time.pass(200);
	assert.ok(asked >= 4 && asked <= 6, `${asked} in 200 ms at 20 ticks a second`);
	c.socket.say(s.notice(1));
	asked = 0;
	await c.time.pass(200);
	assert.equal(asked, 0);
	c.socket.say(s.notice(2));
	await c.time.pass(100);
	assert.ok(asked > 0);
	c.socket.end();
	asked = 0;
	await c.time.pass(1000);
	assert.ok(asked >= 9 && asked <= 11, `${asked} after a loss`);
	c.net.last().open();
	await c.time.settle();
	c.net.last().say(s.welcome({ tick: 2, epoch: 2, server: "gs-2", resumed: true }));
	await c.time.settle();
	const { first, count } = s.readInput(c.net.last().of(Kind.input)[0]!);
	assert.equal(first, 1, "what was not processed is sent again");
	assert.ok(count > 12, `${count} samples`);
});

test("what a server must not do costs it the connection", async (t) => {
	const cases: [kind: string, what: (c: Awaited<ReturnType<typeof play>>) => void, says?: string][] = [
		["tick-gap", (c) => c.socket.say(s.delta(3, 0))],
		["tick-back", (c) => c.socket.say(s.delta(1, 0))],
		["tick-back", (c) => c.socket.say(s.keyframe(1, []))],
		["bad-state", (c) => c.socket.say(s.delta(2, 0, 5, [1]))],
		["bad-message", (c) => c.socket.say(Uint8Array.of(0x22, 9))],
		["bad-message", (c) => c.socket.say(s.welcome())],
		["bad-message", (c) => c.socket.onmessage!({ data: "text" })],
		["hash-mismatch", (c) => c.socket.say(s.delta(2, 0), s.check(2, 1))],
	];
	for (const [kind, what] of cases) {
		await t.test(kind, async (t) => {
			const c = await play(t);
			what(c);
			assert.deepEqual(c.seen.violations, [kind]);
			assert.ok(c.socket.closedByClient);
			await c.opened("ws://next/");
		});
	}
	await t.test("but not numbers of samples that cannot be", async (t) => {
		const c = await play(t);
		c.socket.say(s.delta(2, 5));
		assert.deepEqual(c.seen.violations, ["processed-ahead"]);
		assert.equal(c.room.tick, 2);
	});
});

test("each outcome is told once, and a different one is a fault", async (t) => {
	const c = await play(t);
	c.socket.say(s.outcome(1, 5));
	c.socket.say(s.outcome(1, 5), s.outcome(2, 6));
	c.socket.say(s.outcome(1, 7));
	assert.deepEqual(c.seen.outcomes, [1, 2]);
	assert.deepEqual(c.seen.violations, ["outcome-changed"]);
});

test("the clock and the round trip are those of the fastest pong", async (t) => {
	const c = await play(t);
	const sent = (c.time.now() - 0) * 1000;
	await c.time.pass(40);
	c.socket.say(s.pong(sent, 5_000_000_000));
	assert.equal(c.room.stats().roundTrip, 40);
	assert.ok(Math.abs(c.room.serverTime() - (5_000_000 + 20)) < 1e-6);
	c.socket.say(s.pong((c.time.now() - 400) * 1000, 1));
	assert.equal(c.room.stats().roundTrip, 40, "a ping from before the client was in measures nothing");
});

test("an old page against a new server", async (t) => {
	await t.test("of another protocol", async (t) => {
		const c = await begin(t);
		(await c.opened("ws://here/")).say(s.welcome({ version: 2 }));
		await assert.rejects(c.room.entered, { code: "outdated", next: "reload" });
	});
	await t.test("without the tables", async (t) => {
		const c = await begin(t, { interpolate: { lines: {} } });
		(await c.opened("ws://here/")).say(s.welcome());
		await assert.rejects(c.room.entered, { code: "outdated", next: "reload", detail: /lines/ });
	});
});

test("a match whose seats were taken is asked for again", async (t) => {
	const c = await begin(t, { room: undefined, match: true });
	await c.time.settle();
	assert.equal(c.router.asked.length, 1);
	(await c.opened("ws://here/")).end(4008);
	await c.opened("ws://here/");
	assert.deepEqual(c.router.asked.map((a) => [a.to, a.room]), [["http://router/v1/match", ""], ["http://router/v1/match", ""]]);
});

test("leaving gives the seat up", async (t) => {
	const c = await play(t);
	c.room.leave("done");
	assert.equal(c.room.status, "ended");
	assert.equal(c.room.error, undefined);
	assert.equal(c.socket.of(Kind.leave)[0]!.string(120), "done");
	c.socket.end(4000);
	await c.time.pass(3000);
	assert.equal(c.net.sockets.length, 1);
});

test("closing does not give the seat up", async (t) => {
	const c = await play(t);
	c.room.close();
	assert.equal(c.socket.of(Kind.leave).length, 0);
	assert.ok(c.socket.closedByClient);
	await c.time.pass(3000);
	assert.equal(c.net.sockets.length, 1);
});

test("a room that is closed on its way in makes no more connections", async (t) => {
	const c = await begin(t);
	c.room.close();
	await c.time.pass(3000);
	assert.ok(c.net.sockets.length <= 1 && c.net.sockets.every((x) => x.closedByClient));
	assert.equal(c.room.status, "ended");
});

test("a spectator sends nothing but pings", async (t) => {
	const c = await begin(t, { role: "spectator", input: () => ({ dx: 1 }) });
	const socket = await c.opened("ws://here/");
	assert.equal(c.router.asked[0].role, "spectator");
	socket.say(s.welcome({ seat: 255, resume: "" }));
	await c.room.entered;
	socket.say(s.delta(2, undefined));
	await c.time.pass(1500);
	assert.equal(c.room.seat, -1);
	assert.equal(c.room.send({ dx: 1 }), 0);
	assert.equal(socket.of(Kind.input).length, 0);
	assert.ok(socket.of(Kind.ping).length >= 2);
});

test("a listener that throws stops nobody", async (t) => {
	const c = await play(t);
	c.room.on("frame", () => {
		throw new Error("a listener's mistake");
	});
	const ticks: number[] = [];
	const off = c.room.on("frame", (tick) => ticks.push(tick));
	c.socket.say(s.delta(2, 0));
	off();
	c.socket.say(s.delta(3, 0));
	assert.deepEqual(ticks, [2]);
	assert.equal(c.room.tick, 3);
	await assert.rejects(c.time.pass(1), /a listener's mistake/);
});
