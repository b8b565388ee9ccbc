import assert from "node:assert/strict";
import test from "node:test";
import { along, bendOf, duration } from "./travel.ts";

test("a way begins and ends where it should, and takes longer when it is longer", () => {
	const from = { x: 10, y: 20 }, to = { x: 400, y: 90 };
	for (const bend of [0, 0.3, bendOf("a"), bendOf("some-room")]) {
		assert.deepEqual(along(from, to, 0, bend), from);
		const end = along(from, to, 1, bend);
		assert.ok(Math.hypot(end.x - to.x, end.y - to.y) < 1e-9);
	}
	assert.ok(duration(from, to) > duration(from, { x: 20, y: 20 }));
	for (let i = 0; i < 100; i++) {
		const bend = Math.abs(bendOf(`room-${i}`));
		assert.ok(bend >= 0.08 && bend <= 0.3, `bend ${bend}`);
	}
});
