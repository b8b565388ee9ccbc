// What both pages have in common: loading, failing, and being empty.

import { byId, make, show } from "../arena/dom.ts";
import { Trouble } from "./api.ts";

const notice = byId("notice");
const body = byId("body");

/** Says one thing instead of the page's body, with what the reader can do. */
export function tell(kind: "loading" | "empty" | "pending" | "error", text: string, ...ways: Node[]): void {
	notice.dataset.kind = kind;
	notice.replaceChildren(make("p", "", text), ...ways);
	show(notice, true);
	show(body, kind === "pending");
}

/** Shows the page's body. */
export function reveal(): void {
	show(notice, false);
	show(body, true);
}

/** Runs load, and again when the reader asks for it after a failure. */
export async function attempt(load: () => Promise<void>): Promise<void> {
	tell("loading", "Loading …");
	try {
		await load();
	} catch (e) {
		tell("error", e instanceof Trouble ? e.message : "This page has failed. Load it again.", button("Try again", () => void attempt(load)));
		if (!(e instanceof Trouble)) throw e;
	}
}

export function button(text: string, go: () => void): HTMLButtonElement {
	const b = make("button", "", text);
	b.type = "button";
	b.onclick = go;
	return b;
}

export function link(text: string, href: string, className = ""): HTMLAnchorElement {
	const a = make("a", className, text);
	a.href = href;
	return a;
}

/** A place and its ending: 1st. */
export function ordinal(n: number): string {
	return n + (["th", "st", "nd", "rd"][n % 100 > 10 && n % 100 < 14 ? 0 : n % 10] ?? "th");
}
