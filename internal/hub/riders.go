package hub

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	couriers "github.com/tongdan/tongdan/internal/courier"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/money"
	"github.com/tongdan/tongdan/order"
	"github.com/tongdan/tongdan/role"
)

// Riders lists the riders of the caller's stores.
func (h *Hub) Riders(ctx context.Context, who Actor) ([]db.RiderRow, error) {
	list, err := h.db.Riders(ctx, who.Scope)
	return list, fault.Wrap("hub.Riders", err)
}

// PutRider adds or changes a rider of one of the caller's stores. One who is off has no link
// any more.
func (h *Hub) PutRider(ctx context.Context, who Actor, r db.RiderRow) (db.RiderRow, error) {
	const op = "hub.PutRider"
	if err := who.May(op, role.KeepRiders); err != nil {
		return r, err
	}
	var w wrong
	w.text("name", r.Name, 1, 40)
	w.text("phone", r.Phone, 3, 32)
	if _, ok := h.db.StoreByID(who.Merchant, r.Store); !ok || !who.Sees(r.Store) {
		w.say("store_id", fault.Because("field_not_yours", "is none of your stores"))
	}
	if r.ID != 0 {
		list, err := h.db.Riders(ctx, who.Scope)
		if err != nil {
			return r, fault.Wrap(op, err)
		}
		found := false
		for _, x := range list {
			if x.ID == r.ID {
				r.Made, found = x.Made, true
			}
		}
		if !found {
			return r, fault.Say(op, fault.NotFound, "no_rider_here", "there is no such rider")
		}
	}
	if err := w.err(op); err != nil {
		return r, err
	}
	r, err := h.db.PutRider(ctx, who.Merchant, r, func(r db.RiderRow) db.Entry {
		return h.lineAbout(who, "rider.put", r.ID.String(), map[string]any{"id": r.ID, "store": r.Store, "off": r.Disabled})
	})
	return r, fault.Wrap(op, err)
}

// riderTime is how long a link works: a round, and not the next day.
const riderTime = 12 * time.Hour

// RiderLink makes a link with which a rider sees what is with him, and until when it works.
// Whoever has it sees customers' data, so that only somebody who may see them makes one.
func (h *Hub) RiderLink(ctx context.Context, who Actor, id ident.Rider) (link string, until time.Time, err error) {
	const op = "hub.RiderLink"
	if err := who.May(op, role.ActOn(string(order.Dispatch))); err != nil {
		return "", until, err
	}
	if !who.Personal {
		return "", until, &fault.Error{Op: op, Code: fault.Forbidden, Why: whyPersonal}
	}
	if _, err := h.rider(ctx, who, id); err != nil {
		return "", until, err
	}
	var b [18]byte
	rand.Read(b[:])
	secret := base64.RawURLEncoding.EncodeToString(b[:])
	until = time.Now().Add(riderTime)
	hash := sha256.Sum256([]byte(secret))
	line := h.lineAbout(who, "rider.link", id.String(), map[string]any{"id": id, "until_at": until.UnixMilli()})
	if err := h.db.PutRiderLink(ctx, who.Merchant, id, hash[:], until, line); err != nil {
		return "", until, fault.Wrap(op, err)
	}
	return h.public + "/rider/" + secret, until, nil
}

// A Stop is an order that is with a rider, with what he has to know.
type Stop struct {
	Merchant ident.Merchant
	Order    ident.Order
	Ride     string
	State    order.State
	Channel  channel.Text
	Number   string
	Lines    []string
	Remark   string
	Name     string
	Phone    string // as it is dialled: a privacy number with its extension after a comma
	Address  string
	Due      *money.Amount // to be collected
	By       int64         // when it is promised or expected; 0 = not told
	Since    int64
	Problem  string
	Places   bool // its platform wants to know where he is, on the way
}

// RiderRound gives what is with the rider of a link: what he has to bring, the first assigned
// first, and what he has brought within the last hours. It fails with fault.NotFound when the
// link has ended.
func (h *Hub) RiderRound(ctx context.Context, secret string) (db.RiderRow, []Stop, error) {
	const op = "hub.RiderRound"
	who, r, err := h.riderActor(ctx, secret)
	if err != nil {
		return r, nil, err
	}
	out := []Stop{}
	err = h.withRider(ctx, who, r, func(row *db.OrderRow, o *order.Order, d order.Delivery) {
		out = append(out, h.stop(row, o, d, h.info(row.Channel, row.Ref.Realm)))
	})
	if err != nil {
		return r, nil, fault.Wrap(op, err)
	}
	slices.SortFunc(out, func(a, b Stop) int { return cmp.Compare(a.Since, b.Since) })
	return r, out, nil
}

// withRider gives the orders that a rider has to bring or has with him.
func (h *Hub) withRider(ctx context.Context, who Actor, r db.RiderRow, f func(*db.OrderRow, *order.Order, order.Delivery)) error {
	var ids []ident.Order
	list := db.Filter{Status: []order.Status{order.StatusAccepted, order.StatusReady, order.StatusDelivering}, Limit: 200}
	for range mostRounds {
		var err error
		list.Cursor, err = h.db.List(ctx, who.Scope, list, func(l *db.Listed) {
			var s Summary
			if json.Unmarshal(l.Summary, &s) == nil && s.Ride != nil && s.Ride.RiderID == r.ID {
				ids = append(ids, l.ID)
			}
		})
		if err != nil {
			return err
		}
		if list.Cursor == "" {
			break
		}
	}
	for _, id := range ids {
		row, recs, _, err := h.db.Order(ctx, who.Scope, id)
		if err != nil {
			return err
		}
		o := h.fold(&row, recs, h.info(row.Channel, row.Ref.Realm))
		for _, d := range o.Rides() {
			if d.Ride.Rider == r.ID.String() && d.Live() {
				f(&row, &o, d)
			}
		}
	}
	return nil
}

const mostRounds = 10 // pages of open orders that are looked at

// riderActor is a rider as somebody who may say how far he is, at his store alone.
func (h *Hub) riderActor(ctx context.Context, secret string) (Actor, db.RiderRow, error) {
	hash := sha256.Sum256([]byte(secret))
	m, r, err := h.db.RiderOf(ctx, hash[:])
	if err != nil {
		return Actor{}, r, fault.Wrap("hub.riderActor", err)
	}
	return Actor{Scope: db.Scope{Merchant: m, Stores: []ident.Store{r.Store}, Personal: true}, ID: r.ID.String(), Name: r.Name, Role: role.Clerk}, r, nil
}

// RiderSays is a step that the rider of a link says of an order that is with him.
func (h *Hub) RiderSays(ctx context.Context, secret string, id ident.Order, key, step, words string) error {
	const op = "hub.RiderSays"
	who, r, err := h.riderActor(ctx, secret)
	if err != nil {
		return err
	}
	row, recs, _, err := h.db.Order(ctx, who.Scope, id)
	if err != nil {
		return fault.Wrap(op, err)
	}
	o := h.fold(&row, recs, h.info(row.Channel, row.Ref.Realm))
	for _, d := range o.Rides() {
		if d.Key == key && d.Ride.Rider == r.ID.String() {
			_, err := h.StepRide(ctx, who, id, key, step, words)
			return fault.Wrap(op, err)
		}
	}
	return &fault.Error{Op: op, Code: fault.NotFound, Why: whyNoRide}
}

func (h *Hub) stop(row *db.OrderRow, o *order.Order, d order.Delivery, info *channel.Info) Stop {
	s := Stop{Merchant: row.Merchant, Order: row.ID, Ride: d.Key, State: d.State, Number: o.Head.DaySeq, Remark: o.Remark, By: max(o.Times.Promised, o.Times.Estimated), Since: d.Since()}
	if s.Number == "" {
		s.Number = o.Head.Display
	}
	if info != nil {
		s.Channel, s.Places = info.Label, info.PlaceEvery > 0
	}
	if o.Bill != nil {
		for _, l := range o.Bill.Lines {
			s.Lines = append(s.Lines, l.Name+" ×"+itoa(int(l.Quantity)))
		}
		if o.Axes.Payment == order.PayLater {
			s.Due = &o.Bill.Total
		}
	}
	if c := o.Customer; c != nil && d.Live() { // what he has brought is not his to know any more
		s.Name, s.Phone, s.Address = c.Name, strings.ReplaceAll(c.Phone, "_", ","), strings.TrimSpace(c.Address+" "+c.Detail)
	}
	for _, u := range d.Updates {
		if u.State == order.DeliveryFailed {
			s.Problem = u.Why
		}
	}
	return s
}

// Couriers lists the merchant's accounts at couriers.
func (h *Hub) Couriers(ctx context.Context, who Actor) ([]db.CourierRow, error) {
	list, err := h.db.Couriers(ctx, who.Merchant)
	return list, fault.Wrap("hub.Couriers", err)
}

// PutCourier adds or changes an account at a courier. Credentials that are left out keep their
// value, unless its address changes.
func (h *Hub) PutCourier(ctx context.Context, who Actor, c db.CourierRow) (db.CourierRow, error) {
	const op = "hub.PutCourier"
	if err := who.May(op, role.KeepCouriers); err != nil {
		return c, err
	}
	var w wrong
	w.text("name", c.Name, 1, 80)
	c.Merchant, c.Address = who.Merchant, strings.TrimRight(strings.TrimSpace(c.Address), "/")
	if c.ID != 0 {
		list, err := h.db.Couriers(ctx, who.Merchant)
		if err != nil {
			return c, fault.Wrap(op, err)
		}
		found := false
		for _, old := range list {
			if old.ID != c.ID {
				continue
			}
			given := c.Credentials
			found, c.Kind, c.Made, c.Credentials = true, old.Kind, old.Made, kept(old.Credentials, given)
			if mk, ok := couriers.MakeOf(old.Kind); ok && c.Address != old.Address { // secrets are not sent to an address that somebody else's session put in
				for _, f := range mk.Info().Fields {
					if f.Secret && given[f.Name] == "" {
						w.say("credentials."+f.Name, fault.Because("field_anew", "must be given anew with another address"))
					}
				}
			}
		}
		if !found {
			return c, fault.Say(op, fault.NotFound, "no_courier", "there is no such courier")
		}
	}
	mk, ok := couriers.MakeOf(c.Kind)
	if !ok {
		w.say("kind", fault.Because("field_kind_here", "is none that this build has"))
		return c, w.err(op)
	}
	if c.Address != "" && !bare(c.Address) {
		w.say("address", fault.Because("field_cloud_address", "must be an address such as {base}", "base", mk.Info().Base))
	}
	c.Shops = maps.Clone(c.Shops)
	for s, number := range c.Shops {
		if number = strings.TrimSpace(number); number == "" {
			delete(c.Shops, s)
			continue
		}
		if _, ok := h.db.StoreByID(who.Merchant, s); !ok || len(number) > 64 {
			w.say("shops", fault.Because("field_not_yours", "is none of your stores"))
		}
		c.Shops[s] = number
	}
	w.credentials(mk.Info().Fields, c.Credentials)
	if err := w.err(op); err != nil {
		return c, err
	}
	c, err := h.db.PutCourier(ctx, c, func(c db.CourierRow) db.Entry {
		return h.lineAbout(who, "courier.put", c.ID.String(), map[string]any{"id": c.ID, "name": c.Name, "kind": c.Kind, "off": c.Disabled})
	})
	return c, fault.Wrap(op, err)
}
