// Plays the arena with the installed package and its React hook; the page says "walked" once the fighter has.

import { useRoom } from "@ringside-go/client/react";
import { StrictMode, useRef } from "react";
import { createRoot } from "react-dom/client";
import { game, type Arena } from "./game.ts";

const router = new URLSearchParams(location.search).get("router")!;

function App() {
	const { status, error, players, state } = useRoom<Arena>(game, "vite-project", {
		router,
		player: { name: "Vite" },
		input: () => ({ move_x: 90, move_y: 90, aim: 0, fire: false, reload: false }),
	});
	const began = useRef<{ x: number; y: number }>(undefined);
	const me = players.find((p) => p.me);
	const fighter = me && state?.tables.fighters.get(me.seat);
	// @ts-expect-error a field that there is not
	void fighter?.z;
	if (fighter?.alive) began.current ??= { x: fighter.x, y: fighter.y };
	const walked = fighter && began.current && Math.hypot(fighter.x - began.current.x, fighter.y - began.current.y) > 5;
	return <p id="status">{error?.message ?? (walked ? `${me.name} walked` : status)}</p>;
}

createRoot(document.getElementById("app")!).render(
	<StrictMode>
		<App />
	</StrictMode>,
);
