// What appears above the page for a while: the tip at the pointer, notices, the question for the token.

import { byId, h } from "./dom.ts";

/** Shows lines beside a point of the window; none hides them. */
export function showTip(lines: string[], x: number, y: number): void {
	const tip = byId("tip");
	tip.hidden = lines.length === 0;
	if (tip.hidden) return;
	tip.replaceChildren(...lines.map((l) => h("p", {}, l)));
	const { offsetWidth: w, offsetHeight: hgt } = tip;
	tip.style.left = `${Math.max(4, Math.min(x + 14, innerWidth - w - 8))}px`;
	tip.style.top = `${y + 18 + hgt > innerHeight ? Math.max(4, y - hgt - 12) : y + 18}px`;
}

/** How long a notice stays, in ms. */
const stays = { good: 5000, bad: 12_000 };

export function notice(text: string, kind: "good" | "bad"): void {
	const close = h("button", { type: "button", className: "link", ariaLabel: "close" }, "×");
	const n = h("div", { className: "notice", dataset: { kind } }, h("p", {}, text), close);
	close.onclick = () => n.remove();
	setTimeout(() => n.remove(), stays[kind]);
	byId("notices").append(n);
}

/** Asks for a token until `wrong` finds nothing wrong with it, or the question is closed. */
export function askToken(wrong: (token: string) => Promise<string | undefined>): Promise<void> {
	const dialog = byId<HTMLDialogElement>("token"), input = byId<HTMLInputElement>("token-input");
	const error = byId("token-error"), ok = byId<HTMLButtonElement>("token-ok");
	input.value = error.textContent = "";
	byId("token-cancel").onclick = () => dialog.close();
	dialog.showModal();
	return new Promise((done) => {
		dialog.onclose = () => {
			input.value = "";
			done();
		};
		ok.onclick = async (e) => {
			e.preventDefault();
			ok.disabled = true;
			try {
				const why = await wrong(input.value.trim());
				if (why === undefined) return dialog.close();
				error.textContent = why;
			} catch (e) {
				error.textContent = (e as Error).message;
			} finally {
				ok.disabled = false;
			}
			input.focus();
		};
	});
}
