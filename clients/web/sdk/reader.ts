// Reading bytes as PROTOCOL.md and STATE.md define them. Everything that is not as they say throws Malformed.

/** Bytes that cannot be read. why is short, trailing, range or name, as in proto/testdata/bad.json. */
export class Malformed extends Error {
	constructor(readonly why: "short" | "trailing" | "range" | "name") {
		super(why);
	}
}

/** Throws when bad. */
export function refuse(bad: boolean): void {
	if (bad) throw new Malformed("range");
}

/** Throws on broken text. */
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Takes values off the front of bytes. */
export class Reader {
	at = 0;

	constructor(readonly bytes: Uint8Array) {}

	get left(): number {
		return this.bytes.length - this.at;
	}

	u8(): number {
		if (this.left < 1) throw new Malformed("short");
		return this.bytes[this.at++]!;
	}

	/** A little-endian number of n bytes: exact up to 2^53. */
	fixed(n: number): number {
		return this.take(n).reduceRight((v, b) => v * 256 + b, 0);
	}

	/** Likewise, of any length. */
	big(n: number): bigint {
		return [...this.take(n)].reduceRight((v, b) => (v << 8n) | BigInt(b), 0n);
	}

	f64(): number {
		return new Float64Array(this.take(8).slice().buffer)[0]!; // little-endian, as all that runs JavaScript is
	}

	/** A uvarint of up to 64 bits. A longer form than needed is malformed. */
	word(): bigint {
		for (let v = 0n, shift = 0n; ; shift += 7n) {
			const b = this.u8();
			refuse((!b && shift > 0n) || (b > 1 && shift > 62n));
			v |= BigInt(b & 127) << shift;
			if (b < 128) return v;
		}
	}

	/** A uvarint of at most limit, by default 2^32-1. */
	uvarint(limit = 2 ** 32 - 1): number {
		const v = Number(this.word());
		refuse(v > limit);
		return v;
	}

	/** A zigzag number of up to 64 bits. */
	varint(): bigint {
		const u = this.word();
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

	/** So many bytes as text. */
	text(n: number): string {
		const bytes = this.take(n);
		try {
			return utf8.decode(bytes);
		} catch {
			throw new Malformed("range");
		}
	}

	string(limit: number): string {
		return this.text(this.uvarint(limit));
	}

	/** A count byte, and so many of what read reads. */
	list<T>(read: (index: number) => T): T[] {
		return Array.from({ length: this.u8() }, (_, i) => read(i));
	}

	/** What is left, at most limit bytes. */
	rest(limit = Infinity): Uint8Array {
		refuse(this.left > limit);
		return this.take(this.left);
	}

	done(): void {
		if (this.left > 0) throw new Malformed("trailing");
	}

	/** The records of a message: kinds and bodies. */
	*records(): Iterable<[kind: number, body: Reader]> {
		while (this.left) yield [this.u8(), new Reader(this.blob(Infinity))];
	}
}

/** Reads a set of members below max, in rising order. */
export function readSet(r: Reader, max: number, bitmap = max <= 64): number[] {
	const ids: number[] = [];
	if (bitmap) {
		for (let set = r.word(), id = 0; set; set >>= 1n, id++) if (set & 1n) ids.push(id);
	} else {
		for (let n = r.uvarint(max), after = 0; n > 0; n--) {
			const id = after + r.uvarint();
			ids.push(id);
			after = id + 1;
		}
	}
	refuse(ids.at(-1)! >= max);
	return ids;
}
