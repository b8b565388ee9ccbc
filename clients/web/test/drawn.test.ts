// A table between ticks.

import assert from "node:assert/strict";
import test from "node:test";
import { newDrawn } from "../sdk/drawn.ts";
import type { Interpolation } from "../sdk/options.ts";
import { Reader } from "../sdk/reader.ts";
import { readSchema } from "../sdk/schema.ts";
import { newStore } from "../sdk/store.ts";
import { openPart, schema } from "./server.ts";

type Dot = [x: number, a: number, alive: number];

/** A table of dots that is drawn, and what tells it of a tick: dots by id, x in hundredths, a in 256ths of a turn. */
function drawn(how?: Interpolation<any> | false) {
	const store = newStore(readSchema(new Reader(schema)));
	const d = newDrawn(store.named.dots!, how);
	const tick = (n: number, dots: Record<number, Dot>) => {
		store.apply(n, 0, true, openPart(dots));
		d.record(n);
	};
	/** x of a row at a moment. */
	const x = (at: number, id = 0) => (d.draw(at), d.look.get(id)?.x as number | undefined);
	return { d, store, tick, x };
}

const near = (a: number | undefined, b: number) => assert.ok(a !== undefined && Math.abs(a - b) < 1e-4, `${a}, not ${b}`);

test("a row glides from tick to tick, also over ticks that were missed", () => {
	const { tick, x } = drawn();
	tick(1, { 0: [100, 0, 1] });
	tick(2, { 0: [200, 0, 1] });
	tick(6, { 0: [600, 0, 1] });
	near(x(1), 1);
	near(x(1.25), 1.25);
	near(x(2), 2);
	near(x(3), 3);
	near(x(5.5), 5.5);
	near(x(6), 6);
	near(x(0.5), 1); // before all that is known
	near(x(9), 6); // and behind it
});

test("an angle turns the short way", () => {
	const { d, tick } = drawn();
	tick(1, { 0: [0, 250, 1] });
	tick(2, { 0: [0, 6, 1] });
	d.draw(1.5);
	const turn = 2 * Math.PI;
	near(((d.look.get(0)!.a % turn) + turn) % turn, 0);
});

test("other fields are as of the tick before", () => {
	const { d, tick } = drawn();
	tick(1, { 0: [0, 0, 1] });
	tick(2, { 0: [0, 0, 0] });
	d.draw(1.9);
	assert.equal(d.look.get(0)!.alive, true);
	d.draw(2);
	assert.equal(d.look.get(0)!.alive, false);
});

test("a row that was put elsewhere is not smeared", () => {
	for (const [how, alive] of [[{ snap: 5 }, 1], [{ cut: ["alive"] }, 0]] as const) {
		const { tick, x } = drawn(how as Interpolation<any>);
		tick(1, { 0: [0, 0, 1] });
		tick(2, { 0: [9000, 0, alive] });
		near(x(1.9), 0);
		near(x(2), 90);
	}
	const { tick, x } = drawn({ snap: 5 });
	tick(1, { 0: [0, 0, 1] });
	tick(2, { 0: [400, 0, 1] });
	near(x(1.5), 2);
	tick(6, { 0: [2000, 0, 1] });
	near(x(4), 12); // the same speed over missed ticks
});

test("rows come and go at their moments, and a new one is another object", () => {
	const { d, tick, x } = drawn();
	tick(1, { 0: [0, 0, 1] });
	tick(2, { 0: [0, 0, 1], 3: [700, 0, 1] });
	tick(3, { 3: [800, 0, 1] });
	assert.equal(x(1.9, 3), undefined);
	near(x(2.5, 3), 7.5);
	near(x(2.5, 0), 0);
	assert.equal(d.look.size, 2);
	const row = d.look.get(3);
	d.draw(3);
	assert.equal(d.look.get(0), undefined);
	assert.equal(d.look.get(3), row);
	assert.deepEqual([...d.look].map(([id]) => id), [3]);
	tick(4, {});
	tick(5, { 3: [100, 0, 1] });
	near(x(4.5, 3) ?? -1, -1);
	near(x(5, 3), 1);
	assert.notEqual(d.look.get(3), row);
});

test("a tick that is played again replaces the one before, and later ones stay until then", () => {
	const { tick, x } = drawn();
	for (const n of [1, 2, 3, 4]) tick(n, { 0: [n * 100, 0, 1] });
	tick(3, { 0: [350, 0, 1] });
	near(x(3), 3.5);
	near(x(4), 4);
	tick(4, { 0: [450, 0, 1] });
	near(x(4), 4.5);
});

test("fields can be chosen, or none", () => {
	const { d, tick, x } = drawn({ fields: ["a"] });
	tick(1, { 0: [0, 0, 1] });
	tick(2, { 0: [100, 64, 1] });
	near(x(1.5), 0);
	near(d.look.get(0)!.a, Math.PI / 4);
	const none = drawn(false);
	none.tick(1, { 0: [0, 0, 1] });
	none.tick(2, { 0: [100, 64, 1] });
	near(none.x(1.5), 0);
	assert.throws(() => drawn({ fields: ["nothing"] }), /nothing/);
	assert.throws(() => drawn({ cut: ["nothing"] }), /nothing/);
});

test("memory is bounded: the oldest of 64 ticks is used again", () => {
	const { tick, x } = drawn();
	for (let n = 1; n <= 500; n++) tick(n, { 0: [n, 0, 1] });
	near(x(470.5), 4.705);
	near(x(2), 4.37);
});
