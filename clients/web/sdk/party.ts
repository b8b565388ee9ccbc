// Parties: players who get seats in the same room of quick match. Not part of the SDK's own bundle.

import { asking } from "./asking.ts";
import type { Game, JoinOptions } from "./options.ts";

/** How a player belongs to a party: the first says how many they are, and each of the others shows the invitation. */
export type PartyWish = { size: number } | { token: string };

/** What brings the others into the same room. */
export interface Invitation {
	/** For a link, behind its #: anyone with the token belongs to the party. */
	token: string;
	size: number;
	/** The others' seats are kept until then; later they enter if there are seats. A time as JSON has it. */
	until: string;
}

export interface PartyOptions<G extends Game> {
	/** For join. */
	options: JoinOptions<G>;
	/** What the router said, once the room was entered. */
	invitation: Invitation | undefined;
}

/**
 * Makes options of join those of a party's player. The first leaves room out: it is the one that is found. The others may name
 * the room that their link has.
 *
 *     const party = partyOptions(options, { size: 2 });
 *     const room = join(party.options);
 *     await room.entered;
 *     link(room.id, party.invitation!.token);
 */
export function partyOptions<G extends Game>(options: JoinOptions<G>, wish: PartyWish): PartyOptions<G> {
	const get = options.fetch ?? fetch;
	const party: PartyOptions<G> = { options: { ...options, match: !options.room, fetch: ask }, invitation: undefined };
	const belonging = asking(get, (match) => {
		const { token, until } = party.invitation ?? { token: "token" in wish ? wish.token : undefined, until: undefined };
		// A repeated request for the match sends the invitation, for as long as it keeps a seat.
		const again = token && (!until || Date.now() < Date.parse(until)) ? { token } : undefined;
		return { party: match ? wish : again };
	});
	async function ask(to: RequestInfo | URL, init?: RequestInit): Promise<Response> {
		const answer = await belonging(to, init);
		if (init?.method !== "POST") return answer;
		const said = await answer.clone().json().catch(() => undefined);
		if (said?.party) party.invitation = said.party;
		return answer;
	}
	return party;
}
