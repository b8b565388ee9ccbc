// The messages of PROTOCOL.md: those from the client are written, those from the server are read.

import { Fault, Status } from "./errors.ts";
import type { Outcome } from "./options.ts";
import { Malformed, refuse, type Reader } from "./reader.ts";
import { Writer } from "./writer.ts";

export const enum Kind {
	hello = 0x01,
	input,
	ping,
	leave,
	custom,
	welcome = 0x20,
	keyframe,
	delta,
	own,
	ownKeyframe,
	moved,
	prepare,
	outcome,
	pong,
	error,
	check,
	notice,
}

export const subprotocol = "ringside.v1";
export const enum Is {
	/** The versions of the protocol that are spoken, and as a hello has them. */
	newest = 1,
	oldest = 1,
	versions = newest | (oldest << 8),
	/** How a schema is written. */
	schemaFormat = 1,
	noSeat = 255,
	noSlack = 255,
	/** Sample numbers that may be above the last processed one. */
	inputWindow = 128,
	maxSamples = 64,
	maxCustom = 1024,
	// Flags of hello and welcome.
	wait = 1,
	elsewhere = 2,
	resumed = 2,
	// Notices.
	suspended = 1,
	resumes = 2,
}

/** One server's term as the leader of one instance of a room. */
export interface Epoch {
	/** One life of the room's id: 16 hexadecimal digits. Instances are the same or not; they have no order. */
	instance: string;
	counter: number;
	server: string;
}

export const noEpoch: Epoch = { instance: "0".repeat(16), counter: 0, server: "" };

/** All epochs are made with their fields in this order. */
export const sameEpoch = (a: Epoch, b: Epoch): boolean => JSON.stringify(a) === JSON.stringify(b);

/**
 * The number nearest to near whose low bits are low: 16 of them, or with a cut of 0 all 32 that the wire has. Ticks and sample numbers
 * are counted on here when they wrap there.
 */
export const unwrap = (near: number, low: number, cut = 16): number => near + (((low - near) << cut) >> cut);

/** flags, schema fingerprint, last tick and epoch that were seen, ticket, resume token. */
export function hello(flags: number, fingerprint: bigint, tick: number, { instance, counter, server }: Epoch, ticket: string, resume: Uint8Array): Uint8Array {
	return new Writer().record(Kind.hello, (w) => {
		w.fixed(Is.versions, 2);
		w.u8(flags);
		w.big(fingerprint, 8);
		w.fixed(tick, 4);
		w.big(BigInt("0x" + instance), 8);
		w.uvarint(counter);
		w.string(server);
		w.string(ticket);
		w.blob(resume);
	}).bytes;
}

/** Writes an input message of count samples, which samples writes. */
export function input(w: Writer, first: number, ack: number, count: number, samples: (w: Writer) => void): void {
	w.record(Kind.input, (w) => {
		w.uvarint(first >>> 0);
		w.uvarint(ack >>> 0);
		w.u8(count);
		samples(w);
	});
}

/** Writes a ping that is sent at now, in milliseconds. */
export function ping(w: Writer, now: number): Writer {
	return w.record(Kind.ping, (w) => w.fixed(Math.round(now * 1000), 8));
}

export function leave(reason: string): Uint8Array {
	return new Writer().record(Kind.leave, (w) => w.string(reason)).bytes;
}

export function custom(payload: Uint8Array): Uint8Array {
	return new Writer().record(Kind.custom, (w) => w.raw(payload)).bytes;
}

// What follows reads bodies; that nothing is left of them is the caller's to see.

const epoch = (r: Reader): Epoch => ({ instance: r.big(8).toString(16).padStart(16, "0"), counter: r.uvarint(), server: r.string(63) });

export type Welcome = ReturnType<typeof readWelcome>;

/** A welcome; of one in a version of the protocol that is not spoken here nothing else is looked at. */
export function readWelcome(r: Reader) {
	const version = r.u8();
	if (version < Is.oldest || version > Is.newest) throw new Fault(Status.version, "version " + version);
	const flags = r.u8();
	const seat = r.u8();
	refuse(seat > 63 && seat !== Is.noSeat);
	const tickRate = r.u8();
	refuse(tickRate < 1 || tickRate > 60);
	return {
		flags,
		seat,
		tickRate,
		tick: r.fixed(4),
		processed: r.fixed(4),
		epoch: epoch(r),
		server: r.string(63),
		room: r.string(64),
		game: r.string(32),
		alias: r.string(16),
		resume: r.blob(64).slice(),
		fallbacks: r.list(() => r.string(256)),
		schema: r.blob(65536).slice(),
	};
}

export type Own = ReturnType<typeof readOwn>;

/** An own record of a kind; processed are the low 16 bits, slack is in milliseconds or Is.noSlack. */
export const readOwn = (r: Reader, kind: Kind) => ({
	full: kind === Kind.ownKeyframe,
	processed: r.fixed(2),
	slack: r.u8(),
	body: r.rest(),
});

export type Moved = ReturnType<typeof readMoved>;

/** A moved or prepare message. */
export function readMoved(r: Reader) {
	const url = r.string(256);
	refuse(!url);
	return { url, server: r.string(63), ticket: r.string(4096), epoch: epoch(r), within: r.fixed(4) };
}

export function readOutcome(r: Reader): Outcome {
	return {
		match: r.fixed(4),
		tick: r.fixed(4),
		results: r.list(() => {
			const result = { seat: r.u8(), place: r.u8(), score: Number(r.varint()), alias: r.string(16) };
			refuse(result.seat > 63 && result.seat !== Is.noSeat);
			if (!result.alias) throw new Malformed("name");
			return result;
		}),
		data: r.rest(1024).slice(),
	};
}

/** What an error record says beside the code, which the close has too. */
export function readError(r: Reader) {
	const code = r.fixed(2);
	refuse(code < 4000 || code > 4999);
	return { retry: r.fixed(4), text: r.string(120) };
}
