// The search for a match by the properties of rooms. See PROTOCOL.md, Matches by properties.

import { asking } from "./asking.ts";
import { join, type JoinOptions, type Room } from "./index.ts";
import type { Game } from "./options.ts";
import { ask } from "./router.ts";

/** A range of a numeric property. value is the page's word: where it counts, the game compares it with the backend's claims. */
export interface Skill {
	property: string;
	value: number;
	/** How far the property may be from value at first, and what is added each second. */
	range: number;
	widen: number;
}

/** Options of findMatch: those of join, and what to search by. A search is for one player; see partyOptions for several. */
export interface MatchOptions<G extends Game> extends Omit<JoinOptions<G>, "room" | "code" | "private" | "match" | "role"> {
	/** Conditions that must all hold of a room's properties: a name, one of = != < <= > >=, and a value, as in "level>=5"; at most 8. */
	where?: string[];
	skill?: Skill;
	/** Whether the player in this room still waits for others; by default: while alone. */
	waits?(room: Room<G>): boolean;
	/** Called with each room that the player joins, to listen to it: at first, and whenever a better room was found. The room before was left. */
	joined(room: Room<G>): void;
}

/** A search. The player is in a room from its beginning, and waits there. */
export interface MatchSearch<G extends Game> {
	/** The room that the player is in, or on the way into. */
	readonly room: Room<G>;
	/** Whether the search is still running. It ends when the player stops waiting, when the room ends, or on stop. */
	readonly waiting: boolean;
	/** Seconds of search. */
	readonly searched: number;
	/** How far the property may be from skill.value by now; 0 without skill. */
	readonly range: number;
	/** Ends the search. The player stays in the room. */
	stop(): void;
}

const enum Search {
	/** How often a player who waits asks for a better room, in milliseconds. Each request counts against the limit of tickets. */
	interval = 5000,
	/** The most seconds that a router takes. */
	most = 600,
}

/**
 * Takes a seat in a room whose properties fit, or in a new room with the options, and looks for a better one every 5 s while the player waits there.
 * The range of skill widens meanwhile. Of two players who wait for each other, one moves.
 *
 *     const search = findMatch<Chess>({
 *       game: "chess", options: { rating: 1200 }, where: ["variant=blitz"],
 *       skill: { property: "rating", value: 1200, range: 50, widen: 25 },
 *       joined: (room) => room.on("frame", () => show(room, search)),
 *     });
 */
export function findMatch<G extends Game>(options: MatchOptions<G>): MatchSearch<G> {
	const { where, skill, joined, waits = (room) => room.tables.seats.size < 2, ...others } = options;
	const get = options.fetch ?? fetch;
	const begun = performance.now();
	let found: Response | undefined; // the answer that leads to a better room
	let current: Room<G> | undefined; // search.room, unless that is being left for a better one
	let busy = false;

	const wish = () => ({ where, skill: skill && { ...skill, searched: search.searched } });
	const wishing = asking(get, (match) => (match ? wish() : {}));
	const entry: JoinOptions<G> = {
		...others,
		match: true,
		fetch: (to, init) => {
			const answer = found;
			found = undefined;
			return answer ? Promise.resolve(answer) : wishing(to, init);
		},
	};

	/** Joins the room that found leads to, or that the router finds. */
	const enter = () => {
		const room = (current = search.room = join(entry));
		room.on("frame", () => room === current && !waits(room) && search.stop());
		room.on("status", (status) => status === "ended" && room === current && search.stop());
		joined(room);
	};

	const lookOn = async () => {
		const { room } = search;
		if (busy || room.status !== "playing") return;
		busy = true;
		const fetch = asking(get, () => ({ ...wish(), waiting: room.id }));
		const better = await ask({ ...others, match: true, fetch } as JoinOptions, { room: "", guest: room.guest, code: "" }).catch(() => undefined); // the next time, perhaps
		busy = false;
		if (!better || better.room === room.id || !search.waiting) return;
		found = Object.defineProperty(Response.json({ ...better, guest: room.guest }), "url", { value: better.url });
		current = undefined;
		room.leave(); // first, so that the page's memory of the seat is the next room's
		enter();
	};

	const search = {
		room: undefined as unknown as Room<G>,
		waiting: true,
		get searched(): number {
			return Math.min(Search.most, (performance.now() - begun) / 1000);
		},
		get range(): number {
			return skill ? skill.range + skill.widen * search.searched : 0;
		},
		stop(): void {
			search.waiting = false;
			clearInterval(timer);
		},
	};
	const timer = setInterval(lookOn, Search.interval);
	enter();
	return search;
}
