// What shots, hits and deaths look like: short-lived things in the map's units, drawn above fighters. Times are
// milliseconds.

import { colour } from "../style/palette.ts";

const maxParticles = 240;

interface Tracer {
	x0: number;
	y0: number;
	x1: number;
	y1: number;
	tint: string;
	age: number;
}

interface Ring {
	x: number;
	y: number;
	from: number;
	to: number;
	tint: string;
	age: number;
	life: number;
}

interface Particle {
	x: number;
	y: number;
	vx: number; // units per second
	vy: number;
	size: number;
	tint: string;
	age: number;
	life: number;
}

const tracerLife = 130;
const flashLife = 60;

export class Effects {
	#tracers: Tracer[] = [];
	#rings: Ring[] = [];
	#particles: Particle[] = [];
	#flashes: { x: number; y: number; age: number }[] = [];

	/** calm: less of everything that moves. */
	constructor(readonly calm: boolean) {}

	/** A shot from the mouth of a gun to where it ends. */
	shot(x0: number, y0: number, x1: number, y1: number, tint: string): void {
		this.#tracers.push({ x0, y0, x1, y1, tint, age: 0 });
		this.#flashes.push({ x: x0, y: y0, age: 0 });
	}

	/** Sparks where a shot ends, back along the way it came: from is its direction in radians. */
	spark(x: number, y: number, from: number, tint: string, count: number): void {
		for (let i = 0; i < count; i++) {
			const a = from + Math.PI + (Math.random() - 0.5) * 2.2;
			this.#particle(x, y, a, 60 + Math.random() * 220, 1 + Math.random() * 1.6, tint, 140 + Math.random() * 220);
		}
	}

	/** A fighter's end. */
	burst(x: number, y: number, tint: string): void {
		this.ring(x, y, 8, 58, tint, 420);
		this.ring(x, y, 4, 34, colour("text"), 260);
		for (let i = 0; i < 26; i++) {
			this.#particle(x, y, Math.random() * 2 * Math.PI, 40 + Math.random() * 300, 1.4 + Math.random() * 2.6, tint, 300 + Math.random() * 500);
		}
	}

	/** A fighter's beginning. */
	arrive(x: number, y: number, tint: string): void {
		this.ring(x, y, 60, 16, tint, 360);
	}

	ring(x: number, y: number, from: number, to: number, tint: string, life: number): void {
		this.#rings.push({ x, y, from, to, tint, age: 0, life });
	}

	clear(): void {
		this.#tracers.length = this.#rings.length = this.#particles.length = this.#flashes.length = 0;
	}

	/** Goes on by dt and draws; c is in units. */
	draw(c: CanvasRenderingContext2D, dt: number): void {
		this.#age(dt);
		c.lineCap = "round";
		for (const t of this.#tracers) {
			// A wide faint line and a thin bright one; the tail goes first.
			const k = t.age / tracerLife;
			const x = t.x0 + (t.x1 - t.x0) * k * 0.7;
			const y = t.y0 + (t.y1 - t.y0) * k * 0.7;
			c.beginPath();
			c.moveTo(x, y);
			c.lineTo(t.x1, t.y1);
			c.strokeStyle = t.tint;
			c.globalAlpha = 0.3 * (1 - k);
			c.lineWidth = 6;
			c.stroke();
			c.strokeStyle = "#fff";
			c.globalAlpha = 0.9 * (1 - k);
			c.lineWidth = 1.6;
			c.stroke();
		}
		c.fillStyle = "#fff1c9";
		for (const f of this.#flashes) {
			const k = 1 - f.age / flashLife;
			c.globalAlpha = k;
			c.beginPath();
			c.arc(f.x, f.y, 3 + 6 * k, 0, 2 * Math.PI);
			c.fill();
		}
		for (const r of this.#rings) {
			const k = r.age / r.life;
			const out = 1 - (1 - k) ** 3;
			c.globalAlpha = 0.8 * (1 - k);
			c.strokeStyle = r.tint;
			c.lineWidth = 1 + 3 * (1 - k);
			c.beginPath();
			c.arc(r.x, r.y, r.from + (r.to - r.from) * out, 0, 2 * Math.PI);
			c.stroke();
		}
		for (const p of this.#particles) {
			c.globalAlpha = 1 - p.age / p.life;
			c.fillStyle = p.tint;
			c.fillRect(p.x - p.size, p.y - p.size, 2 * p.size, 2 * p.size);
		}
		c.globalAlpha = 1;
	}

	#age(dt: number): void {
		const older = (things: { age: number }[]) => things.forEach((t) => (t.age += dt));
		older(this.#tracers);
		older(this.#flashes);
		older(this.#rings);
		const drag = Math.exp((-dt / 1000) * 5);
		for (const p of this.#particles) {
			p.age += dt;
			p.x += (p.vx * dt) / 1000;
			p.y += (p.vy * dt) / 1000;
			p.vx *= drag;
			p.vy *= drag;
		}
		this.#tracers = this.#tracers.filter((t) => t.age < tracerLife);
		this.#flashes = this.#flashes.filter((f) => f.age < flashLife);
		this.#rings = this.#rings.filter((r) => r.age < r.life);
		this.#particles = this.#particles.filter((p) => p.age < p.life);
	}

	#particle(x: number, y: number, a: number, speed: number, size: number, tint: string, life: number): void {
		if (this.#particles.length >= maxParticles || (this.calm && Math.random() < 0.6)) return;
		this.#particles.push({ x, y, vx: Math.cos(a) * speed, vy: Math.sin(a) * speed, size, tint, age: 0, life });
	}
}
