// Input samples: what a player wants, coded against the sample before. See STATE.md, Input samples.

import type { Field, Held } from "./field.ts";
import type { Fields } from "./rows.ts";
import type { Writer } from "./writer.ts";

/** A sample as it travels, by field of the room's input. */
export type Sample = Held[];

export type Samples = ReturnType<typeof newSamples>;

/** Codes samples of a room's input. */
export function newSamples(fields: Field[]) {
	const quantise = (input: Fields): Sample => fields.map((f) => f.quantise(input[f.name]));
	return {
		zero: quantise({}),
		quantise,

		/** The sample as the server will see it. */
		value: (sample: Sample): Fields => Object.fromEntries(fields.map((f, i) => [f.name, f.value(sample[i])])),

		/** Writes a sample as its difference to base. */
		write(w: Writer, base: Sample, sample: Sample): void {
			const changed = fields.filter((_, i) => base[i] !== sample[i]);
			w.set(changed.map((f) => f.index));
			for (const f of changed) f.writeChange(w, base[f.index], sample[f.index]);
		},
	};
}
