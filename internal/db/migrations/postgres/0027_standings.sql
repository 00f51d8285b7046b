-- +goose Up

-- How platforms show shops, as far as it was read or told.
CREATE TABLE standings (
	merchant_id BIGINT NOT NULL,
	shop_id     BIGINT NOT NULL,
	state       TEXT NOT NULL, -- open, resting, offline; '' = not told
	since       BIGINT NOT NULL, -- UTC ms of the trade's clock
	said_at     BIGINT NOT NULL, -- of the statement that the state is from
	seen_at     BIGINT NOT NULL, -- when it was last read or told
	words       TEXT NOT NULL, -- why, in the platform's words
	held        BIGINT NOT NULL, -- 1: the platform did it
	doc         TEXT NOT NULL, -- what else the platform says of the shop, JSON; '' = it was not read yet
	PRIMARY KEY (merchant_id, shop_id)
);

-- When a store is open, every day: "11:00-14:00,17:00-22:00"; '' = as its shops' platforms say.
ALTER TABLE stores ADD COLUMN hours TEXT NOT NULL DEFAULT '';

-- Which messages of an app have ever come, so that a missing subscription can be named.
CREATE TABLE heard (
	merchant_id BIGINT NOT NULL,
	app_id      BIGINT NOT NULL,
	path        TEXT NOT NULL, -- of the callback, below the app
	came_at     BIGINT NOT NULL, -- the last message, UTC ms of the wall clock; 0 = none
	probed_at   BIGINT NOT NULL, -- when the platform last looked whether we are alive
	refused_at  BIGINT NOT NULL, -- when one was last refused
	PRIMARY KEY (merchant_id, app_id, path)
);
