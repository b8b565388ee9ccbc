// The link to a room.

/** The link that brings others into a room. */
export function linkTo(room: string): string {
	return `${location.origin}/?room=${encodeURIComponent(room)}`;
}

/** Copies text; false: the browser does not let a page do that. */
export async function copy(text: string): Promise<boolean> {
	try {
		await navigator.clipboard.writeText(text); // not there on pages that came over plain HTTP from another machine
		return true;
	} catch {
		const field = document.createElement("textarea");
		field.value = text;
		field.style.cssText = "position:fixed;opacity:0";
		document.body.append(field);
		field.select();
		const copied = document.execCommand("copy");
		field.remove();
		return copied;
	}
}
