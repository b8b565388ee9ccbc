import assert from "node:assert/strict";
import test from "node:test";
import { ago, condition, note } from "./cards.ts";
import { banned, place } from "./players.ts";
import { facts, findRooms } from "./roompanel.ts";
import { waitBefore } from "./stream.ts";
import { member, room } from "./testing.ts";

test("rooms are found by all words, the one of that very id first", () => {
	const rooms = [room("duel-1", "game-1"), room("duel-10", "game-2"), room("a-duel-1", "game-1"), room("DUEL-2", "game-1", { role: "suspended" })];
	const ids = (text: string) => findRooms(rooms, text).map((r) => r.room);
	assert.deepEqual(ids("duel-1"), ["duel-1", "a-duel-1", "duel-10"]);
	assert.deepEqual(ids("duel game-2"), ["duel-10"]);
	assert.deepEqual(ids("Suspended"), ["DUEL-2"]);
	assert.deepEqual(ids("  "), []);
	assert.deepEqual(ids("nothing like it"), []);
	const told = new Map(facts(room("r", "a", { epoch: "5f2c09d1e8a7b346:3@a" })));
	assert.deepEqual([told.get("instance"), told.get("epoch")], ["5f2c09d1e8a7b346", "3@a"]);
	assert.deepEqual(new Map(facts(room("r", "a", { spectators: 1, players: 3 }))).get("players"), "3 of 8, 1 spectator");
});

test("lines say where players are, and until when they are banned", () => {
	assert.deepEqual([place({ player: "a", seat: -1, connected: true }), place({ player: "a", seat: 3, connected: false })], ["watches", "seat 3, away"]);
	assert.equal(banned({ player: "a", until: "2026-11-29T13:17:00Z", reason: "spam" }), "a until 2026-11-29 13:17 UTC: spam");
});

test("a server's condition is the worst of what is known", () => {
	const m = member("a", { state: "draining", suspended: true, reachable: false });
	assert.equal(condition(m, true), "gone");
	assert.equal(condition(m, false), "no answer");
	assert.equal(condition({ ...m, reachable: true }, false), "suspended");
	assert.equal(condition({ ...m, reachable: true, suspended: false }, false), "draining");
	assert.equal(condition({ ...m, known: false }, false), "not asked yet");
	assert.equal(condition({ ...m, known: false, error: "refused" }, false), "no answer");
	assert.deepEqual([-5, 59_400, 61_000, 7_260_000, 200_000_000].map(ago), ["0 s", "59 s", "1 min", "2 h 1 min", "2 days"]);
});

test("the stream is opened again ever more seldom, and not by all pages at once", () => {
	assert.deepEqual([0, 1, 2].map((n) => waitBefore(n, 1)), [500, 1000, 2000]);
	assert.equal(waitBefore(50, 1), 8000);
	assert.equal(waitBefore(50, 0), 4000);
});

test("a server's note says why there is no answer, and how many rooms are not drawn", () => {
	assert.equal(note(member("a")), "");
	assert.equal(note(member("a", { unlisted: 1200 })), "1,200 more rooms not drawn");
	assert.equal(note(member("a", { reachable: false, error: "Get \"http://a\": connection refused", age_s: 7, unlisted: 3 })), "connection refused · figures of 7 s ago");
});
