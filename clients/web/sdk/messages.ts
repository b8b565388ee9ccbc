// The messages of PROTOCOL.md: those from the client are written, those from the server are read.

import { Malformed, Reader } from "./reader.ts";
import type { Writer } from "./writer.ts";

export const Kind = {
	hello: 0x01,
	input: 0x02,
	ping: 0x03,
	leave: 0x04,
	custom: 0x05,
	welcome: 0x20,
	keyframe: 0x21,
	delta: 0x22,
	own: 0x23,
	ownKeyframe: 0x24,
	moved: 0x25,
	prepare: 0x26,
	outcome: 0x27,
	pong: 0x28,
	error: 0x29,
	check: 0x2a,
	notice: 0x2b,
} as const;

export const version = 1;
export const subprotocol = "ringside.v1";
export const noSeat = 255;
/** Sample numbers that may be above the last processed one. */
export const inputWindow = 128;
export const maxSamples = 64;
export const maxCustom = 1024;
export const maxReason = 120;

/** Flags of hello and welcome. */
export const helloWait = 1;
export const welcomeResumed = 2;

const maxMessage = 1 << 20;
const maxServer = 63;
const maxText = 120;

/** Who leads the room: ordered by counter, then by name. */
export interface Epoch {
	counter: number;
	server: string;
}

/** Whether a is before b. Names are compared as bytes of UTF-8, which for server names are those of ASCII. */
export function before(a: Epoch, b: Epoch): boolean {
	return a.counter !== b.counter ? a.counter < b.counter : a.server < b.server;
}

export function sameEpoch(a: Epoch, b: Epoch): boolean {
	return a.counter === b.counter && a.server === b.server;
}

/** The number nearest to near whose low 16 bits are low. */
export function unwrap(near: number, low: number): number {
	return (near + (((low - near) << 16) >> 16)) >>> 0;
}

// From the client.

export interface Hello {
	flags: number;
	fingerprint: bigint;
	lastTick: number;
	epoch: Epoch;
	ticket: string;
	resume: Uint8Array;
}

export function writeHello(w: Writer, m: Hello): void {
	w.record(Kind.hello, () => {
		w.fixed(version, 2);
		w.u8(m.flags);
		w.u64(m.fingerprint);
		w.fixed(m.lastTick, 4);
		w.uvarint(m.epoch.counter);
		w.string(m.epoch.server);
		w.string(m.ticket);
		w.blob(m.resume);
	});
}

/** samples writes count samples. */
export function writeInput(w: Writer, first: number, ack: number, count: number, samples: () => void): void {
	w.record(Kind.input, () => {
		w.uvarint(first);
		w.uvarint(ack);
		w.u8(count);
		samples();
	});
}

export function writePing(w: Writer, micros: number): void {
	w.record(Kind.ping, () => w.fixed(micros, 8));
}

export function writeLeave(w: Writer, reason: string): void {
	w.record(Kind.leave, () => w.string(reason));
}

export function writeCustom(w: Writer, payload: Uint8Array): void {
	w.record(Kind.custom, () => w.raw(payload));
}

// From the server. All functions read a whole body.

export interface Welcome {
	flags: number;
	seat: number;
	tickRate: number;
	tick: number;
	processed: number;
	epoch: Epoch;
	server: string;
	room: string;
	game: string;
	player: string;
	resume: Uint8Array;
	fallbacks: string[];
	schema: Uint8Array;
}

const readEpoch = (r: Reader): Epoch => ({ counter: r.uvarint(), server: r.string(maxServer) });

function name(r: Reader, limit: number): string {
	const s = r.string(limit);
	if (!/^[A-Za-z0-9][\w.-]*$/.test(s)) throw new Malformed("name", s);
	return s;
}

function playerID(r: Reader, optional: boolean): string {
	const s = r.string(64);
	if (s ? /[\0-\x20\x7f]/.test(s) : !optional) throw new Malformed("name", "player");
	return s;
}

function below(v: number, limit: number, least = 0): number {
	if (v < least || v > limit) throw new Malformed("range");
	return v;
}

/** A welcome; of another version of the protocol only that version. */
export function readWelcome(r: Reader): Welcome | number {
	const theirs = r.fixed(2);
	if (theirs !== version) return theirs;
	const flags = r.u8();
	const seat = r.u8();
	if (seat !== noSeat) below(seat, 63);
	const m: Welcome = {
		flags,
		seat,
		tickRate: below(r.u8(), 60, 1),
		tick: r.fixed(4),
		processed: r.fixed(4),
		epoch: readEpoch(r),
		server: r.string(maxServer),
		room: name(r, 64),
		game: name(r, 32),
		player: playerID(r, true),
		resume: r.blob(64).slice(),
		fallbacks: [],
		schema: r.bytes,
	};
	for (let n = below(r.u8(), 4); n > 0; n--) m.fallbacks.push(r.string(256));
	m.schema = r.blob(65536).slice();
	r.done();
	return m;
}

export interface Own {
	processed: number; // low 16 bits
	slack: number; // milliseconds, noSlack
	body: Uint8Array;
}

export const noSlack = 255;

export const readOwn = (r: Reader): Own => ({ processed: r.fixed(2), slack: r.u8(), body: r.rest(maxMessage) });

export interface Moved {
	url: string;
	server: string;
	ticket: string;
	epoch: Epoch;
	within: number; // milliseconds
}

/** A moved or prepare message. */
export function readMoved(r: Reader): Moved {
	const m = { url: r.string(256), server: "", ticket: "", epoch: { counter: 0, server: "" }, within: 0 };
	if (!m.url) throw new Malformed("range", "URL");
	m.server = r.string(maxServer);
	m.ticket = r.string(4096);
	m.epoch = readEpoch(r);
	m.within = r.fixed(4);
	r.done();
	return m;
}

export function readOutcome(r: Reader): import("./options.ts").Outcome {
	const m = { match: r.fixed(4), tick: r.fixed(4), results: [] as import("./options.ts").Outcome["results"] };
	for (let n = below(r.u8(), 64); n > 0; n--) {
		const seat = below(r.u8(), 63);
		const place = r.u8();
		const u = r.uvarint();
		m.results.push({ seat, place, score: (u >>> 1) ^ -(u & 1), player: playerID(r, false) });
	}
	return { ...m, data: r.rest(1024).slice() };
}

export function readPong(r: Reader): { micros: number; server: number } {
	const m = { micros: Number(r.u64()), server: Number(r.u64()) };
	r.done();
	return m;
}

export function readError(r: Reader): { code: number; retry: number; text: string } {
	const m = { code: below(r.fixed(2), 4999, 4000), retry: r.fixed(4), text: r.string(maxText) };
	r.done();
	return m;
}

export function readCheck(r: Reader): { tick: number; hash: number } {
	const m = { tick: r.fixed(4), hash: r.fixed(4) };
	r.done();
	return m;
}

export function readNotice(r: Reader): { code: number; text: string } {
	const m = { code: r.fixed(2), text: r.string(maxText) };
	r.done();
	return m;
}
