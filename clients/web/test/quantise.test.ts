// What games give for fields, as strange as it may be: nothing is thrown, since it is taken in timers. See STATE.md, Values.

import assert from "node:assert/strict";
import test from "node:test";
import { readField } from "../sdk/field.ts";
import { Reader } from "../sdk/reader.ts";

test("numbers that no integer is are clamped to the range", () => {
	for (const [type, lo, hi] of [
		[2, -128, 127], [3, -32768, 32767], [4, -(2 ** 31), 2 ** 31 - 1], [5, -(2n ** 63n), 2n ** 63n - 1n],
		[6, 0, 255], [7, 0, 65535], [8, 0, 2 ** 32 - 1], [9, 0n, 2n ** 64n - 1n],
	] as const) {
		const f = readField(0, "n", new Reader(Uint8Array.of(type, 0)));
		const zero = typeof lo === "bigint" ? 0n : 0;
		for (const [given, want] of [[Infinity, hi], [-Infinity, lo], [1e300, hi], [-1e300, lo], [NaN, zero], [undefined, zero], [null, zero], ["x", zero], [2.6, typeof zero === "bigint" ? 3n : 3]] as const)
			assert.equal(f.quantise(given), want, `type ${type}, ${given}`);
	}
});
