// Samples arrive just before the server's tick, whatever the phase, the jitter and the drift of the two clocks.

import assert from "node:assert/strict";
import test, { type TestContext } from "node:test";
import { newPacer } from "../sdk/pacer.ts";
import { newStats } from "../sdk/session.ts";
import { takeTime } from "./time.ts";

/** A server at 20 ticks a second that tells how long the newest sample waited. */
async function run(t: TestContext, seconds: number, jitter: () => number) {
	const time = takeTime(t);
	const stats = newStats();
	const arrivals: number[] = [];
	const pacer = newPacer(50, stats, (count) => {
		for (; count > 0; count--) arrivals.push(time.now() + 20 + jitter());
	});
	pacer.start();
	const slacks: (number | undefined)[] = [];
	let taken = 0;
	for (let i = 0; i < seconds * 20; i++) {
		await time.pass(50);
		const now = time.now() - 17; // its ticks are at another phase than the client's
		let newest: number | undefined;
		for (; arrivals[taken]! <= now; taken++) newest = arrivals[taken];
		const slack = newest === undefined ? undefined : Math.min(254, Math.floor(now - newest));
		slacks.push(slack);
		pacer.observe(slack);
	}
	pacer.stop();
	return { slacks, arrivals, stats };
}

test("on an even network samples wait 5 ms", async (t) => {
	const { slacks, arrivals, stats } = await run(t, 20, () => 0);
	const last = slacks.slice(-100);
	for (const slack of last) assert.ok(slack !== undefined && Math.abs(slack - 5) <= 2, `${last}`);
	assert.equal(stats.slackTarget, 5);
	assert.ok(Math.abs(arrivals.length - 400) <= 3, `${arrivals.length} samples in 400 ticks`);
});

test("where the network jitters they wait longer, and nearly all are there in time", async (t) => {
	let seed = 7;
	const random = () => (seed = (seed * 48271) % 0x7fffffff) / 0x7fffffff;
	const { slacks, stats } = await run(t, 40, () => random() * 12);
	assert.ok(stats.slackTarget > 8 && stats.slackTarget < 25, `target ${stats.slackTarget}`);
	const last = slacks.slice(-400);
	const missed = last.filter((slack) => slack === undefined).length;
	assert.ok(missed <= 8, `${missed} of 400 ticks had no sample`);
	const mean = last.reduce<number>((sum, slack) => sum + (slack ?? 0), 0) / last.length;
	assert.ok(mean < 30, `they wait ${mean} ms on average`);
});

test("where the network jitters by nearly a tick there are still as many samples as ticks", async (t) => {
	let seed = 11;
	const random = () => (seed = (seed * 48271) % 0x7fffffff) / 0x7fffffff;
	const { arrivals, stats } = await run(t, 60, () => random() * 45);
	assert.equal(stats.slackTarget, 25);
	assert.ok(Math.abs(arrivals.length - 1200) <= 6, `${arrivals.length} samples in 1200 ticks`);
});

test("after a sleep of the timer no more than four samples are taken at once", async (t) => {
	const time = takeTime(t);
	const counts: number[] = [];
	const pacer = newPacer(50, newStats(), (count) => counts.push(count));
	pacer.start();
	await time.pass(10);
	t.mock.method(performance, "now", () => time.now() + 60_000); // as a page in the background
	await time.pass(100);
	assert.ok(Math.max(...counts) === 4, `${counts}`);
	assert.ok(counts.length <= 5);
	pacer.stop();
	await time.pass(200);
	assert.ok(counts.length <= 5, "it stops");
});
