// A room for friends only, and putting a player out of it.

import assert from "node:assert/strict";
import type { Ground } from "./all.ts";
import { inside, picture, play, whereabouts } from "./browser.ts";

export function privateTests(ground: Ground): void {
	ground.test("a private room is entered by its link, and an operator bans one of its players", async () => {
		const host = await ground.visitor.open();
		await host.getByTestId("name").fill("Host");
		await host.getByTestId("friends").click();
		await inside(host);
		const { room } = await whereabouts(host);
		const link = host.url();
		assert.ok(link.includes(`room=${room}#code=`), link);
		await host.reload();
		await inside(host);
		assert.equal((await whereabouts(host)).room, room);

		const stranger = await ground.visitor.open(`/?room=${room}`);
		await stranger.getByTestId("name").fill("Stranger");
		await stranger.getByTestId("play").click();
		await stranger.locator("#trouble").waitFor();
		assert.match((await stranger.locator("#trouble-text").textContent())!, /is private/);

		const guest = await ground.visitor.open(link.slice(ground.fleet.url.length));
		await play(guest, "Cleo");
		const there = await whereabouts(guest);
		assert.equal(there.room, room);

		const fleet = await host.context().newPage();
		await fleet.goto(`${ground.fleet.url}/fleet`);
		await fleet.getByTestId("find-room").fill(room);
		await fleet.getByTestId("found").first().click();
		await fleet.getByTestId("show-players").click();
		const line = fleet.getByTestId("players").locator("li", { hasText: "Cleo" });
		const answers = ["1", "that was rude"];
		fleet.on("dialog", (d) => void d.accept(answers.shift()));
		await line.getByTestId("ban").click();
		await guest.locator("#trouble").waitFor();
		assert.match((await guest.locator("#trouble-text").textContent())!, /put out.*banned until.*that was rude/);
		await picture(guest, "banned");
		await fleet.getByTestId("show-bans").click();
		await picture(fleet, "bans");
		await fleet.getByTestId("bans").getByTestId("lift").first().click();
		await fleet.getByTestId("bans").getByText("nobody is banned").waitFor();
		assert.equal((await whereabouts(host)).status, "playing");
	});
}
