// The inspector, on a room of bots: what it shows is what the room has, and what it sends arrives.

import assert from "node:assert/strict";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import type { Page } from "playwright-core";
import type { Ground } from "./all.ts";
import { phone, picture } from "./browser.ts";
import { until } from "./patience.ts";

const wide = { viewport: { width: 1440, height: 900 } };

/** A room in which bots play. */
async function busy(ground: Ground): Promise<string> {
	return until("room of bots", async () => {
		const { rooms } = await ground.fleet.ask("/v1/fleet");
		return rooms.find((r: { game: string; players: number }) => r.game === "arena" && r.players >= 2)?.room as string | undefined;
	});
}

const cells = (page: Page, table: string) => page.getByTestId(`table-${table}`).locator("td").allTextContents();

/** Waits until the page has had so many more ticks. */
async function ticked(page: Page): Promise<void> {
	const tick = () => page.locator("#where").textContent();
	const before = await tick();
	await until("next tick", async () => (await tick()) !== before);
}

export function inspectTests(ground: Ground): void {
	ground.test("the inspector shows a room live, with what costs", async () => {
		const room = await busy(ground);
		const page = await ground.visitor.open(`/inspect/${room}`, wide);
		await page.getByTestId("table-fighters").waitFor();
		await ticked(page);
		await page.locator("#status[data-state=playing]").waitFor();
		for (const table of ["fighters", "walls", "match", "shots", "seats", "room"]) assert.ok(await page.getByTestId(`table-${table}`).isVisible(), table);
		await until("cell that flashes", () => page.locator("td.flash").count());
		await until("who plays, as the fleet has it", async () => {
			const { rooms } = await ground.fleet.ask("/v1/fleet");
			const { players } = rooms.find((r: { room: string }) => r.room === room);
			return (await page.getByTestId("table-seats").locator("tbody tr").count()) === players;
		});
		await until("what only owners see, for an operator", async () => !(await cells(page, "fighters")).includes("·"));
		await until("cost of the fighters", async () => /fighters[1-9]/.test((await page.getByTestId("cost").textContent())!));
		assert.match((await page.getByTestId("cost-sum").textContent())!, /^[1-9][\d.]* bytes a tick, .* MB an hour/);
		assert.ok(await page.locator("#play").isHidden(), "a spectator sends nothing");
		await until("event of the game", async () => (await page.getByTestId("log").textContent())!.includes("event shots"));
		await picture(page, "inspect-spectator");
		const small = await ground.visitor.open(`/inspect/${room}`, phone);
		await small.getByTestId("table-fighters").waitFor();
		assert.ok((await small.evaluate(() => document.documentElement.scrollWidth)) <= 390, "nothing is wider than a phone");
		await picture(small, "inspect-phone");
	});

	ground.test("the inspector plays: inputs and messages arrive, and a cut line heals", async () => {
		const page = await ground.visitor.open("/inspect/e2e-inspected?game=arena&role=player", wide);
		await page.getByTestId("send").waitFor();
		const own = page.getByTestId("table-fighters").locator("tr.own");
		await own.waitFor();
		const ammo = async () => (await own.locator("td").allTextContents())[11];
		assert.equal(await ammo(), "12", "the own row has what only its owner sees");
		const place = async () => (await own.locator("td").allTextContents()).slice(0, 2).join();
		const before = await place();
		await page.getByTestId("input-move_x").fill("127");
		await page.getByTestId("hold").check();
		await until("fighter that walks", async () => (await place()) !== before);
		await page.getByTestId("hold").uncheck();
		await page.getByTestId("input-move_x").fill("0");
		await page.getByTestId("send").click();
		await until("word that the input was processed", async () => /processed after \d+ ms/.test((await page.getByTestId("log").textContent())!));
		await page.getByTestId("message").fill("hello there");
		await page.getByTestId("send-message").click();
		await until("message in the log", async () => (await page.getByTestId("log").textContent())!.includes("sent messagehello there"));

		await page.getByTestId("cut").click();
		await until("way back", async () => /came back[1-9]/.test((await page.getByTestId("figures").textContent())!));
		await page.locator("#status[data-state=playing]").waitFor();
		await ticked(page);
		assert.equal(await page.getByTestId("table-fighters").locator("tr.own").count(), 1, "on the same seat");
		await picture(page, "inspect-player");
		await page.getByTestId("leave").click();
		await page.locator("#status[data-state=idle]").waitFor();
		assert.equal(await page.getByTestId("table-fighters").count(), 0);
	});

	ground.test("who is no operator does not see what is hidden", async () => {
		const room = await busy(ground);
		const page = await ground.visitor.open("/", wide);
		await page.route("**/v1/fleet/operator", (route) => route.fulfill({ json: { allowed: false, token: true } }));
		const asked: string[] = [];
		page.on("request", (r) => asked.push(new URL(r.url()).pathname));
		await page.goto(`${ground.fleet.url}/inspect/${room}`);
		await page.getByTestId("table-fighters").waitFor();
		await page.getByTestId("operator").waitFor();
		for (let i = 0; i < 3; i++) await ticked(page);
		assert.ok((await cells(page, "fighters")).includes("·"));
		assert.ok(!asked.some((path) => path.endsWith("/state")), "it does not ask for it either");
	});

	ground.test("the inspector works behind a proxy that shows the router in a folder", async () => {
		const proxy = createServer((req, res) => {
			const to = request(ground.fleet.url + req.url!.replace(/^\/game/, ""), { method: req.method, headers: req.headers }, (answer) => {
				res.writeHead(answer.statusCode!, answer.headers);
				answer.pipe(res);
			});
			req.pipe(to);
		});
		await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
		try {
			const page = await ground.visitor.open("/", wide);
			await page.goto(`http://127.0.0.1:${(proxy.address() as AddressInfo).port}/game/inspect/${await busy(ground)}`);
			await page.getByTestId("table-fighters").waitFor();
			await ticked(page);
		} finally {
			proxy.closeAllConnections();
			proxy.close();
		}
	});

	ground.test("the inspector asks for what it does not know", async () => {
		const page = await ground.visitor.open("/inspect/", wide);
		await page.getByTestId("room-input").fill("e2e-inspected-2");
		await page.getByTestId("game-input").fill("chess");
		await page.getByTestId("enter").click();
		await page.locator("#status[data-state=ended]").waitFor();
		assert.match((await page.getByTestId("status").textContent())!, /^ended: .+/);
		await page.getByTestId("game-input").fill("arena");
		await page.getByTestId("enter").click();
		await page.getByTestId("table-fighters").waitFor();
		assert.match(page.url(), /\/inspect\/e2e-inspected-2\?game=arena&role=spectator$/);
	});
}
