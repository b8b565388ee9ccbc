// A field that is an array: it holds a list of what its elements hold, which is replaced and never changed. See STATE.md, Arrays.

import { readSet, refuse, type Reader } from "./reader.ts";
import type { Writer } from "./writer.ts";

/** What an array needs of the field that its elements are. */
interface Element {
	glides: boolean;
	count: number;
	value(q: any): any;
	read(r: Reader): any;
	write(w: Writer, q: any): void;
	quantise(v?: any): any;
	readChange(r: Reader, was: any): any;
}

const most = 64;

/** An array of count elements like of. */
export function newArray<F extends Element>(of: F, count: number): F {
	refuse(!count || count > most);
	const list = (make: (i: number) => any) => Array.from({ length: count }, (_, i) => make(i));
	return {
		...of,
		glides: false,
		count,
		value: (q) => Object.freeze(q.map(of.value)), // rows that are drawn and predicted share it
		read: (r) => list(() => of.read(r)),
		write: (w, q) => q.forEach((e: any) => of.write(w, e)),
		quantise: (v) => list((i) => of.quantise(v?.[i])),

		/** Reads which elements changed, and the change of each. */
		readChange(r, was) {
			const changed = readSet(r, count, true);
			refuse(!changed.length);
			const now = [...was];
			for (const i of changed) now[i] = of.readChange(r, was[i]);
			return now;
		},
	};
}
