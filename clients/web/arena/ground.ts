// The floor and the walls, painted once for each size.

import { colour } from "../style/palette.ts";
import { radius, type Wall } from "./game.ts";

const cell = 64;
const corner = 7;
/** How much of a wall's side is seen, in units. */
const lip = 6;

/** Paints a map; scale is device pixels per unit. */
export function paintGround(walls: Wall[], size: { width: number; height: number }, scale: number): HTMLCanvasElement {
	const canvas = document.createElement("canvas");
	canvas.width = Math.max(1, Math.round(size.width * scale));
	canvas.height = Math.max(1, Math.round(size.height * scale));
	const c = canvas.getContext("2d", { alpha: false })!;
	c.scale(scale, scale);
	floor(c, size.width, size.height);
	emblem(c, size.width / 2, size.height / 2);

	// Walls stand on the floor: a shadow to the lower right, a dark side, and the top above them. Those around the map are
	// its frame.
	const { width, height } = size;
	const frame = walls.filter((w) => !w.x || !w.y || w.x + w.w === width || w.y + w.h === height);
	const blocks = walls.filter((w) => !frame.includes(w));
	c.save();
	c.shadowColor = "#000b";
	c.shadowBlur = 18 * scale; // shadows do not scale by themselves
	c.shadowOffsetX = 4 * scale;
	c.shadowOffsetY = 9 * scale;
	c.fillStyle = "#0a0f16";
	for (const w of blocks) box(c, w);
	for (const w of frame) c.fillRect(w.x, w.y, w.w, w.h);
	c.restore();
	for (const w of blocks) {
		const top = c.createLinearGradient(0, w.y, 0, w.y + w.h);
		top.addColorStop(0, "#33465d");
		top.addColorStop(1, "#223142");
		c.fillStyle = top;
		box(c, { ...w, h: w.h - lip });
		c.strokeStyle = "#5b7592";
		c.lineWidth = 1.2;
		c.beginPath();
		c.moveTo(w.x + corner, w.y + 0.8);
		c.lineTo(w.x + w.w - corner, w.y + 0.8);
		c.stroke();
	}
	c.fillStyle = "#22303f";
	for (const w of frame) c.fillRect(w.x - 0.6, w.y - 0.6, w.w + 1.2, w.h + 1.2); // no seams
	c.strokeStyle = "#41566d";
	c.lineWidth = 1.2;
	const inner = frame.reduce((most, w) => Math.max(most, Math.min(w.w, w.h)), 0);
	c.strokeRect(inner - 0.6, inner - 0.6, width - 2 * inner + 1.2, height - 2 * inner + 1.2);
	return canvas;
}

function box(c: CanvasRenderingContext2D, w: Wall): void {
	c.beginPath();
	c.roundRect(w.x, w.y, w.w, w.h, Math.min(corner, w.w / 2, w.h / 2));
	c.fill();
}

function floor(c: CanvasRenderingContext2D, width: number, height: number): void {
	const light = c.createRadialGradient(width / 2, height / 2, 0, width / 2, height / 2, Math.hypot(width, height) / 1.8);
	light.addColorStop(0, "#1b2735");
	light.addColorStop(0.6, "#151f2b");
	light.addColorStop(1, "#0f1721");
	c.fillStyle = light;
	c.fillRect(0, 0, width, height);
	c.strokeStyle = "#ffffff";
	c.lineWidth = 1;
	c.globalAlpha = 0.035;
	c.beginPath();
	for (let x = cell; x < width; x += cell) {
		c.moveTo(x, 0);
		c.lineTo(x, height);
	}
	for (let y = cell; y < height; y += cell) {
		c.moveTo(0, y);
		c.lineTo(width, y);
	}
	c.stroke();
	c.globalAlpha = 0.22;
	c.fillStyle = colour("muted");
	for (let x = cell; x < width; x += cell) for (let y = cell; y < height; y += cell) c.fillRect(x - 1, y - 1, 2, 2);
	c.globalAlpha = 1;
}

/** The ring in the middle that the game is called by. */
function emblem(c: CanvasRenderingContext2D, x: number, y: number): void {
	c.save();
	c.translate(x, y);
	c.strokeStyle = colour("accent");
	for (const [r, width, alpha] of [
		[radius * 10, 2, 0.1],
		[radius * 7, 1, 0.07],
		[radius * 10.5, 1, 0.05],
	]) {
		c.globalAlpha = alpha!;
		c.lineWidth = width!;
		c.beginPath();
		c.arc(0, 0, r!, 0, 2 * Math.PI);
		c.stroke();
	}
	c.restore();
}
