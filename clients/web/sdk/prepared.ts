// The connection that is made beside the one that the client has: to where the room will move, or where it was found.

import { Fault, lost, Status } from "./errors.ts";
import type { Link } from "./link.ts";
import { Is, Kind, type Moved } from "./messages.ts";
import type { Place } from "./plan.ts";

const enum Wait {
	/** How long the old connection stays open after the first frame on the prepared one, in milliseconds. */
	changeover = 100,
	/** How long a prepared connection is kept where the message does not say it. */
	kept = 10_000,
}

/** Makes a connection on which hello is said. */
export type Connect = (to: Place, flags?: number) => Link;

export type Prepared = ReturnType<typeof newPrepared>;

export function newPrepared(connect: Connect) {
	let expiry: ReturnType<typeof setTimeout> | undefined;
	const prepared = {
		/** The connection, and where it leads; undefined: there is none. */
		link: undefined as Link | undefined,
		to: undefined as Place | undefined,

		/** Takes a connection to a place for the prepared one. */
		keep(to: Place, made: Link): void {
			prepared.discard();
			prepared.to = to;
			prepared.link = made;
		},

		/** Closes the prepared connection. */
		discard(): void {
			prepared.take()?.end(lost("superseded"));
		},

		/** Gives the prepared connection away. */
		take(): Link | undefined {
			const { link } = prepared;
			clearTimeout(expiry);
			prepared.to = prepared.link = undefined;
			return link;
		},

		/** Opens a connection to where a prepare message on the connection old says, in place of one for another message before it. */
		prepare(to: Moved, old: Link): void {
			if (prepared.to?.url !== to.url || prepared.link!.over) {
				const made = connect(to, Is.wait);
				prepared.keep(to, made);
				made.prepared = true;
				made.early = (data) => {
					// What lets the client in begins with the welcome. The next server leads then, and the old connection has its time.
					if (new Uint8Array(data as ArrayBuffer)[0] !== Kind.welcome) return;
					clearTimeout(expiry);
					setTimeout(() => old.end(new Fault(Status.moved, "superseded", 0, to)), Wait.changeover);
				};
			}
			clearTimeout(expiry);
			expiry = setTimeout(prepared.discard, to.within || Wait.kept);
		},
	};
	return prepared;
}
