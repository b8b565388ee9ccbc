// What of the map is on the screen: all of it where it is large enough to be played so, else what is around a place.

/** CSS pixels per unit below which a fighter is too small to see, and the camera follows instead. */
const least = 0.62;
const most = 1.9;
/** How fast the camera comes to where it should be, in milliseconds to a third. */
const ease = 90;

export interface Insets {
	top: number;
	right: number;
	bottom: number;
	left: number;
}

export class Camera {
	/** CSS pixels per unit, and device pixels per CSS pixel. */
	scale = 1;
	density = 1;
	/** Size of the screen in CSS pixels. */
	width = 0;
	height = 0;
	/** Where the map's corner is on the screen, in CSS pixels, shaking included. */
	left = 0;
	top = 0;
	#x = NaN;
	#y = NaN;
	#shake = 0; // CSS pixels
	#map = { width: 1, height: 1 };
	#insets: Insets = { top: 0, right: 0, bottom: 0, left: 0 };

	/** Takes the size of the screen, of the map, and of what is in front of the screen's edges. */
	fit(width: number, height: number, map: { width: number; height: number }, insets: Insets): void {
		this.width = width;
		this.height = height;
		this.density = Math.min(globalThis.devicePixelRatio || 1, 3);
		this.#map = map;
		this.#insets = insets;
		const whole = Math.min((width - insets.left - insets.right) / map.width, (height - insets.top - insets.bottom) / map.height);
		// Whole device pixels per map, so that its picture is copied and not stretched.
		this.scale = Math.round(Math.min(most, Math.max(least, whole)) * map.width * this.density) / map.width / this.density;
		this.#x = this.#y = NaN;
	}

	/** Shakes by so many CSS pixels, for a moment. */
	shake(pixels: number): void {
		this.#shake = Math.min(10, Math.max(this.#shake, pixels));
	}

	/** Moves on by dt milliseconds towards x, y. */
	follow(x: number, y: number, dt: number): void {
		const { top, right, bottom, left } = this.#insets;
		const toX = this.#along(x, this.#map.width, this.width - left - right);
		const toY = this.#along(y, this.#map.height, this.height - top - bottom);
		const share = 1 - Math.exp(-dt / ease);
		const far = Math.abs(toX - this.#x) + Math.abs(toY - this.#y);
		if (!(far < 400)) [this.#x, this.#y] = [toX, toY]; // the first time, and where it was put elsewhere
		this.#x += (toX - this.#x) * share;
		this.#y += (toY - this.#y) * share;
		this.#shake *= Math.exp(-dt / 70);
		if (this.#shake < 0.3) this.#shake = 0;
		const push = () => (Math.random() * 2 - 1) * this.#shake;
		this.left = this.#snap(left + (this.width - left - right) / 2 - this.#x * this.scale + push());
		this.top = this.#snap(top + (this.height - top - bottom) / 2 - this.#y * this.scale + push());
	}

	/** The place in the middle of one axis: that of the map where all of it fits, else as near to at as its ends allow. */
	#along(at: number, map: number, screen: number): number {
		const half = screen / this.scale / 2;
		return map <= half * 2 ? map / 2 : Math.min(map - half, Math.max(half, at));
	}

	/** The same at a whole device pixel. */
	#snap(pixels: number): number {
		return Math.round(pixels * this.density) / this.density;
	}

	/** A place of the map on the screen, in CSS pixels. */
	toScreen(x: number, y: number): { x: number; y: number } {
		return { x: this.left + x * this.scale, y: this.top + y * this.scale };
	}
}
