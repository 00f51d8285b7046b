-- +goose Up

-- How many orders a store's people have entered on a business day.
CREATE TABLE day_numbers (
	merchant_id BIGINT NOT NULL,
	store_id    BIGINT NOT NULL,
	day         TEXT NOT NULL, -- 2006-01-02
	last        BIGINT NOT NULL,
	PRIMARY KEY (merchant_id, store_id, day)
);

-- The orders that they entered: each has its number before it comes in.
CREATE TABLE entered (
	merchant_id BIGINT NOT NULL,
	external_id TEXT NOT NULL, -- of the order, drawn from the press
	store_id    BIGINT NOT NULL,
	day         TEXT NOT NULL,
	number      BIGINT NOT NULL,
	by_id       TEXT NOT NULL, -- usr_… or key_…
	made_at     BIGINT NOT NULL, -- trade's clock, UTC ms
	PRIMARY KEY (merchant_id, external_id)
);
CREATE INDEX entered_time ON entered (merchant_id, store_id, made_at);

-- What they sold, with the last price: to be offered again.
CREATE TABLE goods (
	merchant_id BIGINT NOT NULL,
	store_id    BIGINT NOT NULL,
	code        TEXT NOT NULL, -- of the SKU; '' = a free line
	name        TEXT NOT NULL,
	price       BIGINT NOT NULL, -- minor units
	currency    TEXT NOT NULL,
	sold        BIGINT NOT NULL, -- how many lines
	sold_at     BIGINT NOT NULL,
	PRIMARY KEY (merchant_id, store_id, code, name)
);
