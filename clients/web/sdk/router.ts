// Asking a router for a room.

import { Fault, lost, Status } from "./errors.ts";
import { playerName } from "./name.ts";
import type { JoinOptions } from "./options.ts";
import type { Place } from "./plan.ts";

const askTimeout = 5000;

/** A router's answer: where the room is and the permission to enter it. */
interface Admission extends Place {
	room: string;
	/** The secret of a guest that the router has made. */
	guest?: string;
	/** The code of a private room. */
	code?: string;
}

/** What is known of the player's way in: the room's id, the guest's secret, a private room's code; empty where it is not known. */
interface Known {
	room: string;
	guest: string;
	code: string;
}

/** Asks for the room, or, where there is none and a match is wanted, for a seat in any. What it throws is a Fault. */
export async function ask(o: JoinOptions, { room, guest, code }: Known): Promise<Admission> {
	try {
		const { router = "", game, identity, match, options, role } = o;
		const token = typeof identity === "function" ? await identity() : identity;
		const answer = await (o.fetch ?? fetch)(router.replace(/\/$/, "") + (match && !room ? "/v1/match" : "/v1/rooms"), {
			method: "POST",
			headers: token ? { Authorization: "Bearer " + token } : {}, // no others: they would cost a preflight request
			body: JSON.stringify({
				game,
				room,
				code,
				private: o.private && !room,
				options,
				player: { guest: token ? "" : guest, name: nameOf(o.player?.name) },
				role,
			}),
			signal: AbortSignal.timeout(askTimeout),
		});
		const body = await answer.json().catch(() => ({}));
		if (!body.url) throw word(answer, body);
		// It may be relative to the address that answered, as a proxy shows that.
		body.url = new URL(body.url, answer.url).href.replace(/^http/, "ws");
		return body;
	} catch (e) {
		throw fault(e);
	}
}

/** What a request failed with. */
export const fault = (e: unknown): Fault => (e instanceof Fault ? e : lost("router: " + e));

/** What an answer that is a refusal says. Only a problem document is a router's word. All else is of what is between: a captive portal, a filter, a proxy without the router. */
export const word = ({ headers, status }: Response, { detail, field }: { detail?: string; field?: string }): Fault =>
	new Fault(headers.get("Content-Type") === "application/problem+json" ? status : Status.lost, detail ?? "router: " + status, 1000 * Number(headers.get("Retry-After")) || 0, undefined, field);

/** The name as servers take it. That it is another one than the game gave is said on the console. */
function nameOf(given: string | undefined): string | undefined {
	const name = given && playerName(given);
	if (name !== given) console.warn("ringside: name sent as", name);
	return name;
}
