// Which server has which of the palette's colours.

import { hue } from "../style/palette.ts";

export { colour } from "../style/palette.ts";

const numbers = new Map<string, number>();

/** A server's colour. It keeps it for as long as the page is open; with more than eight servers colours repeat. */
export function serverColour(name: string): string {
	let n = numbers.get(name);
	if (n === undefined) {
		n = numbers.size;
		numbers.set(name, n);
	}
	return hue(n);
}
