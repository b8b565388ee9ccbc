// Where a client goes that is not in its room, see PROTOCOL.md, Coming back. It knows no clock and no socket.

import { Advice, type Fault } from "./errors.ts";

const enum Plans {
	/** The longest of the first wait, in milliseconds; it doubles with each wait. */
	backoff = 50,
	maxBackoff = 4000,
	/** How long a connection must have lasted, in milliseconds, for the waits to begin anew. */
	stable = 5000,
	/** Moved messages that are followed in a row. */
	maxHops = 8,
}

/** A room's URL, or, with an empty one, the router. ticket replaces the client's when not empty. */
export interface Place {
	url: string;
	ticket?: string;
}

const router: Place = { url: "" };

export function newPlan() {
	let round = [router];
	let queue = [router]; // what is left of the round
	let rounds: Place[][] = []; // while the client is in the room: after a word of the server's, and after a loss
	let waits = 0; // since the last connection that lasted
	let silent = 0; // attempts since the last wait, or since the client was in the room, one for that included
	let hops = 0;
	const plan = {
		/** Milliseconds before the next place. */
		wait: 0,

		/** Notes that the client is in the room at url, and where it may go when that is lost. */
		entered(url: string, fallbacks: string[], proxied: boolean): void {
			const [here, ...others] = [url, ...fallbacks].map((url) => ({ url })) as [Place];
			const near = [here, ...others, router];
			// A connection that was lost without a word most likely had its server lost, whose standby takes over as soon as
			// somebody comes. Behind a router it may not be reachable.
			rounds = [near, proxied ? near : [...others, here, router]];
			hops = 0;
		},

		/** Puts a place, by default the router, before all others, to be tried at once. */
		prefer(to = router): void {
			queue.unshift(to);
			plan.wait = 0;
		},

		/** Begins again at the router. */
		restart(): void {
			queue = [router];
		},

		/**
		 * Notes that the connection, or the attempt to make one, ended with a fault after it had been in the room for so many
		 * milliseconds; false: there is no going on.
		 */
		ended({ spoken, retry, advice, moved }: Fault, lasted: number): boolean {
			if (lasted >= Plans.stable) waits = silent = 0;
			if (rounds.length) {
				round = rounds[spoken ? 0 : 1]!;
				queue = [...round];
				rounds = [];
			}
			plan.wait = retry;
			if (moved && hops < Plans.maxHops) {
				hops++;
				plan.prefer(moved);
			} else {
				if (spoken || ++silent > round.length) {
					silent = 1;
					plan.wait = Math.max(retry, Math.random() * Math.min(Plans.maxBackoff, Plans.backoff * 2 ** waits++));
				} // else another place may answer
				if (advice > Advice.resume) {
					if (advice === Advice.follow) hops = 0;
					plan.restart();
				}
			}
			return advice !== Advice.stop;
		},

		/** Takes the next place. */
		next(): Place {
			if (!queue.length) queue = [...round];
			return queue.shift()!;
		},
	};
	return plan;
}
