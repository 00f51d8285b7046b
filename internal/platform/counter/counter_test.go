package counter_test

import (
	"cmp"
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/channel/channeltest"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/internal/platform/counter"
	"github.com/tongdan/tongdan/money"
	"github.com/tongdan/tongdan/order"
)

func TestConformance(t *testing.T) { channeltest.Run(t, harness{}) }

type harness struct{}

func (harness) Platform() channel.Platform { return own }

var own = counter.New()

func (harness) Open(*testing.T) channeltest.World {
	w := &world{now: time.Date(2026, 3, 1, 4, 0, 0, 0, time.UTC)}
	w.app = channel.App{ID: 7, Credentials: map[string]channel.Secret{}}
	for k, v := range own.Draw() {
		w.app.Credentials[k] = channel.NewSecret(v)
	}
	return w
}

// world is a counter: what is entered is pushed at once.
type world struct {
	now    time.Time
	app    channel.App
	pushed []channel.Request
	n      int64
}

func (w *world) Account() channel.Account {
	return channel.Account{ID: 9, App: w.app, Shops: []string{"sto_1"}}
}
func (w *world) Env() channel.Env {
	reads, calls := channel.NoClients()
	return channel.Env{Reads: reads, Calls: calls, Now: func() time.Time { return w.now }}
}
func (w *world) Advance(_ *testing.T, d time.Duration) { w.now = w.now.Add(d) }

func (w *world) Place(t *testing.T, wish channeltest.Wish) order.Ref {
	t.Helper()
	w.n++
	e := channel.Entry{ID: "e" + strconv.FormatInt(w.n, 10), Shop: "sto_1", Day: "2026-03-01", Number: w.n, At: w.now.UnixMilli(), By: "小王", Origin: channel.OriginPhone,
		Serve: channel.ServePickup, Currency: "CNY", Pay: channel.PayCash, Customer: channel.EntryCustomer{Name: "测试顾客", Phone: "10000000000", Address: "测试路 1 号"}}
	if wish.Logistics == order.BySelf {
		e.Serve = channel.ServeDelivery
	}
	for i := range cmp.Or(wish.Lines, 2) {
		e.Lines = append(e.Lines, channel.EntryLine{Name: fmt.Sprint("测试茶 ", i+1), Code: fmt.Sprint("T", i+1), Quantity: cmp.Or(wish.Each, 2), Price: 1550})
	}
	e.Total, _ = e.Sum()
	r, err := own.Enter(w.app, e)
	if err != nil {
		t.Fatal(err)
	}
	r.At = w.now
	w.pushed = append(w.pushed, r)
	return order.Ref{Realm: counter.Realm, Kind: order.KindOrder, ID: e.ID}
}

func (w *world) Happen(*testing.T, order.Ref, channeltest.Happening) bool { return false }

func (w *world) Pushes(*testing.T) []channel.Request {
	out := w.pushed
	w.pushed = nil
	return out
}

// Nobody is called, so nothing is counted and nothing can be broken.
func (*world) Count(*testing.T, order.Ref, order.ActionKind) (calls, changes int) { return 0, 0 }
func (*world) Fault(t *testing.T, _ channeltest.Fault, _ int, _ order.ActionKind) {
	t.Fatal("there is no call that could fail")
}
func (*world) Mangle(_ channeltest.Mangling, _ order.Ref, body []byte) []byte { return body }

// Tune gives an act the purse that the hub reckons.
func (*world) Tune(a *channel.Act) {
	held, back := money.Of(6200, "CNY"), money.Of(1550, "CNY")
	a.Purse = &channel.Purse{Held: &held}
	if len(a.Lines) > 0 {
		a.Purse.Back = &back
	}
}

func TestWhatEnterSignsIsWhatReceiveReads(t *testing.T) {
	w := harness{}.Open(t).(*world)
	good := channel.Entry{ID: "a", Shop: "s", Day: "2026-03-01", Number: 1, At: 1_772_338_000_000, Origin: "phone", Serve: "pickup", Currency: "CNY", Pay: "later",
		Lines: []channel.EntryLine{{Name: "茶", Quantity: 2, Price: 100}}, Total: 200}
	if _, err := own.Enter(w.app, good); err != nil {
		t.Fatal(err)
	}
	for name, edit := range map[string]func(*channel.Entry){
		"a total that is not the sum": func(e *channel.Entry) { e.Total++ },
		"no lines":                    func(e *channel.Entry) { e.Lines = nil },
		"no pieces":                   func(e *channel.Entry) { e.Lines = []channel.EntryLine{{Name: "茶", Price: 100}} },
		"another way of serving":      func(e *channel.Entry) { e.Serve = "drone" },
		"another way of paying":       func(e *channel.Entry) { e.Pay = "shells" },
		"a currency that is none":     func(e *channel.Entry) { e.Currency = "XXQ" },
		"a day that is none":          func(e *channel.Entry) { e.Day = "2026-02-31" },
		"no number":                   func(e *channel.Entry) { e.Number = 0 },
		"a discount above the sum":    func(e *channel.Entry) { e.Discount, e.Total = 300, -100 },
		"a line break in a name":      func(e *channel.Entry) { e.Customer.Name = "a\nb" },
	} {
		e := good
		edit(&e)
		if _, err := own.Enter(w.app, e); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v, want invalid", name, err)
		}
	}
}

// What is due is collected when it is handed over, and counts as paid from then on.
func TestMoneyThatIsDueIsCollectedAtTheHandOver(t *testing.T) {
	w := harness{}.Open(t).(*world)
	e := channel.Entry{ID: "a", Shop: "s", Day: "2026-03-01", Number: 1, At: w.now.UnixMilli(), Origin: "phone", Serve: "delivery", Currency: "CNY", Pay: "later",
		Lines: []channel.EntryLine{{Name: "茶", Quantity: 2, Price: 100}}, Delivery: 50, Total: 250, Customer: channel.EntryCustomer{Address: "x"}}
	r, err := own.Enter(w.app, e)
	if err != nil {
		t.Fatal(err)
	}
	r.At = w.now
	var b channeltest.Book
	if err := b.Take(own.Receive(w.app, r).Item); err != nil {
		t.Fatal(err)
	}
	ref := order.Ref{Realm: counter.Realm, Kind: order.KindOrder, ID: "a"}
	o := b.Order(ref, own.Info().Grammar)
	if o.Status != order.StatusAccepted || o.Axes.Payment != order.PayLater || o.PaidSum == nil || !o.PaidSum.IsZero() || o.PaidSum.Currency() != "CNY" {
		t.Fatalf("entered: %s, %+v, paid %v", o.Status, o.Axes, o.PaidSum)
	}
	for _, p := range order.Permits(&o, own.Info().Acts()) {
		if p.Kind == order.RefundPartial && p.Allowed {
			t.Error("money that was never paid could be given back")
		}
		if p.Kind == order.Ready && !p.Allowed {
			t.Errorf("it cannot be made: %v", p.Why)
		}
	}
	shop, err := own.Open(w.Account(), w.Env())
	if err != nil {
		t.Fatal(err)
	}
	due := money.Of(250, "CNY")
	items, err := channel.NewConn(own.Info(), shop).Do(t.Context(), channel.Act{Kind: order.Deliver, Order: ref, Logistics: order.BySelf, ReasonCode: "code", Purse: &channel.Purse{Due: &due}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Take(items...); err != nil {
		t.Fatal(err)
	}
	if o = b.Order(ref, own.Info().Grammar); o.Status != order.StatusDone || o.Axes.Payment != order.Paid || o.PaidSum.Minor() != 250 || o.Payments[0].Method != "code" {
		t.Errorf("handed over: %s, %+v, paid %v by %+v", o.Status, o.Axes, o.PaidSum, o.Payments)
	}
}
