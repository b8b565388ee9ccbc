// Room ids of any text. Not part of the SDK's own bundle.

/** Makes of what was typed, or stood in a link, an id that servers take: an id stays as it is, and equal texts give equal ids. */
export function roomId(text: string): string {
	if (/^[a-z\d][\w.-]{0,63}$/i.test(text)) return text;
	const id = [...text.normalize("NFKD").replace(/\p{M}/gu, "")]
		.map((c) => (/[\w.-]/.test(c) ? c : /[\p{L}\p{N}\p{Emoji}]/u.test(c) ? c.codePointAt(0)!.toString(36) : " "))
		.join("")
		.replace(/^[^a-z\d]+/i, "")
		.trim()
		.replace(/ +/g, "-")
		.replace(/^p-/, "p_"); // an id that begins with p- is that of a private room
	return id.slice(0, 64) || "room";
}
