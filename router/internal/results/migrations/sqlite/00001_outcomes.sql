-- +goose Up
CREATE TABLE results_sequence (
	one    INTEGER PRIMARY KEY DEFAULT 1 CHECK (one = 1),
	last   INTEGER NOT NULL DEFAULT 0,
	pruned INTEGER NOT NULL DEFAULT 0
) STRICT;
INSERT INTO results_sequence DEFAULT VALUES;

CREATE TABLE outcome_ids (
	instance INTEGER NOT NULL,
	match    INTEGER NOT NULL,
	seq      INTEGER NOT NULL UNIQUE,
	at       INTEGER NOT NULL,
	hash     INTEGER NOT NULL,
	PRIMARY KEY (instance, match)
) STRICT, WITHOUT ROWID;

CREATE TABLE instances (
	instance INTEGER NOT NULL,
	counter  INTEGER NOT NULL,
	server   TEXT NOT NULL,
	since    INTEGER NOT NULL,
	PRIMARY KEY (instance, counter, server)
) STRICT, WITHOUT ROWID;

CREATE TABLE conflicts (
	instance INTEGER NOT NULL,
	match    INTEGER NOT NULL,
	hash     INTEGER NOT NULL,
	verdict  TEXT NOT NULL,
	counter  INTEGER NOT NULL,
	server   TEXT NOT NULL,
	at       INTEGER NOT NULL,
	body     TEXT NOT NULL,
	PRIMARY KEY (instance, match, hash)
) STRICT;

CREATE TABLE outcomes (
	at       INTEGER NOT NULL,
	seq      INTEGER PRIMARY KEY,
	instance INTEGER NOT NULL,
	match    INTEGER NOT NULL,
	room     TEXT NOT NULL,
	game     TEXT NOT NULL,
	body     TEXT NOT NULL
) STRICT;
CREATE INDEX outcomes_room ON outcomes (room, seq);

CREATE TABLE player_results (
	at     INTEGER NOT NULL,
	seq    INTEGER NOT NULL,
	player TEXT NOT NULL,
	seat   INTEGER NOT NULL,
	PRIMARY KEY (player, seq, seat)
) STRICT, WITHOUT ROWID;

-- +goose Down
DROP TABLE player_results;
DROP TABLE outcomes;
DROP TABLE conflicts;
DROP TABLE instances;
DROP TABLE outcome_ids;
DROP TABLE results_sequence;
