// The step in TypeScript agrees with the Go one on every step of the shared vectors.

import assert from "node:assert/strict";
import test from "node:test";
import { json, text } from "../test/files.ts";
import { grow, move, newPace } from "./move.ts";

type Quad = [x: number, y: number, vx: number, vy: number];
const vectors: { tick_rate: number; map: string; from: Quad; moves: [number, number][]; steps: Quad[] }[] =
	json("gameserver/arena/testdata/move.json");

/** The walls of a map, as maps.go draws it. */
function walls(map: string) {
	const plan = text("gameserver/arena/maps.go").split(`"${map}": {`)[1]!.split("spawns:")[0]!;
	return [...plan.matchAll(/\{(\d+), (\d+), (\d+), (\d+)\}/g)].map((m) => {
		const [x, y, w, h] = m.slice(1).map(Number) as Quad;
		return { x, y, w, h };
	});
}

test("every step of move.json", () => {
	let steps = 0;
	for (const v of vectors) {
		const boxes = walls(v.map).map(grow);
		assert.ok(boxes.length >= 9, `${boxes.length} walls in ${v.map}`);
		const [x, y, vx, vy] = v.from;
		const b = { x, y, vx, vy };
		v.moves.forEach(([moveX, moveY], i) => {
			move(b, moveX, moveY, newPace(v.tick_rate), boxes);
			assert.deepStrictEqual([b.x, b.y, b.vx, b.vy], v.steps[i], `${v.map} at ${v.tick_rate}, step ${i}`);
			steps++;
		});
	}
	assert.equal(steps, 2 * 4 * 4 * 60);
});

test("the pace is that of Go", () => assert.deepStrictEqual(newPace(30), { max: 149, start: 32, stop: 42 }));
