// One WebSocket connection.

import { Fault, Status } from "./errors.ts";
import { subprotocol } from "./messages.ts";
import type { WebSocketConstructor, WebSocketLike } from "./options.ts";

/**
 * How long a place may take to open a connection, in milliseconds. A WebSocket does not tell the network's connection,
 * for which the protocol allows 2 s, from TLS and the upgrade.
 */
const openTimeout = 3000;

export type Link = ReturnType<typeof newLink>;

/** A connection; it is being opened as soon as it is made. stats has the bytes of messages over all connections. */
export function newLink(WebSocket: WebSocketConstructor, url: string, stats: { bytesDown: number; bytesUp: number }) {
	let socket: WebSocketLike | undefined;
	let listener: ((data: unknown) => void) | undefined;
	const waiting: unknown[] = [];
	let settleOpened!: (open: boolean) => void;
	let settleEnded!: (why: Fault) => void;
	const link = {
		url,
		/** A prepare message asked for it. */
		prepared: false,
		/** How far the hello has come: the welcome and its keyframe were applied. */
		welcomed: false,
		entered: false,
		/** When the server was last heard; 0: it did not open. */
		heard: 0,
		/** The error record that came before a close. */
		refusal: undefined as { retry: number; text: string } | undefined,
		over: false,
		/** Whether it opened, once that is known. */
		opened: new Promise<boolean>((resolve) => (settleOpened = resolve)),
		/** Why it ended, once it has. */
		ended: new Promise<Fault>((resolve) => (settleEnded = resolve)),
		/** Called when the client is in the room on it. */
		arrived: () => {},

		/** Hears all messages, those that came before first. A Fault that it throws ends the connection. */
		listen(f: (data: unknown) => void): void {
			listener = f;
			waiting.forEach(deliver);
		},

		/** Hears a message that waits for a listener. */
		early: (_: unknown): void => {},

		/** Sends a message; a connection that cannot take it is ending. */
		send(bytes: Uint8Array): void {
			if (!link.heard || link.over) return;
			stats.bytesUp += bytes.length;
			socket!.send(bytes);
		},

		/** Ends the connection; only the first cause counts. */
		end(why: Fault): void {
			if (link.over) return;
			link.over = true;
			socket?.close();
			settleOpened(false);
			settleEnded(why);
		},
	};
	const lost = (why = "failed") => link.end(new Fault(link.heard ? Status.lost : Status.unopened, `${url} ${why}`));
	const deliver = (data: unknown) => {
		if (link.over) return;
		try {
			listener!(data);
		} catch (e) {
			if (!(e instanceof Fault)) throw e; // a mistake of the game's
			link.end(e);
		}
	};
	const timer = setTimeout(() => lost("not open"), openTimeout);
	void link.opened.then(() => clearTimeout(timer));
	try {
		socket = new WebSocket(url, subprotocol);
		socket.binaryType = "arraybuffer";
		socket.onopen = () => {
			link.heard = performance.now();
			settleOpened(true);
		};
		socket.onmessage = ({ data }) => {
			if (link.over) return;
			link.heard = performance.now();
			stats.bytesDown += data.byteLength ?? data.length;
			if (listener) return deliver(data);
			waiting.push(data);
			link.early(data);
		};
		socket.onerror = ({ message }) => lost(message);
		socket.onclose = ({ code, reason }) => {
			if (code < 4000 || code > 4999) lost("closed " + code);
			else link.end(new Fault(code, link.refusal?.text || reason, link.refusal?.retry));
		};
	} catch (e) {
		lost(String(e)); // a URL that the page may not connect to
	}
	return link;
}
