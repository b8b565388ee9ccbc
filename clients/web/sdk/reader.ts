// Reading bytes as PROTOCOL.md and STATE.md define them. Everything that is not as they say throws Malformed.

/** Bytes that cannot be read. why is short, trailing, range or name, as in proto/testdata/bad.json. */
export class Malformed extends Error {
	constructor(readonly why: "short" | "trailing" | "range" | "name", what = "") {
		super(`${what || "value"}: ${why}`);
	}
}

/** Throws on broken text. */
export const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const scratch = new DataView(new ArrayBuffer(8));

/** Takes values off the front of bytes. */
export class Reader {
	at = 0;
	/** The 64-bit word that word read last, as two unsigned halves. */
	lo = 0;
	hi = 0;

	constructor(readonly bytes: Uint8Array, public end = bytes.length) {}

	get left(): number {
		return this.end - this.at;
	}

	u8(): number {
		if (this.at >= this.end) throw new Malformed("short");
		return this.bytes[this.at++]!;
	}

	/** A little-endian number of n bytes, up to 6: exact as a number. */
	fixed(n: number): number {
		if (n > this.left) throw new Malformed("short");
		let v = 0;
		for (let i = n; i-- > 0; ) v = v * 256 + this.bytes[this.at + i]!;
		this.at += n;
		return v;
	}

	u64(): bigint {
		const lo = this.fixed(4);
		return (BigInt(this.fixed(4)) << 32n) | BigInt(lo);
	}

	f64(): number {
		scratch.setBigUint64(0, this.u64());
		return scratch.getFloat64(0);
	}

	/** Reads a uvarint of up to 64 bits into lo and hi. A longer form than needed is malformed. */
	word(): void {
		let b = this.u8();
		this.lo = b & 0x7f;
		this.hi = 0;
		for (let shift = 7; b >= 0x80; shift += 7) {
			b = this.u8();
			if (b === 0 || (shift === 63 && b > 1)) throw new Malformed("range");
			const bits = b & 0x7f;
			if (shift < 32) this.lo = (this.lo | (bits << shift)) >>> 0;
			if (shift > 24) this.hi = (this.hi | (shift < 32 ? bits >>> (32 - shift) : bits << (shift - 32))) >>> 0;
		}
	}

	/** A uvarint of at most limit, by default 2^32-1. */
	uvarint(limit = 0xffffffff): number {
		this.word();
		const v = this.hi * 0x100000000 + this.lo;
		if (v > limit) throw new Malformed("range");
		return v;
	}

	/** A zigzag number. Beyond 2^53 it is not exact, and still beyond 2^52. */
	varint(): number {
		this.word();
		const half = this.hi * 0x80000000 + (this.lo >>> 1);
		return this.lo & 1 ? -half - 1 : half;
	}

	bigVarint(): bigint {
		this.word();
		const u = (BigInt(this.hi) << 32n) | BigInt(this.lo);
		return (u >> 1n) ^ -(u & 1n);
	}

	/** The next n bytes; they alias the message. */
	take(n: number): Uint8Array {
		if (n > this.left) throw new Malformed("short");
		return this.bytes.subarray(this.at, (this.at += n));
	}

	/** A uvarint length of at most limit, and so many bytes. */
	blob(limit: number): Uint8Array {
		return this.take(this.uvarint(limit));
	}

	text(bytes: Uint8Array): string {
		try {
			return utf8.decode(bytes);
		} catch {
			throw new Malformed("range", "text");
		}
	}

	string(limit: number): string {
		return this.text(this.blob(limit));
	}

	/** What is left, at most limit bytes. */
	rest(limit: number): Uint8Array {
		if (this.left > limit) throw new Malformed("range");
		return this.take(this.left);
	}

	done(): void {
		if (this.at < this.end) throw new Malformed("trailing");
	}
}
