// A bad network for tries: wraps a WebSocket class so that its messages are late.

import type { WebSocketConstructor } from "./options.ts";

/** A network's faults; they may be changed at any time. All are 0 on a network without faults. */
export interface Faults {
	/** Milliseconds that a message takes longer, each way. */
	latency: number;
	/** Up to so many milliseconds besides, at random. Order is kept, as TCP does. */
	jitter: number;
	/** Nothing passes until this time on the clock of performance.now(); what waited then comes at once. */
	stalledUntil: number;
}

/** Makes a WebSocket class whose connections suffer from faults; base is by default the global WebSocket. */
export declare function simulate(faults: Faults, base?: WebSocketConstructor): WebSocketConstructor;
