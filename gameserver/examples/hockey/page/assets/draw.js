import { goalLeft, height, malletR, puckR, width } from "/assets/physics.js";

const colours = ["#35d0ff", "#ff5c8a"]; // by seat

/** Draws the table at the screen's resolution. */
export function draw(canvas, { tables }, own, { turned, goal, scorer }) {
	const scale = (canvas.clientWidth / width) * devicePixelRatio;
	if (canvas.width !== Math.round(width * scale)) [canvas.width, canvas.height] = [Math.round(width * scale), Math.round(height * scale)];
	const paint = canvas.getContext("2d");
	paint.setTransform(scale, 0, 0, scale, 0, 0);
	paint.clearRect(0, 0, width, height);
	paint.save();
	if (turned) paint.transform(-1, 0, 0, -1, width, height);
	lines(paint);
	if (goal) {
		paint.fillStyle = colours[scorer] + hex(goal * 0.35);
		paint.fillRect(0, 0, width, height);
	}
	scores(paint, tables, turned);
	const mine = tables.mallets.get(own);
	const spectated = tables.puck.get(0);
	const puck = mine ? { x: mine.puck_x, y: mine.puck_y } : spectated;
	if (puck) disc(paint, puck.x, puck.y, puckR, "#f4f6fb", 0.55);
	tables.mallets.forEach(({ x, y }, seat) => {
		disc(paint, x, y, malletR, colours[seat], 0.45);
		disc(paint, x, y, malletR * 0.42, colours[seat], 0.8);
	});
	paint.restore();
}

function lines(paint) {
	paint.lineWidth = 3;
	paint.strokeStyle = "#2f4068";
	paint.beginPath();
	paint.moveTo(0, height / 2);
	paint.lineTo(width, height / 2);
	paint.stroke();
	for (const [y, r] of [[height / 2, 56], [0, 92], [height, 92]]) circle(paint, width / 2, y, r, "stroke");
	paint.lineWidth = 10;
	[height, 0].forEach((y, seat) => {
		paint.strokeStyle = colours[seat];
		paint.beginPath();
		paint.moveTo(goalLeft - puckR, y);
		paint.lineTo(width - goalLeft + puckR, y);
		paint.stroke();
	});
}

/** The scores beside the middle line, upright for whoever looks. */
function scores(paint, tables, turned) {
	paint.font = "700 54px system-ui, sans-serif";
	paint.textAlign = "center";
	paint.textBaseline = "middle";
	tables.mallets.forEach(({ score }, seat) => {
		paint.save();
		paint.translate(width - 36, height / 2 + (seat ? -44 : 44));
		if (turned) paint.rotate(Math.PI);
		paint.fillStyle = colours[seat] + "66";
		paint.fillText(score, 0, 3);
		paint.restore();
	});
}

function disc(paint, x, y, r, colour, dark) {
	paint.save();
	paint.shadowColor = colour;
	paint.shadowBlur = r * 0.9;
	paint.fillStyle = colour;
	circle(paint, x, y, r, "fill");
	paint.restore();
	paint.fillStyle = `rgb(8 12 24 / ${dark})`;
	circle(paint, x, y, r * 0.8, "fill");
	paint.lineWidth = 2;
	paint.strokeStyle = colour;
	circle(paint, x, y, r * 0.8, "stroke");
}

function circle(paint, x, y, r, how) {
	paint.beginPath();
	paint.arc(x, y, r, 0, 7);
	paint[how]();
}

const hex = (share) => Math.round(share * 255).toString(16).padStart(2, "0");
