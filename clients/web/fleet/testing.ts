// Members and rooms for tests.

import type { Member, Room } from "./model.ts";

export const start = Date.parse("2026-01-01T00:00:00Z");

export const member = (name: string, rest: Partial<Member> = {}): Member => ({
	name, role: "gameserver", state: "serving", url: `http://${name}`, weight: 1, since_ms: start, reachable: true, known: true, suspended: false,
	rooms: 0, players: 0, replicas: 0, moving: 0, busy: 0, memory: 0, p99_ms: 0, late: 0, moves: null, ...rest,
});
export const room = (id: string, server: string, rest: Partial<Room> = {}): Room => ({
	room: id, game: "arena", server, role: "leading", epoch: `00000000000000a7:1@${server}`, standbys: [], seats: 8, players: 0, spectators: 0,
	tick_rate: 30, late: 0, match: 1, ...rest,
});
