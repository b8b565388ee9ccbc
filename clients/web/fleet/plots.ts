// Plots of the last minutes: one line a server, or bars for what happened to rooms.

import { percent } from "./cards.ts";
import { colour, serverColour } from "./colours.ts";
import { clean, fit, h, setText } from "./dom.ts";
import { greatest, niceTop, type Figure, type History } from "./history.ts";

interface Plot {
	title: string;
	figure: Figure | "moves";
	least: number; // top of the axis at least
	show(v: number): string;
	all(values: number[]): string; // of the values of now, one a server
	canvas: HTMLCanvasElement;
	value: HTMLElement;
}

const known = (v: number) => !Number.isNaN(v);
const sum = (values: number[]) => values.filter(known).reduce((a, b) => a + b, 0);
const top = (values: number[]) => Math.max(0, ...values.filter(known));
const count = (v: number) => (v < 10 && v % 1 ? v.toFixed(1) : Math.round(v).toLocaleString("en"));
const ms = (v: number) => `${v < 10 ? v.toFixed(1) : Math.round(v)} ms`;

const kinds: Omit<Plot, "canvas" | "value">[] = [
	{ title: "Players", figure: "players", least: 10, show: count, all: (v) => count(sum(v)) },
	{ title: "Rooms", figure: "rooms", least: 5, show: count, all: (v) => count(sum(v)) },
	{ title: "Load", figure: "busy", least: 10, show: percent, all: (v) => `${percent(top(v))} at most` },
	{ title: "Tick time, p99", figure: "p99", least: 1, show: ms, all: (v) => `${ms(top(v))} at most` },
	{ title: "Late ticks a second", figure: "late", least: 1, show: count, all: (v) => count(sum(v)) },
	{ title: "Moves and failovers", figure: "moves", least: 2, show: count, all: (v) => `${count(sum(v))} shown` },
];

const left = 4, right = 40, above = 6, below = 16;

export class Plots {
	private readonly plots: Plot[] = [];
	private pointed: { plot: Plot; i: number } | undefined;
	private bright = ""; // server whose line stands out

	constructor(host: HTMLElement, private readonly history: History, private readonly tip: (text: string[], x: number, y: number) => void) {
		for (const kind of kinds) {
			const canvas = h("canvas"), value = h("span", { className: "value" });
			canvas.setAttribute("role", "img");
			const plot: Plot = { ...kind, canvas, value };
			host.append(h("figure", { className: "plot", dataset: { testid: `plot-${kind.figure}` } },
				h("figcaption", {}, h("span", {}, kind.title), value), canvas));
			canvas.onpointermove = (e) => this.point(plot, e);
			canvas.onpointerleave = () => this.point(undefined);
			this.plots.push(plot);
		}
	}

	/** Draws all of them; `only` is the server whose lines stand out, "" for none. */
	draw(only = this.bright): void {
		this.bright = only;
		if (document.hidden) return;
		for (const p of this.plots) this.drawOne(p);
	}

	private point(plot: Plot | undefined, e?: PointerEvent): void {
		const before = this.pointed;
		this.pointed = undefined;
		if (plot && e) {
			const inner = plot.canvas.clientWidth - left - right;
			const i = Math.round(((e.offsetX - left) / inner) * (this.history.length - 1));
			if (i >= 0 && i < this.history.length) this.pointed = { plot, i };
		}
		for (const p of new Set([before?.plot, this.pointed?.plot])) if (p) this.drawOne(p);
		this.tip(this.pointed ? this.describe(plot!, this.pointed.i) : [], e?.clientX ?? 0, e?.clientY ?? 0);
	}

	/** What a plot says of a moment: the greatest values first. */
	private describe(p: Plot, i: number): string[] {
		const time = new Date(this.history.timeOf(i)).toLocaleTimeString("en-GB");
		if (p.figure === "moves") {
			return [time, `${count(this.history.moves[i] || 0)} moves`, `${count(this.history.failovers[i] || 0)} failovers`];
		}
		const figure = p.figure;
		const all = [...this.history.servers].map(([n, s]) => [n, s[figure][i]!] as const).filter(([, v]) => known(v));
		all.sort((a, b) => b[1] - a[1]);
		const lines = all.slice(0, 6).map(([n, v]) => `${n}  ${p.show(v)}`);
		if (all.length > 6) lines.push(`and ${all.length - 6} more`);
		return [time, ...(lines.length ? lines : ["not known"])];
	}

	private drawOne(p: Plot): void {
		const width = p.canvas.clientWidth, height = p.canvas.clientHeight;
		if (width === 0) return;
		fit(p.canvas, width, height);
		const c = clean(p.canvas);
		const n = this.history.length;
		const lists = p.figure === "moves" ? [totals(this.history.moves, this.history.failovers)] :
			[...this.history.servers.values()].map((s) => s[p.figure as Figure]);
		const high = niceTop(greatest(lists), p.least);
		const x = (i: number) => left + (i / (n - 1)) * (width - left - right);
		const y = (v: number) => above + (1 - v / high) * (height - above - below);

		c.font = `11px ${colour("sans")}`;
		c.fillStyle = colour("muted");
		c.strokeStyle = colour("line");
		c.lineWidth = 1;
		c.textBaseline = "middle";
		for (const v of [0, high / 2, high]) {
			c.beginPath();
			c.moveTo(left, Math.round(y(v)) + 0.5);
			c.lineTo(width - right, Math.round(y(v)) + 0.5);
			c.stroke();
			c.fillText(p.show(v).replace(/(\.0)? (ms|%)$|\.0$/, ""), width - right + 5, y(v));
		}
		c.textBaseline = "bottom";
		c.fillText(`−${Math.round(n / 60)} min`, left, height);
		c.textAlign = "right";
		c.fillText("now", width - right, height);
		c.textAlign = "left";

		if (p.figure === "moves") this.drawBars(c, x, y, (width - left - right) / n);
		else this.drawLines(c, p.figure, x, y);
		if (this.pointed?.plot === p) {
			c.strokeStyle = colour("muted");
			c.beginPath();
			c.moveTo(x(this.pointed.i), above);
			c.lineTo(x(this.pointed.i), height - below);
			c.stroke();
		}
		const now = p.figure === "moves" ? totals(this.history.moves, this.history.failovers) : lists.map((l) => l[n - 1]!);
		setText(p.value, p.all(now));
		p.canvas.setAttribute("aria-label", `${p.title}: ${p.all(now)}`);
	}

	private drawLines(c: CanvasRenderingContext2D, figure: Figure, x: (i: number) => number, y: (v: number) => number): void {
		const crowd = this.history.servers.size > 12;
		c.lineJoin = "round";
		const servers = [...this.history.servers].sort(([a], [b]) => Number(a === this.bright) - Number(b === this.bright));
		for (const [name, s] of servers) {
			const faded = this.bright !== "" && name !== this.bright;
			c.globalAlpha = faded ? 0.2 : crowd && name !== this.bright ? 0.6 : 1;
			c.strokeStyle = serverColour(name);
			c.lineWidth = name === this.bright ? 2.5 : crowd ? 1 : 1.6;
			c.beginPath();
			let pen = false;
			s[figure].forEach((v, i) => {
				if (!known(v)) pen = false;
				else if (pen) c.lineTo(x(i), y(v));
				else {
					c.moveTo(x(i), y(v));
					pen = true;
				}
			});
			c.stroke();
		}
		c.globalAlpha = 1;
	}

	/** Moves, and failovers on top of them in the colour of trouble. */
	private drawBars(c: CanvasRenderingContext2D, x: (i: number) => number, y: (v: number) => number, wide: number): void {
		const w = Math.max(2, wide);
		this.history.moves.forEach((v, i) => {
			const moves = v || 0, failovers = this.history.failovers[i] || 0;
			c.fillStyle = colour("accent");
			if (moves > 0) c.fillRect(x(i) - w / 2, y(moves), w, y(0) - y(moves));
			c.fillStyle = colour("bad");
			if (failovers > 0) c.fillRect(x(i) - w / 2, y(moves + failovers), w, y(moves) - y(moves + failovers));
		});
	}
}

function totals(a: number[], b: number[]): number[] {
	return a.map((v, i) => v + b[i]!);
}
