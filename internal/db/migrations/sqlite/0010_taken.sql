-- +goose Up

-- Who has taken what waits for somebody. What waits is derived from orders and accounts; a
-- line here whose key no longer waits means nothing and is dropped after some days.
CREATE TABLE taken (
	merchant_id INTEGER NOT NULL,
	key         TEXT NOT NULL,
	taken_by    TEXT NOT NULL, -- usr_…, key_…
	at          INTEGER NOT NULL, -- UTC ms of the wall
	PRIMARY KEY (merchant_id, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX taken_at ON taken (at);
