-- +goose Up

-- The audit chain: each link covers some lines of a merchant's journal, over their sealed
-- bytes, and the link before. Changing, dropping or inserting a line breaks it.
CREATE TABLE chain (
	merchant_id BIGINT NOT NULL,
	n           BIGINT NOT NULL, -- 1, 2, 3 …
	at          BIGINT NOT NULL, -- by the clock of the node that sealed it
	entries     BIGINT NOT NULL,
	marks       BYTEA NOT NULL, -- of each line its id and the first bytes of its hash, 16 bytes a line
	hash        BYTEA NOT NULL,
	PRIMARY KEY (merchant_id, n)
);
CREATE INDEX chain_at ON chain (merchant_id, at);

-- Completeness statements: what a platform counts of a shop's day and what we have.
CREATE TABLE statements (
	merchant_id BIGINT NOT NULL,
	id          BIGINT NOT NULL,
	shop_id     BIGINT NOT NULL,
	store_id    BIGINT NOT NULL,
	day         TEXT NOT NULL, -- of the platform, 2006-01-02
	made_at     BIGINT NOT NULL,
	verdict     TEXT NOT NULL,
	doc         BYTEA NOT NULL, -- what is signed, byte for byte
	signature   BYTEA NOT NULL,
	key_id      BIGINT NOT NULL,
	PRIMARY KEY (merchant_id, id)
);
CREATE INDEX statements_shop ON statements (merchant_id, shop_id, day, id);

-- What the installation signs with. A key is never deleted: old statements are checked with it.
CREATE TABLE signing_keys (
	id         BIGINT NOT NULL PRIMARY KEY,
	public     BYTEA NOT NULL,
	sealed_key BYTEA NOT NULL, -- with the master key
	made_at    BIGINT NOT NULL
);
