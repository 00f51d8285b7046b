package hub

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/lane"
	"github.com/tongdan/tongdan/internal/paper"
	"github.com/tongdan/tongdan/internal/point"
	"github.com/tongdan/tongdan/order"
)

// labelling asks the platform for labels. A lost answer is asked for again: the platform gives
// the same label as often as it is asked.
type labelling struct {
	background
	h *Hub
}

func (p labelling) Look(ctx context.Context, e effect.Effect) lane.Result {
	return askedAgain(p.Do(ctx, e), e, time.Now())
}

// askedAgain is what came of asking again after an answer was lost. A refusal is one, and after
// the deadline nothing is asked any more: else the batch would wait for it for ever, and with it
// the labels of all others.
func askedAgain(res lane.Result, e effect.Effect, now time.Time) lane.Result {
	if res.Outcome == effect.No || res.Outcome != effect.OK && now.UnixMilli() >= e.Deadline {
		res.Outcome = effect.Obsolete
	}
	return res
}

func (p labelling) Do(ctx context.Context, e effect.Effect) lane.Result {
	var a fetchArgs
	if err := json.Unmarshal(e.Args, &a); err != nil {
		return ownFault(err)
	}
	c, err := p.h.conn(e.Merchant, e.Account)
	if err != nil {
		return failed(err)
	}
	refs := make([]order.Ref, len(a.Parcels))
	for i, x := range a.Parcels {
		refs[i] = order.Ref{Realm: x.Realm, Kind: order.KindShipment, ID: x.ID}
	}
	ctx, trace := channel.WithTrace(ctx)
	got, err := c.Labels(ctx, refs, a.Format)
	at := p.h.now()
	calls := trace.Take()
	if err != nil {
		res := failed(err)
		res.Save = func(tx *db.Tx) error {
			for _, x := range calls {
				tx.Journal(exchange(x, c, e, order.Ref{}, string(res.Outcome)))
			}
			tx.Touch(e.Account, func(r *db.AccountRow) {
				r.LastError, r.ErrorCode, r.ErrorWhy = at.UnixMilli(), string(res.Code), res.Why
			})
			return nil
		}
		return res
	}
	bad := map[string]channel.LabelRefusal{}
	for _, r := range got.Refused {
		bad[r.Parcel.ID] = r
	}
	told := map[string]bool{}
	var keep []db.LabelSheet
	for _, s := range got.Sheets {
		pages, why := pagesOf(s, a.Format, c.Info().Labelling.PerPage)
		for _, x := range s.Parcels {
			told[x.ID] = true
			if !why.IsZero() {
				bad[x.ID] = channel.LabelRefusal{Parcel: x, Code: fault.Unavailable, Why: why}
			}
		}
		if why.IsZero() {
			ids := make([]string, len(s.Parcels))
			for i, x := range s.Parcels {
				ids[i] = x.ID
			}
			keep = append(keep, db.LabelSheet{Account: e.Account, Format: string(a.Format), Parcels: ids, Pages: pages, Bytes: s.Bytes})
		}
	}
	if err := p.h.db.KeepLabels(ctx, e.Merchant, keep, keptLabels); err != nil {
		return ownFault(err)
	}
	point.Hit(point.LabelsKept)
	res := lane.Result{Outcome: effect.OK, Refs: refs}
	res.Save = func(tx *db.Tx) error {
		for _, x := range calls {
			tx.Journal(exchange(x, c, e, order.Ref{}, string(res.Outcome)))
		}
		items := map[ident.Order]db.BatchItem{}
		for _, x := range a.Parcels {
			r, refused := bad[x.ID]
			if !refused && !told[x.ID] {
				r, refused = channel.LabelRefusal{Code: fault.NotFound, Why: fault.Because("label_left_out", "the platform left this label out without saying why")}, true
			}
			for i, o := range x.Orders {
				it, ok := items[o]
				if !ok {
					it = db.BatchItem{Order: o, N: x.At[i], State: BatchDone}
				}
				if refused && it.State == BatchDone {
					it.State, it.Code, it.Why = BatchFailed, r.Code, r.Why
				}
				items[o] = it
			}
		}
		for _, it := range items {
			tx.PutBatchItem(a.Batch, it)
		}
		return p.h.learn(tx, lesson{channel: c.account.Channel, realm: c.account.Realm, app: c.account.App, account: e.Account, dir: db.Call, at: at, items: got.Items})
	}
	return res
}

// pagesOf counts the pages of a document and says what is wrong with their number: it must be
// one of those that as many labels have.
func pagesOf(s channel.Sheet, f channel.LabelFormat, perPage []int) (pages int, why fault.Reason) {
	if f != channel.PDF {
		return 0, why
	}
	pages, err := paper.Pages(s.Bytes)
	if err != nil {
		return 0, fault.ReasonOf(err)
	}
	n := len(s.Parcels)
	if n == 1 || slices.ContainsFunc(perPage, func(k int) bool { return pages == (n+k-1)/k }) {
		return pages, why
	}
	return pages, fault.Because("label_pages", "the platform's document has {pages} pages for {count} labels, so one may be missing: try again, then each comes alone", "pages", itoa(pages), "count", itoa(n))
}

// outArgs are those of putting a batch on paper.
type outArgs struct {
	Batch ident.Batch   `json:"batch"`
	By    string        `json:"by"`
	Only  []ident.Order `json:"only,omitempty"` // those that were tried again: the others are out
}

// puttingOut waits until each order of a batch has its label or a reason why not, and has the
// printer print them in their order then.
type puttingOut struct {
	background
	h *Hub
}

func (p puttingOut) Look(ctx context.Context, e effect.Effect) lane.Result { return p.Do(ctx, e) }

// lookAgain is how long it waits after so many looks: a platform that is away is not over in a
// moment, and each look is a write.
func lookAgain(looks int) time.Duration {
	return min(time.Duration(1+looks/20)*300*time.Millisecond, 5*time.Second)
}

func (p puttingOut) Do(ctx context.Context, e effect.Effect) lane.Result {
	var a outArgs
	if err := json.Unmarshal(e.Args, &a); err != nil {
		return ownFault(err)
	}
	b, items, err := p.h.db.Batch(ctx, db.Scope{Merchant: e.Merchant}, a.Batch)
	if err != nil {
		return ownFault(err)
	}
	if slices.ContainsFunc(items, underWay) {
		return repeat(lane.Result{Outcome: effect.OK}, time.Now().Add(lookAgain(e.Attempts)))
	}
	out, _, err := p.h.gatherLabels(ctx, db.Scope{Merchant: e.Merchant}, b, items)
	if err != nil {
		return ownFault(err)
	}
	if len(a.Only) > 0 {
		out = slices.DeleteFunc(out, func(l outLabel) bool {
			return !slices.ContainsFunc(l.Orders, func(o ident.Order) bool { return slices.Contains(a.Only, o) })
		})
	}
	var args labelArgs
	if err := json.Unmarshal(b.Args, &args); err != nil {
		return ownFault(err)
	}
	return lane.Result{Outcome: effect.OK, Save: func(tx *db.Tx) error {
		p.h.putOut(tx, out, b, args, args.Printer, 1, a.By, e.ID.String())
		return nil
	}}
}

// underWay reports whether an order of a batch has neither its label nor a reason why not.
func underWay(it db.BatchItem) bool {
	switch it.State {
	case BatchDone, BatchFailed, string(effect.Refused), string(effect.Void):
		return false
	}
	return true
}

// An outLabel is a label that is put out.
type outLabel struct {
	Key    db.ParcelKey
	Orders []ident.Order
	shop   ident.Shop
	sheet  int64
	pages  int
}

// gatherLabels lists the labels of a batch that have come, in the batch's order, each parcel
// once. without are orders that have none any more, each with why: those that were cancelled
// meanwhile, those whose label is not kept any more, and those whose label stands on a sheet with
// one that is not wanted: with the sheet, that one would come out too.
func (h *Hub) gatherLabels(ctx context.Context, sc db.Scope, b db.BatchRow, items []db.BatchItem) (out []outLabel, without map[ident.Order]labelled, err error) {
	var args labelArgs
	if err := json.Unmarshal(b.Args, &args); err != nil {
		return nil, nil, &fault.Error{Op: "hub.gatherLabels", Code: fault.Internal, Err: err}
	}
	at := map[db.ParcelKey]int{}
	without = map[ident.Order]labelled{}
	var keys []db.ParcelKey
	var ids []ident.Order
	for _, it := range items {
		if it.State == BatchDone {
			ids = append(ids, it.Order)
		}
	}
	list, err := h.labelledOrders(ctx, Actor{Scope: sc}, ids)
	if err != nil {
		return nil, nil, err
	}
	for n, x := range list {
		id := ids[n]
		if !x.why.IsZero() {
			without[id] = x
			continue
		}
		for _, k := range x.parcels {
			i, ok := at[k]
			if !ok {
				i = len(out)
				at[k] = i
				keys = append(keys, k)
				out = append(out, outLabel{Key: k, shop: x.row.Shop})
			}
			out[i].Orders = append(out[i].Orders, id)
		}
	}
	places, err := h.db.LabelsOf(ctx, sc.Merchant, string(args.Format), keys)
	if err != nil {
		return nil, nil, err
	}
	for whole := false; !whole; { // an order that is left out may leave a sheet with too few in its turn
		whole = true
		wanted := map[int64]int{}
		for _, l := range out {
			wanted[places[l.Key].Sheet]++
		}
		for _, l := range out {
			p, ok := places[l.Key]
			if ok && wanted[p.Sheet] == p.Of {
				continue
			}
			whole = false
			why := fault.Because("label_gone", "this label is not kept any more: print it anew")
			if ok {
				why = fault.Because("label_shared", "its label stands on one sheet with others that are not wanted: try again, then it comes alone")
			}
			for _, o := range l.Orders {
				if _, told := without[o]; !told {
					without[o] = labelled{code: fault.NotFound, why: why}
				}
			}
		}
		out = slices.DeleteFunc(out, func(l outLabel) bool {
			return !slices.ContainsFunc(l.Orders, func(o ident.Order) bool { _, none := without[o]; return !none })
		})
	}
	for i := range out {
		p := places[out[i].Key]
		out[i].sheet, out[i].pages = p.Sheet, p.Pages
	}
	return out, without, nil
}

// printLabelArgs say which labels an effect prints. It shows as a ticket of kind label.
type printLabelArgs struct {
	printArgs
	Shop   ident.Shop  `json:"shop"`
	Batch  ident.Batch `json:"batch"`
	From   int         `json:"from"` // the place of the first of them in the batch, from 1
	To     int         `json:"to"`
	Of     int         `json:"of"`
	Labels []outLabel  `json:"labels"`
	Note   []string    `json:"note,omitempty"` // printed before them
	ByID   string      `json:"by_id"`
}

// putOut has a printer print labels, from the from-th on. act tells one putting out of a batch
// from another.
func (h *Hub) putOut(tx *db.Tx, list []outLabel, b db.BatchRow, args labelArgs, printer ident.Printer, from int, by, act string) {
	now := tx.Now().UnixMilli()
	var ids []int64 // a printer takes its jobs by their ids, and those of one moment are drawn at random
	for i := from - 1; i < len(list); i += labelJob {
		ids = append(ids, tx.ID())
	}
	slices.Sort(ids)
	for i := from - 1; i < len(list); i += labelJob {
		part := list[i:min(i+labelJob, len(list))]
		a := printLabelArgs{printArgs: printArgs{Printer: printer, Ticket: "label", By: args.Name}, Shop: part[0].shop, Batch: b.ID, From: i + 1, To: i + len(part), Of: len(list), Labels: part, ByID: by}
		if args.Copies > 0 {
			if a.Copy = 2; i == from-1 {
				a.Note = copyNote(from, len(list), now, args.Name)
			}
		}
		e := effect.Effect{ID: ident.Effect(ids[(i-from+1)/labelJob]), Account: part[0].Key.Account, App: h.appOf(tx, part[0].Key.Account), Target: printerTarget + printer.String(), Kind: kindPrintLabels,
			Key: effect.DeedKey("print labels " + b.ID.String() + " " + act + " " + itoa(i)), Deed: true, Nature: effect.Notice, State: effect.Waiting, Args: toJSON(a), Cause: by,
			NextAt: now, Deadline: now + lifeOf["label"].Milliseconds(), Made: now, Changed: now}
		if _, there := tx.EffectByKey(e.Key); !there {
			tx.PutEffect(&e)
		}
	}
	tx.Change(db.KindMessage, printerTarget+b.ID.String())
}

// printingLabels carries labels to a printer: as tickets, one job after the other.
type printingLabels struct{ printing }

func (p printingLabels) Begin(tx *db.Tx, e effect.Effect) (effect.State, fault.Reason) {
	var a printLabelArgs
	if json.Unmarshal(e.Args, &a) != nil {
		return effect.Void, whyGone
	}
	for _, r := range p.h.db.Printers(db.Scope{Merchant: e.Merchant}) {
		if r.ID == a.Printer && !r.Disabled {
			return "", fault.Reason{}
		}
	}
	return effect.Void, whyGone
}

func (p printingLabels) Before(context.Context, effect.Effect) (json.RawMessage, error) {
	return nil, nil
}

func (p printingLabels) Do(ctx context.Context, e effect.Effect) lane.Result {
	var a printLabelArgs
	if err := json.Unmarshal(e.Args, &a); err != nil {
		return ownFault(err)
	}
	pr, row, _, err := p.open(e)
	if err != nil {
		return p.held(e, err)
	}
	rows, err := p.rowsOf(ctx, e, a)
	if err != nil {
		return ownFault(err)
	}
	var keys []db.ParcelKey
	labels := slices.DeleteFunc(slices.Clone(a.Labels), func(l outLabel) bool { // of a parcel that is not sent after all
		return !slices.ContainsFunc(l.Orders, func(o ident.Order) bool {
			return rows[o].Status != order.StatusCancelled && rows[o].Status != order.StatusReplaced
		})
	})
	if len(labels) == 0 {
		return lane.Result{Outcome: effect.No, Code: fault.Conflict, Why: fault.Because("label_cancelled", "the order is cancelled: do not send it")}
	}
	for _, l := range labels {
		keys = append(keys, l.Key)
	}
	places, err := p.h.db.LabelsOf(ctx, e.Merchant, string(channel.ZPL), keys)
	if err != nil {
		return ownFault(err)
	}
	var sheets []int64
	for _, k := range keys {
		sheets = append(sheets, places[k].Sheet)
	}
	bytes, err := p.h.db.LabelBytes(ctx, e.Merchant, sheets)
	if err != nil {
		return failed(err)
	}
	t := trailOf(e)
	var data []byte
	note := a.Note
	if a.Copy == 0 { // whoever pressed was not asked: another press had not come out yet
		before, err := p.h.db.LabelPrints(ctx, e.Merchant, keys)
		if err != nil {
			return ownFault(err)
		}
		if len(before) > 0 {
			note = copyNote(a.From, a.To, time.Now().UnixMilli(), a.By)
		}
	}
	if len(note) > 0 || t.Maybe {
		data = labelNote(note, a, t.Maybe)
	}
	for _, s := range sheets {
		data = append(append(data, bytes[s]...), '\n')
	}
	began := time.Now()
	_, err = pr.Print(ctx, labelPrint(e, data))
	took := time.Since(began)
	point.Hit(point.LabelsOut)
	at := p.h.now()
	res := lane.Result{Outcome: effect.OK}
	switch {
	case err == nil:
	case fault.Is(err, fault.Unknown) || fault.Is(err, fault.Internal):
		res = failed(err)
		res.Outcome = effect.Lost
		res.Save = p.untold(e, row, t)
	default:
		return p.held(e, err)
	}
	save := res.Save
	res.Save = func(tx *db.Tx) error {
		notePrinted(tx, p.h, at, labels, rows, a.ByID, a.By, row.Name, took, string(res.Outcome))
		if save != nil {
			return save(tx)
		}
		return nil
	}
	return res
}

// rowsOf gives the orders whose labels an effect prints.
func (p printingLabels) rowsOf(ctx context.Context, e effect.Effect, a printLabelArgs) (map[ident.Order]db.OrderRow, error) {
	var ids []ident.Order
	for _, l := range a.Labels {
		ids = append(ids, l.Orders...)
	}
	list, err := p.h.db.OrdersByID(ctx, db.Scope{Merchant: e.Merchant}, ids)
	rows := map[ident.Order]db.OrderRow{}
	for _, r := range list {
		rows[r.ID] = r
	}
	return rows, err
}

// Look cannot know, as the printer remembers nothing: a person looks. The labels count as put out,
// since they may be: whoever presses again is told.
func (p printingLabels) Look(ctx context.Context, e effect.Effect) lane.Result {
	var a printLabelArgs
	if err := json.Unmarshal(e.Args, &a); err != nil {
		return ownFault(err)
	}
	rows, err := p.rowsOf(ctx, e, a)
	if err != nil {
		return lane.Result{Outcome: effect.Later, Code: fault.CodeOf(err), Why: fault.ReasonOf(err)}
	}
	at := p.h.now()
	for _, row := range p.h.db.Printers(db.Scope{Merchant: e.Merchant}) {
		if printerTarget+row.ID.String() == e.Target {
			untold := p.untold(e, row, trailOf(e))
			return lane.Result{Outcome: effect.Later, Save: func(tx *db.Tx) error {
				notePrinted(tx, p.h, at, a.Labels, rows, a.ByID, a.By, row.Name, 0, string(effect.Lost))
				return untold(tx)
			}}
		}
	}
	return lane.Result{Outcome: effect.Obsolete, Why: whyGone}
}

// changeLabels lets a person decide on labels of which nobody knows whether they came out. They belong
// to no one order, but to those of a shop.
func (h *Hub) changeLabels(tx *db.Tx, who Actor, e effect.Effect, what string, f func(effect.Effect, int64) (effect.Effect, error)) error {
	var a printLabelArgs
	shop, ok := db.ShopRow{}, json.Unmarshal(e.Args, &a) == nil
	if ok {
		shop, ok = h.db.ShopByID(who.Merchant, a.Shop)
	}
	if !ok || !who.Sees(shop.Store) {
		return fault.Say("hub.change", fault.NotFound, "no_effect", "there is no such effect")
	}
	next, err := f(e, tx.Now().UnixMilli())
	if err != nil {
		return err
	}
	next.Changed = tx.Now().UnixMilli()
	tx.PutEffect(&next)
	tx.Journal(db.Entry{At: h.now(), Direction: db.Act, What: what, Account: e.Account, By: who.ID, Outcome: string(next.State), Body: toJSON(map[string]any{"effect": e.ID, "batch": a.Batch, "from": a.From, "to": a.To})})
	tx.Change(db.KindMessage, e.Target)
	tx.Change(db.KindMessage, printerTarget+a.Batch.String())
	return nil
}

// notePrinted writes down that labels were put out: for each parcel, and in the journal of each order.
func notePrinted(tx *db.Tx, h *Hub, at time.Time, labels []outLabel, rows map[ident.Order]db.OrderRow, by, name, where string, took time.Duration, outcome string) {
	for _, l := range labels {
		tx.PrintedLabel(l.Key, by, cmp.Or(name, by))
		for _, id := range l.Orders {
			if r, ok := rows[id]; ok {
				tx.Journal(db.Entry{At: at, Direction: db.Act, What: kindPrintLabels, Channel: r.Channel, Account: r.Account, Order: r.ID, Ref: r.Ref, Method: "PRINT", Path: where, Took: took, By: by, Outcome: outcome})
			}
		}
	}
}
