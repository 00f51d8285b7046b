package db_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/db/dbtest"
)

// Compiling a statement takes longer than any of ours runs, and the writer's plans are
// dear enough on paper to be compiled every time.
func TestPostgresCompilesNoStatement(t *testing.T) {
	d := dbtest.Open(t, db.Options{URL: dbtest.Postgres(t)})
	if err := d.Exec(`SELECT 1 / CASE current_setting('jit') WHEN 'off' THEN 1 ELSE 0 END`); err != nil {
		t.Errorf("the writer's statements may be compiled: %v", err)
	}
}

// A look-up for which there is no index reads a whole table, each time: of the journal that
// is all that ever came.
func TestPostgresHasAnIndexForEachLookup(t *testing.T) {
	plans, err := dbtest.Open(t, db.Options{URL: dbtest.Postgres(t)}).Plans(t.Context())
	if err != nil || len(plans) < 20 {
		t.Fatalf("%d plans (%v)", len(plans), err)
	}
	for name, plan := range plans {
		if strings.Contains(plan, "Seq Scan") {
			t.Errorf("%s reads all rows:\n%s", name, plan)
		}
	}
}

// The planner must know soon that tables are empty no longer, and a table that is known
// to be large is not read again by each node that starts.
func TestPostgresKnowsTablesThatHaveGrown(t *testing.T) {
	url := dbtest.Postgres(t)
	c, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(t.Context())
	rows := func(table string) (n float64) {
		if err := c.QueryRow(t.Context(), `SELECT reltuples FROM pg_class WHERE oid = to_regclass($1)`, table).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	write := func() {
		t.Helper()
		d, err := db.Open(t.Context(), db.Options{URL: url, Key: dbtest.Key})
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		m := brand(t, d)
		for i := range 210 {
			if _, _, err := d.BeginRequest(t.Context(), m, fmt.Sprint(i), []byte("request"), time.Minute); err != nil {
				t.Fatal(err)
			}
		}
		waitFor(t, "statistics of the last table", func() bool { return rows("counts") >= 0 })
	}
	write()
	if n := rows("journal"); n != 0 {
		t.Fatalf("an empty table is known with %v rows, want 0", n)
	}
	if _, err := c.Exec(t.Context(), `UPDATE pg_class SET reltuples = CASE relname WHEN 'journal' THEN 12345 ELSE -1 END WHERE relname IN ('journal', 'counts')`); err != nil {
		t.Fatal(err)
	}
	write()
	if n := rows("journal"); n != 12345 {
		t.Errorf("a large table was read again: %v rows", n)
	}
}

// A page of a list is not planned anew each time it is read; whoever reads much is.
func TestPostgresPlansAPageOnce(t *testing.T) {
	d := dbtest.Open(t, db.Options{URL: dbtest.Postgres(t)})
	for name, want := range map[string][2]string{"plan_cache_mode": {"force_generic_plan", "auto"}, "enable_seqscan": {"off", "on"}, "enable_hashjoin": {"off", "on"}} {
		pages, moment, err := d.Settings(name)
		if got := [2]string{pages, moment}; err != nil || got != want {
			t.Errorf("%s is %v for pages and for a reader of one moment, want %v (%v)", name, got, want, err)
		}
	}
}
