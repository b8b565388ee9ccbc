// How much of the screen's edges the map leaves to what stands in front of it.

import type { Insets } from "./camera.ts";

/** Below these sizes, in CSS pixels, a screen is a phone's; main.css has the same ones. */
const narrow = 700;
const low = 500;

/** Above it the first card stands beside the map. */
const wide = 1000;

/** home: the first card is open; thumbs: a phone is played on. */
export function insetsOf(width: number, height: number, home: boolean, thumbs: boolean): Insets {
	const none = { top: 0, right: 0, bottom: 0, left: 0 };
	if (home && width >= wide) return { top: 24, right: 24, bottom: 24, left: 500 };
	if (height < low) return { ...none, top: 44, bottom: 46 };
	if (width < narrow) return { ...none, top: 96, bottom: thumbs ? 230 : 70 };
	return { ...none, top: 68, bottom: 64 };
}
