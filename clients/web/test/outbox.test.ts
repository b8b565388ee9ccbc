// The numbers of samples over connections, seats and servers.

import assert from "node:assert/strict";
import test from "node:test";
import { newEmitter } from "../sdk/emitter.ts";
import { Kind, type Welcome } from "../sdk/messages.ts";
import { newOutbox } from "../sdk/outbox.ts";
import { Reader } from "../sdk/reader.ts";
import { newSamples } from "../sdk/samples.ts";
import { readSchema } from "../sdk/schema.ts";
import { newStats } from "../sdk/session.ts";
import { readInput, schema } from "./server.ts";

const codec = newSamples(readSchema(new Reader(schema)).input);

function newBox() {
	const emitter = newEmitter();
	const acked: number[] = [];
	emitter.on("acked", (seq) => acked.push(seq));
	const box = newOutbox(emitter, newStats());
	const add = (n: number) => {
		for (let i = 0; i < n; i++) box.add({ dx: box.newest + 1 }, 0);
	};
	/** What a message says of its samples, and a ping as "ping". */
	const pack = (now = 0) =>
		[...new Reader(box.pack(codec, now)).records()].map(([kind, body]) => {
			if (kind === Kind.ping) return "ping";
			const { first, count } = readInput(body);
			return `${first}+${count}`;
		});
	const welcome = (processed: number, resumed: boolean) => box.welcome({ flags: resumed ? 2 : 0, processed } as Welcome);
	return { box, acked, add, pack, welcome };
}

test("samples are sent once, and a ping a second", () => {
	const { add, pack, welcome } = newBox();
	welcome(0, false);
	add(2);
	assert.deepEqual(pack(0), ["1+2", "ping"]);
	assert.deepEqual(pack(500), []);
	add(1);
	assert.deepEqual(pack(999), ["3+1"]);
	assert.deepEqual(pack(1000), ["ping"]);
});

test("a held seat goes on: what is not processed is sent again, in messages of 64", () => {
	const { box, acked, add, pack, welcome } = newBox();
	welcome(0, false);
	add(100);
	pack();
	assert.equal(box.acknowledge(10), 0);
	assert.deepEqual(welcome(20, true), { again: 0, lost: 0 });
	assert.deepEqual(acked, Array.from({ length: 20 }, (_, i) => i + 1), "each is told once, also by a welcome");
	add(1);
	assert.deepEqual(pack(), ["21+64", "85+17"]);
});

test("a new leader may know less: samples are sent again, and are not told again", () => {
	const { box, acked, add, pack, welcome } = newBox();
	welcome(0, false);
	add(10);
	pack();
	box.acknowledge(8);
	assert.deepEqual(welcome(6, true), { again: 2, lost: 0 });
	assert.deepEqual(pack(), ["7+4"]);
	assert.equal(box.acknowledge(8), 0);
	box.acknowledge(9);
	assert.deepEqual(acked, [1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

test("what is too old to be sent again is lost", () => {
	const { box, add, pack, welcome } = newBox();
	welcome(0, false);
	for (let i = 0; i < 20; i++) {
		add(10);
		pack();
		box.acknowledge(box.newest);
	}
	assert.deepEqual(welcome(60, true), { again: 0, lost: 140 });
	add(1);
	assert.deepEqual(pack(), ["61+1"]);
});

test("a new seat begins anew, and one that another client had goes on from there", () => {
	const { box, add, pack, welcome } = newBox();
	welcome(0, false);
	add(5);
	pack();
	welcome(0, false);
	assert.equal(box.newest, 0);
	welcome(70, true);
	assert.equal(box.newest, 70);
	add(1);
	assert.deepEqual(pack(), ["71+1"]);
	assert.equal(box.acknowledge(71), 0);
});

test("the window is full at 128", () => {
	const { box, add } = newBox();
	add(128);
	assert.equal(box.add({}, 0), 0);
	box.acknowledge(1);
	assert.equal(box.add({}, 0), 129);
});

test("numbers that cannot be are told", () => {
	const { box, add } = newBox();
	add(5);
	box.acknowledge(3);
	assert.equal(box.acknowledge(2), -1);
	assert.equal(box.acknowledge(6), 1);
	assert.equal(box.processed, 3);
});

test("samples from before a reload are sent as zeros", () => {
	const { box, pack, welcome } = newBox();
	welcome(50, true);
	welcome(48, true);
	assert.deepEqual(pack(), ["49+2", "ping"]);
	assert.equal(box.acknowledge(50), 0);
});
