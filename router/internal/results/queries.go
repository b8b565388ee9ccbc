package results

// queries are the statements of a transaction that writes, in the store's dialect.
type queries struct {
	known, epochs                                string
	ids, outcomes, players, instances, conflicts string
	boardRows, boardUpsert, deliveries, rooms    string
}

func makeQueries(d *dialect) queries {
	return queries{
		known: "SELECT i.instance, i.match, i.seq, i.hash, coalesce(o.body, '') FROM " + d.rows(1, "instance int", "match int") +
			" JOIN outcome_ids i ON i.instance = r.instance AND i.match = r.match LEFT JOIN outcomes o ON o.seq = i.seq AND o.at = i.at",
		epochs: "SELECT DISTINCT i.instance, i.counter, i.server, i.since FROM " + d.rows(1, "instance int", "match int") +
			" JOIN instances i ON i.instance = r.instance",
		ids:       d.insert("outcome_ids", "ON CONFLICT DO NOTHING", "instance int", "match int", "seq int", "at time", "hash int"),
		outcomes:  d.insert("outcomes", "", "at time", "seq int", "instance int", "match int", "room text", "game text", "body text"),
		players:   d.insert("player_results", "", "at time", "seq int", "player text", "seat int"),
		instances: d.insert("instances", "ON CONFLICT DO NOTHING", "instance int", "counter int", "server text", "since int"),
		conflicts: d.insert("conflicts", "ON CONFLICT DO NOTHING RETURNING instance, match, verdict",
			"instance int", "match int", "hash int", "verdict text", "counter int", "server text", "at time", "body text"),
		boardRows: "SELECT b.board, b.season, b.player, b.score, b.matches FROM " + d.rows(1, "board text", "season text", "player text") +
			" JOIN board_rows b ON b.board = r.board AND b.season = r.season AND b.player = r.player",
		boardUpsert: d.insert("board_rows", "ON CONFLICT (board, season, player) DO UPDATE SET alias = excluded.alias, name = excluded.name, score = excluded.score, matches = excluded.matches",
			"board text", "season text", "player text", "alias text", "name text", "score real", "matches int"),
		rooms: d.insert("room_minutes", "ON CONFLICT DO NOTHING", "at time", "instance int", "server text", "room text", "game text", "seconds int",
			"player_seconds int", "spectator_seconds int", "ticks int", "late int", "busy int", "matches int"),
		deliveries: "INSERT INTO deliveries (endpoint, seq, state, due, started) SELECT e.name, r.seq, 'due', " + d.time("r.at") + ", " + d.time("r.at") +
			" FROM endpoints e CROSS JOIN " + d.rows(1, "seq int", "at time") + " WHERE e.disabled = '' AND r.seq > e.since",
	}
}
