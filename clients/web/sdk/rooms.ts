// Lists of rooms, for pages that let players choose one. A room is listed if its game says so (Settings.Listed).

import type { RingsideError } from "./errors.ts";
import { fault, word } from "./router.ts";

/** Which rooms to list; without anything, the first rooms of all games. */
export interface RoomQuery {
	/** Base URL of the router; by default the origin that the page was loaded from. */
	router?: string;
	game?: string;
	/** Conditions that must all hold of a room's properties: a name, one of = != < <= > >=, and a value, as in "level>=5"; at most 8. */
	where?: string[];
	/** RoomPage.next of the page before. */
	after?: string;
	/** At most so many rooms, up to 100; by default 50. */
	limit?: number;
	/** By default the browser's. */
	fetch?: typeof fetch;
}

export interface ListedRoom {
	room: string;
	game: string;
	/** Seats that are taken, and all. */
	players: number;
	seats: number;
	spectators: number;
	/** What the game says of the room. */
	properties?: Record<string, string | number | boolean>;
}

/** Some rooms, by id. */
export interface RoomPage {
	rooms: ListedRoom[];
	/** For RoomQuery.after; undefined: there are no more. */
	next?: string;
}

const enum Wait {
	/** How long a list may take, in milliseconds. */
	list = 5000,
	/** A stream says something every 15 s at least; without a word for so long it is lost. */
	silence = 40_000,
	/** The longest wait before a lost stream is opened again, which doubles from the first one. */
	first = 500,
	longest = 10_000,
}

/** Lists rooms as they were at most a second ago. It rejects with a RingsideError. */
export async function listRooms(query: RoomQuery = {}): Promise<RoomPage> {
	try {
		return await (await ask(query, {}, AbortSignal.timeout(Wait.list))).json();
	} catch (e) {
		throw fault(e).error;
	}
}

/**
 * Calls heard with the list, and again each time that it has changed. A stream that breaks is opened again; failed is called with the reason.
 * An error whose next is not "retry" is final: the query is wrong. It returns a function that ends all this.
 */
export function watchRooms(query: RoomQuery, heard: (page: RoomPage) => void, failed: (e: RingsideError) => void = () => {}): () => void {
	let over = false;
	let request: AbortController;
	let timer: ReturnType<typeof setTimeout>;
	let wait: number = Wait.first;
	const open = async () => {
		request = new AbortController();
		const alive = () => {
			clearTimeout(timer);
			timer = setTimeout(() => request.abort(), Wait.silence);
		};
		let e: unknown = "the stream has ended";
		try {
			alive();
			const { body } = await ask(query, { Accept: "text/event-stream" }, request.signal);
			for await (const data of events(body!, alive)) {
				wait = Wait.first;
				const page = JSON.parse(data);
				queueMicrotask(() => over || heard(page)); // what it throws is the page's mistake, not the stream's
			}
		} catch (thrown) {
			e = thrown;
		}
		clearTimeout(timer);
		if (over) return;
		const { error, retry } = fault(e);
		failed(error);
		if (error.next !== "retry") return;
		timer = setTimeout(open, Math.max(retry, wait * (0.5 + Math.random() / 2)));
		wait = Math.min(Wait.longest, 2 * wait);
	};
	void open();
	return () => {
		over = true;
		clearTimeout(timer);
		request.abort();
	};
}

/** The data of server-sent events as this router writes them: a line with the name, one with the data. */
async function* events(body: ReadableStream<Uint8Array>, alive: () => void): AsyncGenerator<string> {
	const from = body.pipeThrough(new TextDecoderStream() as TransformStream<Uint8Array, string>).getReader();
	for (let text = ""; ; ) {
		const { done, value } = await from.read();
		if (done) return;
		alive();
		const messages = (text + value).split("\n\n");
		text = messages.pop()!;
		for (const m of messages) {
			const data = /^data: (.*)$/m.exec(m)?.[1];
			if (data) yield data;
		}
	}
}

async function ask({ router = "", game = "", where = [], after = "", limit, fetch: get = fetch }: RoomQuery, headers: Record<string, string>, signal: AbortSignal): Promise<Response> {
	const query = new URLSearchParams([["game", game], ["after", after], ["limit", String(limit ?? "")], ...where.map((w) => ["where", w])]);
	const answer = await get(router.replace(/\/$/, "") + "/v1/rooms?" + query, { headers, signal, cache: "no-store" });
	if (answer.ok) return answer;
	throw word(answer, await answer.json().catch(() => ({})));
}
