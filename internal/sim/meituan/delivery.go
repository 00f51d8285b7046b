package meituan

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"regexp"
	"slices"
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

	// What the merchant tells of a rider whom he sends himself.
	Provider  string  `json:"logistics_provider_code,omitempty"`
	Carrier   string  `json:"third_carrier_order_id,omitempty"`
	Latitude  float64 `json:"latitude,omitempty"`
	Longitude float64 `json:"longitude,omitempty"`
	PlaceAt   int64   `json:"back_flow_time,omitempty"`
	Places    int     `json:"places,omitempty"` // so many were told
}

// A telling is what the merchant says of a rider beside his state.
type telling struct {
	name, mobile, provider, carrier string
	lat, lng                        float64
	placed                          bool  // lat and lng were given
	at                              int64 // when he was there; 0 = was not given
}

// providers are the platform's numbers of carriers (documents, third_logistics_id and logistics_provider_code).
var providers = []string{"10001", "10002", "10003", "10004", "10005", "10006", "10007", "10008", "10009", "10010", "10011", "10012", "10013", "10014", "10015", "10016", "10017", "10018", "10032"}

// phoneForm is the documents' form of a rider's number: digits alone, with #, _ or a comma before an extension.
var phoneForm = regexp.MustCompile(`^[0-9]{7,12}([#_,][0-9]{1,8})?$`)

// tellingOf judges the fields that both platforms have for it; "" = was not given. The number of the carrier's order
// must be shorter than 32 characters (service providers; asked of both).
func tellingOf(provider, carrier, name, mobile, lat, lng, at string) (telling, error) {
	w := telling{name: name, mobile: mobile, provider: provider, carrier: carrier}
	switch {
	case provider != "" && !slices.Contains(providers, provider):
		return w, badFormat("third_logistics_id")
	case len(carrier) >= 32:
		return w, badFormat("third_carrier_order_id")
	case mobile != "" && !phoneForm.MatchString(mobile):
		return w, badFormat("courier_phone")
	case (lat == "") != (lng == ""):
		return w, badFormat("latitude")
	case lat == "":
		return w, nil
	}
	var err error
	if w.lat, err = strconv.ParseFloat(lat, 64); err != nil || w.lat < 3 || w.lat > 54 { // China
		return w, badFormat("latitude")
	}
	if w.lng, err = strconv.ParseFloat(lng, 64); err != nil || w.lng < 73 || w.lng > 136 {
		return w, badFormat("longitude")
	}
	if w.placed = true; at != "" {
		if w.at, err = strconv.ParseInt(at, 10, 64); err != nil || w.at < 1e9 || w.at > 1e10 { // seconds
			return w, badFormat("back_flow_time")
		}
	}
	return w, nil
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
		t.assess(o)
	case riderDelivered:
		d.CompletedAt = t.now
	case riderCancelled:
		d.CancelAt = t.now
	}
	o.note(t.now, "%s %s", deliveryText[next], d.Name)
	t.pushDelivery(o)
	return nil
}

// selfStep is a step that the merchant reports for a rider of his, or where he is. It returns whether anything is
// new. After a cancelled one the next state is another rider's (documents: states may follow 100).
func (t *change) selfStep(o *Order, next int, w telling) (bool, error) {
	if !selfDelivery(*o.Logistics) && !crowdDelivery(*o.Logistics) {
		return false, errIsMT
	}
	if !o.open() {
		return false, errState
	}
	d := o.Delivery
	switch {
	case d == nil || !d.Self:
		d = &Delivery{Self: true, Code: *o.Logistics, Round: 1, SendAt: t.now, Status: -1}
		o.Delivery = d
	case d.Status == riderCancelled && next != riderCancelled:
		d = &Delivery{Self: true, Code: *o.Logistics, Round: d.Round + 1, SendAt: t.now, Status: -1}
		o.Delivery = d
	}
	if d.Status == riderDelivered && next != riderDelivered {
		return false, errState
	}
	moved := w.placed && (w.lat != d.Latitude || w.lng != d.Longitude)
	if w.placed {
		d.Latitude, d.Longitude, d.PlaceAt = w.lat, w.lng, cmp.Or(w.at, t.now)
		d.Places++
	}
	same := func(new, old string) bool { return new == "" || new == old }
	if d.Status == next && same(w.name, d.Name) && same(w.mobile, d.Mobile) && same(w.provider, d.Provider) && same(w.carrier, d.Carrier) {
		return moved, nil
	}
	d.Status = next
	d.Name, d.Mobile = cmp.Or(w.name, d.Name), cmp.Or(w.mobile, d.Mobile)
	d.Provider, d.Carrier = cmp.Or(w.provider, d.Provider), cmp.Or(w.carrier, d.Carrier)
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
