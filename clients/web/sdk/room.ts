// A room as the game sees it.

import { newClock } from "./clock.ts";
import { newEmitter } from "./emitter.ts";
import { RingsideError } from "./errors.ts";
import { newJourney } from "./journey.ts";
import { custom, Is, noEpoch, type Epoch } from "./messages.ts";
import type { Events, Game, JoinOptions, RoomEvents, Stats, Status, Tables, Values, View } from "./options.ts";
import { newPacer, type Pacer } from "./pacer.ts";
import { newSession, newStats, type Session } from "./session.ts";
import { newScene, type Scene } from "./view.ts";
import { encoder } from "./writer.ts";

const enum Limit {
	/** How long the client is out of the room before that is told, in milliseconds: most moves are over by then. */
	noticeable = 200,
	/** How long after a loss the player's hands are still sampled: what waits then is processed in one go. */
	handsStill = 500,
	/** So many ticks back the room was begun anew, and what was seen of it means nothing. */
	begunAnew = 64,
	/** Characters of a reason for leaving: at most 120 bytes are allowed, and one has up to 3. */
	reason = 40,
}

/** One player or spectator in one room. join makes it; it is on its way in at once. */
export interface Room<G extends Game = Game> {
	readonly status: Status;
	/** The newest trouble: why the room ended, or what keeps the client from coming (back); undefined while all is well. */
	readonly error: RingsideError | undefined;

	// What is known once the room was entered.

	/** The room's id. */
	readonly id: string;
	/** The code that opens a private room, for invitations; empty: the room is not private. */
	readonly code: string;
	/** By which the seats and outcomes of this room name the player; empty for a spectator. */
	readonly alias: string;
	/** The guest's secret. Anyone with it is this guest; keep it yourself where there is no storage. */
	readonly guest: string;
	/** The player's seat, -1 for a spectator. */
	readonly seat: number;
	/** The server that leads the room, and in which epoch. */
	readonly server: string;
	readonly epoch: Readonly<Epoch>;
	/** Ticks per second. */
	readonly tickRate: number;
	/** The newest tick. */
	readonly tick: number;

	/** The room's state as of the newest tick; empty objects before the first, and new ones when the schema has changed. */
	readonly tables: Tables<G>;
	readonly values: Values<G>;
	/** The events of the newest tick. The view has them at the moment at which they are to be shown. */
	readonly events: Events<G>;

	/**
	 * Resolves when the client is in the room for the first time; rejects with a RingsideError when it cannot be, or with
	 * undefined when it was left before.
	 */
	readonly entered: Promise<void>;

	/** Listens; what it returns ends that. */
	on<E extends keyof RoomEvents>(event: E, listener: RoomEvents[E]): () => void;
	/**
	 * The room as it should be drawn now: call it once a frame. now is on the clock of performance.now(). Undefined before
	 * the room is entered.
	 */
	view(now?: number): View<G> | undefined;
	/** The own row after all samples that were given, not smoothed; undefined where nothing is predicted or there is none. */
	predicted(): G["tables"][keyof G["tables"]] | undefined;
	/**
	 * Gives a sample and sends it, for games that do not use the input option. It returns the sample's number, or 0 when it
	 * was not taken: the client is a spectator or not in the room yet, or too many samples are not processed. While it is
	 * coming back samples wait.
	 */
	send(input: G["input"]): number;
	/** Sends the game a message of at most 1024 bytes. False: the client is not in the room at the moment, or it is too long. */
	sendCustom(payload: Uint8Array | string): boolean;
	/** The server's clock now, in milliseconds of Unix time. */
	serverTime(): number;
	/** The figures of this moment. */
	stats(): Stats;
	/** After the room has ended: enters it once more, or, where that cannot be, the one that the options ask for. Listeners stay. */
	retry(): void;
	/** Gives the seat up and ends. */
	leave(reason?: string): void;
	/** Ends without giving the seat up: joining again within 15 s takes it back. */
	close(): void;
}

/** Enters a room. It is on its way in at once; see Room.on and Room.entered for how that ends. */
export function join<G extends Game>(options: JoinOptions<G>): Room<G> {
	if (!(options.WebSocket ?? globalThis.WebSocket)) throw new TypeError("join needs the option WebSocket");
	const emitter = newEmitter();
	const stats = newStats();
	const clock = newClock(stats);
	let session!: Session;
	let journey!: ReturnType<typeof newJourney>;
	let settle!: { resolve(): void; reject(e: unknown): void };
	let scene: Scene | undefined;
	let pacer: Pacer | undefined;
	let leftAt = 0; // when the client left the room for another connection; 0: it is in it
	let leaving: ReturnType<typeof setTimeout> | undefined;

	/** Sets status and error, and tells when one of them is new. */
	const tell = (now: Status, e?: RingsideError) => {
		if (now === room.status && e?.code === room.error?.code) return;
		room.status = now;
		room.error = e;
		emitter.emit("status", now, e);
	};

	const start = () => {
		scene = pacer = undefined;
		leftAt = room.tick = 0;
		room.entered = new Promise((resolve, reject) => (settle = { resolve, reject }));
		room.entered.catch(() => {}); // the status tells it too
		const same = room.error?.next !== "room" ? room.id : ""; // after a loss the same room, also where the router chose it
		session = newSession(emitter, stats, options.room ?? same, options.player?.guest ?? room.guest, options.code ?? (same && room.code));
		journey = newJourney(options as JoinOptions, session, {
			arrived(move) {
				clearTimeout(leaving);
				leftAt = 0;
				const { store, welcome, code, guest } = session;
				const { alias, epoch, room: id, seat, tickRate } = welcome!;
				const { tables, values, events } = store as any;
				if (scene?.store !== store) scene = newScene(session, options);
				if (options.input) pacer ??= newPacer(1000 / tickRate, stats, sample);
				Object.assign(room, { id, code, alias, guest, seat: seat === Is.noSeat ? -1 : seat, server: epoch.server, epoch, tickRate, tables, values, events });
				if (room.seat >= 0) pacer?.start();
				settle.resolve();
				tell("playing");
				emitter.emit("entered", move);
				ticked();
			},
			ticked(slack) {
				stats.slack = slack;
				pacer?.observe(slack);
				ticked();
			},
			noticed: () => tell(session.suspended ? "suspended" : "playing"),
			pong(micros, server) {
				const now = performance.now();
				const sent = micros / 1000;
				// Not one that waited for the server to let the client in, and not another client's.
				if (sent >= journey.enteredAt && sent <= now) clock.pong(sent, server / 1000, now);
			},
			left(e) {
				leftAt = performance.now();
				clearTimeout(leaving);
				leaving = setTimeout(tell, Limit.noticeable, "returning", e);
			},
			trouble(e) {
				// Timers of a hidden page come late.
				if (performance.now() - leftAt > Limit.noticeable) tell(leftAt ? "returning" : "connecting", e);
			},
		});
		tell("connecting");
		journey.run().then(() => end(), end);
	};

	const ticked = () => {
		const now = performance.now();
		clock.frame(now);
		if (session.tick + Limit.begunAnew < room.tick) scene = newScene(session, options);
		room.tick = session.tick;
		scene!.ticked(now);
		emitter.emit("frame", room.tick);
	};

	const add = (input: G["input"]) => {
		if (room.seat < 0 || room.status === "ended") return 0;
		const now = performance.now();
		const seq = session.outbox.add(session.samples!.seen(input), now);
		if (seq) scene!.predictor?.sampled(seq, now);
		return seq;
	};

	/** Takes what the player's hands do. */
	const sample = (count: number) => {
		if (session.suspended || (leftAt && performance.now() - leftAt > Limit.handsStill)) return;
		for (; count > 0; count--) {
			const input = options.input!();
			if (input) add(input);
		}
		journey.flush();
	};

	const end = (e?: RingsideError) => {
		if (room.status === "ended") return;
		clearTimeout(leaving);
		pacer?.stop();
		settle.reject(e);
		tell("ended", e);
	};

	const room: { -readonly [K in keyof Room<G>]: Room<G>[K] } = {
		status: "ended",
		error: undefined,
		id: "",
		code: "",
		alias: "",
		guest: "",
		seat: -1,
		server: "",
		epoch: noEpoch,
		tickRate: 0,
		tick: 0,
		tables: {} as Tables<G>,
		values: {} as Values<G>,
		events: {} as Events<G>,
		entered: Promise.resolve(),
		on: emitter.on,
		view(now = performance.now()) {
			if (!room.tick) return undefined;
			scene!.draw(now);
			return scene!.view as unknown as View<G>;
		},
		predicted() {
			const p = scene?.predictor;
			return p?.row && (p.current as G["tables"][keyof G["tables"]]);
		},
		send(input) {
			const seq = add(input);
			journey.flush();
			return seq;
		},
		sendCustom(payload) {
			const bytes = typeof payload === "string" ? encoder.encode(payload) : payload;
			const sends = !!journey.link && bytes.length <= Is.maxCustom;
			if (sends) journey.link!.send(custom(bytes));
			return sends;
		},
		serverTime: () => performance.now() + stats.clockOffset,
		stats() {
			const { newest, processed } = session.outbox;
			return { ...stats, tickGap: clock.gap(performance.now()), unacked: newest - processed };
		},
		retry() {
			if (room.status === "ended") start();
		},
		leave(reason = "") {
			journey.leave(reason.slice(0, Limit.reason));
			end();
		},
		close() {
			journey.close();
			end();
		},
	};
	start();
	return room;
}
