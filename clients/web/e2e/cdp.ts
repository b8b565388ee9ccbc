// A Chromium as people have it. Playwright tells every page that it is looked at, so nothing is ever hidden there: these pages are driven
// through the DevTools protocol alone, and hide, throttle and sleep as a browser's do.

import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import WebSocket from "ws";
import { until } from "./patience.ts";

export class Tab {
	constructor(
		private readonly chromium: Chromium,
		readonly id: string,
		private readonly session: string,
	) {}

	send(method: string, params: object = {}): Promise<any> {
		return this.chromium.send(method, params, this.session);
	}

	/** Calls f in the page. */
	async call<A extends unknown[], T>(f: (...args: A) => T, ...args: A): Promise<Awaited<T>> {
		const expression = `(${f})(...${JSON.stringify(args)})`;
		const { result, exceptionDetails } = await this.send("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true });
		if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
		return result.value;
	}
}

export class Chromium {
	#calls = new Map<number, { resolve(v: any): void; reject(e: Error): void }>();
	#last = 0;

	private constructor(
		private readonly process: ChildProcess,
		private readonly folder: string,
		private readonly socket: WebSocket,
	) {
		socket.on("message", (data) => {
			const { id, result, error } = JSON.parse(String(data));
			const call = this.#calls.get(id);
			this.#calls.delete(id);
			if (error) call?.reject(new Error(error.message));
			else call?.resolve(result);
		});
	}

	static async start(): Promise<Chromium> {
		const folder = mkdtempSync(join(tmpdir(), "ringside-chromium-"));
		// No flag here may keep a hidden page awake.
		const args = ["--headless=new", "--no-sandbox", "--no-first-run", "--mute-audio", "--remote-debugging-port=0", `--user-data-dir=${folder}`, "about:blank"];
		const process = spawn(globalThis.process.env.CHROMIUM!, args, { stdio: "ignore", detached: true });
		const file = join(folder, "DevToolsActivePort");
		const [, port, path] = await until("DevTools port", () => (existsSync(file) ? /^(\d+)\n(.+)$/.exec(readFileSync(file, "utf8")) : undefined));
		const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`);
		await new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject));
		return new Chromium(process, folder, socket);
	}

	send(method: string, params: object = {}, sessionId?: string): Promise<any> {
		return new Promise((resolve, reject) => {
			this.#calls.set(++this.#last, { resolve, reject });
			this.socket.send(JSON.stringify({ id: this.#last, method, params, sessionId }));
		});
	}

	async open(url: string): Promise<Tab> {
		const { targetId } = await this.send("Target.createTarget", { url });
		const { sessionId } = await this.send("Target.attachToTarget", { targetId, flatten: true });
		return new Tab(this, targetId, sessionId);
	}

	/** Minimises the window of a tab. */
	async minimise(tab: Tab): Promise<void> {
		const { windowId } = await this.send("Browser.getWindowForTarget", { targetId: tab.id });
		await this.send("Browser.setWindowBounds", { windowId, bounds: { windowState: "minimized" } });
	}

	/** Pauses all of its processes, as a closed laptop does, and resumes them. */
	sleep(): void {
		process.kill(-this.process.pid!, "SIGSTOP");
	}
	wake(): void {
		process.kill(-this.process.pid!, "SIGCONT");
	}

	async stop(): Promise<void> {
		const ended = new Promise((resolve) => this.process.once("exit", resolve));
		this.socket.close();
		process.kill(-this.process.pid!, "SIGKILL");
		await ended;
		rmSync(this.folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
	}
}
