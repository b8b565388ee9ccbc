// Ids of any text. proto/ids_test.go has the rule's other half.

import assert from "node:assert/strict";
import test from "node:test";
import { roomId } from "../sdk/roomid.ts";

test("any text becomes a room id that servers take", () => {
	for (const [text, want] of [
		["lobby-7", "lobby-7"],
		["p-scdcbqgkl2ux64cnmpfc", "p-scdcbqgkl2ux64cnmpfc"],
		["Lobby 7", "Lobby-7"],
		["Überraum", "Uberraum"],
		["a/b", "a-b"],
		["  -- Jo's room! ", "Jo-s-room"],
		["p !", "p"],
		["p 7", "p_7"],
		["大厅", "hlzghx"],
		["🎮", "2qpa"],
		["", "room"],
		["///", "room"],
		["é".repeat(80), "e".repeat(64)],
	] as const) {
		const id = roomId(text);
		assert.match(id, /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, text);
		assert.equal(id, want);
		assert.equal(roomId(id), id);
	}
});
