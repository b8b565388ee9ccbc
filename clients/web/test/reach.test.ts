// Reaching a router and a server: what cannot be reached, what lies between, and what they refuse.

import assert from "node:assert/strict";
import test from "node:test";
import { begin } from "./client.ts";
import * as s from "./server.ts";

test("who cannot be reached at all", async (t) => {
	await t.test("no router", async (t) => {
		const c = await begin(t, { fetch: () => Promise.reject(new TypeError("refused")), giveUp: 3000 });
		await c.time.pass(10);
		assert.equal(c.room.error?.code, "unreachable", "told while it tries on");
		assert.equal(c.room.status, "connecting");
		await c.time.pass(9000);
		assert.equal(c.room.status, "ended");
		await assert.rejects(c.room.entered, { code: "unreachable", next: "retry" });
	});
	await t.test("no WebSocket", async (t) => {
		const c = await begin(t, { giveUp: 3000 });
		for (let i = 0; i < 120 && c.room.status !== "ended"; i++) {
			await c.time.pass(100);
			if (c.net.last().readyState < 2) c.net.last().end();
		}
		await assert.rejects(c.room.entered, { code: "blocked", next: "retry" });
	});
	await t.test("a proxy that does not pass WebSockets on", async (t) => {
		const c = await begin(t, { giveUp: 3000 });
		c.router.plainly(404);
		for (let i = 0; i < 120 && c.room.status !== "ended"; i++) {
			await c.time.pass(100);
			if (c.net.last().readyState < 2) c.net.last().end();
		}
		await assert.rejects(c.room.entered, { code: "upgrade", next: "retry", detail: /404/ });
	});
	await t.test("a URL that the page must not connect to", async (t) => {
		const refuses = class {
			constructor() {
				throw new Error("insecure");
			}
		};
		const c = await begin(t, { giveUp: 1000, WebSocket: refuses as any });
		await c.time.pass(7000);
		await assert.rejects(c.room.entered, { code: "blocked", detail: /insecure/ });
	});
	await t.test("no server", async (t) => {
		const router = s.routerOf();
		router.answer(503, { detail: "no game server is serving" }, { "Retry-After": "1" });
		const c = await begin(t, { giveUp: 3000 }, router);
		await c.time.pass(6000);
		await assert.rejects(c.room.entered, { code: "busy", next: "retry", detail: /no game server/ });
		assert.ok(c.router.asked.length <= 5, `asked ${c.router.asked.length} times where the router says a second`);
	});
	await t.test("not allowed", async (t) => {
		const router = s.routerOf();
		router.answer(401, { detail: "no" });
		const c = await begin(t, { identity: () => Promise.resolve("me") }, router);
		await assert.rejects(c.room.entered, { code: "refused", next: "reload" });
	});
	await t.test("an identity that cannot be had", async (t) => {
		const c = await begin(t, { giveUp: 100, identity: () => Promise.reject(new Error("signed out")) });
		await c.time.pass(1000);
		await assert.rejects(c.room.entered, { code: "unreachable", detail: /signed out/ });
	});
});

test("a ticket that no server takes is told with the server's words: a clock may be wrong", async (t) => {
	const c = await begin(t, { giveUp: 3000 });
	for (let i = 0; i < 100 && c.room.status !== "ended"; i++) {
		const socket = c.net.last();
		if (socket?.readyState === 0) {
			socket.open();
			await c.time.settle();
			socket.say(s.error(4004, 0, "if the ticket is new, a clock is wrong"));
			socket.end(4004);
		}
		await c.time.pass(100);
	}
	assert.deepEqual([c.room.status, c.room.error?.code, c.room.error?.reason], ["ended", "refused", "if the ticket is new, a clock is wrong"]);
});

test("what is between the page and the router counts as a router that cannot be reached, and the client tries on", async (t) => {
	const page = "<!doctype html><title>Welcome to the hotel</title>";
	for (const [status, body, headers] of [
		[200, page, {}],
		[200, '{"room":"r","url":"ws://he', { "Content-Type": "application/json" }], // truncated
		[200, { portal: "hotel" }, {}],
		[403, page, {}],
		[404, page, {}],
		[403, { message: "Forbidden" }, { "Content-Type": "application/json" }],
		[404, { status: 404, error: "Not Found" }, { "Content-Type": "application/json" }],
		[503, page, {}],
	] as const) {
		await t.test(`${status} ${JSON.stringify(body)}`, async (t) => {
			const router = s.routerOf();
			router.answer(status, body, headers);
			const c = await begin(t, { giveUp: 60_000 }, router);
			await c.time.pass(3000);
			assert.equal(c.room.status, "connecting");
			assert.equal(c.room.error?.code, "unreachable");
			assert.match(c.room.error!.message, /^The server cannot be reached\. Check the network/);
			assert.ok(router.asked.length > 2 && router.asked.length < 20, `${router.asked.length} requests`);
			router.answer(201, undefined);
			await c.time.pass(6000);
			assert.equal(c.net.sockets[0]?.url, "ws://here/");
		});
	}
});

test("a page between that names a time is not asked before", async (t) => {
	const router = s.routerOf();
	router.answer(503, "<title>busy</title>", { "Retry-After": "4" });
	const c = await begin(t, {}, router);
	await c.time.pass(3900);
	assert.equal(router.asked.length, 1);
	await c.time.pass(200);
	assert.equal(router.asked.length, 2);
});

test("a request that cannot be right says which part of it is wrong", async (t) => {
	for (const [field, code, next] of [["room", "room", "room"], ["code", "code", "room"], ["options", "options", "room"], ["game", "game", "room"], ["player.guest", "refused", "reload"]] as const) {
		await t.test(field, async (t) => {
			const router = s.routerOf();
			router.answer(400, { title: "Bad Request", status: 400, detail: "the server's words", field });
			const c = await begin(t, {}, router);
			await c.time.pass(100);
			assert.equal(c.room.status, "ended");
			const { error } = c.room;
			assert.deepEqual([error?.code, error?.next], [code, next]);
			assert.match(error!.detail, /the server's words/);
			assert.equal(router.asked.length, 1);
		});
	}
});

test("a router's address is relative to the one that answered, behind any proxy", async (t) => {
	for (const [router, want] of [["https://play.example.com/game", "wss://play.example.com/game/v1/rooms/r/connect"], ["http://localhost:8080/", "ws://localhost:8080/v1/rooms/r/connect"]] as const) {
		await t.test(router, async (t) => {
			const c = await begin(t, { router }, s.routerOf("rooms/r/connect"));
			await c.time.settle();
			assert.equal(c.net.last().url, want);
		});
	}
});
