-- +goose Up

-- How often an account is pulled is its platform's to say. This was written and never read.
ALTER TABLE accounts DROP COLUMN pull_every;
