// The page of noughts and crosses. Tables and fields are those of noughts.go, in snake_case.
import { join } from "/assets/ringside.js";

const room = join({
	game: "noughts",
	room: new URLSearchParams(location.search).get("room") ?? "lobby",
	storage: sessionStorage, // each tab is a player of its own; without this line all tabs of a browser are one player
});

const marks = ["", "nought", "cross"];
const status = document.getElementById("status");
const cells = Array.from({ length: 9 }, (_, cell) => {
	const button = document.createElement("button");
	button.addEventListener("click", () => room.send({ cell }));
	document.getElementById("game").append(button);
	return button;
});

let result = "";
room.on("outcome", ({ results }) => {
	const me = results.find((r) => r.seat === room.seat);
	result = !me ? "the match is over" : results.every((r) => r.place === 1) ? "a draw" : me.place === 1 ? "you win" : "you lose";
	setTimeout(() => ((result = ""), show()), 3000);
	show();
});

const says = () => {
	if (room.error) return room.error.message;
	if (room.status !== "playing") return room.status;
	if (room.tables.seats.size < 2) return "waiting for the other player: open this page in a second tab";
	return (result && result + "; ") + (room.seat === room.values.board.turn ? "your move" : "the other player's move");
};
const show = () => {
	status.textContent = says();
	room.values.board?.cells.forEach((mark, id) => {
		cells[id].textContent = ["", "○", "×"][mark];
		cells[id].className = marks[mark];
		cells[id].ariaLabel = `row ${Math.floor(id / 3) + 1}, column ${(id % 3) + 1}: ${marks[mark] || "free"}`;
		cells[id].disabled = mark !== 0 || room.seat !== room.values.board.turn || room.tables.seats.size < 2;
	});
};
room.on("frame", show);
room.on("status", show);
addEventListener("pagehide", () => room.leave());
