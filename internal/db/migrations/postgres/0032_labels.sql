-- +goose Up

-- Labels of parcels as the platform gave them out, sealed: printed again without asking for them again.
CREATE TABLE label_sheets (
	merchant_id BIGINT NOT NULL,
	id          BIGINT NOT NULL,
	account_id  BIGINT NOT NULL,
	format      TEXT NOT NULL, -- pdf, zpl
	at          BIGINT NOT NULL, -- UTC ms of the wall clock
	parcels     BIGINT NOT NULL, -- how many it has
	pages       BIGINT NOT NULL, -- of PDF
	size        BIGINT NOT NULL, -- bytes, unsealed
	sealed_key  BYTEA NOT NULL, -- by the merchant's key
	sealed      BYTEA NOT NULL,
	PRIMARY KEY (merchant_id, id)
);
CREATE INDEX label_sheets_at ON label_sheets (merchant_id, at);

-- Where a parcel's newest label of a format is.
CREATE TABLE labels (
	merchant_id BIGINT NOT NULL,
	account_id  BIGINT NOT NULL,
	parcel      TEXT NOT NULL, -- the platform's id
	format      TEXT NOT NULL,
	sheet_id    BIGINT NOT NULL,
	n           BIGINT NOT NULL, -- its place there
	PRIMARY KEY (merchant_id, account_id, parcel, format)
);
CREATE INDEX labels_sheet ON labels (merchant_id, sheet_id);

-- How often a parcel's label was put out, and by whom first and last.
CREATE TABLE label_prints (
	merchant_id BIGINT NOT NULL,
	account_id  BIGINT NOT NULL,
	parcel      TEXT NOT NULL,
	times       BIGINT NOT NULL,
	first_at    BIGINT NOT NULL, -- UTC ms of the wall clock
	first_by    TEXT NOT NULL,
	first_name  TEXT NOT NULL,
	last_at     BIGINT NOT NULL,
	last_by     TEXT NOT NULL,
	last_name   TEXT NOT NULL,
	PRIMARY KEY (merchant_id, account_id, parcel)
);
