package db_test

import (
	"testing"
	"time"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/db/dbtest"
)

func TestPasskeysAndTheirChallenges(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx, m := t.Context(), brand(t, d)
		soon := time.Now().Add(time.Minute).UnixMilli()
		take := func(hash string, user ident.User) bool {
			t.Helper()
			ok, err := d.TakeChallenge(ctx, []byte(hash), user)
			if err != nil {
				t.Fatal(err)
			}
			return ok
		}
		for hash, expires := range map[string]int64{"one": soon, "late": time.Now().Add(-time.Second).UnixMilli()} {
			if err := d.AddChallenge(ctx, []byte(hash), 7, expires); err != nil {
				t.Fatal(err)
			}
		}
		if take("one", 8) || take("one", 0) || take("late", 7) || take("none", 7) {
			t.Error("a challenge of somebody else, an old one or none was taken")
		}
		if !take("one", 7) || take("one", 7) {
			t.Error("a challenge works once")
		}

		key, err := d.AddPasskey(ctx, db.PasskeyRow{ID: []byte("id-1"), Merchant: m, User: 7, Host: "tongdan.example", PublicKey: []byte("key"), Counter: 1<<32 - 2, Device: "Chrome · Android"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := d.AddPasskey(ctx, db.PasskeyRow{ID: []byte("id-1"), Merchant: m, User: 9}); !fault.Is(err, fault.Conflict) {
			t.Errorf("somebody else registers the same key: %v", err)
		}
		got, err := d.Passkey(ctx, []byte("id-1"))
		if err != nil || got.User != 7 || got.Host != "tongdan.example" || got.Counter != 1<<32-2 || got.Used != 0 || got.Made != key.Made {
			t.Errorf("found %+v (%v)", got, err)
		}
		for i, want := range []bool{true, false} { // two with what was read once
			if ok, err := d.UsePasskey(ctx, got, 1<<32-1); err != nil || ok != want {
				t.Errorf("use %d: %v (%v)", i, ok, err)
			}
		}
		if list, err := d.Passkeys(ctx, 7); err != nil || len(list) != 1 || list[0].Used == 0 || list[0].Counter != 1<<32-1 {
			t.Errorf("the list: %+v (%v)", list, err)
		}
		if err := d.DeletePasskey(ctx, m, 9, []byte("id-1")); !fault.Is(err, fault.NotFound) {
			t.Errorf("somebody else removes it: %v", err)
		}
		if err := d.DeletePasskey(ctx, m, 7, []byte("id-1")); err != nil {
			t.Error(err)
		}
		if _, err := d.Passkey(ctx, []byte("id-1")); !fault.Is(err, fault.NotFound) {
			t.Errorf("after that it is found: %v", err)
		}
		for i := range db.MostPasskeys + 1 {
			_, err := d.AddPasskey(ctx, db.PasskeyRow{ID: []byte{byte(i)}, Merchant: m, User: 7, PublicKey: []byte("key")})
			if (err == nil) != (i < db.MostPasskeys) {
				t.Fatalf("key %d: %v", i+1, err)
			}
		}
	})
}
