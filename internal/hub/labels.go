package hub

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/point"
	drivers "github.com/tongdan/tongdan/internal/printer"
	"github.com/tongdan/tongdan/order"
	"github.com/tongdan/tongdan/role"
)

// Labels (面单) of many parcels are printed as a batch. First each order's label is fetched:
// kept ones are taken, the others are asked of the platform, as many with one call as it
// takes, each order with a result of its own. Then they are put out in the order of picking:
// on a label printer, or as one document on the screen. What is kept is sealed, so that a
// label is printed again without the platform, and it is known who did it first.

const (
	kindLabels      = "labels"       // ask the platform for labels; also the kind of the batch
	kindLabelsOut   = "labels_out"   // when all have come, put them on paper
	kindPrintLabels = "print_labels" // labels to a printer

	labelsFor = 30 * time.Minute // labels that did not come in this time are not fetched any more
	labelJob  = 10               // labels of one connection to a printer: what may have to be looked for when it breaks
)

// kept labels are of use until the parcel is handed over.
var keptLabels = db.LabelLimits{For: 14 * 24 * time.Hour, Most: 256 << 20}

// ForgetLabels forgets a merchant's labels that are of use no more.
func (h *Hub) ForgetLabels(ctx context.Context, m ident.Merchant) error {
	return h.db.ForgetLabels(ctx, m, keptLabels)
}

// What becomes of parcels whose label was put out before.
const (
	CopiesAsk  = ""     // nothing is printed: whoever pressed is asked
	CopiesSkip = "skip" // they are left out
	CopiesAll  = "all"  // they are printed again
)

// A LabelAsk is what somebody wants printed.
type LabelAsk struct {
	Orders  []ident.Order
	Format  channel.LabelFormat
	Printer ident.Printer // of ZPL; 0 = a document for the screen
	Copies  string
	Key     string // the caller's Idempotency-Key: the same press twice is one batch
}

// labelArgs are those of the batch.
type labelArgs struct {
	Format  channel.LabelFormat `json:"format"`
	Printer ident.Printer       `json:"printer,omitempty"`
	Copies  int                 `json:"copies,omitempty"` // how many had been printed before
	Name    string              `json:"name,omitempty"`   // of who pressed
}

// A labelled order is one whose labels are wanted.
type labelled struct {
	row     db.OrderRow
	parcels []db.ParcelKey
	goods   string // what is in it: orders of the same goods stand together
	lines   int
	shipBy  int64
	why     fault.Reason // why it can have none; zero = it may
	code    fault.Code
}

// labelledOrders reads what is needed of orders to print their labels, in their order. It fails
// when the caller does not see one of them.
func (h *Hub) labelledOrders(ctx context.Context, who Actor, ids []ident.Order) ([]labelled, error) {
	found, err := h.db.WholeOrders(ctx, who.Scope, ids)
	if err != nil {
		return nil, err
	}
	out := make([]labelled, len(ids))
	for i, id := range ids {
		w := found[id]
		if w == nil {
			return nil, fault.Say("hub.labelledOrders", fault.NotFound, "no_order", "there is no such order")
		}
		out[i] = h.labelledOf(w.Row, w.Records)
	}
	return out, nil
}

func (h *Hub) labelledOf(row db.OrderRow, recs []order.Linked) (x labelled) {
	info := h.info(row.Channel, row.Ref.Realm)
	o := h.fold(&row, recs, info)
	x = labelled{row: row, shipBy: o.Times.ShipBy}
	no := func(code fault.Code, why fault.Reason) labelled {
		x.code, x.why = code, why
		return x
	}
	if o.Bill != nil {
		x.lines = len(o.Bill.Lines)
		var list []string
		for _, l := range o.Bill.Lines {
			list = append(list, cmp.Or(l.SKU, l.Ref, l.Name))
		}
		slices.Sort(list)
		x.goods = strings.Join(list, "\n")
	}
	for _, d := range o.Delivered {
		if d.Kind == "parcel" && d.State != order.DeliveryCancelled {
			x.parcels = append(x.parcels, db.ParcelKey{Account: row.Account, Parcel: d.Key})
		}
	}
	shop, _ := h.db.ShopByID(row.Merchant, row.Shop)
	switch {
	case info == nil || info.Labelling == nil:
		name := row.Channel
		if info != nil {
			name = info.Label.EN
		}
		return no(fault.Unsupported, fault.Because("no_label_call", "{platform} gives out no labels by a call: print them in its own console", "platform", name))
	case row.Status == order.StatusCancelled || row.Status == order.StatusReplaced:
		return no(fault.Conflict, fault.Because("label_cancelled", "the order is cancelled: do not send it"))
	case !heldBy(shop.Mode, false).IsZero():
		return no(fault.Conflict, heldBy(shop.Mode, false))
	case len(x.parcels) == 0:
		return no(fault.Conflict, fault.Because("no_shipment_yet", "this order has no shipment at the platform yet"))
	}
	return x
}

// picking sorts orders as they are picked: an account's together, of those the same goods
// together (one kind of goods first), and of those the most urgent first.
func picking(a, b labelled) int {
	return cmp.Or(cmp.Compare(a.row.Account, b.row.Account), cmp.Compare(min(a.lines, 2), min(b.lines, 2)), cmp.Compare(a.goods, b.goods),
		cmp.Compare(due(a.shipBy), due(b.shipBy)), cmp.Compare(a.row.ID, b.row.ID))
}

func due(at int64) int64 {
	if at == 0 {
		return 1 << 62
	}
	return at
}

// PrintsLabels reports whether a make of printers prints labels, and no tickets.
func PrintsLabels(kind string) bool {
	d, ok := drivers.DriverOf(kind)
	return ok && d.Info().Labels
}

// labelPrinter finds a printer for labels that may be used.
func (h *Hub) labelPrinter(who Actor, id ident.Printer) (db.PrinterRow, error) {
	p, err := h.printer(who, id)
	if err == nil && (p.Disabled || !PrintsLabels(p.Kind)) {
		err = fault.Say("hub.labelPrinter", fault.Conflict, "no_label_printer", "this is no label printer, or it is switched off: choose another one, or open the labels on the screen")
	}
	return p, err
}

// mayLabel fails for whoever may not print labels, or not see them on the screen.
func mayLabel(op string, who Actor, screen bool) error {
	if err := who.May(op, role.PrintLabels); err != nil {
		return err
	}
	if screen && !who.Personal {
		return &fault.Error{Op: op, Code: fault.Forbidden, Why: whyPersonal}
	}
	return nil
}

// PrintLabels begins a batch of labels for at most MaxBatch orders. Each order has a result of
// its own. It fails with fault.Conflict (label_printed) when some were printed before and ask does
// not say what becomes of them: nothing is printed then.
func (h *Hub) PrintLabels(ctx context.Context, who Actor, ask LabelAsk) (ident.Batch, error) {
	const op = "hub.PrintLabels"
	if err := mayLabel(op, who, ask.Printer == 0); err != nil {
		return 0, err
	}
	ids := slices.DeleteFunc(slices.Clone(ask.Orders), func(id ident.Order) bool { return id == 0 })
	slices.Sort(ids)
	ids = slices.Compact(ids)
	var w wrong
	if len(ids) == 0 || len(ids) > MaxBatch {
		w.say("orders", fault.Because("batch_size", "choose between 1 and 500 orders"))
	}
	if ask.Format != channel.ZPL && ask.Format != channel.PDF || ask.Printer != 0 && ask.Format != channel.ZPL {
		w.say("format", fault.Because("field_none_of", "is none of {list}", "list", "zpl, pdf"))
	}
	if !slices.Contains([]string{CopiesAsk, CopiesSkip, CopiesAll}, ask.Copies) {
		w.say("copies", fault.Because("field_none_of", "is none of {list}", "list", "skip, all"))
	}
	if err := w.err(op); err != nil {
		return 0, err
	}
	if ask.Printer != 0 {
		if _, err := h.labelPrinter(who, ask.Printer); err != nil {
			return 0, fault.Wrap(op, err)
		}
	}
	id, there, err := h.batchOnce(ctx, who, kindLabels, ask.Key)
	if err != nil || there {
		return id, fault.Wrap(op, err)
	}
	list, err := h.labelledOrders(ctx, who, ids)
	if err != nil {
		return 0, fault.Wrap(op, err)
	}
	var keys []db.ParcelKey
	for _, x := range list {
		keys = append(keys, x.parcels...)
	}
	before, err := h.db.LabelPrints(ctx, who.Merchant, keys)
	if err != nil {
		return 0, fault.Wrap(op, err)
	}
	copied := func(x labelled) bool {
		return x.why.IsZero() && slices.ContainsFunc(x.parcels, func(k db.ParcelKey) bool { return before[k].Times > 0 })
	}
	copies := 0
	for _, x := range list {
		if copied(x) {
			copies++
		}
	}
	switch {
	case copies > 0 && ask.Copies == CopiesAsk:
		return 0, fault.Wrap(op, h.printedBefore(list, before, copies))
	case copies > 0 && ask.Copies == CopiesSkip:
		if list = slices.DeleteFunc(list, copied); len(list) == 0 {
			return 0, fault.Say(op, fault.Conflict, "labels_all_printed", "all of them were printed before")
		}
		copies = 0
	}
	slices.SortFunc(list, picking)
	b := db.BatchRow{Merchant: who.Merchant, ID: id, Kind: kindLabels, By: who.ID, Made: h.now().UnixMilli(), Total: len(list),
		Args: toJSON(labelArgs{ask.Format, ask.Printer, copies, cmp.Or(who.Name, who.ID)})}
	err = h.fetchLabels(ctx, who, b, list, true)
	if fault.Is(err, fault.Conflict) { // the same press in the same moment was faster
		if _, there, look := h.batchOnce(ctx, who, kindLabels, ask.Key); look == nil && there {
			err = nil
		}
	}
	if err == nil {
		point.Hit(point.LabelsAsked)
	}
	return b.ID, fault.Wrap(op, err)
}

// printedBefore says that some of these labels were printed, with the first of them.
func (h *Hub) printedBefore(list []labelled, before map[db.ParcelKey]db.LabelPrint, n int) error {
	var first db.LabelPrint
	for _, x := range list {
		for _, k := range x.parcels {
			if p := before[k]; p.Times > 0 && (first.Times == 0 || p.FirstAt < first.FirstAt) {
				first = p
			}
		}
	}
	st, _ := h.db.StoreByID(list[0].row.Merchant, list[0].row.Store)
	zone, err := time.LoadLocation(st.Zone)
	if err != nil {
		zone = time.UTC
	}
	why := fault.Because("label_printed", "{count} of {all} were printed before, first by {name} at {at}: say whether they are printed again",
		"count", itoa(n), "all", itoa(len(list)), "name", cmp.Or(first.FirstName, first.FirstBy), "at", time.UnixMilli(first.FirstAt).In(zone).Format("2006-01-02 15:04"))
	return &fault.Error{Op: "hub.PrintLabels", Code: fault.Conflict, Why: why}
}

// fetchArgs are what an effect asks the platform for.
type fetchArgs struct {
	Shop    ident.Shop          `json:"shop"`
	Batch   ident.Batch         `json:"batch"`
	Format  channel.LabelFormat `json:"format"`
	Parcels []*fetchParcel      `json:"parcels"`
}

// A fetchParcel is one parcel with the orders that are in it, and their places in the batch.
type fetchParcel struct {
	Realm  string        `json:"realm"`
	ID     string        `json:"id"`
	Orders []ident.Order `json:"orders"`
	At     []int         `json:"at"`
}

// fetchLabels writes a batch, or goes on with one, and puts the calls for labels that are not
// here: as many with one call as the platform takes, and of PDF that is tried again one alone.
func (h *Hub) fetchLabels(ctx context.Context, who Actor, b db.BatchRow, list []labelled, anew bool) error {
	var a labelArgs
	if err := json.Unmarshal(b.Args, &a); err != nil {
		return &fault.Error{Op: "hub.fetchLabels", Code: fault.Internal, Err: err}
	}
	places := map[ident.Order]int{} // in the batch
	if anew {
		for i, x := range list {
			places[x.row.ID] = i
		}
	} else {
		_, items, err := h.BatchOf(ctx, who, b.ID)
		if err != nil {
			return err
		}
		for _, it := range items {
			places[it.Order] = it.N
		}
	}
	here, err := h.keptOf(ctx, who.Merchant, a.Format, list)
	if err != nil {
		return err
	}
	type call struct {
		account ident.Account
		args    fetchArgs
		orders  map[ident.Order]bool
	}
	var calls []*call
	of := map[db.ParcelKey]*fetchParcel{} // that are asked for already: a pack's orders share one
	in := map[*fetchParcel]*call{}
	var items []db.BatchItem
	for _, x := range list {
		it := db.BatchItem{Order: x.row.ID, N: places[x.row.ID], State: BatchWaiting}
		var missing []db.ParcelKey
		for _, k := range x.parcels {
			if !here[k] {
				missing = append(missing, k)
			}
		}
		switch {
		case !x.why.IsZero():
			it.State, it.Code, it.Why = BatchFailed, x.code, x.why
		case len(missing) == 0:
			it.State = BatchDone
		}
		items = append(items, it)
		if it.State != BatchWaiting {
			continue
		}
		most := max(h.info(x.row.Channel, x.row.Ref.Realm).Labelling.Most, 1)
		if !anew && a.Format == channel.PDF {
			most = 1
		}
		var last *call
		if n := len(calls); n > 0 {
			last = calls[n-1]
		}
		for _, k := range missing { // the order's own call: that of a parcel that is shared, else the last one with room
			if p := of[k]; p != nil {
				last = in[p]
			}
		}
		if last == nil || last.account != x.row.Account || last.args.Shop != x.row.Shop || len(last.args.Parcels)+len(missing) > most && !slices.ContainsFunc(missing, func(k db.ParcelKey) bool { return of[k] != nil }) {
			last = &call{x.row.Account, fetchArgs{Shop: x.row.Shop, Batch: b.ID, Format: a.Format}, map[ident.Order]bool{}}
			calls = append(calls, last)
		}
		last.orders[x.row.ID] = true
		for _, k := range missing {
			p := of[k]
			if p == nil {
				p = &fetchParcel{Realm: x.row.Ref.Realm, ID: k.Parcel}
				last.args.Parcels = append(last.args.Parcels, p)
				of[k], in[p] = p, last
			}
			p.Orders, p.At = append(p.Orders, x.row.ID), append(p.At, it.N)
		}
	}
	outs, err := h.db.EffectsOfKey(ctx, who.Merchant, outKey(b.ID, ""), 1000)
	if err != nil {
		return err
	}
	act := nonce()
	_, err = h.db.Do(ctx, db.Verb{Name: "labels", Merchant: who.Merchant, Class: db.People, Decide: func(tx *db.Tx) error {
		if anew {
			tx.PutBatch(b)
		}
		now := tx.Now().UnixMilli()
		by := map[ident.Order]ident.Effect{}
		for i, c := range calls {
			e := effect.Effect{Account: c.account, App: h.appOf(tx, c.account), Target: kindLabels + "/" + b.ID.String() + "/" + itoa(i) + "/" + act, Kind: kindLabels,
				Key: effect.DeedKey("labels " + b.ID.String() + " " + act + " " + itoa(i)), Deed: true, Nature: effect.Absolute, State: effect.Waiting, Args: toJSON(c.args),
				Cause: who.ID, NextAt: now, Deadline: now + labelsFor.Milliseconds(), Made: now, Changed: now}
			tx.PutEffect(&e)
			for o := range c.orders {
				by[o] = e.ID
			}
		}
		for _, it := range items {
			it.Effect = by[it.Order]
			tx.PutBatchItem(b.ID, it)
		}
		if a.Printer != 0 {
			out := outArgs{Batch: b.ID, By: who.ID}
			if !anew {
				for _, x := range list {
					out.Only = append(out.Only, x.row.ID)
				}
			}
			e := effect.Effect{Account: list[0].row.Account, Target: kindLabelsOut + "/" + b.ID.String(), Kind: kindLabelsOut, Key: outKey(b.ID, itoa(len(outs))), Deed: true,
				Nature: effect.Absolute, State: effect.Waiting, Args: toJSON(out), Cause: who.ID, NextAt: now, Made: now, Changed: now}
			if _, there := tx.EffectByKey(e.Key); there || slices.ContainsFunc(outs, func(x effect.Effect) bool { return x.State.Open() }) {
				return whyUnderWay("hub.fetchLabels") // two who try again: the labels would come out twice
			}
			tx.PutEffect(&e)
		}
		tx.Journal(db.Entry{At: h.now(), Direction: db.Act, What: kindLabels, By: who.ID, Outcome: string(a.Format), Body: toJSON(map[string]any{"batch": b.ID, "orders": len(list), "calls": len(calls)})})
		return nil
	}})
	return err
}

// outKey names the n-th putting on paper of a batch; without n it begins all their names.
func outKey(b ident.Batch, n string) string {
	return effect.DeedKey("labels out " + b.String() + " " + n)
}

func whyUnderWay(op string) error {
	return fault.Say(op, fault.Conflict, "labels_under_way", "some labels are still being fetched: wait until each has come or failed")
}

// keptOf tells which parcels of these orders have a label here that can be used: of a document
// with several labels, only when all of them are wanted.
func (h *Hub) keptOf(ctx context.Context, m ident.Merchant, f channel.LabelFormat, list []labelled) (map[db.ParcelKey]bool, error) {
	var keys []db.ParcelKey
	seen := map[db.ParcelKey]bool{}
	for _, x := range list {
		if !x.why.IsZero() {
			continue
		}
		for _, k := range x.parcels {
			if !seen[k] {
				seen[k] = true
				keys = append(keys, k)
			}
		}
	}
	places, err := h.db.LabelsOf(ctx, m, string(f), keys)
	if err != nil {
		return nil, err
	}
	wanted := map[int64]int{}
	for _, p := range places {
		wanted[p.Sheet]++
	}
	out := map[db.ParcelKey]bool{}
	for k, p := range places {
		out[k] = wanted[p.Sheet] == p.Of
	}
	return out, nil
}

// resumeLabels tries labels again that failed or are not kept any more, each with a call of its
// own where a document would hold several. What comes goes to the batch's printer.
func (h *Hub) resumeLabels(ctx context.Context, who Actor, b db.BatchRow, items []db.BatchItem, again bool) error {
	const op = "hub.resumeLabels"
	var a labelArgs
	if err := json.Unmarshal(b.Args, &a); err != nil {
		return &fault.Error{Op: op, Code: fault.Internal, Err: err}
	}
	if err := mayLabel(op, who, a.Printer == 0); err != nil || !again {
		return err
	}
	_, without, err := h.gatherLabels(ctx, who.Scope, b, items)
	if err != nil {
		return fault.Wrap(op, err)
	}
	var ids []ident.Order
	for _, it := range items {
		if _, none := without[it.Order]; none || it.State != BatchDone && !underWay(it) {
			ids = append(ids, it.Order)
		}
	}
	list, err := h.labelledOrders(ctx, who, ids)
	if err != nil || len(list) == 0 {
		return fault.Wrap(op, err)
	}
	return fault.Wrap(op, h.fetchLabels(ctx, who, b, list, false))
}
