import assert from "node:assert/strict";
import test from "node:test";
import { greatest, History, niceTop } from "./history.ts";
import type { Member } from "./model.ts";
import { member } from "./testing.ts";

const history = (samples: [number, Member[]][]): History => {
	const h = new History(5);
	for (const [second, members] of samples) h.sample(second * 1000, members);
	return h;
};
const read = (a: number[]) => a.map((v) => (Number.isNaN(v) ? "-" : v)).join(" ");

test("a sample a second; gaps are not known, and counters become rates", () => {
	const h = history([
		[100, [member("a", { players: 1, late: 10, busy: 105, moves: { move: 2 } })]],
		[101, [member("a", { players: 2, late: 13, moves: { move: 5, failover: 1 } })]],
		[103, [member("a", { players: 4, late: 23, moves: { move: 5, failover: 1 } })]],
	]);
	const a = h.servers.get("a")!;
	assert.equal(read(a.players), "- 1 2 - 4");
	assert.equal(read(a.late), "- - 3 - 5");
	assert.equal(read(a.busy), "- 10.5 0 - 0");
	assert.equal(read(h.moves), "- 0 3 - 0");
	assert.equal(read(h.failovers), "- 0 1 - 0");
	assert.equal(h.timeOf(4), 103_000);
	assert.equal(h.timeOf(0), 99_000);
	assert.equal(h.sample(103_999, [member("a", { players: 9 })]), false);
	assert.equal(h.sample(90_000, [member("a", { players: 9 })]), false);
	assert.equal(read(a.players), "- 1 2 - 4");
});

test("a counter that begins anew counts from nothing, one that is silent for a while goes on", () => {
	const h = history([
		[1, [member("a", { late: 50 }), member("b", { late: 7 })]],
		[2, [member("a", { late: 4 }), member("b", { late: 7, reachable: false })]],
		[3, [member("a", { late: 4 }), member("b", { late: 9 })]],
	]);
	assert.equal(read(h.servers.get("a")!.late), "- - - 4 0");
	assert.equal(read(h.servers.get("b")!.late), "- - - - 2");
	assert.equal(read(h.servers.get("b")!.players), "- - 0 - 0");
});

test("a server that is long gone is forgotten, and so is all after a long pause", () => {
	const h = history([[1, [member("a"), member("b")]], [5, [member("a")]]]);
	assert.deepEqual([...h.servers.keys()], ["a", "b"]);
	h.sample(6000, [member("a")]);
	assert.deepEqual([...h.servers.keys()], ["a"]);
	h.sample(1_000_000, [member("a")]);
	assert.equal(read(h.servers.get("a")!.rooms), "- - - - 0");
});

test("the top of an axis is a round number not below the values", () => {
	for (const [value, least, top] of [[0, 1, 1], [1, 1, 1], [1.01, 1, 2], [3, 1, 5], [5, 1, 5], [51, 10, 100], [0.03, 0.01, 0.05], [NaN, 10, 10], [200, 10, 200]] as const) {
		assert.ok(Math.abs(niceTop(value, least) - top) < 1e-9, `${value}: ${niceTop(value, least)}, not ${top}`);
	}
	assert.equal(greatest([[1, NaN], [NaN, 3]]), 3);
	assert.equal(greatest([]), 0);
});
