// Waiting for what must come, with a limit and a reason.

/** How long anything may take: a machine under load needs seconds where an idle one needs milliseconds. */
export const patience = 30_000;

/** Asks f again and again until it gives something that is true, and gives that. what says what is waited for. */
export async function until<T>(what: string, f: () => T | Promise<T>, limit = patience): Promise<NonNullable<T>> {
	const deadline = Date.now() + limit;
	for (;;) {
		const got = await f();
		if (got) return got;
		if (Date.now() > deadline) throw new Error(`after ${limit / 1000} s there is no ${what}; last: ${JSON.stringify(got)}`);
		await new Promise((resolve) => setTimeout(resolve, 50));
	}
}
