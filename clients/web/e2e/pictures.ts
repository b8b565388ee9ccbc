// The pictures of the README, from the real pages on a real fleet: the arena, the fleet with rooms in flight, and the seconds around a
// kill -9 of the server that the player is on; and the pages of the examples. `make pictures` runs it.

import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Page } from "playwright-core";
import { inside, launch, play, whereabouts } from "./browser.ts";
import { examples } from "./examples.ts";
import { Fleet } from "./fleet.ts";
import { until } from "./patience.ts";

const out = process.env.RINGSIDE_E2E!;
const docs = join(process.env.RINGSIDE_ROOT!, "docs", "pictures");
const desk = { viewport: { width: 1440, height: 900 } };

/** Frames of the animation a second, its length, and when in it the server dies; seconds. */
const rate = 10;
const length = 9;
const death = 3;

/** Steers the own fighter about, so that the animation shows one that plays. */
async function steer(page: Page, stop: AbortSignal): Promise<void> {
	for (let n = 0; !stop.aborted; n++) {
		const key = ["KeyD", "KeyS", "KeyA", "KeyW"][n % 4]!;
		await page.keyboard.down(key);
		await page.mouse.move(720 + 300 * Math.cos(n), 450 + 200 * Math.sin(n));
		await sleep(450);
		await page.keyboard.up(key);
	}
}

/** Films the page while its server is killed. */
async function film(page: Page, fleet: Fleet): Promise<void> {
	const dir = join(out, "film");
	mkdirSync(dir, { recursive: true });
	const glass = await page.context().newCDPSession(page);
	const shots: { at: number; data: string }[] = [];
	glass.on("Page.screencastFrame", ({ data, sessionId, metadata }) => {
		shots.push({ at: metadata.timestamp!, data });
		void glass.send("Page.screencastFrameAck", { sessionId });
	});
	await glass.send("Page.startScreencast", { format: "jpeg", quality: 90, maxWidth: 960, maxHeight: 600, everyNthFrame: 3 });
	await sleep(death * 1000);
	const { server } = await whereabouts(page);
	fleet.kill(server);
	await sleep((length - death) * 1000);
	await glass.send("Page.stopScreencast");
	// The newest shot at each moment of the film.
	const begun = shots[0]!.at;
	for (let n = 0; n < length * rate; n++) {
		const shot = shots.findLast((s) => s.at <= begun + n / rate)!;
		writeFileSync(join(dir, `${String(n).padStart(3, "0")}.jpg`), Buffer.from(shot.data, "base64"));
	}
	execFileSync(process.env.CONVERT!, ["-delay", String(100 / rate), "-loop", "0", join(dir, "*.jpg"), "-resize", "720x", "+dither", "-colors", "64", "-fuzz", "3%", "-layers", "optimize", join(docs, "kill.gif")]);
	console.log(`${server} was killed; the player is on ${(await whereabouts(page)).server}; ${shots.length} shots`);
}

async function main(): Promise<void> {
	mkdirSync(docs, { recursive: true });
	await examples(docs);
	const fleet = await Fleet.start("-servers", "4", "-bots", "12", "-players", "6", "-spar", "6");
	const browser = await launch();
	const done = new AbortController();
	let hands: Promise<void> | undefined;
	try {
		const page = await (await browser.newContext(desk)).newPage();
		await page.goto(fleet.url);
		await play(page);
		await page.waitForFunction(() => arena.room!.tables.fighters.size >= 4 && arena.room!.tables.fighters.get(arena.room!.seat)?.alive);
		hands = steer(page, done.signal);
		await sleep(4000);
		await page.screenshot({ path: join(docs, "arena.png") });

		const map = await (await browser.newContext(desk)).newPage();
		await map.goto(`${fleet.url}/fleet`);
		await until("fleet page with servers", () => map.getByText("game-4").first().isVisible());
		await sleep(6000); // for the plots
		const { server } = await whereabouts(page);
		const other = ["game-1", "game-2", "game-3", "game-4"].find((s) => s !== server)!;
		const drained = fetch(`${fleet.url}/v1/fleet/servers/${other}/drain`, { method: "POST" });
		await sleep(700); // its rooms are in flight
		await map.screenshot({ path: join(docs, "fleet.png") });
		await drained;
		await map.close();

		await page.keyboard.press("n");
		await inside(page);
		await film(page, fleet);
	} finally {
		done.abort();
		await hands;
		await browser.close();
		await fleet.stop();
	}
}

await main();
