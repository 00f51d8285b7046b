-- +goose Up

-- How people like the console: what it keeps for a person on every device, and with
-- user_id 0 what all people of a merchant share.
CREATE TABLE preferences (
	merchant_id INTEGER NOT NULL,
	user_id     INTEGER NOT NULL, -- 0 = shared
	name        TEXT NOT NULL,
	doc         TEXT NOT NULL, -- JSON
	set_by      TEXT NOT NULL, -- usr_…
	changed_at  INTEGER NOT NULL, -- UTC ms of the wall
	PRIMARY KEY (merchant_id, user_id, name)
) STRICT, WITHOUT ROWID;
