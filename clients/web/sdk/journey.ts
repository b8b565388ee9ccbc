// The way into the room and, when a connection is lost or the room moves, back into it. See PROTOCOL.md, Coming back.

import { Advice, Fault, lost, RingsideError, Status } from "./errors.ts";
import { receive, type Hooks } from "./inbound.ts";
import { newLink, type Link } from "./link.ts";
import { newMemory } from "./memory.ts";
import { hello, Is, leave, noEpoch, sameEpoch, type Epoch } from "./messages.ts";
import type { JoinOptions, Move, WebSocketConstructor } from "./options.ts";
import { newPlan, type Place } from "./plan.ts";
import { newPrepared } from "./prepared.ts";
import { ask } from "./router.ts";
import { newSearch, sleep } from "./search.ts";
import type { Session } from "./session.ts";

/** Milliseconds, where nothing else is said. */
const enum Watch {
	interval = 250,
	/** How long a server may say nothing, and how many ticks at least; and one whose room is suspended. */
	silence = 2000,
	silentTicks = 3,
	suspendedSilence = 5000,
	/** Up to so long a hidden page does not wait before it tries a place. */
	shortWait = 400,
	/** How long to try to enter, and to come back. */
	enter = 10_000,
	giveUp = 60_000,
	/** How long a server may take to close after a leave message. */
	leave = 1000,
	/** How long a server may take from hello to keyframe: it may have to claim the room. */
	welcome = 10_000,
	/** How long a hello may act after its connection was given up; a later replacement is by another client. */
	unanswered = 20_000,
	/** The same for a prepared connection when it is needed: the room is led there by then, or the server is lost or paused. */
	preparedWelcome = 2000,
	/** How long a prepared connection that is not open yet may take when it is needed. */
	grace = 500,
}

/** What the journey tells its owner. */
export interface Traveller extends Omit<Hooks, "entered" | "prepare"> {
	/** The client is in the room; move is how it came, undefined the first time. */
	arrived(move: Move | undefined): void;
	/** The connection ended and the client goes where it leads on; e is why, if that was not planned. */
	left(e: RingsideError | undefined): void;
	/** An attempt to enter failed, and the client tries on. */
	trouble(e: RingsideError): void;
}

/** Where the client was when its connection ended. */
interface Departure {
	epoch: Epoch;
	tick: number;
	at: number; // of the last frame
	planned: boolean;
}

const nothing: Uint8Array = new Uint8Array();

/** What brings a page back that slept: timers of hidden pages run once a minute, those of frozen ones not at all. */
const wakers = ["visibilitychange", "pageshow", "online"];

export type Journey = ReturnType<typeof newJourney>;

export function newJourney(options: JoinOptions, session: Session, traveller: Traveller) {
	const { stats } = session;
	const plan = newPlan();
	const memory = newMemory(options);
	const host = (url = "") => url.split("/")[2];
	const base = host(options.router || globalThis.location?.href);
	let attempt: Link | undefined; // being made
	let departure: Departure | undefined;
	let heard = false; // by a router
	let closing = false; // the client is to be in the room no more
	let givenUp = -Infinity; // when a hello was last given up unanswered
	let ticket = "";
	let begun = 0; // when the way in began, or the page woke on it
	let wake = () => {}; // ends the sleep that is slept
	let held = { resume: nothing, epoch: noEpoch }; // of a page before this one

	const journey = {
		/** The connection, while the client is in the room. */
		link: undefined as Link | undefined,
		enteredAt: 0,

		/** Enters, and plays until close (then it resolves) or until there is no going on (then it throws a RingsideError). */
		async run(): Promise<void> {
			const timer = setInterval(watch, Watch.interval);
			for (const event of wakers) globalThis.addEventListener?.(event, woke);
			try {
				takeUp();
				await enter(options.giveUp ?? Watch.enter);
				for (;;) {
					const cause = await journey.link!.ended;
					journey.link = undefined;
					if (closing) return;
					await comeBack(cause);
				}
			} catch (e) {
				if (closing) return;
				const { status, error, spoken } = e as Fault;
				if (session.welcome && !spoken) throw new RingsideError("gave-up", error.detail);
				remember(error?.next === "reload"); // a page that fits comes back to the seat
				if (told(error)) memory.save({ resume: [] });
				if (status !== Status.unopened || !heard) throw error ?? e;
				// A page is not told the status of a failed upgrade. A server answers a plain request there with 426.
				const answer = await (options.fetch ?? fetch)(attempt!.url.replace("ws", "http")).catch(() => undefined);
				throw answer && answer.status !== 426 ? new RingsideError("upgrade", `${answer.status} ${error.detail}`) : new RingsideError("blocked", error.detail);
			} finally {
				clearInterval(timer);
				for (const event of wakers) globalThis.removeEventListener?.(event, woke);
				journey.close();
			}
		},

		/** Ends everything; the seat is held for a while. */
		close(): void {
			closing = true;
			prepared.discard();
			search();
			for (const link of [journey.link, attempt]) link?.end(lost("closed"));
		},

		/** Gives the seat up. The server closes, and the journey is over. */
		leave(reason: string): void {
			remember(false);
			closing = true;
			journey.link?.send(leave(reason));
			setTimeout(journey.close, journey.link ? Watch.leave : 0);
		},

		/** Sends what is to be sent. */
		flush(): void {
			const { link } = journey;
			const bytes = link && session.outbox.pack(session.samples!, performance.now());
			if (bytes?.length) link!.send(bytes);
		},
	};

	/** The page was hidden, frozen or without a network: what waited for a timer is done now. */
	const woke = () => {
		begun = performance.now();
		watch();
		wake();
	};

	/** Makes a seat that was taken before the page was loaded again the first place to go. */
	const takeUp = () => {
		const seat = memory.load();
		if (!seat?.resume.length) return;
		session.room = seat.room;
		session.code ||= seat.code;
		session.instance = seat.epoch.instance;
		held = { resume: Uint8Array.from(seat.resume), epoch: seat.epoch };
		plan.prefer(seat);
	};

	/** Enters the room again after its connection ended. */
	const comeBack = async (cause: Fault) => {
		search();
		await null; // for what that ends
		cause = replacement(cause);
		const { moved } = cause;
		const planned = !!moved;
		departure = { epoch: session.welcome!.epoch, tick: session.tick, at: session.lastFrame, planned };
		session.suspended = false;
		traveller.left(planned ? undefined : cause.error);
		ended(cause, performance.now() - journey.enteredAt);
		if (!moved && prepared.link?.over === false) plan.prefer(prepared.to);
		else if (prepared.to?.url !== moved?.url) prepared.discard();
		if (!planned) stats.reconnects++;
		await enter(options.giveUp ?? Watch.giveUp);
	};

	/** Takes a replacement by a hello of this client, which nobody listens to any more, for a lost connection. */
	const replacement = (cause: Fault) =>
		cause.status === Status.replaced && performance.now() - givenUp < Watch.unanswered ? lost(cause.message) : cause;

	/** Plans what follows a fault, or throws it when nothing does. */
	const ended = (cause: Fault, lasted: number) => {
		if (!plan.ended(cause, lasted)) throw cause;
		if (cause.advice === Advice.ticket) (session.welcome ?? held).resume = nothing;
	};

	/** Goes from place to place until the client is in the room; when patience is over, throws what happened last. */
	const enter = async (patience: number) => {
		begun = performance.now();
		for (;;) {
			const to = plan.next();
			// A hidden page's timers may come once a minute. Its seat is held for seconds.
			if (plan.wait > (globalThis.document?.hidden ? Watch.shortWait : 0)) await Promise.race([sleep(plan.wait), new Promise<void>((resolve) => (wake = resolve))]);
			try {
				return await visit(to);
			} catch (e) {
				const cause = replacement(e as Fault);
				const { advice, spoken, status } = cause;
				if (closing || performance.now() - begun > patience) throw cause;
				const refused = spoken && (advice === Advice.stop || advice === Advice.ticket) && !told(cause.error);
				if (!session.welcome && (held.resume.length ? refused : options.match && status === Status.full)) {
					// The seat from before is not there any more, or others took the last seats of the room that was found.
					held.resume = nothing;
					session.room = options.room ?? "";
					plan.restart();
				} else {
					ended(cause, 0);
					traveller.trouble(cause.error);
				}
			}
		}
	};

	/** Tries one place, from the router's answer to the keyframe. */
	const visit = async (to: Place) => {
		if (!to.url) {
			session.guest ||= memory.guest() ?? "";
			const a = await ask(options, session);
			heard = true;
			session.room = a.room;
			session.code = a.code ?? "";
			if (a.guest) memory.saveGuest((session.guest = a.guest));
			to = a;
		}
		ticket = to.ticket || ticket;
		const link = await open(to);
		const timer = setTimeout(() => link.end(lost("no answer")), link.prepared ? Watch.preparedWelcome : Watch.welcome);
		const arrived = new Promise<void>((resolve) => (link.arrived = resolve));
		link.listen((data) => receive(session, link, data, hooks));
		await Promise.race([arrived, link.ended]);
		clearTimeout(timer);
		attempt = undefined;
		if (!link.entered) throw await link.ended;
	};

	/** The player was told that the room is over, once and for all. */
	const told = (e: RingsideError | undefined) => e?.code === "lost" || e?.code === "over";

	/** A connection on which hello is said: the prepared one, or a new one. */
	const open = async (to: Place): Promise<Link> => {
		if (closing) throw lost("closed");
		if (prepared.to?.url === to.url) {
			const link = (attempt = prepared.take()!);
			if (!(await Promise.race([link.opened, sleep(Watch.grace)]))) {
				plan.prefer(); // the router knows places that can be reached
				link.end(new Fault(Status.unopened, "not open"));
				throw await link.ended;
			}
			if (!link.over) return link;
		}
		const link = (attempt = connect(to));
		if (!(await link.opened)) throw await link.ended;
		return link;
	};

	/**
	 * Makes a connection, on which hello is said when it is open. If it is given up unanswered, the server may read the hello after that
	 * of the next connection: it gives the seat to the connection that is gone and closes the newer one as replaced.
	 */
	const connect = (to: Place, flags = 0) => {
		const link = newLink(options.WebSocket ?? (globalThis.WebSocket as unknown as WebSocketConstructor), to.url, stats);
		void link.opened.then((open) => {
			if (!open) return;
			const { epoch, resume } = session.welcome ?? held;
			link.send(hello(flags, options.fingerprint ?? 0n, session.tick, epoch, to.ticket || ticket, resume));
			void link.ended.then((e) => {
				if (!link.entered && !e.spoken) givenUp = performance.now();
			});
		});
		return link;
	};

	const prepared = newPrepared(connect);
	const search = newSearch(options, session, connect, prepared);

	/** How the client came from one connection to the next. */
	const move = (prepared: boolean): Move | undefined => {
		if (!departure) return undefined;
		const { epoch, tick, at, planned } = departure;
		const { welcome, lastFrame } = session;
		departure = undefined;
		const kind = sameEpoch(epoch, welcome!.epoch) ? "reconnect" : planned ? "handoff" : "failover";
		const missed = Math.max(0, session.tick - tick - 1);
		const replayed = kind === "reconnect" ? 0 : Math.max(0, tick + 1 - session.tick);
		stats.missedTicks += missed;
		stats.replayedTicks += replayed;
		return { kind, prepared, seatKept: !!(welcome!.flags & Is.resumed), from: epoch.server, to: welcome!.epoch.server, gap: lastFrame - at, missed, replayed };
	};

	const hooks: Hooks = {
		...traveller,

		entered(link) {
			journey.link = link;
			journey.enteredAt = performance.now();
			plan.entered(link.url, session.welcome!.fallbacks, host(link.url) === base);
			remember();
			traveller.arrived(move(link.prepared));
			journey.flush(); // what the server has not processed
			search(link);
			link.arrived();
		},

		/** Server ticks serve as a clock: they arrive while a hidden page's timers hardly run. */
		ticked(slack) {
			traveller.ticked(slack);
			journey.flush();
		},

		pong(micros, server) {
			traveller.pong(micros, server);
			journey.flush();
		},

		noticed() {
			traveller.noticed();
			search(journey.link);
		},

		prepare(to) {
			if (journey.link) prepared.prepare(to, journey.link);
		},
	};

	/** Looks after the connection now and then: a silent server counts as lost. */
	const watch = () => {
		const { link } = journey;
		if (!link) return;
		const { suspended, welcome } = session;
		const limit = suspended ? Watch.suspendedSilence : Math.max(Watch.silence, (Watch.silentTicks * 1000) / welcome!.tickRate);
		if (performance.now() - link.heard > limit) link.end(lost("silent"));
		journey.flush();
	};

	/** Remembers the seat unless it is given up. */
	const remember = (held = true) => {
		const { room, code, welcome } = session;
		if (!welcome) return;
		const { resume, epoch } = welcome;
		memory.save({ room, code, url: journey.link?.url ?? "", ticket, resume: held ? [...resume] : [], epoch });
	};

	return journey;
}
