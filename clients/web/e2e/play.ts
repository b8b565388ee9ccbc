// Playing: one click to opponents, moves that show at once, others that move evenly, a round to its end, watching.

import assert from "node:assert/strict";
import type { Fighter } from "../arena/game.ts";
import type { Ground } from "./all.ts";
import { inside, picture, play, whereabouts } from "./browser.ts";
import { until } from "./patience.ts";

/** Frames until a key that is pressed shows. */
const atOnce = 2;

/** What was drawn of others. */
interface Seen {
	frames: number;
	passed: number; // seconds
	shown: number; // seconds of the game
	work: number; // milliseconds for a frame
	places: number; // at which fighters were drawn
	off: number; // most that one was beside the line between where the server had it at two ticks; units
	longest: number; // step of a frame
	back: number; // frames in which the moment that is shown went back
	fastest: number; // how fast it went, against the clock, over a quarter of a second
	walked: Record<string, number>; // by seat
}

/**
 * In the page: compares for some time where fighters are drawn with where the server's ticks had them. In a tick a fighter
 * goes as far as its samples take it, which may be four steps where they were late; but between two ticks it is drawn on a
 * line, and the moment that is drawn moves evenly, so that nothing jumps that did not.
 */
function watchOthers(time: number): Promise<Seen> {
	const room = arena.room!;
	const kept = new Map<number, Map<number, { x: number; y: number; alive: boolean }>>(); // by tick and seat
	room.on("frame", (tick) => {
		const places = new Map<number, { x: number; y: number; alive: boolean }>();
		room.tables.fighters.forEach(({ x, y, alive }, seat) => places.set(seat, { x, y, alive }));
		kept.set(tick, places);
	});
	const seen: Seen = { frames: 0, passed: 0, shown: 0, work: 0, places: 0, off: 0, longest: 0, back: 0, fastest: 0, walked: {} };
	const was = new Map<number, { x: number; y: number }>();
	const moments: { now: number; tick: number }[] = [];
	let begun: { now: number; tick: number } | undefined;
	return new Promise((resolve) => {
		arena.afterFrame = (now) => {
			const { tick } = room.view(now)!;
			if (room.stats().tickGap > 700) moments.length = 0; // the machine stood still: what comes then catches up, or jumps
			const last = moments.at(-1);
			if (last && tick < last.tick) seen.back++;
			moments.push({ now, tick });
			// A moment that has fallen a second behind jumps, as the SDK says; what is looked at is shorter.
			const before = moments.findLast((m) => now - m.now >= 250 && now - m.now < 500);
			if (before) seen.fastest = Math.max(seen.fastest, ((tick - before.tick) / room.tickRate / (now - before.now)) * 1000);
			const [from, to] = [kept.get(Math.floor(tick)), kept.get(Math.ceil(tick))];
			arena.stage.figures.drawn.forEach(({ x, y, alive }, seat) => {
				const [a, b] = [from?.get(seat), to?.get(seat)];
				// Who was put elsewhere, in a new life or with a new round, is nowhere between.
				if (!a?.alive || !b?.alive || !alive || Math.hypot(b.x - a.x, b.y - a.y) > 40) {
					was.delete(seat);
					return;
				}
				const share = tick - Math.floor(tick);
				seen.places++;
				seen.off = Math.max(seen.off, Math.hypot(a.x + (b.x - a.x) * share - x, a.y + (b.y - a.y) * share - y));
				const before = was.get(seat);
				const by = before ? Math.hypot(x - before.x, y - before.y) : 0;
				seen.longest = Math.max(seen.longest, by);
				seen.walked[seat] = (seen.walked[seat] ?? 0) + by;
				was.set(seat, { x, y });
			});
			seen.frames++;
			const first = begun ??= moments[0]!;
			if (now - first.now < time) return;
			arena.afterFrame = undefined;
			seen.passed = (now - first.now) / 1000;
			seen.shown = (tick - first.tick) / room.tickRate;
			seen.work = arena.frameTime;
			resolve(seen);
		};
	});
}

export function playTests(ground: Ground): void {
	ground.test("one click, and there are opponents", async () => {
		const page = await ground.visitor.open();
		await picture(page, "home");
		await play(page);
		await page.waitForFunction(() => arena.room!.tables.fighters.size >= 3);
		const { room, seat } = await whereabouts(page);
		assert.ok(seat >= 0);
		assert.equal(new URL(page.url()).searchParams.get("room"), room, "the address brings others here");
		const names = await page.getByTestId("standings").innerText();
		assert.match(names, /Rocky/);
		assert.match(names, /Jab|Hook|Cross|Feint|Slip|Weave|Bolo|Clinch|Parry|Haymaker|Uppercut|Southpaw/);
		await page.mouse.move(700, 300);
		await page.mouse.down();
		await page.waitForFunction(() => (arena.room!.predicted() as any)?.ammo < 12);
		await picture(page, "match");
		await page.mouse.up();

		await page.keyboard.press("n");
		await page.waitForFunction(() => /\d ms/.test(document.querySelector('[data-curve="round trip"] b')!.textContent!));
		await picture(page, "network");
		await page.keyboard.press("n");

		await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
		await page.getByTestId("share").click();
		await page.waitForFunction(() => /copied/.test(document.querySelector("#sign")!.textContent!));
		assert.equal(await page.evaluate(() => navigator.clipboard.readText()), `${ground.fleet.url}/?room=${room}`);
	});

	ground.test("the own fighter moves at once with 150 ms of latency", async (t) => {
		const page = await ground.visitor.open("/?room=e2e-alone&latency=150");
		await play(page);
		await until("round trip of 300 ms and more", () => page.evaluate(() => arena.room!.stats().roundTrip >= 300));
		// Alone in a room nobody disturbs. The first spawns are at the sides, so that one of two keys leads to free ground.
		const key = await page.evaluate(() => (arena.stage.figures.drawn.get(arena.room!.seat)!.x < 512 ? "KeyD" : "KeyA"));
		await page.evaluate((key) => {
			const seen = { pressed: -1, moved: -1, server: -1, frame: 0, drawn: [] as number[] };
			const own = () => arena.stage.figures.drawn.get(arena.room!.seat)!.x;
			const servers = () => arena.room!.tables.fighters.get(arena.room!.seat)!.x;
			const [from, serversFrom] = [own(), servers()];
			addEventListener("keydown", (e) => e.code === key && (seen.pressed = seen.frame), { once: true, capture: true });
			arena.afterFrame = () => {
				seen.frame++;
				seen.drawn.push(own());
				if (seen.moved < 0 && Math.abs(own() - from) > 0.01) seen.moved = seen.frame;
				if (seen.server < 0 && servers() !== serversFrom) seen.server = seen.frame;
			};
			Object.assign(globalThis, { seen });
		}, key);
		await page.keyboard.down(key);
		await page.waitForFunction(() => (globalThis as any).seen.server > 0);
		await page.keyboard.up(key);
		const seen = await page.evaluate(() => (globalThis as any).seen);
		t.diagnostic(`moved ${seen.moved - seen.pressed} frames after the key, the server's answer came after ${seen.server - seen.pressed}`);
		assert.ok(seen.pressed >= 0 && seen.moved > seen.pressed && seen.moved - seen.pressed <= atOnce, JSON.stringify(seen));
		assert.ok(seen.server > seen.moved, "before the server's answer");
		await until("agreement to the bit with the server, at rest", () =>
			page.evaluate(() => {
				const { x, y, vx } = arena.room!.tables.fighters.get(arena.room!.seat)!;
				const own = arena.room!.predicted() as Fighter;
				return vx === 0 && own.x === x && own.y === y && own.vx === 0;
			}),
		);
	});

	ground.test("others move without jumps and do not stand still", async (t) => {
		const page = await ground.visitor.open();
		await page.getByTestId("watch").click();
		await page.waitForFunction(() => arena.mode === "watching" && arena.room!.tables.fighters.size >= 3);
		const seen = await page.evaluate(watchOthers, 5000);
		t.diagnostic(
			`${seen.frames} frames in ${seen.passed.toFixed(1)} s (${(seen.frames / seen.passed).toFixed(0)} a second), each drawn in ${seen.work.toFixed(2)} ms; ` +
				`${seen.places} places, at most ${seen.off.toFixed(3)} units off the line between two ticks, steps of up to ${seen.longest.toFixed(1)} units`,
		);
		assert.ok(seen.frames > 30 && seen.places > 50, JSON.stringify(seen));
		assert.ok(seen.off < 0.1, `somebody was drawn ${seen.off} units beside where they were between two ticks`);
		assert.equal(seen.back, 0, "the moment that is shown goes back");
		assert.ok(seen.fastest < 1.6, `the moment that is shown went ${seen.fastest} times as fast as the clock`);
		assert.ok(seen.shown > 0.5 * seen.passed, `${seen.shown} s of the game were shown in ${seen.passed} s`);
		assert.ok(Object.values(seen.walked).filter((by) => by > 50).length >= 2, `walked: ${JSON.stringify(seen.walked)}`);
	});

	ground.test("a round by keyboard, to its result", async () => {
		const { rooms } = await ground.fleet.ask("/v1/fleet");
		const short = rooms.find((r: { room: string }) => !r.room.startsWith("q-") && !r.room.startsWith("e2e-"));
		const page = await ground.visitor.open(`/?room=${short.room}`);
		await play(page, "Keys");
		assert.match(await page.getByTestId("time").innerText(), /^\d:\d\d$/);
		await page.waitForFunction(() => {
			const { phase, ends_at } = arena.room!.values.match;
			return phase === 1 && ends_at - arena.room!.tick > 7 * arena.room!.tickRate; // enough of a round to be seen
		});
		// A kill is told for some seconds only.
		await page.evaluate(() => {
			const kills: string[] = [];
			Object.assign(globalThis, { kills });
			new MutationObserver((changes) => changes.forEach((c) => c.addedNodes.forEach((n) => kills.push(n.textContent!)))).observe(document.querySelector("#feed")!, { childList: true });
		});
		let fell = false;
		let n = 0;
		await until(
			"result of the round",
			async () => {
				const key = ["KeyW", "KeyD", "ArrowDown", "ArrowLeft"][n++ % 4]!;
				await page.keyboard.down("Space");
				await page.keyboard.down(key);
				await page.waitForTimeout(300);
				await page.keyboard.up(key);
				const banner = await page.getByTestId("banner").innerText();
				if (banner === "You are down" && !fell) {
					fell = true;
					await picture(page, "down");
				}
				return page.getByTestId("result").isVisible();
			},
			60_000,
		);
		await page.keyboard.up("Space");
		await picture(page, "result");
		assert.match(await page.getByTestId("result").innerText(), /Keys/);
		const told = (await page.evaluate(() => (globalThis as any).kills)) as string[];
		assert.ok(told.length > 0 && told.every((t) => /(Keys|bot-1-\d)/.test(t)), `kills: ${told}`);
		assert.ok(n > 5, `${n} keys`);
		await page.getByTestId("result").waitFor({ state: "hidden" });
		await page.waitForFunction(() => arena.room!.values.match.phase === 1);
		assert.equal(await page.evaluate(() => arena.room!.stats().violations), 0);
	});

	ground.test("who watches can take a seat", async () => {
		const page = await ground.visitor.open();
		await page.getByTestId("watch").click();
		await page.getByTestId("watching").waitFor();
		assert.equal((await whereabouts(page)).seat, -1);
		await page.waitForFunction(() => arena.room!.tables.fighters.size >= 3);
		await picture(page, "watching");
		const { room } = await whereabouts(page);
		await page.getByTestId("join-in").click();
		await inside(page);
		assert.equal((await whereabouts(page)).room, room);
		await page.getByTestId("leave").click();
		await page.getByTestId("home").waitFor();
		assert.equal(new URL(page.url()).search, "");
	});
}
