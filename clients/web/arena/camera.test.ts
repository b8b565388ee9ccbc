import assert from "node:assert/strict";
import test from "node:test";
import { Camera } from "./camera.ts";

const map = { width: 1024, height: 768 };
const none = { top: 0, right: 0, bottom: 0, left: 0 };

test("a large screen shows the whole map in its middle", () => {
	const c = new Camera();
	c.fit(1280, 720, map, { ...none, top: 56, bottom: 64 });
	c.follow(10, 10, 16);
	const from = c.toScreen(0, 0);
	const to = c.toScreen(map.width, map.height);
	assert.ok(from.y >= 55 && to.y <= 720 - 63, `from ${from.y} to ${to.y}`);
	assert.ok(Math.abs(from.x - (1280 - to.x)) <= 1, "as far from both sides");
	assert.ok(to.y - from.y > 0.95 * (720 - 56 - 64), "as large as can be");
});

test("a small screen follows, and shows nothing beyond the map", () => {
	const c = new Camera();
	c.fit(390, 844, map, { ...none, top: 96, bottom: 230 });
	assert.ok(c.scale * 32 >= 19, `a fighter of ${c.scale * 32} pixels`);
	for (const [x, y] of [[0, 0], [512, 384], [1024, 768]] as const) {
		for (let i = 0; i < 200; i++) c.follow(x, y, 16);
		assert.ok(c.toScreen(0, 0).x <= 0.5 && c.toScreen(map.width, 0).x >= 389.5, `at ${x}`);
		const at = c.toScreen(x, y);
		assert.ok(at.x >= -1 && at.x <= 391 && at.y >= 95 && at.y <= 844 - 229, `${x}, ${y} is at ${at.x}, ${at.y}`);
	}
});

test("it shakes for a moment", () => {
	const c = new Camera();
	c.fit(1280, 720, map, none);
	c.follow(0, 0, 16);
	const { left, top } = c;
	c.shake(8);
	c.follow(0, 0, 16);
	assert.notDeepEqual([c.left, c.top], [left, top]);
	for (let i = 0; i < 60; i++) c.follow(0, 0, 16);
	assert.deepEqual([c.left, c.top], [left, top]);
});
