// The own row before the server's answer: what the server said, and all samples that it has not processed applied to it.

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
	{ step, ahead, smooth }: Prediction<any, any>,
	context: PredictionContext<any>,
	cut: PropertyKey[],
	snap: number,
) {
	const { fields } = table.schema;
	const smoothed = fields.filter((f) => (smooth ? (smooth as string[]).includes(f.name) : f.glides));
	const offsets: Fields = {}; // of what is drawn from what is predicted
	let said: Fields = {}; // by the server at the tick before
	let sampled = 0; // when the newest sample was added
	let drawn = 0;

	/** Applies a sample to a row. */
	const apply = (row: Fields, sample: Fields | undefined) => {
		if (sample) step(row, samples!.seen(sample), context);
		for (const f of fields) if (row[f.name] !== undefined) row[f.name] = f.value(f.quantise(row[f.name]));
	};

	/** Where the smooth fields are drawn: on the way to what the hands would make of the next sample; and what is left of corrections. */
	const places = (now: number): number[] => {
		const { current } = predictor;
		const next = { ...current };
		const wish = predictor.row && ahead?.();
		if (wish) apply(next, wish);
		const share = Math.min(1, ((now - sampled) * context.tickRate) / 1000);
		return smoothed.map((f) => current[f.name] + difference(f, current[f.name], next[f.name]) * share + offsets[f.name]);
	};

	/** Makes a change, which tells whether the row goes on; what is drawn then comes to it by and by. */
	const gently = (now: number, change: () => boolean) => {
		const were = places(now);
		const goesOn = change();
		const are = places(now);
		smoothed.forEach((f, i) => {
			const off = offsets[f.name] + difference(f, are[i]!, were[i]!);
			offsets[f.name] = goesOn && Math.abs(off) <= snap ? off : 0;
		});
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
			gently(now, () => {
				apply(predictor.current, outbox.sample(seq));
				sampled = now;
				return true;
			});
		},

		/** A tick was applied: begins with what the server says, and applies again what it has not processed. */
		reconcile(now: number): void {
			const { current } = predictor;
			const row = table.rows.find((row) => row?.own);
			gently(now, () => {
				const goesOn = !!row && row === predictor.row && cut.every((name) => row.seen[name as string] === said[name as string]);
				predictor.row = row;
				if (!row) return false;
				const was = { ...current };
				said = { ...row.seen };
				Object.assign(current, said);
				for (let seq = outbox.processed; seq < outbox.newest; ) apply(current, outbox.sample(++seq));
				stats.predictionError = goesOn ? Math.max(0, ...smoothed.map((f) => Math.abs(difference(f, was[f.name], current[f.name])))) : 0;
				return goesOn;
			});
		},

		/** Writes the own row as it is to be drawn at now into row. */
		draw(row: Fields, now: number): void {
			Object.assign(row, predictor.current);
			for (const f of smoothed) offsets[f.name] *= Math.exp((drawn - now) / fade);
			places(now).forEach((at, i) => (row[smoothed[i]!.name] = at));
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
