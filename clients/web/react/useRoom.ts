import { useEffect, useMemo, useReducer, useRef, useState } from "react";
import { join, type Game, type JoinOptions, type Outcome, type RingsideError, type Room, type Stats, type Status, type Tables, type Values } from "../sdk/index.ts";

/** Options of useRoom: those of join but for game and room. They are looked at when the room is entered, input each time. */
export interface UseRoomOptions<G extends Game> extends Omit<JoinOptions<G>, "game" | "room"> {
	/** How often a second the component renders at most, 10 by default. Draw what moves with room.view, not by rendering. */
	renderRate?: number;
}

/** The player. */
export interface Player {
	seat: number;
	/** The same for as long as the room lives; nothing else identifies the player. */
	alias: string;
	name: string;
	/** False while the player is away; the seat is held. */
	connected: boolean;
	/** This client's own. */
	me: boolean;
}

/** What useRoom gives. */
export interface UseRoom<G extends Game> {
	/** Tables and values as of the newest tick; undefined until the room is entered. The rows are live objects: do not keep them. */
	state: { tick: number; tables: Tables<G>; values: Values<G> } | undefined;
	/** By seat. */
	players: Player[];
	/** Gives a sample, see Room.send; 0 when it was not taken. */
	send(input: G["input"]): number;
	status: Status;
	/** A sentence for the player in its message, and what they can do in its next. */
	error: RingsideError | undefined;
	stats: Stats | undefined;
	/** Outcomes of the matches that ended while the component was there, newest last. */
	outcomes: Outcome[];
	/** Tries again after the room has ended. */
	retry(): void;
	/** Gives the seat up. Without it the seat is held for 15 s when the component goes. */
	leave(): void;
	/** The room itself, for room.view and listeners; undefined on the first render. */
	room: Room<G> | undefined;
}

/** Enters a room (by default a new one) while the component is there, and enters another one when game or room change. */
export function useRoom<G extends Game>(game: string, room?: string, options: UseRoomOptions<G> = {}): UseRoom<G> {
	const newest = useRef(options);
	const [current, setCurrent] = useState<Room<G>>();
	const [, render] = useReducer((n: number) => n + 1, 0);
	const [outcomes, setOutcomes] = useState<Outcome[]>([]);
	useEffect(() => {
		newest.current = options;
	});

	useEffect(() => {
		const { input, renderRate = 10, ...rest } = newest.current;
		const entered = join<G>({ ...rest, game, room, input: input && (() => newest.current.input?.()) });
		let timer: ReturnType<typeof setTimeout> | undefined;
		const now = () => {
			clearTimeout(timer);
			timer = undefined;
			render();
		};
		const soon = () => {
			timer ??= setTimeout(now, 1000 / renderRate);
		};
		entered.on("frame", soon);
		entered.on("status", now);
		entered.on("outcome", (o) => setOutcomes((all) => [...all, o]));
		setCurrent(entered);
		setOutcomes([]);
		return () => {
			clearTimeout(timer);
			entered.close();
		};
	}, [game, room]);

	const actions = useMemo(
		() => ({
			send: (input: G["input"]) => current?.send(input) ?? 0,
			retry: () => current?.retry(),
			leave: () => current?.leave(),
		}),
		[current],
	);
	const inside = current && current.tick > 0 ? current : undefined;
	return {
		...actions,
		state: inside && { tick: inside.tick, tables: inside.tables, values: inside.values },
		players: inside ? [...inside.tables.seats].map(([seat, row]) => ({ seat, ...row, me: seat === inside.seat })) : [],
		status: current?.status ?? "connecting",
		error: current?.error,
		stats: current?.stats(),
		outcomes,
		room: current,
	};
}
