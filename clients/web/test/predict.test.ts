// The own row: samples show at once, and what the server says comes through gently.

import assert from "node:assert/strict";
import test from "node:test";
import { newEmitter } from "../sdk/emitter.ts";
import type { Welcome } from "../sdk/messages.ts";
import { newPredictor } from "../sdk/predict.ts";
import { newSession, newStats } from "../sdk/session.ts";
import { bytesOf, openPart, schema } from "./server.ts";

/** Seat 0's dot, which a sample moves by dx hundredths. */
function predictor(ahead?: () => { dx: number } | undefined) {
	const session = newSession(newEmitter(), newStats());
	session.welcomed({ flags: 0, processed: 0, room: "r", schema, tickRate: 20, tick: 0, epoch: { instance: "a7", counter: 1, server: "" } } as Welcome);
	const store = session.store!;
	let steps = 0;
	const step = (row: { x: number }, input: { dx: number }) => {
		steps++;
		row.x += input.dx / 100 + 1e-5; // what a step leaves beside the wire's steps is quantised away
	};
	const p = newPredictor(session, store.named.dots!, { table: "dots", step, ahead }, { tickRate: 20 } as any, ["alive"], 5);
	const says = (x: number, processed: number, now: number, alive = 1) => {
		session.outbox.acknowledge(processed);
		store.apply(1, 0, true, openPart({ 0: [x, 0, alive] }));
		store.apply(1, 1, true, bytesOf((w) => (w.set([0]), w.u8(128))));
		p.reconcile(now);
	};
	const add = (dx: number, now: number) => p.sampled(session.outbox.add({ dx }, now), now);
	const drawn = (now: number) => {
		const row: { x: number } = { x: NaN };
		p.draw(row, now);
		return row.x;
	};
	return { p, session, says, add, drawn, steps: () => steps };
}

const near = (a: number, b: number, by = 0.011) => assert.ok(Math.abs(a - b) <= by, `${a}, not ${b}`);

test("samples that are not processed are applied to what the server says", () => {
	const { p, session, says, add } = predictor();
	says(1000, 0, 0);
	for (let i = 1; i <= 4; i++) add(10, i * 50);
	near(p.current.x, 10.4, 1e-6);
	says(1010, 1, 210);
	near(p.current.x, 10.4, 1e-6);
	assert.equal(session.stats.predictionError, 0);
	says(1040, 4, 260);
	near(p.current.x, 10.4, 1e-6);
	assert.equal(p.current.v, 0, "the private part is there too");
});

test("after each step fields are quantised as the server does", () => {
	const { p, says, add } = predictor();
	says(1000, 0, 0);
	for (let i = 1; i <= 100; i++) add(1, i * 50);
	near(p.current.x, 11, 1e-6);
});

test("what is drawn moves evenly towards what the hands want", () => {
	let dx = 0;
	const { says, add, drawn } = predictor(() => ({ dx }));
	says(1000, 0, 0);
	add(0, 0);
	drawn(0);
	dx = 100;
	near(drawn(25), 10.5);
	near(drawn(50), 11);
	add(100, 50);
	near(drawn(50), 11);
	near(drawn(75), 11.5);
});

test("a correction fades, and a large one does not wait", () => {
	const { session, says, add, drawn } = predictor();
	says(1000, 0, 0);
	add(10, 0);
	drawn(0);
	near(drawn(1000), 10.1);
	says(1200, 1, 1000); // two units off
	near(session.stats.predictionError, 1.9);
	near(drawn(1000), 10.1);
	const mid = drawn(1080);
	assert.ok(mid > 11 && mid < 11.6, `${mid}`);
	near(drawn(2000), 12);
	says(5000, 1, 2000); // farther than snap
	near(drawn(2000), 50);
});

test("a new life begins where it begins", () => {
	const { session, says, drawn } = predictor();
	says(1000, 0, 0, 0);
	drawn(0);
	says(1100, 0, 50, 1);
	near(drawn(50), 11);
	assert.equal(session.stats.predictionError, 0);
});

test("without an own row nothing is predicted", () => {
	const { p, session, add, steps } = predictor();
	add(10, 0);
	p.reconcile(0);
	assert.equal(p.row, undefined);
	assert.equal(steps(), 0);
	session.store!.apply(2, 0, true, openPart({}));
	p.reconcile(1);
	assert.equal(p.row, undefined);
});
