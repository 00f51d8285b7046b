package meituan

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tongdan/tongdan/internal/sim"
)

// Store is a shop on the platform.
type Store struct {
	Code         string  `json:"app_poi_code"`
	PoiID        int64   `json:"wm_poi_id"`
	Name         string  `json:"name"`
	Address      string  `json:"address"`
	Phone        string  `json:"phone"`
	Latitude     float64 `json:"latitude"`
	Longitude    float64 `json:"longitude"`
	ShippingFee  fen     `json:"shipping_fee"`
	ShippingTime string  `json:"shipping_time"`
	Promotion    string  `json:"promotion_info"`
	Picture      string  `json:"pic_url,omitempty"` // an address, or the id of an uploaded one; not looked at
	// Logistics is the logistics_code of its orders: 1001 Meituan's riders (default of New), 0000
	// its own, 1003 the crowd.
	Logistics string `json:"logistics_code"`
	OpenLevel int    `json:"open_level"` // 1 open, 3 resting
	Online    int    `json:"is_online"`
	// EPoiID and Token are those of a store that is bound to a service provider; it is pushed and
	// called there then. New takes a store with a Token as bound, under its EPoiID or Code.
	EPoiID string `json:"e_poi_id,omitempty"`
	Token  string `json:"app_auth_token,omitempty"`
	// Code1, Refresh and TokenDies (Unix seconds; 0 = never) are those of OAuth.
	Code1     string `json:"oauth_code,omitempty"`
	Refresh   string `json:"refresh_token,omitempty"`
	TokenDies int64  `json:"token_dies,omitempty"`
	// Vendor has the tokens of a store in a vendor's app on the first platform.
	Vendor vendorTokens `json:"vendor,omitzero"`
	// BigChain gives three hours instead of 30 minutes to answer a refund (大连锁).
	BigChain bool `json:"big_chain,omitempty"`

	// Held says that Meituan closed the store: poi/open answers 809 until the backstage releases it.
	Held bool `json:"held,omitempty"`
	// Missed are the times of consecutive orders that were not accepted in time.
	Missed []int64 `json:"missed,omitempty"`

	Tags        string `json:"third_tag_name,omitempty"`
	Invoices    int    `json:"invoice_support,omitempty"`
	PreBook     int    `json:"pre_book,omitempty"`
	PreBookDays int    `json:"pre_book_max_days,omitempty"`
	DelayPush   int    `json:"delay_push_second,omitempty"`
	Areas       []Area `json:"areas,omitempty"`

	Categories []Category `json:"categories,omitempty"`
	Foods      []*Food    `json:"foods"` // the menu; for New, nil means DefaultMenu
}

// Category is a 菜品分类.
type Category struct {
	Store    string `json:"app_poi_code"`
	Name     string `json:"name"`
	Code     string `json:"code,omitempty"`   // of a medicine category
	Parent   string `json:"parent,omitempty"` // of a second level, retail
	Sequence int    `json:"sequence"`

	Description string `json:"category_description,omitempty"`

	Created int64 `json:"ctime"`
	Updated int64 `json:"utime"`
}

func defaultStores() []Store {
	return []Store{
		{Code: "TEA001", Name: "山间茶事(湖滨店)", Address: "杭州市上城区柳荫路18号", Logistics: "1001", Latitude: 30.2561, Longitude: 120.1632},
		{Code: "TEA002", Name: "山间茶事(云栖店)", Address: "杭州市西湖区竹影街6号", Logistics: "0000", Latitude: 30.1872, Longitude: 120.0931},
	}
}

// complete fills what a store needs.
func (st *Store) complete() error {
	if st.Code == "" || len(st.Code) > 128 || strings.Contains(st.Code, "|") {
		return fmt.Errorf("app_poi_code %q must be 1 to 128 bytes without |", st.Code)
	}
	if st.Name == "" {
		st.Name = "茶饮店" + st.Code
	}
	if st.Address == "" {
		st.Address = "杭州市上城区柳荫路1号"
	}
	if st.Phone == "" {
		st.Phone = "0571-00000000"
	}
	if st.PoiID == 0 {
		h := int64(7)
		for _, b := range []byte(st.Code) {
			h = (h*131 + int64(b)) % 9_000_000
		}
		st.PoiID = 1_000_000 + h
	}
	if st.ShippingFee == 0 {
		st.ShippingFee = 400
	}
	if st.ShippingTime == "" {
		st.ShippingTime = "08:00-23:00"
	}
	if st.Logistics == "" {
		st.Logistics = "1001"
	}
	if st.OpenLevel == 0 {
		st.OpenLevel = 1
	}
	if st.Latitude == 0 {
		st.Latitude, st.Longitude = 30.2561, 120.1632
	}
	if st.Token != "" && st.EPoiID == "" {
		st.EPoiID = st.Code
	}
	if st.Tags == "" {
		st.Tags, st.PreBook, st.PreBookDays = "甜品饮品", 1, 1
	}
	st.Online = 1
	if st.Foods == nil {
		for _, f := range DefaultMenu() {
			st.Foods = append(st.Foods, &f)
		}
	}
	for i, f := range st.Foods {
		f.Sequence = i + 1
		st.category(f.Category, 0)
	}
	return nil
}

func (st *Store) category(name string, now int64) {
	if name != "" && !slices.ContainsFunc(st.Categories, func(c Category) bool { return c.Name == name }) {
		st.Categories = append(st.Categories, Category{Store: st.Code, Name: name, Sequence: len(st.Categories) + 1, Created: now, Updated: now})
	}
}

func (st *Store) food(code string) *Food {
	for _, f := range st.Foods {
		if f.Code == code {
			return f
		}
	}
	return nil
}

// Penalty is something the platform would hold against the merchant.
type Penalty struct {
	At    int64  `json:"at"`
	Store string `json:"app_poi_code,omitempty"`
	Order string `json:"order_id,omitempty"`
	Kind  string `json:"kind"` // late_accept, late_twice, push_failures, no_pull, refund_expired, suspended, cancel_loop
	Text  string `json:"text"`
}

const maxPenalties = 500

func (t *change) penalize(p Penalty) {
	p.At = t.now
	s := t.s
	s.penalty = append(s.penalty, p)
	s.penalised++
	if len(s.penalty) > maxPenalties {
		s.penalty = slices.Delete(s.penalty, 0, len(s.penalty)-maxPenalties)
	}
	t.Put("penalty", "list", s.penalty)
}

// Penalties lists what the platform holds against the merchant, oldest first, at most 500.
func (s *Sim) Penalties() []Penalty {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Penalty{}, s.penalty...)
}

// PenaltiesAfter gives those that came after the first n of this run, oldest first, and how many there were by now. Of
// more than 500 at once the oldest are left out.
func (s *Sim) PenaltiesAfter(n int) ([]Penalty, int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	more := min(max(s.penalised-n, 0), len(s.penalty))
	return slices.Clone(s.penalty[len(s.penalty)-more:]), s.penalised
}

// tooLate notes an order that was not accepted in time. The second in a row within an hour rests the
// store (系统置休).
func (t *change) tooLate(o *Order) {
	st := t.s.stores[o.Store]
	if st == nil {
		return
	}
	t.penalize(Penalty{Store: st.Code, Order: o.ID, Kind: "late_accept", Text: "超时未接单"})
	st.Missed = append(slices.DeleteFunc(st.Missed, func(at int64) bool { return at <= t.now-3600 }), t.now)
	if len(st.Missed) >= 2 {
		st.Missed = nil
		t.penalize(Penalty{Store: st.Code, Order: o.ID, Kind: "late_twice", Text: "一小时内连续2单超时未接"})
		t.suspend(st, "一小时内连续2单超时未接，系统置休")
	}
	t.Put("store", st.Code, st)
}

// suspend rests a store on Meituan's side.
func (t *change) suspend(st *Store, reason string) {
	if st.Held || !t.s.config.Suspend {
		return
	}
	t.penalize(Penalty{Store: st.Code, Kind: "suspended", Text: reason})
	st.Held = true
	t.setOpen(st, 3, reason, "MEITUAN")
}

// setOpen opens (1) or rests (3) a store and tells the merchant.
func (t *change) setOpen(st *Store, level int, reason, who string) {
	st.OpenLevel = level
	t.Put("store", st.Code, st)
	if st.Token != "" {
		code := map[bool]int{true: 121, false: 120}[level == 1]
		t.tell(PartnerStore, "store "+st.Code, st, "poiStatus", map[string]any{"ePoiId": st.EPoiID, "poiStatus": code, "reason": reason, "operateTime": t.now, "operateUser": who})
		return
	}
	status := "121"
	if level != 1 {
		status = "120"
	}
	t.push(PushStoreStatus, "store "+st.Code, []field{
		{"app_poi_code", st.Code}, {"poi_status", status}, {"reason", reason}, {"operate_time", fmt.Sprint(t.now)}, {"operate_user", who},
	})
}

// withStore runs f over a store with the lock held and commits.
func (s *Sim) withStore(code string, f func(t *change, st *Store) (bool, error)) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.stores[code]
	if st == nil {
		return false, errNoStore
	}
	t := s.begin()
	changed, err := f(t, st)
	if err == nil && changed {
		t.Put("store", st.Code, st)
	}
	if failed := t.Commit(); failed != nil {
		return false, errSystem
	}
	return changed, err
}

// AddStore adds a store while the simulator runs; what is missing is made up.
func (s *Sim) AddStore(st Store) error {
	if err := st.complete(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stores[st.Code] != nil {
		return fmt.Errorf("store %s exists already", st.Code)
	}
	if len(s.stores) >= 10_000 {
		return errors.New("10,000 stores are enough for one simulator")
	}
	s.stores[st.Code] = &st
	return s.book.Put("store", st.Code, st)
}

// Stock returns what the platform believes of a SKU: the stock as text ("*" = unlimited) and whether
// it can be bought.
func (s *Sim) Stock(store, food, sku string) (stock string, onSale bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.stores[store]
	if st == nil {
		return "", false, errNoStore
	}
	f := st.food(food)
	if f == nil {
		return "", false, errNoFood
	}
	k := f.sku(sku)
	if k == nil {
		return "", false, errNoSKU
	}
	return string(k.Stock), f.SoldOut == 0 && k.Off == 0 && k.Stock != "0", nil
}

// sell takes an order's pieces from the stock. Nothing is taken when one piece is missing.
func (t *change) sell(o *Order, force bool) error {
	st := t.s.stores[o.Store]
	took := false
	for pass := range 2 {
		need := map[*SKU]int{}
		for _, l := range o.Detail {
			f := st.food(l.FoodCode)
			if f == nil {
				continue // a dish that the simulator's menu does not know
			}
			k := f.sku(l.SKU)
			if k == nil {
				continue
			}
			need[k] += l.Quantity
			if pass == 0 && !force {
				if have := k.Stock.number(); f.SoldOut == 1 || k.Off == 1 || have >= 0 && have < need[k] {
					return fmt.Errorf("%s (%s %s) is %w at %s: stock %s; add \"force\":true to sell it all the same", l.FoodName, l.FoodCode, l.SKU, sim.ErrSoldOut, o.Store, k.Stock)
				}
			}
			if pass == 1 && k.Stock.number() >= 0 {
				k.Stock.add(-l.Quantity)
				took = true
			}
			if pass == 1 {
				t.s.stockChanged(st, f, k, o, sim.StockSold, l.Quantity)
			}
		}
	}
	if took {
		t.Put("store", st.Code, st)
	}
	return nil
}

// stockChanged tells of a change. o is nil when the merchant made it.
func (s *Sim) stockChanged(st *Store, f *Food, k *SKU, o *Order, why string, pieces int) {
	if s.onStock == nil {
		return
	}
	c := sim.StockChange{Platform: s.Name(), Shop: st.Code, Item: f.Code, Variation: k.ID, Why: why, Pieces: pieces, Shows: k.Stock.number()}
	if o != nil {
		c.Order = o.ID
	}
	s.onStock(c)
}

// giveBack returns the stock of an order that ended before the merchant accepted it. What happens to
// the stock of a later cancellation is not documented: it stays as it is.
func (t *change) giveBack(o *Order) {
	st := t.s.stores[o.Store]
	if st == nil {
		return
	}
	gave := false
	for _, l := range o.Detail {
		f := st.food(l.FoodCode)
		if f == nil {
			continue
		}
		k := f.sku(l.SKU)
		switch {
		case k == nil || o.left() || o.MealReady > 0: // what was made is wasted
		case o.Confirmed > 0 || k.Stock.number() < 0:
			t.s.stockChanged(st, f, k, o, sim.StockFreed, l.Quantity)
		default:
			k.Stock.add(l.Quantity)
			gave = true
			t.s.stockChanged(st, f, k, o, sim.StockBack, l.Quantity)
		}
	}
	if gave {
		t.Put("store", st.Code, st)
	}
}

// minute is what the platform does every minute.
func (s *Sim) minute() {
	s.mu.Lock()
	probe, pull := s.config.Probe, s.config.PullMode
	s.mu.Unlock()
	if probe {
		s.ProbeAll()
	}
	if !pull {
		return
	}
	calls := s.calls.List("", 1)
	now := s.clock.Now()
	if len(calls) > 0 && now.Sub(calls[0].Trade) < 5*time.Minute {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.begin()
	for _, st := range s.stores {
		if st.OpenLevel == 1 && !st.Held {
			t.penalize(Penalty{Store: st.Code, Kind: "no_pull", Text: "5分钟未拉取订单"})
			t.suspend(st, "5分钟未拉取订单，系统置休")
		}
	}
	t.Commit()
}

func sortOldest(orders []*Order) {
	slices.SortFunc(orders, func(a, b *Order) int { return strings.Compare(a.ID, b.ID) })
}

// storeJSON is a store as poi/mget answers it.
func (st *Store) storeJSON() map[string]any {
	return map[string]any{
		"app_poi_code": st.Code, "name": st.Name, "address": st.Address, "phone": st.Phone, "latitude": st.Latitude * 1e6, "longitude": st.Longitude * 1e6,
		"shipping_fee": st.ShippingFee, "shipping_time": st.ShippingTime, "promotion_info": st.Promotion, "open_level": st.OpenLevel, "is_online": st.Online,
		"invoice_support": st.Invoices, "tag_name": "奶茶", "third_tag_name": st.Tags, "logistics_codes": st.Logistics, "pre_book": st.PreBook, "time_select": 1,
		"pre_book_min_days": 0, "pre_book_max_days": st.PreBookDays, "pic_url": st.Picture, "ctime": 1600000000, "utime": 1600000000,
	}
}

// text is a JSON string that may arrive as a number.
type text string

func (x *text) UnmarshalJSON(raw []byte) error {
	if len(raw) > 0 && raw[0] == '"' {
		return json.Unmarshal(raw, (*string)(x))
	}
	*x = text(strings.TrimSpace(string(raw)))
	if *x == "null" {
		*x = ""
	}
	return nil
}

// Resting tells whether a store takes no orders.
func (s *Sim) Resting(code string) (rests bool, err error) {
	_, err = s.withStore(code, func(_ *change, st *Store) (bool, error) {
		rests = st.OpenLevel != 1
		return false, nil
	})
	return rests, err
}
