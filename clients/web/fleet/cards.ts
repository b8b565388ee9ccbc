// The servers as cards, with what an operator may do to them.

import { serverColour } from "./colours.ts";
import { h, plural, setText } from "./dom.ts";
import { leaving } from "./groups.ts";
import type { Fleet, Member } from "./model.ts";

export interface CardActs {
	drain(server: string): void;
	undrain(server: string): void;
	/** Somebody points at a card, or at none: "". */
	point(server: string): void;
}

interface Card {
	root: HTMLElement;
	canvas: HTMLCanvasElement;
	chip: HTMLElement;
	note: HTMLElement;
	figures: Record<"rooms" | "players" | "load" | "p99" | "late", HTMLElement>;
	bar: HTMLElement;
	about: HTMLElement;
	button: HTMLButtonElement;
}

/** What a server is, in a word; it decides the colour of its chip. */
export function condition(m: Member, gone: boolean): string {
	if (gone) return "gone";
	if (!m.known && !m.error) return "not asked yet";
	if (!m.reachable) return "no answer";
	if (m.suspended) return "suspended";
	return m.state;
}

export class Cards {
	private readonly cards = new Map<string, Card>();
	private mayOperate = false;

	constructor(private readonly host: HTMLElement, private readonly fleet: Fleet, private readonly acts: CardActs) {}

	/** Brings the cards up to date. Gives the names of those that are new, with their canvases, and of those that are no more. */
	update(mayOperate: boolean, late: (server: string) => number): { added: [string, HTMLCanvasElement][]; removed: string[] } {
		this.mayOperate = mayOperate;
		const servers = this.fleet.servers();
		const added: [string, HTMLCanvasElement][] = [];
		const removed = [...this.cards.keys()].filter((n) => !servers.some((m) => m.name === n));
		for (const name of removed) {
			this.cards.get(name)!.root.remove();
			this.cards.delete(name);
		}
		servers.forEach((m, i) => {
			let card = this.cards.get(m.name);
			if (!card) {
				card = this.make(m.name);
				this.cards.set(m.name, card);
				added.push([m.name, card.canvas]);
			}
			if (this.host.children[i] !== card.root) this.host.insertBefore(card.root, this.host.children[i] ?? null);
			this.fill(card, m, late(m.name));
		});
		const density = servers.length <= 4 ? "few" : servers.length <= 14 ? "some" : "many";
		if (this.host.dataset.density !== density) this.host.dataset.density = density;
		return { added, removed };
	}

	private make(name: string): Card {
		const figure = (label: string, id: string): [HTMLElement, HTMLElement] => {
			const value = h("dd", { dataset: { testid: id } });
			return [h("div", {}, h("dt", {}, label), value), value];
		};
		const [rooms, roomsValue] = figure("rooms", "rooms");
		const [players, playersValue] = figure("players", "players");
		const [load, loadValue] = figure("load", "load");
		const [p99, p99Value] = figure("tick p99", "p99");
		const [late, lateValue] = figure("late", "late");
		late.title = "ticks that began more than a period late, per second";
		const canvas = h("canvas", { className: "field" });
		canvas.setAttribute("role", "img");
		const chip = h("span", { className: "chip", dataset: { testid: "state" } });
		const bar = h("i"), about = h("span", { className: "about" }), note = h("p", { className: "note" });
		const button = h("button", { type: "button", hidden: true });
		button.onclick = () => (button.dataset.testid === "drain" ? this.acts.drain(name) : this.acts.undrain(name));
		const title = h("h3", {}, name);
		const head = h("header", {}, h("span", { className: "swatch" }), title, chip);
		const root = h("article", { className: "server", dataset: { testid: `server-${name}` } },
			head, canvas, note, h("div", { className: "bar" }, bar), h("dl", { className: "figures" }, rooms, players, load, p99, late),
			h("footer", {}, about, button));
		root.setAttribute("aria-label", `server ${name}`);
		root.style.setProperty("--hue", serverColour(name));
		root.onpointerenter = () => this.acts.point(name);
		root.onpointerleave = () => this.acts.point("");
		return { root, canvas, chip, bar, about, note, button,
			figures: { rooms: roomsValue, players: playersValue, load: loadValue, p99: p99Value, late: lateValue } };
	}

	private fill(card: Card, m: Member, late: number): void {
		const gone = this.fleet.gone.get(m.name);
		const is = condition(m, !!gone), silent = !!gone || !m.reachable, unknown = !!gone || !m.known;
		card.root.dataset.state = is;
		setText(card.chip, is);
		setText(card.figures.rooms, unknown ? "–" : m.rooms.toLocaleString("en"));
		setText(card.figures.players, unknown ? "–" : m.players.toLocaleString("en"));
		setText(card.figures.load, silent ? "–" : percent(m.busy / 10));
		setText(card.figures.p99, silent ? "–" : m.p99_ms > 0 ? `${m.p99_ms < 10 ? m.p99_ms.toFixed(1) : Math.round(m.p99_ms)} ms` : "–");
		setText(card.figures.late, silent ? "–" : `${late < 10 ? Number(late.toFixed(1)) : Math.round(late)}/s`);
		card.figures.late.classList.toggle("alarm", !silent && late > 0);
		const load = silent ? "scaleX(0)" : `scaleX(${Math.min(1, m.busy / 1000)})`;
		if (card.bar.style.transform !== load) card.bar.style.transform = load;
		card.bar.classList.toggle("alarm", m.busy >= 800);
		setText(card.about, about(m, gone ? undefined : this.fleet.time));
		setText(card.note, gone ? `${leaving[gone.why] ?? "is gone"} · ${ago(this.fleet.time - gone.at)} ago · had ${plural(m.rooms, "room")}` : note(m));
		card.note.title = m.error ?? "";
		card.canvas.setAttribute("aria-label", `${plural(m.rooms, "room")} on ${m.name}`);
		const draining = m.state === "draining";
		card.button.hidden = !this.mayOperate || !!gone;
		card.button.dataset.testid = draining ? "undrain" : "drain";
		setText(card.button, draining ? "Undrain" : "Drain");
		card.button.setAttribute("aria-label", `${draining ? "Undrain" : "Drain"} ${m.name}`);
	}
}

function about(m: Member, now: number | undefined): string {
	const parts = [m.zone, m.version];
	if (m.weight > 1) parts.push(`weight ${m.weight}`);
	parts.push(m.replicas > 0 ? plural(m.replicas, "replica") : "");
	if (now) parts.push(`up ${ago(now - m.since_ms)}`);
	return parts.filter((p) => p).join(" · ");
}

/** From this share of a worker on, per mille, a room is over its own: it is slowed. */
const heavy = 250;

/** What is to be said of a server that is not gone. */
export function note(m: Member): string {
	if (m.error) return problem(m.error) + (m.age_s ? ` · figures of ${ago(m.age_s * 1000)} ago` : "");
	if (m.hung) return `${plural(m.hung, "game call")} never returned: restart this server`;
	if (m.waiting && (m.waiting_s ?? 0) >= 10) return `${plural(m.waiting, "outcome")} ${m.waiting === 1 ? "waits" : "wait"} for the results store, the oldest for ${m.waiting_s} s`;
	const worst = m.heaviest?.[0];
	if (worst && worst.share >= heavy) return `room ${worst.room} takes ${percent(worst.share / 10)} of a worker`;
	return m.unlisted ? `${plural(m.unlisted, "more room")} not drawn` : "";
}

/** The end of a chain of errors, which says the most. */
function problem(error = ""): string {
	const last = error.split(": ").at(-1) ?? "";
	return last.includes("deadline exceeded") ? "does not answer in time" : last || "gives no answer";
}

export function percent(v: number): string {
	return `${v < 10 ? v.toFixed(1) : Math.round(v)} %`;
}

/** A time span in its largest unit or two. */
export function ago(ms: number): string {
	const s = Math.max(0, Math.round(ms / 1000));
	if (s < 60) return `${s} s`;
	if (s < 3600) return `${Math.floor(s / 60)} min`;
	if (s < 48 * 3600) return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
	return `${Math.floor(s / 86400)} days`;
}
