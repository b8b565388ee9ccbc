// The own row before the server's answer: what the server said, and all samples that it has not processed applied to it.

import type { Field } from "./field.ts";
import type { Prediction, PredictionContext } from "./options.ts";
import type { Fields } from "./rows.ts";
import type { Session } from "./session.ts";
import type { Row, Table } from "./table.ts";

/** How fast a correction fades, in milliseconds to a third. */
const fade = 80;

export type Predictor = ReturnType<typeof newPredictor>;

/** cut and snap are those of the table's interpolation. */
export function newPredictor(
	{ outbox, samples, stats }: Session,
	table: Table,
	{ step, smooth }: Prediction<any>,
	context: PredictionContext<any>,
	cut: Field[],
	snap: number,
) {
	const { fields } = table.schema;
	const smoothed = fields.filter((f) => (smooth ? (smooth as string[]).includes(f.name) : f.glides));
	const previous: Fields = {}; // before the newest sample
	const offsets: Fields = {}; // of what is drawn from what is predicted
	let said: Fields = {}; // by the server at the tick before
	let sampled = 0; // when the newest sample was added
	let drawn = 0;

	/** Applies a sample to the row. */
	const apply = (seq: number) => {
		const row = predictor.current;
		const sample = outbox.sample(seq);
		Object.assign(previous, row);
		if (sample) step(row, samples!.value(sample), context);
		for (const f of fields) if (row[f.name] !== undefined) row[f.name] = f.value(f.quantise(row[f.name]));
	};

	/** From the sample before it glides to the newest within a tick; and what is left of corrections. */
	const at = (f: Field, now: number): number => {
		const from = previous[f.name];
		const share = Math.min(1, ((now - sampled) * context.tickRate) / 1000);
		return from + difference(f, from, predictor.current[f.name]) * share + offsets[f.name];
	};

	const predictor = {
		table,
		/** The row after all samples; good while there is an own row. */
		current: {} as Fields,
		/** The own row as the server has it. */
		row: undefined as Row | undefined,

		/** A sample was added. */
		sampled(seq: number, now: number): void {
			if (!predictor.row) return;
			apply(seq);
			sampled = now;
		},

		/** A tick was applied: begins with what the server says, and applies again what it has not processed. */
		reconcile(now: number): void {
			const { current } = predictor;
			const row = table.rows.find((row) => row?.own);
			const were = smoothed.map((f) => [current[f.name], at(f, now)]);
			const goesOn = row && row === predictor.row && cut.every((f) => row.seen[f.name] === said[f.name]);
			predictor.row = row;
			if (!row) return;
			said = { ...row.seen };
			Object.assign(current, said);
			for (let seq = outbox.processed; seq < outbox.newest; ) apply(++seq);
			const moved = smoothed.map((f, i) => Math.abs(difference(f, were[i]![0], current[f.name])));
			stats.predictionError = goesOn ? Math.max(0, ...moved) : 0;
			if (!goesOn || (stats.predictionError && outbox.processed === outbox.newest)) Object.assign(previous, current);
			smoothed.forEach((f, i) => {
				offsets[f.name] = 0;
				const off = difference(f, at(f, now), were[i]![1]);
				if (goesOn && Math.abs(off) <= snap) offsets[f.name] = off;
			});
		},

		/** Writes the own row as it is to be drawn at now into row. */
		draw(row: Fields, now: number): void {
			Object.assign(row, predictor.current);
			for (const f of smoothed) {
				offsets[f.name] *= Math.exp((drawn - now) / fade);
				row[f.name] = at(f, now);
			}
			drawn = now;
		},
	};
	return predictor;
}

const turn = 2 * Math.PI;

/** The way from a to b; of an angle the short way. */
export function difference(f: { angle: boolean }, a: number, b: number): number {
	return f.angle ? b - a - turn * Math.round((b - a) / turn) : b - a;
}
