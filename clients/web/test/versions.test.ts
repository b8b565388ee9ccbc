// A room that moves to a server of another version of its game, whose tables and inputs have other fields.

import assert from "node:assert/strict";
import test, { type TestContext } from "node:test";
import { crc32 } from "../sdk/crc32.ts";
import { join } from "../sdk/index.ts";
import { Kind } from "../sdk/messages.ts";
import type { JoinOptions } from "../sdk/options.ts";
import { begin } from "./client.ts";
import * as s from "./server.ts";

/** A client that is in the room at tick 1, with its dot at 10; and a way to move it on. */
async function play(t: TestContext, more: Partial<JoinOptions<any>> = {}, first: s.Greeting = {}) {
	const { time, net, room, opened, ...c } = await begin(t, {
		predict: { table: "dots", step: (row: { x: number }, input: { dx: number }) => void (row.x += input.dx / 100) },
		...more,
	});
	const seen = { ...c.seen, acked: [] as number[] };
	room.on("acked", (seq) => seen.acked.push(seq));
	(await opened("ws://here/")).say(s.welcome({ dots: [[1000, 0, 1]], ...first }));
	await room.entered;

	/** Moves the room to a server of another version at tick; what is not processed there is sent again. */
	const moves = async (greeting: s.Greeting) => {
		const here = net.last();
		here.say(s.moved("ws://there/", "", Kind.prepare, 1000));
		const there = net.last();
		there.open();
		await time.settle();
		there.say(s.welcome({ epoch: 2, server: "gs-2", resumed: true, dots: [[1000, 0, 1]], ...greeting }));
		here.say(s.moved("ws://there/"));
		await time.settle();
		return there;
	};
	return { time, net, room, seen, moves };
}

const near = (a: number | undefined, b: number) => assert.ok(a !== undefined && Math.abs(a - b) < 1e-4, `${a}, not ${b}`);

test("a room is played on with at a server whose tables and inputs have more fields", async (t) => {
	const { room, seen, net, moves } = await play(t);
	for (const dx of [1, 2, 3]) room.send({ dx });
	net.last().say(s.delta(2, 1));
	near(room.predicted().x, 10.05);
	const there = await moves({ tick: 3, processed: 1, schema: s.laterSchema });

	assert.deepEqual(seen.statuses, ["playing"], "nobody noticed");
	assert.deepEqual(seen.violations, []);
	assert.deepEqual([seen.moves[1]?.kind, seen.moves[1]?.missed], ["handoff", 0]);
	assert.deepEqual([room.seat, room.tick, room.server], [0, 3, "gs-2"]);
	assert.deepEqual({ ...room.tables.dots.get(0) }, { armour: 7, x: 10, a: 0, alive: true, v: 0 });
	assert.equal(room.tables.weather.get(0).wind, 3);

	// What was given for the older input is sent again as the new one has it: no jump, and dx as before.
	const { first, count, samples } = s.readInput(there.of(Kind.input)[0]!);
	assert.deepEqual([first, count, samples], [2, 2, [0b10, 128 + 2, 0b10, 128 + 3]]);
	near(room.predicted().x, 10.05);
	assert.equal(room.stats().unacked, 2);
	assert.equal(room.send({ dx: 5, jump: true }), 4);
	assert.deepEqual(s.readInput(there.of(Kind.input)[1]!).samples, [0b11, 128 + 5]);

	there.say(s.delta(4, 4), s.check(4, crc32([...s.openPart({ 0: [1000, 0, 1] }, true)])));
	assert.deepEqual([seen.acked, seen.violations, room.stats().checks], [[1, 2, 3, 4], [], 1]);
	const view = room.view()!;
	assert.equal(view.tables.dots.get(0).armour, 7);
	assert.ok(view.tables.dots.isOwn(0));
});

test("and at one that is back at the older version, where fields are gone that the page does not name", async (t) => {
	const { room, seen, moves } = await play(t, {}, { schema: s.laterSchema });
	room.send({ dx: 1, jump: true });
	const there = await moves({ tick: 2 });
	assert.deepEqual({ ...room.tables.dots.get(0) }, { x: 10, a: 0, alive: true, v: 0 });
	assert.equal(room.tables.weather, undefined);
	assert.deepEqual(s.readInput(there.of(Kind.input)[0]!), { first: 1, ack: 2, count: 1, samples: [0b1, 128 + 1] });
	there.say(s.delta(3, 1));
	assert.deepEqual([seen.acked, seen.statuses, seen.violations, room.tick], [[1], ["playing"], [], 3]);
});

test("where a table or field is gone that the page names, it is outdated", async (t) => {
	const pages: [name: string, options: Partial<JoinOptions<any>>][] = [
		["weather", { interpolate: { weather: {} } }],
		["armour", { interpolate: { dots: { cut: ["armour"] } } }],
		["weather", { predict: { table: "weather", step() {} } }],
	];
	for (const [name, options] of pages) {
		await t.test(name, async (t) => {
			const { room, time, moves } = await play(t, options, { schema: s.laterSchema });
			await moves({ tick: 2 });
			await time.pass(10);
			assert.deepEqual([room.status, room.error?.code, room.error?.next], ["ended", "outdated", "reload"]);
			assert.match(room.error!.detail, new RegExp(`no ${name}`));
		});
	}
});

test("a page that is outdated comes back to its seat when it is loaded again", async (t) => {
	const kept = new Map<string, string>();
	const storage = { getItem: (key: string) => kept.get(key) ?? null, setItem: (key: string, value: string) => void kept.set(key, value) };
	const page = { room: undefined, match: true, storage };
	const { time, net, room } = await play(t, page, { room: "new" });
	net.last().end(4006);
	await time.settle();
	assert.equal(room.error?.next, "reload");
	const again = join<any>({ ...s.options(net, s.routerOf()), ...page });
	t.after(() => again.close());
	await time.settle();
	net.last().open();
	await time.settle();
	const { resume, epoch } = s.readHello(net.last().of(Kind.hello)[0]!);
	assert.deepEqual([resume, epoch], ["token", "a7:1@gs-1"]);
});

test("a welcome without its keyframe does not make the client forget the tick that it knows", async (t) => {
	const { room, time, net } = await play(t, {}, { tick: 7, fallbacks: ["ws://next/"] });
	net.last().end();
	await time.settle();
	const next = net.last();
	next.open();
	await time.settle();
	const whole = s.welcome({ tick: 8, epoch: 2, server: "gs-2", schema: s.laterSchema, resumed: true });
	next.say(whole.subarray(0, whole.length - s.keyframe(8, [[0, 0, 1]], 0, true, true).length));
	assert.equal(room.tables.dots.get(0).x, 10, "what was seen last stays to be seen");
	next.end();
	for (let i = 0; i < 100 && net.last() === next; i++) await time.pass(1);
	net.last().open();
	await time.settle();
	assert.equal(s.readHello(net.last().of(Kind.hello)[0]!).lastTick, 7);
});
