// Small helpers around the DOM. Nothing here writes HTML from text: names come from elsewhere.

type Props<K extends keyof HTMLElementTagNameMap> = Partial<Omit<HTMLElementTagNameMap[K], "dataset" | "style">> & {
	dataset?: Record<string, string>;
};

/** Makes an element. */
export function h<K extends keyof HTMLElementTagNameMap>(
	tag: K, props: Props<K> = {}, ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
	const { dataset, ...rest } = props;
	const e = Object.assign(document.createElement(tag), rest);
	Object.assign(e.dataset, dataset);
	e.append(...children);
	return e;
}

/** The element of the page with that id. */
export function byId<T extends HTMLElement = HTMLElement>(id: string): T {
	const e = document.getElementById(id);
	if (!e) throw new Error(`the page has no #${id}`);
	return e as T;
}

/** Sets a text where it is another one: the browser then has nothing to lay out again. */
export function setText(e: Node, text: string): void {
	if (e.textContent !== text) e.textContent = text;
}

/** Gives a canvas a size in CSS pixels, at the resolution of the device; true if it has changed, and is empty now. */
export function fit(canvas: HTMLCanvasElement, width: number, height: number): boolean {
	const w = Math.round(width * devicePixelRatio), hgt = Math.round(height * devicePixelRatio);
	if (canvas.width === w && canvas.height === hgt) return false;
	canvas.width = w;
	canvas.height = hgt;
	return true;
}

/** A clean context whose unit is a CSS pixel. */
export function clean(canvas: HTMLCanvasElement): CanvasRenderingContext2D {
	const c = canvas.getContext("2d");
	if (!c) throw new Error("this browser does not draw on canvases");
	c.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
	c.clearRect(0, 0, canvas.width, canvas.height);
	return c;
}

export function plural(n: number, one: string, many = one + "s"): string {
	return `${n.toLocaleString("en")} ${n === 1 ? one : many}`;
}
