// Time that passes when a test says so: timers and performance.now() are taken over for the length of a test.

import { mock, type TestContext } from "node:test";

export interface Time {
	now(): number;
	/** Lets so many milliseconds pass, with all that happens in them. */
	pass(ms: number): Promise<void>;
	/** Lets so many milliseconds pass without any timer, as in a page that is hidden for long, or frozen. */
	doze(ms: number): Promise<void>;
	/** Lets all promises go on that can. */
	settle(): Promise<void>;
}

export function takeTime(t: TestContext): Time {
	let now = 1000;
	const real = setImmediate;
	const settle = () => new Promise<void>((resolve) => real(resolve));
	mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
	t.mock.method(performance, "now", () => now);
	t.after(() => mock.timers.reset());
	return {
		now: () => now,
		settle,
		doze(ms) {
			now += ms;
			return settle();
		},
		async pass(ms) {
			await settle();
			for (let left = ms; left > 0; ) {
				const step = Math.min(left, ms > 200 ? 10 : 1);
				left -= step;
				now += step;
				mock.timers.tick(step);
				await settle();
			}
		},
	};
}
