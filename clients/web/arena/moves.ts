// Says when another server has taken the room over, and how long the player saw nothing: the promise of the whole project, in the game.

export class Moves {
	#server = "";
	#at = 0;
	#reconnects = 0;

	/**
	 * Looks at a frame: the server that sent it, the time in milliseconds, and how often the connection has broken so far. It returns a
	 * sentence if this is the first frame of another server.
	 */
	look(server: string, now: number, reconnects: number): string | undefined {
		const [from, gap, broken] = [this.#server, Math.round(now - this.#at), reconnects > this.#reconnects];
		[this.#server, this.#at, this.#reconnects] = [server, now, reconnects];
		if (!from || from === server) return undefined;
		return broken ? `${from} is gone. You play on at ${server}, after ${gap} ms.` : `${from} handed the match to ${server}: ${gap} ms between two frames.`;
	}

	/** Forgets the room. */
	forget(): void {
		this.#server = "";
	}
}
