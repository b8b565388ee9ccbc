// A player's samples: numbered, kept until they are processed, and sent. See PROTOCOL.md, Inputs.

import type { Emitter } from "./emitter.ts";
import { input, Is, ping, unwrap, type Welcome } from "./messages.ts";
import type { Stats } from "./options.ts";
import type { Fields } from "./rows.ts";
import type { Samples } from "./samples.ts";
import { Writer } from "./writer.ts";

const pingInterval = 1000;

/** Numbers go processed <= sent <= newest, and newest - processed <= Is.inputWindow. */
export function newOutbox({ emit }: Emitter, stats: Stats) {
	let sent = 0; // on this connection
	let told = 0; // newest whose acknowledgement was told; above processed when a new leader knows less
	let nextPing = 0;
	const ring: { seq: number; sample: Fields; added: number }[] = [];

	/** The server has processed all samples up to seq: tells of each, once. */
	const settle = (seq: number) => {
		while (outbox.processed < seq) {
			if (++outbox.processed <= told) continue;
			told = outbox.processed;
			stats.acked++;
			emit("acked", told, performance.now() - ring[told % Is.inputWindow]!.added);
		}
	};

	const outbox = {
		processed: 0,
		newest: 0,
		/** The newest tick that was decoded. */
		ack: 0,

		/**
		 * Takes up where the server is. A seat that was held goes on: what it has not processed is sent again, the last
		 * Is.inputWindow samples at most. A new seat begins its numbers anew. again is how many samples that were processed
		 * are sent again, lost how many cannot be.
		 */
		welcome({ flags, processed: low }: Welcome): { again: number; lost: number } {
			const held = flags & Is.resumed;
			const processed = held ? unwrap(outbox.processed || low, low, 0) : low;
			if (held) settle(Math.min(processed, outbox.newest));
			const back = held && Math.max(0, outbox.processed - processed);
			const kept = outbox.newest - processed <= Is.inputWindow;
			if (!held || !kept) outbox.newest = told = processed;
			outbox.newest = Math.max(outbox.newest, processed); // another client of this player had the seat
			outbox.processed = sent = processed;
			told = Math.max(told, processed);
			return { again: kept ? back : 0, lost: kept ? 0 : back };
		},

		/** Adds a sample and gives its number, 0 when the server has processed none of the last Is.inputWindow ones. */
		add(sample: Fields, added: number): number {
			if (outbox.newest - outbox.processed >= Is.inputWindow) return 0;
			const seq = ++outbox.newest;
			ring[seq % Is.inputWindow] = { seq, sample, added };
			return seq;
		},

		/** The sample of a number above processed; undefined of one that was sent before the page was loaded again. */
		sample(seq: number): Fields | undefined {
			const kept = ring[seq % Is.inputWindow];
			return kept?.seq === seq ? kept.sample : undefined;
		},

		/** One message of the samples that are not sent yet, and of a ping if one is due; empty when there is nothing. */
		pack(codec: Samples, now: number): Uint8Array {
			const message = new Writer();
			while (sent < outbox.newest) {
				const first = sent + 1;
				sent = Math.min(outbox.newest, sent + Is.maxSamples);
				input(message, first, outbox.ack, sent - first + 1, (w) => {
					for (let seq = first, base: Fields = {}; seq <= sent; seq++) {
						const sample = outbox.sample(seq) ?? {};
						codec.write(w, base, sample);
						base = sample;
					}
				});
			}
			if (now >= nextPing) {
				nextPing = now + pingInterval;
				ping(message, now);
			}
			return message.bytes;
		},

		/**
		 * Notes that the server has processed all samples up to that with these low bits. What it gives is how far the number
		 * is outside of what can be, 0 when all is well.
		 */
		acknowledge(low: number): number {
			const seq = unwrap(outbox.processed, low);
			if (seq < outbox.processed) return seq - outbox.processed;
			if (seq > outbox.newest) return seq - outbox.newest;
			settle(seq);
			sent = Math.max(sent, seq);
			return 0;
		},
	};
	return outbox;
}
