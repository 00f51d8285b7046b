-- +goose Up

-- Pictures of spoilt or missing food (餐损凭证), kept with the order.
CREATE TABLE evidence (
	merchant_id INTEGER NOT NULL,
	order_id    INTEGER NOT NULL,
	id          INTEGER NOT NULL,
	case_key    TEXT NOT NULL, -- of the after-sale, the platform's; '' = of no one case
	type        TEXT NOT NULL, -- image/jpeg or image/png
	hash        BLOB NOT NULL, -- SHA-256 of the picture: the same twice is one
	by_id       TEXT NOT NULL, -- usr_…, key_…, dev_…
	by_name     TEXT NOT NULL,
	at          INTEGER NOT NULL, -- UTC ms of the trade's clock
	picture     BLOB NOT NULL,
	PRIMARY KEY (merchant_id, order_id, id),
	CONSTRAINT evidence_once UNIQUE (merchant_id, order_id, hash)
) STRICT;
