package hub_test

import (
	"archive/zip"
	"bytes"
	"database/sql"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/hub"
	"github.com/tongdan/tongdan/internal/platform"
)

func TestReplayGivesWhatIsStoredAndShowsWhatIsNot(t *testing.T) {
	eachPlace(t, func(w *shopWorld, raw *sql.DB, _ db.Options) {
		t, ctx := w.t, w.t.Context()
		ids := w.live()
		replay := func(o hub.ReplayOptions) hub.ReplayReport {
			t.Helper()
			o.Dir = t.TempDir()
			rep, err := w.hub.Replay(ctx, o)
			if err != nil {
				w.t.Fatal(err)
			}
			return rep
		}
		rep := replay(hub.ReplayOptions{})
		if rep.Differ != 0 || rep.Orders != len(ids) || rep.Unread != 0 || rep.Learnt < 2*len(ids) {
			t.Errorf("%d of %d orders differ, %d lines about orders, unread %+v", rep.Differ, rep.Orders, rep.Learnt, rep.Trouble)
			for _, x := range rep.Orderly {
				t.Logf("%s: %+v", x.Ref.ID, x.Fields)
			}
		}
		row, _, _, _ := w.row(ids[1])
		if rep := replay(hub.ReplayOptions{Order: row.ID}); rep.Differ != 0 || rep.Orders != 1 {
			t.Errorf("one order: %+v", rep)
		}

		if _, err := raw.ExecContext(ctx, `UPDATE orders SET status = 'done' WHERE external_id = $1`, ids[3]); err != nil {
			w.t.Fatal(err)
		}
		rep = replay(hub.ReplayOptions{})
		if rep.Differ != 1 || len(rep.Orderly) != 1 || rep.Orderly[0].Ref.ID != ids[3] {
			w.t.Fatalf("a changed row: %+v", rep)
		}
		f := rep.Orderly[0].Fields
		if len(f) != 1 || f[0].Field != "status" || f[0].Stored != "done" || f[0].Replayed != "accepted" || len(f[0].By) == 0 || len(rep.Orderly[0].Lines) < 2 {
			t.Errorf("what differs: %+v", f)
		}
		if _, err := raw.ExecContext(ctx, `DELETE FROM journal WHERE order_id = (SELECT id FROM orders WHERE external_id = $1)`, ids[4]); err != nil {
			w.t.Fatal(err)
		}
		if rep = replay(hub.ReplayOptions{}); rep.Differ != 2 {
			t.Errorf("an order without its journal: %+v", rep)
		}
	})
}

func TestACaseReplaysElsewhereAndTellsNobodysName(t *testing.T) {
	eachPlace(t, func(w *shopWorld, _ *sql.DB, _ db.Options) {
		t, ctx := w.t, w.t.Context()
		ids := w.live()
		for _, ref := range ids[:3] {
			row, o, _, _ := w.row(ref)
			if o.Customer == nil || o.Customer.Name == "" || o.Customer.Phone == "" || o.Customer.Address == "" {
				w.t.Fatalf("the simulated customer is empty: %+v", o.Customer)
			}
			var b bytes.Buffer
			w.must(w.hub.PackCase(ctx, w.who.Merchant, row.ID, "test", &b))
			plain := unzip(t, b.Bytes())
			for _, secret := range []string{o.Customer.Name, o.Customer.Phone, o.Customer.Address, "少冰", "小王", "茶铺", "0123456789abcdef"} {
				if utf8.RuneCountInString(secret) == 1 { // may be part of a dish
					secret = `"name": "` + secret
				}
				if strings.Contains(plain, secret) {
					i := strings.Index(plain, secret)
					t.Errorf("%q is in the case: …%s…", secret, plain[max(i-200, 0):min(i+60, len(plain))])
				}
			}
			c, err := hub.ReadCase(bytes.NewReader(b.Bytes()), int64(b.Len()))
			w.must(err)
			rep, err := hub.ReplayCase(ctx, platform.All(), c, t.TempDir(), nil)
			w.must(err)
			if rep.Differ != 0 || rep.Orders != 1 || rep.Learnt < 2 || rep.Unread != 0 {
				t.Errorf("%d fields differ elsewhere: %+v", len(rep.Orderly), rep)
			}
			c.Stored.Row.Status = "done"
			if rep, err = hub.ReplayCase(ctx, platform.All(), c, t.TempDir(), nil); err != nil || rep.Differ != 1 {
				t.Errorf("a case whose stored status is wrong: %+v %v", rep, err)
			}
		}
		if _, err := hub.ReadCase(strings.NewReader("nonsense"), 8); err == nil {
			t.Error("nonsense is taken for a case")
		}
	})
}

func unzip(t testing.TB, b []byte) string {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(&out, r); err != nil {
			t.Fatal(err)
		}
		r.Close()
	}
	return out.String()
}
