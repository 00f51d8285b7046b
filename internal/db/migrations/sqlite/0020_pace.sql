-- +goose Up

-- How long a store takes to make an order, and a rider to bring it: what 最晚出餐 is
-- reckoned from.
ALTER TABLE stores ADD COLUMN prepare_minutes INTEGER NOT NULL DEFAULT 15;
ALTER TABLE stores ADD COLUMN travel_minutes INTEGER NOT NULL DEFAULT 30;
