// What a game tells the SDK, and the types in which the SDK talks to the game.

import type { RingsideError } from "./errors.ts";

/**
 * The shape of a game, for types only: rows by table name, as the room's schema has them. Field names are the schema's
 * (snake_case). Numbers, quantised floats and angles (radians) are numbers, bools booleans, strings strings; integers
 * whose range goes beyond 2^53 are bigints. Fields that only their owner sees are undefined in the rows of others, so mark
 * them optional.
 *
 * `ringside types` writes it from the game's server.
 *
 *     interface Arena extends Game {
 *       tables: { fighters: { x: number; y: number; aim: number; hp: number; vx?: number; vy?: number } };
 *       values: { match: { phase: number; ends_at: number } };
 *       events: { shots: { x: number; y: number; shooter: number; hit: number } };
 *       input: { move_x: number; move_y: number; aim: number; fire: boolean };
 *     }
 */
export interface Game {
	tables: object;
	values: object;
	events: object;
	input: object;
}

/** A row to read; that of a game without types is any. */
export type Row<R> = 0 extends 1 & R ? any : Readonly<R>;

/**
 * A table's rows as they are now. Rows are live objects, changed in place each tick and not yours to change: copy what you want to keep. Where the
 * room comes to a server of another version of the game there are new tables with new rows: take them from the room, or its
 * view, each time.
 */
export interface Rows<R> extends Iterable<[id: number, row: Row<R>]> {
	readonly size: number;
	get(id: number): Row<R> | undefined;
	/** Whether the row is the player's own: its private fields are filled. */
	isOwn(id: number): boolean;
	/** Calls f for each row, by rising id, without allocating. */
	forEach(f: (row: Row<R>, id: number) => void): void;
}

/** A seat that is taken: its row id is the seat. */
export interface SeatRow {
	/** The player's alias, which is the same for as long as the room lives, and name. */
	alias: string;
	name: string;
	/** False while the player is away. */
	connected: boolean;
}

/** The tables of a room by name: the game's, and that of the seats, which every room has. */
export type Tables<G extends Game> = { readonly [K in keyof G["tables"]]: Rows<G["tables"][K]> } & {
	readonly seats: Rows<SeatRow>;
};
/** The single values of a room by name: the game's, and that with the number of the match that is played, from 1. */
export type Values<G extends Game> = { readonly [K in keyof G["values"]]: Readonly<G["values"][K]> } & {
	readonly room: { readonly match: number };
};
/** The events of a tick by name, in their order. Their rows are new objects and stay as they are. */
export type Events<G extends Game> = { readonly [K in keyof G["events"]]: readonly Readonly<G["events"][K]>[] };

/** Options of join. */
export interface JoinOptions<G extends Game = Game> {
	/** Base URL of the router; by default the origin that the page was loaded from. */
	router?: string;
	/** Name of the game. */
	game: string;
	/** Id of the room to enter, made when it is not there; without one a new room. */
	room?: string;
	/** Make a new room that is entered with a code only; Room.code is it. Leave room and match out. */
	private?: boolean;
	/** The code of a private room, to enter it; room may be left out. */
	code?: string;
	/** Ask for a seat in any open room of the game with these options; leave room and role out. */
	match?: boolean;
	/** Options of the room, see the game; what counts is what was asked for when the room was made. */
	options?: object;
	/**
	 * Who plays. A guest is whoever has its secret, which the router makes and the SDK keeps in storage; give guest to keep it
	 * yourself. name is shown to others: playerName says what is changed of it where servers would refuse it.
	 */
	player?: { guest?: string; name?: string };
	/** By default a player. */
	role?: "player" | "spectator";
	/** The identity token of the game's backend, where the router demands one; a function is asked each time. */
	identity?: string | (() => string | Promise<string>);
	/**
	 * Fingerprint of the schema that the page was built for: a server with another one ends with "outdated". Without it the
	 * client takes the tables that there are, also when a server of another version has others; then only a table or field
	 * that predict or interpolate name and that is not there ends with "outdated".
	 */
	fingerprint?: bigint;

	/**
	 * What the player wants now. It is called once a tick, at the moment from which the sample arrives just in time for the
	 * server's next one; undefined: nothing. While the room is suspended it is not called. A game that is not played in
	 * ticks leaves it out and calls room.send.
	 */
	input?: () => G["input"] | undefined;
	/** Shows the own player's moves before the server's answer. */
	predict?: { [K in keyof G["tables"]]: Prediction<G, K> }[keyof G["tables"]];
	/**
	 * How room.view draws tables between ticks. By default all tables of up to 256 rows with a position or an angle are
	 * interpolated in these fields; false: the table is not, and the view has its rows as of the newest tick.
	 */
	interpolate?: { [K in keyof G["tables"]]?: Interpolation<G["tables"][K]> | false };

	/** How many milliseconds to try to enter, and to come back after a loss; by default 10000 and 60000. A seat is held for 15 s. */
	giveUp?: number;
	/**
	 * Where a seat is remembered, so that a reload of the page comes back to it, and the guest's secret; by default the tab's
	 * sessionStorage and the browser's localStorage.
	 */
	storage?: SeatStorage | null;
	/** Makes connections; by default the global WebSocket. Node before 22 has none: give that of the package ws. */
	WebSocket?: WebSocketConstructor;
	/** Asks the router; by default the global fetch. */
	fetch?: typeof fetch;
}

/** How the own player is predicted. */
export interface Prediction<G extends Game, K extends keyof G["tables"]> {
	/** The table whose own row is predicted. */
	table: K;
	/**
	 * One sample's effect on the own row, which it changes in place: the same step that the server makes, from the same
	 * values. Fields are quantised as the server does after each. An array is replaced, as by row.items.with(0, 5). It is called again and again for samples that are not
	 * answered, so it must have no other effect.
	 */
	step(row: G["tables"][K], input: G["input"], room: PredictionContext<G>): void;
	/**
	 * What the hands want at this moment. It is looked at in each frame, so that the own row moves at once and evenly, not
	 * only with the next sample; like step it must have no other effect. Without it the row is drawn a little later, and less
	 * evenly.
	 */
	ahead?: () => G["input"] | undefined;
	/** Fields in which a correction is spread over some frames; by default those that are interpolated. */
	smooth?: (keyof G["tables"][K])[];
}

/** What a prediction step may look at. */
export interface PredictionContext<G extends Game> {
	readonly tickRate: number;
	readonly tables: Tables<G>;
	readonly values: Values<G>;
}

/** How a table is drawn between ticks. */
export interface Interpolation<R> {
	/** Fields that glide; the others jump. By default fixed-point and float fields, and angles, which turn the short way. */
	fields?: { [F in keyof R]-?: R[F] extends number | undefined ? F : never }[keyof R][];
	/** A field that changes by more than this in one tick has jumped, and is not smeared. By default nothing counts as a jump. */
	snap?: number;
	/** Fields whose change means that the row was put elsewhere, such as alive: nothing is smeared over that tick. */
	cut?: (keyof R)[];
}

/** What room.view gives: the room as it should be drawn now. It is the same object for as long as the tables are the same. */
export interface View<G extends Game> {
	/** The moment that is shown, in ticks and fractions; a little behind the newest tick. */
	readonly tick: number;
	/** Others as they were at that moment; the own row as it is predicted. */
	readonly tables: Tables<G>;
	/** As of the newest tick. */
	readonly values: Values<G>;
	/** Events that came due since the view before. */
	readonly events: Events<G>;
}

/** How the room is to the player. */
export type Status =
	| "connecting" // on the way in, for the first time
	| "playing"
	| "suspended" // the room does not tick until its server sees the fleet again, or the client finds the room elsewhere
	| "returning" // the connection was lost or the room moved, and the client is on its way back to its seat
	| "ended"; // left, or not to be gone on with: room.error says why

/** What listeners hear, by name; see Room.on. */
export interface RoomEvents {
	/** The status changed, or the reason for it; error is the newest trouble while there is some. */
	status(status: Status, error: RingsideError | undefined): void;
	/** A tick was applied. It may have jumped ahead after a move or a slow moment, and back by a few after a server's loss. */
	frame(tick: number): void;
	/** The client is in the room, on a new connection: the first time without a move. */
	entered(move: Move | undefined): void;
	/** A match ended. Each match's outcome is told once. */
	outcome(outcome: Outcome): void;
	/** The game sent a message. The bytes are the listener's. */
	custom(payload: Uint8Array): void;
	/** How the room is, in words for a person. Code 1 is suspended, 2 resumed. */
	notice(code: number, text: string): void;
	/** The server processed sample seq, so many milliseconds after it was given. */
	acked(seq: number, latency: number): void;
	/** A server broke the protocol. The client comes back by itself. */
	violation(kind: Violation, detail: string): void;
}

/** What a change of connection was. */
export interface Move {
	/** handoff: the room was handed to another server; failover: its server was lost; reconnect: only the connection was. */
	kind: "handoff" | "failover" | "reconnect";
	/** The next connection had been opened before. */
	prepared: boolean;
	/** The player has the seat from before. False: that one is gone, as after a long sleep, and this is a new one; or a spectator. */
	seatKept: boolean;
	from: string;
	to: string;
	/** Milliseconds from the last frame before to the first one after. */
	gap: number;
	/** Ticks that were played and not seen, and ticks that were seen and are played again; one of them is 0. */
	missed: number;
	replayed: number;
}

/** How a match ended. */
export interface Outcome {
	/** Counts the room's matches from 1. */
	match: number;
	tick: number;
	/** `seat` is 255 for a player who had left. */
	results: { seat: number; alias: string; place: number; score: number }[];
	data: Uint8Array;
}

/** Ways in which a server breaks the protocol; PROTOCOL.md says what it promises. */
export type Violation =
	| "instance-changed"
	| "tick-gap"
	| "tick-back"
	| "processed-back"
	| "processed-ahead"
	| "bad-message"
	| "bad-state"
	| "hash-mismatch"
	| "input-lost"
	| "outcome-changed";

/** Figures for a network graph. Times are milliseconds; counts are since join, over all connections. */
export interface Stats {
	/** Of the newest pong, 0 before the first; and how much it varies. */
	roundTrip: number;
	jitter: number;
	/** The server's clock minus this one, which is that of performance.now(). */
	clockOffset: number;
	/** How far the view is behind the newest frame's due time. */
	buffer: number;
	/** The longest time between two of the last 32 frames; a tick when all is well. */
	tickGap: number;
	/** How long the newest sample waited at the server, undefined when none came; and the aim. */
	slack: number | undefined;
	slackTarget: number;
	/** How far the newest correction moved the prediction, in the fields' units. */
	predictionError: number;
	/** Samples that are not processed yet. */
	unacked: number;
	bytesDown: number;
	bytesUp: number;
	messages: number;
	ticks: number;
	keyframes: number;
	checks: number;
	acked: number;
	reconnects: number;
	moves: number;
	missedTicks: number;
	replayedTicks: number;
	violations: number;
}

/** A place for short strings: localStorage and sessionStorage are such. */
export interface SeatStorage {
	getItem(key: string): string | null;
	setItem(key: string, value: string): void;
}

/** What the SDK needs of a WebSocket. */
export interface WebSocketLike {
	binaryType: string;
	readonly readyState: number;
	onopen: ((event: any) => void) | null;
	onmessage: ((event: any) => void) | null;
	onerror: ((event: any) => void) | null;
	onclose: ((event: any) => void) | null;
	send(data: Uint8Array): void;
	close(code?: number, reason?: string): void;
}

/** A WebSocket class: the browser's, that of the package ws, or one of simulate.ts. */
export type WebSocketConstructor = new (url: string, protocol: string) => WebSocketLike;
