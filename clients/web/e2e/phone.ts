// A phone: two thumbs on a small screen.

import assert from "node:assert/strict";
import type { Ground } from "./all.ts";
import { inside, phone, picture } from "./browser.ts";

export function phoneTests(ground: Ground): void {
	ground.test("two thumbs on a phone-sized screen", async () => {
		const page = await ground.visitor.open("/", phone);
		await picture(page, "phone-home");
		await page.getByTestId("play").tap();
		await inside(page);
		await page.waitForFunction(() => arena.room!.tables.fighters.get(arena.room!.seat)?.alive);
		const glass = await page.context().newCDPSession(page);
		const touch = (type: "touchStart" | "touchMove" | "touchEnd", ...points: [x: number, y: number][]) =>
			glass.send("Input.dispatchTouchEvent", { type, touchPoints: points.map(([x, y], id) => ({ x, y, id })) });

		const { x, y } = await page.evaluate(() => ({ ...arena.stage.figures.drawn.get(arena.room!.seat)! }));
		const sideways = x < 512 ? 40 : -40;
		const left: [number, number] = [90, 660];
		await touch("touchStart", left);
		await touch("touchMove", [left[0] + sideways, left[1]]);
		await page.waitForFunction(([x, y]) => {
			const me = arena.stage.figures.drawn.get(arena.room!.seat)!;
			return Math.hypot(me.x - x!, me.y - y!) > 10;
		}, [x, y]);

		const right: [number, number] = [300, 660];
		await touch("touchStart", [left[0] + sideways, left[1]], right);
		await touch("touchMove", [left[0] + sideways, left[1]], [right[0] + 30, right[1] - 30]);
		await page.waitForFunction(() => (arena.room!.predicted() as any)?.ammo < 12);
		await picture(page, "phone");
		const aim = await page.evaluate(() => (arena.room!.predicted() as any).aim as number);
		const turned = Math.abs(Math.atan2(Math.sin(aim + Math.PI / 4), Math.cos(aim + Math.PI / 4)));
		assert.ok(turned < 0.05, `the thumb aims up and right, the fighter at ${aim}`);
		await touch("touchEnd");
		const { wide, screen } = await page.evaluate(() => ({ wide: document.documentElement.scrollWidth, screen: innerWidth }));
		assert.ok(wide <= screen, `the page is ${wide} wide on a screen of ${screen}`);
	});

	ground.test("a phone on its side", async () => {
		const page = await ground.visitor.open("/", { ...phone, viewport: { width: 844, height: 390 } });
		await picture(page, "landscape-home");
		await page.getByTestId("play").tap();
		await inside(page);
		await page.touchscreen.tap(120, 250);
		await page.waitForFunction(() => arena.stage.figures.drawn.size >= 3);
		await picture(page, "landscape");
	});
}
