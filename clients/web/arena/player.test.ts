import assert from "node:assert/strict";
import test from "node:test";
import { rememberedName, takeName } from "./player.ts";

test("a name is what the router takes: no control characters, 32 characters at most, no half letters", () => {
	assert.equal(takeName("  Jo\u0007 Frazier\u200b "), "Jo Frazier");
	assert.equal(takeName("a".repeat(40)), "a".repeat(32));
	assert.equal(takeName("ä".repeat(40)), "ä".repeat(32));
	assert.equal(takeName("🥊".repeat(33)), "🥊".repeat(32));
	assert.equal(takeName(" "), "");
	assert.equal(rememberedName(), "", "where there is no storage nothing is remembered, and nothing breaks");
});
