// The way of a room from one server to another: pure.

export interface Point {
	x: number;
	y: number;
}

/** How long a room travels, in ms: short ways take less, so that speeds look alike. */
export function duration(from: Point, to: Point): number {
	return 550 + Math.min(650, Math.hypot(to.x - from.x, to.y - from.y) * 0.7);
}

/** Where it is after the share t, 0 to 1, of its way: a bow that begins and ends gently. `bend` is how far it swings out. */
export function along(from: Point, to: Point, t: number, bend: number): Point {
	const e = t < 0.5 ? 4 * t ** 3 : 1 - (2 - 2 * t) ** 3 / 2;
	const mid = bow(from, to, bend);
	const a = (1 - e) ** 2, b = 2 * e * (1 - e), c = e ** 2;
	return { x: a * from.x + b * mid.x + c * to.x, y: a * from.y + b * mid.y + c * to.y };
}

/** The middle control point of a bow. */
export function bow(from: Point, to: Point, bend: number): Point {
	const dx = to.x - from.x, dy = to.y - from.y;
	return { x: (from.x + to.x) / 2 - dy * bend, y: (from.y + to.y) / 2 + dx * bend };
}

/** A bend of a room's own, so that many that go the same way spread: -0.3 to 0.3, never straight. */
export function bendOf(room: string): number {
	let hash = 2166136261;
	for (let i = 0; i < room.length; i++) hash = Math.imul(hash ^ room.charCodeAt(i), 16777619);
	const share = ((hash >>> 0) % 1000) / 1000;
	return (share < 0.5 ? -1 : 1) * (0.08 + 0.22 * Math.abs(2 * share - 1));
}
