package dst

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/books"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/hub"
	"github.com/tongdan/tongdan/internal/sim"
	"github.com/tongdan/tongdan/order"
)

// durable holds what Meituan was told against what is committed: a push that was answered
// is in the journal. Lines get their numbers by the time, and none is deleted; so those of
// some seconds ago are counted once, and all of them again at the end (whole).
func (w *World) durable(whole bool) {
	const pushes = `SELECT COUNT(*) FROM journal WHERE direction = 'push' AND channel = 'meituan' AND id > $1 AND id <= $2`
	old := ident.Of(time.Now().Add(-10*time.Second), 0)
	if whole {
		w.counted.upTo, w.counted.n, old = 0, 0, 0
	}
	var err error
	if ident.Time(old).Sub(ident.Time(w.counted.upTo)) > 5*time.Second {
		var more int64
		more, err = w.mem.Count(pushes, w.counted.upTo, old)
		w.counted.upTo, w.counted.n = old, w.counted.n+more
	} else {
		old = w.counted.upTo
	}
	n, failed := w.mem.Count(pushes, old, int64(math.MaxInt64))
	if n += w.counted.n; err != nil || failed != nil || n < int64(w.answered) {
		w.violate("Meituan holds %d pushes for received, %d are committed (%v)", w.answered, n, errors.Join(err, failed))
		w.answered = int(n)
	}
}

// expect gives what the platforms hold, by channel and number.
func (w *World) expect() (map[string]books.Entry, error) {
	out := make(map[string]books.Entry, len(w.orders))
	for _, o := range w.orders {
		var e books.Entry
		var err error
		if o.channel == "meituan" {
			x, failed := w.mt.Order(o.ref)
			if failed != nil {
				return nil, failed
			}
			if x.Paid == 0 {
				continue // nobody is told of an order that was never paid
			}
			e = books.OfMeituan(x)
		} else {
			e, err = books.MercadoLibre(w.ml, idOf(o.ref))
		}
		if err != nil {
			return nil, err
		}
		out[books.Key(o.channel, o.ref)] = e
	}
	return out, nil
}

// shown gives what the hub shows.
func (w *World) shown(ctx context.Context, n *node) (rows []db.OrderRow, list []books.Order, err error) {
	f := db.Filter{Limit: 200, Sort: "newest"}
	for {
		page, next, err := n.db.Orders(ctx, w.actor().Scope, f)
		if err != nil {
			return nil, nil, err
		}
		for _, r := range page {
			var s hub.Summary
			if err := json.Unmarshal(r.Summary, &s); err != nil {
				return nil, nil, err
			}
			o := books.Order{Channel: s.Channel, Ref: s.Ref, Status: string(s.Status), Theirs: s.Theirs}
			if s.Total != nil {
				o.Total = string(s.Total.Currency()) + " " + strconv.FormatInt(s.Total.Minor(), 10)
			}
			list = append(list, o)
		}
		rows = append(rows, page...)
		if f.Cursor = next; next == "" {
			return rows, list, nil
		}
	}
}

// effects gives the effects about orders that are in some states; none named = all.
func (w *World) effects(ctx context.Context, n *node, states ...effect.State) (all []effect.Effect, err error) {
	f := db.EffectFilter{Limit: 500, States: states}
	for {
		page, next, err := n.db.Effects(ctx, w.actor().Scope, f)
		if err != nil {
			return nil, err
		}
		for _, e := range page {
			if e.Order != 0 {
				all = append(all, e)
			}
		}
		if f.Cursor = next; next == "" {
			return all, nil
		}
	}
}

// openStates are those in which something is still to happen.
var openStates = []effect.State{effect.Waiting, effect.Sending, effect.Unknown, effect.Person}

// unsettled says what is still under way or does not agree yet; it lets the clerk press
// again where no answer came, and decide what asks a person.
func (w *World) unsettled(ctx context.Context) (still []string) {
	n := w.nodes[0]
	if !n.up() {
		return []string{"node 0 is down"}
	}
	for _, name := range w.names {
		if p := w.pressed[name]; !p.told {
			w.press(p)
			still = append(still, name+": no answer")
		}
	}
	if err := n.db.Reload(ctx); err != nil {
		return append(still, err.Error())
	}
	still = append(still, w.authorise(n)...)
	list, err := w.effects(ctx, n, openStates...)
	if err != nil {
		return []string{err.Error()}
	}
	for _, e := range list {
		switch {
		case e.State == effect.Person:
			w.decide(n, e)
			still = append(still, fmt.Sprintf("%s for %s asked a person", e.Kind, e.Target))
		default:
			still = append(still, fmt.Sprintf("%s for %s is %s after %d attempts and %d looks, next at %s: %s", e.Kind, e.Target, e.State, e.Attempts, e.Looks,
				time.UnixMilli(e.NextAt).UTC().Format(time.TimeOnly), e.Why.Text))
		}
	}
	want, err := w.expect()
	if err != nil {
		return append(still, err.Error())
	}
	rows, have, err := w.shown(ctx, n)
	if err != nil {
		return append(still, err.Error())
	}
	for _, d := range books.Compare(want, have, w.ready) {
		if d.Kind == books.Total && want[d.Key].Status == "cancelled" && w.unpaid(d.Key) {
			continue // a sale that was never paid has no total that both sides define alike
		}
		still = append(still, d.Text)
	}
	still = append(still, w.stockUnsettled(ctx, n)...)
	if len(still) > 0 {
		return still
	}
	return w.children(ctx, n, rows)
}

// children compares the refund cases of Meituan's orders, each by its number.
func (w *World) children(ctx context.Context, n *node, rows []db.OrderRow) (differ []string) {
	states := map[string][]order.State{
		"open": {order.CaseAsked, order.CaseAppealed}, "agreed": {order.CaseAgreed, order.CaseRefunded}, "rejected": {order.CaseRefused}, "withdrawn": {order.CaseWithdrawn},
	}
	for _, o := range w.orders {
		if o.channel != "meituan" {
			continue
		}
		theirs, err := w.mt.Order(o.ref)
		if err != nil || len(theirs.Refunds) == 0 {
			continue
		}
		ref := n.ref(o)
		at := slices.IndexFunc(rows, func(r db.OrderRow) bool { return r.Ref == ref })
		if at < 0 {
			continue // told as lost
		}
		d, err := n.hub.Detail(ctx, w.actor(), rows[at].ID)
		if err != nil {
			differ = append(differ, fmt.Sprintf("meituan %s: %v", o.ref, err))
			continue
		}
		ours := map[string]hub.AfterSale{}
		for _, s := range d.AfterSales {
			ours[s.Key] = s
		}
		for _, r := range theirs.Refunds {
			s, ok := ours[r.ID]
			if r.ResType == 6 { // overtaken by a cancel: on the wire that reads "confirmed by the system"
				r.State = "agreed"
			}
			fits := false
			for _, state := range states[r.State] {
				fits = fits || s.State == state
			}
			switch {
			case !ok && r.ApplyType == 0: // the repayment after a cancel: nobody is told of it
			case !ok:
				differ = append(differ, fmt.Sprintf("meituan %s: refund case %s is missing", o.ref, r.ID))
			case !fits:
				differ = append(differ, fmt.Sprintf("meituan %s: refund case %s is %s, the platform's is %s (%s)", o.ref, r.ID, s.State, r.State, s.Theirs))
			case s.Amount == nil || s.Amount.Minor() != int64(r.Money):
				differ = append(differ, fmt.Sprintf("meituan %s: refund case %s is of %v, the platform's of %d", o.ref, r.ID, s.Amount, r.Money))
			}
		}
		if len(ours) > len(theirs.Refunds) {
			differ = append(differ, fmt.Sprintf("meituan %s: %d refund cases, the platform has %d", o.ref, len(ours), len(theirs.Refunds)))
		}
	}
	return differ
}

// verifyEvery says which days are looked at by tongdan verify's own checks too: it reads
// everything.
const verifyEvery = 4

// check holds a day that has come to rest against the promise.
func (w *World) check(ctx context.Context) {
	n := w.nodes[0]
	fail := func(err error) {
		if err != nil {
			w.violate("the check: %v", err)
		}
	}
	want, err := w.expect()
	fail(err)
	list, err := w.effects(ctx, n)
	fail(err)
	states := map[string]string{}
	for _, e := range list {
		states[e.ID.String()] = string(e.State)
	}
	var presses []books.Press
	for _, name := range w.names {
		p := w.pressed[name]
		x := books.Press{Key: books.Key(p.placed.channel, p.placed.ref), Kind: string(p.act.Kind), For: p.act.For, Effect: p.effect.String()}
		x.State, x.Again = states[x.Effect], w.resent[x.Effect]
		presses = append(presses, x)
	}
	for _, d := range books.Once(want, presses) {
		if d.Kind == books.Unsent && w.elsewhere(d.Key) {
			continue // somebody did it in the platform's own app, or the platform's service did
		}
		if d.Kind == books.Unsent && strings.Contains(d.Text, " ready") && w.went(d.Key, "rider_collect", "rider_deliver", "complete", string(order.Dispatch), string(order.Deliver)) {
			continue // it left the kitchen before the call was made, whatever it became later
		}
		w.violate("%s", d.Text)
	}

	// The feed has no gap, and the last word on each order is what its row says.
	last, at := map[string]int64{}, int64(0)
	for {
		page, _, err := n.db.Changes(ctx, w.actor().Scope, at, 1000)
		fail(err)
		if len(page) == 0 {
			break
		}
		for _, c := range page {
			if c.Seq != at+1 {
				w.violate("the feed goes from %d to %d", at, c.Seq)
			}
			at = c.Seq
			if c.Kind == db.KindOrder {
				last[c.ID] = c.Seq
			}
		}
	}
	if r, err := n.db.Feed(ctx, w.merchant); err != nil || r.Seq != at {
		w.violate("the feed ends at %d, its counter says %d (%v)", at, r.Seq, err)
	}
	rows, _, err := w.shown(ctx, n)
	fail(err)
	statuses := map[order.Status]int64{}
	for _, r := range rows {
		statuses[r.Status]++
		if last[r.ID.String()] != r.Seq {
			w.violate("%s: its row is of change %d, the feed's last is %d", r.Ref.ID, r.Seq, last[r.ID.String()])
		}
	}

	// What is derived follows.
	for more := true; more && err == nil; {
		more, err = n.db.Step(ctx, w.merchant)
	}
	fail(err)
	c, err := n.db.Counts(ctx, w.actor().Scope, db.Filter{})
	fail(err)
	for _, s := range order.Statuses {
		if c.Statuses[s] != statuses[s] {
			w.violate("the counts say %d %s, there are %d", c.Statuses[s], s, statuses[s])
		}
	}
	parked, _, err := n.db.Parked(ctx, w.actor().Scope, db.ParkedFilter{State: db.ParkedState, Limit: 200})
	fail(err)
	for _, p := range parked {
		if p.Channel == "mercadolibre" && w.strangers() {
			continue // notifications are not signed: whoever knows the address can send nonsense
		}
		w.violate("a message was parked: %s %s: %s", p.Channel, p.What, p.Why.Text)
	}
	w.durable(true)
	w.checkStock(ctx, n)
	if w.script.Seed%verifyEvery == 0 {
		report, err := n.hub.Verify(ctx, hub.VerifyOptions{Merchant: w.merchant, Examples: 1})
		fail(err)
		for _, c := range report.Checks {
			if c.Bad > 0 {
				w.violate("verify, %s: %d of %d: %v", c.Name, c.Bad, c.Looked, c.Examples)
			}
		}
	}
	if w.script.Copy {
		w.silent()
	}
	w.sum(rows, list)
}

// elsewhere reports whether an order was acted on in the platform's own app, or by its
// service.
func (w *World) elsewhere(key string) bool {
	for _, o := range w.orders {
		if books.Key(o.channel, o.ref) == key {
			return slices.ContainsFunc(w.script.Steps, func(s Step) bool {
				return s.Life == o.life && (strings.HasSuffix(s.What, "_in_app") || s.What == "rule")
			})
		}
	}
	return false
}

// went reports whether one of some acts out there was done to an order's life.
func (w *World) went(key string, acts ...string) bool {
	for _, o := range w.orders {
		if books.Key(o.channel, o.ref) == key {
			return slices.ContainsFunc(w.script.Steps, func(s Step) bool { return s.Life == o.life && slices.Contains(acts, s.What) })
		}
	}
	return false
}

// unpaid reports whether an order was placed without being paid.
func (w *World) unpaid(key string) bool {
	for _, o := range w.orders {
		if books.Key(o.channel, o.ref) == key {
			return slices.ContainsFunc(w.script.Steps, func(s Step) bool { return s.Life == o.life && s.Kind == Place && strings.HasSuffix(s.What, " unpaid") })
		}
	}
	return false
}

// strangers reports whether the script has forged messages.
func (w *World) strangers() bool {
	return slices.ContainsFunc(w.script.Steps, func(s Step) bool { return s.What == sim.PushForged })
}

// silent opens a copy of the database beside the original: it must call nobody.
func (w *World) silent() {
	m, err := w.mem.Copy()
	if err != nil {
		w.violate("copy: %v", err)
		return
	}
	defer m.Close()
	n := &node{w: w, n: len(w.nodes), mem: m, copied: true}
	if err := n.start(); err != nil {
		w.violate("the copy does not open: %v", err)
		return
	}
	w.nodes = append(w.nodes, n)
	w.pass(2 * time.Minute)
	n.kill()
	w.nodes = w.nodes[:len(w.nodes)-1]
}

// sum adds what there is in the end to the hash: orders, effects, the platforms' books.
func (w *World) sum(rows []db.OrderRow, list []effect.Effect) {
	if !w.keep {
		return
	}
	for _, r := range rows {
		fmt.Fprintf(w.hash, "%s %s %d %s\n", r.Ref.ID, r.Status, r.Seq, r.Summary)
	}
	for _, e := range list {
		fmt.Fprintf(w.hash, "%s %s %s %d %s\n", e.ID, e.Kind, e.State, e.Attempts, e.Why.Text)
	}
	for _, o := range w.orders {
		if o.channel == "meituan" {
			x, _ := w.mt.Order(o.ref)
			raw, _ := json.Marshal(x)
			w.hash.Write(raw)
			continue
		}
		x, _, _ := w.ml.Order(idOf(o.ref))
		raw, _ := json.Marshal(x)
		w.hash.Write(raw)
	}
}
