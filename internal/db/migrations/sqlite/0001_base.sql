-- +goose Up

-- Types are the same three in both engines: whole numbers (times in UTC ms, flags as
-- 0 or 1), text, and bytes. Documents in JSON are bytes: nothing here looks into them.

CREATE TABLE installation (
	id       INTEGER PRIMARY KEY,
	name     TEXT NOT NULL, -- random, drawn when the database was made
	print    TEXT NOT NULL, -- of the place where it lies: a copy elsewhere is found by it
	proof    BLOB NOT NULL, -- something sealed with the master key, so that a wrong key is found at once
	armed    INTEGER NOT NULL,  -- 0: nothing may be called outside
	made_at  INTEGER NOT NULL
) STRICT;

-- Who is who.

CREATE TABLE merchants (
	id         INTEGER PRIMARY KEY,
	name       TEXT NOT NULL,
	locale     TEXT NOT NULL,
	sealed_key BLOB NOT NULL, -- the merchant's key, sealed with the master key
	made_at    INTEGER NOT NULL
) STRICT;

CREATE TABLE users (
	id            INTEGER PRIMARY KEY,
	merchant_id   INTEGER NOT NULL,
	name          TEXT NOT NULL,
	password_hash TEXT NOT NULL,
	role          TEXT NOT NULL,
	locale        TEXT NOT NULL,
	stores        TEXT NOT NULL, -- ids separated by spaces; empty = the whole merchant
	personal      INTEGER NOT NULL,  -- 1: sees customers' data in full
	disabled      INTEGER NOT NULL,
	made_at       INTEGER NOT NULL,
	CONSTRAINT users_name UNIQUE (name)
) STRICT;

CREATE TABLE sessions (
	hash        BLOB NOT NULL PRIMARY KEY,
	merchant_id INTEGER NOT NULL,
	user_id     INTEGER NOT NULL,
	made_at     INTEGER NOT NULL,
	seen_at     INTEGER NOT NULL,
	expires_at  INTEGER NOT NULL
) STRICT;

CREATE TABLE api_keys (
	id          INTEGER PRIMARY KEY,
	merchant_id INTEGER NOT NULL,
	name        TEXT NOT NULL,
	hash        BLOB NOT NULL,
	role        TEXT NOT NULL,
	stores      TEXT NOT NULL,
	personal    INTEGER NOT NULL,
	made_by     INTEGER NOT NULL,
	made_at     INTEGER NOT NULL,
	used_at     INTEGER NOT NULL,
	CONSTRAINT api_keys_hash UNIQUE (hash)
) STRICT;

CREATE TABLE setup_tokens (
	hash        BLOB NOT NULL PRIMARY KEY,
	merchant_id INTEGER NOT NULL,
	expires_at  INTEGER NOT NULL,
	used_at     INTEGER NOT NULL
) STRICT;

-- Where orders come from.

CREATE TABLE stores (
	merchant_id INTEGER NOT NULL,
	id          INTEGER NOT NULL,
	name        TEXT NOT NULL,
	zone        TEXT NOT NULL,
	cutoff      INTEGER NOT NULL,
	address     TEXT NOT NULL,
	PRIMARY KEY (merchant_id, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE apps (
	merchant_id INTEGER NOT NULL,
	id          INTEGER NOT NULL,
	channel     TEXT NOT NULL,
	name        TEXT NOT NULL,
	base_url    TEXT NOT NULL,
	public_url  TEXT NOT NULL,
	credentials BLOB NOT NULL,
	PRIMARY KEY (merchant_id, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE accounts (
	merchant_id INTEGER NOT NULL,
	id          INTEGER NOT NULL,
	app_id      INTEGER NOT NULL,
	channel     TEXT NOT NULL,
	realm       TEXT NOT NULL,
	name        TEXT NOT NULL,
	external_id TEXT NOT NULL,
	credentials BLOB NOT NULL,
	paused      INTEGER NOT NULL,
	pull_every  INTEGER NOT NULL, -- seconds; 0 = as the platform says
	PRIMARY KEY (merchant_id, id)
) STRICT, WITHOUT ROWID;

-- How an account is doing, apart from what it is: this is written all the time.
CREATE TABLE account_health (
	merchant_id INTEGER NOT NULL,
	account_id  INTEGER NOT NULL,
	alarm_at    INTEGER NOT NULL,
	alarm_why   TEXT NOT NULL,
	last_push   INTEGER NOT NULL,
	last_pull   INTEGER NOT NULL,
	last_error  INTEGER NOT NULL,
	error_code  TEXT NOT NULL,
	error_words TEXT NOT NULL,
	cursor_doc  BLOB,
	PRIMARY KEY (merchant_id, account_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE shops (
	merchant_id INTEGER NOT NULL,
	id          INTEGER NOT NULL,
	account_id  INTEGER NOT NULL,
	channel     TEXT NOT NULL,
	realm       TEXT NOT NULL,
	external_id TEXT NOT NULL,
	store_id    INTEGER NOT NULL,
	name        TEXT NOT NULL,
	mode        TEXT NOT NULL,
	PRIMARY KEY (merchant_id, id),
	CONSTRAINT shops_external UNIQUE (merchant_id, realm, external_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE vault (
	merchant_id INTEGER NOT NULL,
	account_id  INTEGER NOT NULL,
	name        TEXT NOT NULL,
	at          INTEGER NOT NULL, -- the moment of the platform's answer: older never replaces newer
	sealed      BLOB NOT NULL,
	PRIMARY KEY (merchant_id, account_id, name)
) STRICT, WITHOUT ROWID;

-- What is known of an order.

CREATE TABLE orders (
	id          INTEGER PRIMARY KEY,
	merchant_id INTEGER NOT NULL,
	realm       TEXT NOT NULL,
	external_id TEXT NOT NULL,
	channel     TEXT NOT NULL,
	account_id  INTEGER NOT NULL,
	shop_id     INTEGER NOT NULL,
	store_id    INTEGER NOT NULL,
	status      TEXT NOT NULL,
	flags       INTEGER NOT NULL,
	kind        TEXT NOT NULL,
	logistics   TEXT NOT NULL,
	sort_at     INTEGER NOT NULL,
	due_at      INTEGER NOT NULL,
	read_at     INTEGER NOT NULL,
	sweep_at    INTEGER NOT NULL,
	changed_at  INTEGER NOT NULL,
	seq         INTEGER NOT NULL,
	sealed_key  BLOB, -- of its journal; NULL = erased
	summary     BLOB NOT NULL,
	wants       BLOB NOT NULL,
	search      BLOB NOT NULL,
	CONSTRAINT orders_external UNIQUE (merchant_id, realm, external_id)
) STRICT;

-- The lists of a merchant and of a store, by status: a list over several statuses
-- merges them. "All" is a list over every status.
CREATE INDEX orders_time ON orders (merchant_id, sort_at, id);
CREATE INDEX orders_status ON orders (merchant_id, status, sort_at, id);
CREATE INDEX orders_store ON orders (merchant_id, store_id, status, sort_at, id);
CREATE INDEX orders_due ON orders (merchant_id, due_at, id) WHERE due_at > 0;
CREATE INDEX orders_flags ON orders (merchant_id, sort_at, id) WHERE flags <> 0;
CREATE INDEX orders_sweep ON orders (merchant_id, account_id, sweep_at) WHERE sweep_at > 0;

-- Orders that wait for their shop to be bound.
CREATE INDEX orders_unbound ON orders (merchant_id, id) WHERE shop_id = 0;

CREATE TABLE records (
	merchant_id INTEGER NOT NULL,
	realm       TEXT NOT NULL,
	kind        TEXT NOT NULL,
	external_id TEXT NOT NULL,
	doc         BLOB, -- JSON, or zstd of it; NULL = only read so far
	seen        BLOB, -- keyed hash of the last read that was journalled
	changed_at  INTEGER NOT NULL,
	PRIMARY KEY (merchant_id, realm, kind, external_id)
) STRICT;

CREATE TABLE links (
	merchant_id INTEGER NOT NULL,
	realm       TEXT NOT NULL,
	kind        TEXT NOT NULL,
	record_id   TEXT NOT NULL,
	order_id    TEXT NOT NULL, -- the platform's
	PRIMARY KEY (merchant_id, realm, kind, record_id, order_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX links_order ON links (merchant_id, realm, order_id);

CREATE TABLE aliases (
	merchant_id INTEGER NOT NULL,
	realm       TEXT NOT NULL,
	alias       TEXT NOT NULL,
	order_id    TEXT NOT NULL, -- the platform's
	PRIMARY KEY (merchant_id, realm, alias)
) STRICT, WITHOUT ROWID;

CREATE TABLE reservations (
	merchant_id INTEGER NOT NULL,
	order_id    INTEGER NOT NULL,
	sku         TEXT NOT NULL,
	store_id    INTEGER NOT NULL,
	quantity    INTEGER NOT NULL,
	PRIMARY KEY (merchant_id, order_id, sku)
) STRICT, WITHOUT ROWID;
CREATE INDEX reservations_sku ON reservations (merchant_id, store_id, sku);

-- What we make happen outside.

CREATE TABLE effects (
	id          INTEGER PRIMARY KEY,
	merchant_id INTEGER NOT NULL,
	account_id  INTEGER NOT NULL, -- 0: the merchant's own lane
	app_id      INTEGER NOT NULL,
	order_id    INTEGER NOT NULL,
	target      TEXT NOT NULL,
	kind        TEXT NOT NULL,
	case_key    TEXT NOT NULL,
	key         TEXT NOT NULL,
	generation  INTEGER NOT NULL, -- 0 for deeds and while a goal is open, then the id: one open goal and one deed a key
	deed        INTEGER NOT NULL,
	nature      TEXT NOT NULL,
	state       TEXT NOT NULL,
	open        INTEGER NOT NULL, -- 1: something is still to happen
	args        BLOB,
	before_doc  BLOB,
	cause       TEXT NOT NULL,
	attempts    INTEGER NOT NULL,
	called      TEXT NOT NULL,
	looks       INTEGER NOT NULL,
	next_at     INTEGER NOT NULL,
	deadline    INTEGER NOT NULL,
	words       TEXT NOT NULL,
	code        TEXT NOT NULL,
	made_at     INTEGER NOT NULL,
	changed_at  INTEGER NOT NULL,
	attempt     BLOB,
	epoch       INTEGER NOT NULL, -- of the attempt that runs
	not_after   INTEGER NOT NULL,
	CONSTRAINT effects_key UNIQUE (merchant_id, key, generation)
) STRICT;
CREATE INDEX effects_order ON effects (merchant_id, order_id, id);
CREATE INDEX effects_due ON effects (merchant_id, account_id, next_at) WHERE open = 1;
CREATE INDEX effects_acts ON effects (merchant_id, account_id, next_at) WHERE open = 1 AND (order_id <> 0 OR deadline > 0);

-- Reads and other background work that is over, to be dropped.
CREATE INDEX effects_over ON effects (merchant_id, account_id, id) WHERE open = 0 AND order_id = 0;

CREATE INDEX effects_target ON effects (merchant_id, target, id) WHERE open = 1;

CREATE TABLE lanes (
	merchant_id INTEGER NOT NULL,
	account_id  INTEGER NOT NULL, -- 0: the merchant's own lane
	owner       TEXT NOT NULL,
	epoch       INTEGER NOT NULL,
	expires_at  INTEGER NOT NULL, -- by the database's clock
	PRIMARY KEY (merchant_id, account_id)
) STRICT, WITHOUT ROWID;

-- The journal.

CREATE TABLE journal (
	id          INTEGER PRIMARY KEY,
	merchant_id INTEGER NOT NULL,
	at          INTEGER NOT NULL,
	direction   TEXT NOT NULL,
	what        TEXT NOT NULL,
	channel     TEXT NOT NULL,
	account_id  INTEGER NOT NULL,
	order_id    INTEGER NOT NULL, -- 0: not (yet) an order's
	realm       TEXT NOT NULL,
	kind        TEXT NOT NULL,
	external_id TEXT NOT NULL,
	method      TEXT NOT NULL,
	path        TEXT NOT NULL,
	status      INTEGER NOT NULL,
	took_us     INTEGER NOT NULL,
	made_by     TEXT NOT NULL,
	outcome     TEXT NOT NULL,
	error       TEXT NOT NULL,
	known       INTEGER NOT NULL, -- 1: the body was seen before, only its hash is kept
	hash        BLOB,         -- HMAC of the plain body under the merchant's key
	size        INTEGER NOT NULL, -- of the plain body
	answer_size INTEGER NOT NULL,
	day         INTEGER NOT NULL, -- 0: sealed under the order's key; else under the key of this day since 1970
	body        BLOB,
	answer      BLOB
) STRICT;
CREATE INDEX journal_order ON journal (merchant_id, order_id, id) WHERE order_id <> 0;
CREATE INDEX journal_loose ON journal (merchant_id, realm, kind, external_id, id) WHERE order_id = 0 AND external_id <> '';

CREATE TABLE day_keys (
	merchant_id INTEGER NOT NULL,
	day         INTEGER NOT NULL,
	sealed_key  BLOB NOT NULL,
	PRIMARY KEY (merchant_id, day)
) STRICT, WITHOUT ROWID;

CREATE TABLE parked (
	id          INTEGER PRIMARY KEY,
	merchant_id INTEGER NOT NULL,
	at          INTEGER NOT NULL,
	app_id      INTEGER NOT NULL,
	account_id  INTEGER NOT NULL,
	channel     TEXT NOT NULL,
	what        TEXT NOT NULL,
	reason      TEXT NOT NULL,
	state       TEXT NOT NULL,
	attempts    INTEGER NOT NULL,
	size        INTEGER NOT NULL,
	entry_id    INTEGER NOT NULL,
	retry       BLOB
) STRICT;
CREATE INDEX parked_state ON parked (merchant_id, state, id);

-- Callbacks that could not be verified: the first bytes of few, a count of the rest.
CREATE TABLE refused (
	app_id INTEGER NOT NULL,
	hour   INTEGER NOT NULL, -- since 1970
	n      INTEGER NOT NULL,
	PRIMARY KEY (app_id, hour)
) STRICT, WITHOUT ROWID;

CREATE TABLE refused_samples (
	app_id INTEGER NOT NULL,
	hour   INTEGER NOT NULL,
	n      INTEGER NOT NULL,
	sample BLOB NOT NULL, -- sealed under the merchant's key
	PRIMARY KEY (app_id, hour, n)
) STRICT, WITHOUT ROWID;

-- The feed.

CREATE TABLE feeds (
	merchant_id INTEGER PRIMARY KEY,
	epoch       INTEGER NOT NULL,
	seq         INTEGER NOT NULL
) STRICT;

CREATE TABLE changes (
	merchant_id INTEGER NOT NULL,
	seq         INTEGER NOT NULL,
	kind        TEXT NOT NULL,
	entity_id   TEXT NOT NULL,
	store_id    INTEGER NOT NULL, -- 0: of no one store
	at          INTEGER NOT NULL,
	PRIMARY KEY (merchant_id, seq)
) STRICT, WITHOUT ROWID;

-- Derived from the feed; may be emptied and rebuilt.

CREATE TABLE followers (
	merchant_id INTEGER PRIMARY KEY,
	seq         INTEGER NOT NULL,
	at          INTEGER NOT NULL
) STRICT;

-- What the derived tables hold of each order, so that the difference can be written.
CREATE TABLE followed (
	merchant_id INTEGER NOT NULL,
	order_id    INTEGER NOT NULL,
	store_id    INTEGER NOT NULL,
	shop_id     INTEGER NOT NULL,
	channel     TEXT NOT NULL,
	status      TEXT NOT NULL,
	flags       INTEGER NOT NULL,
	sort_at     INTEGER NOT NULL,
	keys        TEXT NOT NULL, -- of its postings, one a line
	PRIMARY KEY (merchant_id, order_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE counts (
	merchant_id INTEGER NOT NULL,
	store_id    INTEGER NOT NULL,
	shop_id     INTEGER NOT NULL,
	channel     TEXT NOT NULL,
	status      TEXT NOT NULL,
	flags       INTEGER NOT NULL,
	n           INTEGER NOT NULL,
	PRIMARY KEY (merchant_id, store_id, shop_id, channel, status, flags)
) STRICT, WITHOUT ROWID;

-- Names of things bought, each once: few, so that LIKE over them is cheap.
CREATE TABLE names (
	merchant_id INTEGER NOT NULL,
	id          INTEGER NOT NULL,
	name        TEXT NOT NULL,
	PRIMARY KEY (merchant_id, id),
	CONSTRAINT names_name UNIQUE (merchant_id, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE postings (
	merchant_id INTEGER NOT NULL,
	key         TEXT NOT NULL,
	sort_at     INTEGER NOT NULL,
	order_id    INTEGER NOT NULL,
	PRIMARY KEY (merchant_id, key, sort_at, order_id)
) STRICT, WITHOUT ROWID;

-- Requests by their key, and acts on many orders.

CREATE TABLE requests (
	merchant_id INTEGER NOT NULL,
	key         TEXT NOT NULL,
	hash        BLOB NOT NULL,
	answer      BLOB, -- NULL: in progress
	made_at     INTEGER NOT NULL,
	PRIMARY KEY (merchant_id, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX requests_made ON requests (made_at);

CREATE TABLE batches (
	merchant_id INTEGER NOT NULL,
	id          INTEGER NOT NULL,
	kind        TEXT NOT NULL,
	args        BLOB,
	made_by     TEXT NOT NULL,
	made_at     INTEGER NOT NULL,
	total       INTEGER NOT NULL,
	PRIMARY KEY (merchant_id, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE batch_items (
	merchant_id INTEGER NOT NULL,
	batch_id    INTEGER NOT NULL,
	order_id    INTEGER NOT NULL,
	n           INTEGER NOT NULL, -- its place in the request
	state       TEXT NOT NULL,
	effect_id   INTEGER NOT NULL,
	code        TEXT NOT NULL,
	words       TEXT NOT NULL,
	PRIMARY KEY (merchant_id, batch_id, order_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX batch_items_effect ON batch_items (merchant_id, effect_id) WHERE effect_id <> 0;
