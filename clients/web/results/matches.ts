import "./main.css";

import { byId, make, say, show } from "../arena/dom.ts";
import { hue } from "../style/palette.ts";
import { ask, guest, nameOf, type Page, type Stored } from "./api.ts";
import { attempt, link, ordinal, reveal, tell } from "./parts.ts";

/** Matches on a page. */
const limit = 20;

const query = new URLSearchParams(location.search);
const room = query.get("room") ?? "";
const match = query.get("match") ?? "";
const list = byId("matches");
const more = byId<HTMLButtonElement>("more");
const clock = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const outcomesOf = (room: string) => `rooms/${encodeURIComponent(room)}/outcomes`;
const play = () => link("Play a round", room ? `./?room=${encodeURIComponent(room)}` : "./", "main");

function card({ at, outcome }: Stored): HTMLElement {
	const { instance, match, room, results } = outcome;
	const own = results.find((r) => r.own);
	const rows = [...results].sort((a, b) => a.place - b.place || a.seat - b.seat).map((r) => {
		const dot = make("i", "dot");
		dot.style.background = hue(r.seat);
		const who = make("span", "who", nameOf(r));
		if (r.own) who.append(make("small", "", "you"));
		return make("li", r.own ? "own" : "", make("em", "", ordinal(r.place)), dot, who, make("b", "", r.score.toLocaleString()));
	});
	const here = new URLSearchParams({ room, instance, match: String(match) });
	const time = make("time", "", clock.format(new Date(at)));
	time.dateTime = at;
	const head = make("header", "", link(`Match ${match}`, `matches?${here}`), " in ", link(room, `matches?${new URLSearchParams({ room })}`), time);
	if (own) head.append(make("strong", own.place === 1 ? "won" : "", ordinal(own.place)));
	const card = make("article", "match", head, rows.length ? make("ol", "", ...rows) : make("p", "muted", "Nobody was left when it ended."));
	card.dataset.testid = "match";
	return card;
}

/** Shows pages of matches, the newest first. */
async function pages(path: string, empty: string): Promise<void> {
	let before = 0;
	const next = async () => {
		const page = await ask<Page>(path, { before, limit });
		list.append(...page.outcomes.map(card));
		before = page.next;
		show(more, page.outcomes.length === limit);
		if (!list.childElementCount) return tell("empty", empty, play());
		reveal();
	};
	more.onclick = () => void attempt(next);
	await next();
}

/**
 * Shows one match, or waits for it. An instance of a room names its matches for ever. The arena does not know the instance; it gives
 * the alias of a player, which no other instance has.
 */
async function one(): Promise<void> {
	const instance = query.get("instance");
	const alias = query.get("alias");
	const wanted = ({ outcome }: Stored) => !alias || outcome.results.some((r) => r.alias === alias);
	let page = await ask<Page>(outcomesOf(room), instance ? { instance, match } : { match, before: 0, limit });
	let last = page.outcomes[0]?.seq ?? 0;
	while (!page.outcomes.some(wanted)) {
		tell("pending", "This result is pending: the store does not have it yet. It appears here as soon as it is final.", play());
		page = await ask<Page>(outcomesOf(room), instance ? { instance, match, wait: "25s" } : { match, after: last, wait: "25s" });
		last = page.outcomes.at(-1)?.seq ?? last;
	}
	list.replaceChildren(card(page.outcomes.find(wanted)!));
	reveal();
}

function load(): Promise<void> {
	list.replaceChildren();
	if (match) return one();
	if (room) return pages(outcomesOf(room), "No match has ended in this room yet. Results appear here when one has.");
	if (!guest) {
		tell("empty", "You have not played in this browser yet. Your matches appear here when you have.", play());
		return Promise.resolve();
	}
	return pages("players/me/matches", "None of your matches has ended yet. Play a round to its end, and it appears here.");
}

say(byId("title"), match ? `Match ${match}` : room ? `Matches in ${room}` : "Your matches");
byId("own").toggleAttribute("aria-current", !room);
if (room) {
	const back = byId<HTMLAnchorElement>("room");
	back.href = `matches?${new URLSearchParams({ room })}`;
	show(back, true);
	back.toggleAttribute("aria-current", !match);
}
void attempt(load);
