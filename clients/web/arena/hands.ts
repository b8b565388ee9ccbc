// What the player's hands do: keyboard, mouse and thumbs, as one sample of input.

import type { Fighter, Input } from "./game.ts";
import type { Rows } from "../sdk/index.ts";
import { Sticks } from "./sticks.ts";

const keys: Record<string, [x: number, y: number]> = {
	KeyW: [0, -1],
	ArrowUp: [0, -1],
	KeyS: [0, 1],
	ArrowDown: [0, 1],
	KeyA: [-1, 0],
	ArrowLeft: [-1, 0],
	KeyD: [1, 0],
	ArrowRight: [1, 0],
};

/** Within this of where a fighter without a mouse faces, an enemy in sight is aimed at: radians. */
const assist = 0.6;
/** The greatest length of a wish to move. */
const full = 127;

/** What hands look at to aim: where things are drawn. */
export interface Sight {
	/** Where the own fighter is on the screen, in CSS pixels; undefined: nowhere. */
	readonly ownOnScreen: { x: number; y: number } | undefined;
	readonly fighters: Rows<Fighter> | undefined;
	readonly seat: number;
	/** Whether no wall is between two places. */
	clear(x0: number, y0: number, x1: number, y1: number): boolean;
}

export class Hands {
	readonly sticks: Sticks;
	/** Whether they do anything: not while a card is open. */
	enabled = false;
	readonly #down = new Set<string>();
	#mouse: { x: number; y: number } | undefined; // since it moved last; undefined: keys and thumbs alone aim
	#button = false;
	#reload = false;
	#facing = 0;

	/** surface is what is touched and clicked to play. */
	constructor(surface: HTMLElement, readonly sight: Sight) {
		this.sticks = new Sticks(surface);
		addEventListener("keydown", (e) => this.#key(e, true));
		addEventListener("keyup", (e) => this.#key(e, false));
		addEventListener("blur", () => this.release());
		document.addEventListener("visibilitychange", () => this.release());
		surface.addEventListener("pointermove", (e) => this.#point(e));
		surface.addEventListener("pointerdown", (e) => {
			if (e.pointerType === "touch") return;
			this.#point(e);
			this.#button ||= e.button === 0;
		});
		addEventListener("pointerup", (e) => {
			if (e.pointerType !== "touch" && e.button === 0) this.#button = false;
		});
		surface.addEventListener("contextmenu", (e) => e.preventDefault());
	}

	/** Lets go of everything. */
	release(): void {
		this.#down.clear();
		this.#button = this.#reload = false;
		this.sticks.release();
	}

	/** Asks for fresh rounds with the next sample. */
	reload(): void {
		this.#reload = true;
	}

	/** Where the own fighter looks now, in radians. */
	aim(): number {
		const { ownOnScreen: me } = this.sight;
		const { aim } = this.sticks;
		if (aim) this.#facing = Math.atan2(aim.y, aim.x);
		else if (this.#mouse && me) this.#facing = Math.atan2(this.#mouse.y - me.y, this.#mouse.x - me.x);
		else {
			const { x, y } = this.move();
			if (x || y) this.#facing = Math.atan2(y, x);
			return this.#assisted();
		}
		return this.#facing;
	}

	/** Where the player wants to go: a vector of length 1 at most. */
	move(): { x: number; y: number } {
		const { move } = this.sticks;
		if (!this.enabled) return { x: 0, y: 0 };
		if (move) return move;
		let x = 0;
		let y = 0;
		for (const code of this.#down) {
			x += keys[code]?.[0] ?? 0;
			y += keys[code]?.[1] ?? 0;
		}
		x = Math.sign(x);
		y = Math.sign(y);
		return x && y ? { x: x * Math.SQRT1_2, y: y * Math.SQRT1_2 } : { x, y };
	}

	/** What they want at this moment. */
	wish(): Input {
		const { x, y } = this.move();
		return {
			move_x: Math.round(x * full),
			move_y: Math.round(y * full),
			aim: this.aim(),
			fire: this.enabled && (this.#button || this.#down.has("Space") || this.sticks.firing),
			reload: this.enabled && this.#reload,
		};
	}

	/** The same, to be sent. */
	sample(): Input {
		const wish = this.wish();
		this.#reload = false;
		return wish;
	}

	#key(e: KeyboardEvent, down: boolean): void {
		const { code } = e;
		if (!down) {
			this.#down.delete(code);
			return;
		}
		if (!this.enabled || e.ctrlKey || e.metaKey || e.altKey || e.target instanceof HTMLInputElement) return;
		if (keys[code] || code === "Space") {
			e.preventDefault(); // the page does not scroll, and no button is pressed
			this.#down.add(code);
		}
		if (code === "KeyR" && !e.repeat) this.#reload = true;
	}

	#point(e: PointerEvent): void {
		if (e.pointerType !== "touch") this.#mouse = { x: e.clientX, y: e.clientY };
	}

	/** A player without a mouse aims at the nearest enemy in sight that their fighter roughly faces. */
	#assisted(): number {
		const { fighters, seat } = this.sight;
		const me = fighters?.get(seat);
		let aim = this.#facing;
		let nearest = Infinity;
		if (!me) return aim;
		fighters!.forEach((f, id) => {
			const [dx, dy] = [f.x - me.x, f.y - me.y];
			const far = Math.hypot(dx, dy);
			const to = Math.atan2(dy, dx);
			const off = Math.abs(turn(to - this.#facing));
			if (id === seat || !f.alive || far >= nearest || off > assist || !this.sight.clear(me.x, me.y, f.x, f.y)) return;
			nearest = far;
			aim = to;
		});
		return aim;
	}
}

/** An angle as one from -π to π. */
function turn(angle: number): number {
	return angle - 2 * Math.PI * Math.round(angle / (2 * Math.PI));
}
