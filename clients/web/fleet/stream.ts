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
	private request: AbortController | undefined; // of the stream that is open, or opening
	private attempt = 0;
	private heard = performance.now();
	private opened = 0;
	private next = 0; // when to try again; 0: the stream is open, or opening

	/** headers are asked for each time; an EventSource could not send any. */
	constructor(private readonly url: string, private readonly headers: () => Record<string, string>, private readonly listener: Listener) {
		void this.open();
		setInterval(() => this.watch(), 500);
		addEventListener("online", () => this.retry());
		addEventListener("visibilitychange", () => this.watch());
	}

	private async open(): Promise<void> {
		this.next = 0;
		this.opened = performance.now();
		const request = new AbortController();
		this.request = request;
		try {
			const answer = await fetch(this.url, { headers: this.headers(), cache: "no-store", signal: request.signal });
			if (answer.ok && answer.body) await this.read(answer.body.pipeThrough(new TextDecoderStream()).getReader());
		} catch {
			// it broke; lose says so
		}
		if (this.request === request) this.lose();
	}

	private async read(from: ReadableStreamDefaultReader<string>): Promise<void> {
		for (let text = ""; ; ) {
			const { done, value } = await from.read();
			if (done) return;
			const messages = (text + value).split("\n\n");
			text = messages.pop() ?? "";
			for (const message of messages) this.hear(message);
		}
	}

	/** Takes a server-sent event, as this router writes them: one line with its name, one with its data. */
	private hear(message: string): void {
		const [, event, data] = /^event: (.*)\ndata: (.*)$/.exec(message) ?? [];
		if (data === undefined) return; // a comment
		this.heard = performance.now();
		this.attempt = 0;
		this.listener.told(JSON.parse(data) as Change, event === "snapshot");
		this.listener.state("live", this.heard, 0);
	}

	/** Gives the stream up, until the next attempt. */
	private lose(): void {
		this.request?.abort();
		this.request = undefined;
		this.next = performance.now() + waitBefore(this.attempt++, Math.random());
		this.listener.state("lost", this.heard, this.next);
	}

	private retry(): void {
		if (this.next > 0) void this.open();
	}

	private watch(): void {
		const now = performance.now();
		if (this.next > 0) {
			if (now >= this.next) void this.open();
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
