-- +goose Up

-- Changes of what a shop shows on its channel, and what became of each.
CREATE TABLE edits (
	merchant_id INTEGER NOT NULL,
	id          INTEGER NOT NULL,
	account_id  INTEGER NOT NULL,
	shop_id     INTEGER NOT NULL,
	part        TEXT NOT NULL, -- profile, areas, menu
	family      TEXT NOT NULL, -- of a menu
	at          INTEGER NOT NULL, -- UTC ms of the wall clock
	until       INTEGER NOT NULL, -- nothing is sent later
	by_id       TEXT NOT NULL,
	by_name     TEXT NOT NULL,
	digest      TEXT NOT NULL, -- of the plan
	doc         TEXT NOT NULL, -- the changes, JSON
	ended       INTEGER NOT NULL, -- UTC ms: nothing more is sent; 0 = it is under way
	why         TEXT NOT NULL, -- what was not sent was not sent, a reason as JSON
	PRIMARY KEY (merchant_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX edits_shop ON edits (merchant_id, shop_id, id);
