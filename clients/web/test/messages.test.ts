// The golden messages of proto/testdata: what the server sends is read, what the client sends is written.

import assert from "node:assert/strict";
import test from "node:test";
import * as m from "../sdk/messages.ts";
import { Malformed, Reader } from "../sdk/reader.ts";
import { Writer } from "../sdk/writer.ts";
import { bytes, hex, json, text } from "./files.ts";

/** Splits a message into records, as the client does. */
function records(b: Uint8Array): { kind: number; body: Reader }[] {
	const r = new Reader(b);
	const all = [];
	while (r.left > 0) all.push({ kind: r.u8(), body: new Reader(r.blob(2 ** 32)) });
	return all;
}

const names = new Map<number, string>(Object.entries(m.Kind).map(([k, v]) => [v, k === "ownKeyframe" ? "own-keyframe" : k]));

const body = (r: Reader) => hex(r.rest(1 << 20));
const moved = (r: Reader) => {
	const { within, ...v } = m.readMoved(r);
	return { ...v, within_ms: within };
};

/** Reads a record's fields as frames.json has them. */
const readers: Record<string, (r: Reader) => object> = {
	welcome(r) {
		const w = m.readWelcome(r) as m.Welcome;
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
	pong(r) {
		const { micros, server } = m.readPong(r);
		return { micros: String(micros), server: String(server) };
	},
	error(r) {
		const { code, retry, text } = m.readError(r);
		return { code, retry_ms: retry, text };
	},
	check: m.readCheck,
	notice: m.readNotice,
	custom: (r) => ({ payload: hex(r.rest(m.maxCustom)) }),
};

function own(r: Reader, full: boolean): object {
	const o = m.readOwn(r);
	return { full, processed: o.processed, slack: o.slack, private: hex(o.body) };
}

/** Writes a record of these fields. */
const writers: Record<string, (w: Writer, f: any) => void> = {
	hello: (w, f) =>
		m.writeHello(w, {
			flags: f.flags, fingerprint: BigInt(f.fingerprint), lastTick: f.last_tick, epoch: f.epoch,
			ticket: f.ticket, resume: bytes(f.resume),
		}),
	input: (w, f) => m.writeInput(w, f.first, f.ack, f.count, () => w.raw(bytes(f.samples))),
	ping: (w, f) => m.writePing(w, Number(f.micros)),
	leave: (w, f) => m.writeLeave(w, f.reason),
	custom: (w, f) => m.writeCustom(w, bytes(f.payload)),
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
	assert.equal(m.unwrap(0, 65535), 0xffffffff);
});

test("epochs are ordered by counter, then by name", () => {
	const e = (counter: number, server: string) => ({ counter, server });
	assert.ok(m.before(e(1, "b"), e(2, "a")));
	assert.ok(m.before(e(2, "a"), e(2, "b")));
	assert.ok(!m.before(e(2, "b"), e(2, "b")));
	assert.ok(!m.before(e(3, "a"), e(2, "b")));
});

test("64-bit words are read whole", () => {
	for (const v of [0n, 127n, 128n, 0xffffffffn, 0x100000000n, 0x123456789abcdefn, 0xffffffffffffffffn]) {
		const w = new Writer();
		w.bigUvarint(v);
		const r = new Reader(w.bytes);
		r.word();
		assert.equal((BigInt(r.hi) << 32n) | BigInt(r.lo), v);
		r.done();
	}
	for (const overlong of ["8000", "80808080808080808000", "ffffffffffffffffff02"]) {
		assert.throws(() => new Reader(bytes(overlong)).word(), (e) => e instanceof Malformed && e.why === "range");
	}
});
