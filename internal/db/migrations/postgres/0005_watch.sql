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
	started_at BIGINT NOT NULL,
	seen_at    BIGINT NOT NULL
);

-- How calls to the platforms went, by minute: for whoever asks how things are, on any
-- node. Kept for some hours.
CREATE TABLE call_minutes (
	merchant_id BIGINT NOT NULL,
	account_id  BIGINT NOT NULL,
	kind        TEXT NOT NULL, -- what they were for: accept, pull, read
	minute      BIGINT NOT NULL, -- since 1970
	calls       BIGINT NOT NULL,
	failed      BIGINT NOT NULL, -- no answer, or one of 5xx or 429
	slow        BIGINT NOT NULL, -- longer than a few seconds
	took_ms     BIGINT NOT NULL, -- all together
	ok_at       BIGINT NOT NULL, -- UTC ms, the last that went well; 0 = none
	failed_at   BIGINT NOT NULL, -- the same, the last that failed
	PRIMARY KEY (merchant_id, account_id, minute, kind)
);
