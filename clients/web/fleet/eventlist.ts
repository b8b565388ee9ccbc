// The list of events, the newest first.

import { h } from "./dom.ts";
import { describeGroup, groupEvents, milliseconds, type Group } from "./groups.ts";
import type { FleetEvent } from "./model.ts";

/** How many lines there are at most, and how many rooms of one line are listed. */
const maxLines = 80, maxRooms = 60;

interface Line {
	root: HTMLElement;
	count: number; // of events in it
}

export class EventList {
	private readonly lines = new Map<string, Line>();
	private readonly open = new Set<string>();

	constructor(private readonly host: HTMLElement, private readonly choose: (room: string) => void) {
		this.host.append(this.empty);
	}

	private readonly empty = h("li", { className: "empty" }, "Nothing has happened yet.");

	/** Shows these events, which come in the order of their times. */
	update(events: FleetEvent[]): void {
		const groups = groupEvents(events).slice(0, maxLines);
		this.empty.hidden = groups.length > 0;
		const keep = new Set(groups.map((g) => g.key));
		for (const [key, line] of this.lines) {
			if (keep.has(key)) continue;
			line.root.remove();
			this.lines.delete(key);
			this.open.delete(key);
		}
		groups.forEach((g, i) => {
			let line = this.lines.get(g.key);
			if (!line || line.count !== g.events.length) {
				const fresh = this.make(g);
				line?.root.replaceWith(fresh.root);
				this.lines.set(g.key, fresh);
				line = fresh;
			}
			if (this.host.children[i] !== line.root) this.host.insertBefore(line.root, this.host.children[i] ?? null);
		});
	}

	private make(g: Group): Line {
		const { what, detail } = describeGroup(g);
		const time = h("time", { dateTime: new Date(g.first).toISOString(), title: new Date(g.first).toString() },
			new Date(g.first).toLocaleTimeString("en-GB"));
		const text = h("span", { className: "text" }, h("strong", {}, what), " ", h("span", { className: "detail" }, detail));
		const kind = h("span", { className: "kind" }, g.kind);
		const root = h("li", { dataset: { testid: "event", kind: g.kind } });
		if (g.events.some((e) => e.room)) {
			const details = h("details", { open: this.open.has(g.key) }, h("summary", {}, time, kind, text));
			details.ontoggle = () => {
				if (details.open) this.open.add(g.key);
				else this.open.delete(g.key);
				if (details.open && details.children.length === 1) details.append(this.rooms(g));
			};
			if (details.open) details.append(this.rooms(g));
			root.append(details);
		} else {
			root.append(h("div", {}, time, kind, text));
		}
		return { root, count: g.events.length };
	}

	private rooms(g: Group): HTMLElement {
		const list = h("ul", { className: "event-rooms" });
		for (const e of g.events.slice(0, maxRooms)) {
			const room = h("button", { type: "button", className: "link" }, e.room ?? "");
			room.onclick = () => this.choose(e.room ?? "");
			const rest = [e.from && e.to ? `${e.from} → ${e.to}` : "", e.epoch ? `epoch ${e.epoch}` : "", e.took_ms ? milliseconds(e.took_ms) : ""];
			list.append(h("li", {}, room, " ", rest.filter((r) => r).join(" · ")));
		}
		if (g.events.length > maxRooms) list.append(h("li", {}, `and ${g.events.length - maxRooms} more`));
		return list;
	}
}
