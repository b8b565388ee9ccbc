// One field: its range, its value for the game, and how it is written. See STATE.md, Types.

import { Malformed, utf8, type Reader } from "./reader.ts";
import type { Writer } from "./writer.ts";

const enum Type {
	bool = 1,
	int8,
	int16,
	int32,
	int64,
	uint8,
	uint16,
	uint32,
	uint64,
	fixed,
	angle,
	float32,
	string,
}

const linearFlag = 4;
const rangedFlag = 8;
const angleEscape = 0x80;
const turn = 2 * Math.PI;
const exact = 1n << 53n;

const float = new Float32Array(1);
const floatBits = new Uint32Array(float.buffer);
const encoder = new TextEncoder();

/** What a field holds: a held value q, a number; or, of a string and a big integer, the value itself. */
export type Held = number | bigint | string;
/** What the game sees. */
export type Visible = number | bigint | string | boolean;

/** A field of a row or of a sample. It never changes. */
export class Field {
	readonly part: number;
	readonly linear: boolean;
	/** How many bytes a value in full has; strings vary. */
	readonly width: number = 0;
	readonly isString: boolean;
	/** An integer beyond 2^53, held and seen as a bigint. */
	readonly big: boolean = false;
	/** Seen as a position or an angle, which glide between ticks. */
	readonly glides: boolean;
	readonly angle: boolean;
	readonly #type: Type;
	#lo = 0;
	#span = 0;
	#least = 0; // of fixed
	#step = 1; // of fixed and angle
	#bigLo = 0n;
	#bigSpan = 0n;

	/** Reads what follows the name in a schema. index is the field's place in its row. */
	constructor(readonly index: number, readonly name: string, r: Reader) {
		const type: Type = r.u8();
		const flags = r.u8();
		this.#type = type;
		this.part = flags & 3;
		this.linear = (flags & linearFlag) !== 0;
		this.isString = type === Type.string;
		this.angle = type === Type.angle;
		this.glides = type >= Type.fixed && type <= Type.float32;
		const integer = type >= Type.int8 && type <= Type.uint64;
		const ranged = (flags & rangedFlag) !== 0;
		let bad = flags > 15 || this.part > 1 || type < Type.bool || type > Type.string || (ranged && !integer);
		if (integer) {
			const signed = type < Type.uint8;
			const size = 1 << (type - (signed ? Type.int8 : Type.uint8)); // bytes
			this.#bigSpan = (1n << BigInt(8 * size)) - 1n;
			this.#bigLo = signed ? -(1n << BigInt(8 * size - 1)) : 0n;
			if (ranged) {
				const lo = r.bigVarint();
				const hi = r.bigVarint();
				bad ||= lo >= hi || lo < this.#bigLo || hi > this.#bigLo + this.#bigSpan || lo < -exact || hi > exact;
				this.#bigLo = lo;
				this.#bigSpan = hi - lo;
			}
			this.#lo = Number(this.#bigLo);
			this.#span = Number(this.#bigSpan);
			this.big = this.#span > Number.MAX_SAFE_INTEGER || -this.#lo > Number.MAX_SAFE_INTEGER;
		} else if (type === Type.bool) {
			this.#span = 1;
		} else if (type === Type.fixed) {
			this.#least = r.f64();
			this.#step = r.f64();
			this.#span = r.uvarint();
			const most = Math.max(Math.abs(this.#least), Math.abs(this.#least + this.#span * this.#step));
			bad ||= !(this.#step > 0 && this.#span > 0 && most <= this.#step * (1 << 22));
		} else if (type === Type.angle) {
			const bits = r.u8();
			bad ||= bits < 1 || bits > 16;
			this.#span = 2 ** bits - 1;
			this.#step = turn / (this.#span + 1);
		} else if (type === Type.float32) {
			this.#span = 0xffffffff;
		} else if (this.isString) {
			this.#span = r.u8();
			bad ||= this.#span < 1;
		}
		for (let rest = this.#span; rest >= 1 && this.width < 8; rest /= 256) this.width++;
		bad ||= this.linear && ((type !== Type.fixed && !integer) || this.width > 4);
		if (bad) throw new Malformed("range", "field " + name);
	}

	/** What the game sees of a held value. */
	value(q: Held): Visible {
		switch (this.#type) {
			case Type.bool:
				return q === 1;
			case Type.fixed:
			case Type.angle:
				return Math.fround(this.#least + (q as number) * this.#step);
			case Type.float32:
				floatBits[0] = q as number;
				return float[0]!;
		}
		return q;
	}

	/** The held value nearest to what a game gives: numbers, also as strings; undefined counts as 0, "" or false. */
	quantise(v: unknown): Held {
		if (this.isString) return cut(String(v ?? ""), this.#span);
		if (this.big) {
			const q = typeof v === "bigint" ? v : BigInt(Math.trunc(Number(v ?? 0)) || 0);
			const most = this.#bigLo + this.#bigSpan;
			return q < this.#bigLo ? this.#bigLo : q > most ? most : q;
		}
		const n = Number(v ?? 0);
		switch (this.#type) {
			case Type.bool:
				return v ? 1 : 0;
			case Type.fixed: {
				const x = (n - this.#least) * (1 / this.#step);
				return x > 0 ? (x >= this.#span ? this.#span : Math.floor(x + 0.5)) : 0;
			}
			case Type.angle: {
				const x = Math.floor(n * (1 / this.#step) + 0.5);
				const m = this.#span + 1;
				return Math.abs(x) < 2 ** 53 ? ((x % m) + m) % m : 0;
			}
			case Type.float32:
				float[0] = n;
				return n === n ? floatBits[0]! : 0;
		}
		return this.clamp(Math.trunc(n) || 0);
	}

	clamp(q: number): number {
		return q < this.#lo ? this.#lo : q > this.#lo + this.#span ? this.#lo + this.#span : q;
	}

	/** q, if it is in range. */
	check(q: number): number {
		if (!(q >= this.#lo && q <= this.#lo + this.#span)) throw new Malformed("range", this.name);
		return q;
	}

	/** Reads a value in full. */
	read(r: Reader): Held {
		if (this.isString) {
			const n = r.u8();
			if (n > this.#span) throw new Malformed("range", this.name);
			return r.text(r.take(n));
		}
		if (this.big) {
			const lo = r.fixed(4);
			return this.#checkBig(((BigInt(r.fixed(this.width - 4)) << 32n) | BigInt(lo)) + this.#bigLo);
		}
		const q = this.check(r.fixed(this.width) + this.#lo);
		if (this.#type === Type.float32 && Number.isNaN(this.value(q))) throw new Malformed("range", this.name);
		return q;
	}

	/** Reads a change of a field that is not linear; was is the value before. */
	readChange(r: Reader, was: Held): Held {
		if (this.#type === Type.bool) return 1 - (was as number);
		if (this.width > 1 && this.#type !== Type.float32) {
			if (!this.angle) {
				if (this.big) return this.#checkBig((was as bigint) + r.bigVarint());
				return this.check((was as number) + r.varint());
			}
			const d = r.u8();
			if (d !== angleEscape) return ((was as number) + ((d << 24) >> 24)) & this.#span;
		}
		return this.read(r);
	}

	/** Writes a value in full. */
	write(w: Writer, q: Held): void {
		if (this.isString) {
			const bytes = encoder.encode(q as string);
			w.u8(bytes.length);
			w.raw(bytes);
		} else if (this.big) {
			const off = (q as bigint) - this.#bigLo;
			w.fixed(Number(off & 0xffffffffn), 4);
			w.fixed(Number(off >> 32n), this.width - 4);
		} else {
			w.fixed((q as number) - this.#lo, this.width);
		}
	}

	/** Writes what readChange reads. */
	writeChange(w: Writer, was: Held, now: Held): void {
		if (this.#type === Type.bool) return;
		if (this.width > 1 && this.#type !== Type.float32) {
			if (this.big) {
				const d = BigInt.asIntN(64, (now as bigint) - (was as bigint));
				return w.bigUvarint(BigInt.asUintN(64, (d << 1n) ^ (d >> 63n)));
			}
			const d = (now as number) - (was as number);
			if (!this.angle) return w.varint(d);
			const m = this.#span + 1;
			const short = ((((d + m / 2) % m) + m) % m) - m / 2;
			if (Math.abs(short) < 128) return w.u8(short & 255);
			w.u8(angleEscape);
		}
		this.write(w, now);
	}

	#checkBig(q: bigint): bigint {
		// Sums wrap at 64 bits.
		const wrapped = this.#bigLo < 0n ? BigInt.asIntN(64, q) : BigInt.asUintN(64, q);
		if (wrapped < this.#bigLo || wrapped > this.#bigLo + this.#bigSpan) throw new Malformed("range", this.name);
		return wrapped;
	}
}

/** s without lone surrogates, cut between two characters to size bytes of UTF-8. */
function cut(s: string, size: number): string {
	const bytes = encoder.encode(s.replace(/\p{Surrogate}/gu, ""));
	let n = Math.min(size, bytes.length);
	while (n < bytes.length && (bytes[n]! & 0xc0) === 0x80) n--;
	return utf8.decode(bytes.subarray(0, n));
}
