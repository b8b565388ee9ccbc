-- +goose Up
CREATE TABLE results_sequence (
	one    boolean PRIMARY KEY DEFAULT true CHECK (one),
	last   bigint NOT NULL DEFAULT 0,
	pruned bigint NOT NULL DEFAULT 0
);
INSERT INTO results_sequence DEFAULT VALUES;

CREATE TABLE outcome_ids (
	instance bigint NOT NULL,
	match    bigint NOT NULL,
	seq      bigint NOT NULL UNIQUE,
	at       timestamptz NOT NULL,
	hash     bigint NOT NULL,
	PRIMARY KEY (instance, match)
);

CREATE TABLE instances (
	instance bigint NOT NULL,
	counter  bigint NOT NULL,
	server   text NOT NULL,
	since    bigint NOT NULL,
	PRIMARY KEY (instance, counter, server)
);

CREATE TABLE conflicts (
	instance bigint NOT NULL,
	match    bigint NOT NULL,
	hash     bigint NOT NULL,
	verdict  text NOT NULL,
	counter  bigint NOT NULL,
	server   text NOT NULL,
	at       timestamptz NOT NULL,
	body     text NOT NULL,
	PRIMARY KEY (instance, match, hash)
);

-- +goose StatementBegin
DO $$
DECLARE
	timescale boolean := EXISTS (SELECT FROM pg_extension WHERE extname = 'timescaledb');
	partition text := CASE WHEN timescale THEN '' ELSE 'PARTITION BY RANGE (at)' END;
BEGIN
	EXECUTE 'CREATE TABLE outcomes (
		at       timestamptz NOT NULL,
		seq      bigint NOT NULL,
		instance bigint NOT NULL,
		match    bigint NOT NULL,
		room     text NOT NULL,
		game     text NOT NULL,
		body     text NOT NULL,
		PRIMARY KEY (seq, at)) ' || partition;
	EXECUTE 'CREATE TABLE player_results (
		at     timestamptz NOT NULL,
		seq    bigint NOT NULL,
		player text NOT NULL,
		seat   smallint NOT NULL,
		PRIMARY KEY (player, seq, seat, at)) ' || partition;
	IF timescale THEN
		PERFORM create_hypertable('outcomes', 'at', chunk_time_interval => interval '1 month');
		PERFORM create_hypertable('player_results', 'at', chunk_time_interval => interval '1 month');
	END IF;
END $$;
-- +goose StatementEnd
CREATE INDEX outcomes_room ON outcomes (room, seq);

-- +goose Down
DROP TABLE player_results; -- a hypertable is dropped alone
DROP TABLE outcomes;
DROP TABLE conflicts, instances, outcome_ids, results_sequence;
