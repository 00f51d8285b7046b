package dst

import (
	"context"
	"encoding/json"
	"net/url"
	"strconv"
	"time"

	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/books"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/hub"
	ml "github.com/tongdan/tongdan/internal/sim/mercadolibre"
	"github.com/tongdan/tongdan/order"
)

// A press is one act that the clerk wants, and what he was told.
type press struct {
	name    string
	placed  placed
	order   ident.Order
	act     hub.Act
	effect  ident.Effect
	told    bool // an answer came: done, under way, or no
	refused bool
	lost    bool // a press was never answered, so that it may have been taken
}

func idOf(ref string) ml.ID {
	n, _ := strconv.ParseInt(ref, 10, 64)
	return ml.ID(n)
}

// awake gives a node that a console reaches and that answers.
func (w *World) awake() *node {
	now := time.Now()
	var list []*node
	for _, n := range w.nodes {
		if n.up() && !n.copied && !n.frozen(now) {
			list = append(list, n)
		}
	}
	if len(list) == 0 {
		return nil
	}
	return list[w.rng.IntN(len(list))]
}

func (n *node) ref(o placed) order.Ref {
	p, _ := n.hub.Platform(o.channel)
	return order.Ref{Realm: p.Info().Realm, Kind: order.KindOrder, ID: o.ref}
}

// row gives the row of an order, as a list has it.
func (n *node) row(ctx context.Context, o placed) (db.Counted, bool) {
	ref := n.ref(o)
	if list, err := n.db.OrdersByRefs(ctx, n.w.merchant, ref.Realm, []string{ref.ID}); err == nil && len(list) == 1 {
		return list[0], true
	}
	row, _, _, err := n.db.OrderByRef(ctx, n.w.actor().Scope, ref) // by another number of it
	return db.Counted{ID: row.ID, Ref: row.Ref, Status: row.Status, SortAt: row.SortAt, Summary: row.Summary}, err == nil
}

// want lets the clerk look at an order, and press for an act when it is offered; at times
// also when it is not, as somebody does whose screen is old.
func (w *World) want(o placed, what string, times int) {
	n := w.awake()
	if n == nil {
		return
	}
	ctx := context.Background()
	row, ok := n.row(ctx, o)
	if !ok {
		return // it has not arrived yet
	}
	var shown struct { // of hub.Summary
		Actions []string `json:"actions"`
	}
	if err := json.Unmarshal(row.Summary, &shown); err != nil {
		w.violate("the summary of %s cannot be read: %v", o.ref, err)
		return
	}
	offered := false
	for _, a := range shown.Actions {
		offered = offered || a == what
	}
	if !offered && w.rng.IntN(10) > 0 {
		return
	}
	act := hub.Act{Kind: order.ActionKind(what)}
	switch act.Kind {
	case order.Refuse:
		act.ReasonCode = "2009"
	case order.Cancel:
		act.ReasonCode = "2008"
		if o.channel != "meituan" {
			act.ReasonCode = "OUT_OF_STOCK"
		}
	case order.RefundApprove, order.RefundRefuse:
		d, err := n.hub.Detail(ctx, w.actor(), row.ID)
		if err != nil {
			return
		}
		for _, s := range d.AfterSales {
			if s.Answerable {
				act.For = s.Key
			}
		}
		if act.For == "" {
			return
		}
		act.Reason = "餐品已送出"
		w.cases[o.ref+" "+act.For] = true
	case order.RefundPartial:
		d, err := n.hub.Detail(ctx, w.actor(), row.ID)
		if err != nil || len(d.Lines) == 0 || d.Lines[0].Refunded >= d.Lines[0].Quantity {
			return
		}
		act.Key, act.Lines = "partial "+o.ref, []hub.ActLine{{Line: d.Lines[0].Key, Quantity: 1}}
	case order.Annotate:
		act.Key, act.Text = "note "+o.ref, "embrulhar para presente"
	case order.Dispatch:
		act.Courier = order.Rider{Name: "小李", Phone: "13800000000"}
	}
	name := books.Key(o.channel, o.ref) + " " + what + " " + act.For
	p := w.pressed[name]
	if p == nil {
		p = &press{name: name, placed: o, order: row.ID, act: act}
		w.pressed[name] = p
		w.names = append(w.names, name)
	}
	for range times {
		w.press(p)
	}
}

// again presses once more for what was pressed before: the same deed, so it must stay one.
func (w *World) again(o placed, what string) {
	for _, name := range w.names {
		if p := w.pressed[name]; p.placed == o && string(p.act.Kind) == what {
			w.press(p)
		}
	}
}

func (w *World) press(p *press) {
	n := w.awake()
	if n == nil {
		return
	}
	w.spawn(n, "press "+p.name+" at "+n.name(), func() {
		unanswered := p.lost
		p.lost = true
		done, err := n.hub.Act(context.Background(), w.actor(), p.order, p.act)
		switch code := fault.CodeOf(err); {
		case err == nil:
			p.told, p.lost = true, false
			if p.effect != 0 && done.Effect != 0 && done.Effect != p.effect {
				w.violate("%s: pressed again, it became a second effect (%s beside %s)", p.name, done.Effect, p.effect)
			}
			if done.Effect != 0 {
				p.effect = done.Effect
			}
			if p.act.Kind == order.Ready && p.placed.channel == "mercadolibre" {
				w.ready[books.Key(p.placed.channel, p.placed.ref)] = true
			}
		case code == fault.Conflict || code == fault.NotFound || code == fault.Unsupported:
			p.told, p.refused, p.lost = true, true, unanswered
		case code == fault.Unavailable || code == fault.Unknown: // he presses again later
		default:
			w.violate("%s: %v", p.name, err)
		}
	})
}

// decide is a person's word on an effect whose outcome could not be learnt: he looks into
// the platform's own console.
func (w *World) decide(n *node, e effect.Effect) {
	var a struct{ Order order.Ref }
	if json.Unmarshal(e.Args, &a) != nil {
		w.violate("effect %s: its arguments cannot be read", e.ID)
		return
	}
	var done bool
	switch order.ActionKind(e.Kind) {
	case order.RefundPartial:
		o, err := w.mt.Order(a.Order.ID)
		done = err == nil && o.Tally["order/applyPartRefund"].Changes > 0
	case order.Annotate:
		done = w.ml.Tally(a.Order.ID)["note"].Changes > 0
	default:
		w.violate("%s of order %s asks a person, which only an additive act may: %s", e.Kind, a.Order.ID, e.Why.Text)
		return
	}
	err := n.hub.Decide(context.Background(), w.actor(), e.ID, done)
	switch {
	case err == nil && !done:
		w.resent[e.ID.String()]++ // the platform had received it and done nothing, or had not
	case err != nil && !fault.Is(err, fault.Conflict):
		w.violate("deciding on %s: %v", e.ID, err)
	}
}

// authorise lets the owner agree again for accounts that ask for it: a refresh token is
// good once, so a renewal whose answer was lost with its hub ends in that.
func (w *World) authorise(n *node) (asked []string) {
	ctx := context.Background()
	for _, row := range n.db.AllAccounts() {
		if row.AlarmWhy == "" || row.Channel != "mercadolibre" || w.asking[row.ID] {
			continue
		}
		asked = append(asked, row.Name+": "+row.AlarmWhy)
		w.asking[row.ID] = true
		w.spawn(n, "the owner of "+row.Name+" authorises at "+n.name(), func() {
			defer delete(w.asking, row.ID)
			page, err := n.hub.ConsentURL(ctx, w.actor(), row.ID)
			if err != nil && goesOn(err) {
				return // he is asked again
			}
			if err != nil {
				w.violate("consent of %s: %v", row.Name, err)
				return
			}
			u, err := url.Parse(page)
			if err != nil {
				w.violate("consent of %s: %v", row.Name, err)
				return
			}
			code, err := w.ml.Authorize(idOf(row.External), u.Query().Get("redirect_uri"))
			if err != nil {
				w.violate("consent of %s: %v", row.Name, err)
				return
			}
			if err := n.hub.Authorised(ctx, "mercadolibre", row.App, u.Query().Get("state"), code); err != nil && !goesOn(err) {
				w.violate("the code of %s was not taken: %v", row.Name, err)
			}
		})
	}
	return asked
}
