// The rows of one table as the server has them: held values for decoding, and the objects that the game sees.

import type { Field, Held } from "./field.ts";
import { readSet, refuse, type Reader } from "./reader.ts";
import { newLook, type Fields } from "./rows.ts";
import { TableKind, type Group, type TableSchema } from "./schema.ts";
import type { Writer } from "./writer.ts";

/** One row. */
export interface Row {
	/** The player owns it. */
	own: boolean;
	/** Held values, and last displacements once they are read, by field. */
	q: Held[];
	d: number[];
	/** All rows have the same fields in the same order; those of others' private parts are undefined. */
	seen: Fields;
}

export type Table = ReturnType<typeof newTable>;

export function newTable(schema: TableSchema) {
	const { kind, owned, max, fields, groups } = schema;
	const rows: (Row | undefined)[] = [];

	const put = (id: number): Row => {
		const q = fields.map((f) => f.quantise());
		const seen = Object.fromEntries(fields.map((f, i) => [f.name, f.part ? undefined : f.value(q[i])]));
		return (rows[id] = { own: false, q, d: [], seen });
	};

	const set = (row: Row, f: Field, q: Held) => {
		// An array that did not change stays the same object.
		if (f.count && row.seen[f.name] && row.q[f.index].every((e: Held, i: number) => e === q[i])) return;
		row.q[f.index] = q;
		row.seen[f.name] = f.value(q);
	};

	const readOne = (r: Reader, row: Row, f: Field) => {
		set(row, f, f.read(r));
		row.d[f.index] = 0;
	};

	/** Reads all values of a part; in a keyframe displacements follow. */
	const readFull = (r: Reader, row: Row, g: Group, keyframe?: boolean) => {
		for (const f of g.fields) readOne(r, row, f);
		for (const f of keyframe ? g.linear : []) {
			row.d[f.index] = Number(r.varint());
			f.check(row.q[f.index] - row.d[f.index]!);
		}
	};

	const shift = (row: Row, f: Field, residual: number) => {
		set(row, f, f.check(row.q[f.index] + residual));
		row.d[f.index]! += residual;
	};

	/** Reads the units that a mask names. */
	const readChange = (r: Reader, row: Row, g: Group, mask: bigint) => {
		for (const { at, a, b } of g.units) {
			const code = Number(mask >> at) & (a.linear ? 3 : 1);
			if (!code) continue;
			if (!a.linear) {
				set(row, a, a.readChange(r, row.q[a.index]));
			} else if (code > 2) {
				readOne(r, row, a);
				if (b) readOne(r, row, b);
			} else if (b) {
				const x = r.u8();
				shift(row, a, code < 2 ? (x << 28) >> 28 : (x << 24) >> 24);
				shift(row, b, code < 2 ? (x << 24) >> 28 : (r.u8() << 24) >> 24);
			} else {
				shift(row, a, code < 2 ? (r.u8() << 24) >> 24 : (r.fixed(2) << 16) >> 16);
			}
		}
	};

	/** Makes the private part one's own, and zero until it is read, or no longer one's own. */
	const setOwn = (row: Row, own: boolean) => {
		if (own === row.own) return;
		row.own = own;
		for (const f of groups[1].fields) {
			set(row, f, f.quantise());
			row.d[f.index] = 0;
			if (!own) row.seen[f.name] = undefined;
		}
	};

	/** The row that a record in full is about. A public row must be there before it can be one's own. */
	const claim = (id: number, part: number, fresh: boolean): Row => {
		const inner = part > 0 && !owned;
		let row = rows[id];
		refuse(inner && !row);
		if (!row || (fresh && !inner)) row = put(id);
		if (part) setOwn(row, true);
		return row;
	};

	if (kind === TableKind.value) put(0);
	return {
		schema,
		rows,
		/** As the game sees the rows. */
		look: newLook(rows),

		/** Moves a part of all rows on by a tick, linear fields along their lines; or ends the events of the one before. */
		advance(part: number): void {
			if (kind === TableKind.events) rows.length = 0;
			for (const f of groups[part]!.linear) {
				for (const row of rows) {
					const d = row?.d[f.index];
					if (!d) continue;
					const was = row.q[f.index];
					set(row, f, f.clamp(was + d));
					row.d[f.index] = row.q[f.index] - was;
				}
			}
		},

		/** Reads what a delta says of a part. */
		readDelta(r: Reader, part: number): void {
			const g = groups[part]!;
			if (kind === TableKind.events) {
				const n = r.uvarint(max);
				refuse(!n);
				for (let i = 0; i < n; i++) readFull(r, claim(i, part, true), g);
				return;
			}
			const ids = kind ? [0] : readSet(r, max);
			refuse(!ids.length);
			for (const id of ids) {
				const mask = r.word();
				const row = rows[id];
				// Mask 1 says that the row is new, mask 3 that it is gone.
				if (mask === 1n && !kind) {
					readFull(r, claim(id, part, true), g);
					continue;
				}
				refuse(!row || (part > 0 && !row.own));
				if (mask === 3n && !kind) {
					setOwn(row!, false);
					if (!part || owned) rows[id] = undefined;
				} else {
					refuse((mask & 1n) > 0n || !mask || mask >> g.bits > 0n);
					readChange(r, row!, g, mask);
				}
			}
		},

		/** Reads a keyframe's part. Rows that live and lived stay the same objects. */
		readKeyframe(r: Reader, part: number): void {
			if (kind === TableKind.events) {
				rows.length = 0;
				return;
			}
			const ids = kind ? [0] : readSet(r, max);
			const listed = new Set(ids);
			rows.forEach((row, id) => {
				if (part && listed.has(id)) return;
				if (row) setOwn(row, false);
				if ((!part || owned) && !listed.has(id)) rows[id] = undefined;
			});
			for (const id of ids) readFull(r, claim(id, part, false), groups[part]!, true);
		},

		/** Writes the public keyframe's part, for its hash. */
		write(w: Writer): void {
			if (kind === TableKind.events) return;
			const ids = [...rows.keys()].filter((id) => rows[id]);
			if (kind === TableKind.value) {
				// It has no row set.
			} else if (max > 64) {
				w.uvarint(ids.length);
				ids.forEach((id, i) => w.uvarint(id - (i && ids[i - 1]! + 1)));
			} else {
				w.set(ids);
			}
			for (const id of ids) {
				for (const f of groups[0].fields) f.write(w, rows[id]!.q[f.index]);
				for (const f of groups[0].linear) w.varint(rows[id]!.d[f.index]!);
			}
		},
	};
}
