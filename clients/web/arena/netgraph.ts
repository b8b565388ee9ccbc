// The network graph and the simulator's sliders, in a panel that can be opened.

import type { Room, Stats } from "../sdk/index.ts";
import { colour } from "../style/palette.ts";
import { faults, knobs, stall } from "./badnet.ts";
import { byId, make, say, show } from "./dom.ts";
import type { Arena } from "./game.ts";

const sampleEvery = 100; // milliseconds
const kept = 120; // samples: twelve seconds

/** A curve of the graph: what it shows of a sample, in which unit, and the least top of its scale. */
interface Curve {
	label: string;
	hint: string;
	tint: string;
	top: number;
	of(s: Sample): number;
	text(v: number): string;
}

interface Sample extends Stats {
	bytesPerSecond: number;
	frameTime: number;
}

const ms = (v: number) => `${v < 10 ? v.toFixed(1) : Math.round(v)} ms`;

const curves: Curve[] = [
	{ label: "round trip", hint: "to the server and back", tint: "hue-1", top: 60, of: (s) => s.roundTrip, text: ms },
	{ label: "tick gap", hint: "longest time between two ticks in the last second", tint: "hue-2", top: 80, of: (s) => s.tickGap, text: ms },
	{ label: "buffer", hint: "how far behind the others are shown", tint: "hue-6", top: 80, of: (s) => s.buffer, text: ms },
	{ label: "correction", hint: "how far the newest correction moved you, in units of the map", tint: "hue-5", top: 8, of: (s) => s.predictionError, text: (v) => v.toFixed(2) },
	{ label: "traffic", hint: "both ways", tint: "hue-3", top: 2000, of: (s) => s.bytesPerSecond, text: (v) => `${(v / 1000).toFixed(2)} kB/s` },
	{ label: "frame", hint: "how long this page needs to draw one", tint: "hue-4", top: 8, of: (s) => s.frameTime, text: ms },
];

export class NetGraph {
	readonly #panel = byId("net");
	readonly #button = byId("network");
	readonly #rows = curves.map((curve) => {
		const value = make("b");
		const canvas = make("canvas");
		const label = make("span", "", curve.label);
		const row = make("div", "curve", label, value, canvas);
		row.title = curve.hint;
		row.dataset.curve = curve.label;
		return { curve, value, canvas, row };
	});
	readonly #server = make("p", "where");
	#samples: Sample[] = [];
	#timer: ReturnType<typeof setInterval> | undefined;

	/** room and frameTime are asked for when they are needed. */
	constructor(readonly room: () => Room<Arena> | undefined, readonly frameTime: () => number) {
		const stallButton = make("button", "", "Stall for a second");
		stallButton.type = "button";
		stallButton.dataset.testid = "stall";
		stallButton.onclick = stall;
		this.#panel.append(this.#server, ...this.#rows.map(({ row }) => row), make("h2", "", "Simulate a bad network"), ...Object.keys(knobs).map((k) => slider(k as keyof typeof knobs)), stallButton);
		this.#button.onclick = () => this.toggle();
		addEventListener("keydown", (e) => {
			if (e.code === "KeyN" && !e.repeat && !e.ctrlKey && !e.metaKey && !e.altKey && !isField(e.target)) this.toggle();
		});
	}

	toggle(): void {
		const open = !!this.#panel.hidden;
		show(this.#panel, open);
		this.#button.setAttribute("aria-expanded", String(open));
		clearInterval(this.#timer);
		this.#samples = [];
		if (open) this.#timer = setInterval(() => this.#look(), sampleEvery);
	}

	#look(): void {
		const room = this.room();
		if (!room?.tick) return;
		const stats = room.stats();
		const before = this.#samples.at(-Math.min(this.#samples.length, 1000 / sampleEvery));
		const bytes = (s: Stats) => s.bytesDown + s.bytesUp;
		const span = (Math.min(this.#samples.length, 1000 / sampleEvery) * sampleEvery) / 1000;
		const sample = { ...stats, bytesPerSecond: before && span ? Math.max(0, bytes(stats) - bytes(before)) / span : 0, frameTime: this.frameTime() };
		this.#samples.push(sample);
		if (this.#samples.length > kept) this.#samples.shift();
		say(this.#server, `${room.server}, tick ${room.tick}, room ${room.id}`);
		for (const { curve, value, canvas } of this.#rows) {
			say(value, curve.text(curve.of(sample)));
			this.#plot(canvas, curve);
		}
	}

	#plot(canvas: HTMLCanvasElement, { of, tint, top }: Curve): void {
		const density = devicePixelRatio || 1;
		const [width, height] = [Math.round(canvas.clientWidth * density), Math.round(canvas.clientHeight * density)];
		if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
		const c = canvas.getContext("2d")!;
		const values = this.#samples.map(of);
		const most = Math.max(top, ...values);
		c.clearRect(0, 0, width, height);
		c.beginPath();
		values.forEach((v, i) => c.lineTo(((kept - values.length + i) * width) / (kept - 1), height - 1 - ((height - 3) * v) / most));
		c.lineWidth = 1.5 * density;
		c.lineJoin = "round";
		c.strokeStyle = colour(tint);
		c.stroke();
		c.lineTo(width, height);
		c.lineTo(((kept - values.length) * width) / (kept - 1), height);
		c.globalAlpha = 0.12;
		c.fillStyle = colour(tint);
		c.fill();
		c.globalAlpha = 1;
	}
}

function slider(knob: keyof typeof knobs): HTMLElement {
	const input = make("input");
	const value = make("b");
	Object.assign(input, { type: "range", min: "0", max: String(knobs[knob]), step: "10", value: String(faults[knob]) });
	input.dataset.testid = knob;
	const tell = () => say(value, `${faults[knob]} ms`);
	input.oninput = () => {
		faults[knob] = Number(input.value);
		tell();
	};
	tell();
	return make("label", "knob", make("span", "", knob), input, value);
}

/** Whether keys are typed there. */
function isField(target: EventTarget | null): boolean {
	return target instanceof HTMLInputElement && target.type !== "range";
}
