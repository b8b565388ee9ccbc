// Asking a router for a room.

import { Fault, Status } from "./errors.ts";
import type { JoinOptions } from "./options.ts";
import type { Place } from "./plan.ts";

const askTimeout = 5000;

/** A router's answer: where the room is and the permission to enter it. */
interface Admission extends Place {
	room: string;
	player: string;
	code?: string;
}

/** Asks for the room, or, where there is none and a match is wanted, for a seat in any. What it throws is a Fault. */
export const ask = (o: JoinOptions, room: string, player: string, code: string): Promise<Admission> =>
	request(o, room, player, code).catch((e) => {
		throw e instanceof Fault ? e : new Fault(Status.lost, "router: " + e);
	});

async function request(o: JoinOptions, room: string, player: string, code: string): Promise<Admission> {
	const { router = "", game, identity, match, options, role } = o;
	const token = typeof identity === "function" ? await identity() : identity;
	const answer = await (o.fetch ?? fetch)(router.replace(/\/$/, "") + (match && !room ? "/v1/match" : "/v1/rooms"), {
		method: "POST",
		headers: token ? { Authorization: "Bearer " + token } : {}, // no others: they would cost a preflight request
		body: JSON.stringify({ game, room, code: code || undefined, private: (o.private && !room) || undefined, options, player: { id: player, name: o.player?.name }, role }),
		signal: AbortSignal.timeout(askTimeout),
	});
	const body = await answer.json().catch(() => ({})); // an error page of what is between
	if (body.url) return body;
	throw new Fault(answer.status, body.detail, 1000 * Number(answer.headers.get("Retry-After")) || 0);
}
