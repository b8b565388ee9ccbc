// The router's events, for as long as the page is open: what breaks is opened again.

import type { Change } from "./model.ts";

export type State = "connecting" | "live" | "silent" | "lost";

/** The router says something every second; after so many ms without a word it is silent, and then lost. */
const silentAfter = 3500, lostAfter = 12_000;
/** Waits before trying again, in ms: the first and the longest. */
const firstWait = 500, longestWait = 8000;

/** How long to wait before the attempt of that number, counted from 0: half of it fixed and half of it random. */
export function waitBefore(attempt: number, random: number): number {
	const most = Math.min(longestWait, firstWait * 2 ** attempt);
	return most / 2 + (random * most) / 2;
}

export interface Listener {
	told(change: Change, snapshot: boolean): void;
	/** `since` is when there was the last word, in ms of performance.now(); `next` when there will be another attempt. */
	state(state: State, since: number, next: number): void;
}

/** Follows url until the page ends. */
export class Stream {
	private source: EventSource | undefined;
	private attempt = 0;
	private heard = performance.now();
	private opened = 0;
	private next = 0; // when to try again; 0: the source is open, or opening

	constructor(private readonly url: string, private readonly listener: Listener) {
		this.open();
		setInterval(() => this.watch(), 500);
		addEventListener("online", () => this.retry());
		addEventListener("visibilitychange", () => this.watch());
	}

	private open(): void {
		this.next = 0;
		this.opened = performance.now();
		const source = new EventSource(this.url);
		this.source = source;
		source.addEventListener("snapshot", (e) => this.hear(e, true));
		source.addEventListener("change", (e) => this.hear(e, false));
		source.onerror = () => this.lose();
	}

	private hear(e: MessageEvent<string>, snapshot: boolean): void {
		this.heard = performance.now();
		this.attempt = 0;
		this.listener.told(JSON.parse(e.data) as Change, snapshot);
		this.listener.state("live", this.heard, 0);
	}

	/** Gives the source up: a browser's own attempts end at the first answer that is an error. */
	private lose(): void {
		this.source?.close();
		this.source = undefined;
		this.next = performance.now() + waitBefore(this.attempt++, Math.random());
		this.listener.state("lost", this.heard, this.next);
	}

	private retry(): void {
		if (this.next > 0) this.open();
	}

	private watch(): void {
		const now = performance.now();
		if (this.next > 0) {
			if (now >= this.next) this.open();
			else this.listener.state("lost", this.heard, this.next);
			return;
		}
		const silence = now - Math.max(this.heard, this.opened);
		if (silence > lostAfter) {
			this.lose();
		} else if (silence > silentAfter) {
			this.listener.state("silent", this.heard, 0);
		}
	}
}
