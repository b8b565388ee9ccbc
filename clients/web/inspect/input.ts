// A form for the room's input: its fields by schema.

import { h } from "../fleet/dom.ts";
import type { Schema } from "../sdk/schema.ts";

type Field = Schema["input"][number];

export class InputForm {
	readonly #fields = new Map<string, () => unknown>();
	readonly #host: HTMLElement;

	constructor(host: HTMLElement) {
		this.#host = host;
	}

	/** Has the fields of a schema; false: it has none. */
	schema(input: Field[]): boolean {
		this.#fields.clear();
		this.#host.replaceChildren(...input.map((f) => this.#field(f)));
		return input.length > 0;
	}

	/** What is typed in. */
	sample(): Record<string, unknown> {
		return Object.fromEntries([...this.#fields].map(([name, value]) => [name, value()]));
	}

	#field(f: Field): HTMLElement {
		const zero = f.value(f.quantise());
		const id = `input-${f.name}`;
		const input = h("input", { id, dataset: { testid: id } });
		const label = h("label", { htmlFor: id }, f.name);
		if (typeof zero === "boolean") {
			input.type = "checkbox";
			this.#fields.set(f.name, () => input.checked);
		} else if (typeof zero === "string") {
			input.type = "text";
			this.#fields.set(f.name, () => input.value);
		} else {
			input.type = "number";
			input.step = "any";
			input.value = String(zero);
			input.title = `${f.value(f.clamp(typeof zero === "bigint" ? -(2n ** 64n) : -(2 ** 53)))} to ${f.value(f.clamp(typeof zero === "bigint" ? 2n ** 64n : 2 ** 53))}`;
			this.#fields.set(f.name, () => (typeof zero === "bigint" ? BigInt(Math.round(Number(input.value))) : Number(input.value)));
		}
		return h("div", {}, label, input);
	}
}
