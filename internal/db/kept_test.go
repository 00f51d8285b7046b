package db_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/db/dbtest"
	"github.com/tongdan/tongdan/order"
)

// account makes an app with an account and a shop.
func account(t testing.TB, d *db.DB, m ident.Merchant) db.AccountRow {
	t.Helper()
	ctx := context.Background()
	app, err := d.PutApp(ctx, db.AppRow{Merchant: m, Channel: "meituan", Name: "app", Credentials: map[string]string{"secret": "hush"}})
	if err != nil {
		t.Fatal(err)
	}
	a, err := d.PutAccount(ctx, db.AccountRow{Merchant: m, App: app.ID, Channel: "meituan", Realm: realm, Name: "one", Credentials: map[string]string{"token": "hush hush"}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.PutShop(ctx, db.ShopRow{Merchant: m, Account: a.ID, External: "poi-1", Name: "望京店", Mode: "watch"}); err != nil {
		t.Fatal(err)
	}
	return a
}

func TestALaneHasOneOwnerUntilItsLeaseRunsOut(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		m := brand(t, d)
		a := account(t, d, m)
		const ttl = time.Minute
		mine, err := d.Lease(t.Context(), "one", ttl, 0)
		if err != nil || len(mine) != 2 {
			t.Fatalf("leases: %v (%v), want the merchant's lane and the account's", mine, err)
		}
		if other, err := d.Lease(t.Context(), "two", ttl, 0); err != nil || len(other) != 0 {
			t.Errorf("a second owner got %v (%v) while the first holds all", other, err)
		}
		again, err := d.Lease(t.Context(), "one", ttl, 0)
		if err != nil || len(again) != 2 || again[0].Epoch != mine[0].Epoch {
			t.Errorf("renewed: %v (%v), want the same epoch", again, err)
		}
		if left := again[0].Left(time.Now()); left <= 0 || left >= ttl {
			t.Errorf("the holder may go on for %v, want less than %v: it must end before the database says so", left, ttl)
		}
		if _, err := d.Lease(t.Context(), "one", time.Millisecond, 2); err != nil { // its last renewal
			t.Fatal(err)
		}
		var theirs []db.Lease
		waitFor(t, "the lease to run out", func() bool {
			theirs, err = d.Lease(t.Context(), "two", time.Minute, 0)
			return err == nil && len(theirs) == 2
		})
		old, now := mine[0], theirs[0]
		for _, l := range theirs {
			if l.Lane == old.Lane {
				now = l
			}
		}
		if now.Epoch != old.Epoch+1 {
			t.Errorf("the epoch is %d after %d, want one more", now.Epoch, old.Epoch)
		}
		for _, l := range []db.Lease{old, now} {
			_, err := d.Do(t.Context(), db.Verb{Name: "write", Merchant: m, Lane: l.Lane, Epoch: l.Epoch, Decide: func(t *db.Tx) error { t.Change(db.KindAccount, a.ID.String()); return nil }})
			if l == old && !fault.Is(err, fault.Conflict) {
				t.Errorf("a write under the old epoch: %v, want conflict", err)
			}
			if l == now && err != nil {
				t.Errorf("a write of the owner: %v", err)
			}
		}
		if err := d.Release(t.Context(), "two"); err != nil {
			t.Fatal(err)
		}
		if free, err := d.Lease(t.Context(), "three", ttl, 1); err != nil || len(free) != 1 {
			t.Errorf("after release: %v (%v), want one as asked for", free, err)
		}
	})
}

func TestDueGivesTheOldestOfEachTargetAndTheNearestDeadlineFirst(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		m := brand(t, d)
		a := account(t, d, m)
		now := time.Now().UnixMilli()
		names := map[ident.Effect]string{}
		put := func(name, target string, state effect.State, next, deadline int64, attempt *effect.Attempt) {
			e := effect.Effect{Account: a.ID, Target: target, Key: name, State: state, NextAt: now + next, Deadline: deadline, Attempt: attempt}
			do(t, d, db.Verb{Merchant: m, Decide: func(t *db.Tx) error { e.ID = 0; t.PutEffect(&e); return nil }})
			names[e.ID] = name
			waitFor(t, "the next millisecond, so that ids are in order", func() bool { return time.Now().UnixMilli() > ident.Time(int64(e.ID)).UnixMilli() })
		}
		put("late", "t1", effect.Waiting, -5, 0, nil)
		put("behind late", "t1", effect.Waiting, -9, 1, nil)
		put("urgent", "t2", effect.Unknown, -1, now+50, nil)
		put("more urgent", "t3", effect.Waiting, 0, now+40, nil)
		put("not yet", "t4", effect.Waiting, 7000, 0, nil)
		put("behind one not yet", "t4", effect.Waiting, -5, 0, nil)
		put("being sent", "t5", effect.Sending, -5, 0, &effect.Attempt{N: 1, Epoch: 3, NotAfter: now + 60_000})
		put("behind one being sent", "t5", effect.Waiting, -5, 0, nil)
		put("a person decides", "t6", effect.Person, -5, 0, nil)
		put("beside a person", "t6", effect.Waiting, -3, 0, nil)
		put("done", "t7", effect.Done, -5, 0, nil)
		put("abandoned", "t8", effect.Sending, -5, 0, &effect.Attempt{N: 1, Epoch: 4, NotAfter: now - 31_000})
		lane := db.LaneOf(m, a.ID)
		list, next, err := d.Due(t.Context(), lane, now, 10)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, e := range list {
			got = append(got, names[e.ID])
		}
		if want := fmt.Sprint([]string{"more urgent", "urgent", "late", "beside a person"}); fmt.Sprint(got) != want {
			t.Errorf("due: %v, want %v", got, want)
		}
		if next != now+7000 {
			t.Errorf("the next is due in %d ms, want 7000", next-now)
		}
		left, err := d.Abandoned(t.Context(), lane, 4)
		if err != nil || len(left) != 2 || names[left[0].ID] != "being sent" || names[left[1].ID] != "abandoned" {
			t.Errorf("abandoned under epoch 4: %v (%v), want that of epoch 3 and the one past its time", left, err)
		}
	})
}

// A pull that stands behind the reads that the last one asked for comes so late that it
// asks for all of them again.
func TestABacklogHidesNoTask(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		m := brand(t, d)
		a := account(t, d, m)
		now := time.Now().UnixMilli()
		put := func(kind, target string, next int64) {
			do(t, d, db.Verb{Merchant: m, Decide: func(t *db.Tx) error {
				t.PutEffect(&effect.Effect{Account: a.ID, Kind: kind, Target: target, Key: target, State: effect.Waiting, NextAt: now + next})
				return nil
			}})
		}
		for i := range 30 {
			put("read", fmt.Sprint("read/", i), int64(i-100))
		}
		put("pull", db.TaskTarget("pull", a.ID), -1)
		put("sweep", db.TaskTarget("sweep", a.ID), 5000)
		list, next, err := d.Due(t.Context(), db.LaneOf(m, a.ID), now, 10, "pull", "sweep")
		if err != nil || len(list) != 11 || list[0].Kind != "pull" {
			t.Errorf("%d are due, the first a %s (%v): want the pull and ten reads", len(list), list[0].Kind, err)
		}
		if next != now+5000 {
			t.Errorf("the next is due in %d ms, want 5000", next-now)
		}
		if list, _, err = d.Due(t.Context(), db.LaneOf(m, a.ID), now, 40, "pull", "sweep"); err != nil || len(list) != 31 {
			t.Errorf("%d are due (%v): want each once", len(list), err)
		}
	})
}

// After an outage hundreds of orders are unseen. Their reads come before all others, and hide nothing that is done about
// orders, however near their own deadlines are.
func TestReadsInAHurryComeBeforeOtherReadsAndAfterActs(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		m := brand(t, d)
		a := account(t, d, m)
		now := time.Now().UnixMilli()
		put := func(name, target string, of ident.Order, deadline int64) {
			do(t, d, db.Verb{Merchant: m, Decide: func(t *db.Tx) error {
				t.PutEffect(&effect.Effect{Account: a.ID, Order: of, Kind: name, Target: target, Key: target, State: effect.Waiting, NextAt: now - 10, Deadline: deadline})
				return nil
			}})
		}
		put("pull", db.TaskTarget("pull", a.ID), 0, 0)
		for i := range 20 {
			put("read", db.ReadTarget(order.Ref{Realm: "r", Kind: "order", ID: fmt.Sprint("known", i)}), 0, 0)
		}
		unseen := 0
		more := func(n int) {
			for range n {
				unseen++
				put("unseen", db.ReadTarget(order.Ref{Realm: "r", Kind: "order", ID: fmt.Sprint(unseen)}), 0, now+int64(1000*unseen))
			}
		}
		more(3)
		put("stock", "offer/1", 0, now+1_000_000)
		put("accept", "order/1", 1, now+2_000_000)
		put("acknowledge", "order/2", 2, 0)
		head := []string{"pull", "stock", "accept", "acknowledge", "unseen", "unseen", "unseen"}
		look := func(limit, all int, want []string) {
			t.Helper()
			list, _, err := d.Due(t.Context(), db.LaneOf(m, a.ID), now, limit, "pull")
			if err != nil || len(list) != all {
				t.Fatalf("%d are due (%v), want %d", len(list), err, all)
			}
			var got []string
			last := int64(0)
			for i, e := range list {
				if got = append(got, e.Kind); e.Kind == "unseen" && e.Deadline < last {
					t.Errorf("number %d of %d has a nearer deadline than the one before", i, len(list))
				} else if e.Kind == "unseen" {
					last = e.Deadline
				}
			}
			if !slices.Equal(got[:len(want)], want) {
				t.Errorf("up to %d: %v, want first %v", limit, got, want)
			}
		}
		look(100, 27, head)
		look(10, 16, head)
		more(40)
		look(10, 20, head)
		if n, err := d.Backlog(t.Context(), m, a.ID, now, 100); err != nil || n != 64 {
			t.Errorf("%d wait in the background (%v), want 64: the pull and all reads", n, err)
		}
	})
}

func TestTheVaultKeepsTheNewestAndNothingOpenly(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		m := brand(t, d)
		a := account(t, d, m)
		v, now := d.Vault(m, a.ID), time.Now()
		for _, s := range []struct {
			at   time.Time
			text string
			want string
		}{{now, "two", "two"}, {now.Add(-time.Second), "one", "two"}, {now.Add(time.Second), "three", "three"}} {
			if err := v.Save(t.Context(), "token", s.at, []byte(s.text)); err != nil {
				t.Fatal(err)
			}
			if b, err := v.Load(t.Context(), "token"); err != nil || string(b) != s.want {
				t.Errorf("after saving %q: %q (%v), want %q", s.text, b, err, s.want)
			}
		}
		if b, err := v.Load(t.Context(), "other"); b != nil || err != nil {
			t.Errorf("nothing saved: %q (%v)", b, err)
		}
		if err := v.Alarm(t.Context(), time.Time{}, "the token was refused"); err != nil {
			t.Fatal(err)
		}
		if row, err := d.Account(t.Context(), m, a.ID); err != nil || row.AlarmWhy == "" || row.AlarmAt == 0 || row.Credentials["token"] != "hush hush" {
			t.Errorf("the account is %+v (%v), want the alarm and its credentials", row, err)
		}
	})
}

func TestATouchIsCheapForPushesAndExactForCursors(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		m := brand(t, d)
		a := account(t, d, m)
		var wg sync.WaitGroup
		for i := range 50 {
			wg.Go(func() {
				d.Do(context.Background(), db.Verb{Name: "push", Merchant: m, Decide: func(t *db.Tx) error {
					t.Touch(a.ID, func(r *db.AccountRow) { r.LastPush = max(r.LastPush, int64(1000+i)) })
					return nil
				}})
			})
		}
		wg.Wait()
		do(t, d, db.Verb{Merchant: m, Decide: func(t *db.Tx) error {
			t.Touch(a.ID, func(r *db.AccountRow) {
				if r.LastPush != 1049 {
					panic("a push was forgotten")
				}
				r.Cursor = []byte(`{"page":7}`)
			})
			return nil
		}})
		row, err := d.Account(t.Context(), m, a.ID)
		if err != nil || row.LastPush != 1049 || string(row.Cursor) != `{"page":7}` {
			t.Errorf("the account is %+v (%v)", row, err)
		}
	})
}

func TestARequestIsDoneOnceAndAnsweredAgain(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		m := brand(t, d)
		begin := func(key, hash string) (string, bool, fault.Code) {
			b, done, err := d.BeginRequest(t.Context(), m, key, []byte(hash), time.Minute)
			return string(b), done, fault.CodeOf(err)
		}
		if _, done, code := begin("k", "h"); done || code != "" {
			t.Errorf("the first: done %v, %s", done, code)
		}
		if _, _, err := d.BeginRequest(t.Context(), m, "k", []byte("h"), time.Minute); !fault.Is(err, fault.Conflict) || fault.AfterOf(err) == 0 {
			t.Errorf("while in progress: %v, want a conflict that says when to come again", err)
		}
		if _, done, err := d.BeginRequest(t.Context(), m, "k", []byte("h"), -time.Minute); done || err != nil {
			t.Errorf("after the time that it may hold its key: %v %v, want to carry it out", done, err)
		}
		if err := d.FinishRequest(t.Context(), m, "k", []byte("answer")); err != nil {
			t.Fatal(err)
		}
		if b, done, code := begin("k", "h"); b != "answer" || !done || code != "" {
			t.Errorf("again: %q %v %s, want the answer", b, done, code)
		}
		if _, _, code := begin("k", "other"); code != fault.Conflict {
			t.Errorf("another request under the key: %q, want conflict", code)
		}
		begin("k2", "h")
		if err := d.DropRequest(t.Context(), m, "k2"); err != nil {
			t.Fatal(err)
		}
		if _, done, code := begin("k2", "other"); done || code != "" {
			t.Errorf("after the key was given free: %v %s", done, code)
		}
	})
}

func TestWhatCannotBeReadIsParkedWithItsBytes(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		m := brand(t, d)
		var id ident.Parked
		body := []byte("\xff\x00 not JSON")
		do(t, d, db.Verb{Merchant: m, Bodies: [][]byte{body}, Decide: func(t *db.Tx) error {
			entry := t.Journal(db.Entry{Direction: db.Push, What: "order.paid\x00", Path: "a\xffb", Body: body})
			id = t.Park(db.ParkedRow{What: "order.paid", Why: fault.Reason{Text: "no JSON"}, Entry: entry, Size: len(body)})
			return nil
		}})
		sc := db.Scope{Merchant: m}
		if b, err := d.ParkedBytes(t.Context(), sc, id); err != nil || !bytes.Equal(b, body) {
			t.Errorf("the bytes are %q (%v)", b, err)
		}
		p, err := d.ParkedByID(t.Context(), sc, id)
		if err != nil {
			t.Fatal(err)
		}
		do(t, d, db.Verb{Merchant: m, Decide: func(t *db.Tx) error { p.State = db.Dropped; t.UpdateParked(p); return nil }})
		for state, want := range map[string]int{db.ParkedState: 0, db.Dropped: 1, "": 1} {
			if list, _, err := d.Parked(t.Context(), sc, db.ParkedFilter{State: state}); err != nil || len(list) != want {
				t.Errorf("%q: %d (%v), want %d", state, len(list), err, want)
			}
		}
		if list, _, err := d.Parked(t.Context(), db.Scope{Merchant: m, Stores: []ident.Store{1}}, db.ParkedFilter{}); err != nil || len(list) != 0 {
			t.Errorf("a store sees %d parked messages (%v)", len(list), err)
		}
	})
}

func TestASecondReadOfTheSameIsKnown(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		m := brand(t, d)
		for i, c := range []struct {
			body string
			seen bool
		}{{"a", false}, {"a", true}, {"b", false}, {"a", false}, {"a", true}} {
			do(t, d, db.Verb{Merchant: m, Refs: []order.Ref{ref("1")}, Decide: func(t *db.Tx) error {
				if got := t.Seen(ref("1"), []byte(c.body)); got != c.seen {
					return fmt.Errorf("read %d: seen is %v, want %v", i, got, c.seen)
				}
				if _, ok := t.Record(ref("1")); ok {
					return errors.New("a hash of a read is no record")
				}
				t.Journal(db.Entry{Direction: db.Pulled, What: "order", Ref: ref("1"), Body: []byte(c.body), Known: c.seen})
				return nil
			}})
		}
	})
}

// A parcel of two orders stands with either of them in the journal, as they became known.
func TestTheBytesOfAKnownReadAreFoundWhereverTheyStand(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		m := brand(t, d)
		parcel := order.Ref{Realm: ref("1").Realm, Kind: order.KindShipment, ID: "7"}
		orders := map[string]ident.Order{}
		read := func(of, body string) {
			do(t, d, db.Verb{Merchant: m, Refs: []order.Ref{parcel, ref("1"), ref("2")}, Decide: func(t *db.Tx) error {
				e := db.Entry{Direction: db.Pulled, What: "shipment", Ref: parcel, Body: []byte(body)}
				if of != "" {
					row, ok := t.Order(ref(of))
					if !ok {
						row = &db.OrderRow{ID: ident.Order(t.ID()), Ref: ref(of)}
						t.PutOrder(row)
						t.Link(parcel, of)
					}
					e.Order, orders[of] = row.ID, row.ID
				}
				e.Known = t.Seen(parcel, e.Body)
				t.Journal(e)
				return nil
			}})
		}
		read("", "packed") // before either order
		read("2", "packed")
		read("2", "sent")
		read("1", "sent") // the other one stands first now
		read("1", "sent")
		lines, err := d.Lines(t.Context(), m, 0, 100)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, e := range lines {
			if e.What != "shipment" {
				continue
			}
			body := e.Body
			if e.Known {
				if body, err = d.KnownBody(t.Context(), m, e); err != nil {
					t.Fatal(err)
				}
			}
			got = append(got, fmt.Sprint(e.Known, " ", string(body)))
		}
		if want := []string{"false packed", "true packed", "false sent", "true sent", "true sent"}; !slices.Equal(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
		if err := d.Erase(t.Context(), m, orders["2"]); err != nil {
			t.Fatal(err)
		}
		if body, err := d.KnownBody(t.Context(), m, lines[len(lines)-1]); err != nil || body != nil {
			t.Errorf("of an erased order: %q, %v", body, err)
		}
	})
}

func TestABodyIsUnreadableOnceItsKeyIsGone(t *testing.T) {
	dir := t.TempDir()
	d := dbtest.Open(t, db.Options{Dir: dir})
	m := brand(t, d)
	const secret = "王小明 13800138000 望京东路4号"
	var id ident.Order
	do(t, d, db.Verb{Merchant: m, Decide: func(t *db.Tx) error {
		row := &db.OrderRow{ID: ident.Order(t.ID()), Ref: ref("1")}
		t.PutOrder(row)
		t.Journal(db.Entry{Direction: db.Push, Order: row.ID, Ref: ref("1"), Body: []byte(secret), Answer: []byte(secret)})
		t.Journal(db.Entry{Direction: db.Push, Body: []byte(secret)})
		id = row.ID
		return nil
	}})
	account(t, d, m)
	raw, err := sql.Open("sqlite", "file:"+filepath.Join(dir, "tongdan.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	for _, q := range []string{`SELECT COALESCE(body, '') || COALESCE(answer, '') FROM journal`, `SELECT credentials FROM accounts`, `SELECT credentials FROM apps`} {
		rows, err := raw.Query(q)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for rows.Next() {
			var b []byte
			if err := rows.Scan(&b); err != nil {
				t.Fatal(err)
			}
			n++
			for _, plain := range []string{"王小明", "13800138000", "hush"} {
				if bytes.Contains(b, []byte(plain)) {
					t.Errorf("%s: %q lies open in the file", q, plain)
				}
			}
		}
		rows.Close()
		if n == 0 {
			t.Errorf("%s: nothing to look at", q)
		}
	}
	sc := db.Scope{Merchant: m}
	if list, _, err := d.JournalOf(t.Context(), sc, id, "", 0); err != nil || len(list) != 1 || string(list[0].Body) != secret || string(list[0].Answer) != secret {
		t.Fatalf("the journal with its key: %v (%v)", list, err)
	}
	if err := d.Erase(t.Context(), m, id); err != nil {
		t.Fatal(err)
	}
	list, _, err := d.JournalOf(t.Context(), sc, id, "", 0)
	if err != nil || len(list) != 1 || !list[0].Erased || list[0].Body != nil || list[0].Size != len(secret) {
		t.Errorf("the journal without its key: %+v (%v), want the line, and that it was erased", list, err)
	}
}

func TestOpenRefusesWhatItMustNotTouch(t *testing.T) {
	dir := t.TempDir()
	d, err := db.Open(t.Context(), db.Options{Dir: dir, Key: dbtest.Key})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Open(t.Context(), db.Options{Dir: dir, Key: dbtest.Key}); !fault.Is(err, fault.Conflict) {
		t.Errorf("a second process on the folder: %v, want conflict", err)
	}
	brand(t, d)
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Open(t.Context(), db.Options{Dir: dir, Key: [32]byte{9}}); !fault.Is(err, fault.Unauthorized) {
		t.Errorf("another master key: %v, want unauthorized", err)
	}
	if left, err := filepath.Glob(filepath.Join(dir, "*-wal")); len(left) > 0 || err != nil {
		t.Errorf("somebody still has the file open: %v is there (%v)", left, err)
	}
	if _, err := db.Open(t.Context(), db.Options{}); !fault.Is(err, fault.Invalid) {
		t.Errorf("no place for the data: %v, want invalid", err)
	}
	again, err := db.Open(t.Context(), db.Options{Dir: dir, Key: dbtest.Key})
	if err != nil {
		t.Fatal(err)
	}
	if armed, err := again.Armed(t.Context()); err != nil || !armed {
		t.Errorf("the original is disarmed (%v)", err)
	}
	again.Close()

	// A copy of the file is not the original.
	other := t.TempDir()
	b, err := os.ReadFile(filepath.Join(dir, "tongdan.db"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(other, "tongdan.db"), b, 0o600); err != nil {
		t.Fatal(err)
	}
	restored := dbtest.Open(t, db.Options{Dir: other})
	if armed, err := restored.Armed(t.Context()); err != nil || armed {
		t.Errorf("a copy is armed (%v): it would call platforms beside the original", err)
	}
	list, err := restored.Merchants(t.Context())
	if err != nil || len(list) != 1 {
		t.Fatalf("merchants: %v (%v)", list, err)
	}
	if at, err := restored.Feed(t.Context(), list[0].ID); err != nil || at.Epoch != 2 {
		t.Errorf("the feed's epoch is %d (%v), want a new one", at.Epoch, err)
	}
	if err := restored.Arm(t.Context()); err != nil {
		t.Fatal(err)
	}
	if armed, _ := restored.Armed(t.Context()); !armed {
		t.Error("it cannot be armed")
	}
}

func TestANewerSchemaIsRefused(t *testing.T) {
	dir, url := t.TempDir(), dbtest.Postgres(t)
	for name, o := range map[string]db.Options{"sqlite": {Dir: dir, Key: dbtest.Key}, "postgres": {URL: url, Key: dbtest.Key}} {
		d, err := db.Open(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		d.Close()
		const newer = `INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, true)`
		if name == "sqlite" {
			raw, err := sql.Open("sqlite", "file:"+filepath.Join(dir, "tongdan.db"))
			if err == nil {
				_, err = raw.Exec(newer)
				raw.Close()
			}
			if err != nil {
				t.Fatal(err)
			}
		} else {
			c, err := pgx.Connect(t.Context(), url)
			if err == nil {
				_, err = c.Exec(t.Context(), newer)
				c.Close(t.Context())
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if d, err := db.Open(t.Context(), o); !fault.Is(err, fault.Conflict) {
			t.Errorf("%s: a newer schema: %v, want conflict", name, err)
			if err == nil {
				d.Close()
			}
		}
	}
}

// TestMain lets the test binary play the process that is killed.
func TestMain(m *testing.M) {
	if dir := os.Getenv("TONGDAN_TEST_WRITE"); dir != "" {
		writeUntilKilled(dir)
		return
	}
	os.Exit(m.Run())
}

func writeUntilKilled(where string) {
	o := db.Options{Dir: where, Key: dbtest.Key}
	if len(where) > 9 && where[:9] == "postgres:" {
		o = db.Options{URL: where, Key: dbtest.Key}
	}
	d, err := db.Open(context.Background(), o)
	if err != nil {
		panic(err)
	}
	list, err := d.Merchants(context.Background())
	if err != nil {
		panic(err)
	}
	m := list[0].ID
	var wg sync.WaitGroup
	out := make(chan string, 100)
	go func() {
		for s := range out {
			os.Stdout.WriteString(s)
		}
	}()
	for g := range 32 {
		wg.Go(func() {
			for i := 0; ; i++ {
				id := fmt.Sprintf("%d-%d", g, i)
				if _, err := d.Do(context.Background(), placing(m, id, nil, nil)); err != nil {
					panic(err)
				}
				out <- id + "\n" // answered: from here on it may not be lost
			}
		})
	}
	wg.Wait()
}

func TestAProcessThatIsKilledLosesNothingThatItAnswered(t *testing.T) {
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			where := t.TempDir()
			o := db.Options{Dir: where}
			if engine == "postgres" {
				where = dbtest.Postgres(t)
				o = db.Options{URL: where}
			}
			o.Key = dbtest.Key
			d, err := db.Open(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			m := brand(t, d)
			d.Close()
			for round := range 3 {
				var out answered
				cmd := exec.Command(os.Args[0])
				cmd.Env = append(os.Environ(), "TONGDAN_TEST_WRITE="+where)
				cmd.Stdout, cmd.Stderr = &out, os.Stderr
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				waitFor(t, "the process to write", func() bool { return out.lines() > 100*(round+1) })
				cmd.Process.Kill()
				cmd.Wait()
				d, err := db.Open(t.Context(), o)
				if err != nil {
					t.Fatal(err)
				}
				all := dense(t, d, m)
				told := map[string]bool{}
				for _, c := range all {
					told[c.ID] = true
				}
				for _, id := range out.ids() {
					row, err := orderOf(d, m, id)
					if err != nil {
						t.Fatalf("round %d: order %s was answered and is lost: %v", round, id, err)
					}
					if !told[row.ID.String()] {
						t.Errorf("order %s is not in the feed", id)
					}
				}
				d.Close()
			}
		})
	}
}

// answered collects what the process says.
type answered struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (a *answered) Write(p []byte) (int, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.b.Write(p)
}

func (a *answered) lines() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return bytes.Count(a.b.Bytes(), []byte("\n"))
}

// ids are the whole lines.
func (a *answered) ids() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	var out []string
	for line := range bytes.Lines(a.b.Bytes()) {
		if bytes.HasSuffix(line, []byte("\n")) {
			out = append(out, string(bytes.TrimSpace(line)))
		}
	}
	return out
}

// What is done with a person and the line that tells of it are one: both are there, or
// neither.
func TestAPersonChangesTogetherWithTheLineThatTellsOfIt(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx, m := t.Context(), brand(t, d)
		line := func(what string) db.Entry {
			return db.Entry{Direction: db.Act, What: what, By: "usr_1", Body: []byte(`{"role":"clerk"}`)}
		}
		u, err := d.AddUser(ctx, db.UserRow{Merchant: m, Name: "小王", Role: "clerk"}, line("invite"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := d.AddUser(ctx, db.UserRow{Merchant: m, Name: "小王", Role: "clerk"}, line("invite twice")); !fault.Is(err, fault.Conflict) {
			t.Errorf("the same name again: %v, want conflict", err)
		}
		stranger := u
		stranger.ID = 77
		if err := d.SetUser(ctx, stranger, line("change nobody")); !fault.Is(err, fault.NotFound) {
			t.Errorf("changing nobody: %v, want not found", err)
		}
		for what, err := range map[string]error{
			"change": d.SetUser(ctx, u, line("change")), "link": d.AddLink(ctx, m, u.ID, []byte("hash"), time.Now().Add(time.Hour).UnixMilli(), line("link")),
			"phone": d.SetPhone(ctx, m, u.ID, "+8613900000002", line("phone")), "pin": d.SetPIN(ctx, m, u.ID, "argon", "usr_1", line("pin")), "sign out": d.SignOut(ctx, m, u.ID, line("sign out")),
		} {
			if err != nil {
				t.Errorf("%s: %v", what, err)
			}
		}
		got := map[string]int{}
		list, err := d.Lines(ctx, m, 0, 100)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range list {
			got[e.What]++
			if string(e.Body) != `{"role":"clerk"}` {
				t.Errorf("the line of %s holds %q", e.What, e.Body)
			}
		}
		if want := map[string]int{"invite": 1, "change": 1, "link": 1, "phone": 1, "pin": 1, "sign out": 1}; !maps.Equal(got, want) {
			t.Errorf("the journal tells of %v, want %v", got, want)
		}
	})
}

func TestPeopleSessionsAndKeys(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx, m := t.Context(), brand(t, d)
		if err := d.AddSetupToken(ctx, m, []byte("hash"), time.Now().Add(time.Hour).UnixMilli()); err != nil {
			t.Fatal(err)
		}
		u, err := d.UseSetupToken(ctx, []byte("hash"), db.UserRow{Name: "老板", Password: "argon", Role: "owner", Stores: []ident.Store{3, 5}, Personal: true})
		if err != nil || u.Merchant != m {
			t.Fatalf("the first user: %+v (%v)", u, err)
		}
		if _, err := d.UseSetupToken(ctx, []byte("hash"), db.UserRow{Name: "b", Role: "owner"}); !fault.Is(err, fault.NotFound) {
			t.Errorf("the link a second time: %v, want not found", err)
		}
		if got, err := d.UserByName(ctx, "老板"); err != nil || got.ID != u.ID || len(got.Stores) != 2 || !got.Personal {
			t.Errorf("by name: %+v (%v)", got, err)
		}
		if _, err := d.AddUser(ctx, db.UserRow{Merchant: m, Name: "老板", Role: "clerk"}); !fault.Is(err, fault.Conflict) {
			t.Errorf("the same name again: %v, want conflict", err)
		}
		s := db.SessionRow{Hash: []byte("s"), Merchant: m, User: u.ID, Expires: time.Now().Add(time.Hour).UnixMilli()}
		if err := d.AddSession(ctx, s); err != nil {
			t.Fatal(err)
		}
		if got, err := d.Session(ctx, []byte("s")); err != nil || got.User != u.ID {
			t.Errorf("session: %+v (%v)", got, err)
		}
		u.Password = "changed"
		if err := d.SetUser(ctx, u); err != nil {
			t.Fatal(err)
		}
		if _, err := d.Session(ctx, []byte("s")); !fault.Is(err, fault.NotFound) {
			t.Errorf("after a change of password the session lives on: %v", err)
		}
		k, err := d.AddKey(ctx, db.KeyRow{Merchant: m, Name: "erp", Hash: []byte("k"), Role: "clerk"})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := d.KeyByHash(ctx, []byte("k")); err != nil || got.ID != k.ID || got.Stores != nil {
			t.Errorf("key: %+v (%v)", got, err)
		}
		if err := d.DeleteKey(ctx, m, k.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := d.KeyByHash(ctx, []byte("k")); !fault.Is(err, fault.NotFound) {
			t.Errorf("a key that was taken back: %v", err)
		}
	})
}

func TestAOneTimeLink(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx, m := t.Context(), brand(t, d)
		soon := time.Now().Add(time.Hour).UnixMilli()
		u, err := d.AddUser(ctx, db.UserRow{Merchant: m, Name: "小王", Role: "clerk", Stores: []ident.Store{3}})
		if err != nil {
			t.Fatal(err)
		}
		link := func(hash string, expires int64) {
			t.Helper()
			if err := d.AddLink(ctx, m, u.ID, []byte(hash), expires); err != nil {
				t.Fatal(err)
			}
		}
		link("one", soon)
		link("two", soon)
		if _, err := d.UseSetupToken(ctx, []byte("two"), db.UserRow{Name: "thief", Role: "owner"}); !fault.Is(err, fault.NotFound) {
			t.Errorf("a person's link makes an owner: %v", err)
		}
		if _, err := d.LinkedUser(ctx, []byte("one")); !fault.Is(err, fault.NotFound) {
			t.Errorf("the link before: %v, want not found", err)
		}
		if got, err := d.LinkedUser(ctx, []byte("two")); err != nil || got.ID != u.ID {
			t.Errorf("whose link: %+v (%v)", got, err)
		}
		if p, err := d.Presences(ctx, m); err != nil || p[u.ID].Link != soon || p[u.ID].Sessions != 0 {
			t.Errorf("before he has joined: %+v (%v)", p[u.ID], err)
		}
		if got, err := d.UseLink(ctx, []byte("two"), "argon"); err != nil || got.ID != u.ID || got.Password != "argon" {
			t.Errorf("using it: %+v (%v)", got, err)
		}
		if _, err := d.UseLink(ctx, []byte("two"), "other"); !fault.Is(err, fault.NotFound) {
			t.Errorf("using it again: %v", err)
		}
		if err := d.AddSession(ctx, db.SessionRow{Hash: []byte("s"), Merchant: m, User: u.ID, Expires: soon}); err != nil {
			t.Fatal(err)
		}
		if p, err := d.Presences(ctx, m); err != nil || p[u.ID].Link != 0 || p[u.ID].Sessions != 1 || p[u.ID].Seen == 0 {
			t.Errorf("signed in: %+v (%v)", p[u.ID], err)
		}
		link("late", time.Now().Add(-time.Second).UnixMilli())
		if _, err := d.UseLink(ctx, []byte("late"), "x"); !fault.Is(err, fault.NotFound) {
			t.Errorf("a link that has expired: %v", err)
		}
		link("three", soon)
		u.Password, u.Disabled = "argon", true
		if err := d.SetUser(ctx, u); err != nil {
			t.Fatal(err)
		}
		if _, err := d.UseLink(ctx, []byte("three"), "x"); !fault.Is(err, fault.NotFound) {
			t.Errorf("a suspended person's link: %v", err)
		}
		if p, err := d.Presences(ctx, m); err != nil || p[u.ID].Sessions != 0 {
			t.Errorf("suspended: %+v (%v)", p[u.ID], err)
		}
		if err := d.AddLink(ctx, m, u.ID, []byte("four"), soon); !fault.Is(err, fault.Conflict) {
			t.Errorf("a link for him: %v, want conflict", err)
		}
		if err := d.AddLink(ctx, m, 77, []byte("five"), soon); !fault.Is(err, fault.NotFound) {
			t.Errorf("a link for nobody: %v", err)
		}
		if first, err := d.FirstChange(ctx, m); err != nil || first != 1 {
			t.Errorf("the first change that is kept is %d (%v)", first, err)
		}
	})
}

func TestTheDirectoryKnowsOwnChangesAtOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx, m := t.Context(), brand(t, d)
		a := account(t, d, m)
		s, err := d.PutStore(ctx, db.StoreRow{Merchant: m, Name: "望京店", Zone: "Asia/Shanghai", Cutoff: 240})
		if err != nil {
			t.Fatal(err)
		}
		shop, ok := d.ShopByExternal(m, realm, "poi-1")
		if !ok || shop.Account != a.ID {
			t.Fatalf("the shop is %+v", shop)
		}
		before, _ := d.Directory(ctx)
		shop.Store = s.ID
		if _, err := d.PutShop(ctx, shop); err != nil {
			t.Fatal(err)
		}
		after, _ := d.Directory(ctx)
		if got, _ := after.Shop(shop.ID); got.Store != s.ID || after.Version == before.Version {
			t.Errorf("the shop is bound to %v, version %d after %d", got.Store, after.Version, before.Version)
		}
		if err := d.DeleteStore(ctx, m, s.ID); !fault.Is(err, fault.Conflict) {
			t.Errorf("a store with a shop is deleted: %v, want conflict", err)
		}
		if _, err := d.PutShop(ctx, db.ShopRow{Merchant: m, Account: a.ID, External: "poi-1", Name: "twice", Mode: "watch"}); !fault.Is(err, fault.Conflict) {
			t.Errorf("one shop bound twice: %v, want conflict", err)
		}
		if err := d.Refused(ctx, a.App, bytes.Repeat([]byte("x"), 10_000)); err != nil {
			t.Fatal(err)
		}
		if n, err := d.RefusedCount(ctx, a.App, time.Now().UnixMilli()); err != nil || n != 1 {
			t.Errorf("%d refused callbacks (%v), want 1", n, err)
		}
		b := db.BatchRow{Kind: "accept", By: "usr", Total: 1}
		id := place(t, d, m, "1", nil)
		do(t, d, db.Verb{Merchant: m, Decide: func(t *db.Tx) error {
			b.ID = 0
			b.ID = t.PutBatch(b)
			t.PutBatchItem(b.ID, db.BatchItem{Order: id, State: "waiting"})
			t.PutBatchItem(b.ID, db.BatchItem{Order: id, State: "failed", Why: fault.Reason{Text: "no"}})
			return nil
		}})
		if _, items, err := d.Batch(ctx, db.Scope{Merchant: m}, b.ID); err != nil || len(items) != 1 || items[0].State != "failed" {
			t.Errorf("the batch's items are %+v (%v)", items, err)
		}
	})
}
