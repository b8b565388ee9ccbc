// The page's own rules agree with the server's.

import assert from "node:assert/strict";
import test from "node:test";
import { json, text } from "../test/files.ts";
import { arenaOptions, canFire, flight, noSeat, Phase, target, type Fighter, type Wall } from "./game.ts";
import type { Rows } from "../sdk/options.ts";

/** Rows as the SDK gives them. */
function rows<R>(all: R[]): Rows<R> {
	return {
		size: all.length,
		get: (id) => all[id],
		isOwn: () => false,
		forEach: (f) => all.forEach(f),
		[Symbol.iterator]: () => all.entries(),
	};
}

const walls = rows<Wall>(
	[...text("gameserver/arena/maps.go").split('"crossfire": {')[1]!.split("spawns:")[0]!.matchAll(/\{(\d+), (\d+), (\d+), (\d+)\}/g)].map((m) => {
		const [x, y, w, h] = m.slice(1).map(Number) as [number, number, number, number];
		return { x, y, w, h };
	}),
);

const fighter = (f: Partial<Fighter>): Fighter => ({ x: 100, y: 100, aim: 0, hp: 100, alive: true, shielded: false, score: 0, deaths: 0, vx: 0, vy: 0, cooldown: 0, ammo: 12, ...f });

test("the own row is predicted as alone.json says, shots and reloading too", () => {
	const { predict } = arenaOptions();
	const room: any = { tickRate: 30, tables: { walls }, values: { match: { phase: Phase.waiting } } };
	const f = fighter({});
	let shots = 0;
	for (const [i, step] of json("gameserver/arena/testdata/alone.json").entries()) {
		const { row, ...input } = step;
		const fires = input.fire && canFire(f, Phase.waiting) && !(input.reload && f.ammo! < 12 && f.cooldown! <= 1);
		const before = f.ammo!;
		predict!.step(f, { aim: 0, ...input }, room);
		assert.deepStrictEqual([f.x, f.y, f.vx, f.vy, f.cooldown, f.ammo], row, `step ${i}`);
		if (fires) {
			shots++;
			assert.equal(f.ammo, (before || 12) - 1, `step ${i} fires`);
		}
	}
	assert.ok(shots > 12, `${shots} shots`);
});

test("the dead do nothing, and nobody fires between two rounds", () => {
	const { predict } = arenaOptions();
	const room: any = { tickRate: 30, tables: { walls }, values: { match: { phase: Phase.pause } } };
	const input = { move_x: 127, move_y: 0, aim: 0, fire: true, reload: false };
	const dead = fighter({ alive: false });
	predict!.step(dead, input, room);
	assert.deepEqual(dead, fighter({ alive: false }));
	const pausing = fighter({});
	predict!.step(pausing, input, room);
	assert.equal(pausing.ammo, 12);
	assert.ok(!canFire(pausing, Phase.pause) && pausing.x > 100);
});

test("a shot flies to the first wall, and to the nearest fighter before it", () => {
	assert.equal(flight(walls, 100, 200, 0), 76, "to the block on the right");
	assert.equal(Math.round(flight(walls, 100, 200, Math.PI / 2)), 552, "to the lower wall");
	const others = rows([fighter({}), fighter({ x: 140, y: 200 }), fighter({ x: 130, y: 200, shielded: true }), fighter({ x: 120, y: 200, alive: false })]);
	assert.deepEqual(target(others, 0, 100, 200, 0, 76), { seat: 1, far: 24 });
	assert.deepEqual(target(others, 0, 100, 200, 0, 20), { seat: noSeat, far: 20 }, "not behind a wall");
	assert.deepEqual(target(others, 0, 100, 200, Math.PI, 90), { seat: noSeat, far: 90 }, "not behind the shooter");
});
