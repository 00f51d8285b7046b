package meituan

import (
	"fmt"
	"hash/fnv"
	"strconv"
)

// Delivery is the rider order of an order. Times are Unix seconds, 0 = not reached.
type Delivery struct {
	Status      int    `json:"logistics_status"`
	Self        bool   `json:"self,omitempty"` // reported by the merchant
	Code        string `json:"logistics_code"`
	Round       int    `json:"round"` // dispatched for the nth time
	SendAt      int64  `json:"send_time"`
	ConfirmAt   int64  `json:"confirm_time"`
	ArriveAt    int64  `json:"arrive_time"`
	FetchAt     int64  `json:"fetch_time"`
	CompletedAt int64  `json:"completed_time"`
	CancelAt    int64  `json:"cancel_time"`
	Name        string `json:"dispatcher_name"`
	Mobile      string `json:"dispatcher_mobile"`
	Fee         fen    `json:"shipping_fee,omitempty"`
	Tip         fen    `json:"tip_amount,omitempty"`
}

// dispatch sends the rider order.
func (t *change) dispatch(o *Order) {
	round := 1
	if o.Delivery != nil {
		round = o.Delivery.Round + 1
	}
	o.Delivery = &Delivery{Status: sentToDelivery, Code: *o.Logistics, Round: round, SendAt: t.now}
	o.note(t.now, "配送单发往配送（第%d次）", round)
	t.pushDelivery(o)
}

// recall cancels the rider order if it is still under way.
func (t *change) recall(o *Order, push bool) {
	d := o.Delivery
	if d == nil || d.Self || d.Status == riderDelivered || d.Status == riderCancelled {
		return
	}
	d.Status, d.CancelAt = riderCancelled, t.now
	o.note(t.now, "配送已取消")
	if push {
		t.pushDelivery(o)
	}
}

// riderStep moves the rider order on; next must be possible from where it is.
func (t *change) riderStep(o *Order, next int, name, mobile string) error {
	d := o.Delivery
	if d == nil || d.Self {
		return fmt.Errorf("order %s has no Meituan rider order: the merchant must confirm it first, and its store must be on Meituan delivery", o.ID)
	}
	from := map[int][]int{
		heldByDelivery: {sentToDelivery}, riderAccepted: {sentToDelivery, heldByDelivery}, riderAtStore: {riderAccepted},
		riderCollected: {riderAccepted, riderAtStore}, riderDelivered: {riderCollected},
		riderCancelled: {sentToDelivery, heldByDelivery, riderAccepted, riderAtStore, riderCollected},
	}[next]
	possible := false
	for _, f := range from {
		possible = possible || f == d.Status
	}
	if !possible {
		return fmt.Errorf("delivery is at %d %s, %d %s cannot follow", d.Status, deliveryText[d.Status], next, deliveryText[next])
	}
	d.Status = next
	switch next {
	case riderAccepted:
		d.ConfirmAt = t.now
		d.Name, d.Mobile = name, mobile
		if name == "" {
			d.Name = riderNames[t.s.rng.IntN(len(riderNames))]
		}
		if mobile == "" {
			d.Mobile = fmt.Sprintf("13000000000_%04d", t.s.rng.IntN(10000))
		}
	case riderAtStore:
		d.ArriveAt = t.now
	case riderCollected:
		d.FetchAt = t.now
	case riderDelivered:
		d.CompletedAt = t.now
	case riderCancelled:
		d.CancelAt = t.now
	}
	o.note(t.now, "%s %s", deliveryText[next], d.Name)
	t.pushDelivery(o)
	return nil
}

// selfStep is a step that the merchant reports for its own rider. It returns whether anything
// is new.
func (t *change) selfStep(o *Order, next int, name, mobile string) (bool, error) {
	if !selfDelivery(*o.Logistics) && !crowdDelivery(*o.Logistics) {
		return false, errIsMT
	}
	if !o.open() {
		return false, errState
	}
	d := o.Delivery
	if d == nil || !d.Self {
		d = &Delivery{Self: true, Code: *o.Logistics, Round: 1, SendAt: t.now, Status: -1}
		o.Delivery = d
	}
	if d.Status == riderDelivered && next != riderDelivered {
		return false, errState
	}
	if d.Status == next && (name == "" || name == d.Name) && (mobile == "" || mobile == d.Mobile) {
		return false, nil
	}
	d.Status = next
	if name != "" {
		d.Name = name
	}
	if mobile != "" {
		d.Mobile = mobile
	}
	switch next {
	case riderAccepted:
		d.ConfirmAt = t.now
	case riderAtStore:
		d.ArriveAt = t.now
	case riderCollected:
		d.FetchAt = t.now
		if t.s.config.ShowDelivering {
			o.Status = delivering
		}
	case riderDelivered:
		d.CompletedAt = t.now
	case riderCancelled:
		d.CancelAt = t.now
	}
	o.note(t.now, "商家自配：%s %s", deliveryText[next], d.Name)
	if t.s.config.callbackURL(PushSelf) != "" && !t.s.partnered(o.Store) {
		t.push(PushSelf, o.ID, []field{{"order_view_id", o.ID}, {"logistics_status", strconv.Itoa(next)}, {"operate_time", strconv.FormatInt(t.now, 10)}})
	}
	return true, nil
}

// crowdFee is what a 众包 rider costs now. It moves every ten minutes of the clock, so that a quote
// grows stale.
func (s *Sim) crowdFee(o *Order) fen {
	h := fnv.New32a()
	fmt.Fprintf(h, "%s %d", o.ID, s.clock.Now().Unix()/600)
	return 500 + fen(h.Sum32()%8)*50
}

var riderNames = []string{"李四", "张三丰", "周大路", "吴快", "郑小跑", "孙骑", "钱程", "冯顺", "陈安达", "沈风"}
