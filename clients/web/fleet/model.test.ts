import assert from "node:assert/strict";
import test from "node:test";
import { Fleet, goneFor, maxEvents, type Change, type FleetEvent } from "./model.ts";
import { member, room, start } from "./testing.ts";

const at = (ms: number) => new Date(start + ms).toISOString();

const event = (serial: number, kind: string, rest: Partial<FleetEvent> = {}): FleetEvent =>
	({ server: "a", serial, time: at(serial), kind, ...rest });

/** A fleet that has been told these, the first as a snapshot. */
function told(...changes: Omit<Change, "time">[]): Fleet {
	const fleet = new Fleet();
	changes.forEach((c, i) => fleet.apply({ time: at(i * 1000), ...c }, i === 0));
	return fleet;
}

test("a room that is led elsewhere travels, and is taken over if the server says so or is lost", () => {
	const fleet = told({ members: [member("a"), member("b")], rooms: [room("r", "a"), room("q", "a"), room("p", "a"), room("o", "a")] });
	const news = fleet.apply({
		time: at(1000), rooms: [room("r", "b"), room("q", "b"), room("o", "a", { epoch: "2@a" })],
		events: [event(1, "failover", { room: "q" }), event(2, "move", { room: "r" })],
	}, false);
	assert.deepEqual(news.travels.map((t) => [t.room.room, t.from, t.room.server, t.failover]), [["r", "a", "b", false], ["q", "a", "b", true]]);
	assert.deepEqual(news.changed.map((r) => r.epoch), ["2@a"]);
	const last = fleet.apply({ time: at(2000), left: ["a"], rooms: [room("p", "b")] }, false);
	assert.deepEqual(last.travels.map((t) => t.failover), [true]);
	assert.equal(fleet.rooms.get("p")?.server, "b");
});

test("a snapshot after a break is taken as what has changed meanwhile", () => {
	const fleet = told({ members: [member("a"), member("b")], rooms: [room("r", "a"), room("q", "a")], views: { a: { quorum: true, members: {}, gone: {} } } });
	const news = fleet.apply({ time: at(9000), members: [member("b")], rooms: [room("r", "b"), room("n", "b")] }, true);
	assert.equal(news.first, false);
	assert.deepEqual(news.travels.map((t) => t.room.room), ["r"]);
	assert.deepEqual(news.ended.map((r) => r.room), ["q"]);
	assert.deepEqual(news.made.map((r) => r.room), ["n"]);
	assert.deepEqual([...fleet.members.keys()], ["b"]);
	assert.deepEqual([...fleet.gone.keys()], ["a"]);
	assert.equal(fleet.views.size, 0);
});

test("a member that is gone stays in sight for a while, with the reason, unless it returns", () => {
	const fleet = told({ members: [member("a"), member("b")] }, { left: ["a", "b"], events: [event(1, "leave", { member: "a", why: "refused" })] });
	assert.equal(fleet.gone.get("a")?.why, "refused");
	assert.equal(fleet.gone.get("b")?.why, "");
	assert.deepEqual(fleet.servers().map((m) => m.name), ["a", "b"]);
	fleet.apply({ time: at(2000), members: [member("b")] }, false);
	assert.deepEqual([...fleet.gone.keys()], ["a"]);
	fleet.apply({ time: at(1000 + goneFor) }, false);
	assert.equal(fleet.gone.size, 1);
	fleet.apply({ time: at(1001 + goneFor) }, false);
	assert.deepEqual(fleet.servers().map((m) => m.name), ["b"]);
});

test("what a silent member saw counts no more", () => {
	const view = { quorum: true, members: { a: "serving" }, gone: {} };
	const fleet = told({ members: [member("a"), member("b")], views: { a: view, b: view } }, { members: [member("a", { reachable: false })] });
	assert.deepEqual([...fleet.views.keys()], ["b"]);
});

test("events are kept once, in the order of their times, the newest of them", () => {
	const fleet = told({ events: [event(1, "move"), event(3, "move")] });
	const news = fleet.apply({ time: at(1000), events: [event(2, "drain"), event(3, "move"), { ...event(1, "join"), server: "b" }] }, true);
	assert.deepEqual(news.events.map((e) => e.kind), ["drain", "join"]);
	assert.deepEqual(fleet.events.map((e) => `${e.server}${e.serial}`), ["a1", "b1", "a2", "a3"]);
	fleet.apply({ time: at(2000), events: Array.from({ length: maxEvents }, (_, i) => event(10 + i, "move")) }, false);
	assert.equal(fleet.events.length, maxEvents);
	assert.equal(fleet.events[0]!.serial, 10);
	assert.equal(fleet.apply({ time: at(3000), events: [event(10, "move")] }, false).events.length, 0);
});

test("servers are in the order of people, routers apart", () => {
	const fleet = told({ members: [member("game-10"), member("game-2"), member("router-1", { role: "router" })], router: "router-1", mode: "proxy" });
	assert.deepEqual(fleet.servers().map((m) => m.name), ["game-2", "game-10"]);
	assert.deepEqual(fleet.routers().map((m) => m.name), ["router-1"]);
	assert.equal(fleet.mode, "proxy");
});
