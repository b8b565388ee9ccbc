// Pictures of the examples' pages, each with a game that is played by two or three people.

import { spawn } from "node:child_process";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Browser, Page } from "playwright-core";
import { launch, phone } from "./browser.ts";
import { until } from "./patience.ts";

const out = process.env.RINGSIDE_E2E!;
const desk = { viewport: { width: 1440, height: 900 } };

/** Plays an example's game with two or three pages, the second one on a phone, and takes pictures of the first two. */
async function example(browser: Browser, name: string, people: number, docs: string, plays: (pages: Page[]) => Promise<void>): Promise<void> {
	const up = spawn(join(out, "bin", "ringside"), ["up", `./${name}`, "-free-ports", "-servers", "1", "-log-level", "warn"], {
		cwd: join(process.env.RINGSIDE_ROOT!, "gameserver", "examples"),
		env: Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("RINGSIDE_"))), // the command refuses those that it does not know
		stdio: ["ignore", "pipe", "inherit"],
	});
	const ended = new Promise((resolve) => up.once("exit", resolve));
	try {
		let said = "";
		up.stdout.on("data", (data) => (said += data));
		await until(`page of ${name}`, () => up.exitCode !== null || /play it +http:\S+\//.test(said), 300_000);
		const pages: Page[] = [];
		for (const [i, who] of ["Ann", "Bob", "Cleo"].slice(0, people).entries()) {
			const page = await (await browser.newContext(i === 1 ? phone : desk)).newPage();
			await page.goto(`${/play it +(http:\S+\/)/.exec(said)![1]}?name=${who}`);
			await page.waitForFunction(() => document.getElementById("status")!.textContent !== "connecting");
			pages.push(page);
		}
		await plays(pages);
		// As PNG their gradients are half a megabyte each.
		await pages[0]!.screenshot({ path: join(docs, `${name}.jpg`), quality: 85 });
		await pages[1]!.screenshot({ path: join(docs, `${name}-phone.jpg`), quality: 85, scale: "css" });
	} finally {
		up.kill("SIGTERM");
		await ended;
	}
}

/** Takes pictures of the pages of gameserver/examples into docs. */
export async function examples(docs: string): Promise<void> {
	const browser = await launch();
	try {
		await example(browser, "noughts", 2, docs, async (pages) => {
			for (const [i, cell] of [4, 0, 2, 6, 3].entries()) {
				await pages[i % 2]!.locator("#game button").nth(cell).click();
				await sleep(300);
			}
		});
		await example(browser, "cards", 3, docs, async (pages) => {
			const mine = (page: Page) => page.locator("#hand .card:enabled").first();
			let player: Page | undefined;
			await until("somebody's turn", async () => {
				for (const page of pages) if (await mine(page).isVisible()) player = page;
				return player !== undefined;
			});
			await mine(player!).click();
			await sleep(500);
		});
		await example(browser, "hockey", 2, docs, async ([page]) => {
			for (let i = 0; i < 60; i++) {
				await page!.mouse.move(720 + 110 * Math.sin(i / 5), 640 - 90 * Math.abs(Math.cos(i / 7)));
				await sleep(50);
			}
		});
	} finally {
		await browser.close();
	}
}
