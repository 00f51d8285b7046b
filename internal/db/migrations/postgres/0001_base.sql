-- +goose Up

-- Types are the same three in both engines: whole numbers (times in UTC ms, flags as
-- 0 or 1), text, and bytes. Documents in JSON are bytes: nothing here looks into them.

CREATE TABLE installation (
	id       BIGINT NOT NULL PRIMARY KEY,
	name     TEXT NOT NULL, -- random, drawn when the database was made
	print    TEXT NOT NULL, -- of the place where it lies: a copy elsewhere is found by it
	proof    BYTEA NOT NULL, -- something sealed with the master key, so that a wrong key is found at once
	armed    BIGINT NOT NULL,  -- 0: nothing may be called outside
	made_at  BIGINT NOT NULL
);

-- Who is who.

CREATE TABLE merchants (
	id         BIGINT NOT NULL PRIMARY KEY,
	name       TEXT NOT NULL,
	locale     TEXT NOT NULL,
	sealed_key BYTEA NOT NULL, -- the merchant's key, sealed with the master key
	made_at    BIGINT NOT NULL
);

CREATE TABLE users (
	id            BIGINT NOT NULL,
	merchant_id   BIGINT NOT NULL,
	name          TEXT NOT NULL,
	password_hash TEXT NOT NULL,
	role          TEXT NOT NULL,
	locale        TEXT NOT NULL,
	stores        TEXT NOT NULL, -- ids separated by spaces; empty = the whole merchant
	personal      BIGINT NOT NULL,  -- 1: sees customers' data in full
	disabled      BIGINT NOT NULL,
	made_at       BIGINT NOT NULL,
	PRIMARY KEY (merchant_id, id),
	CONSTRAINT users_name UNIQUE (name)
);

CREATE TABLE sessions (
	hash        BYTEA NOT NULL PRIMARY KEY,
	merchant_id BIGINT NOT NULL,
	user_id     BIGINT NOT NULL,
	made_at     BIGINT NOT NULL,
	seen_at     BIGINT NOT NULL,
	expires_at  BIGINT NOT NULL
);

CREATE TABLE api_keys (
	id          BIGINT NOT NULL,
	merchant_id BIGINT NOT NULL,
	name        TEXT NOT NULL,
	hash        BYTEA NOT NULL,
	role        TEXT NOT NULL,
	stores      TEXT NOT NULL,
	personal    BIGINT NOT NULL,
	made_by     BIGINT NOT NULL,
	made_at     BIGINT NOT NULL,
	used_at     BIGINT NOT NULL,
	PRIMARY KEY (merchant_id, id),
	CONSTRAINT api_keys_hash UNIQUE (hash)
);

CREATE TABLE setup_tokens (
	hash        BYTEA NOT NULL PRIMARY KEY,
	merchant_id BIGINT NOT NULL,
	expires_at  BIGINT NOT NULL,
	used_at     BIGINT NOT NULL
);

-- Where orders come from.

CREATE TABLE stores (
	merchant_id BIGINT NOT NULL,
	id          BIGINT NOT NULL,
	name        TEXT NOT NULL,
	zone        TEXT NOT NULL,
	cutoff      BIGINT NOT NULL,
	address     TEXT NOT NULL,
	PRIMARY KEY (merchant_id, id)
);

CREATE TABLE apps (
	merchant_id BIGINT NOT NULL,
	id          BIGINT NOT NULL,
	channel     TEXT NOT NULL,
	name        TEXT NOT NULL,
	base_url    TEXT NOT NULL,
	public_url  TEXT NOT NULL,
	credentials BYTEA NOT NULL,
	PRIMARY KEY (merchant_id, id)
);

CREATE TABLE accounts (
	merchant_id BIGINT NOT NULL,
	id          BIGINT NOT NULL,
	app_id      BIGINT NOT NULL,
	channel     TEXT NOT NULL,
	realm       TEXT NOT NULL,
	name        TEXT NOT NULL,
	external_id TEXT NOT NULL,
	credentials BYTEA NOT NULL,
	paused      BIGINT NOT NULL,
	pull_every  BIGINT NOT NULL, -- seconds; 0 = as the platform says
	PRIMARY KEY (merchant_id, id)
);

-- How an account is doing, apart from what it is: this is written all the time.
CREATE TABLE account_health (
	merchant_id BIGINT NOT NULL,
	account_id  BIGINT NOT NULL,
	alarm_at    BIGINT NOT NULL,
	alarm_why   TEXT NOT NULL,
	last_push   BIGINT NOT NULL,
	last_pull   BIGINT NOT NULL,
	last_error  BIGINT NOT NULL,
	error_code  TEXT NOT NULL,
	error_words TEXT NOT NULL,
	cursor_doc  BYTEA,
	PRIMARY KEY (merchant_id, account_id)
);

CREATE TABLE shops (
	merchant_id BIGINT NOT NULL,
	id          BIGINT NOT NULL,
	account_id  BIGINT NOT NULL,
	channel     TEXT NOT NULL,
	realm       TEXT NOT NULL,
	external_id TEXT NOT NULL,
	store_id    BIGINT NOT NULL,
	name        TEXT NOT NULL,
	mode        TEXT NOT NULL,
	PRIMARY KEY (merchant_id, id),
	CONSTRAINT shops_external UNIQUE (merchant_id, realm, external_id)
);

CREATE TABLE vault (
	merchant_id BIGINT NOT NULL,
	account_id  BIGINT NOT NULL,
	name        TEXT NOT NULL,
	at          BIGINT NOT NULL, -- the moment of the platform's answer: older never replaces newer
	sealed      BYTEA NOT NULL,
	PRIMARY KEY (merchant_id, account_id, name)
);

-- What is known of an order.

CREATE TABLE orders (
	id          BIGINT NOT NULL,
	merchant_id BIGINT NOT NULL,
	realm       TEXT NOT NULL,
	external_id TEXT NOT NULL,
	channel     TEXT NOT NULL,
	account_id  BIGINT NOT NULL,
	shop_id     BIGINT NOT NULL,
	store_id    BIGINT NOT NULL,
	status      TEXT NOT NULL,
	flags       BIGINT NOT NULL,
	kind        TEXT NOT NULL,
	logistics   TEXT NOT NULL,
	sort_at     BIGINT NOT NULL,
	due_at      BIGINT NOT NULL,
	read_at     BIGINT NOT NULL,
	sweep_at    BIGINT NOT NULL,
	changed_at  BIGINT NOT NULL,
	seq         BIGINT NOT NULL,
	sealed_key  BYTEA, -- of its journal; NULL = erased
	summary     BYTEA NOT NULL,
	wants       BYTEA NOT NULL,
	search      BYTEA NOT NULL,
	PRIMARY KEY (merchant_id, id),
	CONSTRAINT orders_external UNIQUE (merchant_id, realm, external_id)
);

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
	merchant_id BIGINT NOT NULL,
	realm       TEXT NOT NULL,
	kind        TEXT NOT NULL,
	external_id TEXT NOT NULL,
	doc         BYTEA, -- JSON, or zstd of it; NULL = only read so far
	seen        BYTEA, -- keyed hash of the last read that was journalled
	changed_at  BIGINT NOT NULL,
	PRIMARY KEY (merchant_id, realm, kind, external_id)
);

CREATE TABLE links (
	merchant_id BIGINT NOT NULL,
	realm       TEXT NOT NULL,
	kind        TEXT NOT NULL,
	record_id   TEXT NOT NULL,
	order_id    TEXT NOT NULL, -- the platform's
	PRIMARY KEY (merchant_id, realm, kind, record_id, order_id)
);
CREATE INDEX links_order ON links (merchant_id, realm, order_id);

CREATE TABLE aliases (
	merchant_id BIGINT NOT NULL,
	realm       TEXT NOT NULL,
	alias       TEXT NOT NULL,
	order_id    TEXT NOT NULL, -- the platform's
	PRIMARY KEY (merchant_id, realm, alias)
);

CREATE TABLE reservations (
	merchant_id BIGINT NOT NULL,
	order_id    BIGINT NOT NULL,
	sku         TEXT NOT NULL,
	store_id    BIGINT NOT NULL,
	quantity    BIGINT NOT NULL,
	PRIMARY KEY (merchant_id, order_id, sku)
);
CREATE INDEX reservations_sku ON reservations (merchant_id, store_id, sku);

-- What we make happen outside.

CREATE TABLE effects (
	id          BIGINT NOT NULL,
	merchant_id BIGINT NOT NULL,
	account_id  BIGINT NOT NULL, -- 0: the merchant's own lane
	app_id      BIGINT NOT NULL,
	order_id    BIGINT NOT NULL,
	target      TEXT NOT NULL,
	kind        TEXT NOT NULL,
	case_key    TEXT NOT NULL,
	key         TEXT NOT NULL,
	generation  BIGINT NOT NULL, -- 0 for deeds and while a goal is open, then the id: one open goal and one deed a key
	deed        BIGINT NOT NULL,
	nature      TEXT NOT NULL,
	state       TEXT NOT NULL,
	open        BIGINT NOT NULL, -- 1: something is still to happen
	args        BYTEA,
	before_doc  BYTEA,
	cause       TEXT NOT NULL,
	attempts    BIGINT NOT NULL,
	called      TEXT NOT NULL,
	looks       BIGINT NOT NULL,
	next_at     BIGINT NOT NULL,
	deadline    BIGINT NOT NULL,
	words       TEXT NOT NULL,
	code        TEXT NOT NULL,
	made_at     BIGINT NOT NULL,
	changed_at  BIGINT NOT NULL,
	attempt     BYTEA,
	epoch       BIGINT NOT NULL, -- of the attempt that runs
	not_after   BIGINT NOT NULL,
	PRIMARY KEY (merchant_id, id),
	CONSTRAINT effects_key UNIQUE (merchant_id, key, generation)
);
CREATE INDEX effects_order ON effects (merchant_id, order_id, id);
CREATE INDEX effects_due ON effects (merchant_id, account_id, next_at) WHERE open = 1;
CREATE INDEX effects_acts ON effects (merchant_id, account_id, next_at) WHERE open = 1 AND (order_id <> 0 OR deadline > 0);

-- Reads and other background work that is over, to be dropped.
CREATE INDEX effects_over ON effects (merchant_id, account_id, id) WHERE open = 0 AND order_id = 0;

CREATE INDEX effects_target ON effects (merchant_id, target, id) WHERE open = 1;

CREATE TABLE lanes (
	merchant_id BIGINT NOT NULL,
	account_id  BIGINT NOT NULL, -- 0: the merchant's own lane
	owner       TEXT NOT NULL,
	epoch       BIGINT NOT NULL,
	expires_at  BIGINT NOT NULL, -- by the database's clock
	PRIMARY KEY (merchant_id, account_id)
);

-- The journal.

CREATE TABLE journal (
	id          BIGINT NOT NULL,
	merchant_id BIGINT NOT NULL,
	at          BIGINT NOT NULL,
	direction   TEXT NOT NULL,
	what        TEXT NOT NULL,
	channel     TEXT NOT NULL,
	account_id  BIGINT NOT NULL,
	order_id    BIGINT NOT NULL, -- 0: not (yet) an order's
	realm       TEXT NOT NULL,
	kind        TEXT NOT NULL,
	external_id TEXT NOT NULL,
	method      TEXT NOT NULL,
	path        TEXT NOT NULL,
	status      BIGINT NOT NULL,
	took_us     BIGINT NOT NULL,
	made_by     TEXT NOT NULL,
	outcome     TEXT NOT NULL,
	error       TEXT NOT NULL,
	known       BIGINT NOT NULL, -- 1: the body was seen before, only its hash is kept
	hash        BYTEA,         -- HMAC of the plain body under the merchant's key
	size        BIGINT NOT NULL, -- of the plain body
	answer_size BIGINT NOT NULL,
	day         BIGINT NOT NULL, -- 0: sealed under the order's key; else under the key of this day since 1970
	body        BYTEA,
	answer      BYTEA,
	PRIMARY KEY (merchant_id, id)
);
CREATE INDEX journal_order ON journal (merchant_id, order_id, id) WHERE order_id <> 0;
CREATE INDEX journal_loose ON journal (merchant_id, realm, kind, external_id, id) WHERE order_id = 0 AND external_id <> '';

CREATE TABLE day_keys (
	merchant_id BIGINT NOT NULL,
	day         BIGINT NOT NULL,
	sealed_key  BYTEA NOT NULL,
	PRIMARY KEY (merchant_id, day)
);

CREATE TABLE parked (
	id          BIGINT NOT NULL,
	merchant_id BIGINT NOT NULL,
	at          BIGINT NOT NULL,
	app_id      BIGINT NOT NULL,
	account_id  BIGINT NOT NULL,
	channel     TEXT NOT NULL,
	what        TEXT NOT NULL,
	reason      TEXT NOT NULL,
	state       TEXT NOT NULL,
	attempts    BIGINT NOT NULL,
	size        BIGINT NOT NULL,
	entry_id    BIGINT NOT NULL,
	retry       BYTEA,
	PRIMARY KEY (merchant_id, id)
);
CREATE INDEX parked_state ON parked (merchant_id, state, id);

-- Callbacks that could not be verified: the first bytes of few, a count of the rest.
CREATE TABLE refused (
	app_id BIGINT NOT NULL,
	hour   BIGINT NOT NULL, -- since 1970
	n      BIGINT NOT NULL,
	PRIMARY KEY (app_id, hour)
);

CREATE TABLE refused_samples (
	app_id BIGINT NOT NULL,
	hour   BIGINT NOT NULL,
	n      BIGINT NOT NULL,
	sample BYTEA NOT NULL, -- sealed under the merchant's key
	PRIMARY KEY (app_id, hour, n)
);

-- The feed.

CREATE TABLE feeds (
	merchant_id BIGINT NOT NULL PRIMARY KEY,
	epoch       BIGINT NOT NULL,
	seq         BIGINT NOT NULL
);

CREATE TABLE changes (
	merchant_id BIGINT NOT NULL,
	seq         BIGINT NOT NULL,
	kind        TEXT NOT NULL,
	entity_id   TEXT NOT NULL,
	store_id    BIGINT NOT NULL, -- 0: of no one store
	at          BIGINT NOT NULL,
	PRIMARY KEY (merchant_id, seq)
);

-- Derived from the feed; may be emptied and rebuilt.

CREATE TABLE followers (
	merchant_id BIGINT NOT NULL PRIMARY KEY,
	seq         BIGINT NOT NULL,
	at          BIGINT NOT NULL
);

-- What the derived tables hold of each order, so that the difference can be written.
CREATE TABLE followed (
	merchant_id BIGINT NOT NULL,
	order_id    BIGINT NOT NULL,
	store_id    BIGINT NOT NULL,
	shop_id     BIGINT NOT NULL,
	channel     TEXT NOT NULL,
	status      TEXT NOT NULL,
	flags       BIGINT NOT NULL,
	sort_at     BIGINT NOT NULL,
	keys        TEXT NOT NULL, -- of its postings, one a line
	PRIMARY KEY (merchant_id, order_id)
);

CREATE TABLE counts (
	merchant_id BIGINT NOT NULL,
	store_id    BIGINT NOT NULL,
	shop_id     BIGINT NOT NULL,
	channel     TEXT NOT NULL,
	status      TEXT NOT NULL,
	flags       BIGINT NOT NULL,
	n           BIGINT NOT NULL,
	PRIMARY KEY (merchant_id, store_id, shop_id, channel, status, flags)
);

-- Names of things bought, each once: few, so that LIKE over them is cheap.
CREATE TABLE names (
	merchant_id BIGINT NOT NULL,
	id          BIGINT NOT NULL,
	name        TEXT NOT NULL,
	PRIMARY KEY (merchant_id, id),
	CONSTRAINT names_name UNIQUE (merchant_id, name)
);

CREATE TABLE postings (
	merchant_id BIGINT NOT NULL,
	key         TEXT COLLATE "C" NOT NULL,
	sort_at     BIGINT NOT NULL,
	order_id    BIGINT NOT NULL,
	PRIMARY KEY (merchant_id, key, sort_at, order_id)
);

-- Requests by their key, and acts on many orders.

CREATE TABLE requests (
	merchant_id BIGINT NOT NULL,
	key         TEXT NOT NULL,
	hash        BYTEA NOT NULL,
	answer      BYTEA, -- NULL: in progress
	made_at     BIGINT NOT NULL,
	PRIMARY KEY (merchant_id, key)
);
CREATE INDEX requests_made ON requests (made_at);

CREATE TABLE batches (
	merchant_id BIGINT NOT NULL,
	id          BIGINT NOT NULL,
	kind        TEXT NOT NULL,
	args        BYTEA,
	made_by     TEXT NOT NULL,
	made_at     BIGINT NOT NULL,
	total       BIGINT NOT NULL,
	PRIMARY KEY (merchant_id, id)
);

CREATE TABLE batch_items (
	merchant_id BIGINT NOT NULL,
	batch_id    BIGINT NOT NULL,
	order_id    BIGINT NOT NULL,
	n           BIGINT NOT NULL, -- its place in the request
	state       TEXT NOT NULL,
	effect_id   BIGINT NOT NULL,
	code        TEXT NOT NULL,
	words       TEXT NOT NULL,
	PRIMARY KEY (merchant_id, batch_id, order_id)
);
CREATE INDEX batch_items_effect ON batch_items (merchant_id, effect_id) WHERE effect_id <> 0;
