-- +goose Up

-- Riders of a store's own.
CREATE TABLE riders (
	merchant_id INTEGER NOT NULL,
	id          INTEGER NOT NULL,
	store_id    INTEGER NOT NULL,
	name        TEXT NOT NULL,
	phone       TEXT NOT NULL,
	disabled    INTEGER NOT NULL,
	made_at     INTEGER NOT NULL,
	PRIMARY KEY (merchant_id, id)
) STRICT, WITHOUT ROWID;

-- Links with which a rider sees what he has to bring, without an account.
CREATE TABLE rider_links (
	hash        BLOB NOT NULL PRIMARY KEY,
	merchant_id INTEGER NOT NULL,
	rider_id    INTEGER NOT NULL,
	expires_at  INTEGER NOT NULL
) STRICT;
CREATE INDEX rider_links_rider ON rider_links (merchant_id, rider_id);

-- Accounts at couriers. Their numbers of our stores are in doc, as JSON.
CREATE TABLE couriers (
	merchant_id INTEGER NOT NULL,
	id          INTEGER NOT NULL,
	kind        TEXT NOT NULL, -- dada
	name        TEXT NOT NULL,
	address     TEXT NOT NULL, -- of its API; '' = its own
	disabled    INTEGER NOT NULL,
	doc         BLOB NOT NULL,
	credentials BLOB NOT NULL, -- sealed with the master key
	made_at     INTEGER NOT NULL,
	PRIMARY KEY (merchant_id, id)
) STRICT, WITHOUT ROWID;
