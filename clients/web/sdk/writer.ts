// Writing bytes as PROTOCOL.md and STATE.md define them.

export const encoder = new TextEncoder();

/** Appends values. */
export class Writer {
	readonly out: number[] = [];

	get bytes(): Uint8Array {
		return Uint8Array.from(this.out);
	}

	u8(v: number): void {
		this.out.push(v);
	}

	/** A whole number of 0 to 2^53 in n bytes, little-endian. */
	fixed(v: number, n: number): void {
		for (; n > 0; n--, v = Math.floor(v / 256)) this.u8(v % 256);
	}

	/** A number of 4 to 8 bytes. */
	big(v: bigint, n: number): void {
		this.fixed(Number(v & 0xffffffffn), 4);
		this.fixed(Number(v >> 32n), n - 4);
	}

	uvarint(v: number | bigint): void {
		let rest = BigInt(v);
		for (; rest > 127n; rest >>= 7n) this.u8(Number(rest & 127n) | 128);
		this.u8(Number(rest));
	}

	/** A set of numbers below 64. */
	set(members: number[]): void {
		this.uvarint(members.reduce((set, n) => set | (1n << BigInt(n)), 0n));
	}

	/** A whole number of -2^52 to 2^52, zigzag. */
	varint(v: number): void {
		this.uvarint(v < 0 ? -2 * v - 1 : 2 * v);
	}

	raw(bytes: Iterable<number>): void {
		for (const b of bytes) this.u8(b);
	}

	/** A length and so many bytes. */
	blob(bytes: ArrayLike<number> & Iterable<number>): void {
		this.uvarint(bytes.length);
		this.raw(bytes);
	}

	string(s: string): void {
		this.blob(encoder.encode(s));
	}

	/** A record: kind, length, and the body that fill writes. */
	record(kind: number, fill: (body: Writer) => void): this {
		const body = new Writer();
		fill(body);
		this.u8(kind);
		this.blob(body.out);
		return this;
	}
}
