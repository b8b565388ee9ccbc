// A network with faults delays everything, loses nothing, and keeps the order.

import assert from "node:assert/strict";
import test, { type TestContext } from "node:test";
import { simulate, type Faults } from "../sdk/simulate.ts";
import { network, type Socket } from "./server.ts";
import { takeTime } from "./time.ts";

function begin(t: TestContext, faults: Partial<Faults>) {
	const time = takeTime(t);
	const net = network();
	const all: Faults = { latency: 0, jitter: 0, stalledUntil: 0, ...faults };
	const socket = new (simulate(all, net.WebSocket))("ws://x/", "ringside.v1");
	const heard: string[] = [];
	socket.onopen = () => heard.push("open");
	socket.onmessage = ({ data }) => heard.push(data);
	socket.onclose = ({ code }) => heard.push(`closed ${code}`);
	const server = net.last();
	const say = (data: string) => server.onmessage!({ data });
	return { time, faults: all, socket, server, heard, say };
}

const ping = Uint8Array.of(3, 8, 0, 0, 0, 0, 0, 0, 0, 0);
const got = (server: Socket) => server.got.length;

test("messages are late both ways", async (t) => {
	const { time, socket, server, heard, say } = begin(t, { latency: 100 });
	server.open();
	say("one");
	await time.pass(99);
	assert.deepEqual(heard, []);
	await time.pass(1);
	assert.deepEqual(heard, ["open", "one"]);
	socket.send(ping);
	await time.pass(99);
	assert.equal(got(server), 0);
	await time.pass(1);
	assert.equal(got(server), 1);
	server.end(4010);
	await time.pass(100);
	assert.deepEqual(heard, ["open", "one", "closed 4010"]);
});

test("jitter keeps the order, and a stall lets all through at once", async (t) => {
	const { time, faults, server, heard, say } = begin(t, { jitter: 50 });
	server.open();
	for (let i = 0; i < 100; i++) {
		say(String(i));
		await time.pass(1);
	}
	await time.pass(51);
	const numbers = Array.from({ length: 100 }, (_, i) => String(i));
	assert.deepEqual(heard, ["open", ...numbers]);
	faults.stalledUntil = time.now() + 500;
	say("during");
	await time.pass(490);
	say("later");
	assert.ok(!heard.includes("during"));
	await time.pass(70);
	assert.deepEqual(heard.slice(-2), ["during", "later"]);
});
