// Finding a room, and what is known of the one that is chosen.

import { h, plural, setText } from "./dom.ts";
import { PlayerList, type PlayerActs } from "./players.ts";
import { compareNames, type Fleet, type Room } from "./model.ts";

const maxFound = 6;

export interface RoomActs {
	choose(room: string): void; // "": none
	move(room: string, server: string): void;
}

/** The rooms whose id, game or server has all words of the text in it: whose id is the text first, then by id. */
export function findRooms(rooms: Iterable<Room>, text: string): Room[] {
	const words = text.toLowerCase().split(/\s+/).filter((w) => w);
	if (words.length === 0) return [];
	const found = [...rooms].filter((r) => {
		const all = `${r.room} ${r.game} ${r.server} ${r.role}`.toLowerCase();
		return words.every((w) => all.includes(w));
	});
	const exact = (r: Room) => Number(r.room.toLowerCase() === words[0]);
	return found.sort((a, b) => exact(b) - exact(a) || compareNames(a.room, b.room));
}

export class RoomPanel {
	chosen = "";
	private readonly input = h("input", { type: "search", placeholder: "Find by id, game or server", dataset: { testid: "find-room" } });
	private readonly found = h("ul", { className: "found" });
	private readonly details = h("div", { className: "room", hidden: true, dataset: { testid: "room" } });
	private readonly title = h("h3");
	private readonly inspect = h("a", { dataset: { testid: "inspect" } }, "inspect");
	private readonly facts = h("dl");
	private readonly target = h("select", { dataset: { testid: "move-to" } });
	private readonly button = h("button", { type: "button", className: "main", dataset: { testid: "move" } }, "Move");
	private readonly mover = h("div", { className: "row" }, this.target, this.button);
	private targets = "";
	private asked = ""; // what was looked for when `found` was filled

	private readonly players: PlayerList;

	constructor(host: HTMLElement, private readonly fleet: Fleet, private readonly acts: RoomActs, playerActs: PlayerActs) {
		this.players = new PlayerList(playerActs);
		this.input.setAttribute("aria-label", "find a room");
		this.target.setAttribute("aria-label", "server to move it to");
		this.input.oninput = () => this.showFound();
		const close = h("button", { type: "button", className: "link", title: "Esc" }, "close");
		close.onclick = () => this.acts.choose("");
		this.button.onclick = () => this.acts.move(this.chosen, this.target.value);
		this.details.append(h("header", {}, this.title, this.inspect, close), this.facts, this.mover, this.players.element);
		host.append(this.input, this.found, this.details);
	}

	choose(room: string): void {
		this.chosen = room;
		this.input.value = "";
		this.showFound();
	}

	/** Brings the panel up to date. */
	update(mayOperate: boolean): void {
		if (this.input.value !== "") this.showFound();
		const r = this.fleet.rooms.get(this.chosen);
		this.details.hidden = this.chosen === "";
		if (this.chosen === "") return;
		setText(this.title, this.chosen);
		this.inspect.href = `inspect/${encodeURIComponent(this.chosen)}`;
		this.mover.hidden = this.players.element.hidden = !mayOperate || !r;
		this.players.choose(this.chosen);
		this.showFacts(r ? facts(r) : [["state", "has ended, or is not among the rooms listed here"]]);
		if (!r) return;
		this.button.disabled = r.role === "moving";
		const others = this.fleet.servers().filter((m) => m.name !== r.server && m.state === "serving" && this.fleet.members.has(m.name));
		const options: [string, string][] = [["", "to the next in its order"], ...others.map((m): [string, string] => [m.name, `to ${m.name}`])];
		const key = options.join();
		if (key === this.targets) return;
		this.targets = key;
		const had = this.target.value;
		this.target.replaceChildren(...options.map(([value, text]) => h("option", { value }, text)));
		this.target.value = options.some(([v]) => v === had) ? had : "";
	}

	private showFacts(all: [string, string][]): void {
		if (this.facts.children.length !== all.length) {
			this.facts.replaceChildren(...all.map(() => h("div", {}, h("dt"), h("dd"))));
		}
		all.forEach(([name, value], i) => {
			const [dt, dd] = this.facts.children[i]!.children;
			setText(dt!, name);
			setText(dd!, value);
		});
	}

	private showFound(): void {
		const all = findRooms(this.fleet.rooms.values(), this.input.value);
		const key = all.slice(0, maxFound).map((r) => `${r.room} ${r.server}`).join() + all.length;
		if (key === this.asked) return;
		this.asked = key;
		const lines = all.slice(0, maxFound).map((r) => {
			const button = h("button", { type: "button", className: "link", dataset: { testid: "found" } }, r.room);
			button.onclick = () => this.acts.choose(r.room);
			return h("li", {}, button, ` on ${r.server}`);
		});
		if (all.length > maxFound) lines.push(h("li", {}, `and ${(all.length - maxFound).toLocaleString("en")} more`));
		this.found.replaceChildren(...lines);
	}
}

/** What there is to say of a room, as names and values. */
export function facts(r: Room): [string, string][] {
	const [instance = "", epoch = ""] = r.epoch.split(":");
	return [
		["state", r.role],
		["led by", r.server],
		["instance", instance],
		["epoch", epoch],
		["standby", r.standbys?.join(", ") || "none"],
		["game", `${r.game}, match ${r.match}`],
		["players", `${r.players} of ${r.seats}${r.spectators ? `, ${plural(r.spectators, "spectator")}` : ""}`],
		["ticks", `${r.tick_rate}/s, ${r.late.toLocaleString("en")} late`],
	];
}
