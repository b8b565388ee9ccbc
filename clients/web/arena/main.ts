import "./main.css";

import { readFaults } from "./badnet.ts";
import { byId } from "./dom.ts";
import { Page } from "./page.ts";
import { rememberedName, rememberedVisit, takeName } from "./player.ts";
import { roomId } from "../sdk/roomid.ts";
import { codeOf, partyOf } from "./share.ts";

const query = new URLSearchParams(location.search);
readFaults(query);
const page = new Page(query.get("room") ? roomId(query.get("room")!) : undefined, codeOf(location.hash), partyOf(location.hash));
const name = byId<HTMLInputElement>("name");
name.value = rememberedName();

byId("entry").onsubmit = (e) => {
	e.preventDefault();
	page.enter({ role: "player", ...page.invitation }, takeName(name.value));
};
byId("watch").onclick = () => page.enter({ role: "spectator", ...page.invitation }, takeName(name.value));
byId("duo").onclick = () => page.enter({ role: "player", party: { size: 2 } }, takeName(name.value));
byId("friends").onclick = () => page.enter({ role: "player", private: true }, takeName(name.value));

// A tab that was in a room goes on there, unless another link was opened in it.
const visit = rememberedVisit();
if (visit && visit.in === page.invited) page.enter(visit, rememberedName());
else page.home();

// For the browser's console and tests: the room, and what is drawn.
Object.assign(globalThis, { arena: page });
