// A guest is whoever has its secret: it is kept, sent to routers, and to nobody else.

import assert from "node:assert/strict";
import test from "node:test";
import { begin, hello, play } from "./client.ts";
import * as s from "./server.ts";

function place() {
	const kept = new Map<string, string>();
	return { kept, getItem: (k: string) => kept.get(k) ?? null, setItem: (k: string, v: string) => void kept.set(k, v) };
}

test("the router's secret is kept for all pages and rooms", async (t) => {
	const storage = place();
	await t.test("a first page", async (t) => {
		const c = await play(t, { storage });
		assert.deepEqual(c.router.asked[0].player, { guest: "" });
		assert.equal(c.room.guest, "secret");
		assert.equal(storage.kept.get("ringside guest http://router"), "secret");
	});
	await t.test("another one", async (t) => {
		const c = await begin(t, { storage, room: "other" });
		const socket = await c.opened("ws://here/");
		assert.deepEqual(c.router.asked[0].player, { guest: "secret" });
		assert.doesNotMatch(JSON.stringify(hello(socket), (_, v) => (typeof v === "bigint" ? String(v) : v)), /secret/, "servers do not get it");
	});
	await t.test("a spectator", async (t) => {
		const c = await begin(t, { storage, role: "spectator" });
		await c.opened("ws://here/");
		assert.deepEqual(c.router.asked[0].player, { guest: "secret" });
	});
});

test("without storage the room keeps it", async (t) => {
	const c = await play(t);
	c.socket.end(4018);
	await c.time.settle();
	c.room.retry();
	await c.opened("ws://here/");
	assert.deepEqual(c.router.asked[1].player, { guest: "secret" });
});

test("a game can keep it itself", async (t) => {
	const storage = place();
	storage.setItem("ringside guest http://router", "another");
	const c = await begin(t, { storage, player: { guest: "mine" } });
	const socket = await c.opened("ws://here/");
	assert.deepEqual(c.router.asked[0].player, { guest: "mine" });
	socket.say(s.welcome());
	await c.room.entered;
	assert.equal(c.room.guest, "mine");
	assert.equal(c.room.alias, "guest");
});

test("who has an identity token is no guest", async (t) => {
	const storage = place();
	storage.setItem("ringside guest http://router", "secret");
	const c = await begin(t, { storage, identity: "token" });
	await c.opened("ws://here/");
	assert.deepEqual(c.router.asked[0].player, { guest: "" });
});
