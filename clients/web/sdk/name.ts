// Display names.

/** Characters, which are code points, that a name may have; PROTOCOL.md, Limits. */
const maxName = 32;

/** What nobody sees: control, zero-width (DI: default ignorable) and bidirectional characters. Those that choose how an emoji is drawn may stay. */
const unseen = /(?![\ufe0e\ufe0f])[\p{C}\p{DI}\u2028\u2029]/gu;

/** Makes of what was typed the nearest name that servers take: composed, without unseen characters and spaces around it, cut. */
export function playerName(typed: string): string {
	const bare = typed.replace(unseen, "").normalize("NFC").replace(/^[\s\p{M}]+/u, "");
	return [...bare].slice(0, maxName).join("").trimEnd();
}
