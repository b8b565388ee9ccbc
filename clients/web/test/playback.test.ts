// The moment that is drawn moves evenly, never back, and is rarely without the frame that it needs.

import assert from "node:assert/strict";
import test from "node:test";
import { newPlayback } from "../sdk/playback.ts";
import { newStats } from "../sdk/session.ts";

const period = 1000 / 30;

/** Frames that come late by lateness (of a tick, in milliseconds; in order, as TCP gives them), drawn at 60 a second. */
function play(seconds: number, lateness: (tick: number) => number) {
	const stats = newStats();
	const playback = newPlayback(period, stats);
	const moments: { now: number; at: number; newest: number }[] = [];
	let tick = 1;
	let arrival = 0;
	for (let now = 200; now < seconds * 1000; now += 1000 / 60) {
		for (;;) {
			arrival = Math.max(arrival, tick * period + lateness(tick));
			if (arrival > now) break;
			playback.arrived(tick++, arrival);
		}
		moments.push({ now, at: playback.at(now), newest: tick - 1 });
	}
	return { moments, stats };
}

/** What must hold in any case. */
function sane(moments: { at: number; newest: number }[]): void {
	moments.forEach(({ at, newest }, i) => {
		assert.ok(at <= newest, "never ahead of what is known");
		assert.ok(i === 0 || at >= moments[i - 1]!.at, "never back");
	});
}

const speeds = (moments: { now: number; at: number }[]) =>
	moments.slice(1).map((m, i) => ((m.at - moments[i]!.at) * period) / (m.now - moments[i]!.now));

test("an even network costs a tick and moves evenly", () => {
	const { moments, stats } = play(10, () => 30);
	sane(moments);
	const last = moments.slice(120);
	for (const speed of speeds(last)) assert.ok(Math.abs(speed - 1) < 0.01, `${speed}`);
	for (const { now, at } of last) assert.ok(Math.abs((now - 30) / period - at - 1) < 0.1, "a tick behind the newest");
	assert.ok(Math.abs(stats.buffer - period) < 1e-6);
});

test("jitter makes the buffer as deep as it must be, and no deeper", () => {
	let seed = 3;
	const random = () => (seed = (seed * 48271) % 0x7fffffff) / 0x7fffffff;
	const late = Array.from({ length: 2000 }, () => 20 + random() * 40);
	const { moments, stats } = play(30, (tick) => late[tick]!);
	sane(moments);
	const last = moments.slice(300);
	const starved = last.filter(({ at, newest }) => at === newest).length / last.length;
	assert.ok(starved < 0.05, `starved in ${starved} of the views`);
	assert.ok(stats.buffer > period + 20 && stats.buffer < period + 45, `${stats.buffer}`);
	for (const speed of speeds(last)) assert.ok(speed >= 0 && speed < 1.4, `${speed}`);
});

test("after a stall it catches up without a jump", () => {
	// Nothing passes for 400 ms, then all at once.
	const { moments } = play(10, (tick) => (tick > 120 && tick <= 132 ? (132 - tick) * period + 30 : 30));
	sane(moments);
	for (const speed of speeds(moments.slice(60))) assert.ok(speed <= 1.6, `${speed}`);
	const end = moments.at(-1)!;
	assert.ok((end.now - 30) / period - end.at < 1.5, "it is where it was before");
});

test("after a freeze of seconds it is with the room at once", () => {
	const { moments } = play(20, (tick) => (tick > 120 ? 5030 : 30));
	sane(moments);
	const after = moments.filter(({ now }) => now > 9_600);
	for (const { now, at } of after) assert.ok((now - 5030) / period - at < 3, "not far behind");
});

test("a page that does not draw for a while is with the room again", () => {
	const playback = newPlayback(period, newStats());
	for (let tick = 1; tick < 900; tick++) {
		playback.arrived(tick, tick * period);
		if (tick === 100) playback.at(tick * period);
	}
	assert.ok(playback.at(899 * period) > 897);
});

test("ticks that are played again do not turn it back", () => {
	const playback = newPlayback(period, newStats());
	let now = 0;
	let last = 0;
	const ticks = [...Array.from({ length: 100 }, (_, i) => i + 1), 99, 100, 101, 102, 103];
	for (const tick of ticks) {
		now += period;
		playback.arrived(tick, now);
		const at = playback.at(now);
		assert.ok(at >= last);
		last = at;
	}
	assert.ok(last > 100);
});
