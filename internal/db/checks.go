package db

import (
	"context"
	"time"

	"github.com/tongdan/tongdan/fault"
)

// A CheckRow is how a check that runs by itself went the last time.
type CheckRow struct {
	Name  string
	At    time.Time
	OK    bool
	Good  time.Time    // when it last went well; zero = never
	About time.Time    // the moment of what was checked: when a backup was made; zero = there was nothing
	Why   fault.Reason // what to do when it did not go well
}

// CheckBackups is the check that restores the newest backup and verifies it.
const CheckBackups = "backups"

// PutCheck notes how a check went.
func (d *DB) PutCheck(ctx context.Context, c CheckRow) error {
	at, good := c.At.UnixMilli(), int64(0)
	if c.OK {
		good = at
	}
	about := int64(0)
	if !c.About.IsZero() {
		about = c.About.UnixMilli()
	}
	return d.write(ctx, "db.PutCheck", func(ctx context.Context, cn conn) error {
		return exec(ctx, cn, `INSERT INTO checks (name, at, ok, good_at, about_at, words, why) VALUES ($1, $2, $3, $4, $5, $6, $7)
			ON CONFLICT (name) DO UPDATE SET at = excluded.at, ok = excluded.ok, about_at = excluded.about_at, words = excluded.words, why = excluded.why,
			good_at = CASE WHEN excluded.ok = 1 THEN excluded.good_at ELSE checks.good_at END`,
			c.Name, at, flag(c.OK), good, about, clean(c.Why.Text, 1000), reasonDoc(c.Why))
	})
}

// Checks gives the last outcome of each check that has run.
func (d *DB) Checks(ctx context.Context) ([]CheckRow, error) {
	const op = "db.Checks"
	var names []string
	err := d.query(ctx, `SELECT name FROM checks ORDER BY name`, nil, func(scan scanFunc) error {
		var n string
		err := scan(&n)
		names = append(names, n)
		return err
	})
	var out []CheckRow
	for _, n := range names {
		if err != nil {
			break
		}
		var c CheckRow
		c, err = d.Check(ctx, n)
		out = append(out, c)
	}
	return out, fault.Wrap(op, err)
}

// Check gives the last outcome of a check; fault.NotFound when it has never run.
func (d *DB) Check(ctx context.Context, name string) (CheckRow, error) {
	const op = "db.Check"
	c := CheckRow{Name: name}
	var at, ok, good, about int64
	var words, why string
	found, err := d.one(ctx, `SELECT at, ok, good_at, about_at, words, why FROM checks WHERE name = $1`, []any{name}, &at, &ok, &good, &about, &words, &why)
	if err == nil && !found {
		err = fault.New(op, fault.NotFound, "this check has never run")
	}
	c.Why = readReason(words, why)
	c.At, c.OK = time.UnixMilli(at), ok == 1
	if good > 0 {
		c.Good = time.UnixMilli(good)
	}
	if about > 0 {
		c.About = time.UnixMilli(about)
	}
	return c, fault.Wrap(op, err)
}
