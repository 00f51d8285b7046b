-- +goose Up

-- Beside each text for people its stable code and arguments, as JSON; '' = the text is
-- the platform's own, or older than this column.
ALTER TABLE effects ADD COLUMN why TEXT NOT NULL DEFAULT '';
ALTER TABLE parked ADD COLUMN why TEXT NOT NULL DEFAULT '';
ALTER TABLE batch_items ADD COLUMN why TEXT NOT NULL DEFAULT '';
ALTER TABLE account_health ADD COLUMN error_why TEXT NOT NULL DEFAULT '';
