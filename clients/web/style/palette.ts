// The palette's colours, for canvases.

const cache = new Map<string, string>();

/** Reads a colour of palette.css. */
export function colour(name: string): string {
	let c = cache.get(name);
	if (c === undefined) {
		c = getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
		cache.set(name, c);
	}
	return c;
}

const hues = 8;

/** The n-th of the colours that are told apart side by side, from 0. */
export function hue(n: number): string {
	return colour(`hue-${(n % hues) + 1}`);
}
