// Draws a room, once a frame, and keeps what aiming needs: the camera and the fighters' places.

import type { Room, Rows, View } from "../sdk/index.ts";
import { hue } from "../style/palette.ts";
import { Camera, type Insets } from "./camera.ts";
import { Fight, type FightEvents } from "./fight.ts";
import { Figures } from "./figures.ts";
import { extent, flight, type Arena, type Wall } from "./game.ts";
import { paintGround } from "./ground.ts";
import type { Sight } from "./hands.ts";
import { Overlay } from "./overlay.ts";
import type { Sticks } from "./sticks.ts";

/** Around the map. */
const outside = "#080c12";
/** What is seen while there is no room: a ring that nobody has entered. */
const emptyRing: Wall[] = [
	{ x: 0, y: 0, w: 1024, h: 16 },
	{ x: 0, y: 752, w: 1024, h: 16 },
	{ x: 0, y: 16, w: 16, h: 736 },
	{ x: 1008, y: 16, w: 16, h: 736 },
];
/** The longest step that things take in one frame, in milliseconds. */
const longestStep = 100;

export class Stage implements Sight {
	readonly figures: Figures;
	readonly fight: Fight;
	ownOnScreen: { x: number; y: number } | undefined;
	seat = -1;
	readonly #camera = new Camera();
	readonly #overlay = new Overlay();
	readonly #context: CanvasRenderingContext2D;
	#view: View<Arena> | undefined;
	#ground: HTMLCanvasElement | undefined;
	#rows: Rows<Wall> | undefined;
	#walls = emptyRing;
	#size = { width: 0, height: 0 };
	#fitted = "";
	#last = 0;

	/** calm: nothing shakes or pulsates, and less flies about. */
	constructor(
		readonly canvas: HTMLCanvasElement,
		calm: boolean,
		events: FightEvents,
	) {
		this.#context = canvas.getContext("2d", { alpha: false })!;
		this.figures = new Figures(calm);
		const hurt = () => {
			this.#overlay.hurt();
			events.hurt();
		};
		this.fight = new Fight(this.figures, this.#camera, { ...events, hurt }, calm);
	}

	get fighters() {
		return this.#view?.tables.fighters;
	}

	clear(x0: number, y0: number, x1: number, y1: number): boolean {
		const walls = this.#view?.tables.walls;
		return !!walls && flight(walls, x0, y0, Math.atan2(y1 - y0, x1 - x0)) >= Math.hypot(x1 - x0, y1 - y0);
	}

	/** Forgets a room that was left; its ground is seen until there is another. */
	reset(): void {
		this.#view = this.ownOnScreen = undefined;
		this.seat = -1;
		this.figures.drawn.clear();
		this.fight.forget();
	}

	/** Shows the own shot at once. */
	fire(aim: number, now: number): void {
		if (this.#view) this.fight.fire(this.#view, this.seat, aim, now);
	}

	/** Draws a frame of a room, if there is one. aim is where the own fighter looks; insets are what is in front of the screen's edges. */
	draw(room: Room<Arena> | undefined, now: number, aim: number, sticks: Sticks, insets: Insets): void {
		const dt = Math.max(0, Math.min(longestStep, now - this.#last));
		this.#last = now;
		const view = (this.#view = room?.view(now));
		this.seat = room?.seat ?? -1;
		const c = this.#context;
		const camera = this.#camera;
		if (view && view.tables.walls !== this.#rows) {
			this.#rows = view.tables.walls; // those of a room never change
			this.#walls = [...this.#rows].map(([, wall]) => wall);
			this.#fitted = "";
		}
		this.#fit(insets);
		c.setTransform(1, 0, 0, 1, 0, 0);
		c.fillStyle = outside;
		c.fillRect(0, 0, this.canvas.width, this.canvas.height);
		if (!view) {
			camera.follow(this.#size.width / 2, this.#size.height / 2, dt);
			c.drawImage(this.#ground!, Math.round(camera.left * camera.density), Math.round(camera.top * camera.density));
			return;
		}

		const { fighters } = view.tables;
		const me = fighters.get(this.seat);
		this.figures.place(fighters, (f, seat) => this.fight.effects.arrive(f.x, f.y, hue(seat)));
		this.fight.show(view, this.seat, now);
		const { x, y } = me ?? this.#middle(view);
		camera.follow(x, y, me ? dt : dt * 0.15);
		this.ownOnScreen = me && camera.toScreen(me.x, me.y);

		const { density, width, height } = camera;
		const [left, top] = [Math.round(camera.left * density), Math.round(camera.top * density)];
		const scale = camera.scale * density;
		c.drawImage(this.#ground!, left, top);
		this.figures.draw(c, view, this.seat, aim, left, top, now);
		c.setTransform(scale, 0, 0, scale, left, top);
		this.fight.effects.draw(c, dt);
		c.setTransform(density, 0, 0, density, 0, 0);
		if (sticks.used && me) this.#overlay.drawSticks(c, sticks, width, height);
		this.#overlay.drawEdges(c, dt, width, height);
	}

	/** Fits the picture to the screen when either has changed. */
	#fit(insets: Insets): void {
		const { clientWidth: width, clientHeight: height } = this.canvas;
		const key = [width, height, devicePixelRatio, ...Object.values(insets)].join();
		if (key === this.#fitted) return;
		this.#fitted = key;
		const camera = this.#camera;
		this.#size = extent(this.#walls);
		camera.fit(width, height, this.#size, insets);
		this.canvas.width = Math.round(width * camera.density);
		this.canvas.height = Math.round(height * camera.density);
		this.figures.fit(camera);
		this.#ground = paintGround(this.#walls, this.#size, camera.scale * camera.density);
	}

	/** Without an own fighter the camera looks at the middle of the living fighters. */
	#middle(view: View<Arena>): { x: number; y: number } {
		let [x, y, n] = [0, 0, 0];
		view.tables.fighters.forEach((f) => {
			if (!f.alive) return;
			x += f.x;
			y += f.y;
			n++;
		});
		return n ? { x: x / n, y: y / n } : { x: this.#size.width / 2, y: this.#size.height / 2 };
	}
}
