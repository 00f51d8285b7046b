package hub

import (
	"context"
	"strings"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/order"
)

// What of a customer is covered until somebody with the right to it asks. A privacy number
// ends by itself and leads nowhere else: it is never covered.
const (
	partPhone   = "phone"   // a real number
	partAddress = "address" // where it goes
	partJournal = "journal" // the bytes of the platform's messages, which hold both
)

const uncoverEntry = "uncover" // what the journal calls it

// cover hides a real phone number and the address but for what the counter needs, and says
// what it has hidden.
func cover(c order.Customer) (order.Customer, []string) {
	short, covered := mask(c), []string{}
	if c.Phone != "" && c.PhoneKind != "privacy" && c.PhoneKind != "masked" {
		c.Phone = short.Phone
		covered = append(covered, partPhone)
	}
	if c.Address+c.Detail+c.Zip != "" || c.Lat != 0 || c.Lng != 0 {
		c.Address, c.Detail, c.Zip, c.Lat, c.Lng = short.Address, "", "", 0, 0
		covered = append(covered, partAddress)
	}
	return c, covered
}

// Uncover gives an order's customer in full, and writes into the journal who has seen
// which parts of it that are covered otherwise. It fails with fault.Forbidden for whoever
// lacks the right to customers' data, with fault.NotFound for an order that is not the
// caller's, or whose customer is not known.
func (h *Hub) Uncover(ctx context.Context, who Actor, id ident.Order) (*Customer, error) {
	var out *Customer
	err := h.recordLook(ctx, who, id, func(o *order.Order) (parts []string, err error) {
		if o.Customer == nil {
			return nil, fault.Say("hub.Uncover", fault.NotFound, "no_customer", "the platform has not told who the customer is")
		}
		_, parts = cover(*o.Customer)
		out = &Customer{Customer: *o.Customer, Covered: []string{}}
		return parts, nil
	})
	return out, err
}

// UncoverJournal writes into the journal that somebody has seen the bytes of an order's
// messages. It fails as Uncover does.
func (h *Hub) UncoverJournal(ctx context.Context, who Actor, id ident.Order) error {
	return h.recordLook(ctx, who, id, func(*order.Order) ([]string, error) { return []string{partJournal}, nil })
}

var whyPersonal = fault.Because("personal_only", "you may not see customers' data: an owner can change that, under People")

// recordLook writes down which parts of an order somebody has seen; none, no line.
func (h *Hub) recordLook(ctx context.Context, who Actor, id ident.Order, parts func(*order.Order) ([]string, error)) error {
	const op = "hub.Uncover"
	if !who.Personal {
		return &fault.Error{Op: op, Code: fault.Forbidden, Why: whyPersonal}
	}
	_, err := h.db.Do(ctx, db.Verb{Name: uncoverEntry, Merchant: who.Merchant, Orders: []ident.Order{id}, Class: db.People, Decide: func(tx *db.Tx) error {
		row, ok := tx.OrderByID(id)
		if !ok || !who.Sees(row.Store) {
			return fault.Say(op, fault.NotFound, "no_order", "there is no such order")
		}
		o := h.fold(row, tx.Linked(row.Ref), h.info(row.Channel, row.Ref.Realm))
		seen, err := parts(&o)
		if err == nil && len(seen) > 0 {
			tx.Journal(db.Entry{At: h.now(), Direction: db.Act, What: uncoverEntry, Channel: row.Channel, Account: row.Account, Order: row.ID, Ref: row.Ref, By: who.ID, Outcome: strings.Join(seen, ", ")})
		}
		return err
	}})
	return fault.Wrap(op, err)
}
