package db

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"reflect"
	"slices"
	"sync"
	"time"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
)

// A Directory is what every message needs and what seldom changes: merchants, apps,
// accounts, shops and stores, kept in memory. It is never changed, but replaced. How
// accounts are doing is not in it.
type Directory struct {
	Version int64 // goes up when something in it changes; means nothing beyond this process

	merchants map[ident.Merchant]MerchantRow
	apps      map[ident.App]AppRow
	accounts  map[ident.Account]AccountRow
	stores    map[ident.Store]StoreRow
	shops     map[ident.Shop]ShopRow
	external  map[shopKey]ident.Shop
	alike     map[string][]ident.App  // applications that are one at their platform, oldest first
	sells     map[ident.Merchant]bool // who has offers
	printers  map[ident.Merchant][]PrinterRow
	rules     map[ident.Merchant][]RuleRow
}

type shopKey struct {
	m               ident.Merchant
	realm, external string
}

const reloadEvery = 3 * time.Second

// Directory gives the directory as it is now: for readers of many rows.
func (d *DB) Directory(context.Context) (*Directory, error) { return d.dir.Load(), nil }

// App finds an application.
func (dir *Directory) App(id ident.App) (AppRow, bool) {
	a, ok := dir.apps[id]
	return a, ok
}

// Account finds an account.
func (dir *Directory) Account(id ident.Account) (AccountRow, bool) {
	a, ok := dir.accounts[id]
	return a, ok
}

// Store finds a store.
func (dir *Directory) Store(id ident.Store) (StoreRow, bool) {
	s, ok := dir.stores[id]
	return s, ok
}

// Shop finds a shop.
func (dir *Directory) Shop(id ident.Shop) (ShopRow, bool) {
	s, ok := dir.shops[id]
	return s, ok
}

// Merchant finds a merchant.
func (dir *Directory) Merchant(id ident.Merchant) (MerchantRow, bool) {
	m, ok := dir.merchants[id]
	return m, ok
}

func (dir *Directory) shop(m ident.Merchant, account ident.Account, realm, external string) (ShopRow, bool) {
	s, ok := dir.shops[dir.external[shopKey{m, realm, external}]]
	if !ok || (account != 0 && s.Account != account) {
		return ShopRow{}, false
	}
	return s, true
}

// loadDirectory reads the directory anew.
func (d *DB) loadDirectory(ctx context.Context) error {
	const op = "db.loadDirectory"
	d.dirLoad.Lock()
	defer d.dirLoad.Unlock()
	mark := d.health.now()
	dir := &Directory{merchants: map[ident.Merchant]MerchantRow{}, apps: map[ident.App]AppRow{}, accounts: map[ident.Account]AccountRow{},
		stores: map[ident.Store]StoreRow{}, shops: map[ident.Shop]ShopRow{}, external: map[shopKey]ident.Shop{}, alike: map[string][]ident.App{}, sells: map[ident.Merchant]bool{}, printers: map[ident.Merchant][]PrinterRow{},
		rules: map[ident.Merchant][]RuleRow{}}
	doing := map[laneKey]AccountRow{}
	for _, part := range []struct {
		text string
		each func(scanFunc) error
	}{
		{`SELECT id, name, locale, sealed_key, made_at FROM merchants`, func(scan scanFunc) error {
			var m MerchantRow
			var sealed []byte
			if err := scan(&m.ID, &m.Name, &m.Locale, &sealed, &m.Made); err != nil {
				return err
			}
			dir.merchants[m.ID] = m
			if _, err := d.keys.merchant(m.ID); err == nil {
				return nil
			}
			return d.keys.add(m.ID, sealed)
		}},
		{`SELECT ` + storeColumns + ` FROM stores`, func(scan scanFunc) error {
			s, err := scanStore(scan)
			dir.stores[s.ID] = s
			return err
		}},
		{`SELECT ` + appColumns + ` FROM apps ORDER BY id`, func(scan scanFunc) error {
			a, err := d.scanApp(scan)
			dir.apps[a.ID] = a
			if k := alikeKey(a); err == nil && k != "" {
				dir.alike[k] = append(dir.alike[k], a.ID)
			}
			return err
		}},
		{`SELECT ` + accountColumns + ` FROM ` + accountTables, func(scan scanFunc) error {
			a, err := d.scanAccount(scan)
			doing[laneKey{a.Merchant, a.ID}] = a
			dir.accounts[a.ID] = a.still()
			return err
		}},
		{`SELECT id FROM merchants AS m WHERE EXISTS (SELECT 1 FROM offers AS o WHERE o.merchant_id = m.id)`, func(scan scanFunc) error {
			var m ident.Merchant
			err := scan(&m)
			dir.sells[m] = true
			return err
		}},
		{`SELECT ` + printerColumns + ` FROM printers ORDER BY merchant_id, id`, func(scan scanFunc) error {
			p, err := d.scanPrinter(scan)
			dir.printers[p.Merchant] = append(dir.printers[p.Merchant], p)
			return err
		}},
		{`SELECT ` + ruleColumns + ` FROM rules ORDER BY merchant_id, store_id, kind`, func(scan scanFunc) error {
			r, err := scanRule(scan)
			r.Doc = slices.Clone(r.Doc)
			dir.rules[r.Merchant] = append(dir.rules[r.Merchant], r)
			return err
		}},
		{`SELECT ` + shopColumns + ` FROM shops`, func(scan scanFunc) error {
			s, err := scanShop(scan)
			dir.shops[s.ID] = s
			dir.external[shopKey{s.Merchant, s.Realm, s.External}] = s.ID
			return err
		}},
	} {
		if err := d.query(ctx, part.text, nil, part.each); err != nil {
			return fault.Wrap(op, err)
		}
	}
	d.health.load(doing, mark)
	if old := d.dir.Load(); old != nil {
		if dir.Version = old.Version; reflect.DeepEqual(old, dir) {
			return nil
		}
		dir.Version++
	}
	d.dir.Store(dir)
	return nil
}

// still is an account without how it is doing.
func (a AccountRow) still() AccountRow {
	return AccountRow{Merchant: a.Merchant, ID: a.ID, App: a.App, Channel: a.Channel, Realm: a.Realm, Name: a.Name, External: a.External, Credentials: a.Credentials, Paused: a.Paused, BigChain: a.BigChain}
}

// changedDirectory runs a change of the directory, tells of it in the feed, and makes
// it known in this process before it returns; other processes see it within seconds.
func (d *DB) changedDirectory(ctx context.Context, op string, m ident.Merchant, id string, f func(context.Context, conn) error) error {
	return d.changedDirectoryAs(ctx, op, People, m, id, f)
}

// changedDirectoryAs is changedDirectory in the queue of a class.
func (d *DB) changedDirectoryAs(ctx context.Context, op string, class Class, m ident.Merchant, id string, f func(context.Context, conn) error) error {
	var r Receipt
	err := d.writeAs(ctx, op, class, func(ctx context.Context, c conn) error {
		if err := f(ctx, c); err != nil {
			return err
		}
		var err error
		r, err = d.addChange(ctx, c, m, KindDirectory, id)
		return err
	})
	if err != nil {
		return err
	}
	err = d.loadDirectory(context.WithoutCancel(ctx))
	d.bell.ring(m, r)
	return err
}

// addChange writes one line into the feed: the last thing that a transaction does.
func (d *DB) addChange(ctx context.Context, c conn, m ident.Merchant, kind, id string) (Receipt, error) {
	return d.addChangeAt(ctx, c, m, kind, id, 0)
}

// addChangeAt is addChange for what belongs to a store; 0 = to no one store.
func (d *DB) addChangeAt(ctx context.Context, c conn, m ident.Merchant, kind, id string, store ident.Store) (Receipt, error) {
	var r Receipt
	found, err := one(ctx, c, nextSeq+thatSeq, []any{int64(1), int64(m)}, &r.Epoch, &r.Seq)
	if err != nil {
		return r, err
	}
	if !found {
		return r, fault.Say("db.addChange", fault.NotFound, "merchant_removed", "the merchant has been removed")
	}
	return r, c.run(ctx, addChanges.stmts([]any{int64(m), r.Seq, kind, id, int64(store), d.now().UnixMilli()})...)
}

// Reload reads the directory again: another node may have changed it. Without Options.Turn
// the database does so by itself.
func (d *DB) Reload(ctx context.Context) error { return d.loadDirectory(ctx) }

// watch reloads the directory now and then: another node may have changed it.
func (d *DB) watch() {
	tick := time.NewTicker(reloadEvery)
	defer tick.Stop()
	for {
		select {
		case <-d.closing.Done():
			return
		case <-tick.C:
		}
		if err := d.loadDirectory(d.closing); err != nil && d.closing.Err() == nil {
			d.log.Warn("the directory could not be read again", "error", err)
		}
	}
}

// health is how accounts are doing, in memory: so that a push need not write it.
type health struct {
	mu   sync.Mutex
	at   map[laneKey]healthState
	tick int64
}

type healthState struct {
	row     AccountRow
	written int64 // UTC ms, of the last write of the row
	tick    int64 // of the last change here
}

func newHealth() *health { return &health{at: map[laneKey]healthState{}} }

func (h *health) now() int64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.tick
}

// load takes over what was read, but for accounts that changed here since.
func (h *health) load(rows map[laneKey]AccountRow, since int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for k, r := range rows {
		old := h.at[k]
		if old.tick > since && old.row.ID != 0 {
			continue
		}
		r.LastPush, r.LastPull = max(r.LastPush, old.row.LastPush), max(r.LastPull, old.row.LastPull)
		h.at[k] = healthState{row: r, written: old.written, tick: old.tick}
	}
}

// row is how an account is doing.
func (h *health) row(k laneKey) AccountRow {
	h.mu.Lock()
	defer h.mu.Unlock()
	if s, ok := h.at[k]; ok {
		return s.row
	}
	return AccountRow{Merchant: k.m, ID: k.account}
}

// over is an account as the directory has it, with how it is doing now.
func (h *health) over(a AccountRow) AccountRow {
	r := h.row(laneKey{a.Merchant, a.ID})
	return a.doing(&r)
}

// doing is an account with how another row of it says that it is doing.
func (a AccountRow) doing(r *AccountRow) AccountRow {
	a.AlarmAt, a.AlarmWhy, a.LastPush, a.LastPull, a.LastError = r.AlarmAt, r.AlarmWhy, r.LastPush, r.LastPull, r.LastError
	a.ErrorCode, a.ErrorWhy, a.Cursor = r.ErrorCode, r.ErrorWhy, r.Cursor
	return a
}

// newer is a stored account with the pushes and pulls that were not worth a write yet.
func (h *health) newer(r AccountRow) AccountRow {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := h.at[laneKey{r.Merchant, r.ID}]
	r.LastPush, r.LastPull = max(r.LastPush, s.row.LastPush), max(r.LastPull, s.row.LastPull)
	return r
}

const setHealth = `INSERT INTO account_health (merchant_id, account_id, alarm_at, alarm_why, last_push, last_pull, last_error, error_code, error_words, cursor_doc, error_why)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $14)
	ON CONFLICT (merchant_id, account_id) DO UPDATE SET
	alarm_at = CASE WHEN CAST($11 AS BIGINT) = 1 THEN excluded.alarm_at ELSE account_health.alarm_at END,
	alarm_why = CASE WHEN CAST($11 AS BIGINT) = 1 THEN excluded.alarm_why ELSE account_health.alarm_why END,
	last_push = CASE WHEN excluded.last_push > account_health.last_push THEN excluded.last_push ELSE account_health.last_push END,
	last_pull = CASE WHEN excluded.last_pull > account_health.last_pull THEN excluded.last_pull ELSE account_health.last_pull END,
	last_error = CASE WHEN CAST($12 AS BIGINT) = 1 THEN excluded.last_error ELSE account_health.last_error END,
	error_code = CASE WHEN CAST($12 AS BIGINT) = 1 THEN excluded.error_code ELSE account_health.error_code END,
	error_words = CASE WHEN CAST($12 AS BIGINT) = 1 THEN excluded.error_words ELSE account_health.error_words END,
	error_why = CASE WHEN CAST($12 AS BIGINT) = 1 THEN excluded.error_why ELSE account_health.error_why END,
	cursor_doc = CASE WHEN CAST($13 AS BIGINT) = 1 THEN excluded.cursor_doc ELSE account_health.cursor_doc END`

// saveHealth writes the touches that have to be written.
func (b *batch) saveHealth() ([]*stmt, error) {
	now := b.now.UnixMilli()
	var list []*stmt
	for _, k := range sortedKeys(b.made.touched, compareLanes) {
		r, was := b.made.touched[k].row, b.made.touched[k].was
		alarm := flag(r.AlarmAt != was.AlarmAt || r.AlarmWhy != was.AlarmWhy)
		failed := flag(r.LastError != was.LastError || r.ErrorCode != was.ErrorCode || r.ErrorWhy.Text != was.ErrorWhy.Text)
		cursor := flag(string(r.Cursor) != string(was.Cursor))
		write := alarm+failed+cursor > 0 || b.d.health.due(k, now)
		put(&b.mark, k, healthState{row: r, written: now * flag(write)})
		if write {
			list = append(list, &stmt{text: setHealth, args: []any{int64(k.m), int64(k.account), r.AlarmAt, clean(r.AlarmWhy, 300), r.LastPush, r.LastPull,
				r.LastError, clean(r.ErrorCode, 100), clean(r.ErrorWhy.Text, 300), nilIfEmpty(r.Cursor), alarm, failed, cursor, reasonDoc(r.ErrorWhy)}})
		}
	}
	return list, nil
}

// due reports whether a push or pull is worth a write again.
func (h *health) due(k laneKey, now int64) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return now-h.at[k].written >= 1000
}

func flag(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// commit takes over what a batch touched, once it is committed.
func (h *health) commit(b *batch) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for k, s := range b.mark {
		h.tick++
		old := h.at[k]
		s.tick, s.written = h.tick, max(s.written, old.written)
		s.row.LastPush, s.row.LastPull = max(s.row.LastPush, old.row.LastPush), max(s.row.LastPull, old.row.LastPull)
		h.at[k] = s
	}
}

// The directory from outside: from memory, own changes at once, those of other nodes
// within seconds.

// AppByID finds an application of any merchant, for callbacks.
func (d *DB) AppByID(id ident.App) (AppRow, bool) { return d.dir.Load().App(id) }

// AppsAlike lists the other applications, of whatever merchant, that are the same one at their platform: of its channel
// and address, with all of its credentials. Oldest first.
func (d *DB) AppsAlike(id ident.App) []AppRow {
	dir := d.dir.Load()
	a, ok := dir.apps[id]
	if !ok {
		return nil
	}
	var out []AppRow
	for _, other := range dir.alike[alikeKey(a)] {
		if other != id {
			out = append(out, dir.apps[other])
		}
	}
	return out
}

// alikeKey is the same for applications that are one at their platform; "" for one without credentials. It is a hash,
// so that a secret stands in no more places than it has to.
func alikeKey(a AppRow) string {
	if len(a.Credentials) == 0 {
		return ""
	}
	text, err := json.Marshal([]any{a.Channel, a.BaseURL, a.Credentials}) // of a map the names are sorted
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(text)
	return string(sum[:])
}

// AccountsOf lists the accounts of an application, oldest first, with how they are doing.
func (d *DB) AccountsOf(app ident.App) []AccountRow {
	return d.accountsWhere(func(a AccountRow) bool { return a.App == app })
}

// AllAccounts lists the accounts of all merchants, oldest first, with how they are doing.
func (d *DB) AllAccounts() []AccountRow {
	return d.accountsWhere(func(AccountRow) bool { return true })
}

func (d *DB) accountsWhere(want func(AccountRow) bool) []AccountRow {
	var out []AccountRow
	for _, a := range d.dir.Load().accounts {
		if want(a) {
			out = append(out, d.health.over(a))
		}
	}
	slices.SortFunc(out, func(a, b AccountRow) int { return cmp.Compare(a.ID, b.ID) })
	return out
}

// AccountByID finds an account, with how it is doing.
func (d *DB) AccountByID(m ident.Merchant, id ident.Account) (AccountRow, bool) {
	a, ok := d.dir.Load().Account(id)
	if !ok || a.Merchant != m {
		return AccountRow{}, false
	}
	return d.health.over(a), true
}

// ShopsOf lists the shops of an account, oldest first.
func (d *DB) ShopsOf(m ident.Merchant, account ident.Account) []ShopRow {
	var out []ShopRow
	for _, s := range d.dir.Load().shops {
		if s.Merchant == m && s.Account == account {
			out = append(out, s)
		}
	}
	slices.SortFunc(out, func(a, b ShopRow) int { return cmp.Compare(a.ID, b.ID) })
	return out
}

// ShopsIn lists the shops of a scope, in no order, without asking the database.
func (d *DB) ShopsIn(sc Scope) []ShopRow {
	var out []ShopRow
	for _, s := range d.dir.Load().shops {
		if s.Merchant == sc.Merchant && sc.sees(s.Store) {
			out = append(out, s)
		}
	}
	return out
}

// ShopByID finds a shop.
func (d *DB) ShopByID(m ident.Merchant, id ident.Shop) (ShopRow, bool) {
	s, ok := d.dir.Load().Shop(id)
	return s, ok && s.Merchant == m
}

// ShopByExternal finds a shop by the platform's id of it.
func (d *DB) ShopByExternal(m ident.Merchant, realm, external string) (ShopRow, bool) {
	return d.dir.Load().shop(m, 0, realm, external)
}

// StoreByID finds a store.
func (d *DB) StoreByID(m ident.Merchant, id ident.Store) (StoreRow, bool) {
	s, ok := d.dir.Load().Store(id)
	return s, ok && s.Merchant == m
}

// MerchantByID finds a merchant.
func (d *DB) MerchantByID(m ident.Merchant) (MerchantRow, bool) { return d.dir.Load().Merchant(m) }

func credentialsUse(kind string, id string) string { return kind + " credentials " + id }

func (d *DB) sealCredentials(c map[string]string, use string) ([]byte, error) {
	b, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	return d.keys.sealMaster(b, use)
}

func (d *DB) openCredentials(b []byte, use string) (map[string]string, error) {
	plain, err := d.keys.openMaster(b, use)
	if err != nil {
		return nil, err
	}
	var c map[string]string
	if err := json.Unmarshal(plain, &c); err != nil {
		return nil, &fault.Error{Op: "db.openCredentials", Code: fault.Internal, Err: err}
	}
	return c, nil
}
