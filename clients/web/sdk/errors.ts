// Errors for players: each has a code that code can rely on, a plain sentence, and what to do next.

/** What went wrong. The codes stay the same from version to version. */
export type ErrorCode =
	| "unreachable" // the router does not answer
	| "blocked" // the router answers, but no WebSocket opens
	| "busy" // there is no server for the room at the moment
	| "refused" // the router does not let this player or this request in
	| "options" // the room's options are not valid
	| "game" // there is no such game
	| "full"
	| "ended"
	| "crashed"
	| "lost" // the room is gone with its servers
	| "replaced" // the same player entered from elsewhere
	| "outdated" // this page is older, or newer, than the server
	| "rate" // this client sent too much
	| "gave-up" // the way back was not found in time
	| "closed"; // the server closed for a reason that this version does not know

/** What the player can do: try the same again, choose another room, load the page again, or nothing here. */
export type Next = "retry" | "room" | "reload" | "none";

/** Why a room cannot be entered or gone on with. message is a sentence for the player. */
export class RingsideError extends Error {
	override name = "RingsideError";
	constructor(
		readonly code: ErrorCode,
		message: string,
		readonly next: Next,
		/** For a person who debugs: what the server or the network said. */
		readonly detail = "",
	) {
		super(message);
	}
}
