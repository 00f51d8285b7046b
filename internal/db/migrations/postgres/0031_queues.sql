-- +goose Up

-- What waits for a node's writer, by class, as it said last: JSON; '' = it does not say.
ALTER TABLE nodes ADD COLUMN queue TEXT NOT NULL DEFAULT '';
