package meituan

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tongdan/tongdan/internal/sim"
)

// placing is the body of POST orders: an order in native names plus what only the backstage knows.
type placing struct {
	Native
	ID     string `json:"order_id"` // taken if it is free and all digits
	Status int    `json:"status"`   // 1 leaves the order unpaid
	Total  *fen   `json:"total"`    // checked when given
	Force  bool   `json:"force"`    // sell what is sold out, accept another total
}

// Place makes an order from native JSON (nil or {}: everything is made up) and returns its id. Unless
// status is 1 it is paid at once, gets its number of the day and is pushed. Fields of getOrderDetail that
// the simulator computes itself are ignored.
func (s *Sim) Place(raw json.RawMessage) (string, error) {
	var in placing
	if len(bytes.TrimSpace(raw)) > 0 {
		if err := json.Unmarshal(raw, &in); err != nil {
			return "", fmt.Errorf("the order does not fit: %w", err)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.place(in)
}

func (s *Sim) place(in placing) (string, error) {
	t := s.begin()
	o := &Order{ID: in.ID, Status: submitted, Native: in.Native, Created: t.now, Updated: t.now, Tally: sim.Tally{}}
	if o.Store == "" {
		codes := slices.Sorted(maps.Keys(s.stores))
		o.Store = codes[s.rng.IntN(len(codes))]
	}
	st := s.stores[o.Store]
	if st == nil {
		return "", fmt.Errorf("there is no store %q: add it or use one of GET stores", o.Store)
	}
	if o.ID == "" {
		o.ID = t.newID()
	}
	if _, err := strconv.ParseUint(o.ID, 10, 63); err != nil || s.orders[o.ID] != nil {
		return "", fmt.Errorf("order_id %q must be a number that is not in use", o.ID)
	}
	if err := s.makeUp(o, st); err != nil {
		return "", err
	}
	if err := o.price(); err != nil {
		return "", err
	}
	if in.Total != nil && *in.Total != o.Total {
		if !in.Force || *in.Total < 0 {
			return "", fmt.Errorf(`total is %s but lines, fees and discounts make %s: leave it out, or add "force":true to sell a wrong sum`, in.Total, o.Total)
		}
		o.Total = *in.Total
	}
	if err := t.sell(o, in.Force); err != nil {
		return "", err
	}
	o.note(t.now, "用户提交订单")
	s.enter(o)
	if in.Status != submitted {
		t.pay(o)
	}
	t.Put("order", o.ID, o)
	if err := t.Commit(); err != nil {
		return "", err
	}
	s.sort(o)
	s.arm(o)
	return o.ID, nil
}

func pickOne[T any](s *Sim, from []T) T { return from[s.rng.IntN(len(from))] }

// makeUp fills what is missing from the store, its menu and the seed.
func (s *Sim) makeUp(o *Order, st *Store) error {
	now := o.Created
	if o.Name == "" {
		o.Name = pickOne(s, surnames) + pickOne(s, titles)
	}
	street := fmt.Sprintf("%s%d号", pickOne(s, streets), 1+s.rng.IntN(198))
	if o.Address == "" {
		o.Address = fmt.Sprintf("%s (%d幢%d室)", pickOne(s, compounds), 1+s.rng.IntN(20), 101+s.rng.IntN(2400))
		o.Geocoded = cmp.Or(o.Geocoded, "浙江省杭州市"+street)
	}
	if o.Phone == "" {
		o.Phone = fmt.Sprintf("18500000000_%04d", s.rng.IntN(10000))
	}
	if o.RealPhone == "" {
		o.RealPhone = fmt.Sprintf("100%08d", s.rng.IntN(100_000_000)) // no mobile number begins so
	}
	if o.ShippingFee == nil {
		o.ShippingFee = new(st.ShippingFee)
		if o.PickType == 1 {
			*o.ShippingFee = 0
		}
	}
	if *o.ShippingFee < 0 || o.BagMoney < 0 || o.BagMoney > 100_000 {
		return errors.New("shipping_fee and package_bag_money must not be negative")
	}
	if o.Logistics == nil {
		o.Logistics = new(st.Logistics)
	}
	if o.Latitude == 0 && o.Longitude == 0 {
		o.Latitude = st.Latitude + float64(s.rng.IntN(40_000)-20_000)/1e6
		o.Longitude = st.Longitude + float64(s.rng.IntN(40_000)-20_000)/1e6
	}
	if o.Estimate == 0 {
		o.Estimate = now + 2400
		if o.DeliveryTime > 0 {
			o.Estimate = o.DeliveryTime
		}
	}
	if len(o.Detail) == 0 {
		if err := s.fillBasket(o, st); err != nil {
			return err
		}
	}
	for i := range o.Detail {
		l := &o.Detail[i]
		l.Quantity = max(l.Quantity, 1)
		if f := st.food(l.FoodCode); f != nil {
			k := f.sku(l.SKU)
			if k == nil && l.SKU == "" && len(f.SKUs) > 0 {
				k = f.SKUs[0]
				l.SKU = k.ID
			}
			if l.FoodName == "" {
				l.FoodName, l.Unit, l.Weight = f.Name, cmp.Or(l.Unit, f.Unit), f.Grams
			}
			if k != nil && l.Price == 0 && l.Original == 0 {
				l.Price, l.Spec, l.UPC = k.Price, cmp.Or(l.Spec, k.Spec), k.UPC
				boxes, _ := strconv.Atoi(string(k.BoxNum))
				l.BoxNum, l.BoxPrice = boxes*l.Quantity, k.BoxPrice
			}
		}
		if l.FoodName == "" {
			return fmt.Errorf("detail line %d: app_food_code %q is not on the menu of %s, so it needs food_name and price", i+1, l.FoodCode, o.Store)
		}
		l.Unit = cmp.Or(l.Unit, "份")
		l.FoodDiscount = max(l.FoodDiscount, 1)
		l.Refunded = 0
		if l.Original == 0 {
			l.Original = l.Price
		}
	}
	for k := range o.More {
		if k == "" || k == "sig" || k == "app_id" || k == "timestamp" || len(k) > 100 {
			return fmt.Errorf("more: %q cannot be a further parameter", k)
		}
	}
	return nil
}

// fillBasket chooses one to four dishes that are on sale, with options, and now and then a discount.
func (s *Sim) fillBasket(o *Order, st *Store) error {
	type choice struct {
		f *Food
		k *SKU
	}
	var all []choice
	for _, f := range st.Foods {
		for _, k := range f.SKUs {
			if n := k.Stock.number(); f.SoldOut == 0 && k.Off == 0 && (n < 0 || n >= 2) {
				all = append(all, choice{f, k})
			}
		}
	}
	if len(all) == 0 {
		return fmt.Errorf("everything is %w at %s", sim.ErrSoldOut, st.Code)
	}
	var goods fen
	for range 1 + min(s.rng.IntN(4), s.rng.IntN(4)) {
		c := pickOne(s, all)
		if slices.ContainsFunc(o.Detail, func(l Line) bool { return l.FoodCode == c.f.Code && l.SKU == c.k.ID }) {
			continue
		}
		l := Line{FoodCode: c.f.Code, SKU: c.k.ID, Quantity: 1 + s.rng.IntN(2)*s.rng.IntN(2)}
		var options []string
		for _, p := range c.f.Properties {
			options = append(options, pickOne(s, p.Values))
		}
		l.Property = strings.Join(options, ",")
		goods += c.k.Price * fen(l.Quantity)
		o.Detail = append(o.Detail, l)
	}
	if o.Extras == nil && goods >= 2500 && s.rng.IntN(2) == 0 {
		o.Extras = Extras{{Act: 1180211, Reduce: 500, ByMT: 200, ByPoi: 300, Remark: "满25.0元减5.0元", Type: 2}}
	}
	return nil
}

// Order returns a copy of an order as the platform knows it.
func (s *Sim) Order(id string) (*Order, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.orders[id]
	if o == nil {
		return nil, fmt.Errorf("%w order %s", sim.ErrUnknown, id)
	}
	return o.clone(), nil
}

// Configure changes the fields of Config that a JSON object names, and app_id and secret. The change
// outlives a restart.
func (s *Sim) Configure(raw json.RawMessage) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	config, err := s.config.patched(raw)
	if err != nil {
		return err
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil {
		return err
	}
	patch := maps.Clone(s.patch)
	for k, v := range fields {
		if old := patch[k]; old != nil && len(v) > 0 && v[0] == '{' { // maps are merged
			merged := map[string]json.RawMessage{}
			if json.Unmarshal(old, &merged) == nil && json.Unmarshal(v, &merged) == nil {
				v, _ = json.Marshal(merged)
			}
		}
		patch[k] = v
	}
	if err := s.book.Put("config", "patch", patch); err != nil {
		return err
	}
	s.config, s.patch = config, patch
	for _, o := range s.active {
		s.arm(o) // deadlines may have moved
	}
	return nil
}

func when(at int64) time.Time {
	if at == 0 {
		return time.Time{}
	}
	return time.Unix(at, 0).UTC()
}
