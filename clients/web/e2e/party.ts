// Two friends who want to be in the same match of strangers.

import assert from "node:assert/strict";
import WebSocket from "ws";
import { arenaOptions, type Arena } from "../arena/game.ts";
import { join, type Room } from "../sdk/index.ts";
import type { Ground } from "./all.ts";
import { inside, picture, play, whereabouts } from "./browser.ts";
import { until } from "./patience.ts";

export function partyTests(ground: Ground): void {
	ground.test("two friends land in the same quick match, whoever else wants a seat", async () => {
		const host = await ground.visitor.open();
		await host.context().grantPermissions(["clipboard-read", "clipboard-write"]);
		await host.getByTestId("name").fill("Host");
		await host.getByTestId("duo").click();
		await inside(host);
		await host.waitForFunction(() => /a seat is kept/.test(document.querySelector("#sign")!.textContent!));
		await picture(host, "party");
		const link = await host.evaluate(() => navigator.clipboard.readText());
		const { room, seat } = await whereabouts(host);
		assert.ok(link.startsWith(`${ground.fleet.url}/?room=${room}#party=`), link);

		// Strangers take what they can get of the room, until it is full.
		const strangers: Room<Arena>[] = [];
		try {
			await until("full room", async () => {
				const stranger = join<Arena>({ ...arenaOptions(), router: ground.fleet.url, room, giveUp: 2000, storage: null, WebSocket: WebSocket as any });
				strangers.push(stranger);
				return stranger.entered.then(() => false, (e) => e.code === "full" || Promise.reject(e));
			});
			const friend = await ground.visitor.open(link.slice(ground.fleet.url.length));
			await play(friend, "Friend");
			const there = await whereabouts(friend);
			assert.equal(there.room, room);
			assert.notEqual(there.seat, seat);
			await friend.reload();
			await inside(friend);
			assert.deepEqual([(await whereabouts(friend)).room, (await whereabouts(friend)).seat], [room, there.seat]);
		} finally {
			for (const s of strangers) s.leave();
		}
	});
}
