// What becomes of a seat when the page or its server goes away: it is there again, in the same page.

import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import type { Ground } from "./all.ts";
import { inside, picture, play, ticks, whereabouts } from "./browser.ts";
import { until } from "./patience.ts";

/** Marks the page, and counts the cards that come over the game. */
function mark(page: Page): Promise<void> {
	return page.evaluate(() => {
		const marks = { cards: 0, signs: [] as string[] };
		Object.assign(globalThis, { marks });
		new MutationObserver(() => {
			if (!document.querySelector<HTMLElement>("#trouble")!.hidden) marks.cards++;
			const sign = document.querySelector<HTMLElement>("#sign")!;
			if (!sign.hidden && marks.signs.at(-1) !== sign.textContent) marks.signs.push(sign.textContent!);
		}).observe(document.body, { subtree: true, attributes: true, childList: true });
	});
}

/** Checks that the same page continues: it was not reloaded, it asked the player nothing, and the server accepts its samples. */
async function goesOn(page: Page, before: Awaited<ReturnType<typeof whereabouts>>): Promise<string[]> {
	const { cards, signs } = await page.evaluate(() => (globalThis as any).marks ?? { cards: "the page was loaded again" });
	assert.equal(cards, 0);
	const now = await whereabouts(page);
	assert.deepEqual([now.room, now.seat, now.alias], [before.room, before.seat, before.alias]);
	const acked = await page.evaluate(() => arena.room!.stats().acked);
	await page.waitForFunction((n) => arena.room!.stats().acked > n + 20, acked);
	await ticks(page, 20);
	assert.equal(await page.evaluate(() => arena.room!.stats().violations), 0);
	return signs;
}

const elsewhere = (page: Page, server: string) =>
	page.waitForFunction((server) => arena.room!.server !== server && arena.room!.status === "playing", server);

export function seatTests(ground: Ground): void {
	ground.test("a reload gives the seat back", async () => {
		const page = await ground.visitor.open();
		await play(page);
		await ticks(page, 30);
		const before = await whereabouts(page);
		await page.reload();
		await inside(page);
		const { room, seat, alias, tick } = await whereabouts(page);
		assert.deepEqual([room, seat, alias], [before.room, before.seat, before.alias]);
		assert.ok(tick > before.tick);
		assert.ok(await page.getByTestId("home").isHidden(), "without another click");

		// Another link in the same tab is an invitation to another room.
		await page.goto(`${ground.fleet.url}/?room=e2e-invited`);
		await page.getByTestId("home").waitFor();
		await play(page);
		assert.equal((await whereabouts(page)).room, "e2e-invited");
		await picture(page, "waiting");
	});

	ground.test("the page's server is drained from the fleet page, and the game goes on", async () => {
		const page = await ground.visitor.open();
		await play(page);
		await mark(page);
		await ticks(page, 30);
		const before = await whereabouts(page);
		const fleet = await page.context().newPage();
		await fleet.goto(`${ground.fleet.url}/fleet`);
		const card = fleet.getByTestId(`server-${before.server}`);
		await card.getByTestId("drain").click();
		await elsewhere(page, before.server);
		await goesOn(page, before);
		assert.ok((await page.evaluate(() => arena.room!.stats().moves)) >= 1);
		await picture(fleet, "fleet");
		await card.getByTestId("undrain").click();
		await card.getByTestId("drain").waitFor();
		await fleet.close();
	});

	ground.test("a server that sees too little of its fleet pauses, and says so", async () => {
		const page = await ground.visitor.open();
		await play(page);
		await mark(page);
		await ticks(page, 30);
		const before = await whereabouts(page);
		const others = ["router-1", "game-1", "game-2", "game-3"].filter((n) => n !== before.server);
		ground.fleet.pause(...others);
		try {
			await page.waitForFunction(() => arena.room!.status === "suspended");
			await page.waitForFunction(() => /Nothing is lost/.test(document.querySelector("#sign")!.textContent!));
			await picture(page, "suspended");
		} finally {
			ground.fleet.resume(...others);
		}
		await page.waitForFunction(() => arena.room!.status === "playing");
		await goesOn(page, before);
	});

	ground.test("the page's server is killed, and the game goes on", async (t) => {
		const page = await ground.visitor.open();
		await play(page);
		await mark(page);
		await ticks(page, 60);
		const before = await whereabouts(page);
		// Its copies must be whole, as they are a moment after the suspended fleet went on.
		await until("copy of the room elsewhere", async () => {
			const { rooms } = await ground.fleet.ask("/v1/fleet");
			return rooms.find((r: { room: string; standbys?: string[] }) => r.room === before.room)?.standbys?.length;
		});
		const { server } = await whereabouts(page);
		await page.evaluate(() => {
			const gap = { longest: 0, last: performance.now() };
			Object.assign(globalThis, { gap });
			arena.room!.on("frame", () => {
				gap.longest = Math.max(gap.longest, performance.now() - gap.last);
				gap.last = performance.now();
			});
		});
		ground.fleet.kill(server);
		await elsewhere(page, server);
		const signs = await goesOn(page, before);
		const gap = await page.evaluate(() => (globalThis as any).gap.longest as number);
		t.diagnostic(`longest wait for a tick ${gap.toFixed(0)} ms; signs: ${JSON.stringify(signs)}`);
		await picture(page, "after-kill");
	});
}
