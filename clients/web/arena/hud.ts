// What stands in front of the arena: clock, standings, own health and rounds, kills, and what the player waits for. It is
// brought up to date with each tick; elements are touched only where they change.

import type { Room } from "../sdk/index.ts";
import { hue } from "../style/palette.ts";
import { byId, make, say, show } from "./dom.ts";
import { fullAmmo, fullHP, nameOf, noSeat, Phase, reloadTime, type Arena, type Fighter } from "./game.ts";

/** How long a kill stays in the list, in milliseconds, and how many at most. */
const feedFor = 5000;
const feedMost = 5;
/** How many stand in the standings; the own line is always one of them. */
const standingsMost = 8;

export class Hud {
	readonly #time = byId("time");
	readonly #goal = byId("goal");
	readonly #standings = byId("standings");
	readonly #feed = byId("feed");
	readonly #banner = byId("banner");
	readonly #subline = byId("subline");
	readonly #vitals = byId("vitals");
	readonly #health = byId("health");
	readonly #hp = byId("hp");
	readonly #ammo = byId("ammo");
	readonly #pips: HTMLElement[];
	#ranks = "";

	constructor() {
		this.#pips = Array.from({ length: fullAmmo }, () => make("i"));
		this.#ammo.append(...this.#pips, make("b"));
	}

	/** Brings all up to date; me is the own fighter as it is predicted, undefined for a spectator. */
	update(room: Room<Arena>, me: Fighter | undefined): void {
		this.#clock(room);
		this.#rank(room);
		this.#self(room, me);
		this.#middle(room, me);
	}

	/** A kill. */
	killed(room: Room<Arena>, victim: number, by: number): void {
		const who = (seat: number) => {
			const e = make("span", seat === room.seat ? "own" : "", nameOf(room.tables, seat));
			e.style.color = hue(seat);
			return e;
		};
		const line = by === noSeat ? make("li", "", who(victim), " fell") : make("li", "", who(by), make("i", "gun"), who(victim));
		if (victim === room.seat || by === room.seat) line.classList.add("mine");
		this.#feed.append(line);
		while (this.#feed.children.length > feedMost) this.#feed.firstChild!.remove();
		setTimeout(() => line.remove(), feedFor);
	}

	/** The own health flashes. */
	hurt(): void {
		this.#vitals.classList.remove("hurt");
		void this.#vitals.offsetWidth; // so that the animation begins anew
		this.#vitals.classList.add("hurt");
	}

	clear(): void {
		this.#feed.replaceChildren();
		this.#standings.replaceChildren();
		this.#ranks = "";
		for (const e of [this.#time, this.#goal, this.#banner, this.#subline]) say(e, "");
	}

	#clock(room: Room<Arena>): void {
		const { phase, ends_at, frag_limit } = room.values.match;
		const left = Math.max(0, Math.ceil(((ends_at - room.tick) | 0) / room.tickRate));
		say(this.#time, phase === Phase.waiting ? "–:––" : `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`);
		this.#time.classList.toggle("soon", phase === Phase.playing && left <= 10);
		say(this.#goal, phase === Phase.pause ? "next round" : `first to ${frag_limit}`);
	}

	#rank(room: Room<Arena>): void {
		const { fighters } = room.tables;
		const all = [...fighters].sort(([i, a], [j, b]) => b.score - a.score || a.deaths - b.deaths || i - j);
		const own = all.findIndex(([seat]) => seat === room.seat);
		const shown = all.slice(0, standingsMost);
		if (own >= standingsMost) shown[standingsMost - 1] = all[own]!;
		const ranks = shown.map(([seat, f]) => [seat, f.score, f.deaths, f.alive, nameOf(room.tables, seat), room.tables.seats.get(seat)?.connected].join()).join(";");
		if (ranks === this.#ranks) return;
		this.#ranks = ranks;
		this.#standings.replaceChildren(
			...shown.map(([seat, f]) => {
				const row = make("li", "", make("i", "dot"), make("span", "who", nameOf(room.tables, seat)), make("b", "", String(f.score)), make("small", "", String(f.deaths)));
				(row.firstChild as HTMLElement).style.background = hue(seat);
				row.classList.toggle("own", seat === room.seat);
				row.classList.toggle("dead", !f.alive);
				row.classList.toggle("away", room.tables.seats.get(seat)?.connected === false);
				return row;
			}),
		);
	}

	#self(room: Room<Arena>, me: Fighter | undefined): void {
		show(this.#vitals, !!me);
		if (!me) return;
		say(this.#hp, String(me.hp));
		const width = `${(100 * me.hp) / fullHP}%`;
		if (this.#health.style.width !== width) this.#health.style.width = width;
		this.#vitals.classList.toggle("low", me.alive && me.hp <= 25);
		const reloading = me.alive && me.ammo === 0;
		const left = reloading ? me.cooldown! / Math.max(1, Math.trunc((reloadTime * room.tickRate) / 1000)) : 0;
		this.#ammo.classList.toggle("reloading", reloading);
		this.#pips.forEach((pip, i) => pip.classList.toggle("full", reloading ? i < Math.floor((1 - left) * fullAmmo) : i < me.ammo!));
		say(this.#ammo.lastElementChild as HTMLElement, reloading ? "reloading" : String(me.ammo));
	}

	/** What the player waits for. */
	#middle(room: Room<Arena>, me: Fighter | undefined): void {
		const { phase } = room.values.match;
		let [banner, subline] = ["", ""];
		if (phase === Phase.waiting) {
			banner = "Waiting for an opponent";
			subline = me ? "Invite somebody with the link, or look around meanwhile." : "Nobody fights here yet.";
		} else if (me && !me.alive && phase === Phase.playing) {
			banner = "You are down";
			const left = (me.next_life! - room.tick) | 0; // ticks begin again at 0
			subline = me.next_life ? `Back in ${Math.max(0, left / room.tickRate).toFixed(1)} s` : "";
		}
		say(this.#banner, banner);
		say(this.#subline, subline);
	}
}
