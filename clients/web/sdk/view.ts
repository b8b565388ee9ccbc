// The room as it is drawn: others at a moment a little in the past, the own row as predicted.

import { newDrawn, type Drawn } from "./drawn.ts";
import { Fault, Status } from "./errors.ts";
import type { JoinOptions } from "./options.ts";
import { newPlayback } from "./playback.ts";
import { newPredictor, type Predictor } from "./predict.ts";
import type { Fields } from "./rows.ts";
import type { Session } from "./session.ts";

const enum Most {
	/** Rows of a table that is interpolated without being asked for. */
	rows = 256,
	/** Ticks whose events wait for their moment; a page that does not draw loses the older ones. */
	events = 64,
	/** Milliseconds without a view, after which the player sees what comes as it comes. */
	still = 1000,
}

export type Scene = ReturnType<typeof newScene>;

/** The view of a session that has its first welcome. */
export function newScene(session: Session, { predict, interpolate = {} }: JoinOptions<any>) {
	const store = session.store!;
	const { named, tables, values, events } = store;
	const { tickRate } = session.welcome!;
	const playback = newPlayback(1000 / tickRate, session.stats);
	const drawn: Drawn[] = [];
	let due: { tick: number; events: Record<string, Fields[]> }[] = [];
	let told = 0; // newest tick whose events were given
	let shown = -Infinity; // when something was drawn last
	const view = { tick: 0, tables: { ...tables } as Record<string, unknown>, values, events: { ...events } };
	const scene = {
		store,
		view,
		predictor: undefined as Predictor | undefined,

		/** A tick was applied. */
		ticked(now: number): void {
			const { tick } = session;
			playback.arrived(tick, now);
			if (now - shown > Most.still) session.outbox.ack = tick;
			for (const d of drawn) d.record(tick);
			scene.predictor?.reconcile(now);
			due = due.filter((d) => d.tick < tick && d.tick > tick - Most.events);
			if (tick > told) due.push({ tick, events: { ...events } });
		},

		/** Draws everything as it is to be seen at now. */
		draw(now: number): void {
			view.tick = playback.at(now);
			session.outbox.ack = Math.round(view.tick); // so that a shot hits what its player saw
			shown = now;
			for (const name in events) {
				view.events[name] = due.flatMap((d) => (d.tick > view.tick ? [] : d.events[name]!));
			}
			told = Math.max(told, Math.floor(view.tick));
			due = due.filter((d) => d.tick > view.tick);
			const p = scene.predictor;
			for (const d of drawn) {
				d.draw(view.tick);
				if (p?.row && d.table === p.table) p.draw(d.show(d.table.rows.indexOf(p.row), p.row), now);
			}
		},
	};
	for (const name of Object.keys(interpolate).concat((predict?.table as string) ?? [])) {
		if (!named[name]) throw new Fault(Status.schema, "no " + name);
	}
	for (const [name, table] of Object.entries(named)) {
		const how = interpolate[name];
		const predicted = name === predict?.table;
		if (table.schema.max > Most.rows && !how && !predicted) continue;
		const d = newDrawn(table, how);
		if (!d.glide.length && !predicted) continue;
		drawn.push(d);
		view.tables[name] = d.look;
		if (predicted) scene.predictor = newPredictor(session, table, predict!, { tickRate, tables, values } as any, d.cut, d.snap);
	}
	return scene;
}
