// The inspector: a room of any game, live, by the schema that its server sends.

import "./main.css";
import { byId, h, plural, setText } from "../fleet/dom.ts";
import { Operator, type State } from "../fleet/operator.ts";
import { askToken, notice } from "../fleet/windows.ts";
import { join, type Room, type Status } from "../sdk/index.ts";
import { simulate, type Faults } from "../sdk/simulate.ts";
import type { Schema } from "../sdk/schema.ts";
import type { Store } from "../sdk/store.ts";
import { Cost, CostPanel } from "./cost.ts";
import { InputForm } from "./input.ts";
import { Log } from "./log.ts";
import { Tables } from "./tables.ts";
import { Wire } from "./wire.ts";

/** How often the page is drawn, and how often an operator's look is taken, in milliseconds. */
const drawn = 100;
const looked = 1000;

/** The router's own paths, from /inspect/ROOM, also where a proxy shows them in a folder. */
const root = "../";

const faults: Faults = { latency: 0, jitter: 0, stalledUntil: 0 };
const cost = new Cost();
const costs = new CostPanel(byId("cost"), cost);
const tables = new Tables(byId("tables"));
const log = new Log(byId("log"));
const form = new InputForm(byId("input"));
const operator = new Operator(root);

let room: Room | undefined;
let schema: Schema | undefined;
let store: Store | undefined;
let hidden: State | undefined;
let takesInput = false;

const wire = new Wire({
	schema(s) {
		schema = s;
		takesInput = form.schema(s.input);
		tables.schema(s, undefined);
	},
	tick(s, spent) {
		store = s;
		cost.add(spent);
		tables.happened(s);
	},
	heard: (what) => log.add(store?.tick ?? 0, what),
});

const inputs = { room: byId<HTMLInputElement>("room-input"), game: byId<HTMLInputElement>("game-input"), role: byId<HTMLSelectElement>("role") };

function enter(): void {
	leave();
	const id = inputs.room.value.trim(), game = inputs.game.value.trim(), code = location.hash.slice(1);
	const role = inputs.role.value as "player" | "spectator";
	history.replaceState(null, "", `${root}inspect/${encodeURIComponent(id)}?${new URLSearchParams({ game, role })}${location.hash}`);
	const entered = (room = join({
		router: new URL(root, location.href).href,
		game,
		room: id,
		code: code || undefined,
		role,
		player: { name: "Inspector" },
		storage: sessionStorage,
		input: role === "player" ? held : undefined,
		WebSocket: wire.tap(simulate(faults)),
	}));
	entered.on("status", () => entered === room && showStatus());
	entered.on("acked", (seq, latency) => {
		if (!byId<HTMLInputElement>("hold").checked) log.add(entered.tick, { kind: "input", name: `${seq}`, value: `processed after ${latency.toFixed(0)} ms` });
	});
	showStatus();
}

function leave(): void {
	room?.leave();
	room = store = schema = hidden = undefined;
	wire.forget();
	cost.clear();
	tables.clear();
	log.clear();
	byId<HTMLInputElement>("hold").checked = false;
	showStatus();
}

/** What is sent each tick. */
function held(): object | undefined {
	return byId<HTMLInputElement>("hold").checked ? sample() : undefined;
}

/** The input that is typed in; undefined, with a notice, if it is none. */
function sample(): object | undefined {
	try {
		return form.sample();
	} catch (e) {
		byId<HTMLInputElement>("hold").checked = false;
		notice(`Not an input: ${(e as Error).message}`, "bad");
		return undefined;
	}
}

function showStatus(): void {
	const status: Status | "idle" = room?.status ?? "idle";
	const error = room?.error;
	const text = byId("status");
	text.dataset.state = status;
	setText(text, status === "idle" ? "not connected" : error ? `${status}: ${error.message}` : status);
	setText(byId("room"), room?.id || inputs.room.value);
	byId<HTMLButtonElement>("leave").disabled = byId<HTMLButtonElement>("cut").disabled = !room || status === "ended";
	byId("play").hidden = !room || room.seat < 0;
	byId("hint").hidden = !!room;
}

/** Brings the page up to date with what has come. */
function draw(): void {
	log.update();
	if (!room || !store || !schema) return;
	const { tickRate, server, tick, seat } = room;
	setText(byId("where"), room.tick ? `tick ${tick.toLocaleString("en")} · ${tickRate}/s · ${server} · ${seat < 0 ? "spectator" : `seat ${seat}`}` : "");
	byId("play").hidden = seat < 0;
	byId("input").hidden = byId("send").hidden = !takesInput;
	const known = hidden && { ...hidden.tables, ...Object.fromEntries(Object.entries(hidden.values).map(([name, row]) => [name, { 0: row }])) };
	tables.schema(schema, known);
	tables.update(store, cost, known);
	costs.update(tickRate);
	const s = room.stats();
	showFigures({
		"round trip": `${s.roundTrip.toFixed(0)} ms, jitter ${s.jitter.toFixed(0)} ms`,
		"input waits": seat < 0 ? "–" : s.slack === undefined ? "none came" : `${s.slack} ms before its tick`,
		unprocessed: seat < 0 ? "–" : `${s.unacked} of ${s.acked + s.unacked} inputs`,
		"last tick": `${s.tickGap.toFixed(0)} ms ago`,
		received: `${(s.bytesDown / 1000).toFixed(1)} kB, ${plural(s.keyframes, "keyframe")}`,
		sent: `${(s.bytesUp / 1000).toFixed(1)} kB`,
		"came back": `${plural(s.reconnects, "time")}, ${plural(s.missedTicks, "tick")} missed`,
	});
}

function showFigures(all: Record<string, string>): void {
	const list = byId("figures");
	const entries = Object.entries(all);
	if (list.children.length !== entries.length) list.replaceChildren(...entries.map(() => h("div", {}, h("dt"), h("dd"))));
	entries.forEach(([name, value], i) => {
		const [dt, dd] = list.children[i]!.children;
		setText(dt!, name);
		setText(dd!, value);
	});
}

/** Takes an operator's look at the room, with what only servers know. */
async function look(): Promise<void> {
	if (!operator.right.allowed || !room?.tick || document.hidden) return;
	const of = room;
	try {
		const state = await operator.state(of.id);
		if (of === room) hidden = state;
	} catch {
		if (of === room) hidden = undefined; // the room is on its way, or the token is another
	}
}

/** Finds out whether this page may look at what is hidden. */
async function allow(): Promise<void> {
	try {
		await operator.check();
	} catch {
		return;
	}
	const { allowed, token } = operator.right;
	const button = byId("operator");
	button.hidden = !token && !operator.keepsToken;
	setText(button, allowed ? "Forget the token" : "Operator …");
	if (!allowed) hidden = undefined;
}

/** Finds the room's game, where the router says it. */
async function findGame(id: string): Promise<string> {
	try {
		const { rooms = [] } = (await (await fetch(root + "v1/fleet")).json()) as { rooms?: { room: string; game: string }[] };
		const games = new Set(rooms.map((r) => r.game));
		return rooms.find((r) => r.room === id)?.game ?? (games.size === 1 ? [...games][0]! : "");
	} catch {
		return ""; // the form asks
	}
}

byId("enter").onsubmit = (e) => {
	e.preventDefault();
	enter();
};
byId("leave").onclick = leave;
byId("cut").onclick = () => {
	wire.cut();
	log.add(store?.tick ?? 0, { kind: "sent", name: "cut", value: "the connection was closed without a word" });
};
byId("send").onclick = () => {
	const input = sample();
	if (!input) return;
	const seq = room?.send(input) ?? 0;
	log.add(room?.tick ?? 0, { kind: "sent", name: seq ? `input ${seq}` : "input not taken", value: input });
};
byId("send-message").onclick = () => {
	const message = byId<HTMLInputElement>("message");
	const sent = room?.sendCustom(message.value);
	log.add(room?.tick ?? 0, { kind: "sent", name: sent ? "message" : "message not taken", value: message.value });
};
for (const knob of ["latency", "jitter"] as const) {
	const input = byId<HTMLInputElement>(knob);
	input.oninput = () => (faults[knob] = Math.max(0, Math.min(1000, Number(input.value) || 0)));
}
byId("operator").onclick = async () => {
	if (operator.right.allowed) operator.forget();
	else {
		await askToken(async (token) => {
			const { allowed, why } = await operator.check(token);
			return allowed ? undefined : (why ?? "That is not the token this router was started with.");
		});
	}
	await allow();
};
addEventListener("pagehide", () => room?.close());

const query = new URLSearchParams(location.search);
inputs.room.value = decodeURIComponent(/\/inspect\/([^/]*)$/.exec(location.pathname)?.[1] ?? "");
inputs.role.value = query.get("role") === "player" ? "player" : "spectator";
inputs.game.value = query.get("game") ?? (inputs.room.value && (await findGame(inputs.room.value)));
setText(byId("hint"), "A room that is not there is made. Entering as a player takes a seat.");
void allow();
setInterval(draw, drawn);
setInterval(look, looked);
if (inputs.room.value && inputs.game.value) enter();
else showStatus();
