-- +goose Up

-- Screens of the shop floor, each paired with one store.
CREATE TABLE devices (
	merchant_id  BIGINT NOT NULL,
	id           BIGINT NOT NULL,
	store_id     BIGINT NOT NULL,
	name         TEXT NOT NULL,
	kind         TEXT NOT NULL, -- a role of package role: kitchen_screen, …
	hash         BYTEA NOT NULL, -- of the secret in its cookie
	agent        TEXT NOT NULL, -- what its browser is, for people
	pin          BIGINT NOT NULL, -- 1: acts need a person's PIN
	lock_minutes BIGINT NOT NULL, -- idle for so long it locks itself; 0 = never
	made_by      TEXT NOT NULL, -- usr_…, key_…
	made_at      BIGINT NOT NULL,
	seen_at      BIGINT NOT NULL,
	PRIMARY KEY (merchant_id, id),
	CONSTRAINT devices_hash UNIQUE (hash)
);

-- Screens that show a code and wait for a manager to type it.
CREATE TABLE pairings (
	hash       BYTEA NOT NULL PRIMARY KEY, -- of the secret in the cookie that becomes the device's
	code       TEXT NOT NULL,
	kind       TEXT NOT NULL,
	agent      TEXT NOT NULL,
	expires_at BIGINT NOT NULL,
	CONSTRAINT pairings_code UNIQUE (code)
);

-- The PIN of a person, and how often it was tried wrongly at a device since it was right.
CREATE TABLE pins (
	merchant_id BIGINT NOT NULL,
	user_id     BIGINT NOT NULL,
	hash        TEXT NOT NULL, -- argon2id
	set_by      TEXT NOT NULL,
	set_at      BIGINT NOT NULL,
	PRIMARY KEY (merchant_id, user_id)
);
CREATE TABLE pin_tries (
	merchant_id BIGINT NOT NULL,
	device_id   BIGINT NOT NULL,
	user_id     BIGINT NOT NULL,
	wrong       BIGINT NOT NULL,
	PRIMARY KEY (merchant_id, device_id, user_id)
);

-- Who had a device unlocked, from when until when.
CREATE TABLE unlocks (
	merchant_id BIGINT NOT NULL,
	id          BIGINT NOT NULL,
	device_id   BIGINT NOT NULL,
	user_id     BIGINT NOT NULL,
	began_at    BIGINT NOT NULL,
	ended_at    BIGINT NOT NULL, -- 0 = it is open
	PRIMARY KEY (merchant_id, id)
);
CREATE INDEX unlocks_of ON unlocks (merchant_id, device_id) WHERE ended_at = 0;

-- Which device speaks at a post of a store: a lease that is renewed.
CREATE TABLE voices (
	merchant_id BIGINT NOT NULL,
	store_id    BIGINT NOT NULL,
	post        TEXT NOT NULL, -- counter, kitchen, callout
	everybody   BIGINT NOT NULL, -- 1: all speak
	holder      TEXT NOT NULL, -- dev_…, or what a browser calls itself; '' = none yet
	name        TEXT NOT NULL,
	since_at    BIGINT NOT NULL,
	until_at    BIGINT NOT NULL, -- from then on another may take it
	PRIMARY KEY (merchant_id, store_id, post)
);

-- That the opening check of a day was passed or skipped, by whom.
CREATE TABLE openings (
	merchant_id BIGINT NOT NULL,
	store_id    BIGINT NOT NULL,
	day         TEXT NOT NULL, -- of the store's zone, 2026-03-01
	by_id       TEXT NOT NULL, -- usr_…, dev_…
	by_name     TEXT NOT NULL,
	at          BIGINT NOT NULL,
	skipped     BIGINT NOT NULL, -- 1: not all was looked at
	heard       TEXT NOT NULL, -- heard, unheard, or '' = not tried
	PRIMARY KEY (merchant_id, store_id, day)
);

-- How many orders a kitchen can make in a slot of time.
CREATE TABLE kitchens (
	merchant_id  BIGINT NOT NULL,
	store_id     BIGINT NOT NULL,
	slot_minutes BIGINT NOT NULL,
	slot_orders  BIGINT NOT NULL, -- 0 = nobody has said
	PRIMARY KEY (merchant_id, store_id)
);

-- Until when a level is sold out by hand, whatever there is; 0 = it is not.
ALTER TABLE levels ADD COLUMN out_until BIGINT NOT NULL DEFAULT 0;
ALTER TABLE levels ADD COLUMN out_by TEXT NOT NULL DEFAULT '';
CREATE INDEX levels_out ON levels (out_until) WHERE out_until > 0;
