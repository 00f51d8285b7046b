package mercadolibre

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/channel/channeltest"
	simulator "github.com/tongdan/tongdan/internal/sim/mercadolibre"
	"github.com/tongdan/tongdan/order"
	"pgregory.net/rapid"
)

// aLife draws what one order and its parcel may say over time: reads, rows and partial
// answers of the same moments, in no sensible order.
func aLife(t *rapid.T) []channel.Item {
	order1, ship1 := file(t0, "order.json"), file(t0, "shipment.json")
	var items []channel.Item
	for range rapid.IntRange(1, 5).Draw(t, "orders") {
		status := rapid.SampledFrom([]string{"confirmed", "payment_in_process", "paid", "pending_cancel", "cancelled", "partially_refunded", "brand_new"}).Draw(t, "status")
		at := start.Add(time.Duration(rapid.IntRange(0, 3).Draw(t, "minute")) * time.Minute)
		raw := edit(t0, order1, map[string]any{
			"status": status, "last_updated": at.Format(searchTime), "payments.date_last_modified": at.Format(searchTime),
			"payments.status":                      rapid.SampledFrom([]string{"pending", "approved", "in_mediation", "refunded"}).Draw(t, "payment"),
			"payments.transaction_amount_refunded": json.Number(rapid.SampledFrom([]string{"0", "50", "259.8"}).Draw(t, "refunded")),
			"order_items.quantity":                 json.Number(rapid.SampledFrom([]string{"1", "2"}).Draw(t, "pieces")),
			"tags":                                 rapid.SampledFrom([][]string{{"paid"}, {"paid", "fraud_risk_detected"}}).Draw(t, "tags"),
		})
		read := at.Add(time.Duration(rapid.IntRange(0, 120).Draw(t, "read")) * time.Second)
		class := rapid.SampledFrom([]order.Class{order.ClassRow, order.ClassRead}).Draw(t, "class")
		var missing []string
		if rapid.Bool().Draw(t, "partial") {
			missing = []string{"buyer"}
		}
		items = append(items, translateOrder(raw, class, read, missing))
	}
	for range rapid.IntRange(0, 4).Draw(t, "parcels") {
		state := rapid.SampledFrom([]string{"pending/", "ready_to_ship/ready_to_print", "ready_to_ship/printed", "shipped/", "delivered/", "not_delivered/returned", "cancelled/closed_by_user"}).Draw(t, "state")
		status, sub, _ := strings.Cut(state, "/")
		at := start.Add(time.Duration(rapid.IntRange(0, 3).Draw(t, "minute")) * time.Minute)
		p := parts{Shipment: edit(t0, ship1, map[string]any{"status": status, "substatus": sub, "last_updated": at.Format(searchTime)}), For: []string{orderID}}
		if rapid.Bool().Draw(t, "history") {
			p.History = file(t0, "history.json")
		}
		if rapid.Bool().Draw(t, "sla") {
			p.SLA = file(t0, "sla.json")
		} else {
			p.Failed = []string{"sla"}
		}
		items = append(items, translateShipment(p.encode(), at.Add(time.Minute)))
	}
	return items
}

var t0 testing.TB // of the running property: rapid.T is no testing.TB

func TestMessagesInAnyOrderAndRepeatedGiveTheSameOrder(t *testing.T) {
	t0 = t
	rapid.Check(t, func(rt *rapid.T) {
		items := aLife(rt)
		want := fold(t, items...)
		mixed := rapid.Permutation(slices.Concat(items, items[:rapid.IntRange(0, len(items)).Draw(rt, "again")])).Draw(rt, "mixed")
		got := fold(t, mixed...)
		if x, y := channeltest.Seen(want), channeltest.Seen(got); x != y {
			rt.Fatalf("want\n%s\ngot\n%s", x, y)
		}
		if x, y := order.WantsOf(&want, grammar), order.WantsOf(&got, grammar); !reflect.DeepEqual(x, y) {
			rt.Fatalf("wants %+v, got %+v", x, y)
		}
	})
}

// The journal keeps Item.Raw: translating those bytes again must say the same.
func TestAShipmentsBytesSayTheSameAgain(t *testing.T) {
	w := openWorld(t, nil)
	ref := w.Place(t, channeltest.Wish{})
	w.act(t, ref, "move", simulator.ActArgs{Status: "shipped"})
	items, err := w.shop(t).Read(t.Context(), ref)
	if err != nil || len(items) != 2 {
		t.Fatalf("%d items, %v", len(items), err)
	}
	again := translateShipment(items[1].Raw, w.clock.Now())
	if !reflect.DeepEqual(again.Readings, items[1].Readings) {
		t.Errorf("want %s\ngot %s", mustJSON(items[1].Readings), mustJSON(again.Readings))
	}
}

// readable is what a read can bring back: everything but the moments at which the
// order's status changed, and the bill as it was first seen.
func readable(o order.Order) string {
	o.Events, o.Sold = nil, nil
	for i := range o.Delivered {
		o.Delivered[i].Updates = nil
	}
	return channeltest.Seen(o)
}

// merchant keeps what the platform says in a book of his own.
type merchant struct {
	conn *channel.Conn
	book channeltest.Book
}

func TestAfterLossAndRepairEveryReadableFactIsEqual(t *testing.T) {
	for _, cancelled := range []bool{false, true} {
		t.Run(fmt.Sprintf("cancelled orders hidden from the search: %v", cancelled), func(t *testing.T) {
			w := openWorld(t, func(o *simulator.Options) {
				o.Config = simulator.Config{HideCancelled: cancelled, ShipmentDelay: simulator.Span(20 * time.Second), TextIDs: true, Unknown: true, TrailingZeros: true}
			})
			whole, holed := &merchant{conn: channel.NewConn(info, w.shop(t))}, &merchant{conn: channel.NewConn(info, w.shop(t))}
			var refs []order.Ref
			n := 0
			both := func() {
				w.Advance(t, 30*time.Second)
				for _, r := range w.Pushes(t) {
					got := thePlatform.Receive(w.acct.App, r)
					if err := whole.book.Take(got.Item); err != nil {
						t.Fatal(err)
					}
					if n++; n%3 != 0 { // two of three are lost on the way
						continue
					}
					if err := holed.book.Take(got.Item); err != nil {
						t.Fatal(err)
					}
				}
				_ = whole.book.Follow(t.Context(), whole.conn)
				_ = holed.book.Follow(t.Context(), holed.conn)
			}
			for range 6 {
				refs = append(refs, w.Place(t, channeltest.Wish{}))
				both()
			}
			for i, ref := range refs {
				switch i {
				case 0:
					w.act(t, ref, "buyer_cancel", simulator.ActArgs{})
				case 1:
					w.act(t, ref, "refund", simulator.ActArgs{Amount: 0})
				case 2, 3:
					w.act(t, ref, "move", simulator.ActArgs{Status: "shipped"})
				}
				both()
				if i == 3 {
					w.act(t, ref, "deliver", simulator.ActArgs{})
				}
			}
			both()
			// Repair: a pull, what it hints at, and the sweep over what is open.
			for _, m := range []*merchant{whole, holed} {
				if _, err := m.book.Pull(t.Context(), m.conn, channel.Pull{}); err != nil {
					t.Fatal(err)
				}
				for range 2 {
					if err := m.book.Follow(t.Context(), m.conn); err != nil {
						t.Fatal(err)
					}
				}
				for _, ref := range m.book.Orders() {
					items, err := m.conn.Read(t.Context(), ref)
					if err != nil {
						t.Fatal(err)
					}
					if err := m.book.Take(items...); err != nil {
						t.Fatal(err)
					}
				}
			}
			for i, ref := range refs {
				if cancelled && i == 0 && len(holed.book.Records[ref].Regs) == 0 {
					continue // never heard of while alive, and hidden since: not readable by any list
				}
				a, b := whole.book.Order(ref, grammar), holed.book.Order(ref, grammar)
				if x, y := readable(a), readable(b); x != y {
					t.Errorf("order %d: want\n%s\ngot\n%s", i, x, y)
				}
			}
		})
	}
}

func TestAPullWalksManyPagesAndStopsAnywhere(t *testing.T) {
	w := openWorld(t, nil)
	want := map[string]bool{}
	for i := range 130 {
		want[w.Place(t, channeltest.Wish{Each: 1}).ID] = true
		if i%10 == 0 {
			w.clock.Advance(time.Minute)
		}
	}
	conn := channel.NewConn(info, w.shop(t))
	var cursor json.RawMessage
	got := map[string]bool{}
	for range 20 { // a lane that gives way after each page
		for page, err := range conn.Pull(t.Context(), channel.Pull{Cursor: cursor}) {
			if err != nil {
				t.Fatal(err)
			}
			for _, it := range page.Items {
				if it.Err != nil {
					t.Fatal(it.Err)
				}
				got[it.Ref.ID] = true
			}
			cursor = page.Cursor
			break
		}
	}
	for id := range want {
		if !got[id] {
			t.Errorf("order %s is missing", id)
		}
	}
}

// aSearch is /orders/search with its limits, over orders with a moment each.
type aSearch struct {
	t     *testing.T
	times []time.Time
	calls int
}

func (a *aSearch) answer(r *http.Request) (int, string) {
	if r.URL.Path != "/orders/search" {
		return 200, `{"messages":[]}`
	}
	a.calls++
	q := r.URL.Query()
	var offset, limit int
	fmt.Sscan(q.Get("offset"), &offset)
	fmt.Sscan(q.Get("limit"), &limit)
	if limit > 51 || offset+limit > 10_000 {
		a.t.Errorf("offset %d limit %d: the platform refuses that", offset, limit)
		return 400, `{"error":"limit.maximum_exceeded"}`
	}
	from, err := time.Parse(searchTime, q.Get("order.date_last_updated.from"))
	if err != nil || from.Minute() != 0 || q.Get("seller") != "700000001" || q.Get("sort") != "date_asc" {
		a.t.Errorf("query %s", r.URL.RawQuery)
	}
	to := from.AddDate(9, 0, 0)
	if s := q.Get("order.date_last_updated.to"); s != "" {
		to, _ = time.Parse(searchTime, s)
	}
	var rows []string
	total := 0
	for i, at := range a.times {
		if at.Before(from) || !at.Before(to) {
			continue
		}
		if total >= offset && len(rows) < limit {
			rows = append(rows, fmt.Sprintf(`{"id":%d,"last_updated":%q,"status":"paid"}`, 2000000000000000+i, at.Format(searchTime)))
		}
		total++
	}
	return 200, fmt.Sprintf(`{"results":[%s],"paging":{"total":%d,"offset":%d,"limit":%d}}`, strings.Join(rows, ","), total, offset, limit)
}

func TestAPullOfMoreRowsThanTheSearchListsIsCutIntoWindows(t *testing.T) {
	a := &aSearch{t: t}
	for i := range 12_000 { // a month, most of it in two days
		at := start.Add(-time.Duration(i) * 15 * time.Second)
		if i < 100 {
			at = start.AddDate(0, 0, -20).Add(time.Duration(i) * time.Second)
		}
		a.times = append(a.times, at)
	}
	s := stub(t, a.answer)
	got := map[string]bool{}
	var cursor json.RawMessage
	for page, err := range s.Pull(t.Context(), channel.Pull{}) {
		if err != nil {
			t.Fatal(err)
		}
		for _, it := range page.Items {
			got[it.Ref.ID] = true
		}
		cursor = page.Cursor
		if len(cursor) > 1000 {
			t.Fatalf("cursor %s", cursor)
		}
	}
	if len(got) != len(a.times) {
		t.Errorf("%d orders, want %d", len(got), len(a.times))
	}
	var c cursorForm
	unmarshal(t, cursor, &c)
	if c.Since != start.Add(-100*15*time.Second).UnixMilli() {
		t.Errorf("cursor %s", cursor)
	}
	a.calls = 0
	for _, err := range s.Pull(t.Context(), channel.Pull{Cursor: cursor}) {
		if err != nil {
			t.Fatal(err)
		}
	}
	if a.calls > 20 {
		t.Errorf("%d calls to go on from a cursor", a.calls)
	}
}

type cursorForm struct {
	Since int64 `json:"since"`
}

func TestMissedNotificationsOfThisSellerAreHintsOnce(t *testing.T) {
	feeds := string(file(t, "missed-feeds.json"))
	other := strings.Replace(strings.Replace(feeds, "700000001", "700000002", 2), orderID, "2000012345678999", -1)
	row := func(doc string) string {
		var m struct{ Messages []json.RawMessage }
		unmarshal(t, []byte(doc), &m)
		return string(m.Messages[0])
	}
	all := []string{row(feeds), row(other), `"broken"`}
	calls := 0
	s := stub(t, func(r *http.Request) (int, string) {
		if r.URL.Path == "/orders/search" {
			return 200, `{"results":[],"paging":{"total":0}}`
		}
		calls++
		if r.URL.Query().Get("app_id") != "1" {
			t.Errorf("query %s", r.URL.RawQuery)
		}
		if r.URL.Query().Get("offset") != "0" {
			return 200, `{"messages":[]}`
		}
		return 200, `{"messages":[` + strings.Join(all, ",") + `]}`
	})
	var book channeltest.Book
	cursor, err := book.Pull(t.Context(), channel.NewConn(info, s), channel.Pull{})
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := book.Hints[refOf(orderID)]; !ok || len(book.Hints) != 1 || len(book.Parked) != 1 {
		t.Errorf("hints %v, parked %d", book.Hints, len(book.Parked))
	}
	before := calls
	if _, err := book.Pull(t.Context(), channel.NewConn(info, s), channel.Pull{Cursor: cursor}); err != nil || calls != before {
		t.Errorf("%v, %d calls: looked through again at once", err, calls-before)
	}
}

func TestRefusedMissedFeedsDoNotStopThePull(t *testing.T) {
	s := stub(t, func(r *http.Request) (int, string) {
		if r.URL.Path == "/orders/search" {
			return 200, `{"results":[],"paging":{"total":0}}`
		}
		return 403, `{"status":403,"error":"access_denied","message":"no"}`
	})
	var book channeltest.Book
	if _, err := book.Pull(t.Context(), channel.NewConn(info, s), channel.Pull{}); err != nil || len(book.Parked) != 1 || len(book.Parked[0].Raw) == 0 {
		t.Errorf("%v, parked %v: people must see it", err, book.Parked)
	}
}
