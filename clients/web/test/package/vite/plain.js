// The installed package without a bundler.
import { join } from "./node_modules/@ringside-go/client/dist/index.js";

const status = document.getElementById("status");
const router = new URLSearchParams(location.search).get("router");
const input = () => ({ move_x: 90, move_y: 90, aim: 0, fire: false, reload: false });
const room = join({ router, game: "arena", room: "plain-page", player: { name: "Plain" }, input });
room.on("status", (now, error) => (status.textContent = error?.message ?? now));
let began;
room.on("frame", () => {
	const fighter = room.tables.fighters.get(room.seat);
	if (!fighter?.alive) return;
	began ??= { x: fighter.x, y: fighter.y };
	if (Math.hypot(fighter.x - began.x, fighter.y - began.y) > 5) status.textContent = `${room.tables.seats.get(room.seat).name} walked`;
});
