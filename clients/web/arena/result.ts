// The result of a round, until the next one begins.

import type { Outcome, Room } from "../sdk/index.ts";
import { hue } from "../style/palette.ts";
import { byId, make, show } from "./dom.ts";
import { nameOf, type Arena } from "./game.ts";

/** Places, as they are said. */
const ordinals = ["", "1st", "2nd", "3rd"];
const ordinal = (n: number) => ordinals[n] ?? `${n}th`;

export class Result {
	readonly #card = byId("result");
	#match = 0;

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
		);
		this.#card.classList.toggle("won", mine?.place === 1 && firsts.length === 1);
		show(this.#card, true);
	}

	/** Takes the newest tick: a result goes when the next round is on. */
	look(room: Room<Arena>, playing: boolean): void {
		if (playing && room.values.room.match > this.#match) this.hide();
	}

	hide(): void {
		show(this.#card, false);
	}
}

function headline(place: number | undefined, firsts: number, winner: string): string {
	if (firsts > 1) return place === 1 ? "A draw" : "The round is drawn";
	if (place === 1) return "You won the round";
	return place ? `You came ${ordinal(place)}` : `${winner} won the round`;
}
