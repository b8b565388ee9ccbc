// What happened, the newest first.

import { h } from "../fleet/dom.ts";
import type { Heard } from "./wire.ts";

/** How many entries are kept. */
const kept = 200;

export class Log {
	readonly #list = h("ol", { className: "log", dataset: { testid: "log" } });

	constructor(host: HTMLElement) {
		host.append(this.#list);
	}

	add(tick: number, { kind, name, value }: Heard): void {
		const text = typeof value === "string" ? value : JSON.stringify(value, (_, v) => (typeof v === "bigint" ? String(v) : v));
		this.#list.prepend(h("li", { dataset: { kind } }, h("span", {}, String(tick)), h("b", {}, `${kind} ${name}`), h("code", {}, text)));
		while (this.#list.children.length > kept) this.#list.lastChild!.remove();
	}

	clear(): void {
		this.#list.replaceChildren();
	}
}
