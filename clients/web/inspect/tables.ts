// The room's tables as they are, by schema. Cells that have changed flash.

import { h, plural, setText } from "../fleet/dom.ts";
import { TableKind, type Schema, type TableSchema } from "../sdk/schema.ts";
import type { Store } from "../sdk/store.ts";
import type { Cost } from "./cost.ts";

/** How many rows of a table are shown, until more are asked for. */
const rowsShown = 40;
/** How many of the newest events are shown. */
const eventsShown = 8;

/** A table of the operator's look, with what only servers know. */
export type Hidden = Record<string, Record<string, Record<string, unknown>>>;

interface Cell {
	td: HTMLTableCellElement;
	text: string;
}

/** One table on the page. */
class TableView {
	readonly element: HTMLElement;
	readonly #count = h("span", { className: "count" });
	readonly #bytes = h("span", { className: "bytes" });
	readonly #body = h("tbody");
	readonly #more = h("button", { type: "button", className: "link", hidden: true });
	readonly #rows = new Map<number, { tr: HTMLTableRowElement; cells: Cell[] }>();
	#limit = rowsShown;
	#recent: object[] = [];

	constructor(readonly schema: TableSchema, private readonly columns: Column[]) {
		const head = h("tr", {}, h("th", {}, schema.kind === TableKind.table ? "id" : ""));
		for (const c of columns) head.append(h("th", { className: c.who, title: c.title }, c.name));
		this.#more.onclick = () => (this.#limit *= 4);
		const title = h("h3", {}, schema.name, h("span", { className: "kind" }, ["table", "value", "events"][schema.kind]!));
		this.element = h("section", { className: "table", dataset: { testid: `table-${schema.name}` } },
			h("header", {}, title, this.#count, this.#bytes), h("div", { className: "scroll" }, h("table", {}, h("thead", {}, head), this.#body)), this.#more);
	}

	/** Notes events of a tick, which are gone with the next. */
	happened(rows: object[]): void {
		this.#recent = [...rows, ...this.#recent].slice(0, eventsShown);
	}

	update(store: Store, cost: Cost, hidden: Hidden | undefined): void {
		const { name, kind, max } = this.schema;
		const own = new Set<number>();
		let rows: [number, object][] = this.#recent.map((row, i) => [i, row]);
		if (kind !== TableKind.events) {
			const seen = new Map<number, object>();
			for (const id in hidden?.[name]) seen.set(Number(id), {}); // of which clients may not know
			store.all.find((t) => t.schema.name === name)?.rows.forEach((row, id) => {
				if (!row) return;
				seen.set(id, row.seen);
				if (row.own) own.add(id);
			});
			rows = [...seen].sort(([a], [b]) => a - b);
		}
		setText(this.#count, max === 0 ? `${plural(rows.length, "row")}, hidden` : kind === TableKind.table ? `${rows.length} of ${plural(max, "row")}` : kind === TableKind.events ? "the newest" : "");
		setText(this.#bytes, `${cost.of(name).toFixed(1)} B/tick`);
		this.#more.hidden = rows.length <= this.#limit;
		setText(this.#more, `${rows.length - this.#limit} more rows`);
		this.show(rows.slice(0, this.#limit), own, hidden?.[name]);
	}

	private show(rows: [number, object][], own: Set<number>, hidden: Record<string, Record<string, unknown>> | undefined): void {
		const there = new Set(rows.map(([id]) => id));
		for (const [id, { tr }] of this.#rows) {
			if (there.has(id)) continue;
			tr.remove();
			this.#rows.delete(id);
		}
		rows.forEach(([id, values], at) => {
			let row = this.#rows.get(id);
			const fresh = !row;
			if (!row) {
				const tr = h("tr", {}, h("th", {}, this.schema.kind === TableKind.table ? String(id) : ""));
				const cells = this.columns.map(() => ({ td: h("td"), text: "" }));
				tr.append(...cells.map((c) => c.td));
				this.#rows.set(id, (row = { tr, cells }));
			}
			if (this.#body.children[at] !== row.tr) this.#body.insertBefore(row.tr, this.#body.children[at] ?? null);
			row.tr.classList.toggle("own", own.has(id));
			this.columns.forEach((c, i) => {
				const known = (values as Record<string, unknown>)[c.name] ?? hidden?.[id]?.[c.name];
				const cell = row.cells[i]!;
				const text = show(known);
				if (text === cell.text) return;
				cell.td.textContent = cell.text = text;
				if (!fresh && this.schema.kind !== TableKind.events) flash(cell.td);
			});
		});
	}
}

interface Column {
	name: string;
	who: "open" | "owner" | "hidden";
	title: string;
}

/** All tables of a room. */
export class Tables {
	#views: TableView[] = [];
	#key = "";

	constructor(private readonly host: HTMLElement) {}

	/** Shows the tables of a schema; hidden has what else there is for those who may see it. */
	schema(schema: Schema, hidden: Hidden | undefined): void {
		const all = inOrder(schema.tables, hidden);
		const columns = all.map((t): Column[] => {
			const seen = t.fields.map((f): Column => ({ name: f.name, who: f.part ? "owner" : "open", title: f.part ? "only the row's owner sees it" : "everybody sees it" }));
			const names = new Set(Object.values(hidden?.[t.name] ?? {}).flatMap((row) => Object.keys(row)));
			for (const c of seen) names.delete(c.name);
			return [...seen, ...[...names].map((name): Column => ({ name, who: "hidden", title: "only servers see it" }))];
		});
		const key = JSON.stringify([all.map((t) => t.name), columns]);
		if (key === this.#key) return;
		this.#key = key;
		this.#views = all.map((t, i) => new TableView(t, columns[i]!));
		this.host.replaceChildren(...this.#views.map((v) => v.element));
	}

	happened(store: Store): void {
		for (const v of this.#views) {
			const rows = v.schema.kind === TableKind.events ? store.events[v.schema.name]! : [];
			if (rows.length) v.happened(rows);
		}
	}

	update(store: Store, cost: Cost, hidden: Hidden | undefined): void {
		for (const v of this.#views) v.update(store, cost, hidden);
	}

	clear(): void {
		this.#views = [];
		this.#key = "";
		this.host.replaceChildren();
	}
}

/** Those that every room has. */
const framework = ["seats", "room"];

/** The game's tables, those that only servers know, and then those of every room. */
function inOrder(tables: TableSchema[], hidden: Hidden | undefined): TableSchema[] {
	const known = new Set(tables.map((t) => t.name));
	const none = { fields: [], linear: [], units: [], bits: 1n };
	const secret = Object.keys(hidden ?? {}).filter((name) => !known.has(name));
	const last = (t: TableSchema) => framework.includes(t.name);
	return [
		...tables.filter((t) => !last(t)),
		...secret.map((name): TableSchema => ({ name, kind: TableKind.table, owned: false, max: 0, fields: [], groups: [none, none] })),
		...tables.filter(last),
	];
}

/** A value as text. What this client may not see is a dot. */
export function show(v: unknown): string {
	if (v === undefined) return "·";
	if (Array.isArray(v)) return v.map(show).join(" ");
	if (typeof v === "number" && !Number.isInteger(v)) return String(Number(v.toPrecision(6)));
	return typeof v === "string" ? JSON.stringify(v) : String(v);
}

function flash(td: HTMLElement): void {
	td.classList.remove("flash");
	void td.offsetWidth; // restarts the animation
	td.classList.add("flash");
}
