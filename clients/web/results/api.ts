// What the router's results store answers, as everybody but operators sees it.

import { newMemory } from "../sdk/memory.ts";

export interface Result {
	seat: number;
	/** The reader's own row. */
	own?: boolean;
	alias: string;
	name?: string;
	place: number;
	score: number;
}

export interface Stored {
	seq: number;
	/** When the store accepted it, in RFC 3339. */
	at: string;
	outcome: { instance: string; match: number; room: string; game: string; results: Result[] };
}

export interface Page {
	outcomes: Stored[];
	next: number;
}

export interface Board {
	name: string;
	game: string;
	keep: "best" | "sum" | "last" | "elo";
	order: "high" | "low";
	every: "never" | "year" | "month" | "week";
	current: string;
}

export interface Standing {
	rank: number;
	own?: boolean;
	alias: string;
	name?: string;
	score: number;
	matches: number;
}

export interface Standings {
	board: string;
	season: string;
	previous?: string;
	standings: Standing[];
}

/** A request that failed, in a sentence that says what to do. */
export class Trouble extends Error {
	constructor(message: string, readonly status: number) {
		super(message);
	}
}

/** A proxy may show the pages in a folder. */
const base = new URL(".", location.href).href;

/** The guest's secret, if this browser has played here. */
export const guest = newMemory({ router: base, game: "arena" }).guest();

/** Asks the router, as the guest of this browser if there is one. */
export async function ask<T>(path: string, query: Record<string, string | number> = {}, signal?: AbortSignal): Promise<T> {
	const url = new URL("v1/" + path, base);
	for (const [name, value] of Object.entries(query)) url.searchParams.set(name, String(value));
	let answer: Response;
	try {
		answer = await fetch(url, { signal, cache: "no-store", headers: guest ? { authorization: "Guest " + guest } : {} });
	} catch (e) {
		if (signal?.aborted) throw e;
		throw new Trouble("The server cannot be reached. Check your connection, then try again.", 0);
	}
	const body = await answer.json().catch(() => undefined);
	if (answer.ok && body) return body;
	throw new Trouble(sentence(answer.status, body?.detail), answer.status);
}

function sentence(status: number, detail?: string): string {
	if (status === 503) return "Results cannot be read at the moment. Nothing is lost; try again soon.";
	if (status === 429) return "You have loaded results too often. Wait a few seconds, then try again.";
	if (!detail) return `The server answers with error ${status}. Try again soon.`;
	return detail[0]!.toUpperCase() + detail.slice(1) + ".";
}

/** How a player is called on a page. A guest without a name has the beginning of the alias. */
export function nameOf({ name, alias }: Pick<Result, "name" | "alias">): string {
	return name || `Guest ${alias.slice(0, 4)}`;
}
