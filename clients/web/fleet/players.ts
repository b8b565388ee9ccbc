// Lists the players of a room, and the bans, for operators.

import { h } from "./dom.ts";
import type { Ban, Player } from "./operator.ts";

export interface PlayerActs {
	players(room: string): Promise<Player[]>;
	kick(room: string, player: string): Promise<void>;
	bans(): Promise<Ban[]>;
	ban(player: string): Promise<void>;
	lift(player: string): Promise<void>;
}

/** The text of one line of the list. */
export function place(p: Player): string {
	if (p.seat < 0) return "watches";
	return `seat ${p.seat}${p.connected ? "" : ", away"}`;
}

function button(label: string, testid: string, press: () => void): HTMLButtonElement {
	const b = h("button", { type: "button", className: "link", dataset: { testid } }, label);
	b.onclick = press;
	return b;
}

/** The players of the chosen room; they are asked for when the operator wants to see them. */
export class PlayerList {
	readonly element: HTMLElement;
	private readonly list = h("ul", { className: "found people", dataset: { testid: "players" } });
	private room = "";

	constructor(private readonly acts: PlayerActs) {
		this.element = h("div", {}, button("Show players", "show-players", () => void this.load()), this.list);
	}

	choose(room: string): void {
		if (room === this.room) return;
		this.room = room;
		this.list.replaceChildren();
	}

	private async load(): Promise<void> {
		const { room } = this;
		const players = await this.acts.players(room);
		if (room !== this.room) return;
		const again = (done: Promise<void>) => void done.then(() => this.load());
		this.list.replaceChildren(
			...players.map((p) =>
				h(
					"li",
					{},
					`${p.name || p.player} (${p.player}), ${place(p)} `,
					button("kick", "kick", () => again(this.acts.kick(room, p.player))),
					" ",
					button("ban", "ban", () => again(this.acts.ban(p.player))),
				),
			),
		);
		if (players.length === 0) this.list.replaceChildren(h("li", {}, "nobody"));
	}
}

/** The bans of the fleet. */
export class BanList {
	private readonly list = h("ul", { className: "found people", dataset: { testid: "bans" } });
	private readonly input = h("input", { placeholder: "Player's id", dataset: { testid: "ban-player" } });

	constructor(
		private readonly panel: HTMLElement,
		private readonly acts: PlayerActs,
	) {
		this.input.setAttribute("aria-label", "id of the player to ban");
		const ban = button("Ban", "ban-add", () => this.input.value.trim() && this.again(this.acts.ban(this.input.value.trim())));
		panel.append(h("div", { className: "row" }, this.input, ban), button("Show bans", "show-bans", () => void this.load()), this.list);
	}

	/** Shows the panel to operators only. */
	update(mayOperate: boolean): void {
		this.panel.closest("section")!.hidden = !mayOperate;
	}

	private again(done: Promise<void>): void {
		void done.then(() => this.load());
	}

	private async load(): Promise<void> {
		const bans = await this.acts.bans();
		this.list.replaceChildren(
			...bans.map((b) => h("li", {}, banned(b) + " ", button("lift", "lift", () => this.again(this.acts.lift(b.player))))),
		);
		if (bans.length === 0) this.list.replaceChildren(h("li", {}, "nobody is banned"));
	}
}

/** What a line says of a ban. */
export function banned(b: Ban): string {
	return `${b.player} until ${b.until.slice(0, 16).replace("T", " ")} UTC${b.reason ? `: ${b.reason}` : ""}`;
}
