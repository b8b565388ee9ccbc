// Compares the members' views. Gossip is a hint: members may hold different views for seconds, and longer when the network is cut.

import { compareNames, type Member, type View } from "./model.ts";

/** How an observer holds a subject. */
export type Sight = "serving" | "draining" | "gone" | "unknown" | "untold";

export interface Agreement {
	names: string[]; // observers and subjects, in one order
	sight(observer: string, subject: string): Sight;
	doubts: string[]; // sentences on what is not as it should be
}

/** Compares what members see with the members that exist. A member whose view is unknown, mostly a router, has "untold" sights. */
export function compareViews(members: Map<string, Member>, views: Map<string, View>): Agreement {
	const names = new Set(members.keys());
	for (const v of views.values()) for (const n of Object.keys(v.members ?? {})) names.add(n);
	const sorted = [...names].sort(compareNames);
	const sight = (observer: string, subject: string): Sight => {
		const v = views.get(observer);
		if (!v) return "untold";
		const state = v.members?.[subject];
		if (state) return state === "draining" ? "draining" : "serving";
		return v.gone?.[subject] ? "gone" : "unknown";
	};
	const doubts: string[] = [];
	for (const [observer, v] of [...views].sort((a, b) => compareNames(a[0], b[0]))) {
		if (!v.quorum) doubts.push(`${observer} is cut off from half of the fleet or more`);
		for (const subject of sorted) {
			const m = members.get(subject), s = sight(observer, subject);
			if (!m) {
				if (s === "serving" || s === "draining") doubts.push(`${observer} still sees ${subject}`);
			} else if (s === "gone" || s === "unknown") {
				const why = v.gone?.[subject];
				doubts.push(`${observer} does not see ${subject}${why ? ` (${why})` : ""}`);
			} else if (s !== m.state) {
				doubts.push(`${observer} takes ${subject} for ${s}, it is ${m.state}`);
			}
		}
	}
	return { names: sorted, sight, doubts };
}

/** How long a flap counts, in ms. */
const memory = 5 * 60_000;

/** Counts flaps: a member that somebody lost from sight, though it had not left, and saw again. */
export class Flaps {
	private readonly views = new Map<string, View>();
	private readonly lost = new Map<string, number>(); // when, by observer and subject
	private flaps: { subject: string; time: number }[] = [];

	/** Takes the views of a moment; true if there was a flap. */
	note(time: number, views: Map<string, View>): boolean {
		const flaps = this.flaps.filter((f) => time - f.time <= memory);
		for (const [observer, now] of views) {
			const before = this.views.get(observer);
			if (!before || before === now) {
				this.views.set(observer, now);
				continue;
			}
			this.views.set(observer, now);
			for (const subject of Object.keys(before.members ?? {})) {
				if (!now.members?.[subject] && now.gone?.[subject] !== "left") this.lost.set(`${observer} ${subject}`, time);
			}
			for (const subject of Object.keys(now.members ?? {})) {
				const at = this.lost.get(`${observer} ${subject}`);
				if (at === undefined) continue;
				this.lost.delete(`${observer} ${subject}`);
				if (time - at <= memory) flaps.push({ subject, time });
			}
		}
		const changed = flaps.length !== this.flaps.length;
		this.flaps = flaps;
		return changed;
	}

	/** How often subject flapped in the last five minutes, over all observers. */
	of(subject: string): number {
		return this.flaps.filter((f) => f.subject === subject).length;
	}
}
