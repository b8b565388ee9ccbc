-- +goose Up
CREATE TABLE board_rows (
	board   text NOT NULL,
	season  text NOT NULL,
	player  text NOT NULL,
	alias   text NOT NULL,
	score   double precision NOT NULL,
	matches bigint NOT NULL,
	PRIMARY KEY (board, season, player)
);
CREATE INDEX board_rows_rank ON board_rows (board, season, score DESC, player);

-- +goose Down
DROP TABLE board_rows;
