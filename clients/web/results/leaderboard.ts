import "./main.css";

import { byId, make, say, show } from "../arena/dom.ts";
import { ask, guest, nameOf, Trouble, type Board, type Standing, type Standings } from "./api.ts";
import { attempt, link, reveal, tell } from "./parts.ts";

/** Rows on a page, and those around the reader if they are not among them. */
const limit = 100;
const around = 3;

const query = new URLSearchParams(location.search);
const number = new Intl.NumberFormat(undefined, { maximumFractionDigits: 1 });

function row({ rank, own, score, matches, ...player }: Standing): HTMLElement {
	const who = make("td", "who", nameOf(player));
	if (own) who.append(make("small", "", "you"));
	const tr = make("tr", own ? "own" : "", make("td", "rank", String(rank)), who, make("td", "number", number.format(score)), make("td", "number", number.format(matches)));
	tr.dataset.testid = own ? "own" : "standing";
	return tr;
}

/** What a board counts, in a sentence. */
function about({ keep, order, every }: Board): string {
	const what = {
		best: order === "low" ? "Each player's lowest score counts, and the lowest is first." : "Each player's best score counts.",
		sum: order === "low" ? "Scores of all matches are added up; the lowest sum is first." : "Scores of all matches are added up.",
		last: order === "low" ? "The score of the last match counts, and the lowest is first." : "The score of the last match counts.",
		elo: "Elo rating: it rises with wins against strong opponents.",
	}[keep];
	return every === "never" ? what : `${what} A new season begins every ${every}.`;
}

const address = (board: string, season?: string) => `leaderboard?${new URLSearchParams(season ? { board, season } : { board })}`;

function header(boards: Board[], board: Board, { season, previous }: Standings): void {
	say(byId("title"), board.name);
	say(byId("about"), about(board));
	byId("boards").replaceChildren(
		...boards.map((b) => {
			const a = link(b.name, address(b.name));
			a.toggleAttribute("aria-current", b === board);
			return a;
		}),
	);
	show(byId("boards"), boards.length > 1);
	const ways = byId("seasons");
	ways.replaceChildren(make("span", "", season === board.current ? `Season ${season}, now` : `Season ${season}`));
	if (previous) ways.prepend(link(`‹ ${previous}`, address(board.name, previous)));
	if (season !== board.current) ways.append(link("Current season ›", address(board.name)));
	show(ways, board.every !== "never");
}

/** The rows around the reader; none, if the reader is not on the board. */
async function mine(path: string, season: string): Promise<Standing[]> {
	if (!guest) return [];
	try {
		return (await ask<Standings>(path, { season, around: "me", limit: around })).standings;
	} catch (e) {
		if (e instanceof Trouble && (e.status === 404 || e.status === 403)) return [];
		throw e;
	}
}

async function load(): Promise<void> {
	const { boards } = await ask<{ boards: Board[] }>("boards");
	if (!boards.length) return tell("empty", "There are no leaderboards here. The router's flag -boards declares them.", link("Your matches", "matches"));
	const name = query.get("board");
	const board = name ? boards.find((b) => b.name === name) : boards[0];
	if (!board) return tell("error", `There is no leaderboard ${name}.`, link(`Show ${boards[0]!.name}`, address(boards[0]!.name), "main"));
	const path = `boards/${encodeURIComponent(board.name)}`;
	const season = query.get("season");
	const page = await ask<Standings>(path, season ? { season, limit } : { limit });
	header(boards, board, page);
	if (!page.standings.length) return tell("empty", "Nobody is on this board yet. Play a round to its end, and you are the first.", link("Play a round", "./", "main"));
	const rows = page.standings.map(row);
	if (!page.standings.some((s) => s.own)) {
		const own = await mine(path, page.season);
		if (own.length) rows.push(make("tr", "gap", make("td", "", "⋯")), ...own.map(row));
	}
	byId("rows").replaceChildren(...rows);
	reveal();
}

void attempt(load);
