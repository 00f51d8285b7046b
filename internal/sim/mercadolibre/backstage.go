package mercadolibre

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/tongdan/tongdan/internal/sim"
)

// ActArgs is what an act may be told. Everything is optional.
type ActArgs struct {
	At        Stamp  `json:"at"`        // when it happens, for the platform's data; default now
	Force     bool   `json:"force"`     // whatever the state of the shipment
	Quiet     bool   `json:"quiet"`     // no notifications
	Status    string `json:"status"`    // of move
	Substatus string `json:"substatus"` // of move and fail
	Amount    Amount `json:"amount"`    // of refund; 0 = all
	Type      string `json:"type"`      // of claim
	Reason    string `json:"reason"`    // of claim, split
	Rating    string `json:"rating"`    // of buyer_feedback
	Message   string `json:"message"`
	Tracking  string `json:"tracking_number"`
}

// acts are the backstage's buttons: what buyers, carriers and the platform do.
var acts = []sim.Act{
	{Name: "pay", Zh: "买家付款", En: "Buyer pays", Who: "buyer", When: []string{"payment_required", "payment_in_process", "confirmed", "partially_paid"}},
	{Name: "reject_payment", Zh: "付款失败", En: "Payment is rejected", Who: "platform", When: []string{"payment_required", "payment_in_process", "confirmed", "partially_paid"}},
	{Name: "review_payment", Zh: "付款审核中", En: "Payment under review", Who: "platform", When: []string{"payment_required"}},
	{Name: "buyer_cancel", Zh: "买家取消", En: "Buyer cancels", Who: "buyer", When: []string{"paid", "payment_required", "payment_in_process", "confirmed", "partially_paid", "partially_refunded"}},
	{Name: "platform_cancel", Zh: "平台取消", En: "Platform cancels", Who: "platform", When: []string{"paid", "payment_required", "payment_in_process", "confirmed", "partially_refunded"}},
	{Name: "fraud", Zh: "标记欺诈风险", En: "Fraud risk", Who: "platform", When: []string{"paid"}},
	{Name: "unfulfilled", Zh: "退到余额(勿发货)", En: "Refunded to account money", Who: "platform", When: []string{"paid"}},
	{Name: "invalidate", Zh: "作废", En: "Invalid buyer", Who: "platform"},
	{Name: "refund", Zh: "退款", En: "Refund", Who: "platform", Args: json.RawMessage(`{"amount":0}`), When: []string{"paid", "partially_refunded"}},
	{Name: "claim", Zh: "买家投诉", En: "Buyer claims", Who: "buyer", Args: json.RawMessage(`{"type":"mediations","reason":"PDD9939"}`), When: []string{"paid", "partially_refunded"}},
	{Name: "close_claim", Zh: "买家撤诉", En: "Buyer withdraws claim", Who: "buyer"},
	{Name: "buyer_feedback", Zh: "买家评价", En: "Buyer's feedback", Who: "buyer", Args: json.RawMessage(`{"rating":"positive","message":""}`), When: []string{"paid"}},
	{Name: "message", Zh: "买家留言", En: "Buyer writes", Who: "buyer", Args: json.RawMessage(`{"message":"Quando vai ser enviado?"}`)},
	{Name: "progress", Zh: "物流下一步", En: "Next step", Who: "platform", When: []string{"paid", "partially_refunded"}},
	{Name: "ready", Zh: "可打印面单", En: "Ready to print", Who: "platform", When: []string{"paid", "partially_refunded"}},
	{Name: "print", Zh: "打印面单", En: "Label printed (seller's page)", Who: "merchant", When: []string{"paid", "partially_refunded"}},
	{Name: "collect", Zh: "揽收", En: "Carrier collects", Who: "rider", When: []string{"paid", "partially_refunded"}},
	{Name: "hub", Zh: "到分拨中心", En: "Arrives at hub", Who: "rider", When: []string{"paid", "partially_refunded"}},
	{Name: "ship", Zh: "发运", En: "Shipped", Who: "rider", When: []string{"paid", "partially_refunded"}},
	{Name: "deliver", Zh: "签收", En: "Delivered", Who: "rider", When: []string{"paid", "partially_refunded"}},
	{Name: "fail", Zh: "投递失败", En: "Delivery fails", Who: "rider", Args: json.RawMessage(`{"substatus":"receiver_absent"}`), When: []string{"paid", "partially_refunded"}},
	{Name: "return", Zh: "退回卖家", En: "Not delivered, comes back", Who: "rider", When: []string{"paid", "partially_refunded"}},
	{Name: "returned", Zh: "已退回", En: "Back at the seller", Who: "rider"},
	{Name: "move", Zh: "指定物流状态", En: "Set shipment status", Who: "platform", Args: json.RawMessage(`{"status":"shipped","substatus":"bad_address"}`)},
	{Name: "expire", Zh: "超时未发货", En: "Dispatch deadline passes", Who: "platform", When: []string{"paid"}},
	{Name: "split", Zh: "拆包", En: "Split package", Who: "merchant", Args: json.RawMessage(`{"reason":"DIMENSIONS_EXCEEDED"}`), When: []string{"paid"}},
	{Name: "touch", Zh: "空通知", En: "Notify without a change", Who: "platform"},
}

// Act does one act to an order; the names are those of the backstage.
func (s *Sim) Act(order ID, act string, args ActArgs) error {
	at := args.At.Time
	if at.IsZero() {
		at = s.clock.Now()
	}
	return s.do(at, func(t *tx) error {
		t.quiet = args.Quiet
		v := s.sales[order]
		if v == nil {
			return fmt.Errorf("order %d does not exist: %w", order, sim.ErrUnknown)
		}
		return t.act(v, act, &args)
	})
}

func (t *tx) act(v *sale, act string, a *ActArgs) error {
	sh := t.s.shipmentOf(v)
	switch act {
	case "pay", "reject_payment", "review_payment", "refund", "unfulfilled", "invalidate":
		return t.moneyAct(v, act, a)
	case "buyer_cancel", "platform_cancel":
		if !v.alive() || v.Order.CancelDetail != nil {
			return errCancelled
		}
		if sh != nil && (sh.Status == "shipped" || final(sh.Status)) && !a.Force {
			return fmt.Errorf("the shipment is %s: open a claim instead (or force)", sh.Status)
		}
		why := CancelDetail{Group: "buyer", Code: "buyer_cancel_express", Description: "There is a mediation with status cancel_purchase", RequestedBy: "buyer"}
		if t.s.cfg.OldBuyerCancel {
			why.Group, why.Code = "respondent", "cancel_purchase_by_buyer"
		}
		if act == "platform_cancel" {
			why = CancelDetail{Group: "mediations", Code: "mediations", Description: "Cancelled by Mercado Libre", RequestedBy: "meli"}
		} else if v.Order.DateClosed.IsZero() {
			why.Description = "The buyer did not pay"
		} else {
			v.Order.Mediations = append(v.Order.Mediations, Mediation{ID: 5_300_000_000 + t.next(), Status: "cancel_purchase"})
		}
		t.cancel(v, why, "closed_by_user", true)
		return nil
	case "fraud":
		v.setTag("fraud_risk_detected")
		t.touchSale(v)
		return nil
	case "claim":
		if v.Order.CancelDetail != nil {
			return errCancelled
		}
		t.openClaim(v, cmp.Or(a.Type, "mediations"), cmp.Or(a.Reason, "PDD9939"))
		return nil
	case "close_claim":
		for _, m := range slices.Backward(v.Order.Mediations) {
			if c := t.s.claims[m.ID]; c != nil && c.Status == "opened" {
				t.closeClaim(c, "opened_claim_by_mistake")
				return nil
			}
		}
		return errors.New("the order has no open claim")
	case "buyer_feedback":
		f := &Feedback{ID: 9_000_000_000 + t.next(), OrderID: v.Order.ID, Role: "buyer", Fulfilled: true, Rating: cmp.Or(a.Rating, "positive"), Message: a.Message, Status: "active", DateCreated: stampAt(t.at)}
		v.Purchase, v.Order.Feedback.Buyer = f, f.ref()
		t.touchSale(v)
		t.hint("orders_feedback", "/orders/"+v.Order.ID.String()+"/feedback", v.Order.Seller.ID, v.Order.ID.String())
		return nil
	case "message":
		return t.say(v, v.Order.Buyer.ID, v.Order.Seller.ID, cmp.Or(a.Message, "Quando vai ser enviado?"))
	case "touch":
		t.hint("orders_v2", "/orders/"+v.Order.ID.String(), v.Order.Seller.ID, v.Order.ID.String())
		return nil
	}
	if err := t.parcelAct(sh, act, a); err != nil {
		return err
	}
	if a.Tracking != "" {
		sh.Tracking = a.Tracking
		t.touchShipment(sh)
	}
	return nil
}

func (t *tx) moneyAct(v *sale, act string, a *ActArgs) error {
	if v.Order.CancelDetail != nil || !v.alive() {
		return errCancelled
	}
	open := func(p *Payment) bool {
		return p.Status == "pending" || p.Status == "in_process" || p.Status == "authorized"
	}
	n := 0
	for i := range v.Order.Payments {
		p := &v.Order.Payments[i]
		if !open(p) {
			continue
		}
		switch act {
		case "pay":
			p.Status, p.StatusDetail, p.DateApproved, p.AvailableActions = "approved", ptr("accredited"), stampAt(t.at), []string{"refund"}
		case "reject_payment":
			p.Status, p.StatusDetail = "rejected", ptr("cc_rejected_other_reason")
		case "review_payment":
			p.Status, p.StatusDetail = "in_process", ptr("pending_review_manual")
		default:
			continue
		}
		n++
		t.touchPayment(v, p)
	}
	switch act {
	case "pay", "reject_payment", "review_payment":
		if act == "pay" && n == 0 {
			if v.Order.Status == "paid" || v.Order.Status == "partially_refunded" {
				return errors.New("the order is paid already")
			}
			paid, _ := v.Order.paidSoFar()
			p := Payment{TransactionAmount: max(v.Order.TotalAmount-paid, 0), Status: "approved", DateCreated: stampAt(t.at), DateApproved: stampAt(t.at)}
			t.fillPayment(&v.Order, &p, sites[v.Site])
			v.Order.Payments = append(v.Order.Payments, p)
			t.touchPayment(v, &v.Order.Payments[len(v.Order.Payments)-1])
		} else if n == 0 {
			return errors.New("the order has no open payment")
		}
		t.settlePayments(v)
		return nil
	case "refund":
		t.giveBack(v, a.Amount)
		return nil
	case "unfulfilled":
		v.setTag("unfulfilled")
		for i := range v.Order.Payments {
			if p := &v.Order.Payments[i]; p.Status == "approved" {
				p.AvailableActions = append(slices.Clone(p.AvailableActions), "refund_account_money")
				t.touchPayment(v, p)
			}
		}
	case "invalidate":
		t.cancel(v, CancelDetail{Group: "fraud", Code: "fraud", Description: "The buyer was judged malicious", RequestedBy: "meli"}, "fraudulent", true)
		v.Order.Status = "invalid"
	}
	t.touchSale(v)
	return nil
}

// settlePayments recomputes an order's status after its payments changed.
func (t *tx) settlePayments(v *sale) {
	o := &v.Order
	paid, all := o.paidSoFar()
	o.PaidAmount = paid
	o.Status = statusByPayments(o, all)
	if all {
		v.setTag("paid", "not_paid")
		if o.DateClosed.IsZero() {
			o.DateClosed = stampAt(t.at)
			t.deduct(v)
		}
		t.drop("unpaid", o.ID)
	}
	t.touchSale(v)
	if sh := t.s.shipmentOf(v); sh != nil && t.allPaid(sh) {
		if !v.History && sh.Status == "pending" && sh.Rows[0].Date.Before(t.at) {
			sh.Deadline = deadline(t.at.In(sites[sh.Site].Zone)) // the time to dispatch runs from the payment
			sh.SLAUpdated = stampAt(t.at)
		}
		t.touchShipment(sh)
		t.paidUp(sh)
	}
}

func (t *tx) parcelAct(sh *shipment, act string, a *ActArgs) error {
	if !slices.ContainsFunc(acts, func(x sim.Act) bool { return x.Name == act }) {
		return fmt.Errorf("act %q: %w", act, sim.ErrUnknown)
	}
	if sh == nil {
		return errNoParcel
	}
	if act != "move" && !t.allPaid(sh) && !a.Force {
		return errors.New("the sale is not paid in full (or is cancelled): nothing is shipped")
	}
	switch act {
	case "progress":
		next, ok := sh.nextStep()
		if !ok {
			return fmt.Errorf("the shipment is %s: there is no next step", sh.Status)
		}
		t.move(sh, next.Status, next.Substatus)
	case "ready":
		if sh.Mode != "me2" {
			return errors.New("only ME2 shipments are made ready by the platform")
		}
		return t.advance(sh, "ready_to_ship", "ready_to_print", a.Force, "pending", "handling", "ready_to_ship/invoice_pending")
	case "print":
		return t.advance(sh, "ready_to_ship", "printed", a.Force, "ready_to_ship/ready_to_print")
	case "collect":
		switch sh.Type {
		case "cross_docking":
			return t.advance(sh, "ready_to_ship", "picked_up", a.Force, "ready_to_ship/printed")
		case "drop_off", "xd_drop_off":
			return t.advance(sh, "ready_to_ship", "dropped_off", a.Force, "ready_to_ship/printed")
		}
		return t.advance(sh, "shipped", "out_for_delivery", a.Force, "ready_to_ship", "pending")
	case "hub":
		return t.advance(sh, "ready_to_ship", "in_hub", a.Force, "ready_to_ship/picked_up", "ready_to_ship/dropped_off", "ready_to_ship/printed")
	case "ship":
		from := []string{"ready_to_ship/printed", "ready_to_ship/picked_up", "ready_to_ship/dropped_off", "ready_to_ship/in_hub", "ready_to_ship/packed", "ready_to_ship/in_warehouse"}
		if sh.Mode != "me2" {
			from = []string{"pending", "handling"}
		}
		return t.advance(sh, "shipped", "", a.Force, from...)
	case "deliver":
		return t.advance(sh, "delivered", "", a.Force, "shipped")
	case "fail":
		return t.advance(sh, "shipped", cmp.Or(a.Substatus, "receiver_absent"), a.Force, "shipped")
	case "return":
		if err := t.advance(sh, "not_delivered", cmp.Or(a.Substatus, "returning_to_sender"), a.Force, "shipped"); err != nil {
			return err
		}
		t.refundAll(sh)
	case "returned":
		return t.advance(sh, "not_delivered", "returned", a.Force, "not_delivered")
	case "move":
		if a.Status == "" {
			return errors.New("move needs a status, such as shipped, and may have a substatus")
		}
		t.move(sh, a.Status, a.Substatus)
	case "expire":
		t.due(timer{Act: "late", ID: sh.ID})
		t.due(timer{Act: "expire", ID: sh.ID})
	case "split":
		in := &splitIn{Reason: cmp.Or(a.Reason, "DIMENSIONS_EXCEEDED")}
		if err := in.halve(t.s, sh); err != nil {
			return err
		}
		return t.split(sh, in)
	}
	return nil
}

// halve divides the units of a parcel into two boxes.
func (in *splitIn) halve(s *Sim, sh *shipment) error {
	raw := map[string]any{"reason": in.Reason}
	var boxes [2][]any
	n := 0
	for _, id := range sh.Orders {
		v := s.sales[id]
		if v == nil || len(v.Order.OrderItems) != 1 {
			return errors.New("only orders with one line can be split")
		}
		var parts [2]int
		for range v.Order.OrderItems[0].Quantity {
			parts[n%2]++
			n++
		}
		for i, q := range parts {
			if q > 0 {
				boxes[i] = append(boxes[i], map[string]any{"id": id, "quantity": q})
			}
		}
	}
	if n < 2 {
		return errors.New("a parcel with one unit cannot be split")
	}
	raw["packs"] = []any{map[string]any{"orders": boxes[0]}, map[string]any{"orders": boxes[1]}}
	b, err := json.Marshal(raw)
	if err != nil {
		return err
	}
	return json.Unmarshal(b, in)
}

// Snapshot is what the platform holds about one order.
type Snapshot struct {
	Order    json.RawMessage `json:"order"`
	Shipment map[string]any  `json:"shipment,omitempty"`
	History  []step          `json:"history,omitempty"`
	Pack     ID              `json:"pack,omitempty"`
	Feedback *Feedback       `json:"feedback,omitempty"`
	Notes    []Note          `json:"notes,omitempty"`
	Replaced []ID            `json:"replaced_by,omitempty"`
}

// Order returns what the platform holds about an order, with calls and state changes counted
// per kind. The error is sim.ErrUnknown for one that does not exist.
func (s *Sim) Order(id ID) (Snapshot, sim.Tally, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v := s.sales[id]
	if v == nil {
		return Snapshot{}, nil, fmt.Errorf("order %d does not exist: %w", id, sim.ErrUnknown)
	}
	out := Snapshot{Order: s.renderOrder(v, &v.Order), Feedback: v.Feedback, Notes: v.Notes, Replaced: v.ReplacedBy}
	if sh := s.shipmentOf(v); sh != nil {
		out.Shipment, out.History = s.newFormat(sh), slices.Clone(sh.Rows)
	}
	if v.Order.PackID != nil {
		out.Pack = *v.Order.PackID
	}
	tally := sim.Tally{}
	for k, c := range s.tallies[id.String()] {
		tally[k] = c
	}
	return out, tally, nil
}

// Tally returns calls and state changes about an order or a listing.
func (s *Sim) Tally(about string) sim.Tally {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := sim.Tally{}
	for k, c := range s.tallies[about] {
		out[k] = c
	}
	return out
}

var statusText = map[string]string{
	"confirmed": "已确认 · confirmed", "payment_required": "待付款 · payment required", "payment_in_process": "付款审核 · payment in process",
	"partially_paid": "部分付款 · partially paid", "paid": "已付款 · paid", "partially_refunded": "部分退款 · partially refunded",
	"pending_cancel": "取消中 · pending cancel", "cancelled": "已取消 · cancelled", "invalid": "作废 · invalid",
}

func (s *Sim) rows(q sim.OrderQuery) []sim.Row {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]*sale, 0, len(s.sales))
	for _, v := range s.sales {
		if (q.Status == "" || v.Order.Status == q.Status) && (q.Store == "" || v.Order.Seller.ID.String() == q.Store) {
			all = append(all, v)
		}
	}
	slices.SortFunc(all, func(a, b *sale) int {
		return cmp.Or(b.Order.DateCreated.Compare(a.Order.DateCreated.Time), cmp.Compare(b.Order.ID, a.Order.ID))
	})
	all = all[:min(len(all), max(q.Limit, 1))]
	out := make([]sim.Row, 0, len(all))
	for _, v := range all {
		o := &v.Order
		row := sim.Row{
			ID: o.ID.String(), Number: "#" + o.ID.String()[max(len(o.ID.String())-4, 0):], Store: o.Seller.ID.String(), Status: o.Status, StatusText: statusText[o.Status],
			Total: o.TotalAmount.String() + " " + o.CurrencyID, Placed: o.DateCreated.Time, Tally: sim.Tally{},
		}
		for k, c := range s.tallies[o.ID.String()] {
			row.Tally[k] = c
		}
		if sl := s.sellers[o.Seller.ID]; sl != nil {
			row.Store += " " + sl.Nickname
		}
		var names []string
		for _, l := range o.OrderItems {
			names = append(names, fmt.Sprintf("%d × %s", l.Quantity, l.Item.Title))
		}
		row.Summary = strings.Join(names, ", ")
		if sh := s.shipmentOf(v); sh != nil {
			row.Delivery = strings.TrimSuffix(sh.Type+" "+sh.Status+"/"+sh.Substatus, "/")
			if sh.Dispatched.IsZero() && !final(sh.Status) {
				row.Due = sh.Deadline.Time
			}
		}
		for _, m := range o.Mediations {
			row.AfterSale = strings.TrimSpace(row.AfterSale + " " + m.Status)
		}
		if o.CancelDetail != nil {
			row.AfterSale = strings.TrimSpace(row.AfterSale + " cancelled by " + o.CancelDetail.RequestedBy)
		}
		out = append(out, row)
	}
	return out
}

func (s *Sim) openDesk() {
	s.desk = &sim.Desk{
		Name: s.Name(), Title: "Mercado Libre 美客多", Clock: s.clock, Faults: s.faults, Calls: s.calls, Pusher: s.pusher, Acts: acts,
		State: s.state, Orders: s.rows,
		Order: func(text string) (any, sim.Tally, error) {
			id, _ := parseID(text)
			return unpackOrder(s.Order(id))
		},
		Place: func(raw json.RawMessage) (string, error) {
			p, err := s.PlaceJSON(raw)
			if err != nil {
				return "", err
			}
			return p.Orders[0].String(), nil
		},
		Act: func(text, act string, raw json.RawMessage) error {
			id, _ := parseID(text)
			var a ActArgs
			if len(raw) > 0 {
				if err := json.Unmarshal(raw, &a); err != nil {
					return fmt.Errorf("the arguments do not fit: %w", err)
				}
			}
			return s.Act(id, act, a)
		},
		Config: s.showConfig, Configure: s.configureJSON, More: s.more,
	}
}

func unpackOrder(o Snapshot, t sim.Tally, err error) (any, sim.Tally, error) {
	if err != nil {
		return nil, nil, err
	}
	return o, t, nil
}

// Backstage serves the desk's routes, and of its own:
//
//	POST /backstage/mercadolibre/batch                         {"sales":[placement…]}
//	POST /backstage/mercadolibre/sellers                       register a seller
//	POST /backstage/mercadolibre/sellers/{id}/authorize        {"redirect_uri":…} → {"code":…}
//	POST /backstage/mercadolibre/sellers/{id}/expire_tokens    access tokens expire now
//	POST /backstage/mercadolibre/sellers/{id}/revoke           the authorization ends
//	GET, POST /backstage/mercadolibre/items                    listings; {"item","variation","quantity"} sets stock
//	POST /backstage/mercadolibre/topics/{topic}                {"on":true}
func (s *Sim) Backstage() http.Handler { return s.desk.Handler() }

const maxBatch = 2000

func (s *Sim) more(mux *http.ServeMux, prefix string) {
	mux.HandleFunc("POST "+prefix+"/batch", sim.Answering(func(_ *http.Request, body json.RawMessage) (any, error) {
		var in struct {
			Sales []json.RawMessage `json:"sales"`
		}
		if err := json.Unmarshal(body, &in); err != nil {
			return nil, fmt.Errorf("the batch does not fit: %w", err)
		}
		if len(in.Sales) > maxBatch {
			return nil, fmt.Errorf("a batch holds at most %d sales", maxBatch)
		}
		out := []Placed{}
		for i, raw := range in.Sales {
			p, err := s.PlaceJSON(raw)
			if err != nil {
				return nil, fmt.Errorf("sale %d (those before it are placed): %w", i+1, err)
			}
			out = append(out, p)
		}
		return map[string]any{"placed": out}, nil
	}))
	mux.HandleFunc("POST "+prefix+"/sellers", sim.Answering(func(_ *http.Request, body json.RawMessage) (any, error) {
		var sl Seller
		if err := json.Unmarshal(body, &sl); err != nil {
			return nil, fmt.Errorf("the seller does not fit: %w", err)
		}
		return sl, s.addSeller(sl)
	}))
	seller := func(f func(id ID, body json.RawMessage) (any, error)) http.HandlerFunc {
		return sim.Answering(func(r *http.Request, body json.RawMessage) (any, error) {
			id, ok := parseID(r.PathValue("id"))
			if !ok {
				return nil, fmt.Errorf("seller %q: %w", r.PathValue("id"), sim.ErrUnknown)
			}
			return f(id, body)
		})
	}
	mux.HandleFunc("POST "+prefix+"/sellers/{id}/authorize", seller(func(id ID, body json.RawMessage) (any, error) {
		var in struct {
			RedirectURI string `json:"redirect_uri"`
		}
		if len(body) > 0 {
			if err := json.Unmarshal(body, &in); err != nil {
				return nil, err
			}
		}
		code, err := s.Authorize(id, in.RedirectURI)
		return map[string]any{"code": code, "user_id": id}, err
	}))
	done := map[string]bool{"done": true}
	mux.HandleFunc("POST "+prefix+"/sellers/{id}/expire_tokens", seller(func(id ID, _ json.RawMessage) (any, error) { return done, s.ExpireTokens(id) }))
	mux.HandleFunc("POST "+prefix+"/sellers/{id}/revoke", seller(func(id ID, _ json.RawMessage) (any, error) { return done, s.Revoke(id) }))
	mux.HandleFunc("GET "+prefix+"/items", sim.Answering(func(*http.Request, json.RawMessage) (any, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		out := []Item{}
		for _, id := range s.sellerIDs() {
			for _, it := range s.ofItems[id] {
				c := *it
				c.Variations = slices.Clone(it.Variations)
				out = append(out, c)
			}
		}
		return out, nil
	}))
	mux.HandleFunc("POST "+prefix+"/items", sim.Answering(func(_ *http.Request, body json.RawMessage) (any, error) {
		var in struct {
			Item      string `json:"item"`
			Variation ID     `json:"variation"`
			Quantity  int    `json:"quantity"`
		}
		if err := json.Unmarshal(body, &in); err != nil {
			return nil, fmt.Errorf("stock does not fit: %w", err)
		}
		return in, s.SetStock(in.Item, in.Variation, in.Quantity)
	}))
	mux.HandleFunc("POST "+prefix+"/topics/{topic}", sim.Answering(func(r *http.Request, body json.RawMessage) (any, error) {
		var in struct {
			On bool `json:"on"`
		}
		if err := json.Unmarshal(body, &in); err != nil {
			return nil, fmt.Errorf(`say {"on":true} or {"on":false}: %w`, err)
		}
		return in, s.SwitchTopic(r.PathValue("topic"), in.On)
	}))
}

// state is the summary at the top of the page.
func (s *Sim) state() any {
	s.mu.Lock()
	defer s.mu.Unlock()
	byStatus, byShipment, topics := map[string]int{}, map[string]int{}, map[string]any{}
	for _, v := range s.sales {
		byStatus[v.Order.Status]++
	}
	for _, sh := range s.ships {
		byShipment[sh.Status]++
	}
	for name, t := range s.topics {
		topics[name] = *t
	}
	sellers := []Seller{}
	for _, id := range s.sellerIDs() {
		sellers = append(sellers, *s.sellers[id])
	}
	return map[string]any{"orders": len(s.sales), "order_status": byStatus, "shipment_status": byShipment, "topics": topics, "missed_feeds": len(s.missed), "sellers": sellers, "claims": len(s.claims)}
}

type shownConfig struct {
	Config
	ClientID    ID     `json:"client_id"`
	CallbackURL string `json:"callback_url"`
	RedirectURI string `json:"redirect_uri"`
	PKCE        bool   `json:"pkce"`
}

func (s *Sim) showConfig() any {
	s.mu.Lock()
	defer s.mu.Unlock()
	return shownConfig{s.cfg, s.app.ClientID, s.app.CallbackURL, s.app.RedirectURI, s.app.PKCE}
}

// configureJSON changes the fields that are present, of Config and App alike.
func (s *Sim) configureJSON(raw json.RawMessage) error {
	cfg, app := s.Config(), s.App()
	if err := errors.Join(json.Unmarshal(raw, &cfg), json.Unmarshal(raw, &app)); err != nil {
		return fmt.Errorf("the configuration does not fit: %w", err)
	}
	if err := s.Configure(func(c *Config) { *c = cfg }); err != nil {
		return err
	}
	return s.Register(func(a *App) { *a = app })
}
