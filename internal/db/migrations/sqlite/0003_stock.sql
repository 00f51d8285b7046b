-- +goose Up

-- What is sold, how much there is of it, and what each channel may show.

CREATE TABLE skus (
	merchant_id INTEGER NOT NULL,
	id          INTEGER NOT NULL,
	code        TEXT NOT NULL, -- the merchant's own
	name        TEXT NOT NULL,
	made_at     INTEGER NOT NULL,
	PRIMARY KEY (merchant_id, id),
	CONSTRAINT skus_code UNIQUE (merchant_id, code)
) STRICT, WITHOUT ROWID;

-- What one store has of one SKU.
CREATE TABLE levels (
	merchant_id INTEGER NOT NULL,
	store_id    INTEGER NOT NULL,
	sku_id      INTEGER NOT NULL,
	on_hand     INTEGER NOT NULL, -- the sum of the movements
	reserved    INTEGER NOT NULL, -- the sum of what the holds keep
	changed_at  INTEGER NOT NULL,
	PRIMARY KEY (merchant_id, store_id, sku_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE movements (
	id          INTEGER PRIMARY KEY,
	merchant_id INTEGER NOT NULL,
	store_id    INTEGER NOT NULL,
	sku_id      INTEGER NOT NULL,
	at          INTEGER NOT NULL,
	pieces      INTEGER NOT NULL, -- more than before; below 0: fewer
	reason      TEXT NOT NULL,
	cause       TEXT NOT NULL, -- "ord_…", "usr_…", "key_…"
	note        TEXT NOT NULL,
	request     TEXT NOT NULL  -- the caller's key, so that it is booked once; '' = none
) STRICT;
CREATE INDEX movements_of ON movements (merchant_id, store_id, sku_id, id);
CREATE UNIQUE INDEX movements_request ON movements (merchant_id, request) WHERE request <> '';

-- A SKU as sold in one shop.
CREATE TABLE offers (
	merchant_id INTEGER NOT NULL,
	id          INTEGER NOT NULL,
	account_id  INTEGER NOT NULL,
	shop_id     INTEGER NOT NULL,
	store_id    INTEGER NOT NULL,
	sku_id      INTEGER NOT NULL,
	item        TEXT NOT NULL, -- the platform's
	variation   TEXT NOT NULL, -- the platform's, "" where it has none
	code        TEXT NOT NULL, -- as an order's line names it
	known       INTEGER NOT NULL, -- 1: may is a bound
	may         INTEGER NOT NULL, -- at most: shown now, and sold unheard
	shown       INTEGER NOT NULL,
	sending     INTEGER NOT NULL, -- the value of the call under way; -1 = none
	effect_id   INTEGER NOT NULL, -- that sets the number; 0 = none is open
	look_id     INTEGER NOT NULL, -- the effect that reads it; 0 = none is open
	look_stage  INTEGER NOT NULL,
	look_n      INTEGER NOT NULL,
	look_may    INTEGER NOT NULL,
	look_taken  INTEGER NOT NULL,
	look_back   INTEGER NOT NULL,
	look_value  INTEGER NOT NULL,
	look_at     INTEGER NOT NULL, -- from when on a pull tells everything sold before the read
	look_reads  TEXT NOT NULL,    -- open reads that the last pull left, ids separated by spaces
	pushed      INTEGER NOT NULL, -- the last value that the platform took; -1 = none
	pushed_at   INTEGER NOT NULL,
	seen        INTEGER NOT NULL, -- the last value that was read; -1 = none
	seen_at     INTEGER NOT NULL,
	beyond      INTEGER NOT NULL, -- pieces that the platform sold beyond what it was given, since ever
	fails       INTEGER NOT NULL, -- calls in a row that the platform refused
	words       TEXT NOT NULL,    -- why the last call failed
	PRIMARY KEY (merchant_id, id),
	CONSTRAINT offers_code UNIQUE (merchant_id, shop_id, code)
) STRICT, WITHOUT ROWID;
CREATE INDEX offers_of ON offers (merchant_id, store_id, sku_id);
CREATE INDEX offers_looks ON offers (merchant_id, account_id) WHERE look_stage = 3;

-- What an order takes of a SKU through an offer: kept, then gone.
CREATE TABLE holds (
	merchant_id INTEGER NOT NULL,
	order_id    INTEGER NOT NULL,
	offer_id    INTEGER NOT NULL,
	store_id    INTEGER NOT NULL,
	sku_id      INTEGER NOT NULL,
	kept        INTEGER NOT NULL,
	gone        INTEGER NOT NULL,
	short       INTEGER NOT NULL, -- of them there are fewer pieces than promised
	PRIMARY KEY (merchant_id, order_id, offer_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX holds_kept ON holds (merchant_id, store_id, sku_id) WHERE kept <> 0;
CREATE INDEX holds_short ON holds (merchant_id, store_id, sku_id, order_id) WHERE short > 0;
