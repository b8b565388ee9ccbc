// The schema of a room's tables and inputs, see STATE.md.

import { readField, type Field } from "./field.ts";
import { Is } from "./messages.ts";
import { refuse, type Reader } from "./reader.ts";

export const enum TableKind {
	table,
	value,
	events,
}

/** Fields that share bits of a mask: a pair of linear ones, a single linear one, or another one. */
export interface Unit {
	at: bigint; // their first bit
	a: Field;
	b: Field | undefined; // of a pair
}

/** The fields of one part, in order, and how their changes are masked. */
export type Group = ReturnType<typeof newGroup>;

function newGroup(all: Field[], part: number) {
	const fields = all.filter((f) => f.part === part);
	const units: Unit[] = [];
	let bits = 1n; // of a mask, the life bit included
	for (let i = 0; i < fields.length; i++) {
		const a = fields[i]!;
		const b = a.linear && fields[i + 1]?.linear ? fields[++i] : undefined;
		units.push({ at: bits, a, b });
		bits += a.linear ? 2n : 1n;
	}
	return { fields, linear: fields.filter((f) => f.linear), units, bits };
}

export interface TableSchema {
	name: string;
	kind: TableKind;
	/** Of part owner: only the owner knows that a row exists. */
	owned: boolean;
	max: number;
	fields: Field[];
	/** The fields of each part. */
	groups: [open: Group, own: Group];
}

export interface Schema {
	tables: TableSchema[];
	input: Field[];
}

/** Reads a schema. */
export function readSchema(r: Reader): Schema {
	refuse(r.u8() !== Is.schemaFormat);
	const tables = r.list((): TableSchema => {
		const name = r.text(r.u8());
		const k = r.u8();
		const max = r.uvarint(4096);
		const fields = readFields(r);
		refuse((k & 15) > TableKind.events || k > 31);
		return { name, kind: k & 15, owned: k > 15, max, fields, groups: [newGroup(fields, 0), newGroup(fields, 1)] };
	});
	const input = readFields(r);
	refuse(input.some((f) => f.count > 0));
	r.done();
	return { tables, input };
}

const readFields = (r: Reader) => r.list((i) => readField(i, r.text(r.u8()), r));
