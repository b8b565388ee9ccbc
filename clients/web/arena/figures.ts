// Draws the fighters, and knows where they were drawn.

import type { Rows, View } from "../sdk/index.ts";
import { colour } from "../style/palette.ts";
import type { Camera } from "./camera.ts";
import { fullHP, nameOf, radius, type Arena, type Fighter } from "./game.ts";
import { Sprites, type Sprite } from "./sprites.ts";

/** A fighter as it was drawn in the last frame, in units. */
export interface Drawn {
	x: number;
	y: number;
	alive: boolean;
}

export class Figures {
	/** Those of the last frame, by seat. */
	readonly drawn = new Map<number, Drawn>();
	#sprites = new Sprites(1, 1);

	/** calm: nothing pulsates. */
	constructor(readonly calm: boolean) {}

	/** Takes how large things are. */
	fit(camera: Camera): void {
		const scale = camera.scale * camera.density;
		if (this.#sprites.scale !== scale) this.#sprites = new Sprites(scale, camera.density);
	}

	/** Notes where all fighters are; came hears of each that starts a life. */
	place(fighters: Rows<Fighter>, came: (f: Fighter, seat: number) => void): void {
		fighters.forEach((f, seat) => {
			let d = this.drawn.get(seat);
			if (f.alive && !d?.alive) came(f, seat);
			if (!d) this.drawn.set(seat, (d = { x: 0, y: 0, alive: false }));
			d.x = f.x;
			d.y = f.y;
			d.alive = f.alive;
		});
		for (const seat of this.drawn.keys()) if (!fighters.get(seat)) this.drawn.delete(seat);
	}

	/** Draws all living fighters; left and top are the map's corner in device pixels, aim is where the own fighter looks. */
	draw(c: CanvasRenderingContext2D, view: View<Arena>, own: number, aim: number, left: number, top: number, now: number): void {
		const { scale, density } = this.#sprites;
		view.tables.fighters.forEach((f, seat) => {
			if (!f.alive) return;
			const isOwn = seat === own;
			const [x, y] = [left + f.x * scale, top + f.y * scale];
			const angle = isOwn ? aim : f.aim;
			const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
			const body = this.#sprites.fighter(seat, isOwn);
			c.setTransform(cos, sin, -sin, cos, x, y);
			c.drawImage(body.picture, -body.x, -body.y);
			c.setTransform(1, 0, 0, 1, 0, 0);
			if (f.shielded) {
				c.globalAlpha = this.calm ? 0.8 : 0.65 + 0.3 * Math.sin(now / 110);
				stamp(c, this.#sprites.shield(), x, y);
				c.globalAlpha = 1;
			}
			const hit = f.hp < fullHP;
			if (hit) bar(c, x, y - (radius + 9) * scale, f.hp / fullHP, scale);
			if (!isOwn) stamp(c, this.#sprites.name(nameOf(view.tables, seat)), x, y - (radius + (hit ? 13 : 6)) * scale - 8 * density);
		});
	}
}

/** The health bar over a fighter that was hit. */
function bar(c: CanvasRenderingContext2D, x: number, y: number, share: number, scale: number): void {
	const [w, h] = [Math.round(34 * scale), Math.max(3, Math.round(4 * scale))];
	const [x0, y0] = [Math.round(x - w / 2), Math.round(y - h / 2)];
	c.fillStyle = "#05080ccc";
	c.fillRect(x0 - 1, y0 - 1, w + 2, h + 2);
	c.fillStyle = share > 0.5 ? colour("good") : share > 0.25 ? colour("warn") : colour("bad");
	c.fillRect(x0, y0, Math.round(w * share), h);
}

function stamp(c: CanvasRenderingContext2D, s: Sprite, x: number, y: number): void {
	c.drawImage(s.picture, Math.round(x - s.x), Math.round(y - s.y));
}
