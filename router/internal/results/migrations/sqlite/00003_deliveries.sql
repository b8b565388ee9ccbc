-- +goose Up
CREATE TABLE endpoints (
	name     TEXT PRIMARY KEY,
	since    INTEGER NOT NULL,
	disabled TEXT NOT NULL DEFAULT ''
) STRICT;

CREATE TABLE deliveries (
	endpoint TEXT NOT NULL REFERENCES endpoints (name) ON DELETE CASCADE,
	seq      INTEGER NOT NULL,
	state    TEXT NOT NULL CHECK (state IN ('due', 'done', 'dead')),
	due      INTEGER NOT NULL,
	started  INTEGER NOT NULL,
	attempts INTEGER NOT NULL DEFAULT 0,
	reason   TEXT NOT NULL DEFAULT '',
	PRIMARY KEY (endpoint, seq)
) STRICT;
CREATE INDEX deliveries_due ON deliveries (endpoint, due) WHERE state = 'due';
CREATE INDEX deliveries_dead ON deliveries (endpoint, seq) WHERE state = 'dead';

-- +goose Down
DROP TABLE deliveries;
DROP TABLE endpoints;
