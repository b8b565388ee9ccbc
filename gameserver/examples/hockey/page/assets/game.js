// The page of air hockey. Each player sees the own half below. Tables and fields are those of hockey.go, in snake_case.
import { join } from "/assets/ringside.js";
import { draw } from "/assets/draw.js";
import { height, step, width } from "/assets/physics.js";

const canvas = document.getElementById("table");
const status = document.getElementById("status");
const query = new URLSearchParams(location.search);

let hand; // where the player wants the mallet; undefined before the first move
const turned = () => room.seat === 1;
const point = (e) => {
	const r = canvas.getBoundingClientRect();
	const [x, y] = [((e.clientX - r.left) / r.width) * width, ((e.clientY - r.top) / r.height) * height];
	const lift = e.pointerType === "touch" ? 40 : 0; // above the finger, which hides what is below it
	hand = turned() ? { x: width - x, y: height - y + lift } : { x, y: y - lift };
	hand = { x: Math.min(Math.max(hand.x, 0), width), y: Math.min(Math.max(hand.y, 0), height) };
};
addEventListener("pointermove", point);
addEventListener("pointerdown", point);
const wish = () => {
	if (hand) return hand;
	const own = room.tables.mallets?.get(room.seat);
	return own && { x: own.x, y: own.y };
};

const room = join({
	game: "hockey",
	room: query.get("room") ?? "lobby",
	role: query.has("watch") ? "spectator" : "player",
	storage: sessionStorage, // each tab is a player of its own; without this line all tabs of a browser are one player
	input: wish,
	predict: { table: "mallets", ahead: wish, step, smooth: ["x", "y", "puck_x", "puck_y"] },
	interpolate: { mallets: { fields: ["x", "y"], cut: ["rally"] }, puck: { snap: 60 } },
});

let flash = 0; // until when a goal is shown
let scorer = 0;
let result = "";
room.on("outcome", ({ results }) => {
	const me = results.find((r) => r.seat === room.seat);
	result = !me ? "the match is over" : me.place === 1 ? "you win the match" : "you lose the match";
	setTimeout(() => (result = ""), 4000);
});
addEventListener("pagehide", () => room.leave());

const says = () => {
	if (room.error) return room.error.message;
	if (room.status !== "playing") return room.status;
	if (result) return result;
	if (room.tables.seats.size < 2) return "you play the house; open this page in a second tab, or on a phone, for a match";
	return "first to seven";
};

requestAnimationFrame(function frame(now) {
	requestAnimationFrame(frame);
	status.textContent = says();
	const view = room.view();
	if (!view) return;
	for (const { seat } of view.events.goals ?? []) [flash, scorer] = [now + 900, seat];
	draw(canvas, view, room.seat, { turned: turned(), goal: Math.max(0, (flash - now) / 900), scorer });
});
