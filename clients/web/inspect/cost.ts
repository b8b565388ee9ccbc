// What a room costs a client: bytes a tick, by table, over the last seconds.

import { h, setText } from "../fleet/dom.ts";
import type { Spent } from "./wire.ts";

/** Over how many ticks it is averaged. */
const window = 90;

/** Gathers what ticks cost. Keyframes are not among them: they come once, and after a slow moment. */
export class Cost {
	readonly #ticks: Spent[] = [];
	/** The size of the last keyframe's message. */
	keyframe = 0;

	add(spent: Spent): void {
		if (spent.keyframe) {
			this.keyframe = spent.total;
			return;
		}
		this.#ticks.push(spent);
		if (this.#ticks.length > window) this.#ticks.shift();
	}

	clear(): void {
		this.#ticks.length = this.keyframe = 0;
	}

	/** Bytes a tick by what they are for, the most first: tables, and "own part", "messages" and "frame". */
	lines(): [name: string, bytes: number][] {
		const sums = new Map<string, number>();
		const add = (name: string, n: number) => sums.set(name, (sums.get(name) ?? 0) + n);
		for (const s of this.#ticks) {
			s.tables.forEach((n, name) => add(name, n));
			add("own part", s.own);
			add("messages", s.messages);
			add("frame", s.rest);
		}
		const ticks = Math.max(1, this.#ticks.length);
		return [...sums].map(([name, n]): [string, number] => [name, n / ticks]).filter(([, n]) => n > 0).sort((a, b) => b[1] - a[1]);
	}

	/** What a table's deltas cost, in bytes a tick. */
	of(table: string): number {
		return this.#ticks.reduce((sum, s) => sum + (s.tables.get(table) ?? 0), 0) / Math.max(1, this.#ticks.length);
	}

	/** All of it, in bytes a tick. */
	total(): number {
		return this.#ticks.reduce((sum, s) => sum + s.total, 0) / Math.max(1, this.#ticks.length);
	}
}

/** Shows a cost as bars. */
export class CostPanel {
	readonly #list = h("dl", { className: "bars", dataset: { testid: "cost" } });
	readonly #sum = h("p", { className: "sum", dataset: { testid: "cost-sum" } });

	constructor(host: HTMLElement, private readonly cost: Cost) {
		host.append(this.#list, this.#sum);
	}

	update(tickRate: number): void {
		const lines = this.cost.lines();
		while (this.#list.children.length < lines.length) this.#list.append(h("div", {}, h("dt"), h("dd"), h("i")));
		while (this.#list.children.length > lines.length) this.#list.lastChild!.remove();
		const most = Math.max(1, lines[0]?.[1] ?? 0);
		lines.forEach(([name, n], i) => {
			const [dt, dd, bar] = this.#list.children[i]!.children;
			setText(dt!, name);
			setText(dd!, n.toFixed(1));
			(bar as HTMLElement).style.width = `${(100 * n) / most}%`;
		});
		const total = this.cost.total();
		setText(this.#sum, total
			? `${total.toFixed(1)} bytes a tick, ${((total * tickRate) / 1000).toFixed(2)} kB/s, ${((total * tickRate * 3600) / 1e6).toFixed(1)} MB an hour for this client; a keyframe has ${this.cost.keyframe.toLocaleString("en")} bytes`
			: "no tick has come");
	}
}
