// Shows what happens between fighters: shots, hits and deaths. The own shots are shown at once, before the server says
// them.

import type { View } from "../sdk/index.ts";
import { colour, hue } from "../style/palette.ts";
import type { Camera } from "./camera.ts";
import { Effects } from "./effects.ts";
import type { Figures } from "./figures.ts";
import { flight, noSeat, target, type Arena, type Shot } from "./game.ts";

/** From a fighter's middle to the mouth of its gun, in units. */
const muzzle = 22;
/** How long an own shot that was shown waits for the server to say it, in milliseconds. */
const confirmWithin = 2000;

/** What the page hears of it. */
export interface FightEvents {
	/** The own shot hit somebody. */
	struck(): void;
	/** The own fighter was hit. */
	hurt(): void;
}

export class Fight {
	readonly effects: Effects;
	readonly #hp = new Map<number, number>();
	readonly #shown: number[] = []; // own shots that the server has not said: when they were shown

	constructor(
		readonly figures: Figures,
		readonly camera: Camera,
		readonly events: FightEvents,
		readonly calm: boolean,
	) {
		this.effects = new Effects(calm);
	}

	forget(): void {
		this.#hp.clear();
		this.#shown.length = 0;
		this.effects.clear();
	}

	/** Shows the own shot, from where the fighter was drawn to what it seems to hit. */
	fire(view: View<Arena>, own: number, aim: number, now: number): void {
		const at = this.figures.drawn.get(own);
		if (!at) return;
		this.#shown.push(now);
		const wall = flight(view.tables.walls, at.x, at.y, aim);
		const { far, seat } = target(view.tables.fighters, own, at.x, at.y, aim, wall);
		const [x1, y1] = [at.x + Math.cos(aim) * far, at.y + Math.sin(aim) * far];
		this.#tracer(at, x1, y1, own);
		if (seat === noSeat) this.effects.spark(x1, y1, aim, colour("muted"), 5);
		this.#shake(1.5);
	}

	/** Shows what is new in a view. */
	show(view: View<Arena>, own: number, now: number): void {
		for (const shot of view.events.shots) this.#shot(shot, own, now);
		const { fighters } = view.tables;
		fighters.forEach((f, seat) => {
			const had = this.#hp.get(seat) ?? 0;
			this.#hp.set(seat, f.hp);
			if (f.hp > 0 || had <= 0) return;
			this.effects.burst(f.x, f.y, hue(seat));
			if (seat === own) this.#shake(9);
		});
		for (const seat of this.#hp.keys()) if (!fighters.get(seat)) this.#hp.delete(seat);
	}

	#shot(shot: Shot, own: number, now: number): void {
		const from = this.figures.drawn.get(shot.shooter);
		if (!from) return;
		const mine = shot.shooter === own;
		const aim = Math.atan2(shot.y - from.y, shot.x - from.x);
		while (mine && this.#shown[0]! < now - confirmWithin) this.#shown.shift();
		const known = mine && this.#shown.shift() !== undefined;
		if (!known) this.#tracer(from, shot.x, shot.y, shot.shooter);
		if (shot.hit === noSeat) {
			if (!known) this.effects.spark(shot.x, shot.y, aim, colour("muted"), 5);
			return;
		}
		this.effects.spark(shot.x, shot.y, aim, hue(shot.hit), 9);
		this.effects.ring(shot.x, shot.y, 3, 14, "#fff", 160);
		if (mine) this.events.struck();
		if (shot.hit === own) {
			this.events.hurt();
			this.#shake(5);
		}
	}

	#tracer(from: { x: number; y: number }, x1: number, y1: number, seat: number): void {
		const [dx, dy] = [x1 - from.x, y1 - from.y];
		const far = Math.hypot(dx, dy);
		const k = far > 0 ? Math.min(1, muzzle / far) : 0;
		this.effects.shot(from.x + dx * k, from.y + dy * k, x1, y1, hue(seat));
	}

	#shake(pixels: number): void {
		if (!this.calm) this.camera.shake(pixels);
	}
}
