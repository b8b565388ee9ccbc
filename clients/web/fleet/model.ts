// What the router tells of the fleet, and the fleet as it is after each thing told.

/** A member of the fleet. What follows `weight` is of game servers only. */
export interface Member {
	name: string;
	role: "gameserver" | "router" | string;
	state: "serving" | "draining" | string;
	url?: string; // not in a summary
	zone?: string;
	version?: string;
	weight: number;
	since_ms: number;
	reachable: boolean; // it answered the router's last request
	known: boolean; // it has answered one; if not, the figures mean nothing
	age_s?: number; // of the figures, where they are old
	error?: string;
	suspended: boolean;
	rooms: number;
	unlisted?: number; // of the rooms, those that are only counted
	players: number;
	replicas: number;
	moving: number; // rooms that are being handed off
	busy: number; // per mille of the busiest tick worker
	memory: number; // bytes
	p99_ms: number;
	late: number;
	moves: Record<string, number> | null;
	hung?: number; // goroutines that are lost to games that do not return
	waiting?: number; // outcomes that the results store does not have yet
	waiting_s?: number; // how long the oldest of them has waited
	heaviest?: { room: string; game: string; share: number }[] | null; // share: per mille of a tick worker's time
}

export interface Room {
	room: string;
	game: string;
	server: string;
	role: "leading" | "moving" | "suspended" | string;
	epoch: string;
	standbys: string[] | null;
	seats: number;
	players: number;
	spectators: number;
	tick_rate: number;
	late: number;
	match: number;
}

/** The fleet as one member sees it: states by name, and why others are gone. */
export interface View {
	quorum: boolean;
	members: Record<string, string> | null;
	gone: Record<string, string> | null;
}

export interface FleetEvent {
	server: string; // that noted it
	serial: number;
	time: string;
	kind: string;
	room?: string;
	member?: string;
	from?: string;
	to?: string;
	why?: string;
	epoch?: string;
	took_ms?: number;
}

/** What is new; in a snapshot, everything. */
export interface Change {
	time: string;
	members?: Member[];
	left?: string[];
	rooms?: Room[];
	ended?: string[]; // or not listed any more
	views?: Record<string, View>;
	events?: FleetEvent[];
	router?: string; // in snapshots
	mode?: string;
	summary?: boolean; // what strangers are shown: members by number, no rooms
}

/** A member that is gone and still shown. */
export interface Gone {
	member: Member;
	at: number; // ms, by the router's clock
	why: string;
}

export interface Travel {
	room: Room;
	from: string;
	failover: boolean;
}

/** What a change did, for drawing. */
export interface News {
	first: boolean; // there was nothing before
	travels: Travel[];
	made: Room[];
	changed: Room[]; // where they were
	ended: Room[];
	events: FleetEvent[];
}

/** How long a member that is gone stays in sight, in ms. */
export const goneFor = 90_000;

/** How many events are kept, the newest. */
export const maxEvents = 1000;

/** The fleet as the router's stream has told it so far. */
export class Fleet {
	readonly members = new Map<string, Member>();
	readonly gone = new Map<string, Gone>();
	readonly rooms = new Map<string, Room>();
	readonly views = new Map<string, View>();
	events: FleetEvent[] = []; // oldest first
	router = "";
	summary = false; // see Change
	mode = "";
	time = 0; // of the last change, ms by the router's clock; 0: nothing was told yet
	private known = new Set<string>();

	/** Takes a change, or a snapshot as what has changed since the last thing told. */
	apply(c: Change, snapshot: boolean): News {
		const first = this.time === 0;
		this.time = Date.parse(c.time);
		if (snapshot) this.summary = c.summary ?? false;
		this.router = c.router ?? this.router;
		this.mode = c.mode ?? this.mode;
		const left = snapshot ? missing(this.members, c.members ?? [], (m) => m.name) : (c.left ?? []);
		const ended = snapshot ? missing(this.rooms, c.rooms ?? [], (r) => r.room) : (c.ended ?? []);
		const events = this.remember(c.events ?? []);
		const news: News = { first, travels: [], made: [], changed: [], ended: [], events };

		const lost = new Set(left);
		const takenOver = new Set(events.filter((e) => e.kind === "failover").map((e) => e.room));
		for (const m of c.members ?? []) {
			this.members.set(m.name, m);
			this.gone.delete(m.name);
			if (!m.reachable) this.views.delete(m.name);
		}
		for (const r of c.rooms ?? []) {
			const old = this.rooms.get(r.room);
			if (!old) news.made.push(r);
			else if (old.server === r.server) news.changed.push(r);
			else news.travels.push({ room: r, from: old.server, failover: takenOver.has(r.room) || lost.has(old.server) });
			this.rooms.set(r.room, r);
		}
		for (const id of ended) {
			const r = this.rooms.get(id);
			if (r) news.ended.push(r);
			this.rooms.delete(id);
		}
		for (const name of left) this.lose(name);
		for (const [name, v] of Object.entries(c.views ?? {})) this.views.set(name, v);
		for (const [name, g] of this.gone) if (this.time - g.at > goneFor) this.gone.delete(name);
		return news;
	}

	private lose(name: string): void {
		const member = this.members.get(name);
		if (!member) return;
		this.members.delete(name);
		this.views.delete(name);
		const said = this.events.findLast((e) => e.kind === "leave" && e.member === name);
		this.gone.set(name, { member, at: this.time, why: said?.why ?? "" });
	}

	/** Gives those of the events that are not known yet. */
	private remember(events: FleetEvent[]): FleetEvent[] {
		const fresh = events.filter((e) => !this.known.has(eventKey(e)));
		if (fresh.length === 0) return fresh;
		for (const e of fresh) this.known.add(eventKey(e));
		this.events = [...this.events, ...fresh].sort((a, b) => Date.parse(a.time) - Date.parse(b.time));
		for (const e of this.events.splice(0, Math.max(0, this.events.length - maxEvents))) this.known.delete(eventKey(e));
		return fresh;
	}

	/** The game servers, those that are gone too, in the order of their names. */
	servers(): Member[] {
		const all = [...this.members.values(), ...[...this.gone.values()].map((g) => g.member)];
		return all.filter((m) => m.role === "gameserver").sort((a, b) => compareNames(a.name, b.name));
	}

	routers(): Member[] {
		return [...this.members.values()].filter((m) => m.role !== "gameserver").sort((a, b) => compareNames(a.name, b.name));
	}
}

export function eventKey(e: FleetEvent): string {
	return `${e.server} ${e.serial} ${e.time}`;
}

/** Puts game-2 before game-10. */
export function compareNames(a: string, b: string): number {
	return a.localeCompare(b, "en", { numeric: true });
}

function missing<T>(known: Map<string, T>, now: T[], key: (t: T) => string): string[] {
	const names = new Set(now.map(key));
	return [...known.keys()].filter((k) => !names.has(k));
}
