-- +goose Up
ALTER TABLE board_rows ADD COLUMN name text NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE board_rows DROP COLUMN name;
