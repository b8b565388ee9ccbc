// A room whose instance is over: the client is told so once, and enters the new one only when its player wants to.

import assert from "node:assert/strict";
import test, { type TestContext } from "node:test";
import { begin, hello, play } from "./client.ts";
import * as s from "./server.ts";

const second = "00000000000000a8";

/** A place for a seat, as the tab's. */
function place() {
	const kept = new Map<string, string>();
	return { getItem: (k: string) => kept.get(k) ?? null, setItem: (k: string, v: string) => void kept.set(k, v) };
}

/** The storage of a tab whose page was in the room. */
async function visited(t: TestContext) {
	const storage = place();
	await t.test("a page before", async (t) => void (await play(t, { storage })));
	return storage;
}

for (const [code, error, next] of [[4018, "lost", "room"], [4022, "over", "enter"]] as const) {
	test(`${code}: the player enters the new instance as a new player, and by a decision`, async (t) => {
		const c = await play(t, { storage: place() });
		c.socket.end(code);
		await c.time.pass(5000);
		assert.deepEqual([c.room.status, c.room.error?.code, c.room.error?.next], ["ended", error, next]);
		assert.equal(c.net.sockets.length, 1, "nothing by itself");
		c.room.retry();
		const socket = await c.opened("ws://here/");
		const { resume, epoch, lastTick, ticket } = hello(socket);
		assert.deepEqual([resume, epoch, lastTick, ticket], ["", "0:0@", 0, "ticket 2"]);
		socket.say(s.welcome({ instance: second, seat: 3 }));
		await c.room.entered;
		assert.deepEqual([c.room.status, c.room.epoch.instance, c.seen.violations], ["playing", second, []]);
	});

	test(`${code} to a page that was loaded again is told once`, async (t) => {
		const storage = await visited(t);
		await t.test("the first time", async (t) => {
			const c = await begin(t, { storage });
			const socket = await c.opened("ws://here/");
			assert.deepEqual([hello(socket).resume, hello(socket).epoch], ["token", "a7:1@gs-1"]);
			socket.end(code);
			await c.time.pass(5000);
			assert.deepEqual([c.room.status, c.room.error?.code], ["ended", error]);
			assert.equal(c.net.sockets.length, 1, "nothing by itself");
		});
		await t.test("the next time", async (t) => {
			const c = await begin(t, { storage });
			const socket = await c.opened("ws://here/");
			assert.deepEqual([hello(socket).resume, hello(socket).epoch], ["", "0:0@"]);
			socket.say(s.welcome({ instance: second }));
			await c.room.entered;
		});
	});
}

test("a welcome into another instance is a fault, and the client does not enter", async (t) => {
	const c = await play(t);
	c.socket.end();
	const next = await c.opened("ws://next/");
	next.say(s.welcome({ instance: second, tick: 9, epoch: 2, server: "gs-2" }));
	await c.time.pass(5000);
	assert.ok(next.closedByClient);
	assert.deepEqual([c.room.status, c.room.error?.code], ["ended", "over"]);
	assert.deepEqual(c.seen.violations, ["instance-changed"]);
	assert.deepEqual([c.room.tick, c.seen.moves.length, c.net.sockets.length], [1, 1, 2]);
});

test("nor does a page that was loaded again", async (t) => {
	const storage = await visited(t);
	const c = await begin(t, { storage });
	(await c.opened("ws://here/")).say(s.welcome({ instance: second }));
	await assert.rejects(c.room.entered, { code: "over" });
	assert.deepEqual(c.seen.violations, ["instance-changed"]);
});

test("a reload whose seat is gone enters anew, and says which instance it was in", async (t) => {
	const storage = await visited(t);
	const c = await begin(t, { storage });
	(await c.opened("ws://here/")).end(4014);
	const socket = await c.opened("ws://here/");
	assert.deepEqual([hello(socket).resume, hello(socket).epoch], ["", "a7:1@gs-1"]);
	socket.say(s.welcome());
	await c.room.entered;
});
