package main

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"path/filepath"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"

	"github.com/tongdan/tongdan/internal/proof"
)

const (
	baseOrders = 100_000 // that are filled through the hub; their numbers end in five digits
	mostCopies = 100     // and two more digits say which copy it is
	fillDays   = 400     // over which the orders of a filled database are spread
	idBits     = 22      // of an id below its milliseconds (package ident)
)

// multiply makes n orders of the baseOrders of a stopped node's database, by INSERT … SELECT.
// The base holds the oldest part of the days; each copy is that part moved on: its
// times, its ids (which begin with a time), its numbers and its feed numbers are the base's and a constant.
// So everything is written in the order in which it lies, and is spread as time would
// have spread it. Lists, counts and searches find what they look at: orders, postings, counts, the
// ends of the feed. A copy's summary is that of its base, byte for byte, and is of the same
// length. There are no changes, no followed rows, no records and no journal of copies: such a
// database is for measuring reads, and verify finds it wanting.
func multiply(p proof.Plan, made proof.Made, n int) error {
	ctx := context.Background()
	driver, name := "pgx", p.URL
	if p.URL == "" {
		q := url.Values{}
		// Nothing is written twice: a database that this breaks off in is thrown away.
		for _, pragma := range []string{"journal_mode(DELETE)", "journal_mode(OFF)", "synchronous(OFF)", "locking_mode(EXCLUSIVE)", "cache_size(-800000)", "temp_store(MEMORY)"} {
			q.Add("_pragma", pragma)
		}
		driver, name = "sqlite", "file:"+filepath.Join(p.Dir, "tongdan.db")+"?"+q.Encode()
	}
	pool, err := sql.Open(driver, name)
	if err != nil {
		return err
	}
	defer pool.Close()
	c, err := pool.Conn(ctx) // temporary tables belong to a connection
	if err != nil {
		return err
	}
	defer c.Close()
	m := copying{c: c, ctx: ctx, merchant: int64(made.Merchant), copies: n / baseOrders, statistics: p.URL != ""}
	m.span = (fillDays * 24 * time.Hour).Milliseconds() / int64(m.copies)
	began := time.Now()
	for _, step := range []struct {
		name string
		f    func()
	}{{"base", m.base}, {"orders", m.orders}, {"search", m.postings}, {"ends", m.ends}} {
		if step.f(); m.err != nil {
			return fmt.Errorf("copying the %s: %w", step.name, m.err)
		}
		fmt.Printf("copied: %s, after %v\n", step.name, time.Since(began).Round(time.Second))
	}
	return nil
}

// copying is a multiplication on its way.
type copying struct {
	c        *sql.Conn
	ctx      context.Context
	merchant int64
	copies   int
	span     int64 // ms between a copy and the next
	feed     int64 // numbers of the feed that the base took
	err      error

	statistics bool // the engine's planner wants to know what is there
}

func (m *copying) exec(text string, args ...any) {
	if m.err == nil {
		_, m.err = m.c.ExecContext(m.ctx, text, args...)
	}
}

// orderColumns are the columns of orders that a copy takes as they are.
const orderColumns = `realm, channel, account_id, shop_id, store_id, status, flags, kind, logistics, due_at, sweep_at, sealed_key, summary, wants, search, lost_at`

// base puts aside what is copied.
func (m *copying) base() {
	m.exec(`CREATE TEMPORARY TABLE base_orders AS SELECT id, external_id, sort_at, read_at, changed_at, seq, ` + orderColumns + ` FROM orders
		WHERE merchant_id = ` + number(m.merchant) + ` AND external_id >= '` + firstNumber(0) + `' AND external_id < '` + firstNumber(baseOrders) + `'`)
	m.exec(`CREATE INDEX base_orders_time ON base_orders (sort_at, id)`)
	m.exec(`CREATE TEMPORARY TABLE base_postings AS SELECT key, sort_at, order_id FROM postings
		WHERE merchant_id = ` + number(m.merchant) + ` AND order_id IN (SELECT id FROM base_orders)`)
	m.exec(`CREATE INDEX base_postings_key ON base_postings (key, sort_at, order_id)`)
	m.exec(`CREATE TEMPORARY TABLE copies (k BIGINT PRIMARY KEY, digits TEXT NOT NULL)`)
	for k := 1; k < m.copies; k++ {
		m.exec(`INSERT INTO copies (k, digits) VALUES ($1, $2)`, k, fmt.Sprintf("%d%d", k%10, k/10)) // backwards
	}
	var there int
	if m.err == nil {
		m.err = m.c.QueryRowContext(m.ctx, `SELECT COUNT(*), MAX(seq) FROM base_orders`).Scan(&there, &m.feed)
	}
	if m.err == nil && there != baseOrders {
		m.err = fmt.Errorf("there are %d orders to copy, not %d", there, baseOrders)
	}
	if m.statistics {
		m.exec(`ANALYZE base_orders, base_postings, copies`)
	}
}

func firstNumber(i int) string { return fmt.Sprint(proof.FillFrom + i) }

func number(n int64) string { return fmt.Sprint(n) }

// orders writes the copies, the oldest first.
func (m *copying) orders() {
	for k := int64(1); k < int64(m.copies); k++ {
		later := number(k * m.span)
		m.exec(`INSERT INTO orders (merchant_id, id, external_id, sort_at, read_at, changed_at, seq, ` + orderColumns + `)
			SELECT ` + number(m.merchant) + `, id + ` + number(k*m.span<<idBits) + `, CAST(CAST(external_id AS BIGINT) + ` + number(k*baseOrders) + ` AS TEXT), sort_at + ` + later + `,
			CASE WHEN read_at > 0 THEN read_at + ` + later + ` ELSE 0 END, changed_at + ` + later + `, seq + ` + number(k*m.feed) + `, ` + orderColumns + `
			FROM base_orders ORDER BY sort_at, id`)
	}
}

// postings writes what searches walk along, key by key.
func (m *copying) postings() {
	const into = `INSERT INTO postings (merchant_id, key, sort_at, order_id) SELECT `
	moved := `b.sort_at + c.k * ` + number(m.span) + `, b.order_id + c.k * ` + number(m.span<<idBits)
	for _, key := range m.keys() {
		m.exec(into+number(m.merchant)+`, b.key, `+moved+` FROM copies AS c CROSS JOIN base_postings AS b WHERE b.key = $1 ORDER BY c.k, b.sort_at, b.order_id`, key)
	}
	// The number of an order is its own: its digits before the last five tell the copy.
	for k := int64(1); k < int64(m.copies); k++ {
		m.exec(into + number(m.merchant) + `, 'n' || CAST(CAST(substr(b.key, 2) AS BIGINT) + ` + number(k*baseOrders) + ` AS TEXT), ` + moved + `
			FROM copies AS c CROSS JOIN base_postings AS b WHERE c.k = ` + number(k) + ` AND b.key >= 'n' AND b.key < 'o' ORDER BY b.key`)
	}
	// And backwards these two come after the five.
	m.exec(into + number(m.merchant) + `, substr(b.key, 1, 6) || c.digits || substr(b.key, 9), ` + moved + `
		FROM base_postings AS b CROSS JOIN copies AS c WHERE b.key >= 'r' AND b.key < 's' ORDER BY b.key, c.digits`)
}

// keys are the keys that many orders have.
func (m *copying) keys() (list []string) {
	if m.err != nil {
		return nil
	}
	rows, err := m.c.QueryContext(m.ctx, `SELECT DISTINCT key FROM base_postings WHERE substr(key, 1, 1) <> 'n' AND substr(key, 1, 1) <> 'r' ORDER BY key`)
	if m.err = err; err != nil {
		return nil
	}
	defer rows.Close()
	for rows.Next() {
		var key string
		if m.err = rows.Scan(&key); m.err != nil {
			return nil
		}
		list = append(list, key)
	}
	m.err = rows.Err()
	return list
}

// ends writes the counts, and where feed and follower are.
func (m *copying) ends() {
	m.exec(`UPDATE counts SET n = n + ` + number(int64(m.copies-1)) + ` * (SELECT COUNT(*) FROM base_orders AS b WHERE b.store_id = counts.store_id AND b.shop_id = counts.shop_id
		AND b.channel = counts.channel AND b.status = counts.status AND b.flags = counts.flags) WHERE merchant_id = ` + number(m.merchant))
	for _, t := range []string{"feeds", "followers"} {
		m.exec(`UPDATE ` + t + ` SET seq = seq + ` + number(int64(m.copies-1)*m.feed) + ` WHERE merchant_id = ` + number(m.merchant))
	}
	if m.statistics {
		m.exec(`ANALYZE orders, postings, counts`)
	}
}
