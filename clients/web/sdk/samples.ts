// Input samples: what a player wants, coded against the sample before. See STATE.md, Input samples.

import type { Field } from "./field.ts";
import type { Fields } from "./rows.ts";
import type { Writer } from "./writer.ts";

export type Samples = ReturnType<typeof newSamples>;

/** Codes samples of a room's input. Samples are known by name, so that a room whose input has changed can take them. */
export function newSamples(fields: Field[]) {
	return {
		/** A sample as the server will see it. */
		seen: (sample: Fields): Fields => Object.fromEntries(fields.map((f) => [f.name, f.value(f.quantise(sample[f.name]))])),

		/** Writes a sample as its difference to base. */
		write(w: Writer, base: Fields, sample: Fields): void {
			const held = (f: Field, of: Fields) => f.quantise(of[f.name]);
			const changed = fields.filter((f) => held(f, base) !== held(f, sample));
			w.set(changed.map((f) => f.index));
			for (const f of changed) f.writeChange(w, held(f, base), held(f, sample));
		},
	};
}
