// A headless Chromium, and what tests do with the arena's page in it.

import assert from "node:assert/strict";
import { join } from "node:path";
import { chromium, type Browser, type BrowserContext, type BrowserContextOptions, type Page } from "playwright-core";
import type { Page as Arena } from "../arena/page.ts";
import { patience } from "./patience.ts";

declare global {
	/** What the page shows to those who look into it; it is there in the browser. */
	var arena: Arena;
}

export const desktop: BrowserContextOptions = { viewport: { width: 1280, height: 720 } };
export const phone: BrowserContextOptions = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true };

export function launch(): Promise<Browser> {
	// Without a sandbox, since tests may run as root; and without the throttling of windows that nobody looks at.
	return chromium.launch({
		executablePath: process.env.CHROMIUM,
		args: ["--no-sandbox", "--disable-background-timer-throttling", "--disable-renderer-backgrounding", "--disable-backgrounding-occluded-windows"],
	});
}

/** Opens pages in contexts of their own, and fails at what they throw. */
export class Visitor {
	readonly faults: string[] = [];
	#contexts: BrowserContext[] = [];

	constructor(readonly browser: Browser, readonly base: () => string) {}

	async open(path = "/", options: BrowserContextOptions = desktop): Promise<Page> {
		const context = await this.browser.newContext(options);
		this.#contexts.push(context);
		context.setDefaultTimeout(patience);
		const page = await context.newPage();
		page.on("pageerror", (e) => this.faults.push(e.stack ?? e.message));
		await page.goto(this.base() + path);
		return page;
	}

	/** Takes pictures of what is open when a test has failed. */
	async failed(test: string): Promise<void> {
		const pages = this.#contexts.flatMap((c) => c.pages());
		for (const [i, page] of pages.entries()) await picture(page, `failed ${test.replace(/\W+/g, " ")} ${i + 1}`).catch(() => {}); // it may be gone
	}

	/** Closes what is open; a page that threw something has failed. */
	async close(): Promise<void> {
		for (const c of this.#contexts.splice(0)) await c.close();
		assert.deepEqual(this.faults.splice(0), [], "the page threw errors");
	}
}

/** Enters a room through the first card. */
export async function play(page: Page, name = "Rocky"): Promise<void> {
	await page.getByTestId("name").fill(name);
	await page.getByTestId("play").click();
	await inside(page);
}

/** Waits until the page is in a room as a player. */
export async function inside(page: Page): Promise<void> {
	await page.waitForFunction(() => globalThis.arena?.mode === "playing" && arena.room?.status === "playing" && arena.room.tick > 0);
}

/** Where the player is. */
export function whereabouts(page: Page): Promise<{ room: string; server: string; seat: number; alias: string; tick: number; status: string }> {
	return page.evaluate(() => {
		const { id, server, seat, alias, tick, status } = arena.room!;
		return { room: id, server, seat, alias, tick, status };
	});
}

/** Waits until some more ticks have come. */
export async function ticks(page: Page, count: number): Promise<void> {
	await page.waitForFunction((until) => arena.room!.tick >= until, (await whereabouts(page)).tick + count);
}

/** Takes a picture, to be looked at. */
export async function picture(page: Page, name: string): Promise<void> {
	await page.screenshot({ path: join(process.env.RINGSIDE_E2E!, "pictures", `${name}.png`), animations: "disabled" });
}
