package channeltest

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/order"
)

// A Book does with items what the hub does, in memory: it merges readings, remembers
// links and hints, and folds orders. The zero Book is empty. Not safe for concurrent use.
type Book struct {
	Records map[order.Ref]order.Record
	Links   map[order.Ref]map[string]bool // record → the ids of its orders
	Aliases map[string]string             // number → order id
	Hints   map[order.Ref]order.Hint      // coalesced
	Parked  []channel.Item
}

// Take takes items in. It fails only on a record that passes the limits.
func (b *Book) Take(items ...channel.Item) error {
	if b.Records == nil {
		b.Records, b.Links = map[order.Ref]order.Record{}, map[order.Ref]map[string]bool{}
		b.Aliases, b.Hints = map[string]string{}, map[order.Ref]order.Hint{}
	}
	for _, it := range items {
		if it.Err != nil {
			b.Parked = append(b.Parked, it)
			continue
		}
		for _, r := range it.Readings {
			if err := b.merge(r); err != nil {
				return err
			}
		}
		for _, h := range it.Hints {
			old, ok := b.Hints[h.Ref]
			h.IfUnknown = h.IfUnknown && (!ok || old.IfUnknown)
			b.Hints[h.Ref] = h
		}
	}
	return nil
}

func (b *Book) merge(r order.Reading) error {
	// A record goes through the database as JSON, so it does here.
	var stored order.Record
	text, err := json.Marshal(r.Record)
	if err == nil {
		err = json.Unmarshal(text, &stored)
	}
	if err != nil {
		return err
	}
	merged := b.Records[r.Ref].Merge(stored)
	if err := merged.Check(); err != nil {
		return err
	}
	b.Records[r.Ref] = merged
	link := func(rec order.Ref, id string) {
		if b.Links[rec] == nil {
			b.Links[rec] = map[string]bool{}
		}
		b.Links[rec][id] = true
	}
	for _, id := range r.Orders {
		link(r.Ref, id)
	}
	for _, l := range r.Links {
		if r.Ref.Kind == order.KindOrder {
			link(l, r.Ref.ID)
		}
	}
	if r.Ref.Kind == order.KindOrder {
		for _, a := range r.Aliases {
			b.Aliases[a] = r.Ref.ID
		}
	}
	return nil
}

// Follow reads what the hints ask for, and what those reads hint at, at most 500 reads.
// A read that fails keeps its hint; the errors come back joined.
func (b *Book) Follow(ctx context.Context, c *channel.Conn) error {
	tried := map[order.Ref]bool{}
	var errs []error
	for range 500 {
		var next *order.Ref
		for _, ref := range slices.SortedFunc(maps.Keys(b.Hints), refs) {
			if !tried[ref] {
				next = &ref
				break
			}
		}
		if next == nil {
			break
		}
		tried[*next] = true
		h := b.Hints[*next]
		if _, known := b.Records[*next].Regs[order.RegBill]; h.IfUnknown && known {
			delete(b.Hints, *next)
			continue
		}
		items, err := c.Read(ctx, *next)
		if err != nil {
			errs = append(errs, fault.Wrap(next.ID, err))
			continue
		}
		delete(b.Hints, *next)
		if err := b.Take(items...); err != nil {
			return err
		}
	}
	return errors.Join(errs...)
}

// Pull pulls once and gives the last cursor; the error is that of the pull. Items are
// taken page by page, each before its cursor, as the hub does.
func (b *Book) Pull(ctx context.Context, c *channel.Conn, p channel.Pull) (json.RawMessage, error) {
	cursor := p.Cursor
	for page, err := range c.Pull(ctx, p) {
		if err != nil {
			return cursor, err
		}
		if err := b.Take(page.Items...); err != nil {
			return cursor, err
		}
		cursor = page.Cursor
	}
	return cursor, nil
}

// Order folds one order with everything that is linked to it.
func (b *Book) Order(ref order.Ref, g *order.Grammar) order.Order {
	var recs []order.Linked
	for _, r := range slices.SortedFunc(maps.Keys(b.Records), refs) {
		if r == ref || b.Links[r][ref.ID] {
			recs = append(recs, order.Linked{Ref: r, Record: b.Records[r]})
		}
	}
	return order.Fold(ref, recs, g)
}

// Orders lists the orders that the book knows.
func (b *Book) Orders() []order.Ref {
	var out []order.Ref
	for _, r := range slices.SortedFunc(maps.Keys(b.Records), refs) {
		if r.Kind == order.KindOrder {
			out = append(out, r)
		}
	}
	return out
}

// Linked lists the records that belong to an order.
func (b *Book) Linked(ref order.Ref) []order.Ref {
	var out []order.Ref
	for _, r := range slices.SortedFunc(maps.Keys(b.Links), refs) {
		if b.Links[r][ref.ID] {
			out = append(out, r)
		}
	}
	return out
}

func refs(a, b order.Ref) int {
	return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.ID, b.ID), cmp.Compare(a.Realm, b.Realm))
}

// Seen is an order as text for comparison: everything that Fold makes of it, without
// the moments of our own reads, which Fold does not show.
func Seen(o order.Order) string {
	text, _ := json.MarshalIndent(o, "", " ")
	return string(text)
}
