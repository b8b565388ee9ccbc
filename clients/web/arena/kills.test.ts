import assert from "node:assert/strict";
import test from "node:test";
import { noSeat } from "./game.ts";
import { Kills } from "./kills.ts";

/** A room as far as it is looked at. */
function room(hp: Record<number, number>, shots: [shooter: number, hit: number][] = []): any {
	const fighters = new Map(Object.entries(hp).map(([seat, hp]) => [Number(seat), { hp }]));
	return { tables: { fighters: { forEach: (f: any) => fighters.forEach(f), get: (seat: number) => fighters.get(seat) } }, events: { shots: shots.map(([shooter, hit]) => ({ shooter, hit })) } };
}

test("a fighter that loses its last health in a tick was killed by the tick's last shot at it", () => {
	const told: [number, number][] = [];
	const kills = new Kills((victim, by) => told.push([victim, by]));
	kills.look(room({ 0: 100, 1: 25, 2: 50 }));
	kills.look(room({ 0: 75, 1: 0, 2: 0 }, [[2, 0], [0, 2], [2, 1], [1, 2]]));
	assert.deepEqual(told.splice(0), [[1, 2], [2, 1]]);
	kills.look(room({ 0: 75, 1: 0, 2: 0 }, [[0, noSeat]]));
	assert.deepEqual(told, [], "once");
	kills.look(room({ 0: 75, 1: 100, 2: 100 }));
	kills.look(room({ 0: 75, 2: 0 }));
	assert.deepEqual(told, [[2, noSeat]], "and by nobody where the shot was not seen; who left was not killed");
});
