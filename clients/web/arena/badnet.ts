// The simulated network: faults that sliders and the page's address set, under all connections of the page.

import type { WebSocketConstructor } from "../sdk/index.ts";
import { simulate, type Faults } from "../sdk/simulate.ts";

/** What can be set, and up to how many milliseconds. */
export const knobs = { latency: 500, jitter: 300 } as const;

/** How long the button stalls the network, in milliseconds. */
const stallFor = 1000;

export const faults: Faults = { latency: 0, jitter: 0, stalledUntil: 0 };

/** Takes what the address says: ?latency=150&jitter=30. */
export function readFaults(query: URLSearchParams): void {
	for (const knob of Object.keys(knobs) as (keyof typeof knobs)[]) {
		const n = Number(query.get(knob));
		if (n > 0) faults[knob] = Math.min(n, knobs[knob]);
	}
}

export const stall = (): void => {
	faults.stalledUntil = performance.now() + stallFor;
};

/** The WebSocket of the page. */
export const badWebSocket = (): WebSocketConstructor => simulate(faults);
