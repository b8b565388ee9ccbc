// Rows by id, as the game looks at them.

import type { Rows } from "./options.ts";

/** A row as the game sees it: its fields by name. */
export type Fields = Record<string, any>;

/** A look at rows, which are somebody else's. */
export function newLook(rows: ({ seen: Fields; own: boolean } | undefined)[]): Rows<Fields> {
	return {
		get size() {
			return rows.filter((row) => row).length;
		},
		get: (id) => rows[id]?.seen,
		isOwn: (id) => !!rows[id]?.own,
		forEach(f) {
			rows.forEach((row, id) => row && f(row.seen, id));
		},
		*[Symbol.iterator]() {
			for (const [id, row] of rows.entries()) if (row) yield [id, row.seen];
		},
	};
}
