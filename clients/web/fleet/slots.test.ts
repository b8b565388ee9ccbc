import assert from "node:assert/strict";
import test from "node:test";
import { capacity, maxPitch, minPitch, pitchFor, slotPosition, Slots } from "./slots.ts";

test("a room keeps its slot while others come and go", () => {
	const s = new Slots();
	assert.deepEqual(["a", "b", "c", "b"].map((r) => s.take(r)), [0, 1, 2, 1]);
	s.release("a");
	s.release("never there");
	assert.equal(s.slotOf("c"), 2);
	assert.equal(s.take("d"), 0);
	s.release("c");
	assert.equal(s.span, 2);
	assert.equal(s.count, 2);
});

test("slots are packed when most of them are free, and not before", () => {
	const s = new Slots();
	for (let i = 0; i < 40; i++) s.take(`r${i}`);
	for (let i = 0; i < 23; i++) s.release(`r${i}`);
	assert.equal(s.pack(), false);
	s.release("r24");
	assert.equal(s.pack(), false);
	for (let i = 25; i < 39; i++) s.release(`r${i}`);
	assert.equal(s.pack(), true);
	assert.deepEqual([s.slotOf("r23"), s.slotOf("r39"), s.span], [0, 1, 2]);
});

test("every dot has a place of its own inside its field", () => {
	for (const [w, h, n] of [[300, 132, 5], [300, 132, 400], [170, 56, 2000], [2, 2, 1], [333.3, 88.8, 77]] as const) {
		const pitch = pitchFor(w, h, n);
		assert.ok(pitch >= minPitch && pitch <= maxPitch, `pitch ${pitch}`);
		const seen = new Set<string>();
		for (let i = 0; i < Math.min(n, capacity(w, h, pitch)); i++) {
			const [x, y] = slotPosition(i, w, h, pitch);
			assert.ok(w < minPitch || (x > 0 && x < w && y > 0 && y < h), `dot ${i} of ${n} at ${x}, ${y} in ${w}×${h}`);
			seen.add(`${x} ${y}`);
		}
		assert.equal(seen.size, Math.min(n, capacity(w, h, pitch)));
		if (pitch > minPitch) assert.ok(capacity(w, h, pitch) >= n);
	}
	assert.deepEqual(slotPosition(capacity(100, 50, 10), 100, 50, 10), slotPosition(0, 100, 50, 10));
});
