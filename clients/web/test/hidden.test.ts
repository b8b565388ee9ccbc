// A page that is hidden, whose timers come once a minute, or frozen, where nothing runs.

import assert from "node:assert/strict";
import test, { type TestContext } from "node:test";
import { Kind } from "../sdk/messages.ts";
import { play } from "./client.ts";
import * as s from "./server.ts";

/** A browser's page, which is hidden; what it gives tells the page an event. */
function hide(t: TestContext): (event: string) => void {
	const target = new EventTarget();
	const page = { document: { hidden: true }, addEventListener: target.addEventListener.bind(target), removeEventListener: target.removeEventListener.bind(target) };
	Object.assign(globalThis, page);
	t.after(() => Object.keys(page).forEach((name) => delete (globalThis as any)[name]));
	return (event) => target.dispatchEvent(new Event(event));
}

test("seven minutes in a hidden page: the server's frames are the clock that answers it", async (t) => {
	hide(t);
	const c = await play(t);
	const before = c.socket.of(Kind.ping).length;
	for (let tick = 2; tick < 2 + 7 * 60 * 20; tick++) {
		await c.time.doze(50);
		c.socket.say(s.delta(tick, 0));
	}
	assert.ok(c.socket.of(Kind.ping).length >= before + 7 * 60 - 1, `${c.socket.of(Kind.ping).length} pings`);
	assert.deepEqual([c.room.status, c.room.stats().reconnects], ["playing", 0]);
	assert.ok(!c.socket.closedByClient);
});

test("the first attempts to come back wait for no timer", async (t) => {
	hide(t);
	const c = await play(t, {}, { fallbacks: [] });
	for (let i = 0; i < 3; i++) {
		const { length } = c.net.sockets;
		c.net.last().end(4010);
		await c.time.doze(0);
		assert.equal(c.net.sockets.length, length + 1, `attempt ${i}`);
		c.net.last().open();
		await c.time.settle();
	}
	c.net.last().say(s.welcome({ tick: 2, resumed: true }));
	await c.time.settle();
	assert.equal(c.seen.moves.at(-1)?.seatKept, true);
});

for (const event of ["visibilitychange", "pageshow", "online"]) {
	test(`${event} ends the wait for the next attempt, and patience begins anew`, async (t) => {
		const tell = hide(t);
		const c = await play(t);
		c.router.answer(503, { detail: "busy" }, { "Retry-After": "30" });
		c.socket.end(4016);
		for (let i = 0; i < 5; i++) await c.time.settle();
		assert.equal(c.router.asked.length, 2);
		await c.time.doze(10 * 60_000);
		assert.equal(c.net.sockets.length, 1);
		tell(event);
		for (let i = 0; i < 5; i++) await c.time.settle();
		assert.equal(c.net.sockets.length, 2);
		c.net.last().end(); // the network is not there yet
		await c.time.settle();
		assert.notEqual(c.room.status, "ended");
	});
}

test("a page that was frozen comes back at once, and says that its seat is gone", async (t) => {
	const tell = hide(t);
	const c = await play(t, {}, { fallbacks: [] });
	await c.time.doze(10 * 60_000);
	tell("pageshow");
	await c.time.settle();
	assert.ok(c.socket.closedByClient, "the server was not heard for minutes");
	const again = await c.opened("ws://here/");
	again.end(4014);
	await c.time.settle();
	const anew = await c.opened("ws://here/");
	anew.say(s.welcome({ tick: 20_000, seat: 0 }));
	await c.time.settle();
	assert.equal(c.seen.moves.at(-1)?.seatKept, false);
	assert.equal(c.room.status, "playing");
});

test("a hidden page whose way back takes long says so, without a timer", async (t) => {
	hide(t);
	const c = await play(t, {}, { fallbacks: [] });
	c.socket.end();
	await c.time.settle();
	await c.time.doze(3000);
	c.net.last().end();
	for (let i = 0; i < 5; i++) await c.time.settle();
	assert.equal(c.room.status, "returning");
});

test("a room that has ended leaves no listener behind", async (t) => {
	hide(t);
	let left = 0;
	const { addEventListener, removeEventListener } = globalThis;
	globalThis.addEventListener = ((...a: [any, any]) => (left++, addEventListener(...a))) as any;
	globalThis.removeEventListener = ((...a: [any, any]) => (left--, removeEventListener(...a))) as any;
	const c = await play(t);
	assert.ok(left > 0);
	c.room.close();
	await c.time.settle();
	assert.equal(left, 0);
});
