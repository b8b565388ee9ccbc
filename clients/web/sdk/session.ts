// What a client knows of its room, over all connections.

import type { Emitter } from "./emitter.ts";
import { Fault, lost, Status } from "./errors.ts";
import { sameEpoch, unwrap, type Welcome } from "./messages.ts";
import type { Outcome, Stats, Violation } from "./options.ts";
import { newOutbox } from "./outbox.ts";
import { Reader } from "./reader.ts";
import { newSamples, type Samples } from "./samples.ts";
import { readSchema } from "./schema.ts";
import { newStore, type Store } from "./store.ts";

const outcomesKept = 128;

/** The figures of a room; those of this moment alone are Room.stats' to fill in. */
export const newStats = (): Stats => ({
	roundTrip: 0,
	jitter: 0,
	clockOffset: Date.now() - performance.now(),
	buffer: 0,
	tickGap: 0,
	slack: undefined,
	slackTarget: 0,
	predictionError: 0,
	unacked: 0,
	bytesDown: 0,
	bytesUp: 0,
	messages: 0,
	ticks: 0,
	keyframes: 0,
	checks: 0,
	acked: 0,
	reconnects: 0,
	moves: 0,
	missedTicks: 0,
	replayedTicks: 0,
	violations: 0,
});

export type Session = ReturnType<typeof newSession>;

/** room is its id as far as known, guest the secret of the guest; code opens a private room. */
export function newSession(emitter: Emitter, stats: Stats, room = "", guest = "", code = "") {
	const { emit } = emitter;
	const outbox = newOutbox(emitter, stats);
	const outcomes = new Map<number, string>();
	const s = {
		emit,
		stats,
		outbox,
		room,
		guest,
		code,
		/** The newest welcome; the three are there from the first one on, the latter two anew when the schema is another. */
		welcome: undefined as Welcome | undefined,
		store: undefined as Store | undefined,
		samples: undefined as Samples | undefined,
		/** When the newest tick came. */
		lastFrame: 0,
		/** The room is suspended. */
		suspended: false,
		/** The instance of the room that the client is in, or was in before the page was loaded again. */
		instance: "",

		get tick(): number {
			return s.store?.tick ?? 0;
		},

		/** Tells of a fault of the server's. What it gives is for those that cost the connection. */
		violate(kind: Violation, what: string | number): Fault {
			const detail = `${what}, tick ${s.tick}`;
			stats.violations++;
			emit("violation", kind, detail);
			return lost(kind + " " + detail);
		},

		/** Takes a welcome up: it must fit what is known of the room. */
		welcomed(w: Welcome): void {
			const old = s.welcome;
			w.tick = unwrap(s.tick || w.tick, w.tick, 0);
			const same = old && sameEpoch(w.epoch, old.epoch);
			if (s.instance && w.epoch.instance !== s.instance) {
				s.violate("instance-changed", w.epoch.instance);
				throw new Fault(Status.over, w.epoch.instance);
			}
			if (s.room && w.room !== s.room) throw s.violate("bad-message", w.room);
			if (same && w.tick < s.tick) throw s.violate("tick-back", w.tick);
			if (String(w.schema) !== String(old?.schema)) {
				const schema = readSchema(new Reader(w.schema));
				s.store = newStore(schema, s.tick);
				s.samples = newSamples(schema.input);
			}
			s.welcome = w;
			s.instance = w.epoch.instance;
			s.room = w.room;
			const { again, lost } = outbox.welcome(w);
			if (lost) s.violate("input-lost", lost);
			else if (again && same) s.violate("processed-back", again);
		},

		/** Takes an outcome, whose record is body: each match's is told once. */
		outcome(o: Outcome, body: Uint8Array): void {
			const was = outcomes.get(o.match);
			const now = String(body);
			if (was && was !== now) s.violate("outcome-changed", o.match);
			if (was) return;
			outcomes.set(o.match, now);
			if (outcomes.size > outcomesKept) outcomes.delete([...outcomes.keys()][0]!);
			emit("outcome", o);
		},
	};
	return s;
}
