// The hooks in a real React, on a document that linkedom makes.

import assert from "node:assert/strict";
import test, { type TestContext } from "node:test";
import { parseHTML } from "linkedom";
import { act, createElement, StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Kind } from "../sdk/messages.ts";
import * as s from "../test/server.ts";
import { takeTime } from "../test/time.ts";
import { useRoom, useSocket, type UseRoom, type UseSocket } from "./index.ts";

const { window, document } = parseHTML("<!doctype html><html><body></body></html>");
Object.assign(globalThis, { window, document, IS_REACT_ACT_ENVIRONMENT: true });

/** Renders a component that is nothing but a hook; gives what the hook gave last. */
function mount<T>(t: TestContext, hook: () => T) {
	const root = createRoot(document.createElement("div") as unknown as Element);
	const seen = { last: undefined as T, renders: 0 };
	const Component = () => {
		seen.last = hook();
		seen.renders++;
		return null;
	};
	const render = () => act(() => root.render(createElement(StrictMode, null, createElement(Component))));
	const unmount = () => act(() => root.unmount());
	t.after(unmount);
	return { seen, render, unmount };
}

test("useRoom enters, shows the state, sends, and lets go", async (t) => {
	const time = takeTime(t);
	const net = s.network();
	const { game: _, room: __, ...options } = s.options(net, s.routerOf());
	let room = "r";
	const { seen, render, unmount } = mount<UseRoom<any>>(t, () => useRoom<any>("dots", room, options));
	await render();
	assert.equal(seen.last.status, "connecting");
	const state = () => seen.last.state;
	assert.equal(state(), undefined);
	await act(() => time.pass(2));
	const socket = net.sockets.filter((x) => !x.closedByClient).at(-1)!;
	assert.equal(net.sockets.filter((x) => !x.closedByClient).length, 1, "strict mode leaves one connection");
	await act(async () => {
		socket.open();
		await time.settle();
		socket.say(s.welcome({ tick: 3, seat: 0 }));
	});
	assert.equal(seen.last.status, "playing");
	assert.deepEqual(state()?.tables.dots.get(0), { x: 0, a: 0, alive: true, v: 0 });
	assert.deepEqual(seen.last.players, [{ seat: 0, alias: "guest", name: "Jo", connected: true, me: true }]);
	assert.equal(seen.last.send({ dx: 1 }), 1);
	assert.equal(socket.of(Kind.input).length, 1);

	const { renders } = seen;
	for (let tick = 4; tick < 64; tick++) {
		await act(async () => socket.say(s.delta(tick, 0)));
		await act(() => time.pass(50));
	}
	assert.equal(state()?.tick, 63);
	assert.ok(seen.renders - renders >= 2 * 25 && seen.renders - renders <= 2 * 32, `${seen.renders - renders} renders in 3 s, in strict mode`);
	await act(async () => socket.say(s.outcome(1, 5)));
	assert.deepEqual(seen.last.outcomes.map((o) => o.match), [1]);
	assert.ok(seen.last.stats!.ticks >= 60);

	room = "other";
	await render();
	await act(() => time.pass(2));
	assert.ok(socket.closedByClient);
	assert.deepEqual(seen.last.outcomes, []);
	await unmount();
	assert.ok(net.sockets.every((x) => x.closedByClient));
});

test("useRoom shows the tables of a server of another version, to which the room has moved", async (t) => {
	const time = takeTime(t);
	const net = s.network();
	const { game: _, room: __, ...options } = s.options(net, s.routerOf());
	const { seen, render } = mount<UseRoom<any>>(t, () => useRoom<any>("dots", "r", options));
	const arrive = async (greeting: s.Greeting) => {
		await act(async () => {
			await time.pass(2);
			net.last().open();
			await time.settle();
			net.last().say(s.welcome(greeting));
		});
		await act(() => time.pass(200));
	};
	const weather = () => seen.last.state?.tables.weather;
	await render();
	await arrive({});
	assert.equal(weather(), undefined);
	await act(async () => net.last().say(s.moved("ws://there/")));
	await arrive({ tick: 2, epoch: 2, server: "gs-2", resumed: true, schema: s.laterSchema });
	assert.deepEqual(weather()?.get(0), { wind: 3 });
	assert.deepEqual(seen.last.players, [{ seat: 0, alias: "guest", name: "Jo", connected: true, me: true }]);
	assert.equal(seen.last.status, "playing");
});

test("useRoom tells what is wrong, and tries again", async (t) => {
	const time = takeTime(t);
	const net = s.network();
	const { game: _, room: __, ...options } = s.options(net, s.routerOf());
	const { seen, render } = mount<UseRoom<any>>(t, () => useRoom<any>("dots", "r", options));
	await render();
	await act(() => time.pass(2));
	await act(async () => {
		net.last().open();
		await time.settle();
		net.last().end(4008);
		await time.settle();
	});
	assert.equal(seen.last.status, "ended");
	assert.equal(seen.last.error?.code, "full");
	assert.deepEqual(seen.last.players, []);
	const { length } = net.sockets;
	await act(async () => {
		seen.last.retry();
		await time.settle();
	});
	assert.equal(seen.last.status, "connecting");
	assert.equal(net.sockets.length, length + 1);
});

test("useSocket opens, hears, sends, and comes back", async (t) => {
	const time = takeTime(t);
	const net = s.network();
	const heard: unknown[] = [];
	let url: string | undefined = "ws://echo/";
	const { seen, render, unmount } = mount<UseSocket>(t, () =>
		useSocket(url, { WebSocket: net.WebSocket as any, protocols: "ringside.v1", onMessage: (data) => heard.push(data) }),
	);
	await render();
	assert.equal(seen.last.status, "connecting");
	assert.equal(seen.last.send("early"), false);
	await act(async () => net.last().open());
	assert.equal(seen.last.status, "open");
	await act(async () => {
		net.last().onmessage!({ data: "one" });
		net.last().onmessage!({ data: "two" });
	});
	assert.deepEqual(heard, ["one", "two"]);
	assert.equal(seen.last.last, "two");
	const before = net.sockets.length;
	await act(async () => net.last().end());
	assert.equal(seen.last.status, "closed");
	await act(() => time.pass(250));
	assert.equal(net.sockets.length, before + 1);
	assert.equal(seen.last.status, "connecting");
	url = undefined;
	await render();
	assert.equal(seen.last.status, "closed");
	await unmount();
	await time.pass(1000);
	assert.equal(net.sockets.length, before + 1);
	assert.ok(net.sockets.slice(0, -2).concat(net.last()).every((x) => x.closedByClient));
});
