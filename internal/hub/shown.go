package hub

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/lane"
	"github.com/tongdan/tongdan/order"
	"github.com/tongdan/tongdan/stock"
)

// showing sets the number that a channel shows. The number is found in the transaction
// that begins the attempt, so the newest is sent, whatever the effect was asked for; it
// is written there with what it may cost (stock.Offer.Send). An answer that is lost costs
// nothing more: what the channel shows is read next, once the call is surely dead.
type showing struct{ h *Hub }

func (p showing) Begin(tx *db.Tx, e effect.Effect) (effect.State, fault.Reason) {
	var state effect.State = effect.Done
	var why fault.Reason
	found := onOffer(tx, e, func(s *db.Stock, o *db.OfferRow) {
		if !p.h.writes(tx, *o) {
			state, why = effect.Void, fault.Because("only_watched", "this shop is only watched: nothing is sent for it")
			return
		}
		for _, push := range p.h.pushes(tx, *s) {
			if s.Offers[push.At].ID == o.ID {
				o.Send(push.Value)
				state = ""
			}
		}
	})
	if !found {
		return effect.Void, fault.Because("offer_unbound", "the offer is not bound any more")
	}
	return state, why
}

func (showing) Before(context.Context, effect.Effect) (json.RawMessage, error) { return nil, nil }

func (p showing) Do(ctx context.Context, e effect.Effect) lane.Result {
	h := p.h
	row, c, err := h.offered(ctx, e)
	if err == nil && row.Sending == stock.None {
		err = fault.Say("hub.showing", fault.Invalid, "no_number_to_send", "no number is to be sent")
	}
	if err != nil {
		return p.ended(e, failed(err), row, nil, nil)
	}
	ctx, trace := channel.WithTrace(ctx)
	err = c.SetStock(ctx, offerName(c, row), row.Sending)
	res := failed(err)
	if err == nil {
		res.Outcome = effect.OK
	}
	return p.ended(e, res, row, c, trace.Take())
}

// ended writes what a call came to.
func (p showing) ended(e effect.Effect, res lane.Result, row db.OfferRow, c *conn, calls []channel.Exchange) lane.Result {
	res.Save = func(tx *db.Tx) error {
		for _, x := range calls {
			tx.Journal(exchange(x, c, e, order.Ref{}, string(res.Outcome)))
		}
		onOffer(tx, e, func(_ *db.Stock, o *db.OfferRow) {
			switch res.Outcome {
			case effect.OK:
				o.Pushed, o.PushedAt, o.Fails, o.Words = o.Sending, tx.Now().UnixMilli(), 0, ""
				o.Sent()
			case effect.Later, effect.No: // certainly not carried out
				if o.NotSent(); res.Outcome == effect.No {
					o.Fails++
				}
				o.Words = res.Why.Text
			default: // perhaps: the look of the effect comes when the call is surely dead
				o.Words = res.Why.Text
			}
		})
		return nil
	}
	return res
}

// Look ends a call whose answer was lost, or that the platform refused because the number
// had changed: it is dead by now. What came of it is read by the offer's own look.
func (p showing) Look(_ context.Context, e effect.Effect) lane.Result {
	return lane.Result{Outcome: effect.Seen, Save: func(tx *db.Tx) error {
		onOffer(tx, e, func(_ *db.Stock, o *db.OfferRow) { o.Lost() })
		return nil
	}}
}

// Changed lets the next number be asked for when this effect has ended.
func (p showing) Changed(tx *db.Tx, e effect.Effect) error {
	if !e.State.Open() {
		p.h.over(tx, e, func(o *db.OfferRow) *ident.Effect { return &o.Effect })
	}
	return nil
}

// over frees an offer of an effect that has ended, and plans anew.
func (h *Hub) over(tx *db.Tx, e effect.Effect, which func(*db.OfferRow) *ident.Effect) {
	k, ok := tx.OfferAt(offerOf(e))
	if !ok {
		return
	}
	onOffer(tx, e, func(_ *db.Stock, o *db.OfferRow) {
		if id := which(o); *id == e.ID {
			*id = 0
		}
	})
	h.plan(tx, k)
}

// looking reads the number that a channel shows. It ripens when a pull that began after
// it has told everything that the platform had sold by then (see ripen).
type looking struct{ h *Hub }

func (l looking) Begin(tx *db.Tx, e effect.Effect) (effect.State, fault.Reason) {
	var state effect.State = effect.Done
	found := onOffer(tx, e, func(_ *db.Stock, o *db.OfferRow) {
		if o.Sending == stock.None && o.Look.Stage != stock.Quiet && l.h.writes(tx, *o) {
			o.BeginLook()
			o.Reads = ""
			state = ""
		}
	})
	if !found {
		return effect.Void, fault.Because("offer_unbound", "the offer is not bound any more")
	}
	return state, fault.Reason{}
}

func (looking) Before(context.Context, effect.Effect) (json.RawMessage, error) { return nil, nil }

// Look reads again: a read changes nothing.
func (l looking) Look(ctx context.Context, e effect.Effect) lane.Result { return l.Do(ctx, e) }

func (l looking) Do(ctx context.Context, e effect.Effect) lane.Result {
	h := l.h
	row, c, err := h.offered(ctx, e)
	if err != nil {
		return failed(err)
	}
	if !row.Known {
		if err := h.retake(ctx, row); err != nil {
			return lane.Result{Outcome: effect.Later, Code: fault.CodeOf(err), Why: fault.ReasonOf(err)}
		}
	}
	ctx, trace := channel.WithTrace(ctx)
	value, err := c.Stock(ctx, offerName(c, row))
	res := failed(err)
	switch res.Outcome {
	case "":
		res.Outcome = effect.OK
	case effect.Lost, effect.Clash:
		res.Outcome = effect.Later
	}
	calls, n := trace.Take(), row.Look.N
	ripe := time.Now().Add(time.Duration(float64(c.Info().Stock.Lag) / h.clock.Speed)).UnixMilli()
	res.Save = func(tx *db.Tx) error {
		if res.Outcome != effect.OK { // what was read is on the offer; a whole menu each time would fill the journal
			for _, x := range calls {
				tx.Journal(exchange(x, c, e, order.Ref{}, string(res.Outcome)))
			}
		}
		onOffer(tx, e, func(_ *db.Stock, o *db.OfferRow) {
			switch {
			case res.Outcome == effect.OK:
				o.Saw(n, value)
				o.Seen, o.SeenAt, o.LookAt = value, tx.Now().UnixMilli(), ripe
				if !o.Known {
					o.Words = ""
				}
			case res.Code == fault.NotFound: // it sells nothing
				o.Gone()
				o.Fails++
				o.Words = res.Why.Text
			case res.Outcome == effect.No:
				o.NotRead()
				o.Fails++
				o.Words = res.Why.Text
			}
		})
		if res.Outcome == effect.OK {
			h.pullSoon(tx, e.Account, ripe)
		}
		return nil
	}
	return res
}

func (l looking) Changed(tx *db.Tx, e effect.Effect) error {
	if !e.State.Open() {
		l.h.over(tx, e, func(o *db.OfferRow) *ident.Effect { return &o.LookedBy })
	}
	return nil
}

// offered reads an effect's offer as it was committed, and opens its account.
func (h *Hub) offered(ctx context.Context, e effect.Effect) (db.OfferRow, *conn, error) {
	row, err := h.db.OfferByID(ctx, db.Scope{Merchant: e.Merchant}, offerOf(e))
	if err != nil {
		return row, nil, err
	}
	c, err := h.conn(e.Merchant, e.Account)
	return row, c, err
}

func offerName(c *conn, o db.OfferRow) channel.Offer {
	name := channel.Offer{Item: o.Item, Variation: o.Variation}
	for _, s := range c.shops {
		if s.ID == o.Shop {
			name.ShopID = s.External
		}
	}
	return name
}

// pullSoon has an account pulled at a moment of the wall clock, if not earlier anyway.
func (h *Hub) pullSoon(tx *db.Tx, account ident.Account, at int64) {
	e, ok := tx.EffectByKey(effect.GoalKey("account/"+account.String(), kindPull, ""))
	if ok && e.State == effect.Waiting && e.NextAt > at {
		e.NextAt = at
		tx.PutEffect(&e)
	}
}

// ripen ends the looks that were read before a pull began which has told everything
// since. What the pull only pointed at, its reads must have told as well: a look waits
// for those that were open when the pull ended. A message that was parked in the last
// minutes may be an order: looks wait for it too.
func (h *Hub) ripen(ctx context.Context, m ident.Merchant, account ident.Account, looks []db.OfferRow) error {
	if len(looks) == 0 {
		return nil
	}
	parked, err := h.db.ParkedSince(ctx, m, account, h.now().Add(-parkedFor).UnixMilli())
	if err != nil || parked {
		return err
	}
	open, err := h.db.OpenReads(ctx, m, account, "read/%/"+order.KindOrder+"/%", maxReads+1)
	if err != nil {
		return err
	}
	for _, o := range looks {
		reads := o.Reads
		waits := len(open) > 0
		if reads != "" { // an earlier pull has told all; only its reads were open
			if waits, err = h.db.StillOpen(ctx, m, reads); err != nil {
				return err
			}
		}
		if waits && (reads != "" || len(open) > maxReads) {
			continue
		}
		n := o.Look.N
		_, err := h.db.Do(ctx, db.Verb{Name: "ripen", Merchant: m, Class: db.Background, Decide: func(tx *db.Tx) error {
			k, ok := tx.OfferAt(o.ID)
			if !ok {
				return nil
			}
			s := tx.Stock(k)
			i := offerIn(s.Offers, o.ID)
			if i < 0 || s.Offers[i].Look.N != n {
				return nil
			}
			if of := &s.Offers[i]; waits {
				of.Reads = db.ReadsText(open)
			} else {
				of.Reads = ""
				if over, ok := of.Ripen(n); ok && over > 0 {
					of.Words = "the platform showed " + itoa(int(over)) + " more than it was given: somebody set it there"
				}
			}
			tx.PutStock(k, s)
			h.plan(tx, k)
			return nil
		}})
		if err != nil {
			return err
		}
	}
	return nil
}

const (
	parkedFor = 10 * time.Minute
	maxReads  = 200         // open reads that a look can wait for; with more it waits for a calmer pull
	ripenSoon = time.Second // between pulls that looks wait for, on the trade's clock

	lookEvery = time.Hour // at least, since people change numbers on the platforms too
	lookBatch = 20
)

// looksRead gives the looks that a pull which begins now may ripen.
func (h *Hub) looksRead(ctx context.Context, e effect.Effect) ([]db.OfferRow, error) {
	if !h.db.Sells(e.Merchant) {
		return nil, nil
	}
	return h.db.LooksRead(ctx, e.Merchant, e.Account, time.Now().UnixMilli())
}

// pullAgain tells when an account is pulled again for the looks that still wait.
func (h *Hub) pullAgain(ctx context.Context, e effect.Effect, err error) (time.Time, bool) {
	if !h.db.Sells(e.Merchant) {
		return time.Time{}, false
	}
	far := time.Now().Add(time.Minute).UnixMilli()
	looks, lookErr := h.db.LooksRead(ctx, e.Merchant, e.Account, far)
	if err != nil || lookErr != nil {
		h.log.Warn("looks could not ripen", "err", errors.Join(err, lookErr))
	}
	if len(looks) == 0 {
		return time.Time{}, false
	}
	at := far
	for _, o := range looks {
		at = min(at, o.LookAt)
	}
	soon := time.Now().Add(time.Duration(float64(ripenSoon) / h.clock.Speed))
	if first := time.UnixMilli(at); first.After(soon) {
		soon = first
	}
	return soon, true
}

// refresh has numbers read again that were not for an hour, and lets an offer that was
// refused try once more.
func (h *Hub) refresh(ctx context.Context, e effect.Effect) error {
	if !h.db.Sells(e.Merchant) {
		return nil
	}
	list, err := h.db.OffersQuiet(ctx, e.Merchant, e.Account, time.Now().Add(-lookEvery).UnixMilli(), lookBatch)
	for _, o := range list {
		_, err = h.db.Do(ctx, db.Verb{Name: "refresh", Merchant: e.Merchant, Class: db.Background, Decide: func(tx *db.Tx) error {
			k, ok := tx.OfferAt(o.ID)
			if !ok {
				return nil
			}
			s := tx.Stock(k)
			if i := offerIn(s.Offers, o.ID); i >= 0 && s.Offers[i].Look.Stage == stock.Quiet {
				of := &s.Offers[i]
				of.Want()
				of.Fails, of.SeenAt = max(of.Fails-1, 0), tx.Now().UnixMilli()
				if !of.Known {
					of.Fails = 0
				}
				tx.PutStock(k, s)
				h.plan(tx, k)
			}
			return nil
		}})
		if err != nil {
			break
		}
	}
	return err
}

// retake has orders take their pieces that came before their offer was bound, or through
// a node that did not know of it yet.
func (h *Hub) retake(ctx context.Context, o db.OfferRow) error {
	after := ident.Order(0)
	codes := [2]string{o.Item, o.Variation}
	if o.Variation == "" {
		codes[1] = o.Item
	}
	for {
		ids, err := h.db.OrdersReserving(ctx, o, codes, after, 50)
		if err != nil || len(ids) == 0 {
			return fault.Wrap("hub.retake", err)
		}
		after = ids[len(ids)-1]
		if err := h.settleAll(ctx, o.Merchant, ids); err != nil {
			return err
		}
	}
}

// settleAll settles orders again.
func (h *Hub) settleAll(ctx context.Context, m ident.Merchant, ids []ident.Order) error {
	_, err := h.db.Do(ctx, db.Verb{Name: "settle", Merchant: m, Orders: ids, Class: db.Background, Alone: len(ids) > 5, Decide: func(tx *db.Tx) error {
		for _, id := range ids {
			if row, ok := tx.OrderByID(id); ok {
				if err := h.settle(tx, row); err != nil {
					return err
				}
			}
		}
		return nil
	}})
	return fault.Wrap("hub.settleAll", err)
}
