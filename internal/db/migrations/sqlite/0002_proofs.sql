-- +goose Up

-- The audit chain: each link covers some lines of a merchant's journal, over their sealed
-- bytes, and the link before. Changing, dropping or inserting a line breaks it.
CREATE TABLE chain (
	merchant_id INTEGER NOT NULL,
	n           INTEGER NOT NULL, -- 1, 2, 3 …
	at          INTEGER NOT NULL, -- by the clock of the node that sealed it
	entries     INTEGER NOT NULL,
	marks       BLOB NOT NULL, -- of each line its id and the first bytes of its hash, 16 bytes a line
	hash        BLOB NOT NULL,
	PRIMARY KEY (merchant_id, n)
) STRICT, WITHOUT ROWID;
CREATE INDEX chain_at ON chain (merchant_id, at);

-- Completeness statements: what a platform counts of a shop's day and what we have.
CREATE TABLE statements (
	merchant_id INTEGER NOT NULL,
	id          INTEGER NOT NULL,
	shop_id     INTEGER NOT NULL,
	store_id    INTEGER NOT NULL,
	day         TEXT NOT NULL, -- of the platform, 2006-01-02
	made_at     INTEGER NOT NULL,
	verdict     TEXT NOT NULL,
	doc         BLOB NOT NULL, -- what is signed, byte for byte
	signature   BLOB NOT NULL,
	key_id      INTEGER NOT NULL,
	PRIMARY KEY (merchant_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX statements_shop ON statements (merchant_id, shop_id, day, id);

-- What the installation signs with. A key is never deleted: old statements are checked with it.
CREATE TABLE signing_keys (
	id         INTEGER PRIMARY KEY,
	public     BLOB NOT NULL,
	sealed_key BLOB NOT NULL, -- with the master key
	made_at    INTEGER NOT NULL
) STRICT;
