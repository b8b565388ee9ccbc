// The panel that shows which members see each other: a square for each pair, and in words what is wrong.

import { compareViews, Flaps, type Agreement, type Sight } from "./agreement.ts";
import { colour } from "./colours.ts";
import { clean, fit, h, setText } from "./dom.ts";
import type { Fleet } from "./model.ts";

/** How many doubts are spelt out. */
const maxDoubts = 8;
/** Names are written at the rows up to that many members. */
const maxNamed = 24;

export class GossipPanel {
	private readonly verdict = h("p", { className: "verdict", dataset: { testid: "gossip-verdict" } });
	private readonly list = h("ul", { className: "doubts" });
	private readonly canvas = h("canvas", { className: "matrix" });
	private readonly flaps = new Flaps();
	private agreement: Agreement | undefined;
	private rowHeight = 0;
	private labels = 0;

	constructor(host: HTMLElement, private readonly fleet: Fleet, private readonly tip: (text: string[], x: number, y: number) => void) {
		this.canvas.setAttribute("role", "img");
		this.canvas.onpointermove = (e) => this.point(e);
		this.canvas.onpointerleave = () => this.tip([], 0, 0);
		host.append(this.verdict, this.list, this.canvas);
	}

	/** Takes the views of this moment. */
	update(): void {
		this.flaps.note(this.fleet.time, this.fleet.views);
		const a = compareViews(this.fleet.members, this.fleet.views);
		this.agreement = a;
		const flapping = a.names.map((n) => [n, this.flaps.of(n)] as const).filter(([, n]) => n > 0);
		const doubts = [...a.doubts.slice(0, maxDoubts)];
		if (a.doubts.length > maxDoubts) doubts.push(`and ${a.doubts.length - maxDoubts} more`);
		for (const [name, n] of flapping) doubts.push(`${name} was lost from sight and seen again ${n === 1 ? "once" : `${n} times`} in 5 min`);
		this.verdict.dataset.state = a.doubts.length ? "doubt" : "agree";
		setText(this.verdict, a.doubts.length ? "Views differ" : `${this.fleet.views.size} views, all agree on ${a.names.length} members`);
		if (this.list.children.length !== doubts.length) this.list.replaceChildren(...doubts.map(() => h("li")));
		doubts.forEach((d, i) => setText(this.list.children[i]!, d));
		this.canvas.setAttribute("aria-label", `who sees whom: ${a.doubts.length ? doubts.join("; ") : "all agree"}`);
		this.draw();
	}

	draw(): void {
		const a = this.agreement;
		const width = this.canvas.clientWidth;
		if (!a || width === 0 || document.hidden) return;
		const n = Math.max(1, a.names.length), named = n <= maxNamed;
		this.labels = named ? Math.min(96, width * 0.3) : 0;
		this.rowHeight = Math.min(22, (width - this.labels) / n);
		const height = Math.ceil(this.rowHeight * n);
		if (this.canvas.clientHeight !== height) this.canvas.style.height = `${height}px`;
		fit(this.canvas, width, height);
		const c = clean(this.canvas);
		const gap = this.rowHeight > 8 ? 2 : 0.5, size = this.rowHeight - gap;
		c.font = `12px ${colour("sans")}`;
		c.textBaseline = "middle";
		a.names.forEach((observer, row) => {
			const y = row * this.rowHeight;
			if (named) {
				c.globalAlpha = 1;
				c.fillStyle = colour(this.fleet.views.has(observer) ? "text" : "muted");
				c.fillText(observer, 0, y + this.rowHeight / 2, this.labels - 8);
			}
			a.names.forEach((subject, column) => {
				paintSight(c, a.sight(observer, subject), this.labels + column * this.rowHeight, y, size, observer === subject);
			});
		});
	}

	private point(e: PointerEvent): void {
		const a = this.agreement;
		if (!a || this.rowHeight === 0) return;
		const observer = a.names[Math.floor(e.offsetY / this.rowHeight)];
		const subject = a.names[Math.floor((e.offsetX - this.labels) / this.rowHeight)];
		if (!observer || !subject) return this.tip([], 0, 0);
		const why = this.fleet.views.get(observer)?.gone?.[subject];
		this.tip([`${observer} → ${subject}`, words[a.sight(observer, subject)] + (why ? `: ${why}` : "")], e.clientX, e.clientY);
	}
}

const words: Record<Sight, string> = {
	serving: "seen, serving",
	draining: "seen, draining",
	gone: "known to be gone",
	unknown: "not seen",
	untold: "its view is not known to this router",
};

function paintSight(c: CanvasRenderingContext2D, s: Sight, x: number, y: number, size: number, self: boolean): void {
	c.globalAlpha = s === "serving" ? (self ? 0.9 : 0.5) : 1;
	switch (s) {
		case "serving":
			c.fillStyle = colour("good");
			return c.fillRect(x, y, size, size);
		case "draining":
			c.fillStyle = colour("warn");
			return c.fillRect(x, y, size, size);
		case "gone":
		case "unknown":
			c.strokeStyle = colour(s === "gone" ? "bad" : "faint");
			c.lineWidth = Math.min(1.5, size / 3);
			c.strokeRect(x + 1, y + 1, size - 2, size - 2);
			c.beginPath();
			c.moveTo(x + 1, y + 1);
			c.lineTo(x + size - 1, y + size - 1);
			return c.stroke();
		case "untold":
			c.fillStyle = colour("line");
			return c.fillRect(x + size / 2 - 1, y + size / 2 - 1, 2, 2);
	}
}
