-- +goose Up
-- Continuous aggregates are in TimescaleDB's community edition only; elsewhere a view of the same name computes the same.
-- +goose StatementBegin
DO $$
DECLARE
	timescale boolean := EXISTS (SELECT FROM pg_extension WHERE extname = 'timescaledb')
		AND NOT EXISTS (SELECT FROM pg_partitioned_table WHERE partrelid = 'outcomes'::regclass);
	continuous boolean := timescale AND coalesce(current_setting('timescaledb.license', true), '') = 'timescale';
	minute text := CASE WHEN continuous THEN 'time_bucket(interval ''1 minute'', at)' ELSE 'at' END;
BEGIN
	EXECUTE 'CREATE TABLE room_minutes (
		at                timestamptz NOT NULL,
		instance          bigint NOT NULL,
		server            text NOT NULL,
		room              text NOT NULL,
		game              text NOT NULL,
		seconds           bigint NOT NULL,
		player_seconds    bigint NOT NULL,
		spectator_seconds bigint NOT NULL,
		ticks             bigint NOT NULL,
		late              bigint NOT NULL,
		busy              bigint NOT NULL,
		matches           bigint NOT NULL,
		PRIMARY KEY (at, instance, server)) ' || CASE WHEN timescale THEN '' ELSE 'PARTITION BY RANGE (at)' END;
	IF timescale THEN
		PERFORM create_hypertable('room_minutes', 'at', chunk_time_interval => interval '1 day');
	END IF;
	EXECUTE CASE WHEN continuous THEN 'CREATE MATERIALIZED VIEW game_minutes WITH (timescaledb.continuous, timescaledb.materialized_only = false)'
		ELSE 'CREATE VIEW game_minutes' END
		|| ' AS SELECT ' || minute || ' AS at, game, sum(seconds) AS seconds, sum(player_seconds) AS player_seconds,
			sum(spectator_seconds) AS spectator_seconds, sum(ticks) AS ticks, sum(late) AS late, sum(busy) AS busy, sum(matches) AS matches
			FROM room_minutes GROUP BY ' || minute || ', game' || CASE WHEN continuous THEN ' WITH NO DATA' ELSE '' END;
	IF continuous THEN
		PERFORM add_continuous_aggregate_policy('game_minutes', start_offset => interval '1 day', end_offset => interval '10 minutes',
			schedule_interval => interval '10 minutes');
	END IF;
END $$;
-- +goose StatementEnd
CREATE INDEX room_minutes_room ON room_minutes (room, at);

-- +goose Down
-- +goose StatementBegin
DO $$
BEGIN
	EXECUTE CASE WHEN EXISTS (SELECT FROM pg_extension WHERE extname = 'timescaledb')
			AND NOT EXISTS (SELECT FROM pg_partitioned_table WHERE partrelid = 'room_minutes'::regclass)
			AND coalesce(current_setting('timescaledb.license', true), '') = 'timescale'
		THEN 'DROP MATERIALIZED VIEW game_minutes' ELSE 'DROP VIEW game_minutes' END;
END $$;
-- +goose StatementEnd
DROP TABLE room_minutes;
