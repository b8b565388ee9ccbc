// The rows of one table as the server has them: held values for decoding, and the objects that the game sees.

import type { Field, Held } from "./field.ts";
import type { Rows } from "./options.ts";
import { Malformed, type Reader } from "./reader.ts";
import { EventTable, Value, type Group, type TableSchema } from "./schema.ts";
import type { Writer } from "./writer.ts";

/** A row as the game sees it: its fields by name. */
export type Fields = Record<string, any>;

const born = 1;
const gone = 3;

/** One row. Its parts are those of table.ts only. */
export class Row {
	/** The player owns it. */
	own = false;
	/** Held values and last displacements by field; of strings and big integers row has the value. */
	readonly q: Float64Array;
	readonly d: Float64Array;
	readonly seen: Fields = {};

	constructor(readonly fields: Field[]) {
		this.q = new Float64Array(fields.length);
		this.d = new Float64Array(fields.length);
		for (const f of fields) {
			// Fields of others' private parts stay undefined; all rows have the same fields in the same order.
			if (f.part === 0) this.set(f, f.quantise(undefined));
			else this.seen[f.name] = undefined;
		}
	}

	get(f: Field): Held {
		return f.big || f.isString ? this.seen[f.name] : this.q[f.index]!;
	}

	set(f: Field, v: Held): void {
		if (!f.big && !f.isString) this.q[f.index] = v as number;
		this.seen[f.name] = f.value(v);
	}

	/** Moves linear fields along their lines. */
	advance(g: Group): void {
		for (const f of g.linear) {
			const d = this.d[f.index]!;
			if (d === 0) continue;
			const was = this.q[f.index]!;
			const q = f.clamp(was + d);
			this.d[f.index] = q - was;
			this.set(f, q);
		}
	}

	readFull(r: Reader, g: Group): void {
		for (const f of g.fields) this.#readOne(r, f);
	}

	/** Reads a keyframe's record: all values, and displacements. */
	readRecord(r: Reader, g: Group): void {
		this.readFull(r, g);
		for (const f of g.linear) {
			const d = r.varint();
			f.check(this.q[f.index]! - d);
			this.d[f.index] = d;
		}
	}

	writeRecord(w: Writer, g: Group): void {
		for (const f of g.fields) f.write(w, this.get(f));
		for (const f of g.linear) w.varint(this.d[f.index]!);
	}

	/** Reads the units that a mask names: lo and hi are its halves, the life bit included. */
	readChange(r: Reader, g: Group, lo: number, hi: number): void {
		for (const u of g.units) {
			const at = u.shift + 1;
			let code = at < 32 ? lo >>> at : hi >>> (at - 32);
			if (at === 31) code |= hi << 1;
			code &= u.width === 2 ? 3 : 1;
			if (code === 0) continue;
			if (u.width === 1) {
				if (u.a.isString) this.#readOne(r, u.a);
				else this.set(u.a, u.a.readChange(r, this.get(u.a)));
			} else if (code === 3) {
				this.#readOne(r, u.a);
				if (u.b) this.#readOne(r, u.b);
			} else if (!u.b) {
				this.#shift(u.a, code === 1 ? (r.u8() << 24) >> 24 : (r.fixed(2) << 16) >> 16);
			} else {
				const x = r.u8();
				this.#shift(u.a, code === 1 ? (x << 28) >> 28 : (x << 24) >> 24);
				this.#shift(u.b, code === 1 ? (x << 24) >> 28 : (r.u8() << 24) >> 24);
			}
		}
	}

	#readOne(r: Reader, f: Field): void {
		this.set(f, f.read(r));
		this.d[f.index] = 0;
	}

	#shift(f: Field, residual: number): void {
		const q = f.check(this.q[f.index]! + residual);
		this.d[f.index]! += residual;
		this.set(f, q);
	}

	/** Makes the private part one's own, and zero until it is read, or no longer one's own. */
	setOwn(own: boolean, g: Group): void {
		if (own === this.own) return;
		this.own = own;
		for (const f of g.fields) {
			this.d[f.index] = 0;
			if (own) this.set(f, f.quantise(undefined));
			else this.seen[f.name] = undefined;
		}
	}
}

/** The rows of a table by id; of events the rows of this tick. */
export class Table implements Rows<Fields> {
	readonly rows: (Row | undefined)[] = [];
	size = 0;

	constructor(readonly schema: TableSchema) {
		if (schema.kind === Value) this.put(0);
	}

	get(id: number): Fields | undefined {
		return this.rows[id]?.seen;
	}

	isOwn(id: number): boolean {
		return !!this.rows[id]?.own;
	}

	forEach(f: (row: Fields, id: number) => void): void {
		for (let id = 0; id < this.rows.length; id++) {
			const row = this.rows[id];
			if (row) f(row.seen, id);
		}
	}

	*[Symbol.iterator](): Iterator<[number, Fields]> {
		for (let id = 0; id < this.rows.length; id++) {
			const row = this.rows[id];
			if (row) yield [id, row.seen];
		}
	}

	/** A new row, in place of one that was there. */
	put(id: number): Row {
		while (this.rows.length < id) this.rows.push(undefined); // no holes
		if (!this.rows[id]) this.size++;
		return (this.rows[id] = new Row(this.schema.fields));
	}

	remove(id: number): void {
		if (!this.rows[id]) return;
		this.rows[id] = undefined;
		this.size--;
	}

	clear(): void {
		this.rows.length = this.size = 0;
	}

	/** Moves all rows on by a tick, or ends the events of the one before. */
	advance(g: Group): void {
		if (this.schema.kind === EventTable) return this.clear();
		if (g.linear.length > 0) for (const row of this.rows) row?.advance(g);
	}

	/** Reads what a delta says of the table. */
	readDelta(r: Reader, own: boolean): void {
		const g = own ? this.schema.own : this.schema.public;
		if (this.schema.kind === EventTable) {
			const n = r.uvarint(this.schema.max);
			if (n === 0) throw new Malformed("range", this.schema.name);
			for (let i = 0; i < n; i++) {
				const row = this.put(i);
				if (own) row.setOwn(true, g);
				row.readFull(r, g);
			}
			return;
		}
		const ids = this.schema.kind === Value ? [0] : readSet(r, this.schema.max);
		if (ids.length === 0) throw new Malformed("range", this.schema.name);
		for (const id of ids) {
			r.word();
			const { lo, hi } = r;
			const row = this.rows[id];
			const life = lo & 1 ? (hi === 0 && this.schema.kind !== Value ? lo : 2) : 0;
			if (life === born) {
				this.#claim(id, own, true).readFull(r, g);
			} else if (!row || (own && !row.own) || (life !== gone && (life !== 0 || !fits(lo, hi, g.bits)))) {
				throw new Malformed("range", this.schema.name);
			} else if (life === gone) {
				if (own && !this.schema.owned) row.setOwn(false, g);
				else this.remove(id);
			} else {
				row.readChange(r, g, lo, hi);
			}
		}
	}

	/** The row that a record in full is about. A public row must be there before it can be one's own. */
	#claim(id: number, own: boolean, fresh: boolean): Row {
		const hidden = own && !this.schema.owned;
		let row = this.rows[id];
		if (hidden ? !row : !row || fresh) {
			if (hidden) throw new Malformed("range", this.schema.name);
			row = this.put(id);
		}
		if (own) row!.setOwn(true, this.schema.own);
		return row!;
	}

	/** Reads a keyframe's part. Rows that live and lived stay the same objects. */
	readKeyframe(r: Reader, own: boolean): void {
		const g = own ? this.schema.own : this.schema.public;
		const { kind, max, owned } = this.schema;
		if (kind === EventTable) return this.clear();
		const ids = kind === Value ? [0] : readSet(r, max);
		if (kind === Value) {
			this.rows[0]!.readRecord(r, g);
			return;
		}
		const listed = new Set(ids);
		for (let id = 0; id < this.rows.length; id++) {
			const row = this.rows[id];
			if (!row) continue;
			if (!own || owned) {
				row.setOwn(own, this.schema.own);
				if (!listed.has(id)) this.remove(id);
			} else if (!listed.has(id)) {
				row.setOwn(false, g);
			}
		}
		for (const id of ids) this.#claim(id, own, false).readRecord(r, g);
	}

	/** Writes the public keyframe's part, for its hash. */
	writeKeyframe(w: Writer): void {
		const { kind, max } = this.schema;
		if (kind === EventTable) return;
		if (kind !== Value) {
			if (max <= 64) {
				let set = 0n;
				this.rows.forEach((row, id) => row && (set |= 1n << BigInt(id)));
				w.bigUvarint(set);
			} else {
				w.uvarint(this.size);
				let after = 0;
				this.rows.forEach((row, id) => {
					if (!row) return;
					w.uvarint(id - after);
					after = id + 1;
				});
			}
		}
		for (const row of this.rows) row?.writeRecord(w, this.schema.public);
	}
}

/** Whether a mask is not 0 and has at most n bits beside its life bit. */
function fits(lo: number, hi: number, n: number): boolean {
	return (lo | hi) !== 0 && bitLength(lo, hi) <= n + 1;
}

function bitLength(lo: number, hi: number): number {
	return hi ? 64 - Math.clz32(hi) : 32 - Math.clz32(lo);
}

/** Reads a set of members below max, in rising order. */
export function readSet(r: Reader, max: number, bitmap = max <= 64): number[] {
	const ids: number[] = [];
	if (bitmap) {
		r.word();
		if (bitLength(r.lo, r.hi) > max) throw new Malformed("range", "set");
		for (let i = 0; i < 64; i++) if (((i < 32 ? r.lo >>> i : r.hi >>> (i - 32)) & 1) === 1) ids.push(i);
		return ids;
	}
	let after = 0;
	for (let n = r.uvarint(max); n > 0; n--) {
		const id = after + r.uvarint();
		if (id >= max) throw new Malformed("range", "set");
		ids.push(id);
		after = id + 1;
	}
	return ids;
}
