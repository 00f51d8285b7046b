package meituan

import (
	"cmp"
	"encoding/json"
	"slices"
	"strconv"

	"github.com/tongdan/tongdan/internal/sim"
)

// Food is a dish of a store's menu.
type Food struct {
	Code        string     `json:"app_food_code"`
	Name        string     `json:"name"`
	Description string     `json:"description"`
	Price       fen        `json:"price"`
	MinOrder    text       `json:"min_order_count"`
	Unit        string     `json:"unit"`
	BoxNum      text       `json:"box_num"`
	BoxPrice    fen        `json:"box_price"`
	Category    string     `json:"category_name"`
	Second      string     `json:"secondary_category_name,omitempty"` // retail
	SoldOut     int        `json:"is_sold_out"`
	Picture     string     `json:"picture"`
	Sequence    int        `json:"sequence"`
	SKUs        []*SKU     `json:"skus"`
	Properties  []Property `json:"properties,omitempty"`
	Grams       int        `json:"weight,omitempty"`      // of one piece
	Approval    string     `json:"medicine_no,omitempty"` // of a medicine
}

// SKU is one specification of a dish.
type SKU struct {
	ID       string          `json:"sku_id"`
	Spec     string          `json:"spec"`
	UPC      string          `json:"upc"`
	Price    fen             `json:"price"`
	Stock    stock           `json:"stock"`
	Location string          `json:"location_code"`
	BoxNum   text            `json:"box_num"`
	BoxPrice fen             `json:"box_price"`
	Times    json.RawMessage `json:"available_times,omitempty"`
	Weight   text            `json:"weight,omitempty"`
	Off      int             `json:"sell_status"` // 1 off sale
}

// Property is an option that does not change the price, such as 甜度.
type Property struct {
	Name   string   `json:"property_name"`
	Values []string `json:"values"`
}

// stock is an integer as text or "*" for unlimited.
type stock string

// UnmarshalJSON reads a string or a number.
func (k *stock) UnmarshalJSON(raw []byte) error { return (*text)(k).UnmarshalJSON(raw) }

// number is −1 for unlimited.
func (k stock) number() int {
	if k == unlimited || k == "" {
		return -1
	}
	n, _ := strconv.Atoi(string(k))
	return max(n, 0)
}

func (k *stock) add(n int) { *k = stock(strconv.Itoa(max(k.number()+n, 0))) }

const unlimited = "*"

// validStock reads a stock parameter.
func validStock(s string, star bool) bool {
	if s == unlimited {
		return star
	}
	n, err := strconv.Atoi(s)
	return err == nil && n >= 0 && n <= 1_000_000_000
}

// sku finds a specification. A dish without any has one that is its own.
func (f *Food) sku(id string) *SKU {
	for _, k := range f.SKUs {
		if k.ID == id {
			return k
		}
	}
	return nil
}

// clean makes a dish that came in by the API whole.
func (f *Food) clean() error {
	if f.Code == "" || len(f.Code) > 128 {
		return missing("app_food_code")
	}
	if f.Name == "" {
		return missing("name")
	}
	if f.Price < 0 || f.BoxPrice < 0 {
		return errBadNumbers
	}
	if len(f.SKUs) == 0 {
		f.SKUs = []*SKU{{Price: f.Price, Stock: unlimited, BoxNum: f.BoxNum, BoxPrice: f.BoxPrice}}
	}
	if len(f.SKUs) > 200 {
		return errFormat
	}
	seen := map[string]bool{}
	for _, k := range f.SKUs {
		if k.Stock == "" {
			k.Stock = unlimited
		}
		if !validStock(string(k.Stock), true) || k.Price < 0 || seen[k.ID] {
			return errBadNumbers
		}
		seen[k.ID] = true
	}
	return nil
}

// foodJSON is a dish as food/list answers it: skus is a JSON string in practice.
func (s *Sim) foodJSON(st *Store, f *Food) map[string]any {
	type wireSKU struct {
		ID       string `json:"sku_id"`
		Spec     string `json:"spec"`
		UPC      string `json:"upc"`
		Price    string `json:"price"`
		Stock    string `json:"stock"`
		Location string `json:"location_code"`
		BoxNum   string `json:"box_num"`
		BoxPrice string `json:"box_price"`
		Weight   string `json:"weight,omitempty"`
		Off      *int   `json:"sell_status,omitempty"`

		Times json.RawMessage `json:"available_times,omitempty"`
	}
	skus := []wireSKU{}
	for _, k := range f.SKUs {
		row := wireSKU{k.ID, k.Spec, k.UPC, k.Price.double(), string(k.Stock), k.Location, string(k.BoxNum), k.BoxPrice.String(), string(k.Weight), &k.Off, k.Times}
		if s.config.HideSellStatus {
			row.Off = nil
		}
		skus = append(skus, row)
	}
	var wire any = skus
	if !s.config.SKUsAsArray {
		wire = marshal(skus)
	}
	number := func(t text) int { n, _ := strconv.Atoi(string(t)); return n }
	return map[string]any{
		"app_poi_code": st.Code, "app_food_code": f.Code, "name": f.Name, "description": f.Description, "price": javaDouble(f.Price),
		"min_order_count": max(number(f.MinOrder), 1), "unit": f.Unit, "box_num": numeral(f.BoxNum), "box_price": f.BoxPrice,
		"category_name": f.Category, "secondary_category_name": f.Second, "is_sold_out": f.SoldOut, "picture": f.Picture, "sequence": f.Sequence, "skus": wire,
	}
}

// onStore is for endpoints that change a store's menu.
func onStore(f func(c *call, t *change, st *Store) (any, error)) func(*call) (any, error) {
	return func(c *call) (any, error) {
		code, err := c.need("app_poi_code")
		if err != nil {
			return nil, err
		}
		var v any
		c.seen.Changed, err = c.s.withStore(code, func(t *change, st *Store) (bool, error) {
			v, err = f(c, t, st)
			return err == nil, err
		})
		return v, err
	}
}

// fromStore is for endpoints that only read one.
func fromStore(f func(c *call, st *Store) (any, error)) func(*call) (any, error) {
	return func(c *call) (any, error) {
		code, err := c.need("app_poi_code")
		if err != nil {
			return nil, err
		}
		c.s.mu.Lock()
		defer c.s.mu.Unlock()
		st := c.s.stores[code]
		if st == nil {
			return nil, errNoStore
		}
		return f(c, st)
	}
}

// formFood reads a dish from form parameters, on top of what there is.
func formFood(c *call, st *Store, withSKUs bool) (*Food, error) {
	code, err := c.need("app_food_code")
	if err != nil {
		return nil, err
	}
	f := &Food{Code: code, Unit: "份"}
	if old := st.food(code); old != nil {
		copied := *old
		f = &copied
	}
	for name, into := range map[string]*string{"name": &f.Name, "description": &f.Description, "unit": &f.Unit, "category_name": &f.Category, "secondary_category_name": &f.Second,
		"picture": &f.Picture, "min_order_count": (*string)(&f.MinOrder), "box_num": (*string)(&f.BoxNum)} {
		if v, ok := c.p[name]; ok {
			*into = v
		}
	}
	for name, into := range map[string]*fen{"price": &f.Price, "box_price": &f.BoxPrice} {
		if v := c.p[name]; v != "" {
			if *into, err = parseYuan(v); err != nil || *into < 0 {
				return nil, badFormat(name)
			}
		}
	}
	for name, into := range map[string]*int{"is_sold_out": &f.SoldOut, "sequence": &f.Sequence} {
		if v := c.p[name]; v != "" {
			if *into, err = strconv.Atoi(v); err != nil {
				return nil, badFormat(name)
			}
		}
	}
	switch {
	case withSKUs:
		old := f.SKUs
		defer func() { // what is off sale stays so
			for _, k := range f.SKUs {
				for _, was := range old {
					if was.ID == k.ID {
						k.Off = was.Off
					}
				}
			}
		}()
		f.SKUs = nil
		if err := json.Unmarshal([]byte(c.p["skus"]), &f.SKUs); err != nil {
			return nil, badFormat("skus")
		}
	case len(f.SKUs) > 1:
		return nil, errSeveralSKUs
	default:
		f.SKUs = nil // clean makes the one that follows price and box
	}
	return f, f.clean()
}

func (st *Store) upsert(f *Food, now int64) {
	st.category(f.Category, now)
	for i, old := range st.Foods {
		if old.Code == f.Code {
			st.Foods[i] = f
			return
		}
	}
	if f.Sequence == 0 {
		f.Sequence = len(st.Foods) + 1
	}
	st.Foods = append(st.Foods, f)
}

const maxFoods = 5000

func saveFood(withSKUs bool) func(*call) (any, error) {
	return onStore(func(c *call, t *change, st *Store) (any, error) {
		f, err := formFood(c, st, withSKUs)
		if err != nil {
			return nil, err
		}
		if len(st.Foods) >= maxFoods {
			return nil, refusal{3012, "商品数量超限"}
		}
		st.upsert(f, t.now)
		return "ok", nil
	})
}

// batchFoods is food/batchinitdata, which deletes nothing, and food/batchsave, which deletes what
// is not sent. With partial set what is wrong is reported in msg and the rest is done (retail/*).
func batchFoods(replace, partial bool) func(*call) (any, error) {
	return onStore(func(c *call, t *change, st *Store) (any, error) {
		var whole refusal
		data, err := c.need("food_data")
		if err != nil {
			return nil, err
		}
		var foods []*Food
		if err := json.Unmarshal([]byte(data), &foods); err != nil || slices.Contains(foods, nil) {
			return nil, badFormat("food_data")
		}
		if len(foods) > 200 || len(st.Foods)+len(foods) > maxFoods {
			return nil, errState
		}
		var problems []any
		foods = slices.DeleteFunc(foods, func(f *Food) bool {
			err := f.clean()
			refused, _ := err.(refusal)
			if err != nil && partial {
				problems = append(problems, map[string]any{"app_food_code": f.Code, "error_msg": refused.msg})
			} else if err != nil {
				whole = cmp.Or(whole, refused)
			}
			return err != nil
		})
		if whole != (refusal{}) {
			return nil, whole
		}
		if replace {
			st.Foods = nil
		}
		for _, f := range foods {
			if old := st.food(f.Code); old != nil && c.p["sku_overwrite"] != "true" {
				for _, k := range old.SKUs {
					if f.sku(k.ID) == nil {
						f.SKUs = append(f.SKUs, k)
					}
				}
			}
			if old := st.food(f.Code); old != nil { // what is off sale stays so
				f.Properties = old.Properties
				for _, k := range f.SKUs {
					if was := old.sku(k.ID); was != nil {
						k.Off = was.Off
					}
				}
			}
			st.upsert(f, t.now)
		}
		if problems != nil {
			if c.s.config.PartialAsText {
				return envelope{"data": "ok", "msg": marshal(problems)}, nil
			}
			return envelope{"data": "ok", "msg": problems}, nil
		}
		return "ok", nil
	})
}

// eachSKU applies f to the specifications that food_data names, all or nothing. With partial set
// what is unknown is reported in msg and the rest is done (retail/*).
func eachSKU(partial bool, valid func(value string) bool, key string, f func(k *SKU, value string)) func(*call) (any, error) {
	return onStore(func(c *call, t *change, st *Store) (any, error) {
		data, err := c.need("food_data")
		if err != nil {
			return nil, err
		}
		var foods []struct {
			Code string            `json:"app_food_code"`
			SKUs []map[string]text `json:"skus"`
		}
		if err := json.Unmarshal([]byte(data), &foods); err != nil {
			return nil, badFormat("food_data")
		}
		type problem struct {
			Code string `json:"app_food_code"`
			SKU  string `json:"sku_id,omitempty"`
			Msg  string `json:"error_msg"`
		}
		var problems []problem
		var todo []func()
		for _, food := range foods {
			dish := st.food(food.Code)
			if dish == nil {
				if !partial {
					return nil, errNoFood
				}
				problems = append(problems, problem{food.Code, "", "不存在此商品"})
				continue
			}
			for _, sku := range food.SKUs {
				k, value := dish.sku(string(sku["sku_id"])), string(sku[key])
				if k == nil {
					if !partial {
						return nil, errNoSKU
					}
					problems = append(problems, problem{food.Code, string(sku["sku_id"]), "不存在此商品sku"})
					continue
				}
				if valid != nil && !valid(value) {
					return nil, errBadNumbers
				}
				todo = append(todo, func() {
					before := k.Stock
					if f(k, value); k.Stock != before {
						t.s.stockChanged(st, dish, k, nil, sim.StockSet, 0)
					}
				})
			}
		}
		for _, do := range todo {
			do()
		}
		if problems != nil {
			return envelope{"data": "ok", "msg": problems}, nil
		}
		return "ok", nil
	})
}

func setStock(k *SKU, v string)  { k.Stock = stock(v) }
func setPrice(k *SKU, v string)  { k.Price, _ = parseYuan(v) }
func starStock(v string) bool    { return validStock(v, true) }
func countedStock(v string) bool { return validStock(v, false) }
func validPrice(v string) bool   { p, err := parseYuan(v); return err == nil && p >= 0 }

func addStock(sign int) func(*SKU, string) {
	return func(k *SKU, v string) {
		if n, err := strconv.Atoi(v); err == nil && k.Stock.number() >= 0 {
			k.Stock.add(sign * n)
		}
	}
}

// sellStatus takes the state from a parameter beside food_data.
func sellStatus(partial bool) func(*call) (any, error) {
	return func(c *call) (any, error) {
		v, err := c.need("sell_status")
		if err != nil {
			return nil, err
		}
		if v != "0" && v != "1" {
			return nil, badFormat("sell_status")
		}
		return eachSKU(partial, nil, "sell_status", func(k *SKU, _ string) { k.Off = int(v[0] - '0') })(c)
	}
}

func listFoods(c *call, st *Store) (any, error) {
	foods, err := c.page(st)
	if err != nil {
		return nil, err
	}
	out := []any{}
	for _, f := range foods {
		out = append(out, c.s.foodJSON(st, f))
	}
	return out, nil
}

// page is the part of a store's goods that offset and limit name.
func (c *call) page(st *Store) ([]*Food, error) {
	offset, limit := 0, 199
	for name, into := range map[string]*int{"offset": &offset, "limit": &limit} {
		if v := c.p[name]; v != "" {
			n, err := strconv.Atoi(v)
			if err != nil || n < 0 {
				return nil, badFormat(name)
			}
			*into = n
		}
	}
	if limit >= 200 {
		return nil, badFormat("limit")
	}
	from := min(offset, len(st.Foods))
	return st.Foods[from:min(from+limit, len(st.Foods))], nil
}

func oneFood(c *call, st *Store) (any, error) {
	code, err := c.need("app_food_code")
	if err != nil {
		return nil, err
	}
	f := st.food(code)
	if f == nil {
		return nil, errNoFood
	}
	return c.s.foodJSON(st, f), nil
}

func deleteFoods(param string) func(*call) (any, error) {
	return onStore(func(c *call, t *change, st *Store) (any, error) {
		codes, err := c.list(param)
		if err != nil {
			return nil, err
		}
		for _, code := range codes {
			if st.food(code) == nil {
				return nil, errNoFood
			}
		}
		st.Foods = slices.DeleteFunc(st.Foods, func(f *Food) bool { return slices.Contains(codes, f.Code) })
		return "ok", nil
	})
}

func bindProperty(c *call, t *change, st *Store) (any, error) {
	data, err := c.need("food_property")
	if err != nil {
		return nil, err
	}
	var foods []struct {
		Code       string     `json:"app_food_code"`
		Properties []Property `json:"properties"`
	}
	if err := json.Unmarshal([]byte(data), &foods); err != nil {
		return nil, badFormat("food_property")
	}
	for _, f := range foods {
		if st.food(f.Code) == nil {
			return nil, errNoFood
		}
	}
	for _, f := range foods {
		st.food(f.Code).Properties = f.Properties
	}
	return "ok", nil
}
