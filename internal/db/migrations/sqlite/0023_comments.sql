-- +goose Up

-- Customers' comments, and what is replied to them.
CREATE TABLE comments (
	merchant_id INTEGER NOT NULL,
	id          INTEGER NOT NULL,
	account_id  INTEGER NOT NULL,
	shop_id     INTEGER NOT NULL,
	ref         TEXT NOT NULL, -- the platform's id
	at          INTEGER NOT NULL, -- UTC ms of the trade's clock
	seen_at     INTEGER NOT NULL, -- when it was first read here
	score       INTEGER NOT NULL, -- 1 to 5, 0 = none
	doc         TEXT NOT NULL, -- the comment, JSON
	replied_at  INTEGER NOT NULL, -- 0 = nobody has
	reply       TEXT NOT NULL, -- ours, JSON; '' = none was asked for here
	PRIMARY KEY (merchant_id, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX comments_ref ON comments (merchant_id, shop_id, ref);
CREATE INDEX comments_at ON comments (merchant_id, at);
