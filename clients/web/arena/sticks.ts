// Two thumbs: the left one moves, the right one aims, and fires when it is far out. A stick is where its thumb lands.

/** CSS pixels from a stick's middle to its rim. */
export const reach = 52;
/** Shares of that: below the first a stick does nothing, above the second the right one fires. */
const dead = 0.15;
const trigger = 0.45;

/** A stick that a thumb is on, in CSS pixels. */
export interface Stick {
	x: number;
	y: number;
	dx: number;
	dy: number;
}

export class Sticks {
	/** The thumbs that are down. */
	left: Stick | undefined;
	right: Stick | undefined;
	/** Whether the screen was ever touched. */
	used = false;
	readonly #thumbs = new Map<number, "left" | "right">();

	constructor(readonly surface: HTMLElement) {
		surface.addEventListener("pointerdown", (e) => this.#begin(e));
		surface.addEventListener("pointermove", (e) => this.#drag(e));
		for (const end of ["pointerup", "pointercancel"] as const) surface.addEventListener(end, (e) => this.#end(e));
	}

	/** Where to go: a vector of length 1 at most. */
	get move(): { x: number; y: number } | undefined {
		const { left } = this;
		return left && bounded(left);
	}

	/** Where to aim, while the thumb says so. */
	get aim(): { x: number; y: number } | undefined {
		const v = this.right && bounded(this.right);
		return v && (v.x || v.y) ? v : undefined;
	}

	get firing(): boolean {
		const { right } = this;
		return !!right && Math.hypot(right.dx, right.dy) > trigger * reach;
	}

	release(): void {
		this.#thumbs.clear();
		this.left = this.right = undefined;
	}

	#begin(e: PointerEvent): void {
		if (e.pointerType !== "touch") return;
		e.preventDefault();
		this.used = true;
		const side = e.clientX < this.surface.clientWidth / 2 ? "left" : "right";
		if (this[side]) return;
		this.surface.setPointerCapture(e.pointerId);
		this.#thumbs.set(e.pointerId, side);
		this[side] = { x: e.clientX, y: e.clientY, dx: 0, dy: 0 };
	}

	#drag(e: PointerEvent): void {
		const stick = this[this.#thumbs.get(e.pointerId)!];
		if (!stick) return;
		stick.dx = e.clientX - stick.x;
		stick.dy = e.clientY - stick.y;
		// A thumb that wanders off takes its stick along.
		const over = Math.hypot(stick.dx, stick.dy) / reach;
		if (over > 1) {
			stick.x += stick.dx * (1 - 1 / over);
			stick.y += stick.dy * (1 - 1 / over);
			stick.dx /= over;
			stick.dy /= over;
		}
	}

	#end(e: PointerEvent): void {
		const side = this.#thumbs.get(e.pointerId);
		if (side) this[side] = undefined;
		this.#thumbs.delete(e.pointerId);
	}
}

/** A stick's vector: 0 within the dead middle, 1 at the rim. */
function bounded({ dx, dy }: Stick): { x: number; y: number } {
	const far = Math.hypot(dx, dy) / reach;
	if (far < dead) return { x: 0, y: 0 };
	const k = Math.min(1, (far - dead) / (1 - dead)) / far / reach;
	return { x: dx * k, y: dy * k };
}
