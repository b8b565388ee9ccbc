// What lies over the picture: the sticks under the thumbs, and red edges after a hit. All in CSS pixels.

import { colour } from "../style/palette.ts";
import { reach, type Stick, type Sticks } from "./sticks.ts";

/** How long the edges are red, in milliseconds. */
const hurtFor = 320;

/** Sticks at rest: from the screen's sides, and from its lower end. */
const restX = reach + 34;
const restY = reach + 56;

export class Overlay {
	#hurt = 0; // milliseconds left
	#edges: HTMLCanvasElement | undefined;
	#aspect = 0;

	hurt(): void {
		this.#hurt = hurtFor;
	}

	drawSticks(c: CanvasRenderingContext2D, sticks: Sticks, width: number, height: number): void {
		const y = height - restY;
		stick(c, sticks.left ?? { x: restX, y, dx: 0, dy: 0 }, !!sticks.left, false);
		stick(c, sticks.right ?? { x: width - restX, y, dx: 0, dy: 0 }, !!sticks.right, sticks.firing);
	}

	drawEdges(c: CanvasRenderingContext2D, dt: number, width: number, height: number): void {
		if (this.#hurt <= 0) return;
		this.#hurt -= dt;
		if (!this.#edges || this.#aspect !== width / height) {
			this.#aspect = width / height;
			this.#edges = paintEdges(this.#aspect);
		}
		c.globalAlpha = Math.max(0, this.#hurt / hurtFor) * 0.55;
		c.drawImage(this.#edges, 0, 0, width, height);
		c.globalAlpha = 1;
	}
}

function stick(c: CanvasRenderingContext2D, { x, y, dx, dy }: Stick, held: boolean, firing: boolean): void {
	c.strokeStyle = c.fillStyle = firing ? colour("warn") : "#fff";
	c.lineWidth = 2;
	c.globalAlpha = held ? 0.35 : 0.14;
	c.beginPath();
	c.arc(x, y, reach, 0, 2 * Math.PI);
	c.stroke();
	c.globalAlpha = held ? 0.4 : 0.12;
	c.beginPath();
	c.arc(x + dx, y + dy, 24, 0, 2 * Math.PI);
	c.fill();
	c.globalAlpha = 1;
}

/** A small picture of red edges, to be stretched. */
function paintEdges(aspect: number): HTMLCanvasElement {
	const canvas = document.createElement("canvas");
	canvas.height = 64;
	canvas.width = Math.max(16, Math.round(64 * aspect));
	const c = canvas.getContext("2d")!;
	const edges = c.createRadialGradient(0, 0, 0.62, 0, 0, 1.35);
	edges.addColorStop(0, "#ff3b3b00");
	edges.addColorStop(1, "#ff3b3bcc");
	c.scale(canvas.width / 2, canvas.height / 2);
	c.translate(1, 1);
	c.fillStyle = edges;
	c.fillRect(-1, -1, 2, 2);
	return canvas;
}
