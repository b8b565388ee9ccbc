// What is drawn above the cards: rooms on their way, and lines to where copies are. Points are in the window.

import { colour } from "./colours.ts";
import { bow, type Point } from "./travel.ts";

/** A place with a server's colour. */
export interface Mark extends Point {
	hue: string;
}

/** A room on its way: a disc with a tail. `at` is where it was so many ms ago. */
export function drawTraveller(
	c: CanvasRenderingContext2D, at: (ago: number) => Point, radius: number, look: { tail: string; disc: string; glow: string },
): void {
	c.fillStyle = look.tail;
	for (let i = 9; i > 0; i--) {
		c.globalAlpha = 0.4 * (1 - i / 10);
		disc(c, at(i * 16), radius * (1 - i / 14));
	}
	c.globalAlpha = 0.25;
	c.fillStyle = look.glow;
	disc(c, at(0), radius * 2.2);
	c.globalAlpha = 1;
	c.fillStyle = look.disc;
	disc(c, at(0), radius);
}

/** A ring around a room, and lines to its copies. */
export function drawChosen(c: CanvasRenderingContext2D, at: Point, radius: number, copies: Mark[]): void {
	c.strokeStyle = colour("text");
	c.lineWidth = 2;
	ring(c, at, radius + 3);
	for (const to of copies) {
		drawLine(c, at, to, 1.5);
		drawEnd(c, to, radius + 2);
	}
}

/** Lines from a server to those that stand by for its rooms, with how many. */
export function drawCopies(c: CanvasRenderingContext2D, from: Point, copies: (Mark & { count: number })[]): void {
	c.font = `600 11px ${colour("sans")}`;
	c.textAlign = "center";
	c.textBaseline = "middle";
	for (const to of copies) {
		drawLine(c, from, to, 1 + Math.log2(1 + to.count) / 2);
		drawEnd(c, to, 13);
		c.fillStyle = colour("text");
		c.fillText(String(to.count), to.x, to.y + 0.5);
	}
}

function drawLine(c: CanvasRenderingContext2D, from: Point, to: Mark, width: number): void {
	const mid = bow(from, to, 0.12);
	c.setLineDash([5, 5]);
	c.strokeStyle = to.hue;
	c.lineWidth = width;
	c.beginPath();
	c.moveTo(from.x, from.y);
	c.quadraticCurveTo(mid.x, mid.y, to.x, to.y);
	c.stroke();
	c.setLineDash([]);
}

function drawEnd(c: CanvasRenderingContext2D, to: Mark, radius: number): void {
	c.fillStyle = colour("ground");
	disc(c, to, radius);
	c.strokeStyle = to.hue;
	c.lineWidth = 2;
	ring(c, to, radius);
}

function disc(c: CanvasRenderingContext2D, p: Point, r: number): void {
	c.beginPath();
	c.arc(p.x, p.y, r, 0, 2 * Math.PI);
	c.fill();
}

function ring(c: CanvasRenderingContext2D, p: Point, r: number): void {
	c.beginPath();
	c.arc(p.x, p.y, r, 0, 2 * Math.PI);
	c.stroke();
}
