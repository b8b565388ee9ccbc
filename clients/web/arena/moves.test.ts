import assert from "node:assert/strict";
import test from "node:test";
import { Moves } from "./moves.ts";

test("another server is told of once, with the time without frames", () => {
	const moves = new Moves();
	assert.equal(moves.look("game-1", 1000, 0), undefined, "the first frame of all");
	assert.equal(moves.look("game-1", 1050, 0), undefined);
	assert.equal(moves.look("game-2", 1102, 0), "game-1 handed the match to game-2: 52 ms between two frames.");
	assert.equal(moves.look("game-2", 1150, 0), undefined);
	assert.equal(moves.look("game-2", 9000, 1), undefined, "back at the same server");
	assert.equal(moves.look("game-3", 9132, 2), "game-2 is gone. You play on at game-3, after 132 ms.");
	moves.forget();
	assert.equal(moves.look("game-1", 9200, 2), undefined, "another room");
});
