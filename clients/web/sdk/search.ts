// The search for a suspended room at other servers, beside the connection that the client has. See PROTOCOL.md, Coming back.

import { lost } from "./errors.ts";
import type { Link } from "./link.ts";
import { Is, Kind, readMoved, readWelcome, type Moved } from "./messages.ts";
import type { JoinOptions } from "./options.ts";
import type { Place } from "./plan.ts";
import type { Connect, Prepared } from "./prepared.ts";
import { Reader } from "./reader.ts";
import { ask } from "./router.ts";
import type { Session } from "./session.ts";

const enum Search {
	/** How long the client stays with a suspended room before it looks for it elsewhere too; how often, and the limit for one place; milliseconds. */
	after = 3000,
	interval = 2000,
	/** Places that one round may try: those of a welcome and 8 moved messages. */
	places = 14,
}

export const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

export function newSearch(options: JoinOptions, session: Session, connect: Connect, prepared: Prepared) {
	let searching: object | undefined; // the running search
	let probed: Link | undefined; // the connection to the place that it tries

	/** Looks for the room in rounds, one place after the other, until another search replaces this one or it is ended. */
	const search = async (old: Link) => {
		const mine = (searching = {});
		const { fallbacks, server } = session.welcome!;
		for (let wait: number = Search.after; ; ) {
			await sleep(wait);
			const begin = performance.now();
			const tried = [old.url];
			const queue: (Place | undefined)[] = [...fallbacks.map((url) => ({ url })), undefined];
			while (queue.length && searching === mine) {
				const to = queue.shift() ?? (await Promise.race([ask(options, session).catch(() => {}), sleep(Search.interval)]));
				if (!to || tried.includes(to.url) || searching !== mine) continue;
				tried.push(to.url);
				const moved = await probe(to, old);
				if (moved && moved.server !== server && tried.length < Search.places) queue.unshift(moved);
			}
			if (searching !== mine) return;
			wait = Search.interval - (performance.now() - begin);
		}
	};

	/** Says hello at a place beside the connection old, which ends if the room is led there; else gives where that place leads. */
	const probe = async (to: Place, old: Link) => {
		const link = connect(to, Is.elsewhere);
		let moved: Moved | undefined;
		let found = false;
		const end = () => link.end(lost("no answer"));
		const timer = setTimeout(end, Search.interval);
		const arrived = new Promise<void>((resolve) => (link.arrived = resolve));
		probed = link;
		link.early = (data) => {
			try {
				for (const [kind, body] of new Reader(new Uint8Array(data as ArrayBuffer)).records()) {
					if (kind === Kind.moved) moved = readMoved(body);
					else if (kind !== Kind.welcome) continue;
					else if (readWelcome(body).epoch.instance === session.instance) {
						prepared.keep(to, link);
						found = true;
						return link.arrived();
					} else session.violate("instance-changed", to.url);
					return end();
				}
			} catch {
				end();
			}
		};
		await Promise.race([arrived, link.ended]);
		clearTimeout(timer);
		if (found) old.end(lost("superseded"));
		probed = undefined;
		return moved;
	};

	/** Begins a search when the room is suspended, and ends it when it resumes or there is no connection; link is the client's. */
	return (link?: Link): void => {
		if (!link || !session.suspended) {
			searching = undefined;
			probed?.end(lost("superseded"));
		} else if (!searching) void search(link);
	};
}
