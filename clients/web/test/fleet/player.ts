// A player of the arena for tests: the SDK in Node, with hands that move, and a record of what it saw.

import assert from "node:assert/strict";
import WebSocket from "ws";
import { arenaOptions, type Arena } from "../../arena/game.ts";
import { join, type JoinOptions, type Move, type Outcome, type Room, type SeatStorage, type Status } from "../../sdk/index.ts";

export const router = process.env.RINGSIDE_ROUTER!;

/** How long anything may take: a machine under load needs seconds where an idle one needs milliseconds. */
const patience = 20_000;

export interface Player {
	room: Room<Arena>;
	ticks: number[];
	acked: number[];
	moves: Move[];
	outcomes: Outcome[];
	statuses: Status[];
	violations: string[];
}

/** Options of all players here. */
export const base = { ...arenaOptions(), router, WebSocket: WebSocket as any };

const all: Player[] = [];

/** Has all players go, also those of a test that failed. */
export function allLeave(): void {
	for (const p of all.splice(0)) p.room.leave();
}

/** Enters a room, and runs around there. */
export async function play(options: Partial<JoinOptions<Arena>> = {}): Promise<Player> {
	const p = begin(options);
	await p.room.entered;
	return p;
}

export function begin(options: Partial<JoinOptions<Arena>> = {}): Player {
	let n = 0;
	const room = join<Arena>({
		...base,
		storage: null,
		input: () => {
			const angle = n++ / 20;
			return {
				move_x: Math.round(127 * Math.cos(angle)), move_y: Math.round(127 * Math.sin(angle)), aim: angle, fire: n % 10 === 0, reload: false,
			};
		},
		...options,
	});
	const p: Player = { room, ticks: [], acked: [], moves: [], outcomes: [], statuses: [], violations: [] };
	all.push(p);
	room.on("frame", (tick) => p.ticks.push(tick));
	room.on("acked", (seq) => p.acked.push(seq));
	room.on("entered", (move) => move && p.moves.push(move));
	room.on("outcome", (o) => p.outcomes.push(o));
	room.on("status", (s) => p.statuses.push(s));
	room.on("violation", (kind, detail) => p.violations.push(`${kind} ${detail}`));
	return p;
}

/** Waits until f holds; what says what is waited for. */
export async function until(what: string, f: () => boolean): Promise<void> {
	const end = performance.now() + patience;
	while (!f()) {
		assert.ok(performance.now() < end, `${what}: not within ${patience} ms`);
		await new Promise((resolve) => setTimeout(resolve, 5));
	}
}

/** Waits for so many more ticks of p. */
export async function ticks(p: Player, n: number): Promise<void> {
	const then = p.ticks.length + n;
	await until(`${n} ticks`, () => p.ticks.length >= then);
}

/** Has a server killed, drained, or updated to a later version of the arena, and waits until that is done. */
export async function fleet(what: "kill" | "drain" | "update", server: string): Promise<string> {
	const answer = await fetch(`${process.env.RINGSIDE_CONTROL}/${what}?server=${server}`, { method: "POST" });
	return (await answer.json()) as string;
}

/** A storage as browsers have. */
export function newStorage(): SeatStorage & { entries: Map<string, string> } {
	const entries = new Map<string, string>();
	return {
		entries,
		getItem: (key) => entries.get(key) ?? null,
		setItem: (key, value) => void entries.set(key, value),
	};
}

/** Asserts that every number follows the one before. */
export function gapless(what: string, numbers: number[]): void {
	numbers.forEach((n, i) => assert.ok(i === 0 || n === numbers[i - 1]! + 1, `${what}: ${n} after ${numbers[i - 1]}`));
}
