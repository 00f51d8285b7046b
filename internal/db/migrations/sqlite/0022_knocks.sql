-- +goose Up

-- Ways to a phone: group robots and short-message services.
CREATE TABLE senders (
	merchant_id INTEGER NOT NULL,
	id          INTEGER NOT NULL,
	kind        TEXT NOT NULL, -- dingtalk, wecom, feishu, lark, aliyun, tencent
	name        TEXT NOT NULL,
	base_url    TEXT NOT NULL, -- '' = the vendor's
	level       TEXT NOT NULL, -- of a robot, what its group hears: store, area, headquarters
	stores      TEXT NOT NULL, -- of a robot, as of a user
	locale      TEXT NOT NULL,
	disabled    INTEGER NOT NULL,
	credentials BLOB NOT NULL, -- sealed with the master key
	made_at     INTEGER NOT NULL,
	PRIMARY KEY (merchant_id, id)
) STRICT, WITHOUT ROWID;

-- What knocks, as JSON: of the merchant (store 0), and of stores that differ.
CREATE TABLE knock_rules (
	merchant_id INTEGER NOT NULL,
	store_id    INTEGER NOT NULL,
	doc         BLOB NOT NULL,
	PRIMARY KEY (merchant_id, store_id)
) STRICT, WITHOUT ROWID;

-- Of what somebody has been told: one line a recipient and concern, in the transaction
-- that makes the message. It is why nobody is told twice, and what caps count.
CREATE TABLE knocks (
	merchant_id INTEGER NOT NULL,
	recipient   TEXT NOT NULL, -- usr_…, snd_…
	key         TEXT NOT NULL, -- of the concern
	at          INTEGER NOT NULL, -- UTC ms of the trade's clock
	made_at     INTEGER NOT NULL, -- UTC ms of the wall
	effect_id   INTEGER NOT NULL, -- the message
	PRIMARY KEY (merchant_id, recipient, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX knocks_made ON knocks (merchant_id, made_at);

-- A person's number: sealed, and found by its keyed hash, both under the merchant's key.
CREATE TABLE phones (
	user_id     INTEGER PRIMARY KEY,
	merchant_id INTEGER NOT NULL,
	hash        BLOB NOT NULL,
	sealed      BLOB NOT NULL,
	CONSTRAINT phones_hash UNIQUE (hash)
) STRICT;

-- The sign-in code that a person's phone was sent last.
CREATE TABLE sign_in_codes (
	user_id     INTEGER PRIMARY KEY,
	merchant_id INTEGER NOT NULL,
	hash        BLOB NOT NULL,
	made_at     INTEGER NOT NULL,
	expires_at  INTEGER NOT NULL,
	tries       INTEGER NOT NULL,
	day         INTEGER NOT NULL, -- since 1970, of asked
	asked       INTEGER NOT NULL  -- codes on that day
) STRICT;

-- The links of knocks: once, for one person.
CREATE TABLE knock_links (
	hash        BLOB NOT NULL PRIMARY KEY,
	merchant_id INTEGER NOT NULL,
	user_id     INTEGER NOT NULL,
	path        TEXT NOT NULL, -- in the console
	expires_at  INTEGER NOT NULL,
	used_at     INTEGER NOT NULL
) STRICT;

-- Browsers in which a person has signed in before.
CREATE TABLE known_browsers (
	hash        BLOB NOT NULL PRIMARY KEY,
	merchant_id INTEGER NOT NULL,
	user_id     INTEGER NOT NULL,
	expires_at  INTEGER NOT NULL
) STRICT;
CREATE INDEX known_browsers_user ON known_browsers (user_id);
