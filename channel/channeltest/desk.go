package channeltest

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"testing"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/money"
	"github.com/tongdan/tongdan/order"
)

// desk is one world with its connection and a book: what most rules begin with.
type desk struct {
	t    *testing.T
	h    Harness
	w    World
	info *channel.Info
	conn *channel.Conn
	book Book
}

func open(t *testing.T, h Harness) *desk {
	t.Helper()
	d := &desk{t: t, h: h, w: h.Open(t), info: h.Platform().Info()}
	d.conn = d.connect(d.w.Env())
	return d
}

// connect opens the account with an environment of its own.
func (d *desk) connect(env channel.Env) *channel.Conn {
	d.t.Helper()
	s, err := d.h.Platform().Open(d.w.Account(), env)
	if err != nil {
		d.t.Fatalf("open the account: %v", err)
	}
	return channel.NewConn(d.info, s)
}

// receive takes callbacks into a book, as one that was verified.
func (d *desk) receive(b *Book, list []channel.Request) {
	d.t.Helper()
	for _, r := range list {
		got := d.h.Platform().Receive(d.w.Account().App, r)
		if got.Verdict != channel.Good {
			d.t.Fatalf("callback %s was not verified: %s", r.Path, got.Why)
		}
		d.take(b, got.Item)
	}
}

func (d *desk) take(b *Book, items ...channel.Item) {
	d.t.Helper()
	if err := b.Take(items...); err != nil {
		d.t.Fatalf("take items: %v", err)
	}
}

// learn brings an order into the book: pushes, the hints they give, and a direct read.
func (d *desk) learn(ref order.Ref) order.Order {
	d.t.Helper()
	d.receive(&d.book, d.w.Pushes(d.t))
	d.read(&d.book, ref)
	return d.book.Order(ref, d.info.Grammar)
}

// read reads an order, what is linked to it, and what is hinted at.
func (d *desk) read(b *Book, ref order.Ref) {
	d.t.Helper()
	if d.info.Own {
		return // what was pushed is all there is
	}
	items, err := d.conn.Read(d.t.Context(), ref)
	if err != nil {
		d.t.Fatalf("read %s: %v", ref.ID, err)
	}
	d.take(b, items...)
	if err := b.Follow(d.t.Context(), d.conn); err != nil {
		d.t.Fatalf("follow the hints: %v", err)
	}
	for _, l := range b.Linked(ref) {
		items, err := d.conn.Read(d.t.Context(), l)
		if err != nil {
			d.t.Fatalf("read %s %s: %v", l.Kind, l.ID, err)
		}
		d.take(b, items...)
	}
}

// act builds an act on an order as the hub would, with every declared input filled.
func (d *desk) act(k order.ActionKind, o order.Order) channel.Act {
	d.t.Helper()
	a := channel.Act{Kind: k, Order: o.Ref, ShopID: o.ShopID, Linked: d.book.Linked(o.Ref), Logistics: o.Head.Logistics}
	if k == order.RefundApprove || k == order.RefundRefuse {
		i := slices.IndexFunc(o.Cases, func(c order.AfterSale) bool { return c.Answerable })
		if i < 0 {
			d.t.Fatalf("order %s has no case to answer: %+v", o.Ref.ID, o.Cases)
		}
		a.Case, a.CaseAmount = o.Cases[i].Key, o.Cases[i].Case.Amount
	}
	if k == order.RefundAppeal {
		i := slices.IndexFunc(o.Cases, func(c order.AfterSale) bool { return c.Case.CanAppeal })
		if i < 0 {
			d.t.Fatalf("order %s has no case to appeal against: %+v", o.Ref.ID, o.Cases)
		}
		a.Case = o.Cases[i].Key
	}
	if k == order.SlowAppeal {
		a.Case = order.SlowKey
	}
	if k == order.RemindReply {
		i := slices.IndexFunc(o.Reminders, func(r order.ReminderNow) bool { return r.AnsweredAt == 0 })
		if i < 0 {
			d.t.Fatalf("order %s has no reminder to answer: %+v", o.Ref.ID, o.Reminders)
		}
		a.Case = o.Reminders[i].Key
	}
	if k == channel.TellRider {
		a.Courier, a.Telling = order.Rider{Name: "测试骑手", Phone: "10000000000"}, &channel.Telling{Ride: "rid_test", State: order.DeliveryAssigned}
	}
	if k.Riding() {
		for _, p := range order.Permits(&o, d.info.Acts()) {
			if p.Kind == k {
				a.Case = p.For
			}
		}
	}
	p, _ := d.info.Power(k)
	for _, in := range p.Fields {
		switch in.Name {
		case "reason_code":
			if list := d.info.Reasons[k]; len(list) > 0 {
				a.ReasonCode = list[0].Code
			}
		case "reason":
			a.Reason = exampleText
		case "text":
			a.Text = exampleText
		case "pictures":
			a.Pictures = []string{"https://img.example.com/1.jpg", "https://img.example.com/2.jpg"}
		case "courier":
			a.Courier = order.Rider{Name: "测试骑手", Phone: "10000000000"}
		case "carrier":
			a.Carrier = "test"
			if list := d.info.Reasons[k]; len(list) > 0 {
				a.Carrier = list[0].Code
			}
		case "amount":
			much := money.Of(2000, o.Bill.Total.Currency())
			a.Amount = &much
		case "tracking":
			a.Tracking = "TEST0123456789"
		case "lines":
			if o.Bill == nil || len(o.Bill.Lines) == 0 {
				d.t.Fatalf("order %s has no lines", o.Ref.ID)
			}
			l := o.Bill.Lines[0]
			a.Lines = []channel.ActLine{{Line: l.Key, SKU: l.SKU, Ref: l.Ref, Name: l.Name, Quantity: 1}}
		}
	}
	d.w.Tune(&a)
	return a
}

// do carries out an act and takes what it says.
func (d *desk) do(a channel.Act) {
	d.t.Helper()
	before, err := d.conn.Before(d.t.Context(), a)
	if err != nil {
		d.t.Fatalf("%s: read the state before: %v", a.Kind, err)
	}
	items, err := d.conn.Do(d.t.Context(), a, before)
	if err != nil {
		d.t.Fatalf("%s: %v", a.Kind, err)
	}
	d.take(&d.book, items...)
}

// prepared gives a world with an order that is ready for an act; false when this platform
// cannot bring one about.
func prepared(t *testing.T, h Harness, k order.ActionKind) (*desk, order.Order, bool) {
	t.Helper()
	d := open(t, h)
	p, _ := d.info.Power(k)
	wish := Wish{}
	if len(p.Logistics) > 0 {
		wish.Logistics = p.Logistics[0]
	}
	ref := d.w.Place(t, wish)
	o := d.learn(ref)
	first := map[order.ActionKind][]order.ActionKind{
		order.CallRider: {order.Accept}, order.Tip: {order.Accept, order.CallRider}, order.RecallRider: {order.Accept, order.CallRider}, order.DeliverSelf: {order.Accept},
		channel.TellRider: {order.Accept},
		order.Ready:       {order.Accept}, order.Dispatch: {order.Accept}, order.Deliver: {order.Accept, order.Dispatch, order.Ship}, order.Cancel: {order.Accept},
		order.Ship: {order.Accept}, order.RemindReply: {order.Accept}, order.RefundApprove: {order.Accept}, order.RefundRefuse: {order.Accept}, order.RefundAppeal: {order.Accept}, order.SlowAppeal: {order.Accept}, order.RefundPartial: {order.Accept},
	}[k]
	for _, f := range first {
		if can(f)(d.info) {
			d.do(d.act(f, o))
			o = d.learn(ref)
		}
	}
	if k == order.RefundApprove || k == order.RefundRefuse {
		if !d.w.Happen(t, ref, BuyerAsksPart) && !d.w.Happen(t, ref, BuyerAsksAll) {
			return d, o, false
		}
		o = d.learn(ref)
	}
	if k == order.RefundAppeal {
		if !d.w.Happen(t, ref, BuyerAsksAll) || !d.w.Happen(t, ref, NobodyAnswers) {
			return d, o, false
		}
		o = d.learn(ref)
	}
	if k == order.SlowAppeal { // no message and no read of the order tells it
		if !d.w.Happen(t, ref, HeldSlow) {
			return d, o, false
		}
		if _, err := d.book.Pull(t.Context(), d.conn, channel.Pull{}); err != nil {
			t.Fatalf("pull: %v", err)
		}
		o = d.book.Order(ref, d.info.Grammar)
	}
	if k == order.RemindReply {
		if !d.w.Happen(t, ref, BuyerReminds) {
			return d, o, false
		}
		o = d.learn(ref)
	}
	return d, o, true
}

// through is a transport that changes answers on their way.
type through struct {
	next   http.RoundTripper
	change func(body []byte) []byte
}

func (t through) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := t.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	return replaceBody(res, t.change)
}

// mangled is an environment whose reads change the answers about one order.
func (d *desk) mangled(how Mangling, ref order.Ref) channel.Env {
	env := d.w.Env()
	reads := *env.Reads
	next := reads.Transport
	if next == nil {
		next = http.DefaultTransport
	}
	reads.Transport = through{next, func(b []byte) []byte { return d.w.Mangle(how, ref, b) }}
	env.Reads = &reads
	return env
}

func (d *desk) pull(ctx context.Context, b *Book, c *channel.Conn, p channel.Pull) (json.RawMessage, error) {
	d.t.Helper()
	return b.Pull(ctx, c, p)
}
