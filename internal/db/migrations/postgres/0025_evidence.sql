-- +goose Up

-- Pictures of spoilt or missing food (餐损凭证), kept with the order.
CREATE TABLE evidence (
	merchant_id BIGINT NOT NULL,
	order_id    BIGINT NOT NULL,
	id          BIGINT NOT NULL,
	case_key    TEXT NOT NULL, -- of the after-sale, the platform's; '' = of no one case
	type        TEXT NOT NULL, -- image/jpeg or image/png
	hash        BYTEA NOT NULL, -- SHA-256 of the picture: the same twice is one
	by_id       TEXT NOT NULL, -- usr_…, key_…, dev_…
	by_name     TEXT NOT NULL,
	at          BIGINT NOT NULL, -- UTC ms of the trade's clock
	picture     BYTEA NOT NULL,
	PRIMARY KEY (merchant_id, order_id, id),
	CONSTRAINT evidence_once UNIQUE (merchant_id, order_id, hash)
);
