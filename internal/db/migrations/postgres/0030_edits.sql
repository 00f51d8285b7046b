-- +goose Up

-- Changes of what a shop shows on its channel, and what became of each.
CREATE TABLE edits (
	merchant_id BIGINT NOT NULL,
	id          BIGINT NOT NULL,
	account_id  BIGINT NOT NULL,
	shop_id     BIGINT NOT NULL,
	part        TEXT NOT NULL, -- profile, areas, menu
	family      TEXT NOT NULL, -- of a menu
	at          BIGINT NOT NULL, -- UTC ms of the wall clock
	until       BIGINT NOT NULL, -- nothing is sent later
	by_id       TEXT NOT NULL,
	by_name     TEXT NOT NULL,
	digest      TEXT NOT NULL, -- of the plan
	doc         TEXT NOT NULL, -- the changes, JSON
	ended       BIGINT NOT NULL, -- UTC ms: nothing more is sent; 0 = it is under way
	why         TEXT NOT NULL, -- what was not sent was not sent, a reason as JSON
	PRIMARY KEY (merchant_id, id)
);
CREATE INDEX edits_shop ON edits (merchant_id, shop_id, id);
