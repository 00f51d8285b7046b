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
	"testing/synctest"
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
	if _, _, _, err := p.pull(t, channel.Pull{Cursor: json.RawMessage(`{}`)}); err != nil || !slices.Equal(n.turns, []string{"B", "C", "A"}) {
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

// slowly is a way to a Meituan some of whose shops answer late: a call has the fifteen seconds of channel.NewClients.
type slowly struct {
	*numbers
	late map[string]time.Duration
}

func (s slowly) RoundTrip(r *http.Request) (*http.Response, error) {
	select {
	case <-r.Context().Done():
		return nil, r.Context().Err()
	case <-time.After(min(s.late[r.URL.Query().Get("app_poi_code")], 15*time.Second)):
	}
	if s.late[r.URL.Query().Get("app_poi_code")] > 15*time.Second {
		return nil, context.DeadlineExceeded
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w.Result(), nil
}

// A shop whose calls hang keeps the others of its account waiting for three seconds, and not for all of a pull's time,
// however often it is pulled; one that only takes long has its turn when they have had theirs.
func TestAShopWhoseCallsHangDoesNotHoldUpTheOthers(t *testing.T) {
	const never = time.Hour
	for name, c := range map[string]struct {
		late map[string]time.Duration
		wide bool
		want map[string]time.Duration // by order: within which time it is named
		err  bool
	}{
		"one hangs":              {map[string]time.Duration{"A": never}, false, map[string]time.Duration{"b1": 4 * time.Second, "c1": 4 * time.Second, "d1": 4 * time.Second}, true},
		"one hangs, all is read": {map[string]time.Duration{"B": never}, true, map[string]time.Duration{"a1": 4 * time.Second, "c1": 4 * time.Second, "d1": 4 * time.Second}, true},
		"two hang":               {map[string]time.Duration{"B": never, "D": never}, false, map[string]time.Duration{"a1": 7 * time.Second, "c1": 7 * time.Second}, true},
		"one takes long":         {map[string]time.Duration{"B": 3100 * time.Millisecond}, false, map[string]time.Duration{"a1": 4 * time.Second, "c1": 4 * time.Second, "d1": 4 * time.Second, "b1": 11 * time.Second}, false},
		"all take long":          {map[string]time.Duration{"A": 3100 * time.Millisecond, "B": 3100 * time.Millisecond, "C": 3100 * time.Millisecond, "D": 3100 * time.Millisecond}, false, nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := &numbers{newest: map[string]string{}, orders: map[string]string{}}
				var shops []string
				for _, code := range []string{"A", "B", "C", "D"} {
					shops = append(shops, code)
					n.newest[code], n.orders[code+" 20260301 1"] = "1", strings.ToLower(code)+"1"
				}
				p := &pulling{numbers: n, now: time.Date(2026, 3, 1, 4, 0, 0, 0, time.UTC)}
				way := slowly{n, c.late}
				reads, calls := channel.ClientsOver(way, way)
				shop, err := meituan.New().Open(channel.Account{App: channel.App{BaseURL: "http://meituan.test", Credentials: map[string]channel.Secret{
					"app_id": channel.NewSecret("4321"), "secret": channel.NewSecret(secret)}}, Shops: shops},
					channel.Env{Reads: reads, Calls: calls, Now: func() time.Time { return p.now }})
				if err != nil {
					t.Fatal(err)
				}
				conn := channel.NewConn(meituan.New().Info(), shop)
				began := time.Now()
				cursor, found := json.RawMessage(`{"A":{"20260228":{"e":true}},"B":{"20260228":{"e":true}},"C":{"20260228":{"e":true}},"D":{"20260228":{"e":true}}}`), map[string]time.Duration{}
				// pulls again as the hub does, with a new attempt of 16 seconds each time
				pull := func() (err error) {
					begun := time.Now()
					ctx, cancel := context.WithDeadline(channel.WithNotAfter(t.Context(), begun.Add(16*time.Second)), begun.Add(17*time.Second))
					defer cancel()
					for page, e := range conn.Pull(ctx, channel.Pull{Cursor: cursor, Wide: c.wide}) {
						if e != nil {
							return e
						}
						cursor = page.Cursor
						for _, it := range page.Items {
							if _, ok := found[it.Ref.ID]; !ok {
								found[it.Ref.ID] = time.Since(began)
							}
						}
						if time.Since(begun) > 12*time.Second {
							return nil
						}
					}
					return nil
				}
				err = pull()
				t.Log(found, err, time.Since(began))
				if took := time.Since(began); c.want != nil && took > 12*time.Second {
					t.Errorf("it took %v, so that it counts as one that has not gone through", took)
				}
				for id, within := range c.want {
					if at, ok := found[id]; !ok || at > within {
						t.Errorf("%s was named after %v (%v), want within %v", id, at, ok, within)
					}
				}
				if _, partly := errors.AsType[*channel.Partly](err); c.want != nil && (partly != c.err || !c.err && err != nil) {
					t.Errorf("the pull ended with %v", err)
				}
				for range 5 { // what comes later is found as soon, and where all are slow each has its turn
					err = pull()
				}
				if len(c.late) == 4 && len(found) != 4 {
					t.Errorf("after six pulls %v are found", found)
				}
				for code, by := range c.late {
					if _, ok := found[strings.ToLower(code)+"1"]; ok != (by < never) {
						t.Errorf("that of %s was found: %v", code, ok)
					}
				}
				began = time.Now()
				for _, code := range shops {
					n.newest[code], n.orders[code+" 20260301 2"] = "2", strings.ToLower(code)+"2"
				}
				err = pull()
				for id, within := range c.want {
					if at, ok := found[id[:1]+"2"]; !ok || at > within {
						t.Errorf("later %s2 was named after %v (%v), want within %v", id[:1], at, ok, within)
					}
				}
			})
		})
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
