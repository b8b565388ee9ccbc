// What happened, the newest first.

import { h } from "../fleet/dom.ts";
import type { Heard } from "./wire.ts";

/** How many entries are kept. A game may have more events between two drawings: then the older ones are never shown. */
const kept = 200;

export class Log {
	readonly #list = h("ol", { className: "log", dataset: { testid: "log" } });
	#waiting: [tick: number, what: Heard][] = [];

	constructor(host: HTMLElement) {
		host.append(this.#list);
	}

	add(tick: number, what: Heard): void {
		this.#waiting.push([tick, what]);
		if (this.#waiting.length > kept) this.#waiting.shift();
	}

	/** Shows what was added. */
	update(): void {
		for (const [tick, { kind, name, value }] of this.#waiting.splice(0)) {
			const text = typeof value === "string" ? value : JSON.stringify(value, (_, v) => (typeof v === "bigint" ? String(v) : v));
			this.#list.prepend(h("li", { dataset: { kind } }, h("span", {}, String(tick)), h("b", {}, `${kind} ${name}`), h("code", {}, text)));
		}
		while (this.#list.children.length > kept) this.#list.lastChild!.remove();
	}

	clear(): void {
		this.#waiting = [];
		this.#list.replaceChildren();
	}
}
