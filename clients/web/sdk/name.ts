// Display names.

/** Bytes that a name may have; PROTOCOL.md, Limits. */
const maxName = 32;

/** What nobody sees: control, zero-width and bidirectional characters. Those that choose how an emoji is drawn may stay. */
const unseen = /(?![\ufe0e\ufe0f])[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

/** Makes of what was typed the nearest name that servers take: composed, without unseen characters and spaces around it, cut. */
export function playerName(typed: string): string {
	const bare = typed.replace(unseen, "").normalize("NFC").replace(/^[\s\p{M}]+/u, "");
	let name = "";
	for (const c of bare) {
		if (new TextEncoder().encode(name + c).length > maxName) break;
		name += c;
	}
	return name.trimEnd();
}
