-- +goose Up

-- Riders of a store's own.
CREATE TABLE riders (
	merchant_id BIGINT NOT NULL,
	id          BIGINT NOT NULL,
	store_id    BIGINT NOT NULL,
	name        TEXT NOT NULL,
	phone       TEXT NOT NULL,
	disabled    BIGINT NOT NULL,
	made_at     BIGINT NOT NULL,
	PRIMARY KEY (merchant_id, id)
);

-- Links with which a rider sees what he has to bring, without an account.
CREATE TABLE rider_links (
	hash        BYTEA NOT NULL PRIMARY KEY,
	merchant_id BIGINT NOT NULL,
	rider_id    BIGINT NOT NULL,
	expires_at  BIGINT NOT NULL
);
CREATE INDEX rider_links_rider ON rider_links (merchant_id, rider_id);

-- Accounts at couriers. Their numbers of our stores are in doc, as JSON.
CREATE TABLE couriers (
	merchant_id BIGINT NOT NULL,
	id          BIGINT NOT NULL,
	kind        TEXT NOT NULL, -- dada
	name        TEXT NOT NULL,
	address     TEXT NOT NULL, -- of its API; '' = its own
	disabled    BIGINT NOT NULL,
	doc         BYTEA NOT NULL,
	credentials BYTEA NOT NULL, -- sealed with the master key
	made_at     BIGINT NOT NULL,
	PRIMARY KEY (merchant_id, id)
);
