// The link to a room.

const codeKey = "code";
const partyKey = "party";

/**
 * The link that brings others into a room. The code of a private one, or the invitation to a party, is behind the #: browsers do not send
 * that, so it is in nobody's log.
 */
export function linkTo(room: string, code: string, party?: string): string {
	return new URL(`./?room=${encodeURIComponent(room)}${party ? `#${partyKey}=${encodeURIComponent(party)}` : fragment(code)}`, location.href).href;
}

/** The end of an address that holds code. */
export const fragment = (code: string | undefined): string => (code ? `#${codeKey}=${encodeURIComponent(code)}` : "");

/** The code that the page's address holds. */
export const codeOf = (hash: string): string | undefined => new URLSearchParams(hash.slice(1)).get(codeKey) || undefined;

/** The invitation to a party that the page's address holds. */
export const partyOf = (hash: string): string | undefined => new URLSearchParams(hash.slice(1)).get(partyKey) || undefined;

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
