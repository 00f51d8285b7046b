-- +goose Up

-- When this database was found to be a copy: what was open then is looked at before it is
-- called again. 0 = it never was one.
ALTER TABLE installation ADD COLUMN moved_at BIGINT NOT NULL DEFAULT 0;

-- What the browser says it is, so that people know their own sessions.
ALTER TABLE sessions ADD COLUMN device TEXT NOT NULL DEFAULT '';
CREATE INDEX sessions_user ON sessions (user_id);

-- The last outcome of each check that runs by itself: of backups, say.
CREATE TABLE checks (
	name      TEXT NOT NULL PRIMARY KEY,
	at        BIGINT NOT NULL,
	ok        BIGINT NOT NULL,
	good_at   BIGINT NOT NULL, -- when it last went well; 0 = never
	about_at  BIGINT NOT NULL, -- the moment of what was checked; 0 = there was nothing
	words     TEXT NOT NULL
);
