-- +goose Up

-- Beside the text of a check its stable code and arguments, as in effects.
ALTER TABLE checks ADD COLUMN why TEXT NOT NULL DEFAULT '';
