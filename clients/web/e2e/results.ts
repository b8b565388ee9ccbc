// The pages of results: from the result of a round to its match, to the leaderboard and back, and what they say when there is nothing.

import assert from "node:assert/strict";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import type { Page } from "playwright-core";
import type { Ground } from "./all.ts";
import { phone, picture, play, whereabouts } from "./browser.ts";
import { until } from "./patience.ts";

const wide = { viewport: { width: 1440, height: 900 } };

/** Fails if anything sticks out at the side. */
async function fits(page: Page): Promise<void> {
	const { content, screen } = await page.evaluate(() => ({ content: document.documentElement.scrollWidth, screen: innerWidth }));
	assert.ok(content <= screen, `${page.url()} is ${content} wide on a screen of ${screen}`);
}

/** The room of bots whose rounds are short. */
function shortRoom(ground: Ground): Promise<string> {
	return until("room of bots", async () => {
		const { rooms } = await ground.fleet.ask("/v1/fleet");
		return rooms.find((r: { room: string; connected: number }) => r.connected >= 3 && !/^(q|e2e)-/.test(r.room))?.room;
	});
}

/** Waits until the store has a match. */
function matchStored(ground: Ground): Promise<boolean> {
	return until("stored match", async () => (await ground.fleet.ask("/v1/boards/arena")).standings.length > 0, 60_000);
}

export function resultTests(ground: Ground): void {
	ground.test("a result leads to its match and the leaderboard, which know the player", async () => {
		const short = await shortRoom(ground);
		const page = await ground.visitor.open(`/?room=${short}`, wide);
		await play(page, "Scribe");
		await page.waitForFunction(() => arena.room!.values.match.phase === 1);
		const number = await page.evaluate(() => arena.room!.values.room.match);
		const { alias } = await whereabouts(page);

		// Before its end the match is pending, for whoever has the link.
		const early = await page.context().newPage();
		await early.goto(`${ground.fleet.url}/matches?room=${short}&match=${number}&alias=${alias}`);
		const notice = early.getByTestId("notice");
		await notice.filter({ hasText: "pending" }).waitFor();
		await picture(early, "match-pending");

		await page.getByTestId("result").waitFor({ timeout: 60_000 });
		const [tab] = await Promise.all([page.waitForEvent("popup"), page.getByTestId("to-match").click()]);
		for (const p of [tab, early]) {
			const card = p.getByTestId("match");
			await card.waitFor();
			assert.match(await card.locator(".own").innerText(), /Scribe/, "the own row");
			assert.equal(await card.locator(".own").count(), 1);
			assert.match(await card.innerText(), /bot-1-\d/, "others have names");
		}
		await picture(tab, "match");
		assert.equal(await page.evaluate(() => arena.mode), "playing", "the game goes on beside");

		await tab.getByTestId("leaderboard").click();
		const own = tab.getByTestId("own");
		await own.waitFor();
		assert.match(await own.innerText(), /Scribe/);
		await picture(tab, "leaderboard");
		await tab.getByTestId("matches").click();
		await tab.getByTestId("match").first().waitFor();
		assert.match(await tab.locator("h1").innerText(), /Your matches/);
		await picture(tab, "matches");
		await tab.getByTestId("match").first().locator("header a").nth(1).click();
		await tab.waitForFunction(() => /Matches in/.test(document.querySelector("h1")!.textContent!));
		await tab.getByTestId("match").first().waitFor();
		await tab.getByTestId("match").first().locator("header a").first().click();
		await tab.waitForFunction(() => /Match \d/.test(document.querySelector("h1")!.textContent!));
		assert.equal(await tab.getByTestId("match").count(), 1, "an instance and a match name one match");

		const ids = JSON.stringify(await tab.evaluate(async (room) => {
			const secret = Object.entries(localStorage).find(([name]) => name.startsWith("ringside guest "))![1] as string;
			const headers = { authorization: "Guest " + secret };
			return Promise.all(["v1/boards/arena", "v1/players/me/matches", `v1/rooms/${room}/outcomes`].map(async (p) => (await fetch(p, { headers })).json()));
		}, short));
		assert.ok(ids.includes("Scribe") && !ids.includes("guest-") && !ids.includes('"player"'), `identities are shown: ${ids}`);
	});

	ground.test("pages of results on a phone", async () => {
		await matchStored(ground);
		const page = await ground.visitor.open("/leaderboard", phone);
		await page.getByTestId("standing").first().waitFor();
		await fits(page);
		await picture(page, "phone-leaderboard");
		await page.getByTestId("matches").tap();
		await page.getByTestId("notice").filter({ hasText: "have not played in this browser" }).waitFor();
		await fits(page);
		await picture(page, "phone-matches-empty");
		const short = await shortRoom(ground);
		await page.goto(`${ground.fleet.url}/matches?room=${short}`);
		await page.getByTestId("match").first().waitFor();
		await fits(page);
		await picture(page, "phone-matches");
	});

	ground.test("pages of results that load slowly, fail, or are empty", async () => {
		await matchStored(ground);
		const page = await ground.visitor.open("/fleet", wide);
		const notice = page.getByTestId("notice");
		let go = () => {};
		const slow = new Promise<void>((resolve) => (go = resolve));
		await page.route("**/v1/boards", async (route) => (await slow, route.abort()));
		await page.goto(`${ground.fleet.url}/leaderboard`);
		await notice.filter({ hasText: "Loading" }).waitFor();
		go();
		await notice.filter({ hasText: "cannot be reached" }).waitFor();
		await picture(page, "leaderboard-error");
		await page.unroute("**/v1/boards");
		await notice.getByRole("button", { name: "Try again" }).click();
		await page.getByTestId("standing").first().waitFor();

		await page.route("**/v1/boards/arena*", (route) => route.fulfill({ status: 503, contentType: "application/problem+json", body: `{"detail":"no store"}` }));
		await page.reload();
		await notice.filter({ hasText: "Nothing is lost; try again" }).waitFor();
		await page.unroute("**/v1/boards/arena*");
		await page.goto(`${ground.fleet.url}/leaderboard?board=none`);
		await notice.filter({ hasText: "There is no leaderboard none" }).waitFor();
		await page.goto(`${ground.fleet.url}/leaderboard?board=arena&season=2026-13`);
		await notice.filter({ hasText: "has no season" }).waitFor();
		await picture(page, "leaderboard-season");
		await page.goto(`${ground.fleet.url}/matches?room=e2e-nobody`);
		await notice.filter({ hasText: "No match has ended in this room" }).waitFor();
		await picture(page, "matches-empty");
		await until("links that lead into the room", async () => (await notice.getByRole("link").getAttribute("href")) === "./?room=e2e-nobody");
	});

	ground.test("pages of results in a folder of a proxy", async () => {
		await matchStored(ground);
		const folder = "/games/arena";
		const proxy = createServer((req, res) => {
			if (!req.url!.startsWith(folder + "/")) return res.writeHead(404).end();
			const to = request(ground.fleet.url + req.url!.slice(folder.length), { method: req.method, headers: req.headers }, (answer) => {
				res.writeHead(answer.statusCode!, answer.headers);
				answer.pipe(res);
			});
			req.pipe(to);
		});
		await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
		try {
			const base = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}${folder}`;
			const page = await ground.visitor.open("/fleet");
			await page.goto(base + "/leaderboard");
			await page.getByTestId("standing").first().waitFor();
			await page.getByTestId("matches").click();
			await page.getByTestId("notice").filter({ hasText: "have not played" }).waitFor();
			assert.equal(page.url(), base + "/matches");
			await page.goto(`${base}/matches?room=${await shortRoom(ground)}`);
			await page.getByTestId("match").first().locator("header a").first().click();
			await page.waitForURL(/instance=/);
			await page.getByTestId("match").waitFor();
			assert.ok(page.url().startsWith(base + "/matches?"), page.url());
			await page.getByRole("link", { name: "Play", exact: true }).click();
			await page.getByTestId("home").waitFor();
			assert.equal(page.url(), base + "/");
		} finally {
			proxy.closeAllConnections();
			proxy.close();
		}
	});

	ground.test("a round whose result cannot be stored is pending, and is told when it is", async () => {
		const short = await shortRoom(ground);
		const page = await ground.visitor.open(`/?room=${short}`, wide);
		await play(page, "Waiter");
		await page.waitForFunction(() => arena.room!.values.match.phase === 1);
		ground.fleet.pause("router-1"); // which has the store
		const result = page.getByTestId("result");
		try {
			await result.filter({ hasText: "Result pending" }).waitFor({ timeout: 60_000 });
			await picture(page, "result-pending");
		} finally {
			ground.fleet.resume("router-1");
		}
		await result.filter({ hasText: "Waiter" }).waitFor({ timeout: 60_000 });
	});
}
