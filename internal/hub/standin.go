package hub

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/lane"
	"github.com/tongdan/tongdan/internal/point"
	"github.com/tongdan/tongdan/ticket"
)

// A stand-in (备用打印机) is the printer of the same store on which tickets come out while
// their own prints nothing. The first ticket that cannot be printed makes an effect that
// watches over its printer (kindStandIn): when that has not printed for as long as its
// settings say, what waits there and was certainly not printed is made anew for the stand-in,
// in its order, and so is what comes after it, until the printer says that it is well again.
// A ticket ends here and begins there in one transaction, and goes on once: it comes out once,
// whoever dies in the middle.

const (
	kindStandIn = "stand_in"

	usualPatience = 3 * time.Minute // before a stand-in prints
	watchAgain    = 5 * time.Second // a printer that is down is asked again, and what came meanwhile goes on
	inAMoment     = 300 * time.Millisecond
	mostMoved     = 50 // tickets in one transaction
)

// standInArgs say which printer is watched over.
type standInArgs struct {
	Printer ident.Printer `json:"printer"`
	Down    int64         `json:"down,omitempty"` // since when the stand-in prints for it, as the first of its tickets was made; wall ms
	Took    int64         `json:"took,omitempty"` // when the first of its tickets went there; wall ms
}

func standInKey(p ident.Printer) string {
	return effect.GoalKey(printerTarget+p.String(), kindStandIn, "")
}

// watchTarget has a place of its own: the tickets of the printer need not wait for it.
func watchTarget(p ident.Printer) string { return printerTarget + p.String() + "/watch" }

// standInFor gives what an effect watches over, nothing when it does not.
func standInFor(e effect.Effect) (a standInArgs) {
	if e.Kind != kindStandIn || !e.State.Open() || json.Unmarshal(e.Args, &a) != nil {
		return standInArgs{}
	}
	return a
}

// standInOf finds who stands in for a printer: one of the same store that prints tickets and
// is switched on. Nobody does when it was taken away or carried elsewhere meanwhile.
func standInOf(p db.PrinterRow, all []db.PrinterRow) (db.PrinterRow, bool) {
	id := settingsOf(p).StandIn
	for _, x := range all {
		if id != 0 && x.ID == id && x.ID != p.ID && x.Store == p.Store && !x.Disabled && !PrintsLabels(x.Kind) {
			return x, true
		}
	}
	return db.PrinterRow{}, false
}

// patience is how long a printer may print nothing before its stand-in does.
func (s PrinterSettings) patience() time.Duration {
	if s.StandInAfter > 0 {
		return time.Duration(s.StandInAfter) * time.Second
	}
	return usualPatience
}

// watchOver has a printer that could not print a ticket just now watched over.
func watchOver(tx *db.Tx, p db.PrinterRow) {
	s := settingsOf(p)
	if s.StandIn == 0 {
		return
	}
	if e, ok := tx.EffectByKey(standInKey(p.ID)); ok && e.State.Open() {
		return
	}
	now := tx.Now()
	tx.PutEffect(&effect.Effect{
		Target: watchTarget(p.ID), Kind: kindStandIn, Key: standInKey(p.ID), Nature: effect.Absolute, State: effect.Waiting, Cause: "want",
		Args: toJSON(standInArgs{Printer: p.ID}), NextAt: now.Add(s.patience()).UnixMilli(), Made: now.UnixMilli(), Changed: now.UnixMilli(),
	})
}

// standingIn watches over a printer whose tickets wait.
type standingIn struct {
	background
	h *Hub
}

func (s standingIn) Look(ctx context.Context, e effect.Effect) lane.Result { return s.Do(ctx, e) }

func (s standingIn) Do(ctx context.Context, e effect.Effect) lane.Result {
	var a standInArgs
	if json.Unmarshal(e.Args, &a) != nil {
		return lane.Result{Outcome: effect.No}
	}
	over := lane.Result{Outcome: effect.OK}
	var row db.PrinterRow
	all := s.h.db.Printers(db.Scope{Merchant: e.Merchant})
	for _, p := range all {
		if p.ID == a.Printer && !p.Disabled {
			row = p
		}
	}
	to, ok := standInOf(row, all)
	if row.ID == 0 || !ok {
		return over
	}
	open, err := s.h.db.OpenOfTargets(ctx, e.Merchant, printerTarget+row.ID.String(), 1000)
	if err != nil {
		return ownFault(err)
	}
	var wait []ident.Effect
	var head *effect.Effect
	for i := range open {
		x := &open[i]
		if x.Target != printerTarget+row.ID.String() || x.State == effect.Person {
			continue
		}
		if head == nil {
			head = x
		}
		if movable(*x) && len(wait) < mostMoved {
			wait = append(wait, x.ID)
		}
	}
	since := a.Down
	if since == 0 {
		if head == nil || !troubled(head) {
			return over
		}
		if due := time.UnixMilli(head.Made).Add(settingsOf(row).patience()); time.Now().Before(due) {
			return lane.Result{Outcome: effect.Later, Next: due}
		}
		since = head.Made
	}
	if head != nil && head.State == effect.Sending { // it goes first: what comes of it is known in a moment
		why := head.Why
		if why.IsZero() {
			why = e.Why
		}
		return lane.Result{Outcome: effect.Later, Code: fault.Unavailable, Why: why, Next: time.Now().Add(inAMoment)}
	}
	var why fault.Reason
	if head != nil && head.State == effect.Waiting && troubled(head) && time.Since(time.UnixMilli(head.Changed)) < watchAgain {
		why = head.Why // it was tried just now
	} else {
		var well bool
		if why, well = s.asked(ctx, row); well {
			return over
		}
	}
	point.Hit(point.StandInAsked)
	next := time.Now().Add(watchAgain)
	if len(wait) == mostMoved {
		next = time.Now()
	}
	return lane.Result{Outcome: effect.Later, Code: fault.Unavailable, Why: why, Next: next, Save: func(tx *db.Tx) error {
		me, ok := tx.Effect(e.ID)
		if !ok {
			return nil
		}
		if other, ok := tx.EffectByKey(standInKey(to.ID)); ok && standInFor(other).Down > 0 {
			return nil // it prints nothing either: tickets wait where they belong
		}
		ids := make([]ident.Effect, len(wait)) // in the order in which they are to come out
		for i := range ids {
			ids[i] = ident.Effect(tx.ID())
		}
		slices.Sort(ids)
		moved, now := 0, tx.Now().UnixMilli()
		for i, id := range wait {
			x, ok := tx.Effect(id)
			if ok && x.State == effect.Sending { // tried again meanwhile: those behind it do not pass it
				me.NextAt = min(me.NextAt, now+inAMoment.Milliseconds())
				tx.PutEffect(&me)
				break
			}
			if ok && movable(x) && moveTicket(tx, x, to, ids[i]) {
				moved++
			}
		}
		if a.Down == 0 || moved > 0 {
			b := standInArgs{Printer: row.ID, Down: since, Took: a.Took}
			if b.Took == 0 && moved > 0 {
				b.Took = now
			}
			me.Args = toJSON(b)
			tx.PutEffect(&me)
			tx.Change(db.KindMessage, printerTarget+row.ID.String())
		}
		if moved > 0 {
			point.Hit(point.StandInMoved)
		}
		return nil
	}}
}

// asked asks a printer how it is.
func (s standingIn) asked(ctx context.Context, row db.PrinterRow) (why fault.Reason, well bool) {
	pr, err := s.h.openPrinter(row)
	if err == nil {
		st, e := pr.Status(ctx)
		if err = e; err == nil {
			err = st.Err("hub.standIn")
		}
	}
	return fault.ReasonOf(err), err == nil
}

// movable reports whether a ticket certainly is on no paper, and waits where it was made for.
func movable(e effect.Effect) bool {
	var a printArgs
	return e.Kind == kindPrint && e.State == effect.Waiting && (e.Attempts == 0 || e.Called == effect.Later) && !trailOf(e).Maybe &&
		json.Unmarshal(e.Args, &a) == nil && a.Instead == 0
}

// moveTicket ends a ticket at its printer and makes it anew for another, until the same
// moment. The key is that of the ticket, so that it is made once.
func moveTicket(tx *db.Tx, x effect.Effect, to db.PrinterRow, id ident.Effect) bool {
	var a printArgs
	if json.Unmarshal(x.Args, &a) != nil {
		return false
	}
	key := "instead " + x.ID.String()
	if _, there := tx.EffectByKey(effect.DeedKey(key)); there {
		return false
	}
	now := tx.Now().UnixMilli()
	a.Instead, a.Printer = a.Printer, to.ID
	n := printEffect(to, x.Order, a, key, x.Cause, now)
	n.ID, n.Deadline = id, x.Deadline
	tx.PutEffect(&n)
	x.State, x.Changed = effect.Void, now
	x.Why = whyMoved(to)
	tx.PutEffect(&x)
	tx.Change(db.KindMessage, printerTarget+to.ID.String())
	return true
}

func whyMoved(to db.PrinterRow) fault.Reason {
	return fault.Because("print_moved", "its printer printed nothing: it is printed on {name}", "name", to.Name)
}

// follows finds the printer that an order's ticket went to instead of its own: what calls the
// ticket back or changes it comes out where the ticket is.
func follows(tx *db.Tx, e effect.Effect, a printArgs, printers []db.PrinterRow) (to db.PrinterRow, yes bool) {
	if a.Copy > 1 || a.Instead != 0 || a.Ticket != ticket.Cancelled && a.Ticket != ticket.Change {
		return to, false
	}
	for _, x := range tx.Effects(e.Order) {
		var b printArgs
		if x.Kind != kindPrint || json.Unmarshal(x.Args, &b) != nil || b.Ticket != ticket.Kitchen && b.Ticket != ticket.Shop || !mayBeOut(x) && !x.State.Open() {
			continue
		}
		if b.Printer == a.Printer && mayBeOut(x) {
			return to, false // one came out here
		}
		for _, p := range printers {
			if b.Instead == a.Printer && p.ID == b.Printer && !p.Disabled {
				to, yes = p, true
			}
		}
	}
	return to, yes
}
