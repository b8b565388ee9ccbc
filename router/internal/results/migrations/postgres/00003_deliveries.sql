-- +goose Up
CREATE TABLE endpoints (
	name     text PRIMARY KEY,
	since    bigint NOT NULL,
	disabled text NOT NULL DEFAULT ''
);

CREATE TABLE deliveries (
	endpoint text NOT NULL REFERENCES endpoints (name) ON DELETE CASCADE,
	seq      bigint NOT NULL,
	state    text NOT NULL CHECK (state IN ('due', 'done', 'dead')),
	due      timestamptz NOT NULL,
	started  timestamptz NOT NULL,
	attempts bigint NOT NULL DEFAULT 0,
	reason   text NOT NULL DEFAULT '',
	PRIMARY KEY (endpoint, seq)
);
CREATE INDEX deliveries_due ON deliveries (endpoint, due) WHERE state = 'due';
CREATE INDEX deliveries_dead ON deliveries (endpoint, seq) WHERE state = 'dead';

-- +goose Down
DROP TABLE deliveries;
DROP TABLE endpoints;
