// Rooms that are entered with a code.

import assert from "node:assert/strict";
import { test } from "node:test";
import { codeOf, fragment } from "../arena/share.ts";
import { begin } from "./client.ts";
import * as s from "./server.ts";

test("a private room is made once, and sought again with its code", async (t) => {
	const router = s.routerOf();
	router.answer(201, { room: "p-new", url: "ws://here/", player: "guest", ticket: "t", code: "the code" });
	const c = await begin(t, { room: undefined, private: true }, router);
	const socket = await c.opened("ws://here/");
	socket.say(s.welcome({ fallbacks: [], room: "p-new" }));
	await c.room.entered;
	assert.equal(c.room.code, "the code");
	socket.end();
	(await c.opened("ws://here/")).end();
	await c.opened("ws://here/");
	const [first, again] = router.asked;
	assert.deepEqual(first, { to: "http://router/v1/rooms", game: "dots", room: "", code: "", private: true, player: { guest: "" } });
	assert.deepEqual(again, { to: "http://router/v1/rooms", game: "dots", room: "p-new", code: "the code", private: false, player: { guest: "" } });
});

test("a code is all that an invited player needs", async (t) => {
	const router = s.routerOf();
	const c = await begin(t, { room: undefined, code: "the code" }, router);
	await c.opened("ws://here/");
	assert.deepEqual(router.asked, [{ to: "http://router/v1/rooms", game: "dots", room: "", code: "the code", player: { guest: "" } }]);
});

test("a link holds the code where browsers send it to nobody", () => {
	assert.equal(fragment("a b"), "#code=a%20b");
	assert.equal(fragment(""), "");
	assert.equal(codeOf("#code=a%20b"), "a b");
	assert.equal(codeOf(""), undefined);
});
