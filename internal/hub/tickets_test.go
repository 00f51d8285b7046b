package hub_test

import (
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/db/dbtest"
	"github.com/tongdan/tongdan/internal/hub"
	"github.com/tongdan/tongdan/internal/platform"
	"github.com/tongdan/tongdan/internal/sim"
	"github.com/tongdan/tongdan/internal/sim/printers"
	"github.com/tongdan/tongdan/order"
	"github.com/tongdan/tongdan/ticket"
)

// paperWorld is a counter whose kitchen works from paper: one printer of each make.
type paperWorld struct {
	*counterWorld
	sim   *printers.Sim
	cloud string
}

func paperAt(t *testing.T, d *db.DB) *paperWorld {
	w := &paperWorld{counterWorld: counterAt(t, d)}
	w.hub = hub.New(paperOptions(d))
	w.sim = printers.New(printers.Options{
		Printers: []printers.Printer{
			{Name: printers.ESCPOS, Make: printers.ESCPOS}, {Name: printers.Feie, Make: printers.Feie, Serial: "922500001", Key: "k1"},
			{Name: printers.Yilianyun, Make: printers.Yilianyun, Serial: "4004500001", Key: "k2"},
		},
		Accounts: []printers.Account{{Make: printers.Feie, ID: "hub@example.com", Secret: "ukey"}, {Make: printers.Yilianyun, ID: "100", Secret: "yly"}},
	})
	t.Cleanup(func() { w.sim.Close() })
	srv := httptest.NewServer(w.sim.API())
	t.Cleanup(srv.Close)
	w.cloud = srv.URL
	return w
}

// add sets up the printer of a make; prints nil = kitchen, cancel, change.
func (w *paperWorld) add(kind string, again bool, prints ...hub.PrintRule) db.PrinterRow {
	w.t.Helper()
	row := db.PrinterRow{Store: w.store.ID, Kind: kind, Name: "后厨 " + kind, Address: w.cloud}
	switch kind {
	case printers.ESCPOS:
		addr, err := w.sim.Device(kind).Listen("")
		w.must(err)
		row.Address = addr
	case printers.Feie:
		row.Credentials = map[string]string{"user": "hub@example.com", "ukey": "ukey", "sn": "922500001", "key": "k1"}
	default:
		row.Credentials = map[string]string{"client_id": "100", "client_secret": "yly", "machine_code": "4004500001", "msign": "k2"}
	}
	if prints == nil {
		prints = hub.UsualPrints
	}
	row, err := w.hub.PutPrinter(w.t.Context(), w.who, row, hub.PrinterSettings{Columns: 32, Prints: prints, Again: again})
	w.must(err)
	if st, err := w.hub.TestPrinter(w.t.Context(), w.who, row.ID); err != nil {
		w.t.Fatalf("the test page of %s: %v, %v", kind, st, err)
	}
	return row
}

// paper are the tickets of orders that came out of a printer, the test page left out.
func (w *paperWorld) paper(kind string) (out []printers.Slip) {
	for _, s := range w.sim.Device(kind).Slips(0) {
		if len(s.Wrong) > 0 || !s.Cut {
			w.t.Errorf("%s garbled a slip: %q\n%s", kind, s.Wrong, s.Text())
		}
		if !strings.Contains(s.Text(), "测试页") {
			out = append(out, s)
		}
	}
	return out
}

func (w *paperWorld) comes(kind string, n int) []printers.Slip {
	w.t.Helper()
	w.until(fmt.Sprintf("%d slips come out of %s", n, kind), func() bool { return len(w.paper(kind)) >= n })
	if got := w.paper(kind); len(got) != n {
		w.t.Fatalf("%d slips came out of %s, and not %d", len(got), kind, n)
	}
	return w.paper(kind)
}

func (w *paperWorld) tickets(id ident.Order) []hub.Ticket {
	w.t.Helper()
	list, err := w.hub.Tickets(w.t.Context(), w.who, id)
	w.must(err)
	return list
}

// makes runs f for each make of printers, and on the other engine for one of them.
func makes(t *testing.T, f func(w *paperWorld, kind string)) {
	t.Parallel()
	for _, kind := range printers.Makes {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			f(paperAt(t, dbtest.Open(t, db.Options{Dir: dbtest.Dir(t)})), kind)
		})
	}
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		f(paperAt(t, dbtest.Open(t, db.Options{URL: dbtest.URL(t)})), printers.ESCPOS)
	})
}

// An order is on paper once, whatever changes in it; its cancel and its change are, too, and
// a copy says that it is one, and whose.
func TestAnOrderIsOnPaperOnce(t *testing.T) {
	makes(t, func(w *paperWorld, kind string) {
		w.add(kind, false)
		w.run()
		got := w.enter(w.tea("a", 2))
		s := w.comes(kind, 1)[0]
		if !strings.Contains(s.Text(), "#1 ") || !strings.Contains(s.Text(), "珍珠奶茶") || !slices.Equal(s.Codes, []string{got.Order.String()}) {
			t := s.Text()
			w.t.Errorf("the ticket reads\n%s", t)
		}
		w.does(got.Order, hub.Act{Kind: order.RefundPartial, Key: "r", Lines: []hub.ActLine{{Line: "1", Quantity: 1}}})
		if text := w.comes(kind, 2)[1].Text(); !strings.Contains(text, "变更单") || !strings.Contains(text, "退 珍珠奶茶") {
			w.t.Errorf("the change reads\n%s", text)
		}
		n, err := w.hub.Reprint(w.t.Context(), w.who, []ident.Order{got.Order}, ticket.Kitchen, 0)
		if w.must(err); n != 1 {
			w.t.Fatalf("%d copies", n)
		}
		if text := w.comes(kind, 3)[2].Text(); !strings.Contains(text, "补打 第2次") || !strings.Contains(text, "小王") || !strings.Contains(text, "已退 1") {
			w.t.Errorf("the copy reads\n%s", text)
		}
		w.does(got.Order, hub.Act{Kind: order.Cancel, Reason: "没材料"})
		if text := w.comes(kind, 4)[3].Text(); !strings.Contains(text, "取消单") || !strings.Contains(text, "停止制作") {
			w.t.Errorf("the cancel reads\n%s", text)
		}
		w.until("all is printed", func() bool {
			return !slices.ContainsFunc(w.tickets(got.Order), func(t hub.Ticket) bool { return t.State != effect.Done })
		})
		if list := w.tickets(got.Order); len(list) != 4 || list[2].Copy != 2 || list[2].By != "小王" {
			w.t.Errorf("its tickets are %+v", list)
		}
	})
}

// Without paper all waits and is told of; with new paper all comes out, once and in order.
func TestWhatWaitsForPaperComesOutInOrder(t *testing.T) {
	makes(t, func(w *paperWorld, kind string) {
		p := w.add(kind, false)
		w.sim.Device(kind).Paper(false)
		w.run()
		var orders []ident.Order
		for i := range 3 {
			orders = append(orders, w.enter(w.tea(fmt.Sprint(i), 1)).Order)
		}
		concern := func() (c hub.Concern, ok bool) {
			list, _, err := w.hub.Concerns(w.t.Context(), w.who)
			w.must(err)
			i := slices.IndexFunc(list, func(c hub.Concern) bool { return c.Kind == hub.ConcernPrinter })
			if i < 0 {
				return c, false
			}
			return list[i], true
		}
		w.until("it is told of", func() bool { c, ok := concern(); return ok && c.Waiting == 3 })
		if c, _ := concern(); c.PrinterID != p.ID || c.StoreID != w.store.ID || c.Cause != "printer_paper" && c.Cause != "printer_trouble" {
			w.t.Errorf("it reads %+v", c)
		}
		other := w.enter(w.tea("never printed", 1))
		w.does(other.Order, hub.Act{Kind: order.Cancel, Reason: "不要了"})
		w.sim.Device(kind).Paper(true)
		for i, s := range w.comes(kind, 3) {
			if !slices.Contains(s.Codes, orders[i].String()) {
				w.t.Errorf("slip %d is of %q", i, s.Codes)
			}
		}
		w.until("nobody is told any more, and what was cancelled meanwhile is not printed", func() bool {
			_, ok := concern()
			return !ok && !slices.ContainsFunc(w.tickets(other.Order), func(t hub.Ticket) bool { return t.State != effect.Void })
		})
		w.comes(kind, 3)
	})
}

// The ticket is out and the answer is lost. Yilianyun takes our number again, Feie counts; of
// a raw printer nobody can say, and a person is asked, while the next ticket comes out.
func TestALostAnswerPrintsNothingTwice(t *testing.T) {
	makes(t, func(w *paperWorld, kind string) {
		w.add(kind, false)
		w.loseAnswer(kind)
		w.run()
		got := w.enter(w.tea("a", 1))
		w.comes(kind, 1)
		want := effect.Done
		if kind == printers.ESCPOS {
			want = effect.Person
		}
		w.until("it is known as far as it can be", func() bool { l := w.tickets(got.Order); return len(l) == 1 && l[0].State == want })
		w.enter(w.tea("b", 1))
		w.comes(kind, 2)
		if want != effect.Person {
			return
		}
		id := w.tickets(got.Order)[0].ID
		list, _, err := w.hub.Concerns(w.t.Context(), w.who)
		w.must(err)
		if !slices.ContainsFunc(list, func(c hub.Concern) bool { return c.EffectID == id && c.Cause == "print" }) {
			w.t.Error("nobody is asked")
		}
		w.must(w.hub.Decide(w.t.Context(), w.who, id, false)) // it was not: once more
		w.comes(kind, 3)
	})
}

func (w *paperWorld) loseAnswer(kind string) {
	switch kind {
	case printers.ESCPOS:
		w.sim.Device(kind).DropNext(printers.DropAfter, 1)
	case printers.Feie:
		w.sim.Faults().Next(sim.DropAfterCommit, 1, "feie/Open_printMsg")
	default:
		w.sim.Faults().Next(sim.DropAfterCommit, 1, "yilianyun/print/index")
	}
}

// Where a printer is set so, what may be out is printed again, and says so.
func TestAPrinterMayBeSetToPrintAgainMarked(t *testing.T) {
	both(t, func(t *testing.T, d *db.DB) {
		w := paperAt(t, d)
		w.add(printers.ESCPOS, true)
		w.loseAnswer(printers.ESCPOS)
		w.run()
		got := w.enter(w.tea("a", 1))
		slips := w.comes(printers.ESCPOS, 2)
		if strings.Contains(slips[0].Text(), "补打") || !strings.Contains(slips[1].Text(), "补打 第2次\n") || !strings.Contains(slips[1].Text(), "可能已打印过") {
			t.Errorf("they read\n%s\n%s", slips[0].Text(), slips[1].Text())
		}
		w.until("it is done", func() bool { return w.tickets(got.Order)[0].State == effect.Done })
	})
}

// Two printers, two kitchens: each gets its dishes; the shop's ticket has all, twice.
func TestEachPrinterPrintsWhatItIsSetTo(t *testing.T) {
	both(t, func(t *testing.T, d *db.DB) {
		w := paperAt(t, d)
		w.add(printers.ESCPOS, false, hub.PrintRule{Ticket: ticket.Kitchen, Only: []string{"茶"}})
		w.add(printers.Feie, false, hub.PrintRule{Ticket: ticket.Kitchen, Only: []string{"饭"}})
		w.add(printers.Yilianyun, false, hub.PrintRule{Ticket: ticket.Shop, Copies: 2})
		w.run()
		e := w.tea("a", 1)
		e.Lines = append(e.Lines, hub.EntryLine{Name: "卤肉饭", Quantity: 1, Price: 2000})
		w.enter(e)
		tea, rice := w.comes(printers.ESCPOS, 1)[0].Text(), w.comes(printers.Feie, 1)[0].Text()
		if !strings.Contains(tea, "珍珠奶茶") || strings.Contains(tea, "卤肉饭") || strings.Contains(rice, "珍珠奶茶") || !strings.Contains(rice, "卤肉饭") {
			t.Errorf("the kitchens got\n%s\n%s", tea, rice)
		}
		for _, s := range w.comes(printers.Yilianyun, 2) {
			if !strings.Contains(s.Text(), "珍珠奶茶") || !strings.Contains(s.Text(), "卤肉饭") || !strings.Contains(s.Text(), "35.50") {
				t.Errorf("the shop got\n%s", s.Text())
			}
		}
		w.enter(w.tea("b", 1))
		w.comes(printers.ESCPOS, 2)
		w.comes(printers.Yilianyun, 4)
		w.comes(printers.Feie, 1)
	})
}

// A pre-order's ticket comes when making it begins, not before; one cancelled before then
// leaves no paper. One from before the printer was set up is printed too: it is due later.
func TestAPreOrderIsPrintedWhenMakingBegins(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) { // it has a second and a half: not beside others
		w := paperAt(t, d)
		clk := sim.NewClock(time.Time{}, 1)
		w.hub = hub.New(hub.Options{DB: d, Platforms: platform.All(), Clock: hub.Clock{Now: clk.Now, Speed: 1}, AllowPrivate: channel.Loopback, Lease: 3 * time.Second})
		pre := func(key string, in time.Duration) hub.Entry {
			e := w.tea(key, 1)
			e.Promised = clk.Now().Add(in).UnixMilli()
			return e
		}
		pace := db.UsualPace
		begins := clk.Now().Add(2*time.Minute + 1500*time.Millisecond)
		soon := w.enter(pre("soon", time.Duration(pace.Prepare)*time.Minute+2*time.Minute+1500*time.Millisecond))
		clk.Advance(2 * time.Minute) // the printer is newer
		p := w.add(printers.ESCPOS, false)
		for _, p.Disabled = range []bool{true, false} { // also when it was off for a night
			_, err := w.hub.PutPrinter(t.Context(), w.who, p, hub.PrinterSettings{Columns: 32, Prints: hub.UsualPrints})
			w.must(err)
		}
		w.run()
		dead := w.enter(pre("dead", time.Duration(pace.Prepare)*time.Minute+15*time.Second))
		if n := len(w.tickets(soon.Order)); n != 0 && clk.Now().Before(begins) {
			t.Fatalf("%d tickets before making begins", n)
		}
		w.does(dead.Order, hub.Act{Kind: order.Cancel, Reason: "不要了"})
		if s := w.comes(printers.ESCPOS, 1)[0]; !slices.Contains(s.Codes, soon.Order.String()) || !strings.Contains(s.Text(), "开始制作") {
			t.Errorf("it reads\n%s", s.Text())
		}
		if n := len(w.tickets(dead.Order)); n != 0 {
			t.Errorf("the cancelled one has %d tickets", n)
		}
	})
}

func TestPrintersBelongToStoresAndTheirKeysStay(t *testing.T) {
	both(t, func(t *testing.T, d *db.DB) {
		w := paperAt(t, d)
		p := w.add(printers.Feie, false)
		other, err := w.hub.PutStore(t.Context(), w.who, db.StoreRow{Name: "别店", Zone: "Asia/Shanghai"})
		w.must(err)
		stranger := w.who
		stranger.Stores, stranger.Role = []ident.Store{other.ID}, "store_manager"
		if list, err := w.hub.Printers(t.Context(), stranger); err != nil || len(list) != 0 {
			t.Errorf("a stranger sees %d printers, %v", len(list), err)
		}
		if err := w.hub.DeletePrinter(t.Context(), stranger, p.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("a stranger deletes it: %v", err)
		}
		clerk := w.who
		clerk.Role = "clerk"
		if err := w.hub.DeletePrinter(t.Context(), clerk, p.ID); !fault.Is(err, fault.Forbidden) {
			t.Errorf("a clerk deletes it: %v", err)
		}
		p.Address, p.Credentials = "https://elsewhere.example.com", nil
		if _, err := w.hub.PutPrinter(t.Context(), w.who, p, hub.PrinterSettings{Columns: 32}); !fault.Is(err, fault.Invalid) {
			t.Errorf("its key goes to another address: %v", err)
		}
		if _, err := w.hub.Reprint(t.Context(), w.who, []ident.Order{w.enter(w.tea("a", 1)).Order}, ticket.Shop, 0); fault.ReasonOf(err).Code != "no_printer_for" {
			t.Errorf("a ticket that no printer prints: %v", err)
		}
	})
}

// What the cloud gave stays with a printer that is given another name, and goes nowhere else:
// not to another address, nor to one who says that he has the same account elsewhere.
func TestACloudsTokenStaysWithItsAddress(t *testing.T) {
	both(t, func(t *testing.T, d *db.DB) {
		w := paperAt(t, d)
		p := w.add(printers.Yilianyun, false) // its test page has fetched a token
		token := func(p db.PrinterRow) string {
			t.Helper()
			for _, x := range d.Printers(w.who.Scope) {
				if x.ID == p.ID {
					return x.Credentials["token"]
				}
			}
			t.Fatal("it is not there")
			return ""
		}
		if token(p) == "" {
			t.Fatal("no token is kept")
		}
		p.Name, p.Credentials = "水吧", nil
		p, err := w.hub.PutPrinter(t.Context(), w.who, p, hub.PrinterSettings{Columns: 32})
		w.must(err)
		if token(p) == "" {
			t.Error("the token is gone with the name")
		}
		all := map[string]string{"client_id": "100", "client_secret": "yly", "machine_code": "4004500001"}
		other, err := w.hub.PutPrinter(t.Context(), w.who, db.PrinterRow{Store: w.store.ID, Kind: printers.Yilianyun, Name: "别处", Address: "http://127.0.0.1:1", Credentials: all}, hub.PrinterSettings{Columns: 32})
		w.must(err)
		w.sim.ExpireTokens()
		was := token(p)
		if _, err := w.hub.TestPrinter(t.Context(), w.who, p.ID); err != nil || token(p) == was {
			t.Fatalf("no new token was fetched: %v", err)
		}
		if token(other) != "" {
			t.Error("another address got the token")
		}
		p.Address, p.Credentials = "http://127.0.0.1:1", map[string]string{"client_id": "100", "client_secret": "yly", "machine_code": "4004500001", "msign": "k2"}
		p, err = w.hub.PutPrinter(t.Context(), w.who, p, hub.PrinterSettings{Columns: 32})
		w.must(err) // typed anew, its keys may go there
		if token(p) != "" {
			t.Error("the token has gone to another address")
		}
	})
}

// Where a cloud's count cannot be had, a ticket waits or comes out as others do: a wrong key
// ends none, and no count holds one up.
func TestATicketOutlivesAWrongKey(t *testing.T) {
	both(t, func(t *testing.T, d *db.DB) {
		w := paperAt(t, d)
		p := w.add(printers.Feie, false)
		secret := func(ukey string) {
			p.Credentials = map[string]string{"ukey": ukey}
			_, err := w.hub.PutPrinter(t.Context(), w.who, p, hub.PrinterSettings{Columns: 32, Prints: hub.UsualPrints})
			w.must(err)
		}
		secret("wrong")
		w.run()
		got := w.enter(w.tea("a", 1))
		w.until("it has been tried", func() bool { l := w.tickets(got.Order); return len(l) == 1 && l[0].Words != "" })
		if l := w.tickets(got.Order); l[0].State != effect.Waiting {
			t.Fatalf("with a wrong key it is %+v", l[0])
		}
		if _, err := w.hub.EmptyPrinter(t.Context(), w.who, p.ID); err != nil {
			t.Fatal(err)
		}
		secret("ukey")
		w.sim.Faults().Set(sim.FaultPlan{Err5xx: 1, Only: []string{"feie/Open_queryOrderInfoByDate"}})
		w.enter(w.tea("b", 1))
		w.comes(printers.Feie, 1)
	})
}

// What may be out is called back, also when it is given up before anybody knows.
func TestACancelFollowsATicketThatMayBeOut(t *testing.T) {
	both(t, func(t *testing.T, d *db.DB) {
		w := paperAt(t, d)
		w.add(printers.ESCPOS, true)
		w.loseAnswer(printers.ESCPOS)
		w.run()
		got := w.enter(w.tea("a", 1))
		w.comes(printers.ESCPOS, 1)
		w.until("it is to be printed again, marked", func() bool { return w.tickets(got.Order)[0].Copy == 2 })
		w.does(got.Order, hub.Act{Kind: order.Cancel, Reason: "不要了"})
		w.until("its cancel is printed", func() bool {
			return slices.ContainsFunc(w.tickets(got.Order), func(t hub.Ticket) bool { return t.Kind == ticket.Cancelled && t.State == effect.Done })
		})
	})
}

// A printer that was carried to another store does not print there what waited for it here,
// and a copy counts the tickets of an order, however many printers have them.
func TestATicketStaysInItsStore(t *testing.T) {
	both(t, func(t *testing.T, d *db.DB) {
		w := paperAt(t, d)
		p := w.add(printers.ESCPOS, false)
		w.add(printers.Yilianyun, false)
		w.sim.Device(printers.ESCPOS).Paper(false)
		w.run()
		got := w.enter(w.tea("a", 1))
		w.comes(printers.Yilianyun, 1)
		if _, err := w.hub.Reprint(t.Context(), w.who, []ident.Order{got.Order}, ticket.Cancelled, 0); fault.ReasonOf(err).Code != "print_not_cancelled" {
			t.Errorf("a cancel of what is not cancelled: %v", err)
		}
		_, err := w.hub.Reprint(t.Context(), w.who, []ident.Order{got.Order}, ticket.Kitchen, 0)
		w.must(err)
		if text := w.comes(printers.Yilianyun, 2)[1].Text(); !strings.Contains(text, "补打 第2次") {
			t.Errorf("the copy reads\n%s", text)
		}
		other, err := w.hub.PutStore(t.Context(), w.who, db.StoreRow{Name: "别店", Zone: "Asia/Shanghai"})
		w.must(err)
		p.Store, p.Credentials = other.ID, nil
		p, err = w.hub.PutPrinter(t.Context(), w.who, p, hub.PrinterSettings{Columns: 32, Prints: hub.UsualPrints})
		w.must(err)
		w.sim.Device(printers.ESCPOS).Paper(true)
		w.until("nothing waits there any more", func() bool {
			return !slices.ContainsFunc(w.tickets(got.Order), func(t hub.Ticket) bool { return t.Printer == p.ID && t.State != effect.Void })
		})
		w.comes(printers.ESCPOS, 0)
	})
}
