package mercadolibre

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/order"
)

// Cancel gives the feedback "not fulfilled", which is the only way in which a seller
// cancels. The platform refuses a second feedback.
func (s *shop) Cancel(ctx context.Context, a channel.Act) ([]channel.Item, error) {
	const op = "mercadolibre.Cancel"
	if err := orderRef(op, a); err != nil {
		return nil, err
	}
	reason := a.ReasonCode
	if !slices.ContainsFunc(cancelReasons, func(c channel.Choice) bool { return c.Code == reason }) {
		return nil, invalid(op, "reason_code", fault.Because("choose_reason", "choose one of the platform's reasons"))
	}
	message := strings.TrimSpace(a.Reason)
	if utf8.RuneCountInString(message) >= 160 {
		return nil, invalid(op, "reason", fault.Because("text_under", "write fewer than {max} characters", "max", "160"))
	}
	body := map[string]any{"fulfilled": false, "rating": "neutral", "reason": reason, "restock_item": false}
	if message != "" {
		body["message"] = message
	}
	res, err := s.change(ctx, call{op: op, method: http.MethodPost, path: "/orders/" + a.Order.ID + "/feedback", body: body})
	if err != nil {
		// A second feedback is refused with 400, and no name for that error is documented:
		// every 400 but the two known ones is looked into.
		if f, ok := err.(*fault.Error); ok && res.status == http.StatusBadRequest {
			switch errorName(res.body) {
			case "not_fulfilled_feedback_in_order_expired", "invalid_fulfilled":
			default:
				f.Code = fault.Conflict
			}
		}
		return nil, withRef(err, a.Order.ID)
	}
	var rec order.Record
	now := s.env.Now().UnixMilli()
	rec.Say(order.AxisWork, order.Said{State: "cancelled", At: now, Class: order.ClassAnswer, Who: "seller", Why: reason})
	return []channel.Item{{
		What: "order.feedback", Ref: a.Order, Raw: orEmpty(res.body), At: now, Said: true,
		Readings: []order.Reading{{Ref: a.Order, Record: rec}},
		Hints:    []order.Hint{{Ref: a.Order, After: s.env.Now().Add(effect.Settle).UnixMilli(), Why: "feedback"}},
	}}, nil
}

// Ship reports that a parcel has left: by the tracking of ME1, or on a custom
// shipment. A shipment of ME2 is reported by its carrier, and never here.
func (s *shop) Ship(ctx context.Context, a channel.Act) ([]channel.Item, error) {
	const op = "mercadolibre.Ship"
	tracking, page := strings.TrimSpace(a.Tracking), strings.TrimSpace(a.Text)
	if page != "" {
		if u, err := url.Parse(page); err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" {
			return nil, invalid(op, "text", fault.Because("tracking_page_form", "give the tracking page as https://…"))
		}
	}
	if a.Logistics == order.ME1 && (tracking == "") != (page == "") {
		return nil, invalid(op, "tracking", fault.Because("tracking_and_page", "give the tracking number and the tracking page together, or neither"))
	}
	return s.report(ctx, op, a, "shipped", tracking, page)
}

// Dispatch is an act of takeaway; parcels are shipped.
func (s *shop) Dispatch(context.Context, channel.Act) ([]channel.Item, error) {
	return nil, &fault.Error{Op: "mercadolibre.Dispatch", Code: fault.Unsupported, Why: fault.Because("ship_not_dispatch", "a parcel is shipped, not dispatched")}
}

// Deliver reports that a parcel of ME1 or of a custom shipment has arrived. The
// platform penalises a seller who does not.
func (s *shop) Deliver(ctx context.Context, a channel.Act) ([]channel.Item, error) {
	return s.report(ctx, "mercadolibre.Deliver", a, "delivered", "", "")
}

// report tells the platform a state of a shipment that the seller carries himself.
func (s *shop) report(ctx context.Context, op string, a channel.Act, status, tracking, page string) ([]channel.Item, error) {
	if err := orderRef(op, a); err != nil {
		return nil, err
	}
	id, err := s.shipmentOf(ctx, a)
	if err != nil {
		return nil, err
	}
	now := s.env.Now()
	carrier := strings.TrimSpace(a.Carrier)
	c := call{op: op}
	switch a.Logistics {
	case order.ME1:
		body := me1Report{Tracking: tracking, Page: page, Status: status}
		body.Payload.Service, body.Payload.Comment, body.Payload.Date = s.site.service, cmp.Or(carrier, status), s.local(now)
		c.method, c.path, c.body = http.MethodPost, "/v2/shipments/"+id+"/seller_notifications", body
	case order.Custom:
		body := map[string]any{"status": status}
		if tracking != "" {
			body["tracking_number"] = tracking
		}
		if carrier != "" {
			body["comments"] = carrier
		}
		c.method, c.path, c.body = http.MethodPut, "/shipments/"+id, body
	default:
		return nil, &fault.Error{Op: op, Code: fault.Unsupported, Ref: a.Order.ID, Why: fault.Because("me2_by_platform", "only ME1 and custom shipments are reported by the seller; for ME2 Mercado Libre does it")}
	}
	res, err := s.change(ctx, c)
	if err != nil {
		if f, ok := err.(*fault.Error); ok && (strings.Contains(f.Words, "Status-substatus not allowed") || a.Logistics == order.Custom && res.status == http.StatusBadRequest) {
			f.Code = fault.Conflict // perhaps it has been reported already: look
		}
		return nil, withRef(err, id)
	}
	ref := order.Ref{Realm: Realm, Kind: order.KindShipment, ID: id}
	var rec order.Record
	rec.Say(order.AxisDelivery, order.Said{State: status, At: now.UnixMilli(), Class: order.ClassAnswer, Who: "seller"})
	return []channel.Item{{
		What: "shipment." + status, Ref: ref, Raw: orEmpty(res.body), At: now.UnixMilli(), Said: true,
		Readings: []order.Reading{{Ref: ref, Record: rec, Orders: []string{a.Order.ID}}},
		Hints:    []order.Hint{{Ref: ref, After: now.Add(effect.Settle).UnixMilli(), Why: status}},
	}}, nil
}

// me1Report is the body of the tracking notification. substatus has to be there, and
// is null for "shipped" and "delivered".
type me1Report struct {
	Payload struct {
		Service int    `json:"service_id"`
		Comment string `json:"comment"`
		Date    string `json:"date"`
	} `json:"payload"`
	Tracking  string  `json:"tracking_number,omitempty"`
	Page      string  `json:"tracking_url,omitempty"`
	Status    string  `json:"status"`
	Substatus *string `json:"substatus"`
}

func (s *shop) local(t time.Time) string {
	if z, err := time.LoadLocation(s.site.zone); err == nil {
		t = t.In(z)
	}
	return t.Format(searchTime)
}

// shipmentOf finds the shipment of the order in hand: the only one linked, else the
// one that the order names now.
func (s *shop) shipmentOf(ctx context.Context, a channel.Act) (string, error) {
	const op = "mercadolibre.Ship"
	var linked []string
	for _, l := range a.Linked {
		if l.Kind == order.KindShipment && isID(l.ID) {
			linked = append(linked, l.ID)
		}
	}
	if len(linked) == 1 {
		return linked[0], nil
	}
	res, err := s.get(ctx, call{op: op, path: "/orders/" + a.Order.ID})
	if err != nil {
		return "", withRef(err, a.Order.ID)
	}
	n, err := parse(res.body)
	if err != nil {
		return "", &fault.Error{Op: op, Code: fault.Unavailable, Ref: a.Order.ID, Why: fault.Because("answer_unreadable", "the platform's answer cannot be read")}
	}
	if id := n.obj("shipping").id("id"); id != "" {
		return id, nil
	}
	return "", &fault.Error{Op: op, Code: fault.Conflict, Ref: a.Order.ID, Why: fault.Because("no_shipment_yet", "this order has no shipment at the platform yet")}
}

const maxNote = 300 // characters, of the platform

// Annotate writes the seller's private note. A second call writes a second note.
func (s *shop) Annotate(ctx context.Context, a channel.Act) ([]channel.Item, error) {
	const op = "mercadolibre.Annotate"
	if err := orderRef(op, a); err != nil {
		return nil, err
	}
	text := strings.TrimSpace(a.Text)
	if text == "" || utf8.RuneCountInString(text) > maxNote {
		return nil, invalid(op, "text", fault.Because("note_length", "a note must have 1 to {max} characters", "max", strconv.Itoa(maxNote)))
	}
	res, err := s.change(ctx, call{op: op, method: http.MethodPost, path: "/orders/" + a.Order.ID + "/notes", body: map[string]string{"note": text}, additive: true})
	if err != nil {
		return nil, withRef(err, a.Order.ID)
	}
	return []channel.Item{{What: "order.note", Ref: a.Order, Raw: orEmpty(res.body)}}, nil
}

// Look finds out whether an act has taken place.
func (s *shop) Look(ctx context.Context, a channel.Act, before json.RawMessage) (channel.Sight, error) {
	const op = "mercadolibre.Look"
	if err := orderRef(op, a); err != nil {
		return channel.Sight{}, err
	}
	switch a.Kind {
	case order.Cancel:
		return s.lookCancel(ctx, a)
	case order.Ship, order.Deliver:
		return s.lookParcel(ctx, a)
	case order.Annotate:
		return s.lookNote(ctx, a, before)
	}
	return channel.Sight{}, &fault.Error{Op: op, Code: fault.Unsupported, Ref: string(a.Kind), Why: fault.Because("platform_cannot", "this platform offers no call for it; use the platform's own console")}
}

func (s *shop) lookCancel(ctx context.Context, a channel.Act) (channel.Sight, error) {
	const op = "mercadolibre.Look"
	items, err := s.readOrder(ctx, a.Order.ID)
	if err != nil {
		return channel.Sight{}, err
	}
	sight := channel.Sight{Outcome: effect.NotSeen, Items: items}
	if items[0].Err == nil {
		for _, said := range items[0].Readings[0].Record.Axes[order.AxisWork] {
			switch said.State {
			case cancelSplit:
				sight.Outcome, sight.Why = effect.Obsolete, fault.Because("package_split", "the package was split: other orders have replaced this one")
				return sight, nil
			case "cancelled", "invalid":
				sight.Outcome = effect.Seen
				return sight, nil
			}
		}
	}
	// By the documentation a cancelled sale may stay confirmed for the API: then the
	// feedback itself is the proof.
	res, err := s.get(ctx, call{op: op, path: "/orders/" + a.Order.ID + "/feedback"})
	if fault.Is(err, fault.NotFound) {
		return sight, nil
	}
	if err != nil {
		return channel.Sight{}, withRef(err, a.Order.ID)
	}
	n, err := parse(res.body)
	if err != nil {
		return channel.Sight{}, &fault.Error{Op: op, Code: fault.Unavailable, Ref: a.Order.ID, Why: fault.Because("answer_unreadable", "the platform's answer cannot be read")}
	}
	sale := n.obj("sale") // older answers name it by who gave it
	if sale.m == nil {
		sale = n.obj("seller")
	}
	if v, told := sale.raw("fulfilled"); told {
		sight.Outcome = effect.Seen
		if string(v) == "true" {
			sight.Outcome, sight.Why = effect.Obsolete, fault.Because("feedback_fulfilled", "a feedback “fulfilled” has been given for this sale")
		}
	}
	return sight, nil
}

func (s *shop) lookParcel(ctx context.Context, a channel.Act) (channel.Sight, error) {
	id, err := s.shipmentOf(ctx, a)
	if err != nil {
		return channel.Sight{}, err
	}
	item, _, err := s.readShipment(ctx, id, []string{a.Order.ID})
	if err != nil {
		return channel.Sight{}, err
	}
	sight := channel.Sight{Outcome: effect.NotSeen, Items: []channel.Item{item}}
	n, _ := parse(item.Raw)
	switch status := n.obj("shipment").text("status"); {
	case status == "delivered", a.Kind == order.Ship && (status == "shipped" || status == "not_delivered"):
		sight.Outcome = effect.Seen
	case status == "cancelled" || status == "not_delivered":
		sight.Outcome, sight.Why = effect.Obsolete, fault.Because("shipment_is", "the shipment is {status}", "status", status)
	}
	return sight, nil
}

// noted is the state before a note: how many notes have the same text.
type noted struct {
	Same int `json:"same"`
}

// Before counts the notes that have the text already: a note is a deed, and the
// platform takes it as often as it is sent.
func (s *shop) Before(ctx context.Context, a channel.Act) (json.RawMessage, error) {
	if err := orderRef("mercadolibre.Before", a); err != nil || a.Kind != order.Annotate {
		return nil, err
	}
	n, err := s.countNotes(ctx, a)
	if err != nil {
		return nil, err
	}
	return json.Marshal(noted{n})
}

func (s *shop) lookNote(ctx context.Context, a channel.Act, before json.RawMessage) (channel.Sight, error) {
	var was noted
	if len(before) > 0 && json.Unmarshal(before, &was) != nil {
		return channel.Sight{}, &fault.Error{Op: "mercadolibre.Look", Code: fault.Internal, Why: fault.Because("note_before_unreadable", "the state before the note cannot be read")}
	}
	n, err := s.countNotes(ctx, a)
	if err != nil {
		return channel.Sight{}, err
	}
	if n > was.Same {
		return channel.Sight{Outcome: effect.Seen}, nil
	}
	return channel.Sight{Outcome: effect.NotSeen}, nil
}

func (s *shop) countNotes(ctx context.Context, a channel.Act) (int, error) {
	res, err := s.get(ctx, call{op: "mercadolibre.Look", path: "/orders/" + a.Order.ID + "/notes"})
	if fault.Is(err, fault.NotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, withRef(err, a.Order.ID)
	}
	if !json.Valid(res.body) {
		return 0, &fault.Error{Op: "mercadolibre.Look", Code: fault.Unavailable, Ref: a.Order.ID, Why: fault.Because("answer_unreadable", "the platform's answer cannot be read")}
	}
	return notesLike(res.body, strings.TrimSpace(a.Text), 4), nil
}

// notesLike counts notes of a text. The form of the answer is not documented: a list
// of notes, or of objects that hold one under "results", is understood.
func notesLike(raw json.RawMessage, text string, depth int) int {
	if depth == 0 {
		return 0
	}
	count := 0
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) == nil {
		for _, v := range list {
			count += notesLike(v, text, depth-1)
		}
		return count
	}
	n, err := parse(raw)
	if err != nil {
		return 0
	}
	if v, ok := n.raw("note"); ok && v[0] == '"' && n.text("note") == text {
		return 1
	}
	for _, k := range []string{"results", "notes"} {
		if v, ok := n.raw(k); ok {
			count += notesLike(v, text, depth-1)
		}
	}
	return count
}

func orderRef(op string, a channel.Act) error {
	if a.Order.Kind != order.KindOrder || !isID(a.Order.ID) {
		return &fault.Error{Op: op, Code: fault.Invalid, Ref: clip(a.Order.ID, 40), Why: fault.Because("not_their_number", "this is no number of the platform")}
	}
	return nil
}

func invalid(op, field string, why fault.Reason) error {
	return &fault.Error{Op: op, Code: fault.Invalid, Why: why, Fields: []fault.Field{fault.Wrong(field, why)}}
}

// orEmpty keeps an item's bytes from being nothing where the platform answers nothing.
func orEmpty(b []byte) []byte {
	if len(b) == 0 {
		return []byte("{}")
	}
	return b
}
