-- +goose Up

-- Keys of people's devices: a phone's lock instead of the password. Nothing here signs in by itself.
CREATE TABLE passkeys (
	id          BYTEA NOT NULL PRIMARY KEY, -- the credential's own
	merchant_id BIGINT NOT NULL,
	user_id     BIGINT NOT NULL,
	host        TEXT NOT NULL,             -- the name of the service that it is bound to
	public_key  BYTEA NOT NULL,             -- SPKI
	counter     BIGINT NOT NULL,          -- of its last use; 0 = it does not count
	device      TEXT NOT NULL,             -- what its browser was, for people
	made_at     BIGINT NOT NULL,
	used_at     BIGINT NOT NULL
);
CREATE INDEX passkeys_user ON passkeys (user_id);

-- What was asked of a device and is not answered yet.
CREATE TABLE passkey_challenges (
	hash       BYTEA NOT NULL PRIMARY KEY,
	user_id    BIGINT NOT NULL, -- who registers; 0 = somebody signs in
	expires_at BIGINT NOT NULL
);
