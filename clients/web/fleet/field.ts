// A server's rooms as dots on its card. Dots at rest are drawn when something has changed only.

import { colour } from "./colours.ts";
import { clean, fit } from "./dom.ts";
import type { Room } from "./model.ts";
import { Slots, slotPosition } from "./slots.ts";

/** Why a dot shines for a while, and for how many ms. */
export type Flash = "made" | "moved" | "failover" | "epoch";
const shine: Record<Flash, number> = { made: 700, moved: 1600, failover: 5000, epoch: 2500 };

export interface Dot {
	room: Room;
	hidden: boolean; // it travels still
	flash?: Flash;
	flashed: number; // when, by performance.now()
}

/** How long a room that has ended takes to fade, in ms. */
const fading = 600;

/** The edge of a canvas where no dots are, in CSS pixels: what shines around one needs room. */
const edge = 10;

export function dotRadius(pitch: number): number {
	return pitch * 0.34;
}

/** The colour of a flash; what was made shines in its server's own. */
export function flashColour(f: Flash, own: string): string {
	return f === "failover" ? colour("bad") : f === "made" ? own : colour("text");
}

export class Field {
	readonly dots = new Map<string, Dot>();
	readonly slots = new Slots();
	width = 0; // without the edges, in CSS pixels
	height = 0;
	pitch = 0;
	dim = false; // the server does not answer, or is gone
	dirty = true;
	private ended: { at: number; x: number; y: number }[] = [];

	constructor(readonly server: string, readonly hue: string, readonly canvas: HTMLCanvasElement) {}

	put(room: Room, hidden = false): Dot {
		let dot = this.dots.get(room.room);
		if (!dot) {
			dot = { room, hidden, flashed: 0 };
			this.dots.set(room.room, dot);
			this.slots.take(room.room);
		}
		dot.room = room;
		dot.hidden = hidden;
		this.dirty = true;
		return dot;
	}

	/** Takes a room away; `fade` leaves its dot to fade. */
	remove(id: string, fade: boolean, now = 0): void {
		if (!this.dots.has(id)) return;
		const [x, y] = this.position(id);
		if (fade) this.ended.push({ at: now, x, y });
		this.dots.delete(id);
		this.slots.release(id);
		this.dirty = true;
	}

	flash(dot: Dot, flash: Flash, now: number): void {
		dot.flash = flash;
		dot.flashed = now;
		this.dirty = true;
	}

	measure(): void {
		this.width = Math.max(0, this.canvas.clientWidth - 2 * edge);
		this.height = Math.max(0, this.canvas.clientHeight - 2 * edge);
		this.dirty = true;
	}

	/** The middle of a room's dot, on the canvas. */
	position(id: string): [x: number, y: number] {
		const [x, y] = slotPosition(this.slots.slotOf(id) ?? 0, this.width, this.height, this.pitch);
		return [x + edge, y + edge];
	}

	/** The room whose dot is there, or near enough for a finger. */
	at(x: number, y: number, reach: number): Room | undefined {
		let best: Room | undefined, least = Math.max(reach, this.pitch) ** 2;
		for (const [id, dot] of this.dots) {
			const [dx, dy] = this.position(id);
			const far = (dx - x) ** 2 + (dy - y) ** 2;
			if (far < least) [best, least] = [dot.room, far];
		}
		return best;
	}

	/** Draws if there is something new; true while something still moves. */
	draw(now: number): boolean {
		if (!this.dirty || this.width === 0) return false;
		fit(this.canvas, this.width + 2 * edge, this.height + 2 * edge);
		const c = clean(this.canvas);
		const radius = dotRadius(this.pitch);
		c.globalAlpha = this.dim ? 0.4 : 1;
		this.drawResting(c, radius, now);
		let moving = this.drawFlashes(c, radius, now);
		this.ended = this.ended.filter((e) => now - e.at < fading);
		for (const e of this.ended) {
			const t = Math.max(0, now - e.at) / fading;
			c.globalAlpha = 0.6 * (1 - t);
			c.fillStyle = this.hue;
			circle(c, e.x, e.y, radius * (1 + t));
			moving = true;
		}
		c.globalAlpha = 1;
		this.dirty = moving;
		return moving;
	}

	/** All dots that do not shine: full with players, hollow without, square while they stand still. */
	private drawResting(c: CanvasRenderingContext2D, radius: number, now: number): void {
		const full = new Path2D(), hollow = new Path2D(), suspended = new Path2D(), moving = new Path2D();
		for (const [id, dot] of this.dots) {
			if (dot.hidden || this.shining(dot, now)) continue;
			const [x, y] = this.position(id);
			if (dot.room.role === "suspended") suspended.rect(x - radius, y - radius, 2 * radius, 2 * radius);
			else addCircle(dot.room.players > 0 ? full : hollow, x, y, dot.room.players > 0 ? radius : radius - 0.6);
			if (dot.room.role === "moving") addCircle(moving, x, y, radius + Math.min(2, this.pitch / 10 + 0.5));
		}
		c.fillStyle = this.hue;
		c.fill(full);
		c.strokeStyle = this.hue;
		c.lineWidth = Math.min(1.5, radius / 2);
		c.stroke(hollow);
		c.lineWidth = 1.5;
		c.strokeStyle = colour("ice");
		c.stroke(suspended);
		c.strokeStyle = colour("warn");
		c.stroke(moving);
	}

	private drawFlashes(c: CanvasRenderingContext2D, radius: number, now: number): boolean {
		let moving = false;
		for (const [id, dot] of this.dots) {
			if (!dot.flash) continue;
			if (!this.shining(dot, now)) {
				dot.flash = undefined;
				continue;
			}
			moving = true;
			if (dot.hidden) continue;
			const [x, y] = this.position(id);
			const age = Math.max(0, now - dot.flashed); // a frame's time is that of its beginning
			const t = age / shine[dot.flash];
			const hot = flashColour(dot.flash, this.hue);
			c.globalAlpha = 1;
			c.fillStyle = this.hue;
			const grown = dot.flash === "made" ? Math.min(1, t * 1.5) : 1;
			circle(c, x, y, radius * grown);
			c.globalAlpha = 1 - t;
			c.fillStyle = hot;
			circle(c, x, y, radius * grown);
			// A ring that runs out and is gone before the dot has its own colour again.
			const ring = Math.min(1, age / 900);
			c.globalAlpha = 0.8 * (1 - ring);
			c.strokeStyle = hot;
			c.lineWidth = 1.5;
			c.beginPath();
			c.arc(x, y, radius + ring * this.pitch * 0.7, 0, 2 * Math.PI);
			c.stroke();
		}
		c.globalAlpha = 1;
		return moving;
	}

	private shining(dot: Dot, now: number): boolean {
		return dot.flash !== undefined && now - dot.flashed < shine[dot.flash];
	}
}

function circle(c: CanvasRenderingContext2D, x: number, y: number, r: number): void {
	c.beginPath();
	c.arc(x, y, Math.max(0, r), 0, 2 * Math.PI);
	c.fill();
}

function addCircle(p: Path2D, x: number, y: number, r: number): void {
	p.moveTo(x + r, y);
	p.arc(x, y, Math.max(0, r), 0, 2 * Math.PI);
}
