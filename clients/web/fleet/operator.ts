// What an operator may do, and doing it.

/** The router's word on whether requests of this page may change the fleet. */
export interface Right {
	allowed: boolean;
	token: boolean; // another token would do
	why?: string;
}

/** A client of a room; seat -1 is a spectator. */
export interface Player {
	player: string;
	name?: string;
	seat: number;
	connected: boolean;
}

/** A banned player, until a time in RFC 3339. */
export interface Ban {
	player: string;
	until: string;
	reason?: string;
}

/** A room's state: rows by table and id, and values. */
export interface State {
	tick: number;
	tables: Record<string, Record<string, Record<string, unknown>>>;
	values: Record<string, Record<string, unknown>>;
}

/** How far a ban has come: the game servers that have it, and those that get it when a router reaches them. */
export interface Spread {
	servers: number;
	unreached?: string[];
}

const key = "ringside-operator-token";

/** Asks with the token that this tab keeps, if there is one. */
export class Operator {
	right: Right = { allowed: false, token: false };

	/** root is the way from the page to the router's own paths. */
	constructor(private readonly root = "") {}

	private get token(): string {
		return sessionStorage.getItem(key) ?? "";
	}

	/** Finds out what is allowed; with a token that is given, whether it is the right one, and keeps it only then. */
	async check(token = this.token): Promise<Right> {
		const right = (await read(await fetch(this.root + "v1/fleet/operator", { headers: bearer(token), cache: "no-store" }))) as Right;
		if (right.allowed && token) sessionStorage.setItem(key, token);
		if (!right.allowed && token === this.token) sessionStorage.removeItem(key);
		if (right.allowed || token === this.token) this.right = right;
		return right;
	}

	forget(): void {
		sessionStorage.removeItem(key);
	}

	get keepsToken(): boolean {
		return this.token !== "";
	}

	/** What a request of this page says of itself. */
	get headers(): Record<string, string> {
		return bearer(this.token);
	}

	drain(server: string): Promise<{ rooms: number }> {
		return this.post(`v1/fleet/servers/${encodeURIComponent(server)}/drain`) as Promise<{ rooms: number }>;
	}

	undrain(server: string): Promise<{ rooms: number }> {
		return this.post(`v1/fleet/servers/${encodeURIComponent(server)}/undrain`) as Promise<{ rooms: number }>;
	}

	/** Hands a room to a server; with "" to the next in the room's order. */
	move(room: string, server: string): Promise<{ server: string; took_ms: number }> {
		return this.post(`v1/rooms/${encodeURIComponent(room)}/move`, server ? { server } : {}) as
			Promise<{ server: string; took_ms: number }>;
	}

	/** The clients of a room. */
	async players(room: string): Promise<Player[]> {
		return ((await this.send("GET", `v1/rooms/${encodeURIComponent(room)}/players`)) as { players: Player[] }).players;
	}

	kick(room: string, player: string, reason: string): Promise<{ places: number }> {
		return this.post(`v1/rooms/${encodeURIComponent(room)}/kick`, { player, reason }) as Promise<{ places: number }>;
	}

	/** The whole state of a room, with what only servers know. */
	state(room: string): Promise<State> {
		return this.send("GET", `v1/rooms/${encodeURIComponent(room)}/state`) as Promise<State>;
	}

	async bans(): Promise<Ban[]> {
		return ((await this.send("GET", "v1/bans")) as { bans: Ban[] }).bans;
	}

	ban(player: string, seconds: number, reason: string): Promise<Spread> {
		return this.post("v1/bans", { player, seconds, reason }) as Promise<Spread>;
	}

	lift(player: string): Promise<Spread> {
		return this.send("DELETE", `v1/bans/${encodeURIComponent(player)}`) as Promise<Spread>;
	}

	private post(path: string, body?: object): Promise<unknown> {
		return this.send("POST", path, body);
	}

	private async send(method: string, path: string, body?: object): Promise<unknown> {
		return read(await fetch(this.root + path, { method, headers: bearer(this.token), body: body && JSON.stringify(body), cache: "no-store" }));
	}
}

function bearer(token: string): Record<string, string> {
	return token ? { Authorization: `Bearer ${token}` } : {};
}

/** Gives the answer's JSON; of an answer that is an error, throws what it says. */
async function read(r: Response): Promise<unknown> {
	const doc: unknown = await r.json().catch(() => undefined);
	if (r.ok && doc !== undefined) return doc;
	const detail = (doc as { detail?: string } | undefined)?.detail;
	throw new Error(detail ?? `the router answers ${r.status} ${r.statusText}`);
}
