// Input samples: what a player wants, coded against the sample before. See STATE.md, Input samples.

import type { Field, Held, Visible } from "./field.ts";
import type { Fields } from "./table.ts";
import type { Writer } from "./writer.ts";

/** A sample as it travels, by field of the room's input. */
export type Sample = Held[];

/** Codes samples of one schema. */
export class Samples {
	readonly zero: Sample;

	constructor(readonly fields: Field[]) {
		this.zero = this.quantise({});
	}

	quantise(input: Fields): Sample {
		return this.fields.map((f) => f.quantise(input[f.name]));
	}

	/** The sample as the server will see it. */
	value(sample: Sample): Fields {
		const seen: Record<string, Visible> = {};
		for (const f of this.fields) seen[f.name] = f.value(sample[f.index]!);
		return seen;
	}

	/** Writes a sample as its difference to base. */
	write(w: Writer, base: Sample, sample: Sample): void {
		let mask = 0n;
		for (const f of this.fields) if (base[f.index] !== sample[f.index]) mask |= 1n << BigInt(f.index);
		w.bigUvarint(mask);
		for (const f of this.fields) {
			if (base[f.index] !== sample[f.index]) f.writeChange(w, base[f.index]!, sample[f.index]!);
		}
	}
}
