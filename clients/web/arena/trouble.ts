// When something is wrong: a small sign while the game goes on or comes back by itself, and a card when the player must
// choose.

import type { RingsideError, Status } from "../sdk/index.ts";
import { byId, make, say, show } from "./dom.ts";

/** What the player can do next. */
export interface Way {
	label: string;
	go(): void;
}

export class Trouble {
	readonly #sign = byId("sign");
	readonly #card = byId("trouble");
	readonly #sentence = byId("trouble-text");
	readonly #ways = byId("trouble-ways");
	readonly #detail = byId("trouble-detail");

	/** Shows how the room is, if there is anything to say: small, and gone by itself. */
	sign(status: Status, error: RingsideError | undefined): void {
		const text = {
			connecting: error ? `${error.message} Trying on …` : "Finding your place …",
			playing: "",
			suspended: "Paused: the server is making sure that it is in charge. Nothing is lost.",
			returning: "Back to your seat …",
			ended: "",
		}[status];
		say(this.#sign, text);
		this.#sign.dataset.status = status;
		show(this.#sign, text !== "");
	}

	/** Says for a moment what is good to know. */
	note(text: string): void {
		say(this.#sign, text);
		this.#sign.dataset.status = "note";
		show(this.#sign, true);
		setTimeout(() => this.#sign.textContent === text && show(this.#sign, false), 4000);
	}

	/** Asks the player what next; the first way is the one to take. */
	ask(error: RingsideError, ways: Way[]): void {
		const said = error.message.toLowerCase().includes(error.reason.toLowerCase()); // a server that was given no reason says what the code means
		say(this.#sentence, said ? error.message : `${error.message} (${error.reason})`);
		say(this.#detail, `${error.code}: ${error.detail || "nothing more is known"}`);
		this.#ways.replaceChildren(
			...ways.map(({ label, go }, i) => {
				const b = make("button", i ? "" : "main", label);
				b.type = "button";
				b.dataset.testid = i ? `way-${i + 1}` : "way";
				b.onclick = () => {
					this.hide();
					go();
				};
				return b;
			}),
		);
		this.#card.dataset.code = error.code;
		show(this.#sign, false);
		show(this.#card, true);
		(this.#ways.firstChild as HTMLElement).focus();
	}

	hide(): void {
		show(this.#card, false);
	}
}
