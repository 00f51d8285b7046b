package db

import (
	"context"
	"log/slog"
	"strings"
	"testing"

	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/order"
)

// lookups are all of them.
var lookups = map[string]*lookup{
	"effectOrders": &effectOrders, "orderRefs": &orderRefs, "linksOut": &linksOut, "linksIn": &linksIn, "orderRows": &orderRows, "recordRows": &recordRows,
	"aliasRows": &aliasRows, "effectRows": &effectRows, "effectsOf": &effectsOf, "effectsKeyed": &effectsKeyed, "laneRows": &laneRows, "nameRows": &nameRows, "followRows": &followRows,
	"orderIDs": &orderIDs, "offersCoded": &offersCoded, "offersNamed": &offersNamed, "levelRows": &levelRows, "offersOf": &offersOf, "chainedRows": &chainedRows,
	"reservedOf": &reservedOf, "orderSeqs": &orderSeqs, "postingRows": &postingRows,
}

// Every look-up by key must go along the whole key: along a part of it, it reads all
// rows of the merchant. SQLite has no statistics to know that by.
func TestLookupsGoAlongTheirWholeKeyOnSQLite(t *testing.T) {
	d, err := Open(context.Background(), Options{Dir: t.TempDir(), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	for name, l := range lookups {
		for _, n := range []int{1, 4} {
			args := make([]any, n*len(l.types))
			for i := range args {
				args[i] = "1"
			}
			s := l.stmts(args, "", nil)[0]
			var plan []string
			if err := d.query(t.Context(), "EXPLAIN QUERY PLAN "+s.text, s.args, func(scan scanFunc) error {
				var id, parent, unused int
				var detail string
				err := scan(&id, &parent, &unused, &detail)
				plan = append(plan, detail)
				return err
			}); err != nil {
				t.Fatal(err)
			}
			text := strings.Join(plan, "; ")
			keys := 0
			for _, step := range plan {
				keys = max(keys, strings.Count(step, "=?"))
			}
			listed := strings.Contains(text, "CONSTANT ROW") // a list is a table to SQLite
			if !strings.HasPrefix(plan[0], "SEARCH") || keys < len(l.types) && !strings.Contains(plan[0], "(rowid=?)") || strings.Contains(text, "(merchant_id=?)") || n == 1 && listed {
				t.Errorf("%s of %d goes along %d of %d columns: %s", name, n, keys, len(l.types), text)
			}
		}
	}
}

// Pages must take no longer when there are more orders: no list may sort or scan.
func TestListsWalkAlongAnIndexOnSQLite(t *testing.T) {
	d, err := Open(context.Background(), Options{Dir: t.TempDir(), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	for name, q := range map[string]struct {
		f      Filter
		stores []ident.Store
		want   string
	}{
		"all":          {Filter{}, nil, "orders_time (merchant_id=? AND sort_at<?"},
		"two statuses": {Filter{Status: []order.Status{order.StatusNew, order.StatusDone}}, nil, "orders_status (merchant_id=? AND status=?"},
		"a store":      {Filter{}, []ident.Store{3}, "orders_store (merchant_id=? AND store_id=? AND status=?"},
		"a shop":       {Filter{Shops: []ident.Shop{5}}, nil, "orders_shop (merchant_id=? AND shop_id=? AND status=?"},
		"a shop's status, a month": {Filter{Shops: []ident.Shop{5, 6}, Status: []order.Status{order.StatusCancelled}, From: 1, To: 2}, nil,
			"orders_shop (merchant_id=? AND shop_id=? AND status=? AND sort_at>? AND sort_at<?"},
		"a status without those to be collected": {Filter{Status: []order.Status{order.StatusReady}, Without: BitPickup}, nil, "orders_status (merchant_id=? AND status=?"},
		"a store's status":                       {Filter{Status: []order.Status{order.StatusNew}}, []ident.Store{3, 4}, "orders_store (merchant_id=? AND store_id=? AND status=?"},
	} {
		args := []any{int64(1), int64(1) << 40, int64(1), int64(51)}
		text, _ := q.f.streams(q.stores, q.f.residual(&args), listColumns, &args)
		walks := 0
		if err := d.query(t.Context(), "EXPLAIN QUERY PLAN "+text, args, func(scan scanFunc) error {
			var id, parent, unused int
			var detail string
			err := scan(&id, &parent, &unused, &detail)
			if strings.Contains(detail, "SEARCH o ") {
				if !strings.Contains(detail, "INTEGER PRIMARY KEY (rowid=?)") {
					t.Errorf("%s: the orders that were found are read by %s", name, detail)
				}
			} else if strings.Contains(detail, "orders") {
				walks++
				if !strings.Contains(detail, "SEARCH") || !strings.Contains(detail, q.want) {
					t.Errorf("%s: %s, want %s", name, detail, q.want)
				}
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if walks == 0 {
			t.Errorf("%s: no walk in the plan", name)
		}
	}
}

// The offers of an account's shops are counted without reading those of all the others.
func TestOffersAreCountedByShopOnSQLite(t *testing.T) {
	d, err := Open(context.Background(), Options{Dir: t.TempDir(), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	var plan []string
	if err := d.query(t.Context(), "EXPLAIN QUERY PLAN "+offerCounts, []any{int64(1), int64(2)}, func(scan scanFunc) error {
		var id, parent, unused int
		var detail string
		err := scan(&id, &parent, &unused, &detail)
		plan = append(plan, detail)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if text := strings.Join(plan, "; "); !strings.Contains(text, "offers USING COVERING INDEX") || !strings.Contains(text, "(merchant_id=? AND shop_id=?)") {
		t.Error(text)
	}
}

// A store's hand-overs of a day are read along their own index, whatever else a merchant's journal holds.
func TestHandoversWalkAlongTheirIndexOnSQLite(t *testing.T) {
	d, err := Open(context.Background(), Options{Dir: t.TempDir(), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	var plan []string
	if err := d.query(t.Context(), "EXPLAIN QUERY PLAN "+handoverPage, []any{int64(1), int64(2), int64(3), int64(4), int64(5), int64(6), int64(0), int64(51)}, func(scan scanFunc) error {
		var id, parent, unused int
		var detail string
		err := scan(&id, &parent, &unused, &detail)
		plan = append(plan, detail)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if text := strings.Join(plan, "; "); !strings.HasPrefix(plan[0], "SEARCH j USING INDEX journal_handovers (merchant_id=? AND at") || !strings.Contains(text, "SEARCH o USING INTEGER PRIMARY KEY") || strings.Contains(text, "TEMP B-TREE") {
		t.Error(text)
	}
}

// What is due is looked for all the time, with thousands waiting: it may not be sorted.
func TestDueActsAreNotSortedOnSQLite(t *testing.T) {
	d, err := Open(context.Background(), Options{Dir: t.TempDir(), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	for _, where := range []string{` AND (order_id <> 0 OR deadline > 0) AND deadline = 0`, ` AND order_id = 0 AND deadline = 0`} {
		if err := d.query(t.Context(), "EXPLAIN QUERY PLAN "+dueEffects+where+dueOldest+` ORDER BY next_at, id LIMIT $4`, []any{int64(1), int64(2), int64(3), int64(4)}, func(scan scanFunc) error {
			var id, parent, unused int
			var detail string
			err := scan(&id, &parent, &unused, &detail)
			if strings.Contains(detail, "TEMP B-TREE") || strings.HasPrefix(detail, "SCAN") {
				t.Errorf("%s: %s", where, detail)
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
}
