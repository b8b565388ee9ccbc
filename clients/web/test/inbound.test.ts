// Messages cut short, and changed at random: each is refused as a fault or applied, and none hangs or throws anything else.

import assert from "node:assert/strict";
import test from "node:test";
import { newEmitter } from "../sdk/emitter.ts";
import { Fault } from "../sdk/errors.ts";
import { receive, type Hooks } from "../sdk/inbound.ts";
import type { Link } from "../sdk/link.ts";
import { newSession, newStats } from "../sdk/session.ts";
import * as s from "./server.ts";

const hooks: Hooks = { entered() {}, ticked() {}, prepare() {}, noticed() {}, pong() {} };

/** A client that is in the room at tick 1; it gives what came of a message. */
function enter() {
	const emitter = newEmitter();
	const violations: string[] = [];
	emitter.on("violation", (kind) => violations.push(kind));
	const session = newSession(emitter, newStats());
	const link = { welcomed: false, entered: false } as Link;
	const hear = (message: Uint8Array): Fault | undefined => {
		try {
			receive(session, link, message.slice().buffer, hooks);
			return undefined;
		} catch (e) {
			assert.ok(e instanceof Fault, String(e));
			return e;
		}
	};
	assert.equal(hear(s.welcome()), undefined);
	return { session, link, violations, hear };
}

const messages: Record<string, Uint8Array> = {
	keyframe: s.keyframe(2, [[5, 1, 1]]),
	delta: s.delta(2, 0, 5, [1, 1, 2, 1]),
	moved: s.moved("ws://x/", "ticket"),
	outcome: s.outcome(1, 5),
	notice: s.notice(1, "text"),
	error: s.error(4017, 1, "text"),
	check: s.check(1, 2),
	pong: s.pong(1, 2),
};

test("every shorter prefix is refused", () => {
	const whole = s.welcome();
	for (let n = 1; n < whole.length; n++) {
		const c = enter();
		c.link.welcomed = c.link.entered = false;
		c.session.welcome = undefined;
		const fault = c.hear(whole.subarray(0, n));
		// The welcome alone, and with the own record behind it, are records in full; without its keyframe nobody is in.
		assert.ok(fault || !c.link.entered, `welcome, ${n} bytes`);
	}
	for (const [name, whole] of Object.entries(messages)) {
		assert.ok(name === "moved" || name === "check" || enter().hear(whole) === undefined, `${name} in full`);
		for (let n = 1; n < whole.length; n++) {
			const c = enter();
			assert.ok(c.hear(whole.subarray(0, n)), `${name}, ${n} bytes`);
			assert.ok(["bad-message", "bad-state"].includes(c.violations[0]!), `${name}, ${n} bytes: ${c.violations}`);
		}
	}
});

test("changed bytes harm nothing but their connection", () => {
	let seed = 1;
	const random = (n: number) => (seed = (seed * 48271) % 0x7fffffff) % n;
	const all = [s.welcome(), ...Object.values(messages)];
	let refused = 0;
	for (let round = 0; round < 2000; round++) {
		const c = enter();
		const message = all[random(all.length)]!.slice();
		for (let k = 1 + random(4); k > 0; k--) message[random(message.length)] = random(256);
		if (random(4) === 0) c.link.welcomed = c.link.entered = false;
		if (c.hear(message)) refused++;
		if (c.session.store && c.session.welcome!.schema.length === s.schema.length) {
			c.link.welcomed = c.link.entered = true;
			c.session.store.apply(0, 0, true, s.openPart({}));
		}
	}
	assert.ok(refused > 800 && refused < 2000, `${refused}`);
});
