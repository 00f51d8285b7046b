package db_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/db/dbtest"
	"github.com/tongdan/tongdan/money"
	"github.com/tongdan/tongdan/order"
)

// A sample is what a push of a new order brings: 5 KB of body, the record that a
// connector makes of it, the summary that hub makes of that. Making these is not
// measured here.
type sample struct {
	body    []byte
	at      int // where the number is in the body
	rec     order.Record
	summary []byte
}

func samples() []sample {
	var out []sample
	for n := range int64(64) {
		var s sample
		s.body = []byte(`{"orderId":`)
		s.at = len(s.body)
		s.body = fmt.Appendf(s.body, `%016d,"timestamp":%d,"detail":"`, 0, n*7919)
		for i := range int64(28) {
			s.body = fmt.Appendf(s.body, `{\"app_food_code\":\"%d\",\"food_name\":\"珍珠奶茶 (大杯)%d\",\"sku_id\":\"%d\",\"quantity\":%d,\"price\":%d.5,\"box_num\":1,\"box_price\":1,\"unit\":\"杯\",\"food_discount\":1,\"food_property\":\"少冰,半糖\"},`, n+i, i, n*31+i, i%3+1, i+10)
		}
		s.body = append(s.body, `"}`...)
		bill := order.Bill{Total: money.Of(3250, "CNY")}
		for i := range 5 {
			bill.Lines = append(bill.Lines, order.Line{Key: fmt.Sprint(i), Name: "珍珠奶茶", SKU: fmt.Sprint("tea", i), Quantity: 1, Price: money.Of(650, "CNY"), Total: money.Of(650, "CNY"), Options: []string{"少冰", "半糖"}})
		}
		stamp := order.Stamp{Version: n, Class: order.ClassPush}
		order.Put(&s.rec, order.RegBill, stamp, bill)
		order.Put(&s.rec, order.RegSold, stamp, bill)
		order.Put(&s.rec, order.RegHead, stamp, order.Head{Display: "2026112100000001", DaySeq: "12", Kind: order.Takeaway})
		order.Put(&s.rec, order.RegCustomer, stamp, order.Customer{Name: "王小明", Phone: "13800138000", Address: "北京市朝阳区望京东路4号"})
		s.rec.Say(order.AxisWork, order.Said{State: "2", At: n})
		s.summary = fmt.Appendf(nil, `{"display":"%d","lines":"%s","total":3250}`, n, strings.Repeat("珍珠奶茶×2 · ", 20))
		out = append(out, s)
	}
	return out
}

var statuses = []order.Status{order.StatusNew, order.StatusAccepted, order.StatusDelivering}

// intake is the verb that keeps a sample: journal, record, row, effect, feed.
func intake(m ident.Merchant, s *sample, n int64) db.Verb {
	id := fmt.Sprintf("%016d", 2026112100000000+n)
	body := bytes.Clone(s.body)
	copy(body[s.at:], id)
	return db.Verb{Name: "intake", Merchant: m, Refs: []order.Ref{ref(id)}, Keys: []string{"ack " + id}, Bodies: [][]byte{body}, Class: db.Pushes, Decide: func(t *db.Tx) error {
		old, _ := t.Record(ref(id))
		t.PutRecord(ref(id), old.Merge(s.rec))
		row, ok := t.Order(ref(id))
		if !ok {
			row = &db.OrderRow{ID: ident.Order(t.ID()), Ref: ref(id), Channel: "meituan", Account: 7, Shop: 8, Store: ident.Store(n % 8), SortAt: t.Now().UnixMilli(), DueAt: t.Now().UnixMilli() + 300_000, Kind: order.Takeaway}
		}
		row.Status, row.Summary, row.Wants = statuses[n%3], s.summary, []byte(`{"asks":["acknowledge"]}`)
		row.Search = db.SearchText{Names: []string{"珍珠奶茶"}, Numbers: []string{id}, DaySeq: "12", Phones: []string{"13800138000"}, Persons: []string{"王小明"}}
		if _, ok := t.EffectByKey("ack " + id); !ok {
			t.PutEffect(&effect.Effect{Order: row.ID, Account: 7, App: 6, Target: "order/" + row.ID.String(), Kind: "acknowledge", Key: "ack " + id, Nature: effect.Guarded, State: effect.Waiting, NextAt: t.Now().UnixMilli(), Cause: "want"})
		}
		t.PutOrder(row)
		t.Journal(db.Entry{Direction: db.Push, What: "order.paid", Channel: "meituan", Account: 7, Order: row.ID, Ref: ref(id), Method: "POST", Path: "order/paid", Body: body})
		t.Touch(7, func(a *db.AccountRow) { a.LastPush = t.Now().UnixMilli() })
		return nil
	}}
}

// cpu is the processor time of this process in µs: on a machine that others use too it
// says more than the clock.
func cpu() int64 {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return u.Utime.Sec*1e6 + u.Utime.Usec + u.Stime.Sec*1e6 + u.Stime.Usec
}

// BenchmarkIntakeRows measures whole verbs, committed, of 64 callers at once.
func BenchmarkIntakeRows(b *testing.B) {
	for _, e := range []string{"sqlite", "postgres"} {
		b.Run(e, func(b *testing.B) {
			o := db.Options{Dir: b.TempDir()}
			if e == "postgres" {
				o = db.Options{URL: dbtest.Postgres(b)}
			}
			d := dbtest.Open(b, o)
			m := brand(b, d)
			all := samples()
			var n atomic.Int64
			verb := func() db.Verb {
				i := n.Add(1)
				return intake(m, &all[i%int64(len(all))], i)
			}
			b.SetParallelism(32) // times GOMAXPROCS
			b.ResetTimer()
			began, used := time.Now(), cpu()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if _, err := d.Do(context.Background(), verb()); err != nil {
						b.Error(err)
						return
					}
				}
			})
			b.ReportMetric(float64(b.N)/time.Since(began).Seconds(), "verbs/s")
			b.ReportMetric(float64(cpu()-used)/float64(b.N), "cpu-µs/verb") // of this process, callers included
		})
	}
}
