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
	const key = ["ringside", router, game, room ?? code ?? (match ? "?match" : "?new"), hidden, player?.guest].join(" ");
	const guestKey = "ringside guest " + router;
	const place = (name: "localStorage" | "sessionStorage") => (storage === undefined ? globalThis[name] : storage)!;
	const seats = () => (role === "spectator" ? undefined : place("sessionStorage"))!;
	return {
		load: quietly((): Seat | undefined => JSON.parse(seats().getItem(key)!)),
		save: quietly((seat: Seat | { resume: [] }) => seats().setItem(key, JSON.stringify(seat))),
		/** The guest's secret. */
		guest: quietly(() => place("localStorage").getItem(guestKey)),
		saveGuest: quietly((secret: string) => place("localStorage").setItem(guestKey, secret)),
	};
}

const quietly =
	<A extends unknown[], T>(f: (...args: A) => T) =>
	(...args: A): T | undefined => {
		try {
			return f(...args);
		} catch {
			return undefined;
		}
	};
