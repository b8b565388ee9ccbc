// Plays the arena with the installed package on the fleet at RINGSIDE_ROUTER, and ends without an error once its fighter has walked there.

import { join, playerName, RingsideError } from "@ringside-go/client";
import { findMatch, listRooms, type MatchOptions } from "@ringside-go/client/lobby";
import { roomId } from "@ringside-go/client/roomid";
import { simulate } from "@ringside-go/client/simulate";
import { fingerprint, game, type Arena } from "./game.js";

const native = globalThis.WebSocket;
console.log(`Node ${process.version} has ${native ? "a" : "no"} WebSocket`);
const WebSocket = native ?? (await import("ws")).WebSocket;

// @ts-expect-error a search has no room: it finds one
export const search = (options: MatchOptions<Arena>) => findMatch<Arena>({ ...options, room: "r" });

const room = join<Arena>({
	router: process.env["RINGSIDE_ROUTER"]!,
	game,
	fingerprint,
	room: roomId("Node Project"),
	player: { name: playerName(" Node\u200b ") },
	input: () => ({ move_x: 90, move_y: 90, aim: 0, fire: false, reload: false }),
	predict: {
		table: "fighters",
		step(fighter, input) {
			// @ts-expect-error a field that there is not
			fighter.z = input.move_x;
		},
	},
	WebSocket: simulate({ latency: 5, jitter: 2, stalledUntil: 0 }, WebSocket as never),
});
const trouble = setTimeout(() => {
	throw new Error(`not played within a minute: ${room.status}, ${room.error?.message}, ${JSON.stringify(room.stats())}`);
}, 60_000);
room.on("status", (status, error) => {
	if (status === "ended" && error instanceof RingsideError) throw error;
});
await room.entered;
let began: { x: number; y: number } | undefined;
const ended = room.on("frame", async () => {
	// @ts-expect-error a table that there is not
	void room.tables.fighter;
	const fighter = room.tables.fighters.get(room.seat);
	if (!fighter?.alive) return;
	began ??= { x: fighter.x, y: fighter.y };
	if (Math.hypot(fighter.x - began.x, fighter.y - began.y) < 5) return;
	ended();
	clearTimeout(trouble);
	console.log(`${(await listRooms({ router: process.env["RINGSIDE_ROUTER"]!, game })).rooms.length} rooms are listed`); // the arena lists none
	console.log(`${room.tables.seats.get(room.seat)?.name} walked in ${room.id}`);
	room.leave();
});
