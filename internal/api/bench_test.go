package api_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/api"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/db/dbtest"
	"github.com/tongdan/tongdan/internal/hub"
	"github.com/tongdan/tongdan/order"
	"github.com/tongdan/tongdan/role"
)

var benchOrders = flag.Int("orders", 20_000, "orders in the database of BenchmarkList")

// BenchmarkList reads first pages with 16 clients over HTTP and reports the time that
// 99 of 100 stay under.
func BenchmarkList(b *testing.B) {
	d := dbtest.Open(b, db.Options{Dir: b.TempDir()})
	m, err := d.AddMerchant(b.Context(), db.MerchantRow{Name: "m", Locale: "zh-CN"})
	if err != nil {
		b.Fatal(err)
	}
	secret, hash := api.NewToken(api.KeyPrefix)
	if _, err := d.AddKey(b.Context(), db.KeyRow{Merchant: m.ID, Name: "k", Hash: hash, Role: string(role.Owner), Personal: true}); err != nil {
		b.Fatal(err)
	}
	fill(b, d, m.ID, *benchOrders)
	h := hub.New(hub.Options{DB: d, Log: slog.New(slog.DiscardHandler), NoLanes: true})
	s, err := api.New(api.Options{Hub: h})
	if err != nil {
		b.Fatal(err)
	}
	srv := httptest.NewServer(s.Handler())
	defer srv.Close()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 16}}
	var mu sync.Mutex
	var took []time.Duration
	b.ResetTimer()
	var work sync.WaitGroup
	next := make(chan int)
	for range 16 {
		work.Go(func() {
			for range next {
				began := time.Now()
				req, _ := http.NewRequestWithContext(context.Background(), "GET", srv.URL+"/api/v1/orders?limit=50", nil)
				req.Header.Set("Authorization", "Bearer "+secret)
				resp, err := client.Do(req)
				if err != nil {
					b.Error(err)
					continue
				}
				n, _ := io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
				if resp.StatusCode != 200 || n < 10_000 {
					b.Errorf("%d, %d bytes", resp.StatusCode, n)
				}
				mu.Lock()
				took = append(took, time.Since(began))
				mu.Unlock()
			}
		})
	}
	for i := range b.N {
		next <- i
	}
	close(next)
	work.Wait()
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
}

func fill(b *testing.B, d *db.DB, m ident.Merchant, n int) {
	b.Helper()
	const part = 500
	now := time.Now().UnixMilli()
	for at := 0; at < n; at += part {
		_, err := d.Do(b.Context(), db.Verb{Name: "fill", Merchant: m, Class: db.Background, Alone: true, Refs: refs(at, part), Decide: func(tx *db.Tx) error {
			for i := at; i < at+part; i++ {
				st := order.Statuses[1+i%8]
				sum, _ := json.Marshal(hub.Summary{
					ID: ident.Order(i + 1), Channel: "meituan", Ref: fmt.Sprint(i), DisplayRef: fmt.Sprint(i), Kind: order.Takeaway, Status: st, Flags: []order.Flag{},
					Theirs: map[string]string{"work": "3"}, Lines: "珍珠奶茶×2 · 芝士奶盖×1", Issues: []hub.Issue{}, Pending: []hub.Pending{}, Actions: []string{"accept", "refuse"},
				})
				tx.PutOrder(&db.OrderRow{
					Merchant: m, Ref: order.Ref{Realm: "meituan", Kind: order.KindOrder, ID: fmt.Sprint(i)}, Channel: "meituan", Status: st, Kind: order.Takeaway,
					SortAt: now - int64(i)*1000, Changed: now, Summary: sum, Wants: []byte(`{}`),
				})
			}
			return nil
		}})
		if err != nil {
			b.Fatal(err)
		}
	}
}

func refs(at, n int) []order.Ref {
	out := make([]order.Ref, n)
	for i := range out {
		out[i] = order.Ref{Realm: "meituan", Kind: order.KindOrder, ID: fmt.Sprint(at + i)}
	}
	return out
}
