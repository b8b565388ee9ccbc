// What the server sends: messages taken apart, and applied in their order.

import { Fault, Status } from "./errors.ts";
import type { Link } from "./link.ts";
import { Is, Kind, readError, readMoved, readOutcome, readOwn, readWelcome, unwrap } from "./messages.ts";
import type { Moved, Own } from "./messages.ts";
import { Malformed, Reader, refuse } from "./reader.ts";
import type { Session } from "./session.ts";
import { Part } from "./store.ts";

/** What follows from messages. All are called while a message is being read. */
export interface Hooks {
	/** The client is in the room on link: welcome and keyframe are applied. */
	entered(link: Link): void;
	/** A tick was applied. slack is that of its own record. */
	ticked(slack: number | undefined): void;
	prepare(to: Moved): void;
	/** A notice came: session.suspended may have changed. */
	noticed(): void;
	pong(micros: number, server: number): void;
}

/** Applies one WebSocket message. What it throws is a Fault that ends the connection. */
export function receive(s: Session, link: Link, data: unknown, hooks: Hooks): void {
	const was = link.entered;
	const { tick } = s;
	let own: Own | undefined; // waits for the delta or keyframe behind it
	let slack: number | undefined;
	s.stats.messages++;
	try {
		refuse(typeof data === "string");
		for (const [kind, body] of new Reader(new Uint8Array(data as ArrayBuffer)).records()) {
			if (kind < Kind.keyframe || kind > Kind.ownKeyframe) {
				event(s, link, kind, body, hooks);
				body.done();
			} else if (kind > Kind.delta) {
				refuse(!!own);
				own = readOwn(body, kind);
			} else {
				frame(s, link, kind, body, own);
				if (own) slack = own.slack === Is.noSlack ? undefined : own.slack;
				own = undefined;
			}
		}
		refuse(!!own);
	} catch (e) {
		throw e instanceof Malformed ? s.violate("bad-message", e.message) : e;
	}
	if (link.entered && !was) hooks.entered(link);
	else if (s.tick !== tick) hooks.ticked(slack);
}

/** Applies a delta or keyframe, and the own part of the same tick. */
function frame(s: Session, link: Link, kind: Kind, r: Reader, own: Own | undefined): void {
	const keyframe = kind === Kind.keyframe;
	const fits = keyframe ? link.welcomed : link.entered;
	refuse(!fits || (!!own && own.full !== keyframe));
	const last = s.tick;
	const tick = keyframe ? unwrap(last || s.welcome!.tick, r.fixed(4), 0) : unwrap(last, r.fixed(2));
	if (!link.entered) refuse(tick !== s.welcome!.tick);
	else if (tick <= last) throw s.violate("tick-back", tick);
	else if (!keyframe && tick > last + 1) throw s.violate("tick-gap", tick);
	try {
		s.store!.apply(tick, Part.open, keyframe, r.rest());
		if (own) s.store!.apply(tick, Part.own, keyframe, own.body);
	} catch (e) {
		throw e instanceof Malformed ? s.violate("bad-state", e.message) : e;
	}
	s.stats[keyframe ? "keyframes" : "ticks"]++;
	s.lastFrame = performance.now();
	link.entered = true;
	const off = own && s.outbox.acknowledge(own.processed);
	if (off) s.violate(off < 0 ? "processed-back" : "processed-ahead", off);
}

/** Takes records that are not state. Unknown ones are skipped, and before the welcome most others. */
function event(s: Session, link: Link, kind: Kind, r: Reader, hooks: Hooks): void {
	if (kind === Kind.error) {
		link.refusal = readError(r);
	} else if (kind === Kind.moved) {
		const to = readMoved(r);
		s.stats.moves++;
		throw new Fault(Status.moved, "to " + to.server, 0, to);
	} else if (kind === Kind.welcome) {
		refuse(link.welcomed);
		s.welcomed(readWelcome(r));
		link.welcomed = true;
	} else if (link.welcomed) {
		switch (kind) {
			case Kind.check:
				refuse(unwrap(s.tick, r.fixed(4), 0) !== s.tick);
				if (r.fixed(4) !== s.store!.hash()) throw s.violate("hash-mismatch", "");
				s.stats.checks++;
				break;
			case Kind.pong:
				hooks.pong(r.fixed(8), r.fixed(8));
				break;
			case Kind.custom:
				s.emit("custom", r.rest(Is.maxCustom).slice());
				break;
			case Kind.outcome:
				s.outcome(readOutcome(r), r.bytes);
				break;
			case Kind.notice: {
				const code = r.fixed(2);
				if (code <= Is.resumes) s.suspended = code === Is.suspended;
				hooks.noticed();
				s.emit("notice", code, r.string(120));
				break;
			}
			case Kind.prepare:
				hooks.prepare(readMoved(r));
				break;
			default:
				r.rest();
		}
	} else {
		r.rest();
	}
}
