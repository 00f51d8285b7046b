-- +goose Up

-- The history of the server that this database lives on (its timeline), and when another
-- one was found: a standby has become the primary. 0 = never. caught_up_at is the last
-- such moment after which everything was looked up at the platforms.
ALTER TABLE installation ADD COLUMN timeline TEXT NOT NULL DEFAULT '';
ALTER TABLE installation ADD COLUMN replaced_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE installation ADD COLUMN caught_up_at INTEGER NOT NULL DEFAULT 0;
