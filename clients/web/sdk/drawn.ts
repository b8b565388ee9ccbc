// One table as it is drawn: at moments between ticks that are a little in the past.

import { Fault, Status } from "./errors.ts";
import type { Interpolation } from "./options.ts";
import { difference } from "./predict.ts";
import { newLook, type Fields } from "./rows.ts";
import type { Row, Table } from "./table.ts";

/** Ticks that are kept: more than any buffer has. */
const kept = 64;

/** A row after a tick, or as it is drawn: which one, and its fields, copied. */
interface Copy {
	row: Row | undefined;
	seen: Fields;
	own: boolean;
}

export type Drawn = ReturnType<typeof newDrawn>;

export function newDrawn(table: Table, how: Interpolation<any> | false | undefined) {
	const all = table.schema.fields;
	let frames: { tick: number; rows: (Copy | undefined)[] }[] = []; // by tick
	const rows: (Copy | undefined)[] = [];
	const { fields, cut = [], snap = Infinity } = how || {};
	const glide = all.filter((f) => (fields ? fields.includes(f.name) : how !== false && !f.part && f.glides));
	for (const name of [...(fields ?? []), ...cut]) if (!all.some((f) => f.name === name)) throw new Fault(Status.schema, "no " + String(name));

	/** Whether a row was put elsewhere within so many ticks. */
	const jumped = (a: Fields, b: Fields, ticks: number) =>
		cut.some((name) => a[name as string] !== b[name as string]) ||
		glide.some((f) => !f.angle && Math.abs(b[f.name] - a[f.name]) > snap * ticks);

	const drawn = {
		table,
		glide,
		cut,
		snap,
		/** As the game sees the rows. */
		look: newLook(rows),

		/** Keeps the table as it is now, after tick. A tick that is played again replaces the one before. */
		record(tick: number): void {
			const rows = table.rows.map((row) => row && { row, seen: { ...row.seen }, own: false });
			frames = [...frames.filter((f) => f.tick !== tick), { tick, rows }].sort((a, b) => a.tick - b.tick).slice(-kept);
		},

		/** Makes the rows those of moment at. */
		draw(at: number): void {
			const next = frames.findIndex((f) => f.tick > at);
			const from = frames.at(next > 0 ? next - 1 : next); // the last one, or the first, when all are on one side
			if (!from) return;
			const to = frames[next] ?? from;
			const ticks = to.tick - from.tick;
			for (let id = 0; id < Math.max(from.rows.length, rows.length); id++) {
				const a = from.rows[id];
				const b = to.rows[id];
				if (!a?.row) {
					rows[id] = undefined;
					continue;
				}
				const seen = drawn.show(id, a.row);
				Object.assign(seen, a.seen);
				if (!ticks || b?.row !== a.row || jumped(a.seen, b.seen, ticks)) continue;
				for (const f of glide) seen[f.name] += (difference(f, a.seen[f.name], b.seen[f.name]) * (at - from.tick)) / ticks;
			}
		},

		/** The object in which a row is drawn; a new row gets a new one. */
		show(id: number, row: Row): Fields {
			let shown = rows[id];
			if (shown?.row !== row) shown = rows[id] = { row, seen: { ...row.seen }, own: false };
			shown.own = row.own;
			return shown.seen;
		},
	};
	return drawn;
}
