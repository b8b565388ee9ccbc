// The page of the card game. Tables and fields are those of cards.go, in snake_case.
import { join } from "/assets/ringside.js";

const room = join({
	game: "cards",
	room: new URLSearchParams(location.search).get("room") ?? "lobby",
	player: { name: new URLSearchParams(location.search).get("name") ?? undefined },
	storage: sessionStorage, // each tab is a player of its own; without this line all tabs of a browser are one player
});

const suits = ["♣", "♦", "♥", "♠"];
const ranks = ["2", "3", "4", "5", "6", "7", "8", "9", "10", "J", "Q", "K", "A"];
const nobody = 255;
const noSuit = 4;

const element = (name, props, ...children) => {
	const e = Object.assign(document.createElement(name), props);
	e.append(...children);
	return e;
};
const status = document.getElementById("status");
const game = document.getElementById("game");
const areas = Object.fromEntries(["players", "trick", "hand"].map((id) => [id, game.appendChild(element("section", { id }))]));

const suit = (card) => Math.floor(card / 13);
const face = (card, props) => element(props ? "button" : "div", { ...props, className: suit(card) % 3 ? "card red" : "card" }, ranks[card % 13], element("span", {}, suits[suit(card)]));
const name = (seat) => (seat === room.seat ? "you" : room.tables.seats.get(seat)?.name || `player ${seat + 1}`);

/** The own cards, row by row. Rows of others' cards are not here: the server sends them to nobody else. */
const hand = () => [...room.tables.hands].filter(([row]) => room.tables.hands.isOwn(row));
const mayPlay = (card) => {
	const led = room.values.turn.suit;
	return room.values.turn.seat === room.seat && (led === noSuit || suit(card) === led || !hand().some(([, c]) => suit(c.card) === led));
};

let result = "";
room.on("outcome", ({ results }) => {
	const best = results.filter((r) => r.place === 1).map((r) => name(r.seat));
	result = `${best.join(" and ")} ${best.length > 1 || best[0] === "you" ? "win" : "wins"} with ${results.find((r) => r.place === 1).score} tricks`;
});

const says = () => {
	if (room.error) return room.error.message;
	if (room.status !== "playing") return room.status;
	const { seat } = room.values.turn;
	if (seat === room.seat) return "your turn";
	if (seat !== nobody) return `${name(seat)} is thinking`;
	if (room.tables.seats.size < 2) return "waiting for others: open this page in a second tab";
	return result ? `${result}; the next hand comes` : "the cards are dealt";
};

/** The cards of the last trick, which stay to be seen until the next card is played. */
let trick = [];
let taken = false;
const follow = () => {
	for (const { seat, card } of room.events.plays ?? []) {
		trick = [...(taken ? [] : trick), [seat, { card }]];
		taken = false;
	}
	taken ||= room.tables.table.size === 0;
	if (taken && hand().length === 5) trick = [];
};

let shown = "";
const show = () => {
	status.textContent = says();
	const { score, table, seats } = room.tables;
	if (!score) return;
	const cards = table.size ? [...table] : trick;
	// Elements are made anew only when something has changed, so that a click finds its card.
	const now = JSON.stringify([[...score], cards, hand(), room.values.turn, [...seats]]);
	if (now === shown) return;
	shown = now;
	areas.players.replaceChildren(
		...[...score].map(([seat, { tricks }]) => {
			const className = `player${seat === room.values.turn.seat ? " turn" : ""}${seats.get(seat)?.connected === false ? " away" : ""}`;
			return element("span", { className }, `${name(seat)} · ${tricks}`);
		}),
	);
	areas.trick.replaceChildren(...cards.map(([seat, { card }]) => element("figure", {}, face(card), element("figcaption", {}, name(seat)))));
	const held = hand().sort(([, a], [, b]) => a.card - b.card);
	areas.hand.replaceChildren(...held.map(([play, { card }]) => face(card, { disabled: !mayPlay(card), onclick: () => room.send({ play }) })));
	areas.hand.className = room.values.turn.seat === room.seat ? "turn" : "";
	held.forEach((_, i) => areas.hand.children[i].style.setProperty("--place", i - (held.length - 1) / 2));
};
room.on("frame", () => (follow(), show()));
room.on("status", show);
addEventListener("pagehide", () => room.leave());
