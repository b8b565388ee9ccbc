// Events as a person reads them: what happened to many rooms at once is one line.

import { eventKey, type FleetEvent } from "./model.ts";

/** How far apart events of one line may be, in ms. */
const apart = 3000;

export interface Group {
	key: string; // of the first event
	kind: string;
	first: number; // ms
	last: number;
	events: FleetEvent[]; // oldest first
}

const ofRooms = new Set(["move", "failover", "failed", "depose", "lost", "stays", "crash"]);

/** Puts events, which come in the order of their times, into groups; the newest group first. */
export function groupEvents(events: FleetEvent[]): Group[] {
	const groups: Group[] = [];
	const open = new Map<string, Group>();
	for (const e of events) {
		const time = Date.parse(e.time);
		const like = ofRooms.has(e.kind) ? [e.kind, e.from, e.why, e.kind === "failover" ? "" : e.server].join(" ") : "";
		const g = like ? open.get(like) : undefined;
		if (g && time - g.last <= apart) {
			g.events.push(e);
			g.last = time;
			continue;
		}
		const group: Group = { key: eventKey(e), kind: e.kind, first: time, last: time, events: [e] };
		groups.push(group);
		if (like) open.set(like, group);
	}
	return groups.reverse();
}

/** What a group says: what, and the rest of the sentence. */
export function describeGroup(g: Group): { what: string; detail: string } {
	const e = g.events[0]!;
	const n = g.events.length;
	const rooms = n === 1 ? (e.room ?? "all rooms") : `${n} rooms`;
	switch (g.kind) {
		case "move":
			return { what: rooms, detail: join(`${e.from} → ${targets(g)}`, e.why, span(g)) };
		case "failover":
			return { what: rooms, detail: join(`taken over from ${e.from || "a lost server"} by ${targets(g)}`, span(g)) };
		case "failed":
			return { what: rooms, detail: join(`stay at ${e.from}, not handed to ${targets(g)}`, e.why) };
		case "depose":
			return { what: rooms, detail: join(`given up by ${e.from}`, `led in a higher epoch by ${targets(g)}`) };
		case "lost":
			return { what: rooms, detail: join(`lost with ${e.from}'s copy`, e.why) };
		case "crash":
			return { what: rooms, detail: join(`crashed on ${e.from}`, e.why) };
		case "stays":
			return { what: rooms, detail: `${n === 1 ? "ends" : "end"} with ${e.from}: no other server's version takes ${n === 1 ? "it" : "them"} over` };
		case "suspend":
			return { what: e.server, detail: "suspends its rooms: it sees too little of the fleet" };
		case "resume":
			return { what: e.server, detail: "goes on: it sees the greater part of the fleet again" };
		case "join":
			return { what: e.member ?? "", detail: "joined" };
		case "restart":
			return { what: e.member ?? "", detail: "started anew" };
		case "drain":
			return { what: e.member ?? "", detail: "drains" };
		case "serve":
			return { what: e.member ?? "", detail: "serves again" };
		case "leave":
			return { what: e.member ?? "", detail: leaving[e.why ?? ""] ?? "is gone" };
	}
	return { what: e.room ?? e.member ?? e.server, detail: join(e.kind, e.why) };
}

/** What the reasons of a membership mean. */
export const leaving: Record<string, string> = {
	left: "has left",
	exited: "is gone: its process has ended",
	refused: "is gone: no member reaches it, and its address refuses connections",
	unreachable: "is silent: its machine or the network to it is gone",
};

function targets(g: Group): string {
	const counts = new Map<string, number>();
	for (const e of g.events) if (e.to) counts.set(e.to, (counts.get(e.to) ?? 0) + 1);
	if (counts.size <= 1) return [...counts.keys()][0] ?? "nobody";
	const all = [...counts].sort((a, b) => b[1] - a[1]).map(([name, n]) => `${name} (${n})`);
	return all.length <= 4 ? all.join(", ") : `${all.slice(0, 3).join(", ")} and ${all.length - 3} more`;
}

/** How long it took, from the shortest to the longest. */
function span(g: Group): string {
	const took = g.events.map((e) => e.took_ms ?? 0).filter((t) => t > 0);
	if (took.length === 0) return "";
	const low = milliseconds(Math.min(...took)), high = milliseconds(Math.max(...took));
	return low === high ? low : `${low} to ${high}`;
}

export function milliseconds(ms: number): string {
	if (ms >= 10_000) return `${Math.round(ms / 1000)} s`;
	if (ms >= 1000) return `${(ms / 1000).toFixed(1)} s`;
	return `${ms >= 10 ? Math.round(ms) : ms.toFixed(1)} ms`;
}

function join(...parts: (string | undefined)[]): string {
	return parts.filter((p) => p).join(" · ");
}
