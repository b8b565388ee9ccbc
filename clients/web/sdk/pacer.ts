// When to sample and send inputs: just before the server's tick, as the slack of own records tells. See PROTOCOL.md,
// Clock and slack.

import type { Stats } from "./options.ts";

const enum Pace {
	/** Aimed for on a network without jitter, in milliseconds. */
	leastTarget = 5,
	/** Samples that are taken at most after the timer was late: what a server takes in a tick. */
	catchUp = 4,
}

export type Pacer = ReturnType<typeof newPacer>;

/** period is the tick's, in milliseconds; sample is called each time that samples are due, with how many. */
export function newPacer(period: number, stats: Stats, sample: (count: number) => void) {
	const limit = period / 20;
	let correction = 0; // of the next interval
	let due = 0;
	let last: number | undefined;
	let deviation = 0;
	let timer: ReturnType<typeof setTimeout> | undefined;

	const run = () => {
		const now = performance.now();
		let count = 0;
		for (; due <= now; count++) {
			due += period + correction;
			correction = 0;
		}
		timer = setTimeout(run, due - now);
		sample(Math.min(count, Pace.catchUp));
	};

	stats.slackTarget = Pace.leastTarget;
	const pacer = {
		/** Takes the slack of a tick; undefined: no input came for it. */
		observe(slack: number | undefined): void {
			correction = -limit;
			if (slack === undefined) return;
			deviation += (Math.abs(slack - (last ?? slack)) - deviation) / 16;
			last = slack;
			// The newest sample never waits for a whole tick, so a larger target would make the client send faster and faster.
			const target = (stats.slackTarget = Math.min(Math.max(Pace.leastTarget, 2 + 3 * deviation), period / 2));
			correction = Math.max(-limit, Math.min(limit, (slack - target) / 10));
		},

		start(): void {
			pacer.stop();
			due = performance.now();
			run();
		},

		stop: () => clearTimeout(timer),
	};
	return pacer;
}
