// Short words for the page's elements.

/** The element of an id that index.html has. */
export function byId<E extends HTMLElement = HTMLElement>(id: string): E {
	return document.getElementById(id) as E;
}

/** Makes an element with a class and children. */
export function make<K extends keyof HTMLElementTagNameMap>(tag: K, className = "", ...children: (Node | string)[]): HTMLElementTagNameMap[K] {
	const e = document.createElement(tag);
	if (className) e.className = className;
	e.append(...children);
	return e;
}

/** Sets an element's text, if it is another one: the layout is left alone otherwise. */
export function say(e: HTMLElement, text: string): void {
	if (e.textContent !== text) e.textContent = text;
}

/** Shows or hides an element. */
export function show(e: HTMLElement, shown: boolean): void {
	if (e.hidden === shown) e.hidden = !shown;
}
