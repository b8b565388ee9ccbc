// The page: at home, or in one room as a player or a spectator. It brings the parts together.

import { join, type JoinOptions, type RingsideError, type Room, type Status } from "../sdk/index.ts";
import { partyOptions, type PartyOptions } from "../sdk/party.ts";
import { badWebSocket } from "./badnet.ts";
import { byId, say, show } from "./dom.ts";
import { arenaOptions, canFire, type Arena, type Fighter, type Input } from "./game.ts";
import { Hands } from "./hands.ts";
import { Hud } from "./hud.ts";
import { insetsOf } from "./insets.ts";
import { Kills } from "./kills.ts";
import { Moves } from "./moves.ts";
import { NetGraph } from "./netgraph.ts";
import { rememberVisit, type Visit } from "./player.ts";
import { Result } from "./result.ts";
import { copy, fragment, linkTo } from "./share.ts";
import { Stage } from "./stage.ts";
import { Trouble, type Way } from "./trouble.ts";

/** Up to this code of a notice the status says it; of others the text is shown. */
const resumed = 2;

/** What the player sees: the first card with a match behind it, or a room. */
type Mode = "home" | "entering" | "playing" | "watching";

export class Page {
	mode: Mode = "home";
	/** The room that is shown, that behind the first card included. */
	room: Room<Arena> | undefined;
	/** How long drawing a frame takes, smoothed, and how many there were. */
	frameTime = 0;
	frames = 0;
	/** Called after each frame; tests watch what is drawn. */
	afterFrame: ((now: number) => void) | undefined;
	readonly stage: Stage;
	readonly #hands: Hands;
	readonly #hud = new Hud();
	readonly #result = new Result();
	readonly #trouble = new Trouble();
	readonly #kills = new Kills((victim, by) => this.#hud.killed(this.room!, victim, by));
	readonly #moves = new Moves();
	#visit: Visit | undefined;
	#party: PartyOptions<Arena> | undefined;
	#name = "";

	/** invited is the room that the page's address names, code that of a private one, party an invitation; they are no more, once the player has left. */
	constructor(
		public invited: string | undefined,
		private code: string | undefined,
		private party: string | undefined,
	) {
		const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
		this.stage = new Stage(byId<HTMLCanvasElement>("stage"), calm, {
			struck: () => this.#struck(),
			hurt: () => this.#hud.hurt(),
		});
		this.#hands = new Hands(this.stage.canvas, this.stage);
		new NetGraph(
			() => this.room,
			() => this.frameTime,
		);
		byId("leave").onclick = () => this.leave();
		byId("share").onclick = () => this.#share();
		byId("join-in").onclick = () => this.enter({ role: "player", room: this.room?.id, code: this.room?.code || undefined }, this.#name);
		byId("ammo").onclick = () => this.#hands.reload();
		for (const b of document.querySelectorAll<HTMLElement>(".tools button, #ammo")) b.addEventListener("click", () => b.blur()); // or the space bar presses it
		document.addEventListener("visibilitychange", () => {
			// Behind a card that nobody looks at no match is seen.
			if (this.mode !== "home") return;
			if (document.hidden) this.#close();
			else this.home();
		});
		requestAnimationFrame((now) => this.#frame(now));
	}

	/** Where the page's address leads. */
	get invitation(): Pick<Visit, "room" | "code" | "party"> {
		return { room: this.invited, code: this.code, party: this.party ? { token: this.party } : undefined };
	}

	/** Shows the first card, and behind it a match if there is one. */
	home(): void {
		this.#close();
		rememberVisit(undefined);
		this.#set("home");
		show(byId("pitch"), !this.invited);
		show(byId("invited"), !!this.invited);
		for (const id of ["duo", "friends"]) show(byId(id), !this.invited);
		show(byId("watch"), false); // until there is something to see
		this.#join({ role: "spectator", ...this.invitation }, true);
	}

	/** Goes into a room. */
	enter(visit: Visit, name: string): void {
		this.#name = name;
		if (visit.role === "spectator" && this.mode === "home" && this.room?.status === "playing") {
			this.#visit = visit;
			this.#arrived(this.room);
			return;
		}
		this.#close();
		this.#set("entering");
		this.#join(visit, false);
	}

	/** Gives the seat up and goes home. */
	leave(): void {
		this.room?.leave("left");
		this.room = this.invited = this.code = this.party = undefined;
		history.replaceState(null, "", address(undefined));
		this.home();
	}

	#close(): void {
		this.room?.close();
		this.room = undefined;
		this.stage.reset();
		this.#kills.forget();
		this.#moves.forget();
		this.#hud.clear();
		this.#result.hide();
		this.#trouble.hide();
		this.#hands.release();
	}

	#set(mode: Mode): void {
		this.mode = mode;
		document.body.dataset.mode = mode;
		this.#hands.enabled = mode === "playing";
		show(byId("home"), mode === "home");
		show(byId("watching"), mode === "watching");
		show(byId("tools"), mode === "playing" || mode === "watching");
		if (mode === "playing") (document.activeElement as HTMLElement | null)?.blur();
	}

	/** Joins a room; behind: behind the first card, where nothing is said about it. */
	#join(visit: Visit, behind: boolean): void {
		const options: JoinOptions<Arena> = {
			...arenaOptions(() => this.#hands.wish()),
			router: new URL(".", location.href).href, // a proxy may show it in a folder
			room: visit.room,
			code: visit.code,
			private: visit.private && !visit.room,
			match: !visit.room && !visit.code && !visit.private,
			role: visit.role,
			player: { name: this.#name },
			WebSocket: badWebSocket(),
			giveUp: behind ? 5000 : undefined,
			input: () => this.#sample(),
		};
		const party = (this.#party = visit.party && visit.role === "player" ? partyOptions(options, visit.party) : undefined);
		const room = (this.room = join<Arena>(party?.options ?? options));
		const ours = () => this.room === room;
		this.#visit = visit;
		room.on("status", (status, error) => ours() && this.#status(room, status, error));
		room.on("entered", (move) => {
			if (!ours()) return;
			show(byId("watch"), true);
			if (move && !move.seatKept && room.seat >= 0) this.#trouble.note("You were away for too long to keep your seat. This is a new one.");
			if (this.mode === "entering") this.#arrived(room);
		});
		room.on("frame", () => ours() && this.#tick(room));
		room.on("notice", (code, text) => ours() && this.mode !== "home" && code > resumed && this.#trouble.note(text));
		room.on("outcome", (outcome) => ours() && this.mode !== "home" && this.#result.tell(room, outcome));
		if (!behind) this.#trouble.sign(room.status, room.error);
	}

	/** The player is in the room: from now on a reload comes back here. */
	#arrived(room: Room<Arena>): void {
		const brings = "size" in (this.#visit!.party ?? {});
		this.#visit = { ...this.#visit!, party: undefined };
		rememberVisit({ ...this.#visit, in: room.id });
		history.replaceState(null, "", address(room.id, room.code));
		this.#trouble.sign(room.status, room.error);
		this.#set(room.seat >= 0 ? "playing" : "watching");
		say(byId("watching-text"), "You are watching.");
		if (brings) void this.#share();
	}

	#status(room: Room<Arena>, status: Status, error: RingsideError | undefined): void {
		if (this.mode === "home") {
			if (status === "ended") this.#close();
			return;
		}
		this.#trouble.sign(status, error);
		if (status !== "ended" || !error) return;
		this.#hands.enabled = false;
		this.#trouble.ask(error, this.#ways(room, error));
	}

	/** What the player can do after an error. */
	#ways(room: Room<Arena>, error: RingsideError): Way[] {
		const back = { label: "Back", go: () => this.leave() };
		const other = { label: "Find another match", go: () => this.enter({ role: "player" }, this.#name) };
		// A player that was inside returns to that room, not to one that quick match finds.
		const again = () => (room.tick ? this.enter({ ...this.#visit!, room: room.id, code: room.code || undefined }, this.#name) : room.retry());
		switch (error.next) {
			case "retry":
				return [{ label: error.code === "replaced" ? "Play here" : "Try again", go: again }, back];
			case "enter":
				return [{ label: "Enter the new match", go: again }, other, back];
			case "reload":
				return [{ label: "Load the page again", go: () => location.reload() }, back];
			case "room":
				if (error.code !== "full") return [other, back];
				return [other, { label: "Watch this one", go: () => this.enter({ role: "spectator", room: room.id || this.#visit!.room, code: room.code || this.#visit!.code }, this.#name) }, back];
		}
	}

	/** What the hands want now; a shot is seen at once. */
	#sample(): Input {
		const sample = this.#hands.sample();
		const me = this.room?.predicted() as Fighter | undefined;
		if (sample.fire && !sample.reload && me && canFire(me, this.room!.values.match.phase)) this.stage.fire(sample.aim, performance.now());
		return sample;
	}

	#tick(room: Room<Arena>): void {
		const moved = this.#moves.look(room.server, performance.now(), room.stats().reconnects);
		if (this.mode === "home") return;
		if (moved) this.#trouble.note(moved);
		this.#kills.look(room);
		this.#hud.update(room, (room.predicted() as Fighter | undefined) ?? room.tables.fighters.get(room.seat));
		this.#result.look(room, room.values.match.phase);
	}

	#frame(now: number): void {
		requestAnimationFrame((now) => this.#frame(now));
		const begin = performance.now();
		const { room, stage } = this;
		const insets = insetsOf(innerWidth, innerHeight, this.mode === "home", this.mode === "playing" && this.#hands.sticks.used);
		stage.draw(room, now, this.#hands.aim(), this.#hands.sticks, insets);
		this.frames++;
		this.frameTime += (performance.now() - begin - this.frameTime) / 20;
		this.afterFrame?.(now);
	}

	/** The own shot has hit: the cursor says so. */
	#struck(): void {
		document.body.classList.add("struck");
		setTimeout(() => document.body.classList.remove("struck"), 120);
	}

	async #share(): Promise<void> {
		const kept = this.#party?.invitation;
		const seat = kept && Date.now() < Date.parse(kept.until);
		const link = linkTo(this.room!.id, this.room!.code, seat ? kept.token : undefined);
		const copied = await copy(link);
		const why = seat ? "Send it to your friend: a seat is kept for a minute." : "Send it to whom you want to fight.";
		this.#trouble.note(copied ? `The link is copied. ${why}` : `${why} This is the link: ${link}`);
	}
}

/** The page's address in a room, with what else it says. */
function address(room: string | undefined, code?: string): string {
	const query = new URLSearchParams(location.search);
	if (room) query.set("room", room);
	else query.delete("room");
	return (query.size ? `./?${query}` : "./") + fragment(code);
}
