// Measuring the network: round trips, the server's clock, and the time between frames.

import type { Stats } from "./options.ts";

const enum Kept {
	/** Pongs after which a measurement of the clock is given up for a newer one. */
	pongs = 8,
	/** Gaps between frames. */
	gaps = 32,
}

/** Takes pongs and frames; all times are milliseconds on the clock of performance.now(). */
export function newClock(stats: Stats) {
	let best = Infinity; // the round trip by which the offset was measured: it is wrong by half of that at most
	let age = 0; // in pongs
	let gaps: number[] = [];
	let last = 0;
	return {
		/** A pong: when the ping was sent, less what the server had it for; and the server's clock. */
		pong(sent: number, server: number, now: number): void {
			const trip = now - sent;
			if (stats.roundTrip) stats.jitter += (Math.abs(trip - stats.roundTrip) - stats.jitter) / 8;
			stats.roundTrip = trip;
			if (trip > best && ++age < Kept.pongs) return;
			best = trip;
			age = 0;
			stats.clockOffset = server - sent - trip / 2;
		},

		/** A frame came. */
		frame(now: number): void {
			if (last) gaps = [...gaps.slice(1 - Kept.gaps), now - last];
			last = now;
		},

		/** The longest time between two of the last frames, and since the last one. */
		gap: (now: number) => Math.max(now - (last || now), ...gaps),
	};
}
