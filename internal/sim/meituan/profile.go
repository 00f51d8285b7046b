package meituan

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

var hasDigit = regexp.MustCompile(`[0-9]`)

// saveStore is poi/save: it makes a store, or changes one. Limits as documented.
func saveStore(c *call) (any, error) {
	code, err := c.need("app_poi_code")
	if err != nil {
		return nil, err
	}
	c.s.mu.Lock()
	_, known := c.s.stores[code]
	for other, st := range c.s.stores {
		if other != code && c.p["name"] != "" && st.Name == c.p["name"] {
			c.s.mu.Unlock()
			return nil, refusal{807, "同一个城市内的门店名字重复"}
		}
	}
	c.s.mu.Unlock()
	if !known {
		for _, name := range []string{"name", "address", "latitude", "longitude", "phone", "shipping_fee", "shipping_time", "open_level", "is_online", "third_tag_name"} {
			if _, err := c.need(name); err != nil {
				return nil, err
			}
		}
	}
	fresh := Store{Code: code, Logistics: "0000", Foods: []*Food{}, OpenLevel: -1}
	apply := func(st *Store) error {
		if name := c.p["name"]; hasDigit.MatchString(name) || strings.Contains(name, "测试") {
			return refusal{1031, "参数中包含敏感词,操作失败,敏感词:" + name}
		}
		if v := c.p["pic_url"]; v != "" && c.s.config.ShopPicture == "address" && !strings.HasPrefix(v, "http://") && !strings.HasPrefix(v, "https://") {
			return badFormat("pic_url")
		}
		for name, into := range map[string]*string{"name": &st.Name, "address": &st.Address, "phone": &st.Phone, "promotion_info": &st.Promotion, "pic_url": &st.Picture} {
			if v, ok := c.p[name]; ok {
				*into = v
			}
		}
		for name, into := range map[string]*float64{"latitude": &st.Latitude, "longitude": &st.Longitude} {
			if v := c.p[name]; v != "" {
				f, err := strconv.ParseFloat(v, 64)
				if err != nil || f > 180 {
					return badFormat(name)
				}
				*into = f
			}
		}
		if v := c.p["shipping_fee"]; v != "" {
			if st.ShippingFee, err = parseYuan(v); err != nil {
				return badFormat("shipping_fee")
			}
		}
		if v := c.p["shipping_time"]; v != "" {
			if !shippingTimes.MatchString(v) {
				return badFormat("shipping_time")
			}
			st.ShippingTime = v
		}
		if v := c.p["third_tag_name"]; v != "" {
			switch tags := strings.Split(v, ","); {
			case len(tags) > 2:
				return refusal{1023, "品类最多两个"}
			case slices.ContainsFunc(tags, func(t string) bool { return !slices.Contains(storeTags, t) }):
				return refusal{1017, "含有无效的品类名称"}
			}
			st.Tags = v
		}
		for name, into := range map[string]*int{"invoice_support": &st.Invoices, "pre_book": &st.PreBook, "pre_book_max_days": &st.PreBookDays} {
			if v := c.p[name]; v != "" {
				if *into, err = strconv.Atoi(v); err != nil || *into < 0 || *into > 7 {
					return badFormat(name)
				}
			}
		}
		return nil
	}
	if !known {
		if err := fresh.complete(); err != nil {
			return nil, badFormat("app_poi_code")
		}
		if err := apply(&fresh); err != nil {
			return nil, err
		}
		c.seen.Changed = true
		if err := c.s.AddStore(fresh); err != nil {
			return nil, err
		}
		_, err := c.s.withStore(code, func(_ *change, st *Store) (bool, error) {
			st.OpenLevel, st.Online = 3, 0 // it waits for its review
			return true, nil
		})
		return "ok", err
	}
	return onStore(func(_ *call, _ *change, st *Store) (any, error) {
		next := *st
		if err := apply(&next); err != nil {
			return nil, err
		}
		*st = next
		return "ok", nil
	})(c)
}

var storeTags = []string{"甜品饮品", "奶茶", "中餐", "快餐便当", "火锅"}

func (st *Store) delays() bool { return !selfDelivery(st.Logistics) && !crowdDelivery(st.Logistics) }

func isDelayPush(_ *call, st *Store) (any, error) {
	support := map[bool]int{true: 1}[st.delays()]
	return envelope{"code": 0, "msg": "success", "data": map[string]any{"support_delay_push": support, "delay_push_second": st.DelayPush}}, nil
}

func (st *Store) setDelayPush(v string) error {
	n, err := strconv.Atoi(v)
	switch {
	case err != nil || n < 300 || n > 600:
		return badFormat("delay_seconds")
	case !st.delays():
		return errNotMT
	}
	st.DelayPush = n
	return nil
}

func boundList(c *call) (any, error) {
	page, err := c.number("page_num")
	if err != nil {
		return nil, err
	}
	size, err := c.number("page_size")
	if err != nil {
		return nil, err
	}
	if page < 1 || size < 1 || size > 200 {
		return nil, badFormat("page_size")
	}
	codes := c.s.storeCodes()
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	rows := []any{}
	for i := (page - 1) * size; i < len(codes) && len(rows) < size; i++ {
		st := c.s.stores[codes[i]]
		rows = append(rows, map[string]any{"wm_poi_id": st.PoiID, "app_poi_code": st.Code, "poi_name": st.Name, "is_online": st.Online})
	}
	return envelope{"result_code": 1, "data": rows, "extra_info": map[string]any{"total_count": len(codes)}}, nil
}

func profileRoutes(routes map[string]endpoint) {
	routes["poi/save"] = endpoint{"POST", saveStore}
	routes["poi/logistics/isDelayPush"] = endpoint{"POST", fromStore(isDelayPush)}
	routes["poi/logistics/setDelayPush"] = endpoint{"POST", onStore(func(c *call, _ *change, st *Store) (any, error) {
		return envelope{"code": 0, "msg": "success", "data": "ok"}, st.setDelayPush(c.p["delay_seconds"])
	})}
	routes["ecommerce/poi/bound/list"] = endpoint{"GET", boundList}
	routes["poiTag/list"] = endpoint{"POST", func(*call) (any, error) {
		out := []any{}
		for i, t := range storeTags {
			out = append(out, map[string]any{"id": i + 1, "name": t})
		}
		return out, nil
	}}
}
