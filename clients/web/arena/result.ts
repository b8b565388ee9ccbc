// The result of a round, until the next one begins.

import type { Outcome, Room } from "../sdk/index.ts";
import { hue } from "../style/palette.ts";
import { byId, make, show } from "./dom.ts";
import { nameOf, Phase, type Arena } from "./game.ts";

/** Places, as they are said. */
const ordinals = ["", "1st", "2nd", "3rd"];
const ordinal = (n: number) => ordinals[n] ?? `${n}th`;

/** How long an outcome may take to be stored before the player hears that it is pending; milliseconds. */
const patience = 1500;

export class Result {
	readonly #card = byId("result");
	/** The newest match whose outcome was told. */
	#match = 0;
	/** Since when a match is over without an outcome; 0: none is. */
	#since = 0;

	/** Shows how a match ended. */
	tell(room: Room<Arena>, outcome: Outcome): void {
		const results = [...outcome.results].sort((a, b) => a.place - b.place || a.seat - b.seat);
		if (!results.length) return;
		const mine = results.find((r) => r.seat === room.seat);
		const firsts = results.filter((r) => r.place === 1);
		this.#match = outcome.match;
		this.#card.replaceChildren(
			make("h2", "", headline(mine?.place, firsts.length, nameOf(room.tables, firsts[0]!.seat))),
			make(
				"ol",
				"",
				...results.map((r) => {
					const dot = make("i", "dot");
					dot.style.background = hue(r.seat);
					const row = make("li", r.seat === room.seat ? "own" : "", make("em", "", ordinal(r.place)), dot, make("span", "who", nameOf(room.tables, r.seat)), make("b", "", String(r.score)));
					return row;
				}),
			),
			make("p", "next", "The next round begins in a moment."),
			links(room, outcome.match, results[0]!.alias),
		);
		this.#card.dataset.state = "told";
		this.#card.classList.toggle("won", mine?.place === 1 && firsts.length === 1);
		show(this.#card, true);
	}

	/** Takes the newest tick: a result goes when the next round is on. One that does not come is pending. */
	look(room: Room<Arena>, phase: Phase): void {
		const { match } = room.values.room;
		if (phase === Phase.playing && match > this.#match) this.hide();
		if (phase !== Phase.pause || match - 1 <= this.#match) this.#since = 0;
		else if (!this.#since) this.#since = performance.now();
		else if (performance.now() - this.#since > patience && this.#card.hidden) this.#pending(room, match - 1);
	}

	/** Says that a match is over, and that its result is not final: the store that keeps results has not accepted it. */
	#pending(room: Room<Arena>, match: number): void {
		const alias = [...(room.tables.seats ?? [])][0]?.[1].alias;
		this.#card.replaceChildren(make("h2", "", "Result pending"), make("p", "", "It is final as soon as it is stored. Nothing is lost; play on."), links(room, match, alias ?? room.alias));
		this.#card.dataset.state = "pending";
		this.#card.classList.remove("won");
		show(this.#card, true);
	}

	hide(): void {
		show(this.#card, false);
	}
}

/** Where a match's result stays. An alias tells the room's instance. The links open beside the game, whose seat is kept so. */
function links(room: Room<Arena>, match: number, alias: string): HTMLElement {
	const nav = make("nav", "ways");
	for (const [text, href] of [
		["This match", `matches?${new URLSearchParams({ room: room.id, match: String(match), alias })}`],
		["Leaderboard", "leaderboard"],
	] as const) {
		const a = make("a", "", text);
		a.href = href;
		a.target = "ringside results";
		a.dataset.testid = href === "leaderboard" ? "to-leaderboard" : "to-match";
		nav.append(a);
	}
	return nav;
}

function headline(place: number | undefined, firsts: number, winner: string): string {
	if (firsts > 1) return place === 1 ? "A draw" : "The round is drawn";
	if (place === 1) return "You won the round";
	return place ? `You came ${ordinal(place)}` : `${winner} won the round`;
}
