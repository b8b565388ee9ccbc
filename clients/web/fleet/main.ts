// The fleet page: what an operator looks at first.

import "./main.css";
import { Cards } from "./cards.ts";
import { byId, h, plural, setText } from "./dom.ts";
import { EventList } from "./eventlist.ts";
import { GossipPanel } from "./gossip.ts";
import { greatest, History } from "./history.ts";
import { Fleet, type Change, type Room } from "./model.ts";
import { Operator, type Spread } from "./operator.ts";
import { Plots } from "./plots.ts";
import { BanList, type PlayerActs } from "./players.ts";
import { RoomPanel } from "./roompanel.ts";
import { Stage } from "./stage.ts";
import { Stream, type State } from "./stream.ts";
import { askToken, notice, showTip } from "./windows.ts";

/** What plots show, in seconds. */
const shown = 300;
/** How far from a dot one may point at it, in CSS pixels. */
const reach = { mouse: 9, touch: 20 };

const fleet = new Fleet();
const history = new History(shown);
const operator = new Operator();
const stage = new Stage(byId<HTMLCanvasElement>("overlay"), fleet);
const plots = new Plots(byId("plots"), history, showTip);
const gossip = new GossipPanel(byId("gossip"), fleet, showTip);
const events = new EventList(byId("events"), choose);
const playerActs: PlayerActs = {
	players: (room) => answer(operator.players(room), []),
	kick: (room, player) => ask(`Kick ${player}. Why? The player reads it.`, (reason) => act(`kick ${player}`, () => operator.kick(room, player, reason), () => "done")),
	bans: () => answer(operator.bans(), []),
	ban: (player) =>
		ask(`Ban ${player}. For how many hours?`, (hours) =>
			ask("Why? The player reads it.", (reason) => act(`ban ${player}`, () => operator.ban(player, 3600 * Number(hours), reason), spread)),
		),
	lift: (player) => act(`lift the ban of ${player}`, () => operator.lift(player), spread),
};
const rooms = new RoomPanel(byId("rooms"), fleet, { choose, move }, playerActs);
const bans = new BanList(byId("bans"), playerActs);
const cards = new Cards(byId("servers"), fleet, {
	drain,
	undrain: (server) => void act(`${server} serves again`, () => operator.undrain(server), () => "its rooms come home in a moment"),
	point(server) {
		stage.link(server);
		plots.draw(server);
	},
});

function told(change: Change, snapshot: boolean): void {
	const news = fleet.apply(change, snapshot);
	const sampled = history.sample(fleet.time, fleet.members.values());
	updateCards();
	stage.apply(news);
	if (news.events.length > 0 || news.first) events.update(fleet.events);
	if (snapshot || change.views || change.left || change.members) gossip.update();
	rooms.update(operator.right.allowed);
	bans.update(operator.right.allowed);
	showTotals();
	if (sampled) plots.draw();
}

function updateCards(): void {
	const late = (server: string) => history.servers.get(server)?.late.at(-1) || 0;
	const { added, removed } = cards.update(operator.right.allowed, late);
	for (const [name, canvas] of added) {
		stage.add(name, canvas);
		resized.observe(canvas);
	}
	for (const name of removed) stage.remove(name);
	if (added.length + removed.length > 0) stage.measure();
	const empty = byId("empty");
	empty.hidden = fleet.servers().length > 0;
	setText(empty, "No game server is there. Start one with the router's gossip address among its -seeds.");
}

const resized = new ResizeObserver(() => stage.measure());
for (const panel of ["plots", "gossip"]) {
	new ResizeObserver(() => {
		plots.draw();
		gossip.draw();
	}).observe(byId(panel));
}
document.addEventListener("visibilitychange", () => {
	plots.draw();
	gossip.draw();
	stage.measure();
});

const totals = new Map<string, HTMLElement>();

function showTotal(id: string, label: string, value: string, alarm = false): void {
	let dd = totals.get(id);
	if (!dd) {
		dd = h("dd", { dataset: { testid: `total-${id}` } });
		totals.set(id, dd);
		byId("totals").append(h("div", {}, dd, h("dt", {}, label)));
	}
	setText(dd, value);
	dd.classList.toggle("alarm", alarm);
}

function showTotals(): void {
	const servers = [...fleet.members.values()].filter((m) => m.role === "gameserver");
	const silent = servers.filter((m) => !m.reachable).length;
	showTotal("servers", "servers", silent ? `${servers.length - silent} of ${servers.length}` : String(servers.length), silent > 0);
	showTotal("rooms", "rooms", servers.reduce((n, m) => n + m.rooms, 0).toLocaleString("en"));
	showTotal("players", "players", servers.reduce((n, m) => n + m.players, 0).toLocaleString("en"));
	const late = [...history.servers.values()].reduce((n, s) => n + (s.late.at(-1) || 0), 0);
	showTotal("late", "late ticks/s", late < 10 ? String(Number(late.toFixed(1))) : Math.round(late).toLocaleString("en"), late > 0);
	const p99 = greatest([...history.servers.values()].map((s) => s.p99.slice(-1)));
	showTotal("p99", "worst p99", p99 > 0 ? `${p99 < 10 ? p99.toFixed(1) : Math.round(p99)} ms` : "–");
	const others = fleet.routers().map((m) => m.name).filter((n) => n !== fleet.router);
	setText(byId("router"), fleet.summary ? `${plural(fleet.routers().length, "router")} · ${fleet.mode} · a summary, without names and rooms` :
		`${fleet.router} · ${fleet.mode}${others.length ? ` · beside ${others.join(", ")}` : ""}`);
}

function choose(room: string): void {
	rooms.choose(room);
	rooms.update(operator.right.allowed);
	stage.choose(fleet.rooms.get(room));
}

/** Asks the operator for a line of text and calls then with it, unless the operator cancels. */
async function ask(question: string, then: (text: string) => Promise<void>): Promise<void> {
	const text = prompt(question);
	if (text !== null) await then(text.trim());
}

/** How far a ban has come. */
function spread({ servers, unreached = [] }: Spread): string {
	return unreached.length ? `${unreached.join(", ")} will hear of it when they answer` : `${plural(servers, "server")} know it`;
}

/** Gives what was asked for, or, with a notice, what stands for nothing. */
async function answer<T>(asked: Promise<T>, nothing: T): Promise<T> {
	try {
		return await asked;
	} catch (e) {
		notice((e as Error).message, "bad");
		return nothing;
	}
}

/** Does what an operator asks for, and says how it went. */
async function act<T>(what: string, run: () => Promise<T>, outcome: (answer: T) => string): Promise<void> {
	try {
		notice(`${what}: ${outcome(await run())}`, "good");
	} catch (e) {
		notice(`Not so: ${(e as Error).message}`, "bad");
		await allow();
	}
}

function drain(server: string): void {
	const others = fleet.servers().some((m) => m.name !== server && m.state === "serving" && fleet.members.has(m.name));
	if (!others && !confirm(`No other server serves: the rooms of ${server} have nowhere to go. Drain it all the same?`)) return;
	void act(`${server} drains`, () => operator.drain(server), (a) => `${plural(a.rooms, "room")} to hand off`);
}

function move(room: string, server: string): void {
	void act(`${room} moved`, () => operator.move(room, server), (a) => `${a.server} leads it, after ${Math.round(a.took_ms)} ms`);
}

/** Finds out whether this page may change the fleet, and shows the buttons or the way to them. */
async function allow(): Promise<void> {
	const button = byId("operator");
	try {
		await operator.check();
	} catch {
		return; // the router is not there; the stream says so, and asks again when it is
	}
	const { allowed, token, why } = operator.right;
	button.hidden = !token && !operator.keepsToken;
	setText(button, allowed ? "Forget the token" : "Operator …");
	byId("router").title = allowed ? "this page may drain servers and move rooms" : (why ?? "");
	if (fleet.time > 0) updateCards();
	rooms.update(allowed);
}

byId("operator").onclick = async () => {
	if (operator.right.allowed) operator.forget();
	else await askToken(wrongWith);
	if (fleet.summary && operator.keepsToken) location.reload(); // with the token there is more to see than a summary
	await allow();
};

/** What is wrong with a token; undefined if nothing is. */
async function wrongWith(token: string): Promise<string | undefined> {
	const { allowed, token: another, why } = await operator.check(token);
	if (allowed) return undefined;
	return another ? "That is not the token this router was started with." : (why ?? "This router takes no such requests.");
}

let before: State = "connecting";

new Stream("v1/fleet/events", () => operator.headers, {
	told,
	state(state, since, next) {
		const live = byId("live");
		live.dataset.state = state;
		document.body.classList.toggle("stale", state !== "live");
		const silence = Math.round((performance.now() - since) / 1000);
		const wait = Math.max(0, Math.ceil((next - performance.now()) / 1000));
		setText(live, state === "live" ? "live" : state === "silent" ? `no word for ${silence} s` :
			fleet.time === 0 ? `no router answers; again in ${wait} s` : `lost ${silence} s ago; again in ${wait} s`);
		if (state === "live" && before !== "live") void allow();
		before = state;
	},
});

const servers = byId("servers");
const pointed = (e: PointerEvent): Room | undefined =>
	stage.roomAt(e.target, e.offsetX, e.offsetY, e.pointerType === "mouse" ? reach.mouse : reach.touch);
servers.addEventListener("pointermove", (e) => {
	const room = pointed(e);
	stage.hover(room);
	showTip(room ? [room.room, `${room.players} of ${room.seats} players · ${room.game}`, `epoch ${room.epoch}`,
		`standby ${room.standbys?.join(", ") || "none"}`] : [], e.clientX, e.clientY);
});
servers.addEventListener("pointerleave", () => {
	stage.hover(undefined);
	showTip([], 0, 0);
});
servers.addEventListener("click", (e) => {
	const room = pointed(e as PointerEvent);
	if (room) choose(room.room);
});
addEventListener("keydown", (e) => {
	if (e.key === "Escape") choose("");
});
