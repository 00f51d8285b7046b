package meituan

import (
	"crypto/md5"
	"encoding/hex"
	"regexp"
	"slices"
	"strconv"
)

func (s *Sim) storeCodes() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	codes := make([]string, 0, len(s.stores))
	for code, st := range s.stores {
		if st.Token == "" { // those of a service provider are not this app's
			codes = append(codes, code)
		}
	}
	slices.Sort(codes)
	return codes
}

func mget(c *call) (any, error) {
	codes, err := c.list("app_poi_codes")
	if err != nil {
		return nil, err
	}
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	out := []any{}
	for _, code := range codes {
		if st := c.s.stores[code]; st != nil {
			out = append(out, st.storeJSON())
		}
	}
	return out, nil
}

func openStore(c *call) (any, error) {
	return onStore(func(c *call, t *change, st *Store) (any, error) {
		if st.Held {
			return nil, errHeldStore
		}
		if st.OpenLevel != 1 {
			t.setOpen(st, 1, "", "BUSINESS")
		}
		return "ok", nil
	})(c)
}

func closeStore(_ *call, t *change, st *Store) (any, error) {
	if st.OpenLevel != 3 {
		t.setOpen(st, 3, "", "BUSINESS")
	}
	return "ok", nil
}

func setOnline(v int) func(*call, *change, *Store) (any, error) {
	return func(_ *call, _ *change, st *Store) (any, error) {
		st.Online = v
		return "ok", nil
	}
}

var shippingTimes = regexp.MustCompile(`^\d{1,2}:\d{2}-\d{1,2}:\d{2}(,\d{1,2}:\d{2}-\d{1,2}:\d{2})*$`)

func shippingTime(c *call, _ *change, st *Store) (any, error) {
	v, err := c.need("shipping_time")
	if err != nil {
		return nil, err
	}
	if !shippingTimes.MatchString(v) {
		return nil, badFormat("shipping_time")
	}
	st.ShippingTime = v
	return "ok", nil
}

func promotion(c *call, _ *change, st *Store) (any, error) {
	st.Promotion = c.p["promotion_info"]
	return "ok", nil
}

// upload answers an image id, which tells the image; the image itself is not kept.
func upload(c *call) (any, error) {
	for _, name := range []string{"app_poi_code", "img_name"} {
		if _, err := c.need(name); err != nil {
			return nil, err
		}
	}
	if len(c.file) == 0 {
		return nil, missing("file")
	}
	return imageID(c.file), nil
}

func imageID(b []byte) string {
	sum := md5.Sum(b)
	return hex.EncodeToString(sum[:])
}

func listCategories(_ *call, st *Store) (any, error) {
	return append([]Category{}, st.Categories...), nil
}

func updateCategory(c *call, t *change, st *Store) (any, error) {
	name, err := c.need("category_name")
	if err != nil {
		return nil, err
	}
	find := func(name string) int {
		return slices.IndexFunc(st.Categories, func(c Category) bool { return c.Name == name })
	}
	old := c.p["category_name_origin"]
	if old == "" {
		if find(name) >= 0 {
			return nil, refusal{1037, "菜品分类已存在"}
		}
		st.category(name, t.now)
		if n, err := strconv.Atoi(c.p["sequence"]); err == nil {
			st.Categories[len(st.Categories)-1].Sequence = n
		}
		st.Categories[len(st.Categories)-1].Description = c.p["category_description"]
		return "ok", nil
	}
	i := find(old)
	if i < 0 {
		return nil, refusal{1021, "菜品分类不存在"}
	}
	if name != old && find(name) >= 0 {
		return nil, refusal{1037, "菜品分类已存在"}
	}
	st.Categories[i].Name, st.Categories[i].Updated = name, t.now
	if n, err := strconv.Atoi(c.p["sequence"]); err == nil {
		st.Categories[i].Sequence = n
	}
	if v, ok := c.p["category_description"]; ok {
		st.Categories[i].Description = v
	}
	for _, f := range st.Foods {
		if f.Category == old {
			f.Category = name
		}
	}
	return "ok", nil
}

func deleteCategory(c *call, _ *change, st *Store) (any, error) {
	name, err := c.need("category_name")
	if err != nil {
		return nil, err
	}
	n := len(st.Categories)
	st.Categories = slices.DeleteFunc(st.Categories, func(c Category) bool { return c.Name == name })
	if len(st.Categories) == n {
		return nil, refusal{1021, "菜品分类不存在"}
	}
	return "ok", nil
}

func deleteSKU(c *call, _ *change, st *Store) (any, error) {
	f := st.food(c.p["app_food_code"])
	if f == nil {
		return nil, errNoFood
	}
	if f.sku(c.p["sku_id"]) == nil {
		return nil, errNoSKU
	}
	f.SKUs = slices.DeleteFunc(f.SKUs, func(k *SKU) bool { return k.ID == c.p["sku_id"] })
	return "ok", nil
}

func listProperties(c *call, st *Store) (any, error) {
	f := st.food(c.p["app_food_code"])
	if f == nil {
		return nil, errNoFood
	}
	return append([]Property{}, f.Properties...), nil
}
