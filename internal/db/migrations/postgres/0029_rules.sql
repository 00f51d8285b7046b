-- +goose Up

-- What a store lets be decided by itself, one of each kind. Its conditions are in doc, as JSON.
CREATE TABLE rules (
	merchant_id BIGINT NOT NULL,
	store_id    BIGINT NOT NULL,
	kind        TEXT NOT NULL, -- accept, refund
	version     BIGINT NOT NULL, -- one more with each change
	is_on       BIGINT NOT NULL,
	since_at    BIGINT NOT NULL, -- what came before is left to people; by the trade's clock
	doc         BYTEA NOT NULL,
	made_by     TEXT NOT NULL,
	changed_at  BIGINT NOT NULL,
	PRIMARY KEY (merchant_id, store_id, kind)
);

-- What rules have decided, one line a question: a day is counted by them. The grounds are
-- kept with the order.
CREATE TABLE decisions (
	merchant_id BIGINT NOT NULL,
	order_id    BIGINT NOT NULL,
	kind        TEXT NOT NULL,
	case_key    TEXT NOT NULL, -- of a refund; '' otherwise
	store_id    BIGINT NOT NULL,
	at          BIGINT NOT NULL, -- by the trade's clock
	outcome     TEXT NOT NULL, -- yes, no
	minor       BIGINT NOT NULL, -- of the order, or of what is to be refunded
	currency    TEXT NOT NULL,
	PRIMARY KEY (merchant_id, order_id, kind, case_key)
);
CREATE INDEX decisions_store ON decisions (merchant_id, store_id, kind, at);
