// A client's replica of a room's state: its public part, and the player's own.

import { crc32 } from "./crc32.ts";
import type { Rows } from "./options.ts";
import { Reader, readSet } from "./reader.ts";
import type { Fields } from "./rows.ts";
import { TableKind, type Schema } from "./schema.ts";
import { newTable, type Table } from "./table.ts";
import { Writer } from "./writer.ts";

/** The parts of a frame: what everybody gets, and what one seat gets. */
export const enum Part {
	open,
	own,
}

export type Store = ReturnType<typeof newStore>;

/**
 * All tables of a room, which a keyframe must fill first, and again after apply has thrown. tick is the newest that is known;
 * 0 before the first.
 */
export function newStore(schema: Schema, tick = 0) {
	const all = schema.tables.map(newTable);
	const parts = [
		all.filter(({ schema: t }) => !t.owned && (t.kind !== TableKind.value || t.groups[0].fields.length)),
		all.filter(({ schema: t }) => t.owned || t.groups[1].fields.length),
	] as const;
	const store = {
		tick,
		all,
		/** By name: the tables of rows; and as the game sees tables, values and events. */
		named: {} as Record<string, Table>,
		tables: {} as Record<string, Rows<Fields>>,
		values: {} as Record<string, Fields>,
		events: {} as Record<string, Fields[]>,

		/**
		 * Applies a part of a tick: a keyframe, which replaces everything, or a delta to the tick before. The own part comes
		 * after the public one of the same tick.
		 */
		apply(tick: number, part: Part, keyframe: boolean, body: Uint8Array): void {
			const r = new Reader(body);
			const tables = parts[part];
			if (keyframe) {
				if (!part) for (const { schema, rows } of parts[Part.own]) if (schema.owned) rows.length = 0;
				for (const t of tables) t.readKeyframe(r, part);
			} else {
				for (const t of tables) t.advance(part);
				if (tables.length) for (const i of readSet(r, tables.length, true)) tables[i]!.readDelta(r, part);
			}
			r.done();
			store.tick = tick;
			for (const { schema, rows } of all) {
				if (schema.kind === TableKind.events) store.events[schema.name] = rows.map((row) => row!.seen);
			}
		},

		/** What a check message's hash must be. */
		hash(): number {
			const w = new Writer();
			for (const t of parts[Part.open]) t.write(w);
			return crc32(w.out);
		},
	};
	for (const t of all) {
		const { name, kind } = t.schema;
		if (kind === TableKind.value) store.values[name] = t.look.get(0)!;
		else if (kind === TableKind.events) store.events[name] = [];
		else [store.named[name], store.tables[name]] = [t, t.look];
	}
	return store;
}
