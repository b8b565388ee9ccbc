// The SDK against a real fleet, whose servers are drained and killed while it plays. fleet_test.go starts it.

import assert from "node:assert/strict";
import test, { afterEach } from "node:test";
import { simulate } from "../../sdk/simulate.ts";
import { allLeave, base, begin, fleet, gapless, newStorage, play, ticks, until, type Player } from "./player.ts";

afterEach(allLeave);

const options = { tick_rate: 30, round_seconds: 5 };

/** What must hold of every player, whatever happened: the servers broke nothing, and no sample was lost. */
function check(p: Player): void {
	assert.deepEqual(p.violations, []);
	gapless("acknowledged samples", p.acked);
	assert.equal(p.acked[0], 1);
	const matches = p.outcomes.map((o) => o.match);
	assert.equal(new Set(matches).size, matches.length, `each outcome once: ${matches}`);
	p.room.leave();
}

test("a player moves at once, and as the server says", async () => {
	const p = await play({ options });
	const { room } = p;
	assert.equal(room.status, "playing");
	assert.equal(room.seat, 0);
	assert.equal(room.tickRate, 30);
	assert.equal(room.tables.seats.get(0)?.alias, room.alias);
	await until("three checks of the state's hash", () => room.stats().checks >= 3);
	await until("a fighter that lives", () => room.predicted() !== undefined);
	const { x, y } = room.predicted()!;
	// Where the machine stands still, a sample comes too late for its tick, and is corrected.
	let asPredicted = 0;
	room.on("frame", () => (asPredicted = room.stats().predictionError > 0 ? 0 : asPredicted + 1));
	await until("the fighter walks", () => Math.hypot(room.predicted()!.x - x, room.predicted()!.y - y) > 20);
	await until("a second in which all is as predicted", () => asPredicted >= room.tickRate);
	await until("a round trip", () => room.stats().roundTrip > 0);
	assert.ok(room.stats().unacked < 10);
	gapless("ticks", p.ticks);
	check(p);
});

test("on a slow network the own fighter moves at once, and others without jumps, also over a drain", async () => {
	const q = await play({ options });
	const p = begin({ room: q.room.id, options, WebSocket: simulate({ latency: 75, jitter: 30, stalledUntil: 0 }, base.WebSocket) });
	await p.room.entered;
	await until("some acknowledged samples", () => p.acked.length > 60);
	assert.ok(p.room.stats().roundTrip > 150 && p.room.stats().unacked >= 4, "it is slow");

	// The step of a sample shows before the server can have heard of it.
	const { x, y } = p.room.predicted()!;
	const sent = performance.now();
	await until("a move", () => Math.hypot(p.room.predicted()!.x - x, p.room.predicted()!.y - y) > 1);
	const took = performance.now() - sent;
	assert.ok(took < p.room.stats().roundTrip, `after ${took} ms`);
	let corrections = 0, frames = 0;
	p.room.on("frame", () => {
		frames++;
		if (p.room.stats().predictionError > 0) corrections++;
	});

	const { server } = p.room;
	const drained = fleet("drain", server);
	// Fighters walk 280 units a second, those whose samples were late make up to four steps in a tick, and the view catches
	// up half as fast again. It is looked at all the time.
	let was: { x: number; y: number; alive: boolean; at: number } | undefined;
	let fastest = 0;
	const end = performance.now() + 4000;
	await until("four seconds of play", () => {
		const now = performance.now();
		const row = p.room.view(now)!.tables.fighters.get(q.room.seat)!;
		if (was?.alive && row.alive) fastest = Math.max(fastest, Math.hypot(row.x - was.x, row.y - was.y) - (6 * 280 * (now - was.at)) / 1000);
		was = { x: row.x, y: row.y, alive: row.alive, at: now };
		return now > end;
	});
	await drained;
	assert.notEqual(p.room.server, server);
	assert.ok(fastest < 2, `a jump of ${fastest} units`);
	// What was predicted is what came, but for samples that were late by more than the arena waits for: few, if more on a
	// machine that is busy with other things.
	assert.ok(corrections < frames / 10, `${corrections} corrections in ${frames} frames`);
	gapless("ticks", p.ticks);
	assert.deepEqual(p.statuses, ["playing"]);
	check(p);
	check(q);
});

test("a drained server's room goes on elsewhere without a missed tick", async () => {
	const [p, q] = await pair();
	const { seat, server } = p.room;
	const epoch = p.room.epoch.counter;
	await ticks(p, 30);
	assert.equal(await fleet("drain", server), server);
	await until("the next leader", () => p.room.server !== server && q.room.server !== server);
	await ticks(p, 60);
	for (const player of [p, q]) {
		gapless("ticks", player.ticks);
		assert.ok(player.moves.length > 0);
		for (const m of player.moves) assert.deepEqual([m.kind, m.missed, m.replayed], ["handoff", 0, 0], JSON.stringify(m));
		assert.deepEqual(player.statuses, ["playing"], "the game's code notices nothing");
	}
	assert.equal(p.room.seat, seat);
	assert.ok(p.room.epoch.counter > epoch);
	const { checks } = p.room.stats();
	await until("checks at the new leader", () => p.room.stats().checks > checks);
	check(p);
	check(q);
});

test("a killed server's room goes on with the same seats", async () => {
	const [p, q] = await pair();
	const { seat, server, alias } = p.room;
	await ticks(p, 30);
	const before = p.acked.length;
	assert.equal(await fleet("kill", server), server);
	await until("the next leader", () => p.room.server !== server && q.room.server !== server);
	await ticks(p, 60);
	for (const { moves, statuses } of [p, q]) {
		assert.deepEqual(moves.map((m) => m.kind), ["failover"]);
		assert.ok(moves[0]!.replayed <= 2, `${moves[0]!.replayed} ticks are played again`);
		assert.equal(statuses.at(-1), "playing");
	}
	assert.equal(p.room.seat, seat);
	assert.equal(p.room.alias, alias);
	assert.ok(p.acked.length > before + 30, "samples are processed again");
	const { checks } = p.room.stats();
	await until("checks at the new leader", () => p.room.stats().checks > checks);
	check(p);
	check(q);
});

test("matches end once, alike for all, over the loss of a server", async () => {
	const [p, q] = await pair();
	const spectator = await play({ room: p.room.id, role: "spectator" });
	assert.equal(spectator.room.seat, -1);
	await until("a first outcome", () => p.outcomes.length >= 1);
	await fleet("kill", p.room.server);
	await until("the next outcome", () => [p, q, spectator].every((x) => x.outcomes.length >= 2));
	for (const x of [p, q, spectator]) {
		gapless("matches", x.outcomes.map((o) => o.match));
		assert.deepEqual(x.outcomes.slice(0, 2), p.outcomes.slice(0, 2));
	}
	assert.deepEqual(p.outcomes[0]!.results.map((r) => r.seat).sort(), [0, 1]);
	assert.equal(spectator.acked.length, 0);
	assert.deepEqual(spectator.violations, []);
	spectator.room.leave();
	check(p);
	check(q);
});

test("a reload comes back to the seat", async () => {
	const storage = newStorage();
	const p = await play({ room: "reload", options, storage });
	const guest = await play({ room: "reload", options });
	const { alias, seat } = p.room;
	await ticks(p, 10);
	p.room.close();
	const again = await play({ room: "reload", options, storage });
	assert.equal(again.room.alias, alias);
	assert.equal(again.room.seat, seat);
	assert.notEqual(guest.room.seat, seat);
	await until("samples go on where they were", () => again.acked.length > 20);
	assert.ok(again.acked[0]! > 5, `the first is ${again.acked[0]}`);
	gapless("acknowledged samples", again.acked);
	assert.deepEqual(again.violations, []);

	// Also when its server is lost in the meantime, and when the storage remembers a seat that was given up.
	const { server } = again.room;
	again.room.close();
	await fleet("kill", server);
	const third = await play({ room: "reload", options, storage });
	assert.equal(third.room.seat, seat);
	assert.equal(third.room.alias, alias);
	assert.deepEqual(third.violations, []);
	const stale = new Map(storage.entries);
	third.room.leave();
	await until("the seat is free", () => guest.room.tables.seats.get(seat) === undefined);
	for (const [key, value] of stale) storage.setItem(key, value);
	const fourth = await play({ room: "reload", options, storage });
	assert.equal(fourth.room.alias, alias, "the guest stays the same");
	assert.deepEqual(fourth.violations, []);
	fourth.room.leave();
	check(guest);
});

test("without a room a reload comes back to the one that was made", async () => {
	for (const match of [false, true]) {
		const storage = newStorage();
		const p = await play({ match, options, storage });
		const { id, seat } = p.room;
		p.room.close();
		const again = await play({ match, options, storage });
		assert.deepEqual([again.room.id, again.room.seat], [id, seat]);
		again.room.leave();
		const other = await play({ match: false, options, storage: newStorage() });
		assert.notEqual(other.room.id, id);
		other.room.leave();
	}
});

test("whoever enters again from elsewhere replaces the one before", async () => {
	const p = await play({ room: "twice", options, player: { guest: "the-secret-of-jo-who-plays" } });
	const again = await play({ room: "twice", options, player: { guest: "the-secret-of-jo-who-plays" } });
	await until("the first one's end", () => p.room.status === "ended");
	assert.equal(p.room.error?.code, "replaced");
	assert.equal(again.room.seat, p.room.seat);
	p.room.retry();
	await until("the first one back", () => p.room.status === "playing");
	await until("the second one's end", () => again.room.status === "ended");
	p.room.leave();
});

test("errors tell a player what to do", async (t) => {
	const cases: [name: string, options: object, code: string, next: string][] = [
		["options that the game refuses", { options: { map: "moon" } }, "options", "room"],
		["a game that is not there", { game: "chess" }, "game", "room"],
		["a game's name that cannot be", { game: "no game" }, "game", "room"],
		["a page for another schema", { fingerprint: 7n }, "outdated", "reload"],
		["a page for other tables", { interpolate: { bullets: {} } }, "outdated", "reload"],
		["a page for other fields", { interpolate: { fighters: { fields: ["z"] } } }, "outdated", "reload"],
	];
	for (const [name, options, code, next] of cases) {
		await t.test(name, async () => {
			const p = begin(options);
			await assert.rejects(p.room.entered, { code, next });
			assert.equal(p.room.status, "ended");
			assert.equal(p.room.error?.code, code);
			assert.match(p.room.error!.message, /^[A-Z].*\. [A-Z].*\.$/);
		});
	}
	await t.test("a full room", async () => {
		const small = { room: "small", options: { seats: 2 } };
		const [p, q] = [await play(small), await play(small)];
		const third = begin(small);
		await assert.rejects(third.room.entered, { code: "full", next: "room" });
		q.room.leave();
		await until("a free seat", () => p.room.tables.seats.get(1) === undefined);
		third.room.retry();
		await third.room.entered;
		assert.equal(third.room.status, "playing");
		third.room.leave();
		p.room.leave();
	});
});

// The last test: from here on the servers are of two versions.
test("a server is updated to a version with other tables: a page that reads rows by name plays on", async () => {
	const p = await play({ options, fingerprint: undefined });
	const asked = await play({ options, room: p.room.id });
	const { id, seat, server } = p.room;
	await ticks(p, 30);
	assert.equal(await fleet("update", server), server);
	await until("the room at the updated server", () => p.room.server === server && "weather" in p.room.tables);
	const { checks } = p.room.stats();
	const before = p.acked.length;
	await ticks(p, 60);
	await until("checks of the new tables", () => p.room.stats().checks > checks);
	gapless("ticks", p.ticks);
	for (const m of p.moves) assert.deepEqual([m.kind, m.missed, m.replayed], ["handoff", 0, 0], JSON.stringify(m));
	assert.deepEqual([p.room.id, p.room.seat, p.statuses], [id, seat, ["playing"]]);
	assert.ok(p.acked.length > before + 30, "samples are processed");
	assert.ok(p.room.view()!.tables.fighters.isOwn(seat));
	check(p);

	// One that asks for the tables that it was built for is told to be loaded again.
	await until("the other page's end", () => asked.room.status === "ended");
	assert.deepEqual([asked.room.error?.code, asked.room.error?.next], ["outdated", "reload"]);
});

/** Two players in one new room. */
async function pair(): Promise<[Player, Player]> {
	const p = await play({ options });
	return [p, await play({ room: p.room.id, options })];
}
