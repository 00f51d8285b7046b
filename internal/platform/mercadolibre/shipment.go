package mercadolibre

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/order"
)

// Parts is what was read of one shipment: its body and those sub-resources that say
// what the body does not. It is kept whole as the bytes of the record, so that the
// record can be translated again.
type parts struct {
	Shipment json.RawMessage `json:"shipment"`
	SLA      json.RawMessage `json:"sla,omitempty"`      // deadline to hand over
	History  json.RawMessage `json:"history,omitempty"`  // every state with its moment
	Orders   json.RawMessage `json:"orders,omitempty"`   // the new format does not name them
	Replaced json.RawMessage `json:"replaced,omitempty"` // orders of the shipment or pack that a split replaced
	For      []string        `json:"for,omitempty"`      // the orders through which it was read
	Failed   []string        `json:"failed,omitempty"`   // parts that could not be read just now
}

// encode writes the parts as one JSON object without touching their bytes.
func (p parts) encode() []byte {
	var b bytes.Buffer
	sep := byte('{')
	put := func(key string, v json.RawMessage) {
		if len(v) > 0 {
			b.WriteByte(sep)
			b.WriteString(`"` + key + `":`)
			b.Write(v)
			sep = ','
		}
	}
	put("shipment", p.Shipment)
	put("sla", p.SLA)
	put("history", p.History)
	put("orders", p.Orders)
	put("replaced", p.Replaced)
	if len(p.For) > 0 {
		v, _ := json.Marshal(p.For)
		put("for", v)
	}
	if len(p.Failed) > 0 {
		v, _ := json.Marshal(p.Failed)
		put("failed", v)
	}
	b.WriteByte('}')
	return b.Bytes()
}

// translateShipment says what the parts of a shipment say. The body may be of the new
// format or of the one before it, which old clients are still served.
func translateShipment(raw []byte, read time.Time) channel.Item {
	item := channel.Item{What: "shipment", Raw: raw, At: read.UnixMilli()}
	all, err := parse(raw)
	var n node
	if err == nil {
		n = all.obj("shipment")
		if n.m == nil {
			n = node{m: all.m, t: all.t} // the body alone
			all = node{t: all.t}
		}
	}
	id := n.id("id")
	if id == "" {
		item.Err = &fault.Error{Op: "mercadolibre.translate", Code: fault.Invalid, Why: fault.Because("shipment_no_number", "a shipment without a number that can be read"), Err: err}
		return item
	}
	n.path = ""
	item.Ref = order.Ref{Realm: Realm, Kind: order.KindShipment, ID: id}
	latest := read.Add(clockSkew)
	at := n.when("last_updated", latest)
	stamp := order.Stamp{Version: at, Class: order.ClassRead, Read: read.UnixMilli()}
	rec := order.Record{}

	logistic := n.obj("logistic")
	old := logistic.m == nil
	mode, kind, direction := logistic.text("mode"), logistic.text("type"), logistic.text("direction")
	if old {
		mode, kind, direction = n.text("mode"), n.text("logistic_type"), n.text("type")
	}
	if strings.HasPrefix(direction, "return") {
		item.Ref.Kind = kindReturn
	}
	orders := orderIDs(all, "orders")
	orders = append(orders, all.texts("for")...)
	if o := n.id("order_id"); o != "" {
		orders = append(orders, o)
	}
	slices.Sort(orders)
	orders = slices.Compact(orders)

	head := order.Head{Logistics: logisticsOf(mode, kind)}
	if n.text("status") != "cancelled" {
		head.Replaces = replaced(all, orders)
	}
	if head != (order.Head{}) {
		order.Put(&rec, order.RegHead, stamp, head)
	}
	trail(&rec, n, all, at, latest)

	lead := n.obj("lead_time")
	to := n.obj("destination")
	address := to.obj("shipping_address")
	if old {
		lead = n.obj("shipping_option")
		address = n.obj("receiver_address")
		to = address
	}
	parcel := order.Parcel{
		Carrier: n.text("tracking_method"), Tracking: n.text("tracking_number"),
		ShipBy:   all.obj("sla").when("expected_date", time.Time{}),
		Promised: lead.obj("estimated_delivery_time").when("date", time.Time{}),
		Mode:     strings.Trim(mode+"/"+kind, "/"),
	}
	ps := stamp
	if slices.Contains(all.texts("failed"), "sla") {
		ps.Class = order.ClassPartial // an earlier, whole reading of this version stays
	}
	order.Put(&rec, order.RegParcel, ps, parcel)
	if c := customer(n, to, address); c.Address != "" || c.Name != "" || c.Zip != "" || c.City != "" {
		order.Put(&rec, order.RegCustomer, stamp, c)
	}
	order.Put(&rec, order.RegTrouble, stamp, append([]order.Issue{}, *n.t...))
	if err := rec.Check(); err != nil {
		item.Err = err
		return item
	}
	item.Readings = []order.Reading{{Ref: item.Ref, Record: rec, Orders: orders}}
	return item
}

// trail puts the statements about where the parcel is: the state now, by last_updated,
// and the rows of its history, by their own dates.
func trail(rec *order.Record, n, all node, at int64, latest time.Time) {
	say := func(status, sub string, at int64) {
		if status == "" {
			return
		}
		delivery := order.On{Kind: order.KindShipment, Axis: order.AxisDelivery}
		rec.Say(order.AxisDelivery, order.Said{State: word(delivery, status, sub), At: at, Class: order.ClassRead, Why: sub})
		work := order.On{Kind: order.KindShipment, Axis: order.AxisWork}
		if w := word(work, status, sub); grammar.Axes[work].Words[w].Is != "" {
			rec.Say(order.AxisWork, order.Said{State: w, At: at, Class: order.ClassRead})
		}
		label := order.On{Kind: order.KindShipment, Axis: order.AxisLabel}
		if w := word(label, status, sub); grammar.Axes[label].Words[w].Is != "" {
			rec.Say(order.AxisLabel, order.Said{State: w, At: at, Class: order.ClassRead})
		}
	}
	say(n.text("status"), n.text("substatus"), at)
	rows := append(all.list("history"), n.list("substatus_history")...)
	for _, h := range rows[:min(len(rows), order.MaxTrail/2)] {
		if t := h.when("date", latest); t > 0 {
			say(h.text("status"), h.text("substatus"), t)
		}
	}
	old := n.obj("status_history")
	for _, h := range []struct{ key, status, sub string }{
		{"date_handling", "handling", ""}, {"date_ready_to_ship", "ready_to_ship", ""}, {"date_shipped", "shipped", ""},
		{"date_delivered", "delivered", ""}, {"date_not_delivered", "not_delivered", ""},
		{"date_returned", "not_delivered", "returned"}, {"date_cancelled", "cancelled", ""},
	} {
		if t := old.when(h.key, latest); t > 0 {
			say(h.status, h.sub, t)
		}
	}
	if t := n.when("date_first_printed", latest); t > 0 {
		say("ready_to_ship", "printed", t)
	}
}

// orderIDs reads the rows of /shipments/{id}/orders, or those of a pack.
func orderIDs(all node, key string) []string {
	var out []string
	for _, o := range all.list(key) {
		if id := cmp.Or(o.id("order_id"), o.id("id")); id != "" {
			out = append(out, id)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// replaced is the order that a split replaced by those of this shipment: known when
// what was split had one order only.
func replaced(all node, orders []string) string {
	if before := orderIDs(all, "replaced"); len(before) == 1 && !slices.Contains(orders, before[0]) {
		return before[0]
	}
	return ""
}

func customer(n, to, address node) order.Customer {
	c := order.Customer{
		Name: to.plain("receiver_name"), Phone: to.plain("receiver_phone"),
		Address: address.plain("address_line"), City: address.obj("city").plain("name"), State: address.obj("state").plain("name"),
		Zip: strings.ReplaceAll(address.plain("zip_code"), "-", ""), Country: address.obj("country").text("id"),
		UserRef: n.id("receiver_id"),
	}
	if c.UserRef == "" {
		c.UserRef = to.id("receiver_id")
	}
	if c.Phone != "" {
		c.PhoneKind = "real"
	}
	if c.Address == "" {
		if street, number := address.plain("street_name"), address.plain("street_number"); street != "" && number != "SN" {
			c.Address = strings.TrimSpace(street + " " + number)
		} else {
			c.Address = street
		}
	}
	var detail []string
	for _, d := range []string{address.plain("comment"), address.obj("neighborhood").plain("name"), address.obj("municipality").plain("name"), to.plain("comments")} {
		if d != "" && !slices.Contains(detail, d) && d != c.City {
			detail = append(detail, d)
		}
	}
	c.Detail = strings.Join(detail, ", ")
	if c.Address != "" {
		c.Lat, c.Lng = address.float("latitude"), address.float("longitude")
	}
	return c
}
