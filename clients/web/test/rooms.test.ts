// Lists of rooms, from a router that says what the test wants.

import assert from "node:assert/strict";
import test, { type TestContext } from "node:test";
import { listRooms, watchRooms, type RoomPage } from "../sdk/rooms.ts";
import { takeTime } from "./time.ts";

const page = (...rooms: string[]): RoomPage => ({ rooms: rooms.map((room) => ({ room, game: "race", players: 1, seats: 8, spectators: 0 })) });
const problem = (status: number, detail: string, headers = {}) => new Response(JSON.stringify({ detail }), { status, headers: { "Content-Type": "application/problem+json", ...headers } });

test("the query is asked of the router", async () => {
	let asked: [string, RequestInit | undefined] | undefined;
	const get = async (to: unknown, init?: RequestInit) => ((asked = [String(to), init]), Response.json({ ...page("r-a"), next: "r-a" }));
	const got = await listRooms({ router: "http://router/", game: "race", where: ["track=alps & co", "level<=5"], after: "r", limit: 1, fetch: get });
	assert.deepEqual(got, { ...page("r-a"), next: "r-a" });
	const { pathname, searchParams } = new URL(asked![0]);
	assert.deepEqual([pathname, [...searchParams]], ["/v1/rooms", [["game", "race"], ["after", "r"], ["limit", "1"], ["where", "track=alps & co"], ["where", "level<=5"]]]);
	assert.equal(asked![1]?.method, undefined);
});

for (const [name, answer, want] of [
	["a refusal", () => problem(400, 'query "where": bad'), { code: "refused", detail: '400 query "where": bad' }],
	["too many questions", () => problem(429, "wait"), { code: "rate", next: "retry" }],
	["a page of something between", () => new Response("<html>", { status: 403 }), { code: "unreachable" }],
	["no router", () => Promise.reject(new TypeError("failed")), { code: "unreachable", detail: "0 router: TypeError: failed" }],
] as const)
	test(`${name} is the error of a list`, () => assert.rejects(listRooms({ router: "http://router", fetch: async () => answer() }), want));

/** Watches a router whose streams the test writes. */
function watch(t: TestContext) {
	const time = takeTime(t);
	t.mock.method(Math, "random", () => 1);
	const streams: ReadableStreamDefaultController<Uint8Array>[] = [];
	const accepted: string[] = [];
	const closed: number[] = [];
	let answer: (() => Response) | undefined;
	const heard: string[] = [];
	const failed: string[] = [];
	const get = async (_: unknown, init?: RequestInit) => {
		accepted.push(new Headers(init?.headers).get("Accept")!);
		if (answer) return answer();
		const n = streams.length;
		return new Response(
			new ReadableStream<Uint8Array>({
				start(controller) {
					streams.push(controller);
					init!.signal!.addEventListener("abort", () => (closed.push(n), controller.error(new Error("aborted"))));
				},
			}),
		);
	};
	const stop = watchRooms({ router: "http://router", fetch: get }, ({ rooms }) => heard.push(rooms.map((r) => r.room).join()), (e) => failed.push(e.code));
	t.after(stop);
	const say = async (n: number, text: string) => {
		streams[n]!.enqueue(new TextEncoder().encode(text));
		for (let i = 0; i < 5; i++) await time.settle();
	};
	return { time, streams, accepted, closed, heard, failed, say, stop, answer: (a: typeof answer) => (answer = a) };
}

const event = (...rooms: string[]) => `event: rooms\ndata: ${JSON.stringify(page(...rooms))}\n\n`;

test("a list is heard again when it has changed, in whatever pieces it comes", async (t) => {
	const c = watch(t);
	await c.time.settle();
	assert.deepEqual(c.accepted, ["text/event-stream"]);
	await c.say(0, event("r-a") + ":\n\n" + event("r-a", "r-b"));
	const third = event("r-c");
	await c.say(0, third.slice(0, 30));
	assert.deepEqual(c.heard, ["r-a", "r-a,r-b"]);
	await c.say(0, third.slice(30));
	assert.deepEqual(c.heard, ["r-a", "r-a,r-b", "r-c"]);
	c.stop();
	await c.time.settle();
	assert.deepEqual([c.closed, c.failed], [[0], []]);
	await c.time.pass(60_000);
	assert.equal(c.accepted.length, 1);
});

test("a stream that ends or falls silent is opened again, later and later", async (t) => {
	const c = watch(t);
	await c.time.settle();
	await c.say(0, event("r-a"));
	c.streams[0]!.close();
	await c.time.pass(490);
	assert.deepEqual([c.streams.length, c.failed], [1, ["unreachable"]]);
	await c.time.pass(20);
	assert.equal(c.streams.length, 2);
	await c.time.pass(39_900);
	await c.say(1, ":\n\n");
	await c.time.pass(39_900);
	assert.deepEqual(c.closed, [], "a comment is a word too");
	await c.time.pass(200);
	assert.deepEqual(c.closed, [1]);
	await c.time.pass(990);
	assert.equal(c.streams.length, 3, "a second later, since the stream before had no list");
	await c.say(2, event("r-a"));
	c.streams[2]!.close();
	await c.time.pass(510);
	assert.equal(c.streams.length, 4);
});

test("the router's wish to wait is heeded, and a wrong query is final", async (t) => {
	const c = watch(t);
	await c.time.settle();
	c.answer(() => problem(429, "wait", { "Retry-After": "7" }));
	c.streams[0]!.close();
	await c.time.pass(600);
	assert.deepEqual([c.accepted.length, c.failed], [2, ["unreachable", "rate"]]);
	c.answer(() => problem(400, "bad"));
	await c.time.pass(6800);
	assert.equal(c.accepted.length, 2);
	await c.time.pass(400);
	assert.deepEqual([c.accepted.length, c.failed.at(-1)], [3, "refused"]);
	await c.time.pass(30_000);
	assert.equal(c.accepted.length, 3);
});
