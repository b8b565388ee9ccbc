// A search for a match, against a router that says what the test wants.

import assert from "node:assert/strict";
import test, { type TestContext } from "node:test";
import { findMatch, type MatchOptions } from "../sdk/match.ts";
import type { Room } from "../sdk/index.ts";
import { Kind } from "../sdk/messages.ts";
import * as s from "./server.ts";
import { takeTime } from "./time.ts";

/** Starts a search on a fake clock. rooms are the router's answers, in order; the last one repeats. */
async function begin(t: TestContext, rooms: string[], more: Partial<MatchOptions<any>> = {}) {
	const time = takeTime(t);
	const net = s.network();
	const router = s.routerOf();
	const asked: any[] = [];
	const joined: Room<any>[] = [];
	const { room: _, ...options } = s.options(net, router);
	const search = findMatch<any>({
		...options,
		skill: { property: "rating", value: 1200, range: 50, widen: 25 },
		fetch: (to, init) => {
			const body = JSON.parse(String(init!.body));
			asked.push({ path: String(to).slice("http://router/v1/".length), ...body });
			const room = rooms.length > 1 ? rooms.shift() : rooms[0];
			if (room !== "refused") router.answer(201, { room, url: `ws://${room}/`, ticket: "ticket of " + room, guest: body.player.guest ? undefined : "secret" });
			else router.answer(429, { detail: "too many" });
			return router.fetch(to, init);
		},
		joined: (room) => joined.push(room),
		...more,
	});
	t.after(() => (search.stop(), search.room.close()));
	/** Opens the newest connection and lets the player in, as the only one, or with others. */
	const enter = async (room: string) => {
		for (let i = 0; i < 500 && net.last()?.url !== `ws://${room}/`; i++) await time.pass(1);
		net.last().open();
		await time.settle();
		net.last().say(s.welcome({ room, tick: 1 }));
		await search.room.entered;
		await time.settle();
	};
	return { time, net, search, joined, asked, enter };
}

const skill = (searched: number) => ({ property: "rating", value: 1200, range: 50, widen: 25, searched });

test("a player who waits searches on, and moves to a better room with its ticket", async (t) => {
	const c = await begin(t, ["q-a", "q-a", "q-b"], { where: ["map=alps"], options: { rating: 1200 } });
	await c.enter("q-a");
	assert.deepEqual(c.asked.slice(), [{ path: "match", game: "dots", room: "", code: "", options: { rating: 1200 }, player: { guest: "" }, where: ["map=alps"], skill: skill(0) }]);
	assert.deepEqual([c.search.room.id, c.search.waiting, c.joined.length], ["q-a", true, 1]);
	const [first] = c.net.sockets;
	const began = c.search.searched;

	await alive(c, 5000);
	assert.equal(c.asked.length, 2);
	assert.deepEqual([c.asked[1].path, c.asked[1].waiting, c.asked[1].player.guest, c.asked[1].where], ["match", "q-a", "secret", ["map=alps"]]);
	assert.equal(Math.round(c.asked[1].skill.searched), 5);
	assert.deepEqual([c.search.room, c.net.sockets.length], [c.joined[0], 1], "the same room: the player waits on");
	assert.ok(Math.abs(c.search.searched - began - 5) < 0.1 && Math.abs(c.search.range - 175) < 3, `${c.search.searched} s, range ${c.search.range}`);

	await alive(c, 5000);
	assert.equal(first!.of(Kind.leave).length, 1, "the first room was left");
	await c.enter("q-b");
	assert.equal(c.asked.length, 3, "the answer that named the room has led there");
	assert.deepEqual([c.joined.length, c.search.room.id, c.search.room === c.joined[1], c.search.waiting], [2, "q-b", true, true]);
	assert.equal(s.readHello(c.net.last().of(Kind.hello)[0]!).ticket, "ticket of q-b");
	assert.equal(c.search.room.guest, "secret", "it is the same player");
});

test("the search is over when the player waits no longer", async (t) => {
	let alone = true;
	const c = await begin(t, ["q-a"], { waits: () => alone });
	await c.enter("q-a");
	alone = false;
	assert.ok(c.search.waiting);
	c.net.last().say(s.delta(2, 0));
	assert.ok(!c.search.waiting);
	await alive(c, 20_000);
	assert.equal(c.asked.length, 1);
});

test("a search whose room has ended is over", async (t) => {
	const c = await begin(t, ["q-a"]);
	await c.enter("q-a");
	c.net.last().end(4012);
	await c.time.settle();
	assert.deepEqual([c.search.room.status, c.search.waiting], ["ended", false]);
});

test("an answer that comes when somebody has joined changes nothing", async (t) => {
	let alone = true;
	let answer = () => {};
	const c = await begin(t, ["q-a", "q-b"], { waits: () => alone });
	await c.enter("q-a");
	const slow = new Promise<void>((resolve) => (answer = resolve));
	const { json } = Response.prototype;
	t.mock.method(Response.prototype, "json", async function (this: Response) {
		await slow;
		return json.call(this);
	});
	await alive(c, 5000);
	assert.equal(c.asked.length, 2);
	alone = false;
	c.net.last().say(s.delta(c.search.room.tick + 1, 0));
	answer();
	await c.time.settle();
	assert.deepEqual([c.joined.length, c.net.sockets.length, c.search.waiting], [1, 1, false]);
});

test("a refusal changes nothing, and a better room that is full leads to another match", async (t) => {
	const c = await begin(t, ["q-a", "refused", "q-b", "q-c"]);
	await c.enter("q-a");
	await alive(c, 5000);
	assert.deepEqual([c.asked.length, c.joined.length], [2, 1]);
	await alive(c, 5000);
	for (let i = 0; i < 500 && c.net.last().url !== "ws://q-b/"; i++) await c.time.pass(1);
	c.net.last().open();
	await c.time.settle();
	c.net.last().end(4008);
	await c.enter("q-c");
	assert.deepEqual(c.asked.slice(3).map((a) => [a.path, a.waiting, a.skill.searched > 9]), [["match", undefined, true]]);
	assert.deepEqual([c.joined.length, c.search.room.id, c.search.waiting], [2, "q-c", true]);
});

test("a page that is loaded again comes back to the seat in the better room", async (t) => {
	const entries = new Map<string, string>();
	const storage = { getItem: (key: string) => entries.get(key) ?? null, setItem: (key: string, value: string) => void entries.set(key, value) };
	const c = await begin(t, ["q-a", "q-b"], { storage });
	await c.enter("q-a");
	await alive(c, 5000);
	await c.enter("q-b");
	c.search.stop();
	c.search.room.close();
	c.net.sockets.length = 0;
	const { room: _, ...options } = s.options(c.net, s.routerOf());
	const again = findMatch<any>({ ...options, storage, joined: () => {} });
	t.after(() => (again.stop(), again.room.close()));
	await c.time.settle();
	assert.deepEqual(c.net.sockets.map((socket) => socket.url), ["ws://q-b/"]);
});

test("without skill there is no range, and requests of other kinds stay as they are", async (t) => {
	const c = await begin(t, ["q-a"], { skill: undefined, where: ["map=alps"] });
	await c.enter("q-a");
	assert.deepEqual([c.asked[0].skill, c.asked[0].where, c.search.range], [undefined, ["map=alps"], 0]);
	c.net.last().end();
	for (let i = 0; i < 5; i++) {
		await c.time.pass(200);
		if (c.net.last().readyState < 2) c.net.last().end();
	}
	const back = c.asked.find((a) => a.path === "rooms");
	assert.deepEqual([back?.room, back?.where], ["q-a", undefined]);
});

/** Lets time pass while the server's ticks come. */
async function alive(c: Awaited<ReturnType<typeof begin>>, ms: number): Promise<void> {
	const { room } = c.search;
	const socket = c.net.last();
	for (let left = ms; left > 0; left -= 500) {
		await c.time.pass(Math.min(500, left));
		if (room === c.search.room && socket.readyState === 1) socket.say(s.delta(room.tick + 1, 0));
	}
}
