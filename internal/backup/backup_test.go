package backup

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/db/dbtest"
	"github.com/tongdan/tongdan/order"
)

var quiet = slog.New(slog.DiscardHandler)

// each runs a test on both engines: with a place that has a database, and a maker of
// empty places.
func each(t *testing.T, f func(t *testing.T, at Place, empty func() Place)) {
	t.Run("sqlite", func(t *testing.T) {
		f(t, Place{Dir: t.TempDir()}, func() Place { return Place{Dir: t.TempDir()} })
	})
	t.Run("postgres", func(t *testing.T) {
		f(t, Place{URL: dbtest.Postgres(t)}, func() Place { return Place{URL: dbtest.Postgres(t)} })
	})
}

func open(t *testing.T, p Place) *db.DB {
	t.Helper()
	return dbtest.Open(t, db.Options{URL: p.URL, Dir: p.Dir})
}

const phone = "13812345678"

// place writes an order with a journal entry, which moves the feed.
func place(ctx context.Context, d *db.DB, m ident.Merchant, id string) error {
	ref := order.Ref{Realm: "meituan", Kind: "order", ID: id}
	_, err := d.Do(ctx, db.Verb{Name: "place", Merchant: m, Refs: []order.Ref{ref}, Decide: func(t *db.Tx) error {
		row := &db.OrderRow{Ref: ref, Channel: "meituan", Status: order.StatusNew, Kind: order.Takeaway, SortAt: t.Now().UnixMilli(), SweepAt: 1 << 50}
		t.PutOrder(row)
		t.Journal(db.Entry{Direction: db.Push, What: "order.paid", Order: row.ID, Ref: ref, Body: []byte(phone)})
		t.PutEffect(&effect.Effect{Order: row.ID, Kind: "accept", Key: "k" + id, Target: "order/" + id, State: effect.Waiting, Nature: effect.Guarded, NextAt: 7})
		return nil
	}})
	return err
}

func merchant(t *testing.T, d *db.DB) ident.Merchant {
	t.Helper()
	m, err := d.AddMerchant(t.Context(), db.MerchantRow{Name: "shop", Locale: "en"})
	if err != nil {
		t.Fatal(err)
	}
	return m.ID
}

func take(t *testing.T, o Options) (Backup, error) {
	t.Helper()
	if o.Key == ([32]byte{}) {
		o.Key = dbtest.Key
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	b, _, err := Take(t.Context(), o)
	return b, err
}

// A backup that is made while others write holds one state of the database; restored, it
// is that state, disarmed, with a new epoch of the feed.
func TestABackupMadeUnderLoadIsOneStateAndComesBackDisarmed(t *testing.T) {
	each(t, func(t *testing.T, at Place, empty func() Place) {
		d := open(t, at)
		m := merchant(t, d)
		user, err := d.AddUser(t.Context(), db.UserRow{Merchant: m, Name: "li", Password: "x", Role: "owner"})
		if err != nil {
			t.Fatal(err)
		}
		if err := d.AddSession(t.Context(), db.SessionRow{Hash: []byte("cookie"), Merchant: m, User: user.ID, Expires: 1 << 60}); err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		var writing sync.WaitGroup
		begun := make(chan struct{}, 4)
		for w := range 4 {
			writing.Go(func() {
				for n := 0; ctx.Err() == nil; n++ {
					if err := place(context.Background(), d, m, string(rune('a'+w))+time.Now().Format("150405.000000000")); err != nil {
						t.Error(err)
						return
					}
					if n == 20 {
						begun <- struct{}{}
					}
				}
			})
		}
		for range 4 {
			<-begun
		}
		to := t.TempDir()
		b, err := take(t, Options{From: at, To: to, Program: "test"})
		stop()
		writing.Wait()
		if err != nil {
			t.Fatal(err)
		}
		now, err := d.Feed(t.Context(), m)
		if err != nil {
			t.Fatal(err)
		}
		p := b.Feeds[m.String()]
		if p.Seq < 80 || p.Seq > now.Seq || p.Epoch != now.Epoch {
			t.Errorf("the backup's feed is at %+v, the database's at %+v", p, now)
		}
		if n := b.Counts["orders"]; n < 80 || n != b.Counts["journal"] || n != b.Counts["effects"] {
			t.Errorf("the backup has %d orders, %d entries and %d effects: not one state", n, b.Counts["journal"], b.Counts["effects"])
		}
		read, err := Read(b.Path)
		if err != nil || !reflect.DeepEqual(read.Counts, b.Counts) || read.KeyID != db.KeyID(dbtest.Key) || !read.MadeAt.Equal(b.MadeAt) {
			t.Errorf("the manifest reads %+v (%v), want %+v", read, err, b)
		}

		there := empty()
		if err := Restore(t.Context(), b, there, dbtest.Key, quiet); err != nil {
			t.Fatal(err)
		}
		r := open(t, there)
		armed, err := r.Armed(t.Context())
		if err != nil || armed {
			t.Errorf("the restored database is armed: %v %v", armed, err)
		}
		if moved, err := r.MovedAt(t.Context()); err != nil || moved.IsZero() {
			t.Errorf("the restored database does not know that it is one: %v", err)
		}
		got, err := r.Feed(t.Context(), m)
		if err != nil || got.Seq != p.Seq || got.Epoch != p.Epoch+1 {
			t.Errorf("the feed is at %+v (%v), want %d in a new epoch", got, err, p.Seq)
		}
		if _, err := r.Session(t.Context(), []byte("cookie")); !fault.Is(err, fault.NotFound) {
			t.Errorf("a session came back: %v", err)
		}
		if armed, err := d.Armed(t.Context()); err != nil || !armed {
			t.Errorf("the original was disarmed by its backup: %v", err)
		}
		if err := Restore(t.Context(), b, there, dbtest.Key, quiet); !fault.Is(err, fault.Conflict) {
			t.Errorf("a backup was restored over a database: %v", err)
		}
		// A copy of the copy is found too, also after the copy was armed.
		if err := r.Arm(t.Context()); err != nil {
			t.Fatal(err)
		}
		again, err := take(t, Options{From: there, To: t.TempDir()})
		if err != nil {
			t.Fatal(err)
		}
		third := empty()
		if err := Restore(t.Context(), again, third, dbtest.Key, quiet); err != nil {
			t.Fatal(err)
		}
		if armed, err := open(t, third).Armed(t.Context()); err != nil || armed {
			t.Errorf("a copy of an armed copy is armed: %v", err)
		}
	})
}

func TestAFileThatWasCopiedByHandIsDisarmed(t *testing.T) {
	dir, other := t.TempDir(), t.TempDir()
	d, err := db.Open(t.Context(), db.Options{Dir: dir, Key: dbtest.Key, Log: quiet})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(other, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	for where, want := range map[string]bool{dir: true, other: false} {
		if armed, err := open(t, Place{Dir: where}).Armed(t.Context()); err != nil || armed != want {
			t.Errorf("armed is %v (%v), want %v", armed, err, want)
		}
	}
}

func TestWhatIsNotAsItWasIsNotRestored(t *testing.T) {
	each(t, func(t *testing.T, at Place, empty func() Place) {
		d := open(t, at)
		m := merchant(t, d)
		if err := place(t.Context(), d, m, "1"); err != nil {
			t.Fatal(err)
		}
		good, err := take(t, Options{From: at, To: t.TempDir()})
		if err != nil {
			t.Fatal(err)
		}
		// changed gives a copy of the backup with something changed.
		changed := func(f func(b *Backup)) Backup {
			b := good
			b.Path = t.TempDir()
			if err := os.CopyFS(b.Path, os.DirFS(good.Path)); err != nil {
				t.Fatal(err)
			}
			b.Files, b.Counts = slices.Clone(good.Files), map[string]int64{"orders": good.Counts["orders"]}
			f(&b)
			return b
		}
		flip := func(b *Backup) {
			file := filepath.Join(b.Path, b.Files[0].Name)
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			text[len(text)/2] ^= 1
			if err := os.WriteFile(file, text, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		for name, c := range map[string]struct {
			b    Backup
			key  [32]byte
			want fault.Code
		}{
			"a flipped bit":       {changed(flip), dbtest.Key, fault.Conflict},
			"a missing file":      {changed(func(b *Backup) { os.Remove(filepath.Join(b.Path, b.Files[0].Name)) }), dbtest.Key, fault.NotFound},
			"another key":         {good, [32]byte{9}, fault.Unauthorized},
			"a key that lies":     {changed(func(b *Backup) { b.KeyID = db.KeyID([32]byte{9}) }), [32]byte{9}, fault.Unauthorized},
			"a newer schema":      {changed(func(b *Backup) { b.Schema = db.NewestSchema() + 1 }), dbtest.Key, fault.Conflict},
			"rows that are lost":  {changed(func(b *Backup) { b.Counts["orders"]++ }), dbtest.Key, fault.Conflict},
			"of the other engine": {changed(func(b *Backup) { b.Engine = map[string]string{"sqlite": "postgres", "postgres": "sqlite"}[b.Engine] }), dbtest.Key, fault.Invalid},
		} {
			to := empty()
			err := Restore(t.Context(), c.b, to, c.key, quiet)
			if fault.CodeOf(err) != c.want || fault.WordsOf(err) == "" {
				t.Errorf("%s: %v, want %s and words", name, err, c.want)
			}
			if to.Dir != "" {
				if _, err := os.Stat(filepath.Join(to.Dir, db.SQLiteFile)); !errors.Is(err, os.ErrNotExist) {
					t.Errorf("%s: a database was left in the folder", name)
				}
			}
		}
	})
}

func TestBackupsAreNeverOverwrittenAndOldOnesGo(t *testing.T) {
	at := Place{Dir: t.TempDir()}
	d := open(t, at)
	merchant(t, d)
	to := t.TempDir()
	day := time.Date(2026, 3, 1, 4, 0, 0, 0, time.UTC)
	for i := range 5 {
		now := day.AddDate(0, 0, i)
		if _, err := take(t, Options{From: at, To: to, Keep: 3, Now: func() time.Time { return now }}); err != nil {
			t.Fatal(err)
		}
	}
	other := Place{Dir: t.TempDir()}
	open(t, other)
	older := func() time.Time { return day.AddDate(0, 0, -9) }
	if _, err := take(t, Options{From: other, To: to, Keep: 1, Now: older}); err != nil {
		t.Fatal(err)
	}
	if _, err := take(t, Options{From: other, To: to, Now: older}); !fault.Is(err, fault.Conflict) {
		t.Errorf("a backup was overwritten: %v", err)
	}
	list, err := List(to)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, b := range list {
		names = append(names, filepath.Base(b.Path))
	}
	want := []string{"tongdan-20260305T040000Z", "tongdan-20260304T040000Z", "tongdan-20260303T040000Z", "tongdan-20260220T040000Z"}
	if !slices.Equal(names, want) {
		t.Errorf("backups are %v, want three of one installation and that of the other: %v", names, want)
	}
	// One that died: without a manifest it counts for nothing, and after two days it is deleted.
	part := filepath.Join(to, ".tongdan-20260301T000000Z.part")
	if err := os.Mkdir(part, 0o700); err != nil {
		t.Fatal(err)
	}
	sweep(to, time.Now())
	if _, err := os.Stat(part); err != nil {
		t.Errorf("a backup that is being made was deleted: %v", err)
	}
	sweep(to, time.Now().Add(3*24*time.Hour))
	if _, err := os.Stat(part); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("what a dead backup left stays: %v", err)
	}
}

func TestAMissingToolSaysWhatToInstall(t *testing.T) {
	_, err := find("pg_nothing")
	if !fault.Is(err, fault.Unsupported) || !strings.Contains(fault.WordsOf(err), "apt install postgresql-client") {
		t.Errorf("got %v", err)
	}
}

func TestAPasswordIsNotOnTheCommandLine(t *testing.T) {
	for address, want := range map[string]string{
		"postgres://u:s3cr%40t@h:5433/d?sslmode=require&pool_max_conns=4": "postgres://u@h:5433/d?sslmode=require",
		"postgres://u@h/d?password=s3cr%40t":                              "postgres://u@h/d",
	} {
		without, password, err := split(address)
		if err != nil || without != want || password != "s3cr@t" {
			t.Errorf("%s: %q %q %v", address, without, password, err)
		}
	}
	if _, _, err := split("host=h password=s3cret"); !fault.Is(err, fault.Invalid) || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("got %v", err)
	}
}

func TestTheCheckTellsGoodFromBad(t *testing.T) {
	each(t, func(t *testing.T, at Place, _ func() Place) {
		d := open(t, at)
		m := merchant(t, d)
		if err := place(t.Context(), d, m, "1"); err != nil {
			t.Fatal(err)
		}
		to := t.TempDir()
		looked := 0
		c := Check{From: to, URL: at.URL, Key: dbtest.Key, Log: quiet, Now: time.Now, Verify: func(ctx context.Context, d *db.DB) error {
			looked++
			if err := d.Arm(ctx); !fault.Is(err, fault.Forbidden) {
				t.Errorf("a copy that is only looked at was armed: %v", err)
			}
			if list, err := d.Lease(ctx, "me", time.Minute, 0); !fault.Is(err, fault.Forbidden) || len(list) > 0 {
				t.Errorf("it leases lanes: %v %v", list, err)
			}
			return nil
		}}
		if about, err := c.Run(t.Context()); !fault.Is(err, fault.NotFound) || !about.IsZero() {
			t.Errorf("without a backup: %v %v", about, err)
		}
		b, err := take(t, Options{From: at, To: to})
		if err != nil {
			t.Fatal(err)
		}
		if about, err := c.Run(t.Context()); err != nil || !about.Equal(b.MadeAt) || looked != 1 {
			t.Errorf("a good backup: %v %v, looked %d times", about, err, looked)
		}
		c.Now = func() time.Time { return time.Now().Add(3 * 24 * time.Hour) }
		if _, err := c.Run(t.Context()); !fault.Is(err, fault.Conflict) || !strings.Contains(fault.WordsOf(err), "hours old") {
			t.Errorf("an old backup: %v", err)
		}
		c.Now, c.Verify = time.Now, func(context.Context, *db.DB) error { return errors.New("an order is there twice") }
		if _, err := c.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "twice") {
			t.Errorf("what verify finds is not told: %v", err)
		}
		scratch := func() []string {
			if at.URL == "" {
				left, _ := filepath.Glob(filepath.Join(to, scratchDir+"*"))
				return left
			}
			raw, err := db.OpenRaw(t.Context(), at.URL)
			if err != nil {
				t.Fatal(err)
			}
			defer raw.Close()
			left, err := raw.Databases(t.Context(), scratchName)
			if err != nil {
				t.Fatal(err)
			}
			return left
		}
		if left := scratch(); len(left) > 0 {
			t.Errorf("the check left %v", left)
		}

		// A check dies, and leaves its copy: the next day's takes it away, and no other.
		died := c
		if _, _, err := died.scratch(t.Context(), b); err != nil {
			t.Fatal(err)
		}
		was := scratch()
		c.Verify = nil
		if _, err := c.Run(t.Context()); err != nil || len(was) != 1 || !slices.Equal(scratch(), was) {
			t.Errorf("%v: a copy of a moment ago was taken away: %v are left of %v", err, scratch(), was)
		}
		c.Now = func() time.Time { return time.Now().Add(25 * time.Hour) }
		if _, err := c.Run(t.Context()); err != nil || len(scratch()) > 0 {
			t.Errorf("%v: the copy of a check that died stays: %v", err, scratch())
		}
	})
}

func TestABackupTellsNothing(t *testing.T) {
	at := Place{Dir: t.TempDir()}
	d := open(t, at)
	m := merchant(t, d)
	if err := place(t.Context(), d, m, "1"); err != nil {
		t.Fatal(err)
	}
	b, err := take(t, Options{From: at, To: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{manifestName, sqliteName} {
		text, err := os.ReadFile(filepath.Join(b.Path, name))
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(text, dbtest.Key[:8]) || bytes.Contains(text, []byte(phone)) {
			t.Errorf("%s holds the key, or a phone number that was journalled", name)
		}
		if st, err := os.Stat(filepath.Join(b.Path, name)); err != nil || st.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s may be read by others: %v %v", name, st.Mode(), err)
		}
	}
}

func FuzzAManifestIsReadOrRefused(f *testing.F) {
	f.Add([]byte(`{"form":1,"program":"x","made_at":"2026-03-01T00:00:00Z","key_id":"a","engine":"sqlite","schema":4,"installation":"i","counts":{"orders":1},"feeds":{},"files":[{"name":"tongdan.db","size":1,"sha256":"` + strings.Repeat("0", 64) + `"}]}`))
	f.Add([]byte(`{"form":1,"engine":"sqlite","files":[{"name":"../key"}]}`))
	f.Add([]byte(`[]`))
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := parse(text)
		if err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Errorf("refused with %v", err)
			}
			return
		}
		for _, file := range m.Files {
			if filepath.Base(file.Name) != file.Name || file.Name == ".." {
				t.Errorf("a file leads out of the folder: %q", file.Name)
			}
		}
	})
}
