package hub

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/tongdan/tongdan/bill"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/sheet"
	"github.com/tongdan/tongdan/order"
	"github.com/tongdan/tongdan/role"
)

// What a statement says of an order.
const (
	BillSame       = "same"
	BillDiffers    = "differs"
	BillUnknown    = "unknown"    // it is not here
	BillAbsent     = "absent"     // it is finished here, and not in the statement
	BillUnexpected = "unexpected" // the platform has never said what would be received: nothing to compare
)

// A BillDoc is what is kept of an order of a statement beside its sums.
type BillDoc struct {
	Lines   []bill.Charge `json:"lines"`
	Differs []bill.Gap    `json:"differs"`
}

// ReadBill reads a settlement statement in, as the merchant has downloaded it (CSV or XLSX), and compares it
// with the orders here: which differ and by how much, which are not here, and which of the statement's days are
// finished here, of the stores that it names, and not in it.
func (h *Hub) ReadBill(ctx context.Context, who Actor, channelName, name string, content []byte) (db.BillRow, error) {
	const op = "hub.ReadBill"
	if err := who.May(op, role.KeepMoney); err != nil {
		return db.BillRow{}, err
	}
	p, ok := h.platforms[channelName]
	if !ok {
		return db.BillRow{}, fault.Say(op, fault.Unsupported, "no_connector", "this build has no connector for the channel")
	}
	rows, err := sheet.Rows(content)
	if err != nil {
		return db.BillRow{}, fault.Wrap(op, err)
	}
	lines, err := bill.Parse(rows)
	if err != nil {
		return db.BillRow{}, fault.Wrap(op, err)
	}
	info := p.Info()
	byRef := map[string][]bill.Charge{}
	var refs []string
	first, last := "", ""
	for _, l := range lines {
		if byRef[l.Ref] == nil {
			refs = append(refs, l.Ref)
		}
		byRef[l.Ref] = append(byRef[l.Ref], l)
		if l.Day != "" && (first == "" || l.Day < first) {
			first = l.Day
		}
		last = max(last, l.Day)
	}
	keys := make([]order.Ref, 0, len(refs))
	for _, ref := range refs {
		keys = append(keys, order.Ref{Realm: info.Realm, Kind: order.KindOrder, ID: ref})
	}
	ids, err := h.db.OrderIDs(ctx, who.Merchant, keys)
	if err != nil {
		return db.BillRow{}, fault.Wrap(op, err)
	}
	var out []db.BillOrder
	stores := []ident.Store{} // a platform gives a statement of one store as well as of all
	for _, ref := range refs {
		list := byRef[ref]
		row := db.BillOrder{Ref: ref, Channel: channelName, Day: list[0].Day, State: BillUnknown}
		doc := BillDoc{Lines: list, Differs: []bill.Gap{}}
		e := bill.Expected{}
		if id := ids[order.Ref{Realm: info.Realm, Kind: order.KindOrder, ID: ref}]; id != 0 {
			o, recs, _, err := h.db.Order(ctx, db.Scope{Merchant: who.Merchant}, id)
			if err != nil {
				return db.BillRow{}, fault.Wrap(op, err)
			}
			row.Order, row.Store = id, o.Store
			if !slices.Contains(stores, o.Store) {
				stores = append(stores, o.Store)
			}
			e = expectedOf(h.fold(&o, recs, info))
		}
		var diff []bill.Gap
		row.Net, diff = bill.Compare(list, e)
		switch {
		case row.Order == 0:
		case e.Net == nil && e.Settled == nil:
			row.State = BillUnexpected
		case len(diff) > 0:
			row.State = BillDiffers
		default:
			row.State = BillSame
		}
		if e.Net != nil {
			row.Expected = *e.Net
		} else if e.Settled != nil {
			row.Expected = *e.Settled
		}
		doc.Differs = append(doc.Differs, diff...)
		row.Doc = toJSON(doc)
		out = append(out, row)
	}
	absent, err := h.absentOf(ctx, db.Scope{Merchant: who.Merchant, Stores: stores}, channelName, first, last, byRef)
	if err != nil {
		return db.BillRow{}, fault.Wrap(op, err)
	}
	sum := sha256.Sum256(content)
	b := db.BillRow{Channel: channelName, Name: clip(strings.TrimSpace(name), 120), Hash: sum[:], Lines: len(lines), By: who.ID}
	b, err = h.db.PutBill(ctx, who.Merchant, b, append(out, absent...), func(b db.BillRow) db.Entry {
		return h.lineAbout(who, "bill.read", b.ID.String(), map[string]any{"id": b.ID, "channel": channelName, "lines": b.Lines})
	})
	return b, fault.Wrap(op, err)
}

// expectedOf is what an order leads one to expect, in fen; what was refunded since is taken off what the platform
// said when it was placed.
func expectedOf(o order.Order) bill.Expected {
	var e bill.Expected
	if b := o.Sold; b != nil {
		if b.Income != nil {
			net := b.Income.Minor() - o.Refunded.Minor()
			if o.Axes.Work == order.WorkCancelled {
				net = 0
			}
			e.Net = &net
		}
		paid, activity := b.Total.Minor(), int64(0)
		for _, d := range b.Discounts {
			activity += d.Merchant.Minor()
		}
		e.Paid, e.Activity = &paid, &activity
		if b.Delivery != nil {
			fee := b.Delivery.Minor()
			e.Delivery = &fee
		}
	}
	if !o.Refunded.IsZero() {
		back := o.Refunded.Minor()
		e.Refunded = &back
		if e.Paid != nil { // statements give what is left of it
			left := *e.Paid - back
			e.Paid = &left
		}
	}
	if o.Settled != nil {
		s := o.Settled.Amount.Minor()
		e.Settled = &s
	}
	return e
}

// absentOf finds the orders of a scope that are finished here on the days of a statement and that it does not have.
func (h *Hub) absentOf(ctx context.Context, sc db.Scope, channelName, first, last string, in map[string][]bill.Charge) ([]db.BillOrder, error) {
	if first == "" {
		return nil, nil
	}
	zone := time.FixedZone("CST", 8*3600)
	from, err := time.ParseInLocation(time.DateOnly, first, zone)
	to, err2 := time.ParseInLocation(time.DateOnly, last, zone)
	if err != nil || err2 != nil || to.Sub(from) > 62*24*time.Hour {
		return nil, nil
	}
	var ids []ident.Order
	f := db.Filter{Status: []order.Status{order.StatusDone}, Channels: []string{channelName}, From: from.UnixMilli(), To: to.AddDate(0, 0, 1).UnixMilli(), Limit: 200}
	for range 500 {
		f.Cursor, err = h.db.List(ctx, sc, f, func(l *db.Listed) {
			var s Summary
			if json.Unmarshal(l.Summary, &s) == nil && in[s.Ref] == nil {
				ids = append(ids, l.ID)
			}
		})
		if err != nil || f.Cursor == "" {
			break
		}
	}
	if err != nil {
		return nil, err
	}
	var out []db.BillOrder
	for _, id := range ids {
		row, recs, _, err := h.db.Order(ctx, sc, id)
		if err != nil {
			return nil, err
		}
		o := h.fold(&row, recs, h.info(row.Channel, row.Ref.Realm))
		x := db.BillOrder{Ref: row.Ref.ID, Order: id, Store: row.Store, Channel: channelName, State: BillAbsent, Day: time.UnixMilli(row.SortAt).In(zone).Format(time.DateOnly),
			Doc: toJSON(BillDoc{Lines: []bill.Charge{}, Differs: []bill.Gap{}})}
		if e := expectedOf(o); e.Net != nil {
			x.Expected = *e.Net
		}
		out = append(out, x)
	}
	slices.SortFunc(out, func(a, b db.BillOrder) int { return strings.Compare(a.Ref, b.Ref) })
	return slices.CompactFunc(out, func(a, b db.BillOrder) bool { return a.Ref == b.Ref }), nil
}

// Wrongs gives, of orders of a caller's, the deliveries that went wrong and who answers for them.
func (h *Hub) Wrongs(ctx context.Context, who Actor, ids []ident.Order) (map[ident.Order][]Wrong, error) {
	out := map[ident.Order][]Wrong{}
	for part := range slices.Chunk(ids, 200) {
		rows, err := h.db.OrdersByID(ctx, who.Scope, part)
		if err != nil {
			return nil, fault.Wrap("hub.Wrongs", err)
		}
		for _, r := range rows {
			var s struct {
				Wrong []Wrong `json:"wrong"`
			}
			if json.Unmarshal(r.Summary, &s) == nil && len(s.Wrong) > 0 {
				out[r.ID] = s.Wrong
			}
		}
	}
	return out, nil
}

// DropBill takes a statement back.
func (h *Hub) DropBill(ctx context.Context, who Actor, id ident.Bill) error {
	const op = "hub.DropBill"
	if err := who.May(op, role.KeepMoney); err != nil {
		return err
	}
	return fault.Wrap(op, h.db.DropBill(ctx, who.Merchant, id, h.lineAbout(who, "bill.drop", id.String(), map[string]any{"id": id})))
}
