// Remembers a seat over reloads of the page, and the guest over all pages.

import type { Epoch } from "./messages.ts";
import type { JoinOptions } from "./options.ts";

/** A seat as it is remembered; without a resume token there is none. */
interface Seat {
	room: string;
	code: string;
	url: string;
	ticket: string;
	resume: number[];
	epoch: Epoch;
}

/** A place for one seat and the guest. A storage that throws, as browsers' do when it is full or forbidden, remembers nothing. */
export function newMemory({ storage, role, router, game, room, code, private: hidden, match, player }: JoinOptions) {
	const key = ["ringside", router, game, room ?? code ?? (match ? "?match" : hidden ? "?private" : "?new"), player?.guest].join(" ");
	const place = () => (role === "spectator" ? undefined : storage === undefined ? globalThis.sessionStorage : storage);
	const guestKey = "ringside guest " + (router ?? "");
	const guestPlace = () => (storage === undefined ? globalThis.localStorage : storage)!;
	return {
		load: (): Seat | undefined => quietly(() => JSON.parse(place()!.getItem(key)!)),
		save: (seat: Seat): void => quietly(() => place()!.setItem(key, JSON.stringify(seat))),
		/** The guest's secret. */
		guest: () => quietly(() => guestPlace().getItem(guestKey)) ?? undefined,
		saveGuest: (secret: string): void => quietly(() => guestPlace().setItem(guestKey, secret)),
	};
}

function quietly<T>(f: () => T): T | undefined {
	try {
		return f();
	} catch {
		return undefined;
	}
}
