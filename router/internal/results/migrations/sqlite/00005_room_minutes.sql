-- +goose Up
CREATE TABLE room_minutes (
	at                INTEGER NOT NULL,
	instance          INTEGER NOT NULL,
	server            TEXT NOT NULL,
	room              TEXT NOT NULL,
	game              TEXT NOT NULL,
	seconds           INTEGER NOT NULL,
	player_seconds    INTEGER NOT NULL,
	spectator_seconds INTEGER NOT NULL,
	ticks             INTEGER NOT NULL,
	late              INTEGER NOT NULL,
	busy              INTEGER NOT NULL,
	matches           INTEGER NOT NULL,
	PRIMARY KEY (at, instance, server)
) STRICT, WITHOUT ROWID;
CREATE INDEX room_minutes_room ON room_minutes (room, at);

CREATE VIEW game_minutes AS SELECT at, game, sum(seconds) AS seconds, sum(player_seconds) AS player_seconds,
	sum(spectator_seconds) AS spectator_seconds, sum(ticks) AS ticks, sum(late) AS late, sum(busy) AS busy, sum(matches) AS matches
	FROM room_minutes GROUP BY at, game;

-- +goose Down
DROP VIEW game_minutes;
DROP TABLE room_minutes;
