-- +goose Up

-- Labels of parcels as the platform gave them out, sealed: printed again without asking for them again.
CREATE TABLE label_sheets (
	merchant_id INTEGER NOT NULL,
	id          INTEGER NOT NULL,
	account_id  INTEGER NOT NULL,
	format      TEXT NOT NULL, -- pdf, zpl
	at          INTEGER NOT NULL, -- UTC ms of the wall clock
	parcels     INTEGER NOT NULL, -- how many it has
	pages       INTEGER NOT NULL, -- of PDF
	size        INTEGER NOT NULL, -- bytes, unsealed
	sealed_key  BLOB NOT NULL, -- by the merchant's key
	sealed      BLOB NOT NULL,
	PRIMARY KEY (merchant_id, id)
) STRICT;
CREATE INDEX label_sheets_at ON label_sheets (merchant_id, at);

-- Where a parcel's newest label of a format is.
CREATE TABLE labels (
	merchant_id INTEGER NOT NULL,
	account_id  INTEGER NOT NULL,
	parcel      TEXT NOT NULL, -- the platform's id
	format      TEXT NOT NULL,
	sheet_id    INTEGER NOT NULL,
	n           INTEGER NOT NULL, -- its place there
	PRIMARY KEY (merchant_id, account_id, parcel, format)
) STRICT, WITHOUT ROWID;
CREATE INDEX labels_sheet ON labels (merchant_id, sheet_id);

-- How often a parcel's label was put out, and by whom first and last.
CREATE TABLE label_prints (
	merchant_id INTEGER NOT NULL,
	account_id  INTEGER NOT NULL,
	parcel      TEXT NOT NULL,
	times       INTEGER NOT NULL,
	first_at    INTEGER NOT NULL, -- UTC ms of the wall clock
	first_by    TEXT NOT NULL,
	first_name  TEXT NOT NULL,
	last_at     INTEGER NOT NULL,
	last_by     TEXT NOT NULL,
	last_name   TEXT NOT NULL,
	PRIMARY KEY (merchant_id, account_id, parcel)
) STRICT, WITHOUT ROWID;
