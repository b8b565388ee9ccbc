// The moment that is drawn: behind the newest tick by as much as frames are late, and moving evenly.

import type { Stats } from "./options.ts";

const enum Play {
	/** Frames whose lateness is looked at. */
	kept = 64,
	/** So many of a hundred should be there in time. */
	inTime = 95,
	/** So far from where it should be, in milliseconds, the moment jumps. */
	jump = 1000,
}

/** Times are milliseconds on the clock of performance.now(), moments are ticks and fractions; period is a tick's. */
export function newPlayback(period: number, stats: Stats) {
	let late: number[] = []; // arrival minus due time of the frames, which is from an origin of its own
	let lateness = 0; // of the last one that should be in time
	let newest = 0;
	let at = -Infinity;
	let asked = 0;
	return {
		/** A frame came. */
		arrived(tick: number, now: number): void {
			late = [...late.slice(1 - Play.kept), now - tick * period];
			newest = Math.max(newest, tick);
			const sorted = [...late].sort((a, b) => a - b);
			lateness = sorted[Math.floor((Play.inTime / 100) * (sorted.length - 1))]!;
			stats.buffer = period + lateness - sorted[0]!;
		},

		/** The moment to draw at now, which never goes back. */
		at(now: number): number {
			// A tick behind the frame that is due: the next one is there before the moment has passed this one.
			const aim = (now - lateness) / period - 1;
			const passed = (now - asked) / period;
			const off = aim - at - passed;
			asked = now;
			// It comes back to where it should be by moving faster or slower than the room, by a tenth for each tick.
			const even = at + passed * (1 + Math.max(-0.3, Math.min(0.5, off / 10)));
			at = Math.min(newest, Math.max(at, Math.abs(off) * period < Play.jump ? even : aim));
			return at;
		},
	};
}
