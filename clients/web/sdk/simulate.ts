// A bad network for tries: wraps a WebSocket class so that its messages are late. Not part of the SDK's own bundle.

import type { WebSocketConstructor, WebSocketLike } from "./options.ts";

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
export function simulate(faults: Faults, base: WebSocketConstructor = globalThis.WebSocket as any): WebSocketConstructor {
	return class implements WebSocketLike {
		onopen: ((event: any) => void) | null = null;
		onmessage: ((event: any) => void) | null = null;
		onerror: ((event: any) => void) | null = null;
		onclose: ((event: any) => void) | null = null;
		readonly #socket: WebSocketLike;
		readonly #up = new Pipe(faults);
		readonly #down = new Pipe(faults);

		constructor(url: string, protocol: string) {
			this.#socket = new base(url, protocol);
			this.#socket.onopen = (e) => this.#down.push(() => this.onopen?.(e));
			this.#socket.onmessage = (e) => this.#down.push(() => this.onmessage?.(e));
			this.#socket.onerror = (e) => this.#down.push(() => this.onerror?.(e));
			this.#socket.onclose = (e) => this.#down.push(() => this.onclose?.(e));
		}

		get binaryType(): string {
			return this.#socket.binaryType;
		}
		set binaryType(type: string) {
			this.#socket.binaryType = type;
		}
		get readyState(): number {
			return this.#socket.readyState;
		}

		send(data: Uint8Array): void {
			this.#up.push(() => this.#socket.readyState === 1 && this.#socket.send(data));
		}

		close(code?: number, reason?: string): void {
			this.#up.push(() => this.#socket.close(code, reason));
		}
	};
}

/** One way: what is pushed comes out in its order, late. */
class Pipe {
	#queue: { at: number; out: () => void }[] = [];
	#timer: ReturnType<typeof setTimeout> | undefined;

	constructor(readonly faults: Faults) {}

	push(out: () => void): void {
		const { latency, jitter } = this.faults;
		this.#queue.push({ at: performance.now() + latency + Math.random() * jitter, out });
		if (this.#timer === undefined) this.#run();
	}

	#run(): void {
		for (;;) {
			const first = this.#queue[0];
			this.#timer = undefined;
			if (!first) return;
			const wait = Math.max(first.at, this.faults.stalledUntil) - performance.now();
			if (wait > 0) {
				this.#timer = setTimeout(() => this.#run(), wait);
				return;
			}
			this.#queue.shift();
			first.out();
		}
	}
}
