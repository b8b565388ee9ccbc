-- +goose Up
CREATE TABLE board_rows (
	board   TEXT NOT NULL,
	season  TEXT NOT NULL,
	player  TEXT NOT NULL,
	alias   TEXT NOT NULL,
	score   REAL NOT NULL,
	matches INTEGER NOT NULL,
	PRIMARY KEY (board, season, player)
) STRICT, WITHOUT ROWID;
CREATE INDEX board_rows_rank ON board_rows (board, season, score DESC, player);

-- +goose Down
DROP TABLE board_rows;
