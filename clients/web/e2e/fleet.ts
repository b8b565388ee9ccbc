// A fleet of real processes, started as make run starts one, and broken as its words to the person there say.

import { spawn, type ChildProcess } from "node:child_process";
import { join } from "node:path";
import { until } from "./patience.ts";

const bin = join(process.env.RINGSIDE_E2E!, "bin");

export class Fleet {
	/** Where the router answers. */
	url = "";
	#said = "";
	readonly #local: ChildProcess;

	private constructor(args: string[]) {
		this.#local = spawn(join(bin, "local"), ["-bin", bin, "-free-ports", "-log-level", "warn", ...args], { stdio: ["ignore", "pipe", "pipe"] });
		for (const out of [this.#local.stdout!, this.#local.stderr!]) out.on("data", (data) => (this.#said += data));
	}

	/** Starts one; the processes end with this one, whatever happens. */
	static async start(...args: string[]): Promise<Fleet> {
		const f = new Fleet(args);
		await until("fleet that is up", () => {
			if (f.#local.exitCode !== null) throw new Error(`the fleet did not start:\n${f.#said}`);
			f.url = /play it +(http:\S+)\//.exec(f.#said)?.[1] ?? "";
			return f.url && f.pid("router-1");
		});
		return f;
	}

	/** The process of a member. */
	pid(name: string): number {
		return Number(new RegExp(`${name} .* kill -9 (\\d+)`).exec(this.#said)?.[1] ?? 0);
	}

	/** Ends a server's process without a word. */
	kill(name: string): void {
		process.kill(this.pid(name), "SIGKILL");
	}

	/** Stops processes in their tracks, and lets them go on. */
	pause(...names: string[]): void {
		for (const n of names) process.kill(this.pid(n), "SIGSTOP");
	}
	resume(...names: string[]): void {
		for (const n of names) process.kill(this.pid(n), "SIGCONT");
	}

	/** Asks the router. */
	async ask(path: string): Promise<any> {
		const answer = await fetch(this.url + path);
		return answer.json();
	}

	/** Ends all of it. */
	async stop(): Promise<void> {
		const ended = new Promise((resolve) => this.#local.once("exit", resolve));
		if (this.#local.exitCode !== null || !this.#local.kill("SIGTERM")) return;
		await ended;
	}

	/** What the processes said, for when something went wrong. */
	get log(): string {
		return this.#said;
	}
}
