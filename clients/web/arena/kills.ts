// Who killed whom, from the ticks as they come: everybody's health and the tick's shots say it.

import type { Room } from "../sdk/index.ts";
import { noSeat, type Arena } from "./game.ts";

export class Kills {
	#hp = new Map<number, number>();

	/** told hears of each kill; by is noSeat when the tick with the shot was missed. */
	constructor(readonly told: (victim: number, by: number) => void) {}

	/** Takes the newest tick. */
	look(room: Room<Arena>): void {
		const { fighters } = room.tables;
		fighters.forEach((f, seat) => {
			const had = this.#hp.get(seat) ?? 0;
			this.#hp.set(seat, f.hp);
			if (f.hp > 0 || had <= 0) return;
			const last = room.events.shots.findLast((shot) => shot.hit === seat);
			this.told(seat, last?.shooter ?? noSeat);
		});
		for (const seat of this.#hp.keys()) if (!fighters.get(seat)) this.#hp.delete(seat);
	}

	forget(): void {
		this.#hp.clear();
	}
}
