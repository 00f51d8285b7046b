-- +goose Up

-- Ticket printers of stores. What each prints when, how wide its paper is and how it is
-- treated is in doc, as JSON.
CREATE TABLE printers (
	merchant_id BIGINT NOT NULL,
	id          BIGINT NOT NULL,
	store_id    BIGINT NOT NULL,
	kind        TEXT NOT NULL, -- the make: escpos, feie, yilianyun
	name        TEXT NOT NULL,
	address     TEXT NOT NULL, -- host:port on a network; of a cloud its server, '' = its maker's
	bridge_id   BIGINT NOT NULL, -- the device in the shop that carries to it; 0 = called from here
	disabled    BIGINT NOT NULL,
	doc         BYTEA NOT NULL,
	credentials BYTEA NOT NULL, -- sealed with the master key
	made_at     BIGINT NOT NULL,
	PRIMARY KEY (merchant_id, id)
);

-- What a bridge has to carry, from when it is due until it has been told of: seconds.
CREATE TABLE bridge_tasks (
	id          BIGINT PRIMARY KEY,
	merchant_id BIGINT NOT NULL,
	bridge_id   BIGINT NOT NULL,
	state       TEXT NOT NULL, -- waiting, taken, over
	not_after   BIGINT NOT NULL, -- UTC ms: not to be begun later
	task        BYTEA NOT NULL, -- sealed under the merchant's key
	report      BYTEA
);
CREATE INDEX bridge_tasks_bridge ON bridge_tasks (merchant_id, bridge_id, id);
