-- +goose Up

-- Ways to a phone: group robots and short-message services.
CREATE TABLE senders (
	merchant_id BIGINT NOT NULL,
	id          BIGINT NOT NULL,
	kind        TEXT NOT NULL, -- dingtalk, wecom, feishu, lark, aliyun, tencent
	name        TEXT NOT NULL,
	base_url    TEXT NOT NULL, -- '' = the vendor's
	level       TEXT NOT NULL, -- of a robot, what its group hears: store, area, headquarters
	stores      TEXT NOT NULL, -- of a robot, as of a user
	locale      TEXT NOT NULL,
	disabled    BIGINT NOT NULL,
	credentials BYTEA NOT NULL, -- sealed with the master key
	made_at     BIGINT NOT NULL,
	PRIMARY KEY (merchant_id, id)
);

-- What knocks, as JSON: of the merchant (store 0), and of stores that differ.
CREATE TABLE knock_rules (
	merchant_id BIGINT NOT NULL,
	store_id    BIGINT NOT NULL,
	doc         BYTEA NOT NULL,
	PRIMARY KEY (merchant_id, store_id)
);

-- Of what somebody has been told: one line a recipient and concern, in the transaction
-- that makes the message. It is why nobody is told twice, and what caps count.
CREATE TABLE knocks (
	merchant_id BIGINT NOT NULL,
	recipient   TEXT NOT NULL, -- usr_…, snd_…
	key         TEXT NOT NULL, -- of the concern
	at          BIGINT NOT NULL, -- UTC ms of the trade's clock
	made_at     BIGINT NOT NULL, -- UTC ms of the wall
	effect_id   BIGINT NOT NULL, -- the message
	PRIMARY KEY (merchant_id, recipient, key)
);
CREATE INDEX knocks_made ON knocks (merchant_id, made_at);

-- A person's number: sealed, and found by its keyed hash, both under the merchant's key.
CREATE TABLE phones (
	user_id     BIGINT PRIMARY KEY,
	merchant_id BIGINT NOT NULL,
	hash        BYTEA NOT NULL,
	sealed      BYTEA NOT NULL,
	CONSTRAINT phones_hash UNIQUE (hash)
);

-- The sign-in code that a person's phone was sent last.
CREATE TABLE sign_in_codes (
	user_id     BIGINT PRIMARY KEY,
	merchant_id BIGINT NOT NULL,
	hash        BYTEA NOT NULL,
	made_at     BIGINT NOT NULL,
	expires_at  BIGINT NOT NULL,
	tries       BIGINT NOT NULL,
	day         BIGINT NOT NULL, -- since 1970, of asked
	asked       BIGINT NOT NULL  -- codes on that day
);

-- The links of knocks: once, for one person.
CREATE TABLE knock_links (
	hash        BYTEA NOT NULL PRIMARY KEY,
	merchant_id BIGINT NOT NULL,
	user_id     BIGINT NOT NULL,
	path        TEXT NOT NULL, -- in the console
	expires_at  BIGINT NOT NULL,
	used_at     BIGINT NOT NULL
);

-- Browsers in which a person has signed in before.
CREATE TABLE known_browsers (
	hash        BYTEA NOT NULL PRIMARY KEY,
	merchant_id BIGINT NOT NULL,
	user_id     BIGINT NOT NULL,
	expires_at  BIGINT NOT NULL
);
CREATE INDEX known_browsers_user ON known_browsers (user_id);
