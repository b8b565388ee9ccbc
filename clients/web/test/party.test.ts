// The players of a party ask for their seats together.

import assert from "node:assert/strict";
import test from "node:test";
import { partyOptions } from "../sdk/party.ts";
import { begin } from "./client.ts";
import * as s from "./server.ts";

const until = (from: number) => new Date(Date.now() + from).toISOString();

/** Options with a router that notes what it is asked about the party. */
function asked(from = 60_000) {
	const router = s.routerOf();
	const asked: string[] = [];
	const get: typeof fetch = async (to, init) => {
		asked.push(`${String(to).replace(/.*\/v1/, "")} ${JSON.stringify(JSON.parse(String(init!.body)).party)}`);
		const said = await (await router.fetch(to, init)).json();
		const party = { token: "invitation", size: 2, until: until(from) };
		return Object.defineProperty(new Response(JSON.stringify({ ...said, party }), { status: 201 }), "url", { value: to });
	};
	return { asked, get };
}

for (const [name, from, again] of [["in time", 60_000, '{"token":"invitation"}'], ["late", -1000, "undefined"]] as const)
	test(`the first asks for all once, and then ${name} for their own seat`, async (t) => {
		const { asked: got, get } = asked(from);
		const party = partyOptions<any>({ game: "dots", fetch: get }, { size: 2 });
		const c = await begin(t, { ...party.options, room: undefined });
		(await c.opened("ws://here/")).end(4017);
		await c.opened("ws://here/");
		assert.deepEqual(got, ['/match {"size":2}', `/rooms ${again}`]);
		assert.equal(party.invitation?.token, "invitation");
	});

for (const room of [undefined, "r"])
	test(`the others show the invitation, room ${room}`, async (t) => {
		const { asked: got, get } = asked();
		const party = partyOptions<any>({ game: "dots", room, fetch: get }, { token: "given" });
		const c = await begin(t, { ...party.options, room });
		await c.opened("ws://here/");
		assert.deepEqual(got, [`/${room ? "rooms" : "match"} {"token":"given"}`]);
	});

test("other requests stay as they are", async () => {
	let seen: unknown;
	const get = async (_: unknown, init: unknown) => ((seen = init), new Response("{}"));
	const party = partyOptions<any>({ game: "dots", fetch: get as typeof fetch }, { size: 2 });
	await party.options.fetch!("http://here/");
	assert.equal(seen, undefined);
});
