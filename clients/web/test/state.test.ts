// The golden stream of proto/state/testdata: frames give rows and hashes, samples give bytes.

import assert from "node:assert/strict";
import test from "node:test";
import { Malformed, Reader } from "../sdk/reader.ts";
import { newSamples } from "../sdk/samples.ts";
import { readSchema } from "../sdk/schema.ts";
import { newStore, Part, type Store } from "../sdk/store.ts";
import { Writer } from "../sdk/writer.ts";
import { bytes, hex, json } from "./files.ts";

const golden: {
	schema: string;
	tables: { name: string; kind: number; part: number; max: number; fields: { name: string; part: number; linear?: boolean; count?: number }[] }[];
	input: { name: string }[];
	frames: { tick: number; why: string; full: boolean; public: string; own: string; hash: number; rows: object }[];
	samples: { bytes: string; values: Record<string, unknown>[] };
} = json("proto/state/testdata/stream.json");

const schema = () => readSchema(new Reader(bytes(golden.schema)));

/** All rows as stream.json has them: big integers as strings, private fields of others left out. */
function rows(s: Store): object {
	const all: Record<string, Record<string, object>> = {};
	const plain = (v: unknown): unknown => (Array.isArray(v) ? v.map(plain) : typeof v === "bigint" ? String(v) : v);
	for (const t of s.all) {
		const table: Record<string, object> = (all[t.schema.name] = {});
		t.look.forEach((row, id) => {
			const seen = Object.entries(row).filter(([, v]) => v !== undefined);
			table[id] = Object.fromEntries(seen.map(([k, v]) => [k, plain(v)]));
		});
	}
	return all;
}

function apply(s: Store, f: (typeof golden.frames)[number]): void {
	s.apply(f.tick, Part.open, f.full, bytes(f.public));
	s.apply(f.tick, Part.own, f.full, bytes(f.own));
}

test("the schema says what stream.json says", () => {
	const s = schema();
	const got = s.tables.map((t) => ({
		name: t.name, kind: t.kind, part: t.owned ? 1 : 0, max: t.max,
		fields: t.fields.map((f) => ({ name: f.name, part: f.part, linear: f.linear, count: f.count })),
	}));
	const want = golden.tables.map(({ fields, ...t }) => ({
		...t, fields: fields.map((f) => ({ name: f.name, part: f.part, linear: f.linear ?? false, count: f.count ?? 0 })),
	}));
	assert.deepEqual(got, want);
	assert.deepEqual(s.input.map((f) => f.name), golden.input.map((f) => f.name));
});

test("the stream gives its rows and hashes", async (t) => {
	const s = newStore(schema());
	for (const f of golden.frames) {
		await t.test(`tick ${f.tick}: ${f.why}`, () => {
			apply(s, f);
			assert.equal(s.tick, f.tick);
			assert.deepEqual(rows(s), f.rows);
			assert.equal(s.hash(), f.hash);
		});
	}
});

test("a client that enters at any keyframe goes on as the others", () => {
	let entered = 0;
	golden.frames.forEach((f, i) => {
		if (!f.full) return;
		entered++;
		const s = newStore(schema());
		for (const g of golden.frames.slice(i)) {
			apply(s, g);
			assert.equal(s.hash(), g.hash);
			assert.deepEqual(rows(s), g.rows);
		}
	});
	assert.ok(entered >= 2);
});

test("rows that live on stay the same objects, also over a keyframe", () => {
	const s = newStore(schema());
	apply(s, golden.frames[0]!);
	const row = s.tables.movers!.get(0);
	apply(s, golden.frames[1]!);
	assert.equal(s.tables.movers!.get(0), row);
	apply(s, golden.frames[0]!);
	assert.equal(s.tables.movers!.get(0), row);
});

test("an array is replaced when an element changes, and stays the same object when none does", () => {
	const s = newStore(schema());
	const entered = golden.frames.findLastIndex((f) => f.full);
	apply(s, golden.frames[entered]!);
	const before = { ...s.tables.grids!.get(2)! };
	apply(s, golden.frames[entered + 1]!);
	apply(s, golden.frames[entered]!); // a keyframe, of the same arrays
	assert.equal(s.tables.grids!.get(2)!.cells, before.cells);
	for (const f of golden.frames.slice(entered + 1)) apply(s, f);
	const after = s.tables.grids!.get(2)!;
	assert.notEqual(after.cells, before.cells);
	assert.deepEqual([before.cells[1], after.cells[1]], [9, 5]);
	assert.throws(() => (after.cells[1] = 0), TypeError, "it is the SDK's");
});

test("every shorter prefix of a body is refused", () => {
	let tried = 0;
	golden.frames.forEach((f, i) => {
		for (const part of ["public", "own"] as const) {
			const whole = bytes(f[part]);
			for (let n = 0; n < whole.length; n++) {
				const s = newStore(schema());
				const cut = { ...f, [part]: hex(whole.subarray(0, n)) };
				for (const g of golden.frames.slice(0, i)) apply(s, g);
				assert.throws(() => apply(s, cut), Malformed, `${part} of tick ${f.tick}, ${n} bytes`);
				tried++;
			}
		}
	});
	assert.ok(tried > 200, `${tried}`);
	const whole = bytes(golden.schema);
	for (let n = 0; n < whole.length; n++) assert.throws(() => readSchema(new Reader(whole.subarray(0, n))), Malformed);
});

test("changed bytes are refused or applied, and never harm a store for its next keyframe", () => {
	let refused = 0;
	let applied = 0;
	let seed = 1;
	const random = (n: number) => (seed = (seed * 48271) % 0x7fffffff) % n;
	for (let round = 0; round < 3000; round++) {
		const s = newStore(schema());
		const last = random(golden.frames.length);
		for (const g of golden.frames.slice(0, last)) apply(s, g);
		const f = { ...golden.frames[last]! };
		const part = random(3) ? "public" : "own";
		const b = bytes(f[part]);
		for (let k = 1 + random(3); k > 0 && b.length > 0; k--) b[random(b.length)] = random(256);
		f[part] = hex(b);
		try {
			apply(s, f);
			applied++;
		} catch (e) {
			assert.ok(e instanceof Malformed, String(e));
			refused++;
		}
		const key = golden.frames.find((g) => g.full)!;
		apply(s, key);
		assert.equal(s.hash(), key.hash);
	}
	assert.ok(refused > 500 && applied > 100, `refused ${refused}, applied ${applied}`);
});

test("samples give their bytes", () => {
	const c = newSamples(schema().input);
	const w = new Writer();
	let base = {};
	for (const v of golden.samples.values) {
		const sample = { ...v, big: BigInt(v.big as string) };
		c.write(w, base, sample);
		assert.deepEqual(c.seen(sample), sample, "quantising twice changes nothing");
		base = sample;
	}
	assert.equal(hex(w.bytes), golden.samples.bytes);
});

test("values out of range are brought into it", () => {
	const c = newSamples(schema().input);
	const clamped = c.seen({ move_x: 7, move_y: NaN, slot: 99, aim: -0.001, far: -3, raw: NaN, word: "aé𝄞\ud800", big: 1n << 70n });
	assert.equal(clamped.move_x, 1);
	assert.equal(clamped.move_y, -1);
	assert.equal(clamped.slot, 8);
	assert.ok((clamped.aim as number) >= 0 && (clamped.aim as number) < 2 * Math.PI);
	assert.equal(clamped.far, 0);
	assert.equal(clamped.raw, 0);
	assert.equal(clamped.word, "aé");
	assert.equal(clamped.big, (1n << 63n) - 1n);
});

test("values of other types, as a field's before the schema changed, are taken for the nearest", () => {
	const c = newSamples(schema().input);
	const { move_x, slot, raw, word, big } = c.seen({ move_x: 1n, slot: "no number", raw: 1n << 40n, word: 12, big: 2.6 });
	assert.deepEqual([move_x, slot, raw, word, big], [1, 0, 2 ** 40, "12", 3n]);
	for (const v of [NaN, "no number", undefined, false]) assert.equal(c.seen({ big: v }).big, 0n);
});
