// Package results is the store in which outcomes outlive every game server: SQLite in a directory, with no set-up, or
// PostgreSQL, which any number of routers share.
//
// Put takes a batch in one transaction: outcomes, the players' histories, leaderboards, and what is owed to endpoints
// (package webhook). It answers which outcomes are durable, and what counts where an outcome differs from an earlier one of
// the same id. All writers take turns on one row, the sequence: so outcomes become visible in the order of their numbers,
// without gaps, and boards need no other lock. Readers wait for nobody.
//
// # Tables
//
//	results_sequence   one row: the last number given, and the highest that retention has removed
//	outcome_ids        (instance, match) → number, time, hash of the body. Small, and kept for ever
//	outcomes           by month: the bodies, and what they are found by
//	player_results     by month: one row a player and outcome
//	instances          the epochs that have written, and the match from which each fences off the lower ones
//	conflicts          bodies that were refused: another one has their id, their epoch was over, or they cannot be read
//	room_minutes       by month: what each room did in each minute on each server; game_minutes is the same by game
//	board_rows         one row a board, season and player; computed from outcomes, and can be computed again (Rebuild)
//	endpoints, deliveries   what is owed to whom
//
// In PostgreSQL the monthly tables are hypertables where the TimescaleDB extension is installed when the schema is made, and
// native partitions elsewhere. Their unique keys must contain the time, so the ids have a table of their own. Game_minutes is a
// continuous aggregate in TimescaleDB's community edition, which keeps it when retention removes room_minutes, and a view elsewhere.
//
// # Use
//
// Package router/store opens a Store when -results is given, runs Run beside the router's other loops, gives Put to the handler of the internal
// listener and the reads to that of the API (package resultsapi has both), and Claim and its sisters to webhook.Dispatcher.
// Config.Conflict counts a metric and is what the alert is about.
package results
