package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/db/dbtest"
)

// sealed makes a database with something of every kind that the master key seals, and
// gives what opens all of it again.
func sealed(t *testing.T, c command, dir, url string) (look func(*db.DB)) {
	t.Helper()
	d, err := c.open(t.Context(), dir, url)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	m, err := merchant(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	app, err := d.PutApp(t.Context(), db.AppRow{Merchant: m.ID, Channel: "meituan", Name: "app", Credentials: map[string]string{"secret": "hush"}})
	if err != nil {
		t.Fatal(err)
	}
	a, err := d.PutAccount(t.Context(), db.AccountRow{Merchant: m.ID, App: app.ID, Channel: "meituan", Realm: "meituan", Name: "one", Credentials: map[string]string{"token": "hush hush"}})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.SaveVault(t.Context(), m.ID, a.ID, "token", time.UnixMilli(5), []byte("rotated")); err != nil {
		t.Fatal(err)
	}
	return func(d *db.DB) {
		t.Helper()
		got, ok := d.AppByID(app.ID)
		acct, err := d.Account(t.Context(), m.ID, a.ID)
		kept, verr := d.LoadVault(t.Context(), m.ID, a.ID, "token")
		if !ok || err != nil || verr != nil || got.Credentials["secret"] != "hush" || acct.Credentials["token"] != "hush hush" || string(kept) != "rotated" {
			t.Errorf("after the rotation: %v %v %q (%v %v)", got.Credentials, acct.Credentials, kept, err, verr)
		}
	}
}

func TestTheMasterKeyIsRotatedAndTheOldOneRefused(t *testing.T) {
	t.Parallel()
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			dir, url := t.TempDir(), ""
			if engine == "postgres" {
				url = dbtest.Postgres(t)
			}
			env := func(name string) string {
				if name == "DATABASE_URL" {
					return url
				}
				return ""
			}
			var out output
			c := command{env: env, out: &out, err: io.Discard, log: quietLog}
			look := sealed(t, c, dir, url)
			old, err := c.oldKey(dir)
			if err != nil {
				t.Fatal(err)
			}
			open := func(key [32]byte) (*db.DB, error) {
				o := db.Options{URL: url, Key: key, Log: quietLog}
				if url == "" {
					o.Dir = dir
				}
				return db.Open(t.Context(), o)
			}

			// A node that runs holds a lane: the key is not taken from under it.
			if url != "" {
				d, err := open(old)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := d.Lease(t.Context(), "a node", time.Minute, 0); err != nil {
					t.Fatal(err)
				}
				if err := run(t.Context(), []string{"rotate-key", "--data", dir}, env, &out, io.Discard); !fault.Is(err, fault.Conflict) {
					t.Errorf("beside a node that runs: %v", err)
				}
				if _, err := os.Stat(filepath.Join(dir, nextKeyFile)); err == nil {
					t.Error("a key that fits nothing was left")
				}
				if err := d.Release(t.Context(), "a node"); err != nil {
					t.Fatal(err)
				}
				// It stays open, as a node would that is frozen: it must not seal with the old key any more.
				defer func() {
					m, err := d.Merchants(t.Context())
					if err != nil {
						t.Fatal(err)
					}
					if _, err := d.PutApp(t.Context(), db.AppRow{Merchant: m[0].ID, Channel: "meituan", Name: "late"}); !fault.Is(err, fault.Unavailable) || !strings.Contains(fault.WordsOf(err), "rotated") {
						t.Errorf("a node with the old key went on sealing: %v", err)
					}
					d.Close()
				}()
			}

			if err := run(t.Context(), []string{"rotate-key", "--data", dir}, env, &out, io.Discard); err != nil {
				t.Fatal(err)
			}
			key, err := c.oldKey(dir)
			if err != nil || key == old {
				t.Fatalf("the key file is as it was (%v)", err)
			}
			if kept, err := readKey(filepath.Join(dir, "key."+db.KeyID(old))); err != nil || kept != old {
				t.Errorf("the old key is not kept: %v", err)
			}
			if _, err := open(old); !fault.Is(err, fault.Unauthorized) {
				t.Errorf("the old key still opens it: %v", err)
			}
			d, err := c.open(t.Context(), dir, url)
			if err != nil {
				t.Fatal(err)
			}
			look(d)
			if err := d.Close(); err != nil {
				t.Fatal(err)
			}

			// Broken off between the database and the file: the next start ends it.
			next := [32]byte{7}
			if err := writeKey(filepath.Join(dir, nextKeyFile), next); err != nil {
				t.Fatal(err)
			}
			if d, err = open(key); err != nil {
				t.Fatal(err)
			}
			if _, err := d.RotateKey(t.Context(), next); err != nil {
				t.Fatal(err)
			}
			d.Close()
			if d, err = c.open(t.Context(), dir, url); err != nil {
				t.Fatal(err)
			}
			look(d)
			d.Close()
			if got, err := c.oldKey(dir); err != nil || got != next {
				t.Errorf("the key file is not the new one: %v", err)
			}
			// Broken off before the database: the key that is there fits, and the next try goes through.
			if err := writeKey(filepath.Join(dir, nextKeyFile), [32]byte{8}); err != nil {
				t.Fatal(err)
			}
			if d, err = c.open(t.Context(), dir, url); err != nil {
				t.Fatal(err)
			}
			d.Close()
			if err := run(t.Context(), []string{"rotate-key", "--data", dir}, env, &out, io.Discard); err != nil {
				t.Error(err)
			}
			if d, err = c.open(t.Context(), dir, url); err != nil {
				t.Fatal(err)
			}
			look(d)
			d.Close()
		})
	}
}
