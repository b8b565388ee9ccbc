// Writing bytes as PROTOCOL.md and STATE.md define them.

const utf8 = new TextEncoder();

/** Appends values to a buffer that grows, and is used again after reset. */
export class Writer {
	#bytes = new Uint8Array(256);
	at = 0;

	reset(): this {
		this.at = 0;
		return this;
	}

	/** What was written. It aliases the buffer; slice it to keep it. */
	get bytes(): Uint8Array {
		return this.#bytes.subarray(0, this.at);
	}

	#grow(n: number): void {
		if (this.at + n <= this.#bytes.length) return;
		const bytes = new Uint8Array(2 * (this.at + n));
		bytes.set(this.bytes);
		this.#bytes = bytes;
	}

	u8(v: number): void {
		this.#grow(1);
		this.#bytes[this.at++] = v;
	}

	/** The low n bytes of a number of 0 to 2^53, little-endian. */
	fixed(v: number, n: number): void {
		for (; n > 0; n--) {
			this.u8(v % 256);
			v = Math.floor(v / 256);
		}
	}

	u64(v: bigint): void {
		this.fixed(Number(v & 0xffffffffn), 4);
		this.fixed(Number((v >> 32n) & 0xffffffffn), 4);
	}

	/** A number of 0 to 2^53. */
	uvarint(v: number): void {
		for (; v > 0x7f; v = Math.floor(v / 128)) this.u8((v % 128) | 0x80);
		this.u8(v);
	}

	bigUvarint(v: bigint): void {
		for (; v > 0x7fn; v >>= 7n) this.u8(Number(v & 0x7fn) | 0x80);
		this.u8(Number(v));
	}

	/** A whole number of -2^52 to 2^52, zigzag. */
	varint(v: number): void {
		this.uvarint(v < 0 ? -2 * v - 1 : 2 * v);
	}

	raw(bytes: Uint8Array): void {
		this.#grow(bytes.length);
		this.#bytes.set(bytes, this.at);
		this.at += bytes.length;
	}

	blob(bytes: Uint8Array): void {
		this.uvarint(bytes.length);
		this.raw(bytes);
	}

	string(s: string): void {
		this.blob(utf8.encode(s));
	}

	/** A record: kind, length, and the body that fill writes. */
	record(kind: number, fill: () => void): void {
		this.u8(kind);
		const start = this.at;
		fill();
		const size = this.at - start;
		this.uvarint(size); // for its length; the body is moved up by it
		const width = this.at - start - size;
		const length = this.#bytes.slice(start + size, this.at);
		this.#bytes.copyWithin(start + width, start, start + size);
		this.#bytes.set(length, start);
	}
}
