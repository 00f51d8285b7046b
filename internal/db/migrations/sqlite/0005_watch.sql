-- +goose Up

-- Where in its trace an effect was made (the W3C's traceparent), so that the call belongs
-- to it on any node and after a restart. Empty: nobody follows.
ALTER TABLE effects ADD COLUMN trace TEXT NOT NULL DEFAULT '';

-- Which processes run on this database: each says so every few seconds.
CREATE TABLE nodes (
	name       TEXT NOT NULL PRIMARY KEY, -- new at each start
	owner      TEXT NOT NULL, -- of its leases
	host       TEXT NOT NULL,
	version    TEXT NOT NULL,
	started_at INTEGER NOT NULL,
	seen_at    INTEGER NOT NULL
) STRICT;

-- How calls to the platforms went, by minute: for whoever asks how things are, on any
-- node. Kept for some hours.
CREATE TABLE call_minutes (
	merchant_id INTEGER NOT NULL,
	account_id  INTEGER NOT NULL,
	kind        TEXT NOT NULL, -- what they were for: accept, pull, read
	minute      INTEGER NOT NULL, -- since 1970
	calls       INTEGER NOT NULL,
	failed      INTEGER NOT NULL, -- no answer, or one of 5xx or 429
	slow        INTEGER NOT NULL, -- longer than a few seconds
	took_ms     INTEGER NOT NULL, -- all together
	ok_at       INTEGER NOT NULL, -- UTC ms, the last that went well; 0 = none
	failed_at   INTEGER NOT NULL, -- the same, the last that failed
	PRIMARY KEY (merchant_id, account_id, minute, kind)
) STRICT;
