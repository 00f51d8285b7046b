package db_test

import (
	"context"
	"testing"
	"time"

	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/db/dbtest"
)

// TestADatabaseInMemoryTakesTurnsAndOutlivesItsHub opens one without goroutines of its
// own: a verb is carried out in the turn that its caller takes, ids and the clock of
// leases are those that were given, and what was committed is there for the next one.
func TestADatabaseInMemoryTakesTurnsAndOutlivesItsHub(t *testing.T) {
	mem, err := db.NewMemory()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { mem.Close() })
	now := time.Date(2026, 3, 1, 3, 0, 0, 0, time.UTC)
	turns, last := 0, int64(1000)
	o := db.Options{Memory: mem, Now: func() time.Time { return now }, ID: func(time.Time) int64 { last++; return last },
		Turn: func(d *db.DB) { turns++; d.Write() }}
	d := dbtest.Open(t, o)
	m := brand(t, d)
	began := turns
	id := place(t, d, m, "1", nil)
	if turns != began+1 {
		t.Errorf("a verb took %d turns, want 1", turns-began)
	}
	if int64(id) != last {
		t.Errorf("the order's id is %d, the last one drawn %d", id, last)
	}
	a := account(t, d, m)
	lease, err := d.Lease(t.Context(), "first", 10*time.Second, 0)
	if err != nil || len(lease) == 0 {
		t.Fatalf("leased %v (%v)", lease, err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}

	d = dbtest.Open(t, o)
	if _, err := orderOf(d, m, "1"); err != nil {
		t.Errorf("what was committed is not there after another opening: %v", err)
	}
	if got, _ := d.Lease(t.Context(), "second", 10*time.Second, 0); len(got) != 0 {
		t.Errorf("a second owner got %v while the first one's leases last", got)
	}
	now = now.Add(11 * time.Second)
	if got, _ := d.Lease(t.Context(), "second", 10*time.Second, 0); len(got) == 0 {
		t.Errorf("the lane of %s was not to be had after the lease had ended", a.ID)
	}

	copied, err := mem.Copy()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { copied.Close() })
	o.Memory = copied
	c := dbtest.Open(t, o)
	if _, err := orderOf(c, m, "1"); err != nil {
		t.Errorf("the copy lacks an order: %v", err)
	}
	if armed, err := c.Armed(context.Background()); err != nil || armed {
		t.Errorf("a copy is armed: %v %v", armed, err)
	}
}
