// What goes wrong for a player: each time a plain sentence, and a button that does the next sensible thing.

import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import type { Page } from "playwright-core";
import WebSocket from "ws";
import { arenaOptions, type Arena } from "../arena/game.ts";
import { join, type Room } from "../sdk/index.ts";
import type { Ground } from "./all.ts";
import { desktop, inside, picture, play, whereabouts } from "./browser.ts";
import { Proxy } from "./proxy.ts";

/** Waits for the card with an error, and gives its sentence. */
async function trouble(page: Page, code: string): Promise<string> {
	const card = page.getByTestId("trouble");
	await card.waitFor();
	assert.equal(await card.getAttribute("data-code"), code, await card.innerText());
	await picture(page, `trouble-${code}`);
	const sentence = await page.locator("#trouble-text").innerText();
	assert.match(sentence, /^[A-Z].*\.$/, "a sentence");
	assert.doesNotMatch(sentence, /\d{3}|undefined|WebSocketError/, "a plain one");
	return sentence;
}

const press = async (page: Page) => {
	await page.getByTestId("name").fill("Rocky");
	await page.getByTestId("play").click();
};

export function troubleTests(ground: Ground): void {
	ground.test("a full room: watch it, or find another match", async () => {
		const id = "e2e-full";
		const seated: Room<Arena>[] = [];
		const sit = async () => {
			const room = join<Arena>({ ...arenaOptions(), router: ground.fleet.url, room: id, options: { seats: 2 }, storage: null, WebSocket: WebSocket as any });
			seated.push(room);
			await room.entered;
		};
		try {
			await sit();
			await sit();
			const page = await ground.visitor.open(`/?room=${id}`);
			await press(page);
			assert.match(await trouble(page, "full"), /full/);
			await page.getByRole("button", { name: "Watch this one" }).click();
			await page.getByTestId("watching").waitFor();
			assert.equal((await whereabouts(page)).room, id);
			await page.getByTestId("join-in").click();
			await trouble(page, "full");
			await page.getByRole("button", { name: "Find another match" }).click();
			await inside(page);
			assert.notEqual((await whereabouts(page)).room, id);
		} finally {
			for (const room of seated) room.leave();
		}
	});

	ground.test("an old page at a new server: load it again", async () => {
		const page = await ground.visitor.open();
		// The page as it was built for another arena.
		await page.route("**/assets/arena.js", async (route) => {
			const answer = await route.fetch();
			const text = await answer.text();
			const old = text.replace(/BigInt\((\w+)\.fingerprint\)/, "BigInt(1)");
			assert.notEqual(old, text, "the bundle has the fingerprint");
			// Not with the tag of the page as it is, or the browser would keep this one.
			await route.fulfill({ status: 200, contentType: "text/javascript", headers: { "Cache-Control": "no-store" }, body: old });
		});
		await page.reload();
		await press(page);
		assert.match(await trouble(page, "outdated"), /[Ll]oad/);
		await page.unroute("**/assets/arena.js");
		await page.getByRole("button", { name: "Load the page again" }).click();
		await play(page);
	});

	ground.test("a page that has become old while it plays: load it again, into the same seat", async () => {
		const page = await ground.visitor.open();
		let update: (() => void) | undefined;
		await page.routeWebSocket(/\/connect$/, (ws) => {
			const server = ws.connectToServer();
			update = () => {
				void server.close();
				void ws.close({ code: 4006, reason: "the game has another schema here" });
			};
		});
		await play(page);
		const before = await whereabouts(page);
		update!();
		assert.match(await trouble(page, "outdated"), /[Ll]oad/);
		await page.getByRole("button", { name: "Load the page again" }).click();
		await inside(page);
		const { room, seat, alias } = await whereabouts(page);
		assert.deepEqual([room, seat, alias], [before.room, before.seat, before.alias]);
	});

	ground.test("a room that has ended: find another match", async () => {
		const page = await ground.visitor.open();
		let end: (() => void) | undefined;
		await page.routeWebSocket(/\/connect$/, (ws) => {
			const server = ws.connectToServer();
			end = () => {
				void server.close();
				void ws.close({ code: 4012, reason: "ended" });
			};
		});
		await play(page);
		end!();
		assert.match(await trouble(page, "ended"), /ended/);
		await page.getByRole("button", { name: "Find another match" }).click();
		await inside(page);
	});

	ground.test("the same player elsewhere: play here again", async () => {
		const page = await ground.visitor.open();
		await play(page);
		const { alias, seat } = await whereabouts(page);
		const kept = await page.evaluate(() => ({ ...sessionStorage }));
		const other = await page.context().newPage();
		await other.addInitScript((kept) => Object.assign(sessionStorage, kept), kept);
		await other.goto(page.url());
		await inside(other);
		await trouble(page, "replaced");
		await page.getByTestId("way").click();
		await inside(page);
		const now = await whereabouts(page);
		assert.deepEqual([now.alias, now.seat], [alias, seat]);
		await trouble(other, "replaced");
	});

	ground.test("a page that is frozen for a while comes back to its seat", async () => {
		const page = await ground.visitor.open();
		await play(page);
		const { alias, seat } = await whereabouts(page);
		const cdp = await page.context().newCDPSession(page);
		await cdp.send("Page.setWebLifecycleState", { state: "frozen" });
		await sleep(6000); // longer than a server may be silent, shorter than a seat is held
		await cdp.send("Page.setWebLifecycleState", { state: "active" });
		const tick = await page.evaluate(() => arena.room!.tick);
		await page.waitForFunction((tick) => arena.room!.status === "playing" && arena.room!.tick > tick + 60, tick);
		const now = await whereabouts(page);
		assert.deepEqual([now.alias, now.seat], [alias, seat]);
	});

	ground.test("any text in a link leads to a room", async () => {
		const page = await ground.visitor.open(`/?room=${encodeURIComponent("Überraum / 7")}`);
		await play(page, "李".repeat(32));
		assert.equal((await whereabouts(page)).room, "Uberraum-7");
	});

	ground.test("a router that is down, and a proxy without WebSockets", async () => {
		const [down, deaf] = [new Proxy(true), new Proxy(false)];
		try {
			const [page, other] = [
				await ground.visitor.open("/", { ...desktop, proxy: { server: await down.start() } }),
				await ground.visitor.open("/", { ...desktop, proxy: { server: await deaf.start() } }),
			];
			down.cut(true);
			await press(page);
			await press(other);
			assert.match(await trouble(page, "unreachable"), /cannot be reached/);
			down.cut(false);
			await page.getByTestId("way").click();
			await inside(page);
			assert.match(await trouble(other, "blocked"), /WebSocket/);
			await other.getByRole("button", { name: "Back" }).click();
			await other.getByTestId("home").waitFor();
		} finally {
			await ground.visitor.close();
			await Promise.all([down.stop(), deaf.stop()]);
		}
	});
}
