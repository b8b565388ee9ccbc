// A proxy as companies have them: it forwards plain requests, and lets no WebSocket through.

import { createServer, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";

export class Proxy {
	readonly #server: Server;
	#open = true;

	constructor() {
		this.#server = createServer((req, res) => {
			if (!this.#open) {
				req.socket.destroy();
				return;
			}
			const to = request(req.url!, { method: req.method, headers: req.headers }, (answer) => {
				res.writeHead(answer.statusCode!, answer.headers);
				answer.pipe(res);
			});
			to.on("error", () => res.writeHead(502).end());
			req.pipe(to);
		});
		// Browsers ask for a tunnel to carry a WebSocket.
		this.#server.on("connect", (_, socket) => socket.end("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"));
	}

	async start(): Promise<string> {
		await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
		return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
	}

	/** Answers nothing any more, as if what is behind were gone; or again. */
	cut(cut: boolean): void {
		this.#open = !cut;
	}

	async stop(): Promise<void> {
		this.#server.closeAllConnections();
		await new Promise((resolve) => this.#server.close(resolve));
	}
}
