// Two players who search for a match, far from each other at first, and the list of their rooms, with the installed package and without a bundler.
import { findMatch, listRooms, watchRooms } from "./node_modules/@ringside-go/client/dist/lobby.js";

const status = document.getElementById("status");
const router = new URLSearchParams(location.search).get("router");
const lists = [];
watchRooms({ router, game: "ranked", where: ["rating>=2000"] }, ({ rooms }) => {
	lists.push(rooms);
	document.getElementById("rooms").replaceChildren(...rooms.map((r) => Object.assign(document.createElement("li"), { textContent: `${r.properties.rating}: ${r.players} of ${r.seats}` })));
});

const joined = [];
const search = (rating) =>
	findMatch({
		router,
		game: "ranked",
		storage: null, // two players in one page
		options: { rating },
		skill: { property: "rating", value: rating, range: 0, widen: 40 },
		joined: (room) => joined.push(room),
	});
const searches = [search(2000), search(2100)];

const timer = setInterval(async () => {
	const rooms = searches.map((s) => s.room);
	status.textContent = searches.map((s) => `${s.waiting ? "searching" : "found"} within ${Math.round(s.range)}`).join(", ");
	const together = rooms[0].id && rooms[0].id === rooms[1].id && rooms.every((r) => r.tables.seats?.size === 2);
	const two = lists.some((list) => list.length === 2); // they waited in a room each
	if (!together || !two || searches.some((s) => s.waiting) || lists.at(-1)[0]?.players !== 2) return;
	clearInterval(timer);
	const { rooms: listed } = await listRooms({ router, game: "ranked", where: ["rating>=2000", "rating<=2100"] });
	const named = listed.some((r) => r.room === rooms[0].id);
	status.textContent = joined.length === 3 && named ? "one of them has walked" : `${joined.length} rooms were joined, listed are ${JSON.stringify(listed)}`;
}, 50);
