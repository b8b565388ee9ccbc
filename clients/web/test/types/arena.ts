// Written by ringside types from game arena. Do not edit.

/** A row of the table fighters. */
export interface FightersRow {
	/** 0 to 1024 in steps of 0.0625. */
	x: number;
	/** 0 to 1024 in steps of 0.0625. */
	y: number;
	/** An angle in radians, 0 to 2π, in 256 parts. */
	aim: number;
	/** 0 to 100. */
	hp: number;
	alive: boolean;
	shielded: boolean;
	score: number;
	deaths: number;
	/** Only the row's owner sees it. */
	vx?: number;
	/** Only the row's owner sees it. */
	vy?: number;
	/** Only the row's owner sees it. */
	cooldown?: number;
	/** Only the row's owner sees it. */
	ammo?: number;
	/** Only the row's owner sees it. */
	next_life?: number;
}

/** An event of shots. */
export interface ShotsRow {
	/** 0 to 1024 in steps of 0.5. */
	x: number;
	/** 0 to 1024 in steps of 0.5. */
	y: number;
	shooter: number;
	hit: number;
}

/** The value match. */
export interface MatchRow {
	/** 0 to 2. */
	phase: number;
	ends_at: number;
	frag_limit: number;
	winner: number;
}

/** A row of the table walls. */
export interface WallsRow {
	x: number;
	y: number;
	w: number;
	h: number;
}

/** What a player sends. */
export interface ArenaInput {
	/** -127 to 127. */
	move_x: number;
	/** -127 to 127. */
	move_y: number;
	/** An angle in radians, 0 to 2π, in 1024 parts. */
	aim: number;
	fire: boolean;
	reload: boolean;
}

/** The game's shape, for join<Arena>(...) and useRoom<Arena>(...) of @ringside-go/client. */
export interface Arena {
	tables: { fighters: FightersRow; walls: WallsRow };
	values: { match: MatchRow };
	events: { shots: ShotsRow };
	input: ArenaInput;
}

/** The game's name, for join's option game. */
export const game = "arena";
/** Of the schema, for join's option fingerprint: with it the page takes no server of another version. */
export const fingerprint = 0x6d0e488d306d205an;
