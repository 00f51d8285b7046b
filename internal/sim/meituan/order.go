package meituan

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/tongdan/tongdan/internal/sim"
)

// Native is an order in the platform's own names, as placed. Every part may be missing when an order
// is placed from the backstage; it is then made up.
type Native struct {
	Store        string   `json:"app_poi_code"`
	Name         string   `json:"recipient_name"`
	Address      string   `json:"recipient_address"`
	Geocoded     string   `json:"recipient_address_geocoded,omitempty"` // behind @# where subscribed
	Phone        string   `json:"recipient_phone"`
	RealPhone    string   `json:"real_phone_number,omitempty"` // shown only by batchPullPhoneNumber
	Backup       []string `json:"backup_recipient_phone,omitempty"`
	ShippingFee  *fen     `json:"shipping_fee,omitempty"`
	Caution      string   `json:"caution"`
	Invoiced     int      `json:"has_invoiced"`
	InvoiceTitle string   `json:"invoice_title"`
	TaxpayerID   string   `json:"taxpayer_id"`
	DeliveryTime int64    `json:"delivery_time"` // seconds; 0 = at once
	Estimate     int64    `json:"estimate_arrival_time"`
	PickType     int      `json:"pick_type"`
	Latitude     float64  `json:"latitude"`
	Longitude    float64  `json:"longitude"`
	Favourite    bool     `json:"is_favorites"`
	FirstOrder   bool     `json:"is_poi_first_order"`
	PreSale      bool     `json:"is_pre_sale_order"`
	Dinners      int      `json:"dinners_number"`
	Logistics    *string  `json:"logistics_code,omitempty"` // default: the store's
	BagMoney     int64    `json:"package_bag_money"`        // fen
	Tags         []int    `json:"order_tag_list,omitempty"`
	Detail       Lines    `json:"detail"`
	Extras       Extras   `json:"extras"`

	// More are further parameters of the order pushes, as the platform adds them without notice.
	More map[string]string `json:"more,omitempty"`
}

// Line is one entry of detail.
type Line struct {
	FoodCode     string `json:"app_food_code"`
	FoodName     string `json:"food_name"`
	SKU          string `json:"sku_id"`
	UPC          string `json:"upc"`
	Quantity     int    `json:"quantity"`
	Price        fen    `json:"price"`
	Original     fen    `json:"original_price"`
	BoxNum       int    `json:"box_num"` // of the whole line
	BoxPrice     fen    `json:"box_price"`
	Unit         string `json:"unit"`
	FoodDiscount int    `json:"food_discount"`
	Property     string `json:"food_property"`
	Cart         int    `json:"cart_id"`
	Spec         string `json:"spec"`
	Weight       int    `json:"weight"`

	// Refunded counts the pieces that partial refunds took away.
	Refunded int `json:"refunded,omitempty"`
}

// Extra is one entry of extras: a discount.
type Extra struct {
	Act    int64  `json:"act_detail_id"`
	Reduce fen    `json:"reduce_fee"`
	ByMT   fen    `json:"mt_charge"`
	ByPoi  fen    `json:"poi_charge"`
	Remark string `json:"remark"`
	Type   int    `json:"type"`
}

// Lines and Extras read an array or, as on the wire, a JSON string that holds one.
type (
	Lines  []Line
	Extras []Extra
)

// UnmarshalJSON accepts both forms.
func (l *Lines) UnmarshalJSON(raw []byte) error {
	return either(raw, (*[]Line)(l))
}

// UnmarshalJSON accepts both forms and skips entries without reduce_fee.
func (e *Extras) UnmarshalJSON(raw []byte) error {
	var all []*struct {
		Reduce *fen `json:"reduce_fee"`
		Extra
	}
	if err := either(raw, &all); err != nil {
		return err
	}
	*e = Extras{}
	for _, x := range all {
		if x != nil && x.Reduce != nil {
			x.Extra.Reduce = *x.Reduce
			*e = append(*e, x.Extra)
		}
	}
	return nil
}

func either(raw []byte, into any) error {
	if raw = bytes.TrimSpace(raw); len(raw) > 0 && raw[0] == '"' {
		var s string
		if err := json.Unmarshal(raw, &s); err != nil {
			return err
		}
		raw = []byte(s)
	}
	return json.Unmarshal(raw, into)
}

// Order is an order as the platform knows it. Times are Unix seconds, 0 = not yet.
type Order struct {
	ID     string `json:"order_id"`
	DaySeq int    `json:"day_seq"` // per store and calendar day of China, 0 while unpaid
	Date   string `json:"date"`    // of the day_seq, 20060102
	Status int    `json:"status"`
	Native

	Original fen `json:"original_price"`
	Total    fen `json:"total"`

	Created   int64 `json:"ctime"`
	Updated   int64 `json:"utime"`
	Paid      int64 `json:"order_send_time"`
	Received  int64 `json:"order_receive_time"`
	Confirmed int64 `json:"order_confirm_time"`
	Cancelled int64 `json:"order_cancel_time"`
	Completed int64 `json:"order_completed_time"`

	Reason     int    `json:"reason_code,omitempty"`
	ReasonText string `json:"reason,omitempty"`
	CancelBy   int    `json:"deal_op_type,omitempty"`
	MealReady  int64  `json:"meal_complete_time,omitempty"`

	Delivery  *Delivery  `json:"delivery,omitempty"`
	Refunds   []*Refund  `json:"refunds,omitempty"`
	Reminders []Reminder `json:"reminders,omitempty"`
	Comment   *Comment   `json:"comment,omitempty"`
	Degraded  *Degraded  `json:"degraded,omitempty"`
	Slow      *Slow      `json:"slow,omitempty"`

	PushFailed int       `json:"push_failed,omitempty"` // failed attempts of any push
	Tally      sim.Tally `json:"tally"`
	History    []Event   `json:"history"`
}

// Event is a line of an order's history, for the backstage.
type Event struct {
	At   int64  `json:"at"`
	What string `json:"what"`
}

// Reminder is a 催单 of the buyer.
type Reminder struct {
	ID      string `json:"remind_id"`
	At      int64  `json:"remind_time"`
	ReplyID string `json:"reply_id,omitempty"`
	Reply   string `json:"reply_content,omitempty"`
	Replied int64  `json:"replied,omitempty"`
}

// Degraded makes parts of the order unreadable for a while (incmp_code −1).
type Degraded struct {
	Modules []int `json:"modules"`
	Until   int64 `json:"until"`
}

// clone copies an order with everything that changes in it.
func (o *Order) clone() *Order {
	c := *o
	c.Backup, c.Tags = slices.Clone(o.Backup), slices.Clone(o.Tags)
	c.ShippingFee, c.Logistics = copied(o.ShippingFee), copied(o.Logistics)
	c.Detail, c.Extras, c.More = slices.Clone(o.Detail), slices.Clone(o.Extras), maps.Clone(o.More)
	c.Delivery, c.Comment = copied(o.Delivery), copied(o.Comment)
	c.Refunds = slices.Clone(o.Refunds)
	for i, r := range c.Refunds {
		c.Refunds[i] = copied(r)
		c.Refunds[i].Foods, c.Refunds[i].Pictures = slices.Clone(r.Foods), slices.Clone(r.Pictures)
		if r.Merchant != nil {
			c.Refunds[i].Merchant = copied(r.Merchant)
			c.Refunds[i].Merchant.Pictures = slices.Clone(r.Merchant.Pictures)
		}
	}
	if c.Slow = copied(o.Slow); c.Slow != nil && c.Slow.Appeal != nil {
		c.Slow.Appeal = copied(o.Slow.Appeal)
		c.Slow.Appeal.Pictures = slices.Clone(o.Slow.Appeal.Pictures)
	}
	c.Reminders = slices.Clone(o.Reminders)
	if c.Degraded = copied(o.Degraded); c.Degraded != nil {
		c.Degraded.Modules = slices.Clone(o.Degraded.Modules)
	}
	c.Tally, c.History = maps.Clone(o.Tally), slices.Clone(o.History)
	return &c
}

func copied[T any](p *T) *T {
	if p == nil {
		return nil
	}
	c := *p
	return &c
}

const maxHistory = 200

func (o *Order) note(at int64, format string, args ...any) {
	if len(o.History) < maxHistory {
		o.History = append(o.History, Event{at, fmt.Sprintf(format, args...)})
	}
}

// open says whether the order is in the merchant's hands.
func (o *Order) open() bool { return o.Status == confirmed || o.Status == delivering }

// waiting says whether the merchant has still to accept.
func (o *Order) waiting() bool { return o.Status == pushed || o.Status == received }

func (o *Order) ended() bool { return o.Status == completed || o.Status == cancelled }

// left reports whether the goods have gone out of the store.
func (o *Order) left() bool {
	return o.Completed > 0 || o.Delivery != nil && (o.Delivery.FetchAt > 0 || o.Delivery.CompletedAt > 0)
}

// goods is the price of all pieces before any discount.
func (o *Order) goods() (sum fen) {
	for _, l := range o.Detail {
		sum += l.Original * fen(l.Quantity)
	}
	return sum
}

func (o *Order) boxes() (sum fen) {
	for _, l := range o.Detail {
		sum += l.BoxPrice * fen(l.BoxNum)
	}
	return sum
}

// itemDiscount reports whether a discount type is already within detail[].price.
func itemDiscount(kind int) bool { return kind == 17 || kind == 7 }

// price fills what follows from lines, fees and discounts, and keeps the platform's identities:
// original = Σ price before discount × quantity + Σ boxes + delivery fee + bag;
// total = original − Σ reduce_fee.
func (o *Order) price() error {
	if len(o.Detail) == 0 || len(o.Detail) > 200 {
		return errors.New("detail must have 1 to 200 lines")
	}
	var off fen
	for i := range o.Detail {
		l := &o.Detail[i]
		if l.Quantity < 1 || l.Quantity > 9999 || l.Price < 0 || l.Original < l.Price || l.BoxNum < 0 || l.BoxPrice < 0 {
			return fmt.Errorf("detail line %d: quantity must be 1 to 9999, amounts not negative, original_price at least price", i+1)
		}
		off += (l.Original - l.Price) * fen(l.Quantity)
	}
	if o.Extras == nil {
		o.Extras = Extras{}
		if off > 0 {
			o.Extras = Extras{{Act: 1180307, Reduce: off, ByPoi: off, Remark: "折扣商品减" + off.String() + "元", Type: 17}}
		}
	}
	o.Original = o.goods() + o.boxes() + *o.ShippingFee + fen(o.BagMoney)
	o.Total = o.Original
	for i := range o.Extras {
		e := &o.Extras[i]
		if e.ByMT+e.ByPoi == 0 {
			e.ByPoi = e.Reduce
		}
		if e.Reduce < 0 || e.ByMT+e.ByPoi != e.Reduce {
			return fmt.Errorf("extras %d: mt_charge + poi_charge must be reduce_fee %s", i+1, e.Reduce)
		}
		o.Total -= e.Reduce
	}
	if o.Total < 0 {
		return fmt.Errorf("the discounts are greater than the order's %s yuan", o.Original)
	}
	return nil
}

// refundPrice is what one piece is worth after its share of the discounts on the whole order. The
// platform's rounding is not public; this is half up, and the sum of refunds is capped by what
// was paid.
func (o *Order) refundPrice(l Line) fen {
	var shared fen
	for _, e := range o.Extras {
		if !itemDiscount(e.Type) {
			shared += e.Reduce
		}
	}
	goods := o.goods()
	if goods == 0 || shared >= goods {
		return 0
	}
	return (l.Price*(goods-shared)*2 + goods) / (2 * goods)
}

// refunded is the money that agreed cases gave back.
func (o *Order) refunded() (sum fen) {
	for _, r := range o.Refunds {
		if r.State == caseAgreed {
			sum += r.Money
		}
	}
	return sum
}

// income is what the merchant gets by the order view: goods, boxes, bag, delivery fee (own delivery
// only), less the discounts it bears and the service fee of 8 % of what was paid.
func (o *Order) income() (income, fee fen) {
	fee = (o.Total*8 + 50) / 100
	income = o.goods() + o.boxes() + fen(o.BagMoney) - fee
	if selfDelivery(*o.Logistics) || crowdDelivery(*o.Logistics) {
		income += *o.ShippingFee
	}
	for _, e := range o.Extras {
		income -= e.ByPoi
	}
	return income, fee
}
