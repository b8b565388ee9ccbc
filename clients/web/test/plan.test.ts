// Where a client goes, by what ended its connection: the table of the reference client's test.

import assert from "node:assert/strict";
import test from "node:test";
import { Fault, Status } from "../sdk/errors.ts";
import { noEpoch } from "../sdk/messages.ts";
import { newPlan, type Place } from "../sdk/plan.ts";

const here = "ws://here";
const next = "ws://next";
const last = "ws://last";
const moved = { url: "ws://away", server: "", ticket: "theirs", epoch: noEpoch, within: 0 };
const lost = new Fault(Status.lost, "");

const name = ({ url, ticket }: Place) => (url || "router") + (ticket ? ` with ${ticket}` : "");

test("where to go after a close", () => {
	const standbys = [next, last, here, "router", next, last];
	const round = [here, next, last, "router", here, next];
	const first = (place: string) => [place, ...round];
	const cases: [status: number, want: string[] | undefined, more?: { proxied?: boolean; moved?: boolean }][] = [
		[Status.lost, standbys],
		[Status.unopened, standbys],
		[Status.lost, round, { proxied: true }],
		[4010, round],
		[4019, round],
		[4011, first("ws://away with theirs"), { moved: true }],
		[4011, first("router")],
		[4016, first("router")],
		[4017, first("router")],
		[4021, first("router")],
		[4004, first("router")],
		[4014, first("router")],
		[4003, round],
		[503, round],
		[429, round],
		...[4000, 4001, 4002, 4005, 4006, 4007, 4008, 4009, 4012, 4013, 4015, 4018, 4020, 4999, 400, 403].map(
			(status): [number, undefined] => [status, undefined],
		),
	];
	for (const [status, want, more] of cases) {
		const plan = newPlan();
		plan.next();
		plan.entered(here, [next, last], !!more?.proxied);
		const goOn = plan.ended(new Fault(status, "", 0, more?.moved ? moved : undefined), 1000);
		assert.equal(goOn, !!want, `${status}`);
		const got = (want ?? []).map(() => {
			const to = name(plan.next());
			plan.ended(lost, 0);
			return to;
		});
		assert.deepEqual(got, want ?? [], `${status}`);
	}
});

test("a preferred place is tried at once", () => {
	const plan = newPlan();
	plan.entered(here, [next], false);
	plan.ended(new Fault(4016, "", 60_000), 1000);
	assert.equal(plan.wait, 60_000);
	plan.prefer(moved);
	assert.equal(name(plan.next()), "ws://away with theirs");
	assert.equal(plan.wait, 0);
	assert.equal(name(plan.next()), "router");
});

test("after a loss, and after each wait, every place is tried once without another, and waits double", () => {
	const plan = newPlan();
	assert.equal(plan.wait, 0);
	plan.entered(here, [next], false);
	const places = 3;
	let longest = 0;
	for (let attempt = 0; attempt < 1000 * places; attempt++) {
		plan.ended(lost, 0);
		plan.next();
		const waits = attempt / places - 1;
		const limit = waits >= 0 && Number.isInteger(waits) ? Math.min(4000, 50 * 2 ** waits) : 0;
		assert.ok(plan.wait >= 0 && (plan.wait < limit || limit === plan.wait), `attempt ${attempt} waits ${plan.wait} of ${limit}`);
		longest = Math.max(longest, plan.wait);
	}
	assert.ok(longest > 3600, `the longest wait is ${longest}`);

	for (let i = 0; i < 10; i++) {
		plan.ended(new Fault(4017, ""), 0);
		assert.ok(plan.wait > 0, "each answer costs a wait");
		plan.ended(lost, 0);
		assert.equal(plan.wait, 0, "where nobody answers, another place may");
	}

	let moves = 0;
	for (; !plan.wait && moves < 1000; moves++) {
		plan.ended(new Fault(4011, "", 0, moved), 0);
		if (!plan.wait) plan.ended(lost, 0);
	}
	assert.ok(moves <= places, `it was sent ${moves} times to a server that is gone before it waits`);

	plan.entered(here, [], false);
	plan.ended(lost, 5000);
	assert.equal(plan.wait, 0, "after a connection that lasted");
	longest = 0;
	for (let i = 0; i < 100; i++) {
		plan.ended(new Fault(4021, ""), 5000);
		longest = Math.max(longest, plan.wait);
	}
	assert.ok(longest > 25 && longest < 50, `${longest}`);
	plan.ended(new Fault(503, "", 60_000), 5000);
	assert.equal(plan.wait, 60_000, "where the router says so");
	plan.ended(new Fault(4011, "", 0, moved), 0);
	plan.next();
	assert.equal(plan.wait, 0, "after a moved message");
});

test("moved in circles ends at the router", () => {
	const plan = newPlan();
	plan.entered(here, [], false);
	let hops = 0;
	for (; hops < 100; hops++) {
		plan.ended(new Fault(4011, "", 0, moved), 0);
		if (!plan.next().url) break;
	}
	assert.equal(hops, 8);
	plan.ended(new Fault(4011, "", 0, moved), 0);
	assert.equal(plan.next().url, moved.url, "after the router it follows again");
});
