-- +goose Up

-- What devices and keys were called that there are no more: what they did keeps their name.
CREATE TABLE former_actors (
	merchant_id BIGINT NOT NULL,
	actor       TEXT NOT NULL, -- dev_…, key_…
	name        TEXT NOT NULL,
	gone_at     BIGINT NOT NULL, -- UTC ms of the wall clock
	PRIMARY KEY (merchant_id, actor)
);
