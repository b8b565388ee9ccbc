// The golden messages of proto/testdata: what the server sends is read, what the client sends is written.

import assert from "node:assert/strict";
import test from "node:test";
import * as m from "../sdk/messages.ts";
import { Malformed, Reader } from "../sdk/reader.ts";
import { Writer } from "../sdk/writer.ts";
import { bytes, hex, json, text } from "./files.ts";

/** Splits a message into records, as the client does. */
const records = (b: Uint8Array) => [...new Reader(b).records()].map(([kind, body]) => ({ kind, body }));

const kinds: Record<string, m.Kind> = {
	hello: m.Kind.hello, input: m.Kind.input, ping: m.Kind.ping, leave: m.Kind.leave, custom: m.Kind.custom,
	welcome: m.Kind.welcome, keyframe: m.Kind.keyframe, delta: m.Kind.delta, own: m.Kind.own,
	"own-keyframe": m.Kind.ownKeyframe, moved: m.Kind.moved, prepare: m.Kind.prepare, outcome: m.Kind.outcome,
	pong: m.Kind.pong, error: m.Kind.error, check: m.Kind.check, notice: m.Kind.notice,
};
const names = new Map(Object.entries(kinds).map(([name, kind]) => [kind as number, name]));

const body = (r: Reader) => hex(r.rest(1 << 20));
const moved = (r: Reader) => {
	const { within, ...v } = m.readMoved(r);
	return { ...v, within_ms: within };
};

/** Reads a record's fields as frames.json has them. */
const readers: Record<string, (r: Reader) => object> = {
	welcome(r) {
		const w = m.readWelcome(r);
		const { tickRate, resume, schema, ...v } = w;
		return { version: 1, ...v, tick_rate: tickRate, resume: hex(resume), schema: hex(schema) };
	},
	keyframe: (r) => ({ tick: r.fixed(4), body: body(r) }),
	delta: (r) => ({ tick: r.fixed(2), body: body(r) }),
	own: (r) => own(r, false),
	"own-keyframe": (r) => own(r, true),
	moved,
	prepare: moved,
	outcome(r) {
		const o = m.readOutcome(r);
		return { ...o, data: hex(o.data) };
	},
	pong: (r) => ({ micros: String(r.fixed(8)), server: String(r.fixed(8)) }),
	error(r) {
		const code = r.bytes[r.at]! + 256 * r.bytes[r.at + 1]!; // the SDK takes the close's
		const { retry, text } = m.readError(r);
		return { code, retry_ms: retry, text };
	},
	check: (r) => ({ tick: r.fixed(4), hash: r.fixed(4) }),
	notice: (r) => ({ code: r.fixed(2), text: r.string(120) }),
	custom: (r) => ({ payload: hex(r.rest(m.Is.maxCustom)) }),
};

function own(r: Reader, full: boolean): object {
	const o = m.readOwn(r, full ? m.Kind.ownKeyframe : m.Kind.own);
	return { full: o.full, processed: o.processed, slack: o.slack, private: hex(o.body) };
}

/** Writes a record of these fields. */
const writers: Record<string, (w: Writer, f: any) => void> = {
	hello: (w, f) =>
		w.raw(
			m.hello(f.flags, BigInt(f.fingerprint), f.last_tick, f.epoch, f.ticket, bytes(f.resume)),
		),
	input: (w, f) => m.input(w, f.first, f.ack, f.count, (w) => w.raw(bytes(f.samples))),
	ping: (w, f) => m.ping(w, Number(f.micros) / 1000),
	leave: (w, f) => w.raw(m.leave(f.reason)),
	custom: (w, f) => w.raw(m.custom(bytes(f.payload))),
};

const frames: { name: string; records: { kind: string; fields: any }[] }[] = json("proto/testdata/frames.json");
const wire = (name: string) => bytes(text(`proto/testdata/${name}.hex`));

test("golden messages", async (t) => {
	let read = 0;
	let written = 0;
	for (const frame of frames) {
		await t.test(frame.name, () => {
			const got = records(wire(frame.name));
			assert.equal(got.length, frame.records.length);
			frame.records.forEach((want, i) => {
				const kind = names.get(got[i]!.kind);
				if (kind && readers[kind]) {
					assert.equal(kind, want.kind);
					assert.deepEqual(readers[kind]!(got[i]!.body), want.fields);
					got[i]!.body.done();
					read++;
				} else if (!kind) {
					assert.equal(want.kind, "kind 0x7f");
				}
			});
			if (frame.records.every((r) => writers[r.kind])) {
				const w = new Writer();
				for (const r of frame.records) writers[r.kind]!(w, r.fields);
				assert.equal(hex(w.bytes), hex(wire(frame.name)));
				written++;
			}
		});
	}
	assert.ok(read > 20 && written >= 8, `read ${read}, written ${written}`);
});

test("bad records are refused for the reason given", async (t) => {
	const bad: { name: string; kind: string; hex: string; why: string }[] = json("proto/testdata/bad.json");
	let tried = 0;
	for (const b of bad) {
		const read = readers[b.kind];
		if (!read) continue; // a client's message, which the SDK never reads
		tried++;
		await t.test(b.name, () => {
			assert.throws(
				() => {
					const [record] = records(bytes(b.hex));
					read(record!.body);
					record!.body.done();
				},
				(e) => e instanceof Malformed && e.why === b.why,
			);
		});
	}
	assert.ok(tried >= 9, `${tried} of ${bad.length}`);
});

test("every shorter prefix of a record's body is refused, or is another message of that kind", () => {
	// Bodies that end in "rest" are messages at every length behind their fixed part.
	const fixed: Record<string, number> = { keyframe: 4, delta: 2, own: 3, "own-keyframe": 3, custom: 0 };
	let tried = 0;
	for (const frame of frames) {
		for (const record of records(wire(frame.name))) {
			const kind = names.get(record.kind);
			const read = kind && readers[kind];
			if (!read) continue;
			const whole = record.body.bytes;
			const least = kind === "outcome" ? whole.length - "map=yard".length : fixed[kind] ?? whole.length;
			for (let n = 0; n < whole.length; n++) {
				const r = new Reader(whole.subarray(0, n));
				const attempt = () => (read(r), r.done());
				if (n < least) assert.throws(attempt, Malformed, `${frame.name}: ${kind} of ${n} bytes`);
				else attempt();
				tried++;
			}
		}
	}
	assert.ok(tried > 500, `${tried}`);
});

test("numbers are unwrapped to the nearest", () => {
	assert.equal(m.unwrap(70000, 4465), 70001);
	assert.equal(m.unwrap(65535, 0), 65536);
	assert.equal(m.unwrap(65536, 65535), 65535);
	assert.equal(m.unwrap(2 ** 32 - 1, 0), 2 ** 32);
	assert.equal(m.unwrap(2 ** 32 + 5, 0xfffe), 2 ** 32 - 2);
	assert.equal(m.unwrap(2 ** 32 - 1, 3, 0), 2 ** 32 + 3);
});

test("64-bit words are read whole", () => {
	for (const v of [0n, 127n, 128n, 0xffffffffn, 0x100000000n, 0x123456789abcdefn, 0xffffffffffffffffn]) {
		const w = new Writer();
		w.uvarint(v);
		const r = new Reader(w.bytes);
		assert.equal(r.word(), v);
		r.done();
	}
	for (const overlong of ["8000", "80808080808080808000", "ffffffffffffffffff02"]) {
		assert.throws(() => new Reader(bytes(overlong)).word(), (e) => e instanceof Malformed && e.why === "range");
	}
});
