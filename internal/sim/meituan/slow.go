package meituan

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Meals that were ready too late (出餐超时) and the merchant's appeal against that (出餐慢申诉): calls of the second platform
// alone, told by no message. When the platform assesses an order and how is not published; here it does within
// Config.MealWithin of the confirmation, once the rider has the meal, or when the backstage says so.

// Slow is what the platform holds against an order.
type Slow struct {
	Status int         `json:"status"` // why, or that it was let off
	At     int64       `json:"at"`
	Appeal *SlowAppeal `json:"appeal,omitempty"`
}

// SlowAppeal is the merchant's appeal against it.
type SlowAppeal struct {
	At       int64    `json:"at"`
	Type     int      `json:"appeal_type"`
	Pictures []string `json:"pictures"`
	RuledAt  int64    `json:"ruled_at,omitempty"`
	Upheld   bool     `json:"upheld,omitempty"`
}

// The platform's numbers (kit for developers, getOrderMealStatus).
const (
	mealUnreported = 1 // 未上报出餐
	mealUntrue     = 2 // 上报出餐行为被判定虚假
	mealLate       = 3 // 上报出餐且行为真实，但未在考核时间内上报
	mealSpared     = 4 // 豁免
)

var mealText = map[int]string{mealUnreported: "未上报出餐", mealUntrue: "上报出餐被判定虚假", mealLate: "未在考核时间内上报出餐", mealSpared: "豁免"}

// mealDue is the 出餐考核时间 of an order, 0 where it is not assessed: the platform's own delivery alone is.
func (o *Order) mealDue(within int) int64 {
	if within == 0 || o.Confirmed == 0 || o.PickType == 1 || selfDelivery(*o.Logistics) {
		return 0
	}
	return o.Confirmed + int64(within)
}

// assess judges an order whose rider has the meal.
func (t *change) assess(o *Order) {
	due := o.mealDue(t.s.config.MealWithin)
	switch {
	case due == 0 || o.Slow != nil || !t.s.partnered(o.Store):
	case o.MealReady == 0 && t.now > due:
		t.holdSlow(o, mealUnreported)
	case o.MealReady > due:
		t.holdSlow(o, mealLate)
	}
}

func (t *change) holdSlow(o *Order, status int) {
	o.Slow = &Slow{Status: status, At: t.now}
	o.note(t.now, "出餐超时：%s", mealText[status])
}

// markSlow is the platform's judgement from the backstage.
func (t *change) markSlow(o *Order, a actArgs) error {
	status := cmp.Or(a.Status, mealUnreported)
	switch {
	case mealText[status] == "":
		return errors.New(`mark_slow needs {"status":1}: 1 not reported, 2 reported and untrue, 3 reported late, 4 let off`)
	case o.Confirmed == 0:
		return fmt.Errorf("order %s was not accepted: its meal cannot be late", o.ID)
	case o.Slow != nil:
		o.Slow.Status = status
		o.note(t.now, "出餐超时：%s", mealText[status])
		return nil
	}
	t.holdSlow(o, status)
	return nil
}

// ruleSlow is its ruling on the merchant's appeal. Whether the list says so is not published.
func (t *change) ruleSlow(o *Order, a actArgs) error {
	if a.Agree == nil {
		return errors.New(`rule_slow_appeal needs {"agree":true} or {"agree":false}`)
	}
	if o.Slow == nil || o.Slow.Appeal == nil || o.Slow.Appeal.RuledAt > 0 {
		return fmt.Errorf("order %s has no appeal against a slow meal that waits for a ruling", o.ID)
	}
	o.Slow.Appeal.RuledAt, o.Slow.Appeal.Upheld = t.now, *a.Agree
	word := "不成立"
	if *a.Agree {
		word = "成立"
		if t.s.config.SlowSpares {
			o.Slow.Status = mealSpared
		}
	}
	o.note(t.now, "出餐慢申诉%s", word)
	return nil
}

// partnerSlow lists the orders of the store that are held slow, by when they were placed. Whether pages count from one
// or from none, and how many rows one may have, is not published.
func partnerSlow(c *partnerCall) (any, error) {
	n := map[string]int{}
	for _, name := range []string{"orderTimeStart", "orderTimeEnd", "pageNum", "pageSize"} {
		var err error
		if n[name], err = c.number(name); err != nil {
			return nil, err
		}
	}
	s := c.s
	s.mu.Lock()
	defer s.mu.Unlock()
	page := n["pageNum"]
	if s.config.SlowPages == "one" {
		page--
	}
	switch {
	case n["orderTimeStart"] < 1e9 || n["orderTimeEnd"] < n["orderTimeStart"]:
		return nil, badFormat("orderTimeStart")
	case n["pageSize"] < 1 || n["pageSize"] > 100:
		return nil, badFormat("pageSize")
	case page < 0 && s.config.SlowPages == "one":
		return nil, badFormat("pageNum")
	}
	var orders []*Order
	for _, o := range s.orders {
		if o.Slow != nil && o.Store == c.st.Code && o.Created >= int64(n["orderTimeStart"]) && o.Created <= int64(n["orderTimeEnd"]) {
			orders = append(orders, o)
		}
	}
	sortOldest(orders)
	rows := []any{}
	for _, o := range orders[min(page*n["pageSize"], len(orders)):min((page+1)*n["pageSize"], len(orders))] {
		rows = append(rows, map[string]any{"order_id": json.Number(o.ID), "status": o.Slow.Status})
	}
	return map[string]any{"total": len(orders), "orderFoodDoneAssessments": rows}, nil
}

// partnerSlowAppeal takes the appeal: pictures that prove it (1, then at least one, by address), or that the rider has
// the meal (2). Once for each order.
func partnerSlowAppeal(c *partnerCall, t *change, o *Order) (bool, error) {
	kind, err := c.number("appealType")
	if err != nil {
		return false, err
	}
	pictures := []string{}
	if v := c.get("appealPictures"); v != "" {
		pictures = strings.Split(v, ",")
	}
	notAddress := func(p string) bool { return !strings.HasPrefix(p, "http://") && !strings.HasPrefix(p, "https://") }
	switch {
	case kind != 1 && kind != 2:
		return false, badFormat("appealType")
	case kind == 1 && len(pictures) == 0:
		return false, missing("appealPictures")
	case slices.ContainsFunc(pictures, notAddress):
		return false, badFormat("appealPictures")
	case o.Slow == nil || o.Slow.Status == mealSpared || o.Slow.Appeal != nil:
		return false, refusal{errState.code, "该订单不支持申诉"}
	}
	o.Slow.Appeal = &SlowAppeal{At: t.now, Type: kind, Pictures: pictures}
	o.note(t.now, "商家出餐慢申诉：%d", kind)
	return true, nil
}
