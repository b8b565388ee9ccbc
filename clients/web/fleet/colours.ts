// The palette's colours for canvases, and which server has which.

/** Reads a colour of style/palette.css. */
export function colour(name: string): string {
	let c = cache.get(name);
	if (c === undefined) {
		c = getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
		cache.set(name, c);
	}
	return c;
}

const cache = new Map<string, string>();
const hues = 8;
const numbers = new Map<string, number>();

/** A server's colour. It keeps it for as long as the page is open; with more than eight servers colours repeat. */
export function serverColour(name: string): string {
	let n = numbers.get(name);
	if (n === undefined) {
		n = numbers.size;
		numbers.set(name, n);
	}
	return colour(`hue-${(n % hues) + 1}`);
}
