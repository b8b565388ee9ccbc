// Errors. A RingsideError is for the player: it has a code that code can rely on, a plain sentence, and what to do next.
// A Fault is what ended a connection or an attempt to make one; it stays inside the SDK.

import type { Moved } from "./messages.ts";

/** What the player can do: try the same again, enter the new room of the same id, choose another room, or load the page again. */
export type Next = "retry" | "enter" | "room" | "reload";

// The codes stay the same from version to version.
const errors = {
	/** Neither the router nor a game server answers. */
	unreachable: ["The server cannot be reached. Check the network.", "retry"],
	/** The router answers, but no WebSocket opens. */
	blocked: ["The game server cannot be reached; this network may block WebSockets.", "retry"],
	/** An HTTP status in place of a WebSocket, of what is between: a proxy that does not pass them. The detail has it. */
	upgrade: ["A proxy refuses the game's WebSocket.", "retry"],
	/** There is no server for the room at the moment. */
	busy: ["No game server is free.", "retry"],
	/** The router or the game does not let the player in; the error's reason says why. */
	refused: ["The server does not let you in.", "reload"],
	/** The room's id is not one. roomId makes one of any text. */
	room: ["The room's link is not valid.", "room"],
	/** The code of a private room is not one. */
	code: ["The room's code is not valid.", "room"],
	/** The room's options are not valid. */
	options: ["The room cannot have these options.", "room"],
	/** There is no such game. */
	game: ["The server does not have this game.", "room"],
	full: ["The room is full.", "room"],
	/** It ended by itself. Room.retry enters a new one of its id. */
	ended: ["The room has ended.", "enter"],
	/** The game failed. */
	crashed: ["The game failed in this room.", "room"],
	/** The room is gone with its servers. */
	lost: ["The room was lost with its servers.", "room"],
	/** The room that the player was in is over, and there may be a new one of its id. Room.retry enters that as a new player. */
	over: ["The room that you were in is over.", "enter"],
	/** The same player entered from elsewhere. */
	replaced: ["You are playing in another window.", "retry"],
	/** The game or an operator put the player out; the error's reason says why. */
	kicked: ["You were put out of the room.", "room"],
	/** This page is older, or newer, than the server. */
	outdated: ["This page does not fit the server.", "reload"],
	/** This client, or all of its address, sent too much. */
	rate: ["Too much was sent.", "retry"],
	/** The way back was not found in time. */
	"gave-up": ["The connection was lost.", "retry"],
	/** The server closed for a reason that this version does not know. */
	closed: ["The server closed the connection.", "retry"],
} satisfies Record<string, [what: string, next: Next]>;

const todo: Record<Next, string> = {
	retry: " Try again.",
	enter: " Enter the new one as a new player.",
	room: " Choose another room.",
	reload: " Load the page again.",
};

/** What went wrong. */
export type ErrorCode = keyof typeof errors;

/** Why a room cannot be entered or gone on with. message is a sentence for the player. */
export class RingsideError extends Error {
	/** What the player can do. */
	readonly next: Next;

	/**
	 * detail is for debugging: what the server or the network said. reason is for the player: the text of the game or operator that
	 * kicked or refused them, or ended the room.
	 */
	constructor(
		readonly code: ErrorCode,
		readonly detail = "",
		readonly reason = "",
	) {
		const [what, next] = errors[code] as [string, Next];
		super(what + todo[next]);
		this.next = next;
	}
}

/** Statuses of faults that are neither close codes nor of HTTP. */
export const enum Status {
	/** The connection broke, or the router did not answer. */
	lost,
	/** No WebSocket opened. */
	unopened,
	// Close codes that are looked at.
	version = 4005,
	schema,
	full = 4008,
	moved = 4011,
	replaced = 4015,
	over = 4022,
}

/** What a fault says to do next; see PROTOCOL.md, Close codes. */
export const enum Advice {
	stop,
	resume,
	router,
	ticket,
	follow,
}

/** Of the close codes from 4000 on: what to do next, or, where that is to stop, the player's error. */
const closes: (Advice | ErrorCode)[] = [
	"closed",
	"outdated",
	"outdated",
	Advice.resume,
	Advice.ticket,
	"outdated", // 4005
	"outdated",
	"game",
	"full",
	"rate",
	Advice.resume, // 4010
	Advice.follow,
	"ended",
	"crashed",
	Advice.ticket,
	"replaced", // 4015
	Advice.router,
	Advice.router,
	"lost",
	Advice.resume,
	"options", // 4020
	Advice.router,
	"over",
	"kicked",
	"refused", // 4024
];

/** What ended a connection, or an attempt to make one. */
export class Fault extends Error {
	/** A server or a router said why. */
	readonly spoken: boolean;
	readonly advice: Advice;
	/** The player's error for it. */
	readonly error: RingsideError;

	/**
	 * status is a close code of the protocol, an HTTP status, or a Status; retry how many milliseconds to wait at least; field what
	 * of the request a router found wrong.
	 */
	constructor(readonly status: number, message: string, readonly retry = 0, readonly moved?: Moved, field = "") {
		super(message);
		this.spoken = status > Status.unopened;
		let close: Advice | ErrorCode = Advice.resume;
		if (status > 999) close = closes[status - 4000] ?? "closed";
		else if (this.spoken && status < 500 && status !== 429 && status !== 408) close = field in errors ? (field as ErrorCode) : "refused";
		const stop = typeof close === "string";
		this.advice = stop ? Advice.stop : (close as Advice);
		const code = stop ? (close as ErrorCode) : close === Advice.ticket ? "refused" : status === 429 ? "rate" : this.spoken ? "busy" : "unreachable";
		this.error = new RingsideError(code, `${status} ${message}`, ["kicked", "refused", "ended"].includes(code) ? message : "");
	}
}

/** A connection that ended, or an attempt that failed, without a word of the server's. */
export const lost = (why: string) => new Fault(Status.lost, why);
