// A proxy as companies have them: it forwards plain requests, and lets WebSockets through or not.

import { createServer, request, type Server } from "node:http";
import { connect, type AddressInfo, type Socket } from "node:net";

export class Proxy {
	readonly #server: Server;
	readonly #tunnels: Socket[] = [];
	#open = true;

	constructor(sockets: boolean) {
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
		this.#server.on("connect", (req, socket: Socket) => {
			if (!sockets) {
				socket.end("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
				return;
			}
			const [host, port] = req.url!.split(":");
			const to = connect(Number(port), host, () => socket.write("HTTP/1.1 200 OK\r\n\r\n"));
			this.#tunnels.push(socket, to);
			to.pipe(socket).pipe(to);
			for (const end of [socket, to]) end.on("error", () => [socket, to].forEach((s) => s.destroy()));
		});
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
		for (const t of this.#tunnels) t.destroy();
		await new Promise((resolve) => this.#server.close(resolve));
	}
}
