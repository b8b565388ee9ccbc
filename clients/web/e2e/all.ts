// All end-to-end tests, one after another on one fleet and in one browser. The fleet has partners that keep people company,
// and a room of bots whose rounds are short.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { after, afterEach, before, describe, type TestContext } from "node:test";
import type { Browser } from "playwright-core";
import { launch, Visitor } from "./browser.ts";
import { Fleet } from "./fleet.ts";
import { inspectTests } from "./inspect.ts";
import { partyTests } from "./party.ts";
import { phoneTests } from "./phone.ts";
import { playTests } from "./play.ts";
import { privateTests } from "./private.ts";
import { resultTests } from "./results.ts";
import { seatTests } from "./seats.ts";
import { troubleTests } from "./trouble.ts";

/** What a test works with. */
export interface Ground {
	readonly fleet: Fleet;
	readonly visitor: Visitor;
	/** A test; of one that fails there are pictures. */
	test(name: string, f: (t: TestContext) => Promise<void>): void;
}

describe("the arena in a browser", { timeout: 600_000 }, () => {
	let fleet: Fleet;
	let browser: Browser;
	let visitor: Visitor;
	before(async () => {
		[fleet, browser] = await Promise.all([Fleet.start("-servers", "3", "-bots", "1", "-players", "3", "-spar", "5", "-state", join(process.env.RINGSIDE_E2E!, "state")), launch()]);
		visitor = new Visitor(browser, () => fleet.url);
	});
	afterEach(() => visitor.close());
	after(async () => {
		await browser?.close();
		await fleet?.stop();
		if (fleet) writeFileSync(join(process.env.RINGSIDE_E2E!, "fleet.log"), fleet.log);
	});
	const ground: Ground = {
		get fleet() {
			return fleet;
		},
		get visitor() {
			return visitor;
		},
		test: (name, f) =>
			void test(name, async (t) => {
				try {
					await f(t);
				} catch (e) {
					await visitor.failed(name);
					throw e;
				}
			}),
	};
	playTests(ground);
	phoneTests(ground);
	troubleTests(ground);
	privateTests(ground);
	resultTests(ground);
	partyTests(ground);
	inspectTests(ground);
	seatTests(ground); // last, since it ends servers
});
