// The arena as a React component: the arrow keys walk, space shoots. Start a fleet with `make run`, then `npm run dev`.

import { StrictMode, useEffect, useRef } from "react";
import { createRoot } from "react-dom/client";
import type { Game, Room } from "@ringside-go/client";
import { useRoom } from "@ringside-go/client/react";

interface Fighter {
	x: number;
	y: number;
	hp: number;
	alive: boolean;
	score: number;
}

interface Arena extends Game {
	tables: { fighters: Fighter; walls: { x: number; y: number; w: number; h: number } };
	values: { match: { phase: number } };
	input: { move_x: number; move_y: number; aim: number; fire: boolean; reload: boolean };
}

const router = new URLSearchParams(location.search).get("router") ?? "http://127.0.0.1:8080";
const keys = new Set<string>();
addEventListener("keydown", (e) => keys.add(e.key));
addEventListener("keyup", (e) => keys.delete(e.key));

/** What the hands want now. */
const hands = (): Arena["input"] => {
	const way = (less: string, more: string) => 127 * (Number(keys.has(more)) - Number(keys.has(less)));
	const [move_x, move_y] = [way("ArrowLeft", "ArrowRight"), way("ArrowUp", "ArrowDown")];
	return { move_x, move_y, aim: Math.atan2(move_y, move_x), fire: keys.has(" "), reload: keys.has("r") };
};

function App() {
	const { status, error, players, stats, room, state, retry } = useRoom<Arena>("arena", "example", { router, input: hands });
	return (
		<>
			<Field room={room} />
			<p>
				{status}
				{error && (
					<>
						: {error.message} <button onClick={retry}>Try again</button>
					</>
				)}
				{stats && status === "playing" && `, ${Math.round(stats.roundTrip)} ms`}
			</p>
			<ul>
				{players.map((p) => (
					<li key={p.seat} style={{ fontWeight: p.me ? "bold" : "normal" }}>
						{p.name || p.alias}: {state?.tables.fighters.get(p.seat)?.score ?? 0}
					</li>
				))}
			</ul>
		</>
	);
}

/** Draws at the screen's rate, without rendering. */
function Field({ room }: { room: Room<Arena> | undefined }) {
	const canvas = useRef<HTMLCanvasElement>(null);
	useEffect(() => {
		let frame = requestAnimationFrame(function draw() {
			frame = requestAnimationFrame(draw);
			const view = room?.view();
			const c = canvas.current?.getContext("2d");
			if (!view || !c) return;
			c.clearRect(0, 0, 1024, 1024);
			c.fillStyle = "#4a5160";
			view.tables.walls.forEach(({ x, y, w, h }) => c.fillRect(x, y, w, h));
			view.tables.fighters.forEach(({ x, y, alive }, id) => {
				if (!alive) return;
				c.fillStyle = view.tables.fighters.isOwn(id) ? "#7fd1ff" : "#ff9d76";
				c.beginPath();
				c.arc(x, y, 14, 0, 7);
				c.fill();
			});
		});
		return () => cancelAnimationFrame(frame);
	}, [room]);
	return <canvas ref={canvas} width={1024} height={768} />;
}

createRoot(document.querySelector("#root")!).render(
	<StrictMode>
		<App />
	</StrictMode>,
);
