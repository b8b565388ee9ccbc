// What `ringside types` writes holds the SDK's calls: this file is checked by tsc and never run. arena.ts is written by
// go test ./deploy/internal/declare -update.

import { join } from "../../sdk/index.ts";
import { fingerprint, game, type Arena } from "./arena.ts";

const room = join<Arena>({
	game,
	fingerprint,
	input: () => ({ move_x: 0, move_y: 0, aim: 0, fire: false, reload: false }),
	predict: {
		table: "fighters",
		step(fighter, input, context) {
			fighter.x += input.move_x / context.tickRate;
			context.values.match.phase.toFixed();
			// @ts-expect-error a field that there is not
			fighter.z = 0;
			// @ts-expect-error an input that there is not
			input.jump;
		},
		smooth: ["x", "y"],
	},
	interpolate: { fighters: { fields: ["x", "y"], cut: ["alive"] }, walls: false },
});

// @ts-expect-error a table that there is not
join<Arena>({ game, predict: { table: "fighter", step() {} } });
// @ts-expect-error a field that there is not
join<Arena>({ game, interpolate: { fighters: { fields: ["z"] } } });
// @ts-expect-error a table that there is not
join<Arena>({ game, interpolate: { wall: false } });

room.send({ move_x: 1, move_y: 0, aim: 0, fire: true, reload: false });
// @ts-expect-error a field is missing
room.send({ move_x: 1 });
// @ts-expect-error a name that there is not
room.send({ move_x: 1, move_y: 0, aim: 0, fire: true, reload: false, jump: true });

// A game with an array, as ringside types writes it.
interface Boards {
	tables: { boards: { x: number; cells: readonly number[]; items?: readonly bigint[] } };
	values: {};
	events: {};
	input: {};
}
const boards = join<Boards>({ game: "boards", interpolate: { boards: { fields: ["x"], cut: ["cells"] } } });
// @ts-expect-error an array does not glide
join<Boards>({ game: "boards", interpolate: { boards: { fields: ["cells"] } } });
boards.tables.boards.get(0)?.cells[8]?.toFixed();
// @ts-expect-error elements are the SDK's
boards.tables.boards.get(0)!.cells[0] = 1;

room.tables.fighters.get(0)?.hp.toFixed();
room.tables.seats.get(0)?.name.trim();
room.values.room.match.toFixed();
// @ts-expect-error a table that there is not
room.tables.fighter;
// @ts-expect-error an event that there is not
room.events.shot;
// @ts-expect-error only the owner sees it, so it may be undefined
room.tables.fighters.get(0)?.ammo.toFixed();

room.tables.fighters.forEach((fighter) => {
	// @ts-expect-error rows are the SDK's
	fighter.x = 1;
});
for (const [, wall] of room.tables.walls) {
	// @ts-expect-error rows are the SDK's
	wall.x = 1;
}
// @ts-expect-error values are the SDK's
room.values.match.phase = 1;
room.view()?.events.shots.forEach((shot) => {
	shot.hit.toFixed();
	// @ts-expect-error events are the SDK's
	shot.hit = 1;
});
