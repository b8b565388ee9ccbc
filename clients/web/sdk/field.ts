// One field: its range, its value for the game, and how it is written. See STATE.md, Types.

import { newArray } from "./array.ts";
import { refuse, type Reader } from "./reader.ts";
import { encoder, type Writer } from "./writer.ts";

const enum Type {
	bool = 1,
	int8,
	int64 = 5,
	uint8,
	uint64 = 9,
	fixed,
	angle,
	float32,
	string,
}

const enum Flag {
	part = 3,
	linear = 4,
	ranged = 8,
	array = 32,
	all = 47,
}

const angleEscape = 0x80;
const float = new Float32Array(1);
const floatBits = new Uint32Array(float.buffer);

/** What a field holds: a number q; a string itself; a bigint of an integer that goes beyond 2^53; of an array a list of them. */
export type Held = any;

export type Field = ReturnType<typeof readField>;

/** Reads what follows a field's name in a schema. index is its place in its row. */
export function readField(index: number, name: string, r: Reader) {
	const type: Type = r.u8();
	const flags = r.u8();
	const ranged = (flags & Flag.ranged) > 0;
	const array = (flags & Flag.array) > 0;
	const part = flags & Flag.part;
	const linear = (flags & Flag.linear) > 0;
	const integer = type > Type.bool && type < Type.fixed;
	const angle = type === Type.angle;
	const isString = type === Type.string;
	// Least and greatest held value; of a string those of its length.
	let lo: Held = 0;
	let hi: Held = type === Type.float32 ? 2 ** 32 - 1 : 1;
	let big = false;
	let least = 0; // of fixed
	let step = 1; // of fixed and angle
	refuse((flags & ~Flag.all) > 0 || part > 1 || (array && (linear || isString)) || !type || type > Type.string || (ranged && !integer));
	if (integer) {
		const bits = 8n << BigInt((type - 2) & 3);
		lo = type < Type.uint8 ? -1n << (bits - 1n) : 0n;
		hi = lo + (1n << bits) - 1n;
		if (ranged) {
			lo = r.varint();
			hi = r.varint();
		}
		big = hi - lo > Number.MAX_SAFE_INTEGER;
		if (!big) {
			lo = Number(lo);
			hi = Number(hi);
		}
	} else if (type === Type.fixed) {
		least = r.f64();
		step = r.f64();
		hi = r.uvarint();
		refuse(!(step > 0 && Math.abs(least + hi * step) < Infinity));
	} else if (angle) {
		hi = 2 ** r.u8() - 1;
		step = (2 * Math.PI) / (hi + 1);
		refuse(hi > 65535);
	} else if (isString) {
		hi = r.u8();
	}
	let width = 0; // of a value in full, in bytes
	for (let span = Number(hi - lo); span >= 1 && width < 8; span /= 256) width++;
	refuse(!width || (linear && (width > 4 || type === Type.bool || type > Type.fixed)));
	const whole = width < 2 || type === Type.float32; // changes are written as values

	const clamp = (q: Held): Held => (q < lo ? lo : q > hi ? hi : q);

	/** q, if it is in range. */
	const check = (q: Held): Held => {
		refuse(!(q >= lo && q <= hi));
		return q;
	};

	/** What the game sees of a held value. */
	const value = (q: Held): any => {
		if (type === Type.bool) return q > 0;
		if (type === Type.fixed || angle) return Math.fround(least + q * step);
		if (type !== Type.float32) return q;
		floatBits[0] = q;
		return float[0];
	};

	/** Reads a value in full. */
	const read = (r: Reader): Held => {
		if (isString) return r.text(check(r.u8()));
		const q = check(lo + (big ? r.big(width) : r.fixed(width)));
		refuse(Number.isNaN(value(q)));
		return q;
	};

	/** Writes a value in full. */
	const write = (w: Writer, q: Held): void => {
		if (isString) {
			const bytes = encoder.encode(q);
			w.u8(bytes.length);
			w.raw(bytes);
		} else if (big) w.big(BigInt(q - lo), width);
		else w.fixed(q - lo, width);
	};

	const field = {
		index,
		name,
		part,
		linear,
		angle,
		/** Elements of an array; 0: it is none. */
		count: 0,
		/** A position or an angle, which glides between ticks. */
		glides: type > Type.uint64 && !isString,
		clamp,
		check,
		value,
		read,
		write,

		/** The held value nearest to what a game gives; what it does not give counts as 0, "" or false. */
		quantise(v?: any): Held {
			if (isString) return cut(String(v ?? ""), hi);
			if (big) return clamp(typeof v === "bigint" ? v : BigInt(Math.max(-(2 ** 64), Math.min(2 ** 64, Math.round(v))) || 0));
			const n = Number(v ?? 0);
			if (type === Type.float32) {
				float[0] = n;
				return float[0] === float[0] ? floatBits[0] : 0;
			}
			const steps = Math.floor((n - least) * (1 / step) + 0.5);
			if (angle) return Math.abs(steps) < 2 ** 53 ? steps & hi : 0;
			return clamp(steps || 0);
		},

		/** Reads a change of a field that is not linear; was is the value before. */
		readChange(r: Reader, was: Held): Held {
			if (type === Type.bool) return 1 - was;
			if (whole) return read(r);
			// Sums wrap at 64 bits.
			if (big) return check((lo ? BigInt.asIntN : BigInt.asUintN)(64, (was + r.varint()) as bigint));
			if (!angle) return check(was + Number(r.varint()));
			const d = r.u8();
			return d === angleEscape ? read(r) : (was + ((d << 24) >> 24)) & hi;
		},

		/** Writes what readChange reads. */
		writeChange(w: Writer, was: Held, now: Held): void {
			if (type === Type.bool) return;
			if (whole) return write(w, now);
			if (big) {
				const d = BigInt.asIntN(64, (now as bigint) - (was as bigint));
				return w.uvarint(BigInt.asUintN(64, (d << 1n) ^ (d >> 63n)));
			}
			if (!angle) return w.varint(now - was);
			let d = (now - was) & hi;
			if (2 * d > hi) d -= hi + 1; // the short way
			if (Math.abs(d) < 128) return w.u8(d & 255);
			w.u8(angleEscape);
			write(w, now);
		},
	};
	return array ? newArray(field, r.u8()) : field;
}

/** s without lone surrogates, cut between two characters to size bytes of UTF-8. */
function cut(s: string, size: number): string {
	const whole = s.replace(/\p{Surrogate}/gu, "");
	return whole.slice(0, encoder.encodeInto(whole, new Uint8Array(size)).read);
}
