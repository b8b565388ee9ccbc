// The schema of a room's tables and inputs, see STATE.md.

import { Malformed, type Reader } from "./reader.ts";
import { version } from "./messages.ts";
import { Field } from "./field.ts";

export const Table = 0;
export const Value = 1;
export const EventTable = 2;

const maxCells = 1 << 20;

/** Fields that share bits of a mask: a pair of linear ones, a single linear one, or another one. */
export interface Unit {
	shift: number;
	width: 1 | 2;
	a: Field;
	b?: Field; // of a pair
}

/** The fields of one part, in order, and how their changes are masked. */
export class Group {
	readonly fields: Field[];
	readonly linear: Field[];
	readonly units: Unit[] = [];
	bits = 0;

	constructor(fields: Field[], part: number) {
		this.fields = fields.filter((f) => f.part === part);
		this.linear = this.fields.filter((f) => f.linear);
		for (let i = 0; i < this.fields.length; i++) {
			const unit: Unit = { shift: this.bits, width: 1, a: this.fields[i]! };
			if (unit.a.linear) {
				unit.width = 2;
				if (this.fields[i + 1]?.linear) unit.b = this.fields[++i];
			}
			this.bits += unit.width;
			this.units.push(unit);
		}
		if (this.bits > 63) throw new Malformed("range", "mask");
	}
}

export interface TableSchema {
	name: string;
	kind: number;
	owned: boolean; // of part owner: only the owner knows that a row exists
	max: number;
	fields: Field[];
	public: Group;
	own: Group;
}

export interface Schema {
	tables: TableSchema[];
	input: Field[];
}

/** Reads a schema; what it gives is safe to make tables of. */
export function readSchema(r: Reader): Schema {
	if (r.u8() !== version) throw new Malformed("range", "schema version");
	const schema: Schema = { tables: [], input: [] };
	const count = r.u8();
	let cells = 0;
	refuse(count > 64);
	for (let i = 0; i < count; i++) {
		const t = readTable(r);
		unique(schema.tables, t.name);
		cells += t.max * Math.max(1, t.fields.length);
		schema.tables.push(t);
	}
	refuse(cells > maxCells);
	schema.input = readFields(r);
	refuse(schema.input.length > 63);
	for (const f of schema.input) refuse(f.linear || f.part !== 0);
	r.done();
	return schema;
}

function readTable(r: Reader): TableSchema {
	const name = readName(r);
	const k = r.u8();
	const kind = k & 15;
	const part = k >> 4;
	const max = r.uvarint(4096);
	const fields = readFields(r);
	refuse(kind > EventTable || part > 1 || max < 1 || (kind === Value && (max !== 1 || part === 1)));
	for (const f of fields) {
		refuse(f.part < part || (kind === Value && f.part === 1) || (kind === EventTable && (f.part !== part || f.linear)));
	}
	return { name, kind, owned: part === 1, max, fields, public: new Group(fields, 0), own: new Group(fields, 1) };
}

function readFields(r: Reader): Field[] {
	const fields: Field[] = [];
	const count = r.u8();
	refuse(count > 126);
	for (let i = 0; i < count; i++) {
		const name = readName(r);
		unique(fields, name);
		fields.push(new Field(i, name, r));
	}
	return fields;
}

function readName(r: Reader): string {
	const n = r.u8();
	refuse(n > 32);
	const name = r.text(r.take(n));
	refuse(!/^[a-z][a-z0-9_]*$/.test(name));
	return name;
}

function unique(list: { name: string }[], name: string): void {
	refuse(list.some((x) => x.name === name));
}

function refuse(bad: boolean): void {
	if (bad) throw new Malformed("range", "schema");
}
