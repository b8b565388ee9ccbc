// The long form: pages that nobody looks at for an hour, and a laptop whose lid is closed, all at the same time. It prints what was seen.

import assert from "node:assert/strict";
import { join } from "node:path";
import { writeFileSync } from "node:fs";
import test, { after, before, describe, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Chromium, type Tab } from "./cdp.ts";
import { Fleet } from "./fleet.ts";
import { patience, until } from "./patience.ts";

const minute = 60_000;

/** How long pages stay hidden. Timers of a page come once a minute after five. */
const length = Number(process.env.RINGSIDE_E2E_LONG ?? 60) * minute;

/** What a page notes about itself. */
interface Notes {
	frames: number;
	gaps: number[]; // milliseconds without a tick, each above a second
	statuses: string[];
	signs: string[]; // what the page said to the player
	entered: { seatKept: boolean; gap: number; kind: string }[];
	timers: number[]; // when a timer of 250 ms came
}

declare global {
	var notes: Notes;
}

/** Enters a room through the first card, and has the page take notes. */
async function play(tab: Tab, name: string): Promise<void> {
	await waitFor(tab, "first card", () => !!globalThis.arena);
	await tab.call((name) => {
		(document.querySelector('[data-testid="name"]') as HTMLInputElement).value = name;
		(document.querySelector('[data-testid="play"]') as HTMLElement).click();
	}, name);
	await waitFor(tab, "game", () => arena.mode === "playing" && arena.room!.status === "playing" && arena.room!.tick > 0);
	await takeNotes(tab);
}

/** Has the page take notes of the room that it is in. */
const takeNotes = (tab: Tab) =>
	tab.call(() => {
		const notes: Notes = (globalThis.notes = { frames: 0, gaps: [], statuses: [], signs: [], entered: [], timers: [] });
		let last = performance.now();
		const room = arena.room!;
		room.on("frame", () => {
			const now = performance.now();
			notes.frames++;
			if (now - last > 1000) notes.gaps.push(Math.round(now - last));
			last = now;
		});
		room.on("status", (status, e) => notes.statuses.push(e ? `${status} (${e.code})` : status));
		room.on("entered", (m) => m && notes.entered.push({ kind: m.kind, seatKept: m.seatKept, gap: Math.round(m.gap) }));
		new MutationObserver(() => {
			const sign = document.querySelector<HTMLElement>("#sign")!;
			if (!sign.hidden && notes.signs.at(-1) !== sign.textContent) notes.signs.push(sign.textContent!);
		}).observe(document.querySelector("#sign")!, { attributes: true, childList: true, characterData: true, subtree: true });
		setInterval(() => notes.timers.push(performance.now()), 250);
	});

const waitFor = (tab: Tab, what: string, f: () => boolean, limit = patience) => until(what, () => tab.call(f), limit);

const look = (tab: Tab) =>
	tab.call(() => {
		const { id, status, seat, alias, tick, error } = arena.room!;
		const { reconnects, violations, roundTrip } = arena.room!.stats();
		const card = document.querySelector<HTMLElement>("#trouble")!;
		const { timers, ...rest } = notes;
		const recent = timers.filter((t) => t > performance.now() - 300_000).length;
		return { visibility: document.visibilityState, id, status, seat, alias, tick, code: error?.code ?? "", card: card.hidden ? "" : card.innerText, reconnects, violations, roundTrip: Math.round(roundTrip), recent, ...rest };
	});

type Look = Awaited<ReturnType<typeof look>>;

/** What is printed of a page. */
const told = (l: Look) =>
	`${l.visibility}, ${l.status}, seat ${l.seat}, tick ${l.tick}, ${l.reconnects} reconnects, gaps above 1 s: ${JSON.stringify(l.gaps)}, ` +
	`a timer of 250 ms came ${l.recent} times in 5 minutes, moves ${JSON.stringify(l.entered)}, statuses ${JSON.stringify(l.statuses)}, signs ${JSON.stringify(l.signs)}${l.card && `, card: ${l.card}`}`;

/** Prints at once what a diagnostic would tell at the end of the test. */
const say = (t: TestContext, text: string) => console.log(`${new Date().toISOString().slice(11, 19)} ${t.name}: ${text}`);

/** Stays hidden, and holds what must be true at the end: throttled, and still on the same seat. */
async function hidden(t: TestContext, tab: Tab): Promise<void> {
	const before = await look(tab);
	assert.equal(before.visibility, "hidden");
	const end = Date.now() + length;
	while (Date.now() < end) {
		await sleep(Math.min(5 * minute, end - Date.now()));
		say(t, told(await look(tab)));
	}
	const now = await look(tab);
	assert.equal(now.visibility, "hidden");
	if (length >= 7 * minute) assert.ok(now.recent <= 20, "the browser throttles this page's timers");
	assert.deepEqual([now.status, now.seat, now.alias], ["playing", before.seat, before.alias]);
	assert.equal(now.violations, 0);
	assert.ok(now.entered.every((m) => m.seatKept), "every way back led to the seat");
	assert.ok(now.gaps.every((gap) => gap < 10_000), "no long gap");
	const { tick } = await look(tab);
	await until("tick after that", async () => (await look(tab)).tick > tick + 30);
}

describe("pages that nobody looks at", { concurrency: true, timeout: length + 30 * minute }, () => {
	let fleet: Fleet;
	const open: Chromium[] = [];
	const chromium = async () => {
		const c = await Chromium.start();
		open.push(c);
		return c;
	};
	before(async () => {
		fleet = await Fleet.start("-servers", "2");
	});
	after(async () => {
		for (const c of open) await c.stop();
		await fleet?.stop();
		if (fleet) writeFileSync(join(process.env.RINGSIDE_E2E!, "long.log"), fleet.log);
	});

	test("a tab behind another", async (t) => {
		const c = await chromium();
		const tab = await c.open(`${fleet.url}/?room=long-company`);
		await play(tab, "Hidden");
		await c.open("about:blank");
		await waitFor(tab, "hidden page", () => document.hidden);
		await hidden(t, tab);
	});

	test("a phone whose browser is minimised", async (t) => {
		const c = await chromium();
		const tab = await c.open("about:blank");
		await tab.send("Emulation.setDeviceMetricsOverride", { width: 390, height: 844, deviceScaleFactor: 2, mobile: true });
		await tab.send("Emulation.setTouchEmulationEnabled", { enabled: true });
		await tab.send("Page.navigate", { url: `${fleet.url}/?room=long-phone` });
		await play(tab, "Phone");
		await c.minimise(tab);
		await waitFor(tab, "hidden page", () => document.hidden);
		await hidden(t, tab);
	});

	test("a laptop whose lid is closed", async (t) => {
		const c = await chromium();
		const alone = await c.open(`${fleet.url}/?room=long-alone`);
		await play(alone, "Alone");
		const company = await c.open(`${fleet.url}/?room=long-company`);
		await play(company, "Laptop");
		for (const minutes of [2, 15].filter((m) => m * minute < length)) {
			for (const tab of [company, alone]) await takeNotes(tab);
			c.sleep();
			await sleep(minutes * minute);
			c.wake();
			for (const [name, tab] of Object.entries({ company, alone })) {
				const now = await until("way back, or an end", async () => {
					const now = await look(tab);
					return now.status === "ended" || (now.status === "playing" && now.entered.length > 0) ? now : undefined;
				});
				say(t, `${minutes} minutes asleep, room ${name}: ${told(now)}`);
				assert.notEqual(now.code, "lost", "nothing was lost");
				if (now.status === "playing") {
					assert.ok(now.entered.at(-1)!.seatKept || now.signs.some((s) => /new one/.test(s)), "the player hears of the new seat");
					continue;
				}
				// The room is over: the card says so, and one press enters the next one of its name.
				assert.ok(name === "alone" && ["over", "ended"].includes(now.code), now.code);
				await tab.call(() => (document.querySelector('[data-testid="way"]') as HTMLElement).click());
				await waitFor(tab, "game after the press", () => arena.mode === "playing" && arena.room!.status === "playing" && arena.room!.tick > 0);
			}
			assert.equal((await look(company)).seat >= 0, true);
			await sleep(minute / 2);
		}
		await c.stop();
		open.splice(open.indexOf(c), 1);
	});
});
