// Remembers a seat over reloads of the page.

import type { Epoch } from "./messages.ts";
import type { JoinOptions } from "./options.ts";

/** A seat as it is remembered. Without a resume token only the guest's id is. */
interface Seat {
	room: string;
	player: string;
	code: string;
	url: string;
	ticket: string;
	resume: number[];
	epoch: Epoch;
}

/** A place for one seat. A storage that throws, as browsers' do when it is full or forbidden, remembers nothing. */
export function newMemory({ storage, role, router, game, room, code, private: hidden, match, player }: JoinOptions) {
	const key = ["ringside", router, game, room ?? code ?? (match ? "?match" : hidden ? "?private" : "?new"), player?.id].join(" ");
	const place = () => (role === "spectator" ? undefined : storage === undefined ? globalThis.sessionStorage : storage);
	return {
		load(): Seat | undefined {
			try {
				return JSON.parse(place()!.getItem(key)!);
			} catch {
				return undefined;
			}
		},

		save(seat: Seat): void {
			try {
				place()!.setItem(key, JSON.stringify(seat));
			} catch {
				// See above.
			}
		},
	};
}
