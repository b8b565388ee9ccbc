import { useCallback, useEffect, useRef, useState } from "react";

export type SocketStatus = "connecting" | "open" | "closed";

/** Options of useSocket. They are looked at when a connection is made, onMessage each time. */
export interface UseSocketOptions {
	/** Subprotocols to offer. */
	protocols?: string | string[];
	/** Hears every message; last may miss some when many come between two renders. */
	onMessage?: (data: unknown) => void;
	/** False: a connection that ended stays ended. */
	reconnect?: boolean;
	/** Makes connections; by default the global WebSocket. */
	WebSocket?: new (url: string, protocols?: string | string[]) => WebSocket;
}

/** What useSocket gives. */
export interface UseSocket {
	status: SocketStatus;
	/** The newest message: a string, or an ArrayBuffer. */
	last: unknown;
	/** False: the socket is not open, and the message is not sent. */
	send(data: string | BufferSource | Blob): boolean;
}

/** The longest wait before a connection is made again, in milliseconds; it doubles with each, up to the second. */
const backoff = 250;
const maxBackoff = 10_000;
/** How long a connection must have lasted for the waits to begin anew. */
const stable = 5000;

/**
 * A plain WebSocket, without rooms and state. It is open while the component is there and
 * comes back, after random waits that double, when it was lost. Without a URL nothing is connected.
 */
export function useSocket(url: string | undefined, options: UseSocketOptions = {}): UseSocket {
	const newest = useRef(options);
	const socket = useRef<WebSocket>(undefined);
	const [status, setStatus] = useState<SocketStatus>(url ? "connecting" : "closed");
	const [last, setLast] = useState<unknown>();
	useEffect(() => {
		newest.current = options;
	});

	useEffect(() => {
		if (!url) {
			setStatus("closed");
			return;
		}
		let attempt = 0;
		let timer: ReturnType<typeof setTimeout> | undefined;
		const connect = () => {
			const { WebSocket: Socket = WebSocket, protocols } = newest.current;
			const ws = (socket.current = new Socket(url, protocols));
			let opened = Infinity;
			setStatus("connecting");
			ws.binaryType = "arraybuffer";
			ws.onopen = () => {
				opened = performance.now();
				setStatus("open");
			};
			ws.onmessage = ({ data }) => {
				newest.current.onMessage?.(data);
				setLast(data);
			};
			ws.onclose = () => {
				setStatus("closed");
				if (newest.current.reconnect === false) return;
				if (performance.now() - opened > stable) attempt = 0;
				timer = setTimeout(connect, Math.random() * Math.min(maxBackoff, backoff * 2 ** attempt++));
			};
		};
		connect();
		return () => {
			clearTimeout(timer);
			const ws = socket.current!;
			ws.onopen = ws.onmessage = ws.onclose = null;
			ws.close();
		};
	}, [url]);

	const send = useCallback<UseSocket["send"]>((data) => {
		const ws = socket.current;
		const open = ws?.readyState === 1;
		if (open) ws.send(data);
		return open;
	}, []);
	return { status, last, send };
}
