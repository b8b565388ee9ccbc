// A server for one client in a test, which says what the test wants. Sockets are objects, so that nothing is left to chance.

import assert from "node:assert/strict";
import { Kind } from "../sdk/messages.ts";
import type { JoinOptions, WebSocketConstructor, WebSocketLike } from "../sdk/options.ts";
import { Reader } from "../sdk/reader.ts";
import { Writer } from "../sdk/writer.ts";

/** A socket as the server's side sees it. */
export class Socket implements WebSocketLike {
	binaryType = "";
	readyState = 0;
	onopen: ((event: any) => void) | null = null;
	onmessage: ((event: any) => void) | null = null;
	onerror: ((event: any) => void) | null = null;
	onclose: ((event: any) => void) | null = null;
	/** What the client sent, by record. */
	readonly got: { kind: Kind; body: Reader }[] = [];
	closedByClient = false;

	constructor(readonly url: string, readonly protocol: string) {}

	send(data: Uint8Array): void {
		assert.equal(this.readyState, 1, "the client sends on an open connection only");
		for (const [kind, body] of new Reader(data.slice()).records()) this.got.push({ kind, body });
	}

	close(): void {
		this.closedByClient = true;
		this.readyState = 3;
	}

	open(): void {
		this.readyState = 1;
		this.onopen?.({});
	}

	say(...records: Uint8Array[]): void {
		const whole = Uint8Array.from(records.flatMap((r) => [...r]));
		this.onmessage?.({ data: whole.buffer });
	}

	/** Closes with a code of the protocol, or, without one, breaks. */
	end(code = 1006, reason = ""): void {
		this.readyState = 3;
		if (code < 4000) this.onerror?.({ message: "broken" });
		this.onclose?.({ code, reason });
	}

	/** Records of a kind that the client sent. */
	of(kind: Kind): Reader[] {
		return this.got.filter((r) => r.kind === kind).map((r) => new Reader(r.body.bytes));
	}
}

/** All connections that a client made, in their order. */
export function network(): { sockets: Socket[]; last: () => Socket; WebSocket: WebSocketConstructor } {
	const sockets: Socket[] = [];
	const last = () => sockets.at(-1)!;
	const WebSocket = class extends Socket {
		constructor(url: string, protocol: string) {
			super(url, protocol);
			assert.equal(protocol, "ringside.v1");
			sockets.push(this);
		}
	};
	return { sockets, last, WebSocket };
}

/** A router that always says where the room is; asked counts. */
export function routerOf(url = "ws://here/"): { asked: any[]; fetch: typeof fetch; plainly: (status: number) => void; answer: (status: number, body: object | string | undefined, headers?: object) => void } {
	const asked: any[] = [];
	let next: (() => Response) | undefined;
	let plain = 426;
	return {
		asked,
		/** What is answered to a request without an upgrade at a room's address. */
		plainly: (status: number) => void (plain = status),
		/** Says what it answers from now on: an object is JSON, a string is a page of something between, undefined is a room again. */
		answer(status, body, headers = {}) {
			const type = typeof body === "string" ? "text/html" : status < 400 ? "application/json" : "application/problem+json";
			const text = typeof body === "string" ? body : JSON.stringify(body);
			next = body === undefined ? undefined : () => new Response(text, { status, headers: { "Content-Type": type, ...headers } });
		},
		async fetch(to: any, init: any) {
			if (!init) return new Response("", { status: plain });
			const body = JSON.parse(init.body);
			asked.push({ to, ...body });
			const answer =
				next?.() ??
				new Response(JSON.stringify({ room: body.room || "new", url, player: "guest-id", guest: body.player.guest ? undefined : "secret", ticket: `ticket ${asked.length}` }), {
					status: 201,
				});
			return Object.defineProperty(answer, "url", { value: to });
		},
	};
}

/** Options for a client of these. */
export const options = (net: ReturnType<typeof network>, router: ReturnType<typeof routerOf>): JoinOptions<any> => ({
	router: "http://router",
	game: "dots",
	room: "r",
	WebSocket: net.WebSocket,
	fetch: router.fetch,
	storage: null,
});

/** A schema: dots have x (0 to 100 in hundredths, linear) and an angle, and their owner sees v; and the seats of all games. */
export const schema = schemaOf(false);
/** That of a later version of the game: in front of all that was there is something new. */
export const laterSchema = schemaOf(true);

function schemaOf(later: boolean): Uint8Array {
	return bytesOf((w) => {
		const name = (s: string) => (w.u8(s.length), w.raw(Buffer.from(s)));
		w.u8(1);
		w.u8(later ? 4 : 3);
		if (later) name("weather"), w.u8(0), w.uvarint(2), w.u8(1), name("wind"), w.u8(6), w.u8(0);
		name("dots"), w.u8(0), w.uvarint(8), w.u8(later ? 5 : 4);
		if (later) name("armour"), w.u8(6), w.u8(0);
		name("x"), w.u8(10), w.u8(4), w.raw(f64(0)), w.raw(f64(0.01)), w.uvarint(10_000);
		name("a"), w.u8(11), w.u8(0), w.u8(8);
		name("alive"), w.u8(1), w.u8(0);
		name("v"), w.u8(2), w.u8(1); // int8 of part owner
		name("bangs"), w.u8(2), w.uvarint(4), w.u8(1);
		name("at"), w.u8(6), w.u8(0);
		name("seats"), w.u8(0), w.uvarint(64), w.u8(3);
		name("alias"), w.u8(13), w.u8(0), w.u8(16);
		name("name"), w.u8(13), w.u8(0), w.u8(128);
		name("connected"), w.u8(1), w.u8(0);
		w.u8(later ? 2 : 1); // the input
		if (later) name("jump"), w.u8(1), w.u8(0);
		name("dx"), w.u8(2), w.u8(0);
	});
}

function f64(v: number): Uint8Array {
	return new Uint8Array(new Float64Array([v]).buffer);
}

export function bytesOf(fill: (w: Writer) => void): Uint8Array {
	const w = new Writer();
	fill(w);
	return w.bytes;
}

const record = (kind: Kind, fill: (w: Writer) => void) => bytesOf((w) => w.record(kind, fill));

export interface Greeting {
	tick?: number;
	processed?: number;
	instance?: string;
	epoch?: number;
	server?: string;
	seat?: number;
	resumed?: boolean;
	fallbacks?: string[];
	resume?: string;
	room?: string;
	schema?: Uint8Array;
	version?: number;
	/** Rows of the keyframe: [x in steps, a, alive] by id; the first is the client's own. */
	dots?: [number, number, number][];
}

/** The instance of the room, unless a greeting says another. */
export const first = "00000000000000a7";

/** A welcome and its keyframes. */
export function welcome(g: Greeting = {}): Uint8Array {
	const { tick = 1, processed = 0, instance = first, epoch = 1, server = "gs-1", seat = 0, fallbacks = [], dots = [[0, 0, 1]] } = g;
	const head = record(Kind.welcome, (w) => {
		w.u8(g.version ?? 1);
		w.u8(g.resumed ? 2 : 0);
		w.u8(seat);
		w.u8(20);
		w.fixed(tick, 4);
		w.fixed(processed, 4);
		w.big(BigInt("0x" + instance), 8);
		w.uvarint(epoch);
		for (const s of [server, server, g.room ?? "r", "dots", "guest"]) w.string(s);
		w.blob(Buffer.from(g.resume ?? "token"));
		w.u8(fallbacks.length);
		for (const url of fallbacks) w.string(url);
		w.blob(g.schema ?? schema);
	});
	return Uint8Array.from([...head, ...keyframe(tick, dots, processed, seat !== 255, g.schema === laterSchema)]);
}

export function keyframe(tick: number, dots: [number, number, number][], processed = 0, own = true, later = false): Uint8Array {
	const ownPart = record(Kind.ownKeyframe, (w) => {
		w.fixed(processed & 0xffff, 2);
		w.u8(255);
		w.set(dots.length ? [0] : []);
		if (dots.length) w.u8(128); // v is 0
	});
	const open = record(Kind.keyframe, (w) => {
		w.fixed(tick, 4);
		w.raw(openPart(Object.fromEntries(dots.entries()), later));
	});
	return Uint8Array.from([...(own ? ownPart : []), ...open]);
}

/** The public part of a keyframe: dots by id, and one seat. In the later version there is a wind of 3, and armour of 7. */
export function openPart(dots: Record<number, [x: number, a: number, alive: number]>, later = false): Uint8Array {
	return bytesOf((w) => {
		if (later) w.set([0]), w.u8(3);
		const ids = Object.keys(dots).map(Number);
		w.set(ids);
		for (const id of ids) {
			const [x, a, alive] = dots[id]!;
			if (later) w.u8(7);
			w.fixed(x, 2), w.u8(a), w.u8(alive), w.varint(0);
		}
		w.set([0]);
		for (const text of ["guest", "Jo"]) w.u8(text.length), w.raw(Buffer.from(text));
		w.u8(1);
	});
}

/** A tick that changes nothing, or, with a body, what that says. */
export function delta(tick: number, processed: number | undefined, slack = 5, body: number[] = [0]): Uint8Array {
	const own = record(Kind.own, (w) => {
		w.fixed(processed! & 0xffff, 2);
		w.u8(slack);
		w.u8(0);
	});
	const open = record(Kind.delta, (w) => {
		w.fixed(tick & 0xffff, 2);
		w.raw(body);
	});
	return Uint8Array.from([...(processed === undefined ? [] : own), ...open]);
}

export function moved(url: string, ticket = "", kind: Kind.moved | Kind.prepare = Kind.moved, within = 0, server = "gs-2"): Uint8Array {
	return record(kind, (w) => {
		w.string(url);
		w.string(server);
		w.string(ticket);
		w.big(0n, 8);
		w.uvarint(0);
		w.string("");
		w.fixed(within, 4);
	});
}

export function error(code: number, retry = 0, text = ""): Uint8Array {
	return record(Kind.error, (w) => (w.fixed(code, 2), w.fixed(retry, 4), w.string(text)));
}

export function notice(code: number, text = ""): Uint8Array {
	return record(Kind.notice, (w) => (w.fixed(code, 2), w.string(text)));
}

export function outcome(match: number, score: number): Uint8Array {
	return record(Kind.outcome, (w) => {
		w.fixed(match, 4);
		w.fixed(9, 4);
		w.u8(1);
		w.u8(0);
		w.u8(1);
		w.varint(score);
		w.string("guest");
	});
}

export function pong(micros: number, server: number): Uint8Array {
	return record(Kind.pong, (w) => (w.fixed(micros, 8), w.fixed(server, 8)));
}

export function check(tick: number, hash: number): Uint8Array {
	return record(Kind.check, (w) => (w.fixed(tick, 4), w.fixed(hash, 4)));
}

/** A hello's fields. */
export function readHello(r: Reader) {
	return {
		newest: r.u8(),
		oldest: r.u8(),
		flags: r.u8(),
		fingerprint: r.big(8),
		lastTick: r.fixed(4),
		epoch: `${r.big(8).toString(16)}:${r.uvarint()}@${r.string(63)}`,
		ticket: r.string(4096),
		resume: Buffer.from(r.blob(64)).toString(),
	};
}

/** An input message's numbers, and its samples as they are written. */
export function readInput(r: Reader) {
	return { first: r.uvarint(), ack: r.uvarint(), count: r.u8(), samples: [...r.rest()] };
}
