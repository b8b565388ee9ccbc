// Names as servers take them. proto/ids_test.go has the rule's other half.

import assert from "node:assert/strict";
import test from "node:test";
import { playerName } from "../sdk/name.ts";
import { begin } from "./client.ts";

test("a name becomes one that servers take", () => {
	for (const [typed, want] of [
		["Jo", "Jo"],
		["", ""],
		["  Jo  Ann ", "Jo  Ann"],
		["a\u0000b\u001b\u007f\u0085c", "abc"], // control characters
		["a\u200b\u200c\u200d\u2060\ufeff\u00adb", "ab"], // zero-width
		["a\u202e\u2066\u200e\u061cb", "ab"], // bidirectional
		["a\u2028\u3164\u{e0041}\ue000\ud800b", "ab"], // lines, fillers, tags, private use, half a character
		["e\u0301", "é"],
		["\u0301\u00a0a\u3000", "a"],
		["❤\ufe0f", "❤\ufe0f"],
		["\ufe0f", ""],
		["李".repeat(33), "李".repeat(32)],
		["👩‍👩‍👧‍👦".repeat(2), "👩👩👧👦👩👩👧👦"],
		["👩".repeat(33), "👩".repeat(32)],
		["x".repeat(31) + "é", "x".repeat(31) + "é"],
		["x".repeat(31) + " y", "x".repeat(31)],
	] as const)
		assert.equal(playerName(typed), want, JSON.stringify(typed));
});

test("a name is changed with a notice", async (t) => {
	const said: string[] = [];
	t.mock.method(console, "warn", (...words: string[]) => said.push(words.join(" ")));
	const c = await begin(t, { player: { name: "\u202eJo" } });
	await c.opened("ws://here/");
	assert.equal(c.router.asked[0].player.name, "Jo");
	assert.deepEqual(said, ["ringside: name sent as Jo"]);
});
