// What this browser remembers: the player's name, and in which room this tab is, so that a reload comes back to it.

import { playerName } from "../sdk/index.ts";
import type { PartyWish } from "../sdk/party.ts";

const nameKey = "ringside arena name";
const visitKey = "ringside arena visit";

/** What a tab is doing. */
export interface Visit {
	role: "player" | "spectator";
	/** The room that was asked for; without one quick match finds it. */
	room?: string;
	/** The code of a private room. */
	code?: string;
	/** A new private room was asked for. */
	private?: boolean;
	/** Until the player is in: they bring friends, or come with an invitation. */
	party?: PartyWish;
	/** The room that the player is in, as the page's address names it. */
	in?: string;
}

/** A storage that is forbidden or full remembers nothing. */
function quietly<T>(f: () => T): T | undefined {
	try {
		return f();
	} catch {
		return undefined;
	}
}

export function rememberedName(): string {
	return quietly(() => localStorage.getItem(nameKey)) ?? "";
}

/** Makes what was typed a name that the router takes, and remembers it. An empty one is that of a guest. */
export function takeName(typed: string): string {
	const name = playerName(typed);
	quietly(() => localStorage.setItem(nameKey, name));
	return name;
}

export function rememberedVisit(): Visit | undefined {
	return quietly(() => JSON.parse(sessionStorage.getItem(visitKey)!) as Visit | null) ?? undefined;
}

export function rememberVisit(visit: Visit | undefined): void {
	quietly(() => (visit ? sessionStorage.setItem(visitKey, JSON.stringify(visit)) : sessionStorage.removeItem(visitKey)));
}
