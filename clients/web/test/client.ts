// A client in time that stands still, against a server that says what the test wants.

import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { join, type Move, type Status } from "../sdk/index.ts";
import { Kind } from "../sdk/messages.ts";
import type { JoinOptions } from "../sdk/options.ts";
import * as s from "./server.ts";
import { takeTime } from "./time.ts";

/** A client in time that stands still, on a network where nobody answers yet. */
export async function begin(t: TestContext, more: Partial<JoinOptions<any>> = {}, router = s.routerOf()) {
	const time = takeTime(t);
	const net = s.network();
	const room = join<any>({ ...s.options(net, router), ...more });
	t.after(() => room.close());
	const seen = { statuses: [] as Status[], moves: [] as (Move | undefined)[], ticks: [] as number[], violations: [] as string[], outcomes: [] as number[] };
	room.on("status", (status) => seen.statuses.push(status));
	room.on("entered", (move) => seen.moves.push(move));
	room.on("frame", (tick) => seen.ticks.push(tick));
	room.on("violation", (kind) => seen.violations.push(kind));
	room.on("outcome", (o) => seen.outcomes.push(o.match));
	/** Waits for the connection that the client makes next, which it does within half a second, and opens it. */
	let made = 0;
	const opened = async (url: string) => {
		await time.settle();
		for (let i = 0; i < 500 && net.sockets.length === made; i++) await time.pass(1);
		assert.equal(net.last()?.url, url);
		made = net.sockets.length;
		net.last().open();
		await time.settle();
		return net.last();
	};
	return { time, net, router, room, seen, opened };
}

/** A client that is in the room at tick 1. */
export async function play(t: TestContext, more: Partial<JoinOptions<any>> = {}, greeting: s.Greeting = { fallbacks: ["ws://next/"] }) {
	const c = await begin(t, more);
	const socket = await c.opened("ws://here/");
	socket.say(s.welcome(greeting));
	await c.room.entered;
	return { ...c, socket };
}

/** What the client said first. */
export const hello = (socket: s.Socket) => s.readHello(socket.of(Kind.hello)[0]!);
