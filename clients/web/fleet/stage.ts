// The stage: the dots on the servers' cards, and above the cards the rooms that travel and the lines to their standbys.

import { serverColour } from "./colours.ts";
import { clean, fit } from "./dom.ts";
import { dotRadius, Field, flashColour } from "./field.ts";
import type { Fleet, News, Room } from "./model.ts";
import { drawChosen, drawCopies, drawTraveller, type Mark } from "./overlay.ts";
import { maxPitch, pitchFor } from "./slots.ts";
import { along, bendOf, duration, type Point } from "./travel.ts";

interface Traveller {
	room: Room;
	from: Point; // in the window, of the moment when it set out
	fromHue: string;
	scrolled: number; // where the window stood then
	to: Field;
	begun: number;
	lasts: number;
	bend: number;
	failover: boolean;
}

/** More rooms than that set out one after another, over this many ms. */
const column = 12, columnTime = 900;
/** More than that are not animated: they are where they belong at once, and shine. */
const maxTravellers = 400;

export class Stage {
	private readonly fields = new Map<string, Field>();
	private travellers: Traveller[] = [];
	private frame = 0;
	private hovered: Room | undefined;
	private chosen: Room | undefined;
	private blank = true; // the overlay shows nothing
	private linked = ""; // server whose copies are shown
	private readonly still = matchMedia("(prefers-reduced-motion: reduce)");

	constructor(private readonly overlay: HTMLCanvasElement, private readonly fleet: Fleet) {
		addEventListener("scroll", () => this.wake(), { passive: true });
		addEventListener("resize", () => this.wake());
	}

	/** Gives a server its canvas. */
	add(server: string, canvas: HTMLCanvasElement): void {
		this.fields.set(server, new Field(server, serverColour(server), canvas));
	}

	remove(server: string): void {
		this.fields.delete(server);
		this.travellers = this.travellers.filter((t) => t.to.server !== server);
	}

	/** Measures the fields, after cards have come, gone or changed their size. */
	measure(): void {
		for (const f of this.fields.values()) f.measure();
		this.arrange();
	}

	/** Makes room for all dots: they have one size everywhere, so that servers can be compared. */
	private arrange(): void {
		let pitch = maxPitch;
		for (const f of this.fields.values()) {
			f.dirty = f.slots.pack() || f.dirty;
			if (f.width > 0) pitch = Math.min(pitch, pitchFor(f.width, f.height, f.slots.span));
		}
		for (const f of this.fields.values()) {
			f.dirty ||= f.pitch !== pitch;
			f.pitch = pitch;
		}
		this.wake();
	}

	/** Shows what has happened. The cards of all servers are there already. */
	apply(news: News): void {
		const now = performance.now();
		for (const r of news.made) {
			const f = this.fields.get(r.server);
			const dot = f?.put(r);
			if (f && dot && !news.first) f.flash(dot, "made", now);
		}
		for (const r of news.changed) {
			const f = this.fields.get(r.server);
			if (!f) continue;
			const before = f.dots.get(r.room)?.room;
			const dot = f.put(r, f.dots.get(r.room)?.hidden);
			if (before && before.epoch !== r.epoch) f.flash(dot, "epoch", now);
		}
		for (const r of news.ended) {
			this.fields.get(r.server)?.remove(r.room, true, now);
			this.travellers = this.travellers.filter((t) => t.room.room !== r.room);
		}
		news.travels.forEach((t, i) => this.send(t.room, t.from, t.failover, now + delay(i, news.travels.length)));
		if (this.chosen) this.chosen = this.fleet.rooms.get(this.chosen.room);
		if (this.hovered) this.hovered = this.fleet.rooms.get(this.hovered.room);
		for (const [name, f] of this.fields) {
			const dim = !this.fleet.members.get(name)?.reachable;
			f.dirty ||= dim !== f.dim;
			f.dim = dim;
		}
		if (news.made.length + news.travels.length + news.ended.length > 0) this.arrange();
		this.wake();
	}

	private send(room: Room, from: string, failover: boolean, begun: number): void {
		const to = this.fields.get(room.server), old = this.fields.get(from);
		const at = this.locate(room.room, old);
		this.travellers = this.travellers.filter((t) => t.room.room !== room.room);
		old?.remove(room.room, false);
		if (!to) return;
		const animate = at && !this.still.matches && !document.hidden && this.travellers.length < maxTravellers;
		const dot = to.put(room, !!animate);
		if (!animate) {
			to.flash(dot, failover ? "failover" : "moved", performance.now());
			return;
		}
		this.travellers.push({
			room, from: at, fromHue: serverColour(from), scrolled: scrollY, to, begun, lasts: 0, bend: bendOf(room.room), failover,
		});
	}

	/** Where a room is in the window: on the way, or at its place in a field. */
	private locate(room: string, f: Field | undefined): Point | undefined {
		const t = this.travellers.find((t) => t.room.room === room);
		if (t) return this.whereabouts(t, performance.now());
		if (!f || !f.dots.has(room) || f.width === 0) return undefined;
		return this.pointIn(f, room);
	}

	private pointIn(f: Field, room: string): Point {
		const box = f.canvas.getBoundingClientRect(), [x, y] = f.position(room);
		return { x: box.left + x, y: box.top + y };
	}

	private whereabouts(t: Traveller, now: number): Point {
		const from = { x: t.from.x, y: t.from.y + t.scrolled - scrollY };
		const to = this.pointIn(t.to, t.room.room);
		t.lasts ||= duration(from, to);
		return along(from, to, Math.min(1, Math.max(0, (now - t.begun) / t.lasts)), t.bend);
	}

	hover(room: Room | undefined): void {
		if (room === this.hovered) return;
		this.hovered = room;
		this.wake();
	}

	choose(room: Room | undefined): void {
		this.chosen = room;
		this.wake();
	}

	/** Shows where a server's copies are; "" shows nothing. */
	link(server: string): void {
		if (server === this.linked) return;
		this.linked = server;
		this.wake();
	}

	/** The room at a point of a canvas of ours. */
	roomAt(canvas: EventTarget | null, x: number, y: number, reach: number): Room | undefined {
		for (const f of this.fields.values()) if (f.canvas === canvas) return f.at(x, y, reach);
		return undefined;
	}

	/** Draws in the next frame, and goes on for as long as something moves. */
	wake(): void {
		this.frame ||= requestAnimationFrame((now) => {
			this.frame = 0;
			if (this.draw(now)) this.wake();
		});
	}

	private draw(now: number): boolean {
		this.land(now);
		let moving = this.travellers.length > 0;
		for (const f of this.fields.values()) moving = f.draw(now) || moving;
		this.drawOverlay(now);
		return moving;
	}

	private drawOverlay(now: number): void {
		this.overlay.dataset.travelling = String(this.travellers.length);
		const empty = this.travellers.length === 0 && !this.linked && !this.chosen && !this.hovered;
		if (empty && this.blank) return;
		this.blank = empty;
		fit(this.overlay, innerWidth, innerHeight);
		const c = clean(this.overlay);
		const own = this.fields.get(this.linked);
		if (own) drawCopies(c, middle(own), this.copiesOf(this.linked));
		for (const room of new Set([this.chosen, this.hovered])) {
			const f = room && this.fields.get(room.server), at = room && this.locate(room.room, f);
			if (!f || !at) continue;
			const copies = (room.standbys ?? []).flatMap((s) => this.mark(s) ?? []);
			drawChosen(c, at, dotRadius(f.pitch), copies);
		}
		for (const t of this.travellers) {
			const hot = flashColour(t.failover ? "failover" : "moved", t.to.hue);
			drawTraveller(c, (ago) => this.whereabouts(t, now - ago), Math.max(2.5, dotRadius(t.to.pitch)),
				{ tail: t.failover ? hot : t.fromHue, disc: t.failover ? hot : t.to.hue, glow: hot });
		}
	}

	private mark(server: string): Mark | undefined {
		const f = this.fields.get(server);
		return f && { ...middle(f), hue: f.hue };
	}

	/** The servers that stand by for a server's rooms, with how many. */
	private copiesOf(server: string): (Mark & { count: number })[] {
		const counts = new Map<string, number>();
		for (const r of this.fleet.rooms.values()) {
			if (r.server === server) for (const s of r.standbys ?? []) counts.set(s, (counts.get(s) ?? 0) + 1);
		}
		return [...counts].flatMap(([name, count]) => {
			const m = this.mark(name);
			return m ? [{ ...m, count }] : [];
		});
	}

	private land(now: number): void {
		this.travellers = this.travellers.filter((t) => {
			if (t.lasts === 0 || now < t.begun + t.lasts) return true;
			const dot = t.to.dots.get(t.room.room);
			if (dot) {
				dot.hidden = false;
				t.to.flash(dot, t.failover ? "failover" : "moved", now);
			}
			return false;
		});
	}
}

/** The middle of a field, in the window. */
function middle(f: Field): Point {
	const box = f.canvas.getBoundingClientRect();
	return { x: box.left + box.width / 2, y: box.top + box.height / 2 };
}

function delay(i: number, n: number): number {
	return n <= column ? i * 30 : (i / n) * columnTime;
}
