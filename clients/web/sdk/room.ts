import type { RingsideError } from "./errors.ts";
import type { Events, Game, JoinOptions, RoomEvents, Stats, Status, Tables, Values, View } from "./options.ts";

/** One player or spectator in one room. join makes it; it is on its way in at once. */
export interface Room<G extends Game = Game> {
	readonly status: Status;
	/** The newest trouble: why the room ended, or what keeps the client from coming (back); undefined while all is well. */
	readonly error: RingsideError | undefined;

	/** The room's id: known once the router has answered. */
	readonly id: string;
	/** The player's id. */
	readonly player: string;
	/** The player's seat, -1 for a spectator and before the first welcome. */
	readonly seat: number;
	/** The server that leads the room, and in which epoch. */
	readonly server: string;
	readonly epoch: { readonly counter: number; readonly server: string };
	/** Ticks per second; 0 before the first welcome. */
	readonly tickRate: number;
	/** The newest tick. */
	readonly tick: number;

	/** The room's state as of the newest tick; empty objects before the first. */
	readonly tables: Tables<G>;
	readonly values: Values<G>;
	readonly events: Events<G>;

	/** Resolves when the client is in the room for the first time; rejects with a RingsideError when it cannot be. */
	readonly entered: Promise<void>;

	/** Listens; what it returns ends that. */
	on<E extends keyof RoomEvents>(event: E, listener: RoomEvents[E]): () => void;
	/** The room as it should be drawn now; now is on the clock of performance.now() and never goes back. Call it once a frame. */
	view(now?: number): View<G>;
	/** The own row as predicted from all samples, not smoothed; the server's where nothing is predicted. */
	predicted(): G["tables"][keyof G["tables"]] | undefined;
	/**
	 * Gives a sample, for games that do not use the input option, and sends it at once. It returns the sample's number, 0
	 * when too many are not processed and it was not taken. While the client is coming back samples wait.
	 */
	send(input: G["input"]): number;
	/** Sends the game a message of at most 1024 bytes. False: the client is not in the room at the moment, or it is too long. */
	sendCustom(payload: Uint8Array | string): boolean;
	/** The server's clock now, in milliseconds of Unix time. */
	serverTime(): number;
	stats(): Stats;
	/** After the room has ended with an error: tries once more, from the router. */
	retry(): void;
	/** Gives the seat up and ends. */
	leave(reason?: string): void;
	/** Ends without giving the seat up: join comes back to it within 15 s. */
	close(): void;
}

/** Enters a room. */
export declare function join<G extends Game>(options: JoinOptions<G>): Room<G>;
