// Pictures that are painted once and copied each frame: fighters, shields and names.

import { colour, hue } from "../style/palette.ts";
import { radius } from "./game.ts";

/** A picture and where its middle is, both in device pixels. */
export interface Sprite {
	picture: HTMLCanvasElement;
	x: number;
	y: number;
}

const maxNames = 64;
const measure = document.createElement("canvas").getContext("2d")!;

export class Sprites {
	readonly #made = new Map<string, Sprite>();
	#names = 0;

	/** scale is device pixels per unit, density per CSS pixel. */
	constructor(readonly scale: number, readonly density: number) {}

	/** A fighter that looks to the right. */
	fighter(seat: number, own: boolean): Sprite {
		return this.#sprite(`f${seat % 8}${own}`, 2.9 * radius, 2.9 * radius, (c) => {
			c.scale(this.scale, this.scale);
			const tint = hue(seat);
			if (own) {
				const glow = c.createRadialGradient(0, 0, radius, 0, 0, radius * 1.45);
				glow.addColorStop(0, "#ffffff55");
				glow.addColorStop(1, "#ffffff00");
				c.fillStyle = glow;
				disc(c, radius * 1.45);
			}
			c.fillStyle = "#05080c99"; // its shadow, the same all around since it turns
			disc(c, radius + 1.5);
			c.fillStyle = "#0a1018";
			c.beginPath();
			c.roundRect(6, -5, 17, 10, 3);
			c.fill();
			c.fillStyle = own ? "#fff" : "#c9d5e4";
			c.beginPath();
			c.roundRect(8, -3, 13.5, 6, 2);
			c.fill();
			c.fillStyle = tint;
			disc(c, radius - 2);
			const shade = c.createRadialGradient(-2, 0, 2, 0, 0, radius);
			shade.addColorStop(0, "#ffffff44");
			shade.addColorStop(0.55, "#ffffff00");
			shade.addColorStop(1, "#00000055");
			c.fillStyle = shade;
			disc(c, radius - 2);
			c.lineWidth = own ? 2.6 : 1.6;
			c.strokeStyle = own ? "#fff" : "#0a1018";
			c.beginPath();
			c.arc(0, 0, radius - 2, 0, 2 * Math.PI);
			c.stroke();
			c.fillStyle = "#0a1018cc";
			disc(c, 4.5);
		});
	}

	shield(): Sprite {
		return this.#sprite("shield", 3.2 * radius, 3.2 * radius, (c) => {
			c.scale(this.scale, this.scale);
			const skin = c.createRadialGradient(0, 0, radius * 0.7, 0, 0, radius * 1.4);
			skin.addColorStop(0, "#bfe4ff00");
			skin.addColorStop(1, "#bfe4ff66");
			c.fillStyle = skin;
			disc(c, radius * 1.4);
			c.strokeStyle = colour("ice");
			c.lineWidth = 1.6;
			c.beginPath();
			c.arc(0, 0, radius * 1.4, 0, 2 * Math.PI);
			c.stroke();
		});
	}

	/** A name, to stand over its fighter. */
	name(text: string): Sprite {
		const key = `n${text}`;
		const made = this.#made.get(key);
		if (made) return made;
		if (++this.#names > maxNames) {
			for (const k of this.#made.keys()) if (k[0] === "n") this.#made.delete(k);
			this.#names = 1;
		}
		const font = `550 12px ${colour("sans")}`;
		measure.font = font;
		const width = ((measure.measureText(text).width + 8) * this.density) / this.scale;
		return this.#sprite(key, width, (18 * this.density) / this.scale, (c) => {
			c.scale(this.density, this.density);
			c.font = font;
			c.textAlign = "center";
			c.textBaseline = "middle";
			c.lineJoin = "round";
			c.lineWidth = 3;
			c.strokeStyle = "#070b10cc";
			c.strokeText(text, 0, 0);
			c.fillStyle = "#c9d5e4";
			c.fillText(text, 0, 0);
		});
	}

	/** width and height are in units; paint draws around 0, 0 in device pixels. */
	#sprite(key: string, width: number, height: number, paint: (c: CanvasRenderingContext2D) => void): Sprite {
		let s = this.#made.get(key);
		if (s) return s;
		const picture = document.createElement("canvas");
		picture.width = Math.max(1, Math.ceil(width * this.scale));
		picture.height = Math.max(1, Math.ceil(height * this.scale));
		s = { picture, x: picture.width / 2, y: picture.height / 2 };
		const c = picture.getContext("2d")!;
		c.translate(s.x, s.y);
		paint(c);
		this.#made.set(key, s);
		return s;
	}
}

function disc(c: CanvasRenderingContext2D, r: number): void {
	c.beginPath();
	c.arc(0, 0, r, 0, 2 * Math.PI);
	c.fill();
}
