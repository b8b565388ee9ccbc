// A client's replica of a room's state: its public part, and the player's own.

import { crc32 } from "./crc32.ts";
import { Malformed, Reader } from "./reader.ts";
import { EventTable, Value, type Schema } from "./schema.ts";
import { readSet, Table, type Fields } from "./table.ts";
import { Writer } from "./writer.ts";

/** All tables of a room. After a function has thrown it must be given a keyframe. */
export class Store {
	/** The newest tick; 0 before the first keyframe. */
	tick = 0;
	readonly all: Table[];
	// By name, for the game.
	readonly tables: Record<string, Table> = {};
	readonly values: Record<string, Fields> = {};
	readonly events: Record<string, Fields[]> = {};
	readonly #public: Table[];
	readonly #own: Table[];
	readonly #writer = new Writer();

	constructor(readonly schema: Schema) {
		this.all = schema.tables.map((t) => new Table(t));
		this.#public = this.all.filter(({ schema: t }) => !t.owned && (t.kind !== Value || t.public.fields.length > 0));
		this.#own = this.all.filter(({ schema: t }) => t.owned || t.own.fields.length > 0);
		for (const t of this.all) {
			const { name, kind } = t.schema;
			if (kind === Value) this.values[name] = t.rows[0]!.seen;
			else if (kind === EventTable) this.events[name] = [];
			else this.tables[name] = t;
		}
	}

	/** Applies the public delta of the next tick. */
	delta(body: Uint8Array): void {
		this.#delta(this.#public, body, false);
		this.tick++;
	}

	/** Applies the own delta of the same tick, after delta. */
	ownDelta(body: Uint8Array): void {
		this.#delta(this.#own, body, true);
	}

	#delta(tables: Table[], body: Uint8Array, own: boolean): void {
		const r = new Reader(body);
		for (const t of tables) t.advance(own ? t.schema.own : t.schema.public);
		if (tables.length > 0) for (const i of readSet(r, tables.length, true)) tables[i]!.readDelta(r, own);
		r.done();
		this.#collect(tables);
	}

	/** Replaces everything by the public keyframe of tick. */
	keyframe(tick: number, body: Uint8Array): void {
		this.#keyframe(this.#public, body, false);
		for (const t of this.#own) if (t.schema.owned) t.clear();
		this.#collect(this.#own);
		this.tick = tick;
	}

	/** Replaces the own part by the keyframe of the same tick, after keyframe. */
	ownKeyframe(body: Uint8Array): void {
		this.#keyframe(this.#own, body, true);
	}

	#keyframe(tables: Table[], body: Uint8Array, own: boolean): void {
		const r = new Reader(body);
		for (const t of tables) t.readKeyframe(r, own);
		r.done();
		this.#collect(tables);
	}

	#collect(tables: Table[]): void {
		for (const t of tables) {
			if (t.schema.kind !== EventTable) continue;
			if (t.size + this.events[t.schema.name]!.length === 0) continue;
			this.events[t.schema.name] = t.rows.map((row) => row!.seen);
		}
	}

	/** What a check message's hash must be. */
	hash(): number {
		const w = this.#writer.reset();
		for (const t of this.#public) t.writeKeyframe(w);
		return crc32(w.bytes);
	}

	/** The table named, or an error that lists what there is. */
	table(name: string): Table {
		const t = this.tables[name];
		if (!t) throw new Malformed("name", `no table ${name}; there are ${Object.keys(this.tables)}`);
		return t;
	}
}
