package meituan_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/channel/channeltest"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/internal/platform/meituan"
	simulator "github.com/tongdan/tongdan/internal/sim/meituan"
	"github.com/tongdan/tongdan/order"
)

// numbers is a Meituan that knows only the numbers of the day, with the answers of the
// documents; what it is asked is written down.
type numbers struct {
	mu     sync.Mutex
	newest map[string]string // shop → day_seq, "" = an error 803
	orders map[string]string // "shop day seq" → order id; absent = 806
	broken map[string]bool   // "shop day seq" → HTTP 500
	asked  []string
	turns  []string // the shops whose newest number was asked for

	limited map[string]bool // shop → flow control

	end   func() // the time of a pull is over when this shop is asked for; nil = never
	endAt string
}

func (n *numbers) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	n.mu.Lock()
	defer n.mu.Unlock()
	q := r.URL.Query()
	shop := q.Get("app_poi_code")
	ng := func(code int) {
		w.Write([]byte(`{"data":"ng","error":{"code":` + strconv.Itoa(code) + `,"msg":"测试"}}`))
	}
	switch strings.TrimPrefix(r.URL.Path, "/api/v1/") {
	case "order/getOrderDaySeq":
		n.turns = append(n.turns, shop)
		if n.broken[shop] {
			w.WriteHeader(500)
			return
		}
		if n.limited[shop] {
			ng(711)
			return
		}
		if n.end != nil && shop == n.endAt {
			n.end()
		}
		if n.newest[shop] == "" {
			ng(803)
			return
		}
		w.Write([]byte(`{"data":{"result":"ok","day_seq":"` + n.newest[shop] + `"}}`))
	case "order/getOrderIdByDaySeq":
		key := shop + " " + q.Get("date_time") + " " + q.Get("day_seq")
		n.asked = append(n.asked, key)
		switch id := n.orders[key]; {
		case n.broken[key]:
			w.WriteHeader(500)
		case id == "":
			ng(806)
		default:
			w.Write([]byte(`{"data":{"result":"ok","order_id":"` + id + `"}}`))
		}
	default:
		ng(708)
	}
}

type pulling struct {
	*numbers
	now  time.Time
	conn *channel.Conn
}

func openNumbers(t *testing.T, n *numbers, shops ...string) *pulling {
	p := &pulling{numbers: n, now: time.Date(2026, 3, 1, 4, 0, 0, 0, time.UTC)}
	server := httptest.NewServer(n)
	t.Cleanup(server.Close)
	reads, calls := channel.NewClients(channel.Loopback...)
	shop, err := meituan.New().Open(channel.Account{App: channel.App{BaseURL: server.URL, Credentials: map[string]channel.Secret{
		"app_id": channel.NewSecret("4321"), "secret": channel.NewSecret(secret)}}, Shops: shops},
		channel.Env{Reads: reads, Calls: calls, Now: func() time.Time { return p.now }})
	if err != nil {
		t.Fatal(err)
	}
	p.conn = channel.NewConn(meituan.New().Info(), shop)
	return p
}

// pull gives the hinted ids, the next cursor, what was asked and the error.
func (p *pulling) pull(t *testing.T, in channel.Pull) (ids []string, cursor json.RawMessage, asked []string, err error) {
	t.Helper()
	p.mu.Lock()
	p.asked = nil
	p.mu.Unlock()
	cursor = in.Cursor
	later := int64(0)
	for page, e := range p.conn.Pull(t.Context(), in) {
		if e != nil {
			err = e
			break
		}
		for _, it := range page.Items {
			for _, h := range it.Hints {
				ids = append(ids, h.Ref.ID)
				if h.IfUnknown == in.Wide || h.After != p.now.UnixMilli()+5000 {
					t.Errorf("hint %+v at %d, wide %v", h, p.now.UnixMilli(), in.Wide)
				}
				if in.Wide != (h.Later > max(h.After, later)) { // known ones in small steps
					t.Errorf("hint %+v after one of %d, wide %v", h, later, in.Wide)
				}
				later = h.Later
			}
		}
		cursor = page.Cursor
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return ids, cursor, slices.Clone(p.asked), err
}

func TestANumberThatCannotBeResolvedStaysOpenAndTheOthersGoOn(t *testing.T) {
	n := &numbers{newest: map[string]string{"A": "5"}, broken: map[string]bool{"A 20260301 2": true},
		orders: map[string]string{"A 20260301 1": "101", "A 20260301 2": "102", "A 20260301 4": "104", "A 20260301 5": "105"}}
	p := openNumbers(t, n, "A")
	ids, cursor, _, err := p.pull(t, channel.Pull{})
	if !slices.Equal(ids, []string{"101", "104", "105"}) || !fault.Is(err, fault.Unavailable) {
		t.Fatalf("first pull: %v, %v, want 101 104 105 and an unavailable number", ids, err)
	}
	if got, want := string(cursor), `{"A":{"20260228":{"n":0,"e":true},"20260301":{"n":5,"o":[[2,3]]}}}`; got != want {
		t.Errorf("cursor %s, want %s", got, want)
	}
	n.broken, n.orders["A 20260301 3"], n.newest["A"], n.orders["A 20260301 6"] = nil, "103", "6", "106"
	ids, cursor, asked, err := p.pull(t, channel.Pull{Cursor: cursor})
	if !slices.Equal(ids, []string{"106", "102", "103"}) || err != nil || len(asked) != 3 {
		t.Errorf("second pull: %v asked %v, %v, want 106 102 103 and nothing else asked", ids, asked, err)
	}
	if got, want := string(cursor), `{"A":{"20260228":{"n":0,"e":true},"20260301":{"n":6}}}`; got != want {
		t.Errorf("cursor %s, want %s", got, want)
	}
}

func TestAtMidnightInChinaTheLastOrdersOfTheDayAreStillFound(t *testing.T) {
	n := &numbers{newest: map[string]string{"A": "1"}, orders: map[string]string{"A 20260301 1": "101"}}
	p := openNumbers(t, n, "A")
	_, cursor, _, err := p.pull(t, channel.Pull{})
	if err != nil {
		t.Fatal(err)
	}
	// Two more before midnight, one after it, and no pull between.
	p.now = time.Date(2026, 3, 1, 16, 0, 30, 0, time.UTC)
	n.orders["A 20260301 2"], n.orders["A 20260301 3"], n.orders["A 20260302 1"] = "102", "103", "201"
	ids, cursor, _, err := p.pull(t, channel.Pull{Cursor: cursor})
	if !slices.Equal(ids, []string{"102", "103", "201"}) || err != nil {
		t.Errorf("after midnight: %v, %v, want 102 103 201", ids, err)
	}
	_, _, asked, err := p.pull(t, channel.Pull{Cursor: cursor})
	if err != nil || len(asked) != 0 {
		t.Errorf("the next pull asks for %v again (%v)", asked, err)
	}
}

func TestAfterAnOutageOfDaysEveryDayIsWalkedAsFarAsMeituanGoesBack(t *testing.T) {
	n := &numbers{newest: map[string]string{"A": "1"}, orders: map[string]string{"A 20260301 1": "101"}}
	p := openNumbers(t, n, "A")
	_, cursor, _, _ := p.pull(t, channel.Pull{})
	p.now = p.now.AddDate(0, 0, 4)
	n.orders["A 20260303 1"], n.orders["A 20260305 1"] = "301", "501"
	ids, after, _, err := p.pull(t, channel.Pull{Cursor: cursor})
	if !slices.Equal(ids, []string{"301", "501"}) || err != nil {
		t.Errorf("after four days: %v, %v, want 301 501", ids, err)
	}
	if len(after) > 200 {
		t.Errorf("days that are over stay in the cursor: %s", after)
	}
	p.now = p.now.AddDate(0, 0, 200)
	if _, _, asked, err := p.pull(t, channel.Pull{Cursor: cursor}); err != nil || len(asked) > 31*4 {
		t.Errorf("after 200 days %d numbers were asked for (%v): only 30 days can be asked", len(asked), err)
	}
}

func TestAShopThatMeituanDoesNotKnowDoesNotStopTheOthers(t *testing.T) {
	n := &numbers{newest: map[string]string{"B": "1"}, orders: map[string]string{"B 20260301 1": "101"}}
	p := openNumbers(t, n, "A", "B")
	ids, _, _, err := p.pull(t, channel.Pull{})
	if !slices.Equal(ids, []string{"101"}) || !fault.Is(err, fault.NotFound) {
		t.Errorf("%v, %v, want 101 and an error that names the shop", ids, err)
	}
}

func TestAWidePullWalksYesterdayAndTodayAgain(t *testing.T) {
	n := &numbers{newest: map[string]string{"A": "2"}, orders: map[string]string{"A 20260301 1": "101", "A 20260301 2": "102", "A 20260228 1": "1"}}
	p := openNumbers(t, n, "A")
	_, cursor, _, _ := p.pull(t, channel.Pull{})
	if ids, _, _, err := p.pull(t, channel.Pull{Cursor: cursor, Wide: true}); err != nil || !slices.Equal(ids, []string{"102", "101", "1"}) {
		t.Errorf("wide: %v, %v", ids, err)
	}
}

// A busy shop has hundreds of orders between two pulls, nearly all of which came by push.
func TestWhatCameByPushIsNotAskedFor(t *testing.T) {
	n := &numbers{newest: map[string]string{"A": "5"}, orders: map[string]string{"A 20260301 2": "102", "A 20260301 4": "104"}}
	p := openNumbers(t, n, "A")
	known := func(of ...string) channel.Pull {
		return channel.Pull{Known: func(context.Context) (out []channel.Numbered, err error) {
			for _, number := range of {
				out = append(out, channel.Numbered{Shop: "A", Number: number, Placed: p.now, Paid: p.now})
			}
			// Yesterday's order that was paid after midnight, and today's of another shop.
			return append(out, channel.Numbered{Shop: "A", Number: "2", Placed: p.now.Add(-13 * time.Hour), Paid: p.now},
				channel.Numbered{Shop: "B", Number: "4", Placed: p.now}), nil
		}}
	}
	in := known("1", "3", "5")
	ids, cursor, asked, err := p.pull(t, in)
	if err != nil || !slices.Equal(ids, []string{"102", "104"}) || len(asked) != 5 { // beside them yesterday's first three
		t.Fatalf("%v asked %v, %v", ids, asked, err)
	}
	if want := `{"A":{"20260228":{"n":0,"e":true},"20260301":{"n":5}}}`; string(cursor) != want {
		t.Errorf("cursor %s, want %s", cursor, want)
	}
	// One that was open is closed by its push.
	n.newest["A"], n.broken = "6", map[string]bool{"A 20260301 6": true}
	in = known()
	in.Cursor = cursor
	_, cursor, _, err = p.pull(t, in)
	if _, partly := errors.AsType[*channel.Partly](err); !partly {
		t.Errorf("a number that stays open: %v, want an error that says that the rest went through", err)
	}
	in = known("6")
	in.Cursor = cursor
	if _, cursor, asked, err = p.pull(t, in); err != nil || len(asked) != 0 || strings.Contains(string(cursor), `"o"`) {
		t.Errorf("asked %v, %v, cursor %s", asked, err, cursor)
	}
}

// In the rush after an outage nearly all that is new has come by push again. A call for each of them would be more than flow
// control lets through, and an order whose message was lost would wait behind them until its time is over.
func TestAWidePullAsksFirstForWhatNobodyKnows(t *testing.T) {
	n := &numbers{newest: map[string]string{"A": "10", "B": "10", "C": "10"}, orders: map[string]string{}}
	for _, shop := range []string{"A", "B", "C"} {
		for i := 1; i <= 30; i++ {
			n.orders[shop+" 20260301 "+strconv.Itoa(i)] = shop + strconv.Itoa(i)
		}
	}
	p := openNumbers(t, n, "A", "B", "C")
	_, cursor, _, err := p.pull(t, channel.Pull{})
	if err != nil {
		t.Fatal(err)
	}
	known := func(context.Context) (out []channel.Numbered, err error) {
		for _, shop := range []string{"A", "B", "C"} {
			for i := 1; i <= 30; i++ {
				if shop != "C" || i != 20 {
					out = append(out, channel.Numbered{Shop: shop, Number: strconv.Itoa(i), Placed: p.now})
				}
			}
		}
		return out, nil
	}
	n.newest = map[string]string{"A": "30", "B": "30", "C": "30"}
	ids, cursor, _, err := p.pull(t, channel.Pull{Cursor: cursor, Wide: true, Known: known})
	if err != nil || len(ids) != 91 || ids[0] != "C20" || ids[1] != "A30" {
		t.Errorf("%d orders, the first %v, %v", len(ids), ids[:min(2, len(ids))], err)
	}
	if ids, _, asked, err := p.pull(t, channel.Pull{Cursor: cursor, Known: known}); err != nil || len(ids)+len(asked) != 0 {
		t.Errorf("after it %v are asked for, %v", asked, err)
	}
	// A day that began in the outage.
	p.now = p.now.AddDate(0, 0, 1)
	n.newest = map[string]string{"A": "0", "B": "0", "C": "0"}
	if _, cursor, _, err = p.pull(t, channel.Pull{Cursor: cursor}); err != nil {
		t.Fatal(err)
	}
	n.newest["C"] = "30"
	for i := 1; i <= 30; i++ {
		n.orders["C 20260302 "+strconv.Itoa(i)] = "c" + strconv.Itoa(i)
	}
	ids, cursor, _, err = p.pull(t, channel.Pull{Cursor: cursor, Wide: true, Known: known})
	count := 0
	for _, id := range ids {
		if id[0] == 'c' {
			count++
		}
	}
	if err != nil || count != 31 || ids[0] != "c20" {
		t.Errorf("of the new day %d orders, %v, %v", count, ids, err)
	}
	if !strings.Contains(string(cursor), `"20260302":{"n":30}`) {
		t.Errorf("cursor %s", cursor)
	}
}

// Of a chain's shops one or the other stumbles in every pull. That is told, and the account counts as
// pulled all the same, or all its shops would be walked anew: the cursor says what is to be asked for. One that
// refuses, or all that stumble, are another matter.
func TestAShopThatStumblesIsNotTheWholeChain(t *testing.T) {
	for name, c := range map[string]struct {
		broken map[string]bool
		newest map[string]string
		wide   bool
		partly bool
	}{
		"one stumbles":              {map[string]bool{"B": true}, map[string]string{"A": "1", "B": "1", "C": "1"}, false, true},
		"all stumble":               {map[string]bool{"A": true, "B": true, "C": true}, map[string]string{"A": "1", "B": "1", "C": "1"}, false, false},
		"one refuses":               {nil, map[string]string{"A": "1", "C": "1"}, false, false},
		"one stumbles, all is read": {map[string]bool{"B": true}, map[string]string{"A": "1", "B": "1", "C": "1"}, true, true},
	} {
		n := &numbers{newest: c.newest, broken: c.broken, orders: map[string]string{"A 20260301 1": "1", "B 20260301 1": "2", "C 20260301 1": "3"}}
		p := openNumbers(t, n, "A", "B", "C")
		_, cursor, _, err := p.pull(t, channel.Pull{Cursor: json.RawMessage(`{}`), Wide: c.wide})
		if _, partly := errors.AsType[*channel.Partly](err); err == nil || partly != c.partly {
			t.Errorf("%s: %v, partly %v", name, err, partly)
		}
		n.broken = nil
		n.newest["B"] = "1"
		if ids, _, _, err := p.pull(t, channel.Pull{Cursor: cursor}); err != nil || c.partly && !slices.Equal(ids, []string{"2"}) {
			t.Errorf("%s: the next pull brings %v, %v", name, ids, err)
		}
	}
}

// A pull that is cut off is followed by one that begins where it stopped: else the last of many shops would
// never have their turn.
func TestAPullThatWasCutOffGoesOnWithTheNextShop(t *testing.T) {
	n := &numbers{newest: map[string]string{"A": "0", "B": "0", "C": "0"}}
	p := openNumbers(t, n, "A", "B", "C")
	ctx, cancel := context.WithCancel(t.Context())
	n.end, n.endAt = cancel, "B"
	for _, err := range p.conn.Pull(ctx, channel.Pull{Cursor: json.RawMessage(`{}`)}) {
		if err != nil && ctx.Err() == nil {
			t.Error(err)
		}
	}
	n.end, n.turns = nil, nil
	if _, _, _, err := p.pull(t, channel.Pull{Cursor: json.RawMessage(`{}`)}); err != nil || !slices.Equal(n.turns, []string{"C", "A", "B"}) {
		t.Errorf("after it the shops were asked in the order %v, %v", n.turns, err)
	}
	// The same when Meituan wants to be asked less: it may say so every few calls.
	n.turns, n.limited = nil, map[string]bool{"B": true}
	if _, _, _, err := p.pull(t, channel.Pull{Cursor: json.RawMessage(`{}`)}); !fault.Is(err, fault.RateLimited) || !slices.Equal(n.turns, []string{"A", "B"}) {
		t.Errorf("with flow control %v were asked, %v", n.turns, err)
	}
	n.turns, n.limited = nil, nil
	if _, _, _, err := p.pull(t, channel.Pull{Cursor: json.RawMessage(`{}`)}); err != nil || !slices.Equal(n.turns, []string{"B", "C", "A"}) {
		t.Errorf("after flow control the shops were asked in the order %v, %v", n.turns, err)
	}
}

// An outage ends at a busy hour: the wide pull takes longer than one attempt may.
func TestAWidePullGoesOnWhereItBrokeOff(t *testing.T) {
	n := &numbers{newest: map[string]string{"A": "100"}, orders: map[string]string{}, broken: map[string]bool{}}
	for i := 1; i <= 100; i++ {
		n.orders["A 20260301 "+strconv.Itoa(i)] = strconv.Itoa(i)
	}
	p := openNumbers(t, n, "A")
	_, cursor, _, err := p.pull(t, channel.Pull{})
	if err != nil {
		t.Fatal(err)
	}
	n.broken["A 20260301 50"] = true // however often it is asked for
	first, cursor, _, err := p.pull(t, channel.Pull{Cursor: cursor, Wide: true})
	if err == nil || len(first) != 50 || first[0] != "100" {
		t.Fatalf("%d orders, %v", len(first), err)
	}
	second, cursor, asked, err := p.pull(t, channel.Pull{Cursor: cursor, Wide: true})
	if err == nil || len(second) != 0 || len(asked) != 3 {
		t.Errorf("%d orders, asked for %v, %v", len(second), asked, err)
	}
	n.broken = nil
	second, cursor, _, err = p.pull(t, channel.Pull{Cursor: cursor, Wide: true})
	if err != nil || len(second) != 50 || slices.Contains(second, "100") {
		t.Errorf("the third attempt begins anew: %d orders, %v", len(second), err)
	}
	if third, _, _, err := p.pull(t, channel.Pull{Cursor: cursor, Wide: true}); err != nil || len(third) != 100 {
		t.Errorf("another outage: %d orders, %v, want all 100 again", len(third), err)
	}
}

// After an outage a chain's shops have thousands of numbers to be asked for anew. Who orders meanwhile, or did
// in the outage, does not wait for them.
func TestWhatIsNewComesBeforeWhatIsAskedAnew(t *testing.T) {
	n := &numbers{newest: map[string]string{"A": "60", "B": "60"}, orders: map[string]string{}}
	for i := 1; i <= 60; i++ {
		n.orders["A 20260301 "+strconv.Itoa(i)], n.orders["B 20260301 "+strconv.Itoa(i)] = "a"+strconv.Itoa(i), "b"+strconv.Itoa(i)
	}
	p := openNumbers(t, n, "A", "B")
	_, cursor, _, err := p.pull(t, channel.Pull{})
	if err != nil {
		t.Fatal(err)
	}
	comes := func(number string) {
		n.mu.Lock()
		defer n.mu.Unlock()
		n.newest["B"], n.orders["B 20260301 "+number] = number, "b"+number
	}
	comes("61") // its push was lost in the outage
	var ids []string
	placed, found := 61, map[string]int{} // by order: how many were named before it
	for page, err := range p.conn.Pull(t.Context(), channel.Pull{Cursor: cursor, Wide: true}) {
		if err != nil {
			t.Fatal(err)
		}
		for _, it := range page.Items {
			found[it.Ref.ID] = len(ids)
			ids = append(ids, it.Ref.ID)
		}
		if len(page.Items) == 20 && placed < 66 { // a part of what is asked for anew
			p.now = p.now.Add(time.Minute)
			placed++
			comes(strconv.Itoa(placed))
		}
	}
	if len(ids) != len(found) || len(ids) != 120+placed-60 {
		t.Errorf("%d orders, %d named, want %d once", len(found), len(ids), 120+placed-60)
	}
	for i := 61; i <= placed; i++ {
		if at := found["b"+strconv.Itoa(i)]; at != (i-61)*21 {
			t.Errorf("the new order %d was named after %d others, want %d", i, at, (i-61)*21)
		}
	}
}

func TestAThousandOpenNumbersLeaveASmallCursor(t *testing.T) {
	n := &numbers{newest: map[string]string{"A": "2000"}, orders: map[string]string{}}
	for i := 1; i <= 2000; i += 2 {
		n.orders["A 20260301 "+strconv.Itoa(i)] = strconv.Itoa(i)
	}
	p := openNumbers(t, n, "A")
	ids, cursor, _, err := p.pull(t, channel.Pull{})
	if len(ids) != 1000 || err != nil || len(cursor) > 4096 {
		t.Fatalf("%d orders, %v, cursor of %d bytes", len(ids), err, len(cursor))
	}
	for i := 2; i <= 2000; i += 2 {
		n.orders["A 20260301 "+strconv.Itoa(i)] = strconv.Itoa(i)
	}
	again, _, _, err := p.pull(t, channel.Pull{Cursor: cursor})
	if err != nil {
		t.Fatal(err)
	}
	for i := 2; i <= 2000; i += 2 {
		if !slices.Contains(again, strconv.Itoa(i)) {
			t.Fatalf("number %d was lost when the ranges were joined", i)
		}
	}
}

// Stores whose app has subscribed to no optional field and gets the pushes of old documents.
func TestConformanceWithFewFieldsAndOldPushes(t *testing.T) {
	if testing.Short() {
		t.Skip("the same rules once more")
	}
	channeltest.Run(t, harness{configure: func(c *simulator.Config) {
		c.Subscribed = nil
		c.Encoding = map[string]string{"order/cancelled": "single", "refund/full": "single", "refund/part": "single"}
		c.Method = map[string]string{"order/cancelled": "GET", "refund/full": "GET", "refund/part": "GET"}
		c.CancelPush, c.PartPush, c.ShowReceived, c.ShowDelivering = "after", "both", false, false
	}})
}

// The call to agree names an order, not a case: what is open is read directly before.
func TestAgreeingToARefundThatHasChangedIsAConflict(t *testing.T) {
	w := harness{}.open(t)
	shop, err := meituan.New().Open(w.Account(), w.Env())
	if err != nil {
		t.Fatal(err)
	}
	conn := channel.NewConn(meituan.New().Info(), shop)
	ref := w.Place(t, channeltest.Wish{})
	do := func(act string, args any) {
		t.Helper()
		if err := w.sim.Do(ref.ID, act, args); err != nil {
			t.Fatal(err)
		}
	}
	part := map[string]any{"items": []map[string]any{{"app_food_code": "F1", "sku_id": "F1-L", "count": 1}}}
	do("accept_in_app", nil)
	do("ask_refund", part)
	seen := func() order.AfterSale {
		t.Helper()
		var b channeltest.Book
		items, err := conn.Read(t.Context(), ref)
		if err != nil {
			t.Fatal(err)
		}
		if err := b.Take(items...); err != nil {
			t.Fatal(err)
		}
		cases := b.Order(ref, meituan.New().Info().Grammar).Cases
		return cases[len(cases)-1]
	}
	first := seen()
	w.Advance(t, time.Minute)
	do("withdraw_refund", nil)
	w.Advance(t, time.Minute)
	do("ask_refund", nil) // for all
	second := seen()
	other := *first.Case.Amount
	for name, a := range map[string]channel.Act{
		"the case was withdrawn":   {Kind: order.RefundApprove, Order: ref, Case: first.Key, CaseAmount: first.Case.Amount},
		"the amount is another":    {Kind: order.RefundApprove, Order: ref, Case: second.Key, CaseAmount: &other},
		"refusing another request": {Kind: order.RefundRefuse, Order: ref, Case: first.Key, Reason: "x"},
	} {
		if _, err := conn.Do(t.Context(), a, nil); !fault.Is(err, fault.Conflict) || fault.WordsOf(err) == "" {
			t.Errorf("%s: %v, want a conflict with words", name, err)
		}
	}
	if _, n := w.Count(t, ref, order.RefundApprove); n != 0 {
		t.Fatalf("%d refunds were agreed to", n)
	}
	if _, err := conn.Do(t.Context(), channel.Act{Kind: order.RefundApprove, Order: ref, Case: second.Key, CaseAmount: second.Case.Amount}, nil); err != nil {
		t.Errorf("agreeing to what is open: %v", err)
	}
}
