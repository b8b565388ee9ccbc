// What goes over the page's connections, read beside the SDK: the schema, a replica with what each table costs, and messages for the log.

import { Kind, readOutcome, readOwn, readWelcome, unwrap } from "../sdk/messages.ts";
import type { WebSocketConstructor, WebSocketLike } from "../sdk/options.ts";
import { Reader } from "../sdk/reader.ts";
import { readSchema, type Schema } from "../sdk/schema.ts";
import { newStore, Part, type Store } from "../sdk/store.ts";

/** What a tick cost this client, in bytes: of each table its public part, and the rest of the message by what it is. */
export interface Spent {
	tables: Map<string, number>;
	own: number;
	messages: number;
	rest: number;
	total: number;
	keyframe: boolean;
}

/** One entry of the log. */
export interface Heard {
	kind: "event" | "custom" | "outcome" | "notice" | "input" | "sent";
	name: string;
	value: unknown;
}

export interface WireEvents {
	/** The room's schema is known, or another one. */
	schema(schema: Schema): void;
	/** A tick was applied to the store, which is another one on each connection. */
	tick(store: Store, spent: Spent): void;
	heard(what: Heard): void;
}

/** All connections of the page. */
export class Wire {
	readonly #sockets = new Set<WebSocketLike>();
	#schema = "";

	constructor(private readonly events: WireEvents) {}

	/** A WebSocket class whose connections are listened to. */
	tap(base: WebSocketConstructor): WebSocketConstructor {
		const wire = this;
		return class {
			constructor(url: string, protocol: string) {
				const socket = new base(url, protocol);
				const reader = new Ear(wire.events, (schema, text) => {
					if (text === wire.#schema) return;
					wire.#schema = text;
					wire.events.schema(schema);
				});
				wire.#sockets.add(socket);
				// The SDK sets its handlers when it has this object, so they are looked at as they are set.
				return new Proxy(socket, {
					set(target, name, value) {
						if (name === "onmessage") {
							target.onmessage = (e) => {
								reader.hear(e.data);
								value?.(e);
							};
						} else if (name === "onclose") {
							target.onclose = (e) => {
								wire.#sockets.delete(socket);
								value?.(e);
							};
						} else Reflect.set(target, name, value, target);
						return true;
					},
					get(target, name) {
						const v = Reflect.get(target, name, target);
						return typeof v === "function" ? v.bind(target) : v;
					},
				});
			}
		} as unknown as WebSocketConstructor;
	}

	/** Cuts all connections, as a network does. The SDK comes back by itself. */
	cut(): number {
		const all = [...this.#sockets].filter((s) => s.readyState === 1);
		for (const s of all) s.close();
		return all.length;
	}

	/** What comes next is of another room. */
	forget(): void {
		this.#schema = "";
	}
}

/** Reads what one connection brings. The SDK judges it; here what cannot be read is left out. */
class Ear {
	#store: Store | undefined;
	#events: string[] = [];
	#own: ReturnType<typeof readOwn> | undefined;

	constructor(private readonly events: WireEvents, private readonly welcome: (schema: Schema, text: string) => void) {}

	hear(data: unknown): void {
		if (!(data instanceof ArrayBuffer)) return;
		const spent: Spent = { tables: new Map(), own: 0, messages: 0, rest: 0, total: data.byteLength, keyframe: false };
		let ticked = false;
		try {
			for (const [kind, body] of new Reader(new Uint8Array(data)).records()) {
				ticked = this.#record(kind, body, spent) || ticked;
			}
		} catch {
			return;
		}
		spent.rest = spent.total - spent.own - spent.messages - [...spent.tables.values()].reduce((a, b) => a + b, 0);
		if (ticked) this.#tick(spent);
	}

	#tick(spent: Spent): void {
		const store = this.#store!;
		this.events.tick(store, spent);
		for (const name of this.#events) {
			for (const row of store.events[name]!) this.events.heard({ kind: "event", name, value: row });
		}
	}

	/** Takes a record; true for one that makes a tick. */
	#record(kind: Kind, r: Reader, spent: Spent): boolean {
		const size = r.left;
		switch (kind) {
			case Kind.welcome: {
				const w = readWelcome(r);
				const schema = readSchema(new Reader(w.schema));
				this.#store = counted(newStore(schema, w.tick), spent);
				this.#events = Object.keys(this.#store.events);
				this.welcome(schema, String(w.schema));
				return false;
			}
			case Kind.own:
			case Kind.ownKeyframe:
				spent.own += size;
				this.#own = readOwn(r, kind);
				return false;
			case Kind.keyframe:
			case Kind.delta: {
				const store = this.#store;
				if (!store) return false;
				const full = kind === Kind.keyframe;
				spent.keyframe = full;
				const tick = full ? r.fixed(4) : unwrap(store.tick, r.fixed(2));
				current.set(store, spent);
				store.apply(tick, Part.open, full, r.rest());
				if (this.#own) store.apply(tick, Part.own, full, this.#own.body);
				this.#own = undefined;
				return true;
			}
			case Kind.custom:
				spent.messages += size;
				this.events.heard({ kind: "custom", name: `${size} bytes`, value: asText(r.rest()) });
				return false;
			case Kind.outcome: {
				spent.messages += size;
				const o = readOutcome(r);
				this.events.heard({ kind: "outcome", name: `match ${o.match}`, value: { results: o.results, data: asText(o.data) } });
				return false;
			}
			case Kind.notice:
				this.events.heard({ kind: "notice", name: String(r.fixed(2)), value: r.string(120) });
		}
		return false;
	}
}

/** Where a store's bytes are counted at the moment. */
const current = new WeakMap<Store, Spent>();

/** Makes a store count what each table's deltas and keyframes take, of the public part. */
function counted(store: Store, first: Spent): Store {
	current.set(store, first);
	const count = (name: string, read: (r: Reader, part: number) => void) => (r: Reader, part: number) => {
		const before = r.left;
		read(r, part);
		const { tables } = current.get(store)!;
		if (part === Part.open) tables.set(name, (tables.get(name) ?? 0) + before - r.left);
	};
	for (const t of store.all) {
		t.readDelta = count(t.schema.name, t.readDelta);
		t.readKeyframe = count(t.schema.name, t.readKeyframe);
	}
	return store;
}

/** Bytes as the text that they are, or in hexadecimal digits. */
export function asText(bytes: Uint8Array): string {
	try {
		return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
	} catch {
		return [...bytes].map((b) => b.toString(16).padStart(2, "0")).join(" ");
	}
}
