// The last minutes as numbers, one sample a second. What is not known is NaN.

import type { Member } from "./model.ts";

export type Figure = "players" | "rooms" | "busy" | "p99" | "late";
export type Series = Record<Figure, number[]>; // oldest first, all of History.length

interface Counters {
	late: number;
	moves: number;
	failovers: number;
}

/** Samples of all servers, and of what happened to rooms in the whole fleet. */
export class History {
	readonly servers = new Map<string, Series>();
	readonly moves: number[];
	readonly failovers: number[];
	private second = 0; // of the newest sample; 0: none
	private counters = new Map<string, Counters>();

	constructor(readonly length: number) {
		this.moves = this.empty();
		this.failovers = this.empty();
	}

	/** The time of sample i, in ms by the router's clock. */
	timeOf(i: number): number {
		return (this.second - (this.length - 1 - i)) * 1000;
	}

	/** Adds a sample; false if that second has one. */
	sample(time: number, members: Iterable<Member>): boolean {
		const second = Math.floor(time / 1000);
		const steps = this.second === 0 ? 1 : second - this.second;
		if (steps <= 0) return false;
		this.second = second;
		this.shift(Math.min(steps, this.length));
		const last = this.length - 1;
		const counters = new Map<string, Counters>();
		let moves = 0, failovers = 0;
		for (const m of members) {
			if (m.role !== "gameserver") continue;
			const s = this.seriesOf(m.name);
			const before = this.counters.get(m.name);
			if (!m.reachable) {
				if (before) counters.set(m.name, before);
				continue;
			}
			const now = { late: m.late, moves: m.moves?.["move"] ?? 0, failovers: m.moves?.["failover"] ?? 0 };
			counters.set(m.name, now);
			s.players[last] = m.players;
			s.rooms[last] = m.rooms;
			s.busy[last] = m.busy / 10;
			s.p99[last] = m.p99_ms;
			if (before) {
				s.late[last] = grown(before.late, now.late) / steps;
				moves += grown(before.moves, now.moves);
				failovers += grown(before.failovers, now.failovers);
			}
		}
		this.counters = counters;
		this.moves[last] = moves;
		this.failovers[last] = failovers;
		return true;
	}

	private shift(steps: number): void {
		const push = (a: number[]) => {
			a.splice(0, steps);
			while (a.length < this.length) a.push(NaN);
		};
		push(this.moves);
		push(this.failovers);
		for (const [name, s] of this.servers) {
			Object.values(s).forEach(push);
			if (s.rooms.every(Number.isNaN)) this.servers.delete(name);
		}
	}

	private seriesOf(name: string): Series {
		let s = this.servers.get(name);
		if (!s) {
			s = { players: this.empty(), rooms: this.empty(), busy: this.empty(), p99: this.empty(), late: this.empty() };
			this.servers.set(name, s);
		}
		return s;
	}

	private empty(): number[] {
		return new Array<number>(this.length).fill(NaN);
	}
}

/** What a counter has gained; one that is smaller than before counts another process. */
function grown(before: number, now: number): number {
	return now >= before ? now - before : now;
}

/** The least of 1, 2, 5, 10, 20 … times unit that is not below value: the top of an axis. */
export function niceTop(value: number, least: number): number {
	if (!(value > least)) return least;
	const power = 10 ** Math.floor(Math.log10(value));
	for (const step of [1, 2, 5, 10]) if (step * power >= value * (1 - 1e-9)) return step * power;
	return 10 * power;
}

/** The greatest of the numbers that are known; 0 without any. */
export function greatest(lists: Iterable<number[]>): number {
	let top = 0;
	for (const list of lists) for (const v of list) if (v > top) top = v;
	return top;
}
