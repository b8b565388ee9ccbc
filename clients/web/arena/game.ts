// The arena as this page knows it: its tables, the rules that the page needs to show things before the server says them,
// and the names of its players. gameserver/arena says what everything means.

import schema from "../../../gameserver/arena/testdata/schema.json";
import type { Game, JoinOptions, Prediction, PredictionContext, Rows, Tables } from "../sdk/options.ts";
import { grow, move, newPace, unit, type Box, type Pace } from "./move.ts";

export const noSeat = 255;
export const fullHP = 100;
export const fullAmmo = 12;
/** Radius of a fighter for shots, in units. */
export const radius = 16;
/** Durations in milliseconds. */
export const reloadTime = 1500;
const cooldownTime = 300;

export const enum Phase {
	waiting,
	playing,
	pause,
}

export interface Fighter {
	x: number;
	y: number;
	aim: number;
	hp: number;
	alive: boolean;
	shielded: boolean;
	score: number;
	deaths: number;
	// The own one only:
	vx?: number;
	vy?: number;
	cooldown?: number;
	ammo?: number;
	next_life?: number;
}

export interface Wall {
	x: number;
	y: number;
	w: number;
	h: number;
}

export interface Shot {
	x: number;
	y: number;
	shooter: number;
	hit: number;
}

export interface Match {
	phase: Phase;
	ends_at: number;
	frag_limit: number;
	winner: number;
}

export interface Input {
	move_x: number;
	move_y: number;
	aim: number;
	fire: boolean;
	reload: boolean;
}

export interface Arena extends Game {
	tables: { fighters: Fighter; walls: Wall };
	values: { match: Match; room: { match: number } };
	events: { shots: Shot };
	input: Input;
}

/** What a seat's player is called. */
export function nameOf(tables: Tables<Arena>, seat: number): string {
	return tables.seats?.get(seat)?.name || `Guest ${seat + 1}`;
}

/** The right and the lower end of a map: its walls go all around it. */
export function extent(walls: Wall[]): { width: number; height: number } {
	return { width: Math.max(...walls.map((w) => w.x + w.w)), height: Math.max(...walls.map((w) => w.y + w.h)) };
}

/** Whether a fighter that wants to fire with its next sample does. */
export function canFire(f: Fighter, phase: Phase): boolean {
	return f.alive && phase !== Phase.pause && f.cooldown! <= 1; // a tick of time comes before the sample
}

/** The options with which every client of the arena joins; ahead is for clients that draw, see Prediction. */
export function arenaOptions(
	ahead?: () => Input | undefined,
): Pick<JoinOptions<Arena>, "game" | "fingerprint" | "interpolate"> & { predict: Prediction<Arena, "fighters"> } {
	// A room's walls and its tick rate never change.
	let known: Rows<Wall> | undefined;
	let boxes: Box[] = [];
	let pace = newPace(30);
	return {
		game: "arena",
		fingerprint: BigInt(schema.fingerprint),
		predict: {
			table: "fighters",
			ahead,
			step(f, input, room) {
				const { walls } = room.tables;
				if (walls !== known) {
					known = walls;
					boxes = [...walls].map(([, wall]) => grow(wall));
					pace = newPace(room.tickRate);
				}
				step(f, input, room, pace, boxes);
			},
		},
		// No fighter is faster than 28 units in a tick of the slowest room; one that is farther away is in its next life.
		interpolate: { fighters: { fields: ["x", "y", "aim"], cut: ["alive"], snap: 40 } },
	};
}

/** One sample's effect on the own fighter: a tick of time, and then what act of fighter.go does. */
function step(f: Fighter, input: Input, room: PredictionContext<Arena>, pace: Pace, boxes: Box[]): void {
	if (!f.alive) return;
	const ticks = (time: number) => Math.max(1, Math.trunc((time * room.tickRate) / 1000));
	if (f.cooldown) f.cooldown--;
	if (!f.cooldown && !f.ammo) f.ammo = fullAmmo;
	f.aim = input.aim;
	const body = { x: f.x * unit, y: f.y * unit, vx: f.vx!, vy: f.vy! };
	move(body, input.move_x, input.move_y, pace, boxes);
	f.x = body.x / unit;
	f.y = body.y / unit;
	f.vx = body.vx;
	f.vy = body.vy;
	if (input.reload && f.ammo! < fullAmmo && !f.cooldown) {
		f.ammo = 0;
		f.cooldown = ticks(reloadTime);
	}
	if (input.fire && !f.cooldown && room.values.match.phase !== Phase.pause) {
		f.ammo!--;
		f.cooldown = ticks(f.ammo ? cooldownTime : reloadTime);
		f.shielded = false;
	}
}

/** How far a shot from x, y in direction aim flies before it is in a wall. */
export function flight(walls: Rows<Wall>, x: number, y: number, aim: number): number {
	const dx = Math.cos(aim);
	const dy = Math.sin(aim);
	let limit = 1500;
	walls.forEach((w) => {
		const [x0, x1] = cross(x, dx, w.x, w.x + w.w);
		const [y0, y1] = cross(y, dy, w.y, w.y + w.h);
		const enter = Math.max(x0, y0);
		if (enter >= 0 && enter <= Math.min(x1, y1)) limit = Math.min(limit, enter);
	});
	return limit;
}

function cross(at: number, d: number, low: number, high: number): [enter: number, leave: number] {
	if (d > 0) return [(low - at) / d, (high - at) / d];
	if (d < 0) return [(high - at) / d, (low - at) / d];
	return at < low || at > high ? [Infinity, -Infinity] : [-Infinity, Infinity];
}

/** The seat of whom a shot from x, y hits first within limit, and how far that is. */
export function target(fighters: Rows<Fighter>, shooter: number, x: number, y: number, aim: number, limit: number): { seat: number; far: number } {
	const dx = Math.cos(aim);
	const dy = Math.sin(aim);
	const found = { seat: noSeat, far: limit };
	fighters.forEach((f, seat) => {
		if (seat === shooter || !f.alive || f.shielded) return;
		const along = (f.x - x) * dx + (f.y - y) * dy;
		const aside = (f.x - x) * dy - (f.y - y) * dx;
		if (along <= 0 || Math.abs(aside) > radius) return;
		const far = Math.max(0, along - Math.sqrt(radius * radius - aside * aside));
		if (far < found.far) [found.seat, found.far] = [seat, far];
	});
	return found;
}
