-- +goose Up

-- Ticket printers of stores. What each prints when, how wide its paper is and how it is
-- treated is in doc, as JSON.
CREATE TABLE printers (
	merchant_id INTEGER NOT NULL,
	id          INTEGER NOT NULL,
	store_id    INTEGER NOT NULL,
	kind        TEXT NOT NULL, -- the make: escpos, feie, yilianyun
	name        TEXT NOT NULL,
	address     TEXT NOT NULL, -- host:port on a network; of a cloud its server, '' = its maker's
	bridge_id   INTEGER NOT NULL, -- the device in the shop that carries to it; 0 = called from here
	disabled    INTEGER NOT NULL,
	doc         BLOB NOT NULL,
	credentials BLOB NOT NULL, -- sealed with the master key
	made_at     INTEGER NOT NULL,
	PRIMARY KEY (merchant_id, id)
) STRICT, WITHOUT ROWID;

-- What a bridge has to carry, from when it is due until it has been told of: seconds.
CREATE TABLE bridge_tasks (
	id          INTEGER PRIMARY KEY,
	merchant_id INTEGER NOT NULL,
	bridge_id   INTEGER NOT NULL,
	state       TEXT NOT NULL, -- waiting, taken, over
	not_after   INTEGER NOT NULL, -- UTC ms: not to be begun later
	task        BLOB NOT NULL, -- sealed under the merchant's key
	report      BLOB
) STRICT;
CREATE INDEX bridge_tasks_bridge ON bridge_tasks (merchant_id, bridge_id, id);
