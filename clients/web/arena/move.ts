// One step of the arena's movement, as gameserver/arena/move.go makes it, to the bit: whole numbers only. See there.

/** How many quanta a unit of the world has. */
export const unit = 16;
/** Half the side of the square that a fighter is for walls, in quanta. */
const half = 14 * unit;

// Units per second, and per second squared.
const maxSpeed = 280;
const startRate = 1800;
const stopRate = 2400;

/** What moves, in quanta and quanta per tick. */
export interface Body {
	x: number;
	y: number;
	vx: number;
	vy: number;
}

/** How fast fighters are at a tick rate, in quanta per tick. */
export interface Pace {
	max: number;
	start: number;
	stop: number;
}

/** A wall grown by half a fighter on each side, in quanta: a fighter's centre is never inside. */
export interface Box {
	x0: number;
	y0: number;
	x1: number;
	y1: number;
}

export function newPace(tickRate: number): Pace {
	return {
		max: div(maxSpeed * unit, tickRate),
		start: div(startRate * unit, tickRate * tickRate),
		stop: div(stopRate * unit, tickRate * tickRate),
	};
}

/** The box of a wall, which is in units. */
export function grow({ x, y, w, h }: { x: number; y: number; w: number; h: number }): Box {
	return { x0: x * unit - half, y0: y * unit - half, x1: (x + w) * unit + half, y1: (y + h) * unit + half };
}

/** Makes one step of b, in place. moveX and moveY are what the player wants, -127 to 127. */
export function move(b: Body, moveX: number, moveY: number, p: Pace, walls: readonly Box[]): void {
	const l = Math.max(127, root(moveX * moveX + moveY * moveY));
	let vx = approach(b.vx, div(moveX * p.max, l), p);
	let vy = approach(b.vy, div(moveY * p.max, l), p);
	const n = vx * vx + vy * vy;
	if (n > p.max * p.max) {
		const l = root(n) + 1;
		vx = div(vx * p.max, l);
		vy = div(vy * p.max, l);
	}
	const x = slide(b.x, vx, b.y, walls, true);
	b.vx = x === b.x + vx ? vx : 0;
	b.x = x;
	const y = slide(b.y, vy, b.x, walls, false);
	b.vy = y === b.y + vy ? vy : 0;
	b.y = y;
}

/** Division that drops the fraction, and never gives -0. */
function div(a: number, b: number): number {
	return Math.trunc(a / b) + 0;
}

function approach(v: number, want: number, p: Pace): number {
	const rate = want === 0 ? p.stop : p.start;
	return Math.min(Math.max(want, v - rate), v + rate);
}

/** Moves a point from at by d along an axis, to the first face in the way. across is where it is on the other axis. */
function slide(at: number, d: number, across: number, walls: readonly Box[], alongX: boolean): number {
	let to = at + d;
	for (const w of walls) {
		const near = alongX ? w.x0 : w.y0;
		const far = alongX ? w.x1 : w.y1;
		if (across <= (alongX ? w.y0 : w.x0) || across >= (alongX ? w.y1 : w.x1)) continue;
		if (d > 0 && at <= near && to > near) to = near;
		else if (d < 0 && at >= far && to < far) to = far;
	}
	return to;
}

/** The whole part of the square root of n, which is 0 to 2^30. */
function root(n: number): number {
	return Math.floor(Math.sqrt(n));
}
