import assert from "node:assert/strict";
import test from "node:test";
import { compareViews, Flaps } from "./agreement.ts";
import type { View } from "./model.ts";
import { member } from "./testing.ts";

const view = (members: Record<string, string>, gone: Record<string, string> = {}, quorum = true): View => ({ quorum, members, gone });

test("views that differ are told", () => {
	const members = new Map([member("a"), member("b", { state: "draining" }), member("c")].map((m) => [m.name, m]));
	const a = compareViews(members, new Map([
		["a", view({ a: "serving", b: "draining", c: "serving" })],
		["b", view({ a: "serving", b: "serving", d: "serving" }, { c: "unreachable" }, false)],
	]));
	assert.deepEqual(a.names, ["a", "b", "c", "d"]);
	assert.deepEqual(a.doubts, [
		"b is cut off from half of the fleet or more",
		"b takes b for serving, it is draining",
		"b does not see c (unreachable)",
		"b still sees d",
	]);
	assert.deepEqual(["a", "b", "c"].map((o) => a.sight(o, "c")), ["serving", "gone", "untold"]);
	assert.equal(a.sight("a", "d"), "unknown");
	assert.deepEqual(compareViews(members, new Map([["a", view({ a: "serving", b: "draining", c: "serving" })]])).doubts, []);
});

test("a flap is a member lost from sight and seen again, unless it had left", () => {
	const flaps = new Flaps();
	const all = { a: "serving", b: "serving" };
	const see = (time: number, v: View) => flaps.note(time, new Map([["a", v]]));
	see(0, view(all));
	see(1000, view({ a: "serving" }, { b: "unreachable" }));
	assert.equal(flaps.of("b"), 0);
	assert.equal(see(2000, view(all)), true);
	assert.equal(flaps.of("b"), 1);
	see(3000, view({ a: "serving" }, { b: "left" }));
	assert.equal(see(4000, view(all)), false);
	assert.equal(flaps.of("b"), 1);
	see(400_000, view(all));
	assert.equal(flaps.of("b"), 0);
});
