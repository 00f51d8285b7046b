package mercadolibre

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/order"
)

// The headers of the newer formats.
var (
	newFormat = [2]string{"x-format-new", "true"}
	newDomain = [2]string{"X-New-Domain", "true"}
)

const retryParts = 30 * time.Second // a shipment of a fresh order may not be there yet

// Read reads an order with its shipment, a shipment, or the order of a payment.
func (s *shop) Read(ctx context.Context, ref order.Ref) ([]channel.Item, error) {
	return s.ReadOf(ctx, ref, nil)
}

// ReadOf is Read of a shipment without asking of which orders it is.
func (s *shop) ReadOf(ctx context.Context, ref order.Ref, orders []string) ([]channel.Item, error) {
	const op = "mercadolibre.Read"
	if !isID(ref.ID) {
		return nil, &fault.Error{Op: op, Code: fault.NotFound, Ref: clip(ref.ID, 40), Why: fault.Because("not_their_number", "this is no number of the platform")}
	}
	switch ref.Kind {
	case order.KindOrder:
		return s.readOrder(ctx, ref.ID)
	case order.KindShipment, kindReturn:
		item, whole, err := s.readShipment(ctx, ref.ID, orders)
		if err != nil {
			return nil, err
		}
		if !whole && item.Err == nil {
			item.Hints = []order.Hint{{Ref: item.Ref, After: s.env.Now().Add(retryParts).UnixMilli(), Why: "parts of it could not be read", Of: orders}}
		}
		return []channel.Item{item}, nil
	case kindPayment:
		return s.readPayment(ctx, ref.ID)
	}
	return nil, &fault.Error{Op: op, Code: fault.Unsupported, Ref: ref.Kind, Why: fault.Because("resource_unknown", "the platform has no resource of this kind")}
}

// readOrder reads the order first and then its shipment. What fails after the order
// does not lose it: it is hinted at again.
func (s *shop) readOrder(ctx context.Context, id string) ([]channel.Item, error) {
	const op = "mercadolibre.Read"
	a, err := s.get(ctx, call{op: op, path: "/orders/" + id})
	if err != nil {
		return nil, withRef(err, id)
	}
	if !json.Valid(a.body) {
		return nil, &fault.Error{Op: op, Code: fault.Unavailable, Ref: id, Why: fault.Because("answer_unreadable", "the platform's answer cannot be read")}
	}
	item := translateOrder(a.body, order.ClassRead, s.env.Now(), missingOf(a))
	if item.Err != nil {
		item.Ref = order.Ref{Realm: Realm, Kind: order.KindOrder, ID: id}
		return []channel.Item{item}, nil
	}
	if item.Ref.ID != id {
		return nil, &fault.Error{Op: op, Code: fault.Unavailable, Ref: id, Why: fault.Because("answer_of_other", "the platform answered about something else")}
	}
	items := []channel.Item{item}
	for _, l := range item.Readings[0].Links {
		parcel, whole, err := s.readShipment(ctx, l.ID, []string{id})
		if err == nil {
			items = append(items, parcel)
		}
		if ctx.Err() != nil {
			return nil, &fault.Error{Op: op, Code: fault.Unavailable, Ref: id, Err: ctx.Err()}
		}
		if err != nil || !whole {
			wait := max(retryParts, fault.AfterOf(err))
			items[0].Hints = append(items[0].Hints, order.Hint{Ref: l, After: s.env.Now().Add(wait).UnixMilli(), Why: "its shipment could not be read"})
		}
	}
	return items, nil
}

// missingOf names what an answer with HTTP 206 leaves out; nil when it is whole.
func missingOf(a answer) []string {
	if a.status != http.StatusPartialContent {
		return nil
	}
	missing := []string{}
	for m := range strings.SplitSeq(a.header.Get("X-Content-Missing"), ",") {
		if m = strings.TrimSpace(m); m != "" {
			missing = append(missing, m)
		}
	}
	return missing
}

// readShipment reads a shipment with its history and its deadline, and its orders when
// it was not reached through some. whole is false when a part failed for the moment.
func (s *shop) readShipment(ctx context.Context, id string, through []string) (item channel.Item, whole bool, err error) {
	const op = "mercadolibre.Read"
	path := "/shipments/" + id
	a, err := s.get(ctx, call{op: op, path: path, header: newFormat})
	if err != nil {
		return item, false, withRef(err, id)
	}
	n, err := parse(a.body)
	if err != nil {
		return item, false, &fault.Error{Op: op, Code: fault.Unavailable, Ref: id, Why: fault.Because("answer_unreadable", "the platform's answer cannot be read")}
	}
	p := parts{Shipment: a.body, For: through}
	part := func(name, path string, h [2]string) json.RawMessage {
		a, err := s.get(ctx, call{op: op, path: path, header: h})
		switch {
		case fault.Is(err, fault.NotFound) || fault.Is(err, fault.Forbidden) || err == nil && len(a.body) == 0:
			return nil // it has none: no deadline for Full and cancelled ones, 204 for no orders
		case err != nil || !json.Valid(a.body):
			p.Failed = append(p.Failed, name)
			return nil
		}
		return a.body
	}
	sibling := n.obj("sibling").id("sibling_id")
	if (len(through) == 0 || sibling != "") && n.id("order_id") == "" {
		p.Orders = part("orders", path+"/orders", newDomain)
	}
	p.History = part("history", path+"/history", newFormat)
	if l := n.obj("logistic"); n.text("status") != "cancelled" && l.text("type") != "fulfillment" {
		p.SLA = part("sla", path+"/sla", [2]string{})
	}
	if sibling != "" && n.text("status") != "cancelled" {
		p.Replaced = s.beforeSplit(sibling, p.Orders, part)
	}
	if err := ctx.Err(); err != nil {
		return item, false, &fault.Error{Op: op, Code: fault.Unavailable, Ref: id, Err: err}
	}
	item = translateShipment(p.encode(), s.env.Now())
	if item.Err != nil {
		item.Ref = order.Ref{Realm: Realm, Kind: order.KindShipment, ID: id}
	} else if item.Ref.ID != id {
		return item, false, &fault.Error{Op: op, Code: fault.Unavailable, Ref: id, Why: fault.Because("answer_of_other", "the platform answered about something else")}
	}
	return item, len(p.Failed) == 0, nil
}

// beforeSplit finds the orders that a split replaced. The document names the sibling
// without saying which of the shipments it is: one that was cancelled by the split is
// the old one, and otherwise the pack's family is the old pack.
func (s *shop) beforeSplit(sibling string, orders json.RawMessage, part func(name, path string, h [2]string) json.RawMessage) json.RawMessage {
	if old, err := parse(part("replaced", "/shipments/"+sibling, newFormat)); err == nil && old.text("status") == "cancelled" && old.text("substatus") == "pack_splitted" {
		return part("replaced", "/shipments/"+sibling+"/orders", newDomain)
	}
	var rows []json.RawMessage
	if json.Unmarshal(orders, &rows) != nil || len(rows) == 0 {
		return nil
	}
	row, _ := parse(rows[0])
	pack := row.id("pack_id")
	if pack == "" {
		return nil
	}
	now, err := parse(part("replaced", "/packs/"+pack, [2]string{}))
	family := now.id("family_pack_id")
	if err != nil || family == "" {
		return nil
	}
	old, err := parse(part("replaced", "/packs/"+family, [2]string{}))
	if err != nil {
		return nil
	}
	list, _ := old.raw("orders")
	return list
}

// readPayment learns which order a payment is of. The order names its payments with
// everything needed, so only the order is read.
func (s *shop) readPayment(ctx context.Context, id string) ([]channel.Item, error) {
	const op = "mercadolibre.Read"
	a, err := s.get(ctx, call{op: op, path: "/collections/" + id})
	if err != nil {
		return nil, withRef(err, id)
	}
	n, err := parse(a.body)
	if err != nil {
		return nil, &fault.Error{Op: op, Code: fault.Unavailable, Ref: id, Why: fault.Because("answer_unreadable", "the platform's answer cannot be read")}
	}
	if c := n.obj("collection"); c.m != nil { // old clients expect this wrapping
		n = c
	}
	item := channel.Item{What: "payment", Ref: order.Ref{Realm: Realm, Kind: kindPayment, ID: id}, Raw: a.body}
	of := n.id("order_id")
	if of == "" {
		if ref := n.text("external_reference"); isID(ref) {
			of = ref
		}
	}
	if of != "" { // a payment without an order is none of a sale here
		item.Hints = []order.Hint{{Ref: order.Ref{Realm: Realm, Kind: order.KindOrder, ID: of}, Why: "payments"}}
	}
	return []channel.Item{item}, nil
}

func withRef(err error, ref string) error {
	if f, ok := err.(*fault.Error); ok && f.Ref == "" {
		f.Ref = ref
	}
	return err
}
