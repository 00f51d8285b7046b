package hub

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/lane"
	"github.com/tongdan/tongdan/internal/point"
	"github.com/tongdan/tongdan/order"
)

// askRead has a resource read, once however many hints ask for it before it is read. notBefore is on the
// trade's clock, 0 = at once.
func (h *Hub) askRead(tx *db.Tx, account ident.Account, app ident.App, ref order.Ref, notBefore int64, why string) {
	h.askReadIf(tx, account, app, readArgs{Ref: ref, Why: why}, notBefore, false)
}

// askReadIf is askRead for more than a reference; old as of order.Hint.
func (h *Hub) askReadIf(tx *db.Tx, account ident.Account, app ident.App, a readArgs, notBefore int64, old bool) {
	if account == 0 || h.again != nil {
		return // nobody to ask: the shop is not known yet
	}
	now := tx.Now().UnixMilli()
	at := max(h.wallMS(notBefore), now)
	by := int64(0)
	if !old {
		by = h.wantedBy(tx, a.Ref, max(notBefore, h.now().UnixMilli()))
	}
	key := readKey(account, a.Ref)
	if e, ok := tx.EffectByKey(key); ok && e.State.Open() {
		var was readArgs
		_ = json.Unmarshal(e.Args, &was)
		a.Why, a.IfUnknown, a.Of, a.Asked = was.Why, a.IfUnknown && was.IfUnknown, both(was.Of, a.Of), was.Asked+1
		if at < e.NextAt && e.Attempts == 0 {
			e.NextAt = at
		}
		switch {
		case by > 0 && e.Attempts == 0: // one that fails has had its time
			e.Deadline = cmp.Or(e.Deadline, by)
		case by == 0 && !old: // it is known meanwhile
			e.Deadline = 0
		}
		// It may be under way, with an answer older than this hint: other arguments have it made again (lane.Kind.Asks).
		e.Args = toJSON(a)
		tx.PutEffect(&e)
		return
	}
	tx.PutEffect(&effect.Effect{
		Merchant: tx.Merchant(), Account: account, App: app, Target: db.ReadTarget(a.Ref),
		Kind: kindRead, Key: key, Nature: effect.Absolute, State: effect.Waiting, Args: toJSON(a), Cause: a.Why, NextAt: at, Deadline: by, Made: now, Changed: now,
	})
}

// unseenFor is how long an order that nobody has seen is in a hurry: as long as the hastiest platform waits for it to
// be accepted.
const unseenFor = 5 * time.Minute

// wantedBy is until when a read that is to be made from a moment of the trade's clock on is in a hurry, on the wall clock;
// 0 = it is not. Nobody rings for an order whose message was lost, so that it is read before all that are known.
func (h *Hub) wantedBy(tx *db.Tx, ref order.Ref, from int64) int64 {
	if ref.Kind != order.KindOrder {
		return 0
	}
	until := from + unseenFor.Milliseconds()
	if row, ok := tx.Order(tx.Resolve(ref)); ok {
		if until = min(until, row.SortAt+unseenFor.Milliseconds()); known(row) || until <= from {
			return 0
		}
	}
	return h.wallMS(until)
}

// mostOf is how many orders of one record a read is told; more of them it asks for.
const mostOf = 20

// both joins what two who ask know of a record's orders. One that knows nothing wants to be told.
func both(a, b []string) []string {
	if len(a) == 0 || len(b) == 0 {
		return nil
	}
	all := slices.Compact(slices.Sorted(slices.Values(slices.Concat(a, b))))
	if len(all) > mostOf {
		return nil
	}
	return all
}

// schedule sees to it that every account has its repeating work: pull, sweep, keep.
// Whatever was put off is due at once, so that an outage ends with a pull.
func (h *Hub) schedule(ctx context.Context) error {
	const op = "hub.schedule"
	for _, a := range h.db.AllAccounts() {
		if h.Own(a.Channel) {
			continue // there is nobody to ask
		}
		kinds := []string{kindPull, kindSweep, kindKeep, kindCount}
		if p, ok := h.platforms[a.Channel]; ok && p.Info().Comments != nil && !h.noComments {
			kinds = append(kinds, kindComments)
		}
		if p, ok := h.platforms[a.Channel]; ok && p.Info().Standing != nil && !h.noComments {
			kinds = append(kinds, kindStanding)
		}
		keys := make([]string, len(kinds))
		for i, k := range kinds {
			keys[i] = effect.GoalKey("account/"+a.ID.String(), k, "")
		}
		_, err := h.db.Do(ctx, db.Verb{Name: "schedule", Merchant: a.Merchant, Keys: keys, Class: db.Background, Decide: func(tx *db.Tx) error {
			now := tx.Now().UnixMilli()
			for i, k := range kinds {
				e, ok := tx.EffectByKey(keys[i])
				now := now
				if k == kindCount { // nothing waits for it: pulls come first after a start
					now += countEvery.Milliseconds()
				}
				switch {
				case !ok:
					e = effect.Effect{
						Merchant: a.Merchant, Account: a.ID, App: a.App, Target: db.TaskTarget(k, a.ID), Kind: k, Key: keys[i],
						Nature: effect.Absolute, State: effect.Waiting, Cause: "schedule", NextAt: now, Made: now, Changed: now,
					}
				case e.State == effect.Sending:
					continue
				case !e.State.Open() || e.State == effect.Waiting && e.NextAt > now:
					e.State, e.NextAt, e.Changed, e.Deadline = effect.Waiting, now, now, 0
				default:
					continue
				}
				tx.PutEffect(&e)
			}
			return nil
		}})
		if err != nil {
			return fault.Wrap(op, err)
		}
	}
	if err := h.scheduleKnocks(ctx); err != nil {
		return err
	}
	h.runner.Added()
	return nil
}

// pulling asks an account's platform what changed since the cursor, page by page. A
// page's records, its parked failures and its cursor commit together.
type pulling struct {
	background
	h *Hub
}

func (p pulling) Look(ctx context.Context, e effect.Effect) lane.Result { return p.Do(ctx, e) }

const pageItems = 25 // records of one transaction of a pull

// pullArgs are kept until a pull has gone through to its end.
type pullArgs struct {
	Restored bool  `json:"restored,omitempty"` // the cursor is that of a backup: go back as far as there is
	Took     int64 `json:"took_ms,omitempty"`  // how long the last one took, by the trade's clock, where that was longer than the pause between two
}

// outage is how long nothing was pulled before the next pull is a wide one. A pull of many shops that
// takes longer than three pauses is none: each would make the next wide, and that one longer.
func (a pullArgs) outage(pause time.Duration) time.Duration {
	return 3 * max(pause, time.Duration(a.Took)*time.Millisecond)
}

// ended is what is kept when a pull has gone through.
func (a pullArgs) ended(took, pause time.Duration) json.RawMessage {
	if a.Took = 0; took > pause {
		a.Took = took.Milliseconds()
	}
	if a == (pullArgs{}) {
		return nil
	}
	return toJSON(a)
}

func (p pulling) Do(ctx context.Context, e effect.Effect) lane.Result {
	h := p.h
	c, err := h.conn(e.Merchant, e.Account)
	if err != nil {
		return repeat(failed(err), time.Now().Add(effect.Wait(e.Attempts)))
	}
	info := c.Info()
	row, ok := h.db.AccountByID(e.Merchant, e.Account)
	pause := info.PullEvery
	if app, found := h.db.AppByID(row.App); found {
		pause = soonest(info, app, pause)
	}
	every := h.clock.Wall(h.now().Add(pause))
	if !ok || row.Paused {
		return repeat(lane.Result{Outcome: effect.OK}, every)
	}
	at, began := h.now(), time.Now()
	looks, err := h.looksRead(ctx, e)
	if err != nil {
		return repeat(failed(err), time.Now().Add(time.Second))
	}
	whole := true // nothing was parked
	var args pullArgs
	_ = json.Unmarshal(e.Args, &args) // none, or a form of long ago: the usual pull
	wide := args.Restored || row.LastPull == 0 || at.UnixMilli()-row.LastPull > args.outage(pause).Milliseconds()
	ctx, trace := channel.WithTrace(ctx)
	ask := channel.Pull{Cursor: row.Cursor, Wide: wide}
	since := row.LastPull - knownBefore.Milliseconds()
	ask.Known = func(ctx context.Context) ([]channel.Numbered, error) { return h.numbered(ctx, c, since) }
	for page, err := range c.Pull(ctx, ask) {
		if err != nil {
			return p.broke(e, c, row, err, trace.Take(), at, every, args.ended(h.now().Sub(at), pause))
		}
		point.Hit(point.PullPage)
		if err := p.keep(ctx, e, c, page, at, args.Restored); err != nil {
			return repeat(failed(err), time.Now().Add(time.Second))
		}
		point.Hit(point.PullKept)
		whole = whole && !slices.ContainsFunc(page.Items, func(it channel.Item) bool { return it.Err != nil })
		trace.Take()
		if spent(ctx, began) {
			return repeat(lane.Result{Outcome: effect.OK}, time.Now()) // goes on from the cursor; it has not ended
		}
	}
	if whole {
		err = h.ripen(ctx, e.Merchant, e.Account, looks)
	}
	if soon, more := h.pullAgain(ctx, e, err); more && soon.Before(every) {
		every = soon
	}
	args.Restored = false
	kept := args.ended(h.now().Sub(at), pause)
	res := repeat(lane.Result{Outcome: effect.OK}, every)
	res.Save = func(tx *db.Tx) error {
		p.over(tx, e, at, kept)
		return nil
	}
	return res
}

// over writes down that a pull that began at a moment has gone through, and what is kept of it.
func (p pulling) over(tx *db.Tx, e effect.Effect, at time.Time, kept json.RawMessage) {
	tx.Touch(e.Account, func(a *db.AccountRow) { a.LastPull = at.UnixMilli() })
	if now, ok := tx.Effect(e.ID); ok && bytes.Equal(now.Args, e.Args) && !bytes.Equal(now.Args, kept) { // a restore may have come meanwhile
		now.Args = kept
		tx.PutEffect(&now)
	}
}

// spent reports whether three quarters of an attempt's time are over: a pull that began with
// it stops after a page that is kept, and goes on with the next one. Cut off in the middle
// of a call it would count as a call that failed, and rest.
func spent(ctx context.Context, began time.Time) bool {
	limit, ok := channel.NotAfter(ctx)
	return ok && 4*time.Until(limit) < limit.Sub(began)
}

const (
	knownBefore = 10 * time.Minute // what is asked for in a pull was placed so long before the last one at most
	knownMost   = 5000
)

// numbered lists the orders of an account whose content is here, that were placed since a moment and have a
// daily number, the newest first, at most knownMost.
func (h *Hub) numbered(ctx context.Context, c *conn, since int64) (out []channel.Numbered, err error) {
	const op = "hub.numbered"
	codes := map[ident.Shop]string{}
	f := db.Filter{From: since, Sort: db.SortNewest, Limit: 200}
	for _, s := range c.shops {
		codes[s.ID] = s.External
		f.Shops = append(f.Shops, s.ID)
	}
	if len(f.Shops) == 0 {
		return nil, nil
	}
	for {
		rows, next, err := h.db.Orders(ctx, db.Scope{Merchant: c.account.Merchant}, f)
		if err != nil {
			return nil, fault.Wrap(op, err)
		}
		for _, r := range rows {
			var s struct {
				DaySeq string `json:"day_seq"`
				Placed int64  `json:"placed_at"`
				Paid   int64  `json:"paid_at"`
			}
			if json.Unmarshal(r.Summary, &s) != nil || s.DaySeq == "" || !known(&r) {
				continue
			}
			n := channel.Numbered{Shop: codes[r.Shop], Number: s.DaySeq, Placed: time.UnixMilli(s.Placed)}
			if s.Paid > 0 {
				n.Paid = time.UnixMilli(s.Paid)
			}
			out = append(out, n)
		}
		if f.Cursor = next; next == "" || len(out) >= knownMost {
			return out, nil
		}
	}
}

// keep commits one page; its cursor goes with the last part. whole: what is here is older
// than what was here once.
func (p pulling) keep(ctx context.Context, e effect.Effect, c *conn, page channel.Page, at time.Time, whole bool) error {
	items := page.Items
	for {
		part := items[:min(len(items), pageItems)]
		items = items[len(part):]
		l := lesson{channel: c.account.Channel, realm: c.account.Realm, app: c.account.App, account: e.Account, dir: db.Pulled, at: at, items: part, whole: whole}
		last := len(items) == 0
		_, err := p.h.db.Do(ctx, db.Verb{
			Name: "pull", Merchant: e.Merchant, Refs: refs(part), Keys: p.h.keys(l), Class: db.Background, Alone: len(part) > 5, Bodies: bodies(part),
			Decide: func(tx *db.Tx) error {
				if last && page.Cursor != nil {
					tx.Touch(e.Account, func(a *db.AccountRow) { a.Cursor = page.Cursor })
				}
				return p.h.learn(tx, l)
			},
		})
		if err != nil || last {
			return err
		}
		point.Hit(point.PullPart)
	}
}

// broke writes down why a pull stopped; it goes on from the last saved cursor. kept is for one that went through in part.
func (p pulling) broke(e effect.Effect, c *conn, row db.AccountRow, err error, calls []channel.Exchange, began, every time.Time, kept json.RawMessage) lane.Result {
	at := p.h.now().UnixMilli()
	res := failed(err)
	// Soon at first, then as long again as it has been failing, and no later than a pull
	// that went well: a platform that stumbles over one call in ten must not stop the pulls.
	failing := time.Duration(float64(time.Duration(at-row.LastPull)*time.Millisecond)/p.h.clock.Speed) - time.Until(every)
	next := time.Now().Add(max(min(max(failing, time.Second), time.Until(every)), fault.AfterOf(err)))
	out := repeat(res, next)
	out.Save = func(tx *db.Tx) error {
		if len(calls) > 0 {
			tx.Journal(exchange(calls[len(calls)-1], c, e, order.Ref{}, string(res.Outcome)))
		}
		tx.Touch(e.Account, func(a *db.AccountRow) {
			a.LastError, a.ErrorCode, a.ErrorWhy = at, string(fault.CodeOf(err)), fault.ReasonOf(err)
		})
		if _, partly := errors.AsType[*channel.Partly](err); partly {
			p.over(tx, e, began, kept)
		}
		tx.Change("account", e.Account.String())
		return nil
	}
	return out
}

// bodies are what the journal will hold of items, to be compressed before the writer.
func bodies(items []channel.Item) [][]byte {
	out := make([][]byte, len(items))
	for i, it := range items {
		out[i] = it.Raw
	}
	return out
}

// repeat makes a result that comes again at a moment of the wall clock.
func repeat(r lane.Result, next time.Time) lane.Result {
	if r.Outcome == effect.OK {
		r.Code, r.Why = "", fault.Reason{}
	}
	r.Next = next
	return r
}

// sweeping has orders read again that are open and have not been heard of: pushes can
// be lost, and not every platform's pull brings every change.
type sweeping struct {
	background
	h *Hub
}

func (s sweeping) Look(ctx context.Context, e effect.Effect) lane.Result { return s.Do(ctx, e) }

const (
	sweepEvery = 10 * time.Second
	sweepBatch = 40
	sweepYield = 2 * sweepBatch // reads that wait: with so many, sweeping would bury what a hint or a gap asks for
	keepReads  = time.Hour      // reads that are over are kept so long, for whoever looks into a trouble
)

func (s sweeping) Do(ctx context.Context, e effect.Effect) lane.Result {
	h := s.h
	next := h.clock.Wall(h.now().Add(sweepEvery))
	now := h.now().UnixMilli()
	rows, err := h.db.SweepDue(ctx, e.Merchant, e.Account, now, sweepBatch)
	if err != nil {
		return repeat(failed(err), time.Now().Add(sweepEvery))
	}
	if len(rows) > 0 {
		if waiting, err := h.db.Backlog(ctx, e.Merchant, e.Account, time.Now().UnixMilli(), sweepYield); err != nil {
			return repeat(failed(err), time.Now().Add(sweepEvery))
		} else if waiting == sweepYield {
			return repeat(lane.Result{Outcome: effect.OK}, time.Now().Add(time.Second))
		}
	}
	if err := h.refresh(ctx, e); err != nil {
		h.log.Warn("what channels show could not be looked at again", "err", err)
	}
	if len(rows) > 0 || e.Attempts%6 == 0 { // where little happens, once a minute is enough
		if err := h.db.DropOver(ctx, e.Merchant, e.Account, time.Now().Add(-keepReads), 2*sweepBatch); err != nil {
			h.log.WarnContext(ctx, "reads that are over could not be dropped", "merchant", e.Merchant.String(), "account", e.Account.String(), "err", err)
		}
	}
	if len(rows) == sweepBatch {
		next = time.Now().Add(time.Second)
	}
	res := repeat(lane.Result{Outcome: effect.OK}, next)
	for _, r := range rows {
		res.Refs = append(res.Refs, r.Ref)
	}
	res.Save = func(tx *db.Tx) error {
		for _, r := range rows {
			row, ok := tx.Order(r.Ref)
			if !ok || row.SweepAt == 0 || row.SweepAt > now {
				continue
			}
			h.askRead(tx, e.Account, e.App, row.Ref, 0, "sweep")
			row.SweepAt = now + 5*time.Minute.Milliseconds() // the read itself sets the right moment
			tx.PutQuiet(row)
		}
		return nil
	}
	return res
}

// keeping renews what expires by time.
type keeping struct {
	background
	h *Hub
}

func (k keeping) Look(ctx context.Context, e effect.Effect) lane.Result { return k.Do(ctx, e) }

func (k keeping) Do(ctx context.Context, e effect.Effect) lane.Result {
	h := k.h
	c, err := h.conn(e.Merchant, e.Account)
	if err != nil {
		return repeat(failed(err), time.Now().Add(time.Minute))
	}
	ctx, trace := channel.WithTrace(ctx)
	next, keeps, err := c.Keep(ctx)
	wall := time.Now().Add(24 * time.Hour)
	switch {
	case err != nil:
		wall = time.Now().Add(max(effect.Wait(e.Attempts%8+1), fault.AfterOf(err)))
	case keeps && !next.IsZero():
		wall = h.clock.Wall(next)
	}
	if soon := time.Now().Add(100 * time.Millisecond); wall.Before(soon) {
		wall = soon
	}
	calls := trace.Take()
	res := failed(err)
	if err == nil {
		res.Outcome = effect.OK
	}
	at := h.now().UnixMilli()
	res.Save = func(tx *db.Tx) error {
		for _, x := range calls {
			tx.Journal(exchange(x, c, e, order.Ref{}, string(res.Outcome)))
		}
		if err != nil {
			tx.Touch(e.Account, func(a *db.AccountRow) {
				a.LastError, a.ErrorCode, a.ErrorWhy = at, string(fault.CodeOf(err)), fault.ReasonOf(err)
			})
			tx.Change("account", e.Account.String())
		}
		return nil
	}
	return repeat(res, wall)
}
