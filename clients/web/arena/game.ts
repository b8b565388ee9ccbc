// The arena as the SDK sees it: the shape of its state, and how its own fighter is predicted and all are drawn. See
// gameserver/arena/state.go.

import type { Game, JoinOptions, Rows } from "../sdk/options.ts";
import { grow, move, newPace, unit, type Box } from "./move.ts";

export interface Fighter {
	x: number;
	y: number;
	aim: number;
	hp: number;
	alive: boolean;
	shielded: boolean;
	score: number;
	deaths: number;
	// The own one's:
	vx?: number;
	vy?: number;
	cooldown?: number;
	ammo?: number;
	next_life?: number;
}

export interface Wall {
	x: number;
	y: number;
	w: number;
	h: number;
}

export interface Arena extends Game {
	tables: { fighters: Fighter; walls: Wall };
	values: { match: { phase: number; ends_at: number; frag_limit: number; winner: number } };
	events: { shots: { x: number; y: number; shooter: number; hit: number } };
	input: { move_x: number; move_y: number; aim: number; fire: boolean; reload: boolean };
}

/** Options of join that every client of the arena has. */
export function arenaOptions(): Pick<JoinOptions<Arena>, "game" | "predict" | "interpolate"> {
	// The walls of a room never change, so that they are grown once.
	let known: Rows<Wall> | undefined;
	let boxes: Box[] = [];
	return {
		game: "arena",
		predict: {
			table: "fighters",
			step(row, input, { tickRate, tables }) {
				if (!row.alive) return;
				if (tables.walls !== known) {
					known = tables.walls;
					boxes = [...tables.walls].map(([, wall]) => grow(wall));
				}
				const body = { x: row.x * unit, y: row.y * unit, vx: row.vx!, vy: row.vy! };
				move(body, input.move_x, input.move_y, newPace(tickRate), boxes);
				row.x = body.x / unit;
				row.y = body.y / unit;
				row.vx = body.vx;
				row.vy = body.vy;
				row.aim = input.aim;
			},
		},
		// No fighter is faster than 28 units in a tick of the slowest room; one that is farther away is in its next life.
		interpolate: { fighters: { fields: ["x", "y", "aim"], cut: ["alive"], snap: 40 } },
	};
}
