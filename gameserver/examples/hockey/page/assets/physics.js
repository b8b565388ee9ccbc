// The physics of physics.go, with its numbers. Fields are rounded after each step as the server does, so small differences do not add up.
export const width = 360;
export const height = 640;
export const malletR = 30;
export const puckR = 20;
export const goalLeft = 100;
const malletSpeed = 14;
const puckSpeed = 20;
const friction = 0.993;
const bounce = 0.85;

const clamp = (v, low, high) => Math.min(Math.max(v, low), high);

/** A sample's effect on the own row: the mallet goes where the player wants it, then the puck moves. */
export function step(own, input, { tables }) {
	const far = [...tables.mallets].find(([id]) => !tables.mallets.isOwn(id));
	const seat = far?.[0] === 0 ? 1 : 0;
	const half = height / 2;
	const dx = clamp(input.x, malletR, width - malletR) - own.x;
	const dy = clamp(input.y, seat ? malletR : half + malletR, seat ? half - malletR : height - malletR) - own.y;
	const slow = Math.min(1, malletSpeed / Math.hypot(dx, dy) || 1);
	own.x += own.vx = dx * slow;
	own.y += own.vy = dy * slow;
	if (own.serve > 0) own.serve--;
	const mallets = far ? [own, far[1]] : [own];
	for (const mallet of seat ? mallets.reverse() : mallets) if (!own.serve) hit(own, mallet);
	own.puck_x += own.puck_vx;
	own.puck_y += own.puck_vy;
	own.puck_vx *= friction;
	own.puck_vy *= friction;
	wall(own, "puck_x", "puck_vx", width);
	if (own.puck_x <= goalLeft || own.puck_x >= width - goalLeft) wall(own, "puck_y", "puck_vy", height);
}

function wall(own, at, v, far) {
	if (own[at] < puckR) [own[at], own[v]] = [puckR, Math.max(-bounce * own[v], 1)];
	else if (own[at] > far - puckR) [own[at], own[v]] = [far - puckR, Math.min(-bounce * own[v], -1)];
}

function hit(own, mallet) {
	const d = Math.hypot(own.puck_x - mallet.x, own.puck_y - mallet.y);
	if (d >= malletR + puckR || d === 0) return;
	const nx = (own.puck_x - mallet.x) / d;
	const ny = (own.puck_y - mallet.y) / d;
	own.puck_x = mallet.x + nx * (malletR + puckR);
	own.puck_y = mallet.y + ny * (malletR + puckR);
	const towards = (own.puck_vx - mallet.vx) * nx + (own.puck_vy - mallet.vy) * ny;
	if (towards < 0) {
		own.puck_vx -= 1.9 * towards * nx;
		own.puck_vy -= 1.9 * towards * ny;
	}
	const fast = Math.min(1, puckSpeed / Math.hypot(own.puck_vx, own.puck_vy) || 1);
	own.puck_vx *= fast;
	own.puck_vy *= fast;
}
