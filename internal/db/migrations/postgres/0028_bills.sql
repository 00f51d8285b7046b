-- +goose Up

-- Settlement statements of platforms that were read in.
CREATE TABLE bills (
	merchant_id BIGINT NOT NULL,
	id          BIGINT NOT NULL,
	channel     TEXT NOT NULL,
	name        TEXT NOT NULL, -- of the file
	hash        BYTEA NOT NULL, -- of its bytes: the same one is not read twice
	lines       BIGINT NOT NULL,
	by_id       TEXT NOT NULL,
	made_at     BIGINT NOT NULL,
	PRIMARY KEY (merchant_id, id),
	CONSTRAINT bills_hash UNIQUE (merchant_id, hash)
);

-- What a statement says of one order, beside what the order here led one to expect.
CREATE TABLE bill_orders (
	merchant_id BIGINT NOT NULL,
	bill_id     BIGINT NOT NULL,
	ref         TEXT NOT NULL, -- the platform's order id
	order_id    BIGINT NOT NULL, -- 0 = there is no such order here
	store_id    BIGINT NOT NULL,
	channel     TEXT NOT NULL,
	day         TEXT NOT NULL, -- 2006-01-02 by the statement
	state       TEXT NOT NULL, -- same, differs, unknown (not here), absent (not in the statement), unexpected (nothing was expected)
	net         BIGINT NOT NULL, -- what the statement says, fen
	expected    BIGINT NOT NULL, -- what was expected, fen
	doc         BYTEA NOT NULL, -- JSON: the lines and what differs
	PRIMARY KEY (merchant_id, bill_id, ref)
);
CREATE INDEX bill_orders_day ON bill_orders (merchant_id, day, channel, store_id);
CREATE INDEX bill_orders_ref ON bill_orders (merchant_id, ref, channel); -- statements that overlap
