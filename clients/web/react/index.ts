// React hooks. React is a peer dependency.

import type { Game, JoinOptions, Outcome, Stats, Status, Tables, Values } from "../sdk/options.ts";
import type { RingsideError } from "../sdk/errors.ts";
import type { Room } from "../sdk/room.ts";

/** Options of useRoom: those of join but for game and room. */
export interface UseRoomOptions<G extends Game> extends Omit<JoinOptions<G>, "game" | "room"> {
	/** The table whose row ids are seats; by default the predicted one, or that named players. */
	players?: keyof G["tables"] & string;
	/** How often a second the component renders anew at most; 10 by default, 0 for each tick. Draw moving things with room.view. */
	renderRate?: number;
}

/** What useRoom gives. */
export interface UseRoom<G extends Game> {
	/** Tables and values as of the newest tick; undefined until the room is entered. */
	state: { tables: Tables<G>; values: Values<G>; tick: number } | undefined;
	/** The players by seat. */
	players: { seat: number; me: boolean; row: G["tables"][keyof G["tables"]] }[];
	send(input: G["input"]): number;
	status: Status;
	error: RingsideError | undefined;
	stats: Stats | undefined;
	/** Outcomes of matches that ended while the component was there, newest last. */
	outcomes: Outcome[];
	retry(): void;
	leave(): void;
	/** The room itself, for room.view and listeners. */
	room: Room<G> | undefined;
}

/** Enters a room while the component is mounted. */
export declare function useRoom<G extends Game>(game: string, room?: string, options?: UseRoomOptions<G>): UseRoom<G>;
