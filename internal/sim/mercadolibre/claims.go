package mercadolibre

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Claims are played small: opened and closed from the backstage, read and searched by the
// seller, who can refund in full, refund in part, allow a return or ask for mediation.

const claimsPath = "/post-purchase/v1/claims"

func (s *Sim) claimRoutes() []route {
	const g = "post_purchase"
	return []route{
		{method: "GET", path: claimsPath + "/search", group: g, do: s.searchClaims},
		{method: "GET", path: claimsPath + "/{claim}", group: g, do: s.getClaim},
		{method: "GET", path: claimsPath + "/{claim}/detail", group: g, do: s.claimDetail},
		{method: "GET", path: claimsPath + "/{claim}/expected-resolutions", group: g, do: s.expectedResolutions},
		{method: "POST", path: claimsPath + "/{claim}/expected-resolutions/refund", group: g, do: s.claimAct},
		{method: "POST", path: claimsPath + "/{claim}/expected-resolutions/partial-refund", group: g, do: s.claimAct},
		{method: "POST", path: claimsPath + "/{claim}/expected-resolutions/allow-return", group: g, do: s.claimAct},
		{method: "POST", path: claimsPath + "/{claim}/actions/open-dispute", group: g, do: s.claimAct},
		{method: "GET", path: "/post-purchase/v2/claims/{claim}/returns", group: g, do: s.claimReturns},
	}
}

// claim finds the caller's claim named in the path.
func (q *request) claim() *claim {
	id, _ := q.id("claim")
	c := q.s.claims[id]
	if c == nil {
		q.fail(http.StatusNotFound, "not_found_error", "Claim not found")
		return nil
	}
	q.about(c.Order)
	if c.Seller != q.user {
		q.fail(http.StatusForbidden, "forbidden_error", "The user is not a player of the claim")
		return nil
	}
	return c
}

// actions are what the seller may do now.
func (c *claim) actions() []string {
	switch {
	case c.Status != "opened":
		return nil
	case c.Stage == "dispute":
		return []string{"send_message_to_mediator", "refund"}
	}
	return []string{"send_message_to_complainant", "refund", "allow_partial_refund", "allow_return", "open_dispute"}
}

func (s *Sim) claimJSON(c *claim) map[string]any {
	actions := []any{}
	for i, a := range c.actions() {
		m := map[string]any{"action": a, "mandatory": i == 0, "due_date": nil}
		if i == 0 {
			m["due_date"] = c.Due
		}
		actions = append(actions, m)
	}
	players := []any{
		map[string]any{"role": "complainant", "type": "buyer", "user_id": c.Buyer, "available_actions": []any{}},
		map[string]any{"role": "respondent", "type": "seller", "user_id": c.Seller, "available_actions": actions},
	}
	if c.Stage == "dispute" {
		players = append(players, map[string]any{"role": "mediator", "type": "internal", "user_id": 1, "available_actions": []any{}})
	}
	related := []string{}
	if c.Type == "return" {
		related = append(related, "return")
	}
	return map[string]any{
		"id": c.ID, "resource_id": c.Order, "status": c.Status, "type": c.Type, "stage": c.Stage, "parent_id": nil, "resource": "order", "reason_id": c.Reason,
		"fulfilled": c.Fulfilled, "quantity_type": "total", "claimed_quantity": c.Quantity, "claim_version": json.RawMessage("2.0"), "players": players,
		"resolution": c.Resolution, "site_id": c.Site, "date_created": c.Created, "last_updated": c.Updated, "related_entities": related,
	}
}

func (s *Sim) getClaim(q *request) {
	if c := q.claim(); c != nil {
		q.json(http.StatusOK, s.claimJSON(c))
	}
}

func (s *Sim) claimDetail(q *request) {
	if c := q.claim(); c != nil {
		q.json(http.StatusOK, map[string]any{"due_date": c.Due, "action_responsible": "seller", "title": "Reclamo del comprador", "description": "El comprador espera tu respuesta", "problem": c.Reason})
	}
}

func (s *Sim) expectedResolutions(q *request) {
	if c := q.claim(); c != nil {
		q.json(http.StatusOK, []any{map[string]any{"player_role": "complainant", "user_id": c.Buyer, "expected_resolution": "refund", "details": []any{}, "status": "pending", "date_created": c.Created, "last_updated": c.Updated}})
	}
}

// claimReturns answers for claims that are returns; the goods' way back is not played.
func (s *Sim) claimReturns(q *request) {
	c := q.claim()
	if c == nil {
		return
	}
	if c.Type != "return" {
		q.call.Code = "not_found_error"
		q.json(http.StatusNotFound, map[string]any{"code": 404, "error": "not_found_error", "message": "return not found", "cause": nil})
		return
	}
	money, closed := "retained", any(nil)
	if c.Status == "closed" {
		money, closed = "refunded", c.Updated
	}
	q.json(http.StatusOK, map[string]any{
		"id": 57_000_000 + c.ID%1_000_000, "claim_id": c.ID, "resource_type": "order", "resource_id": c.Order, "status": "pending", "subtype": "return_total",
		"status_money": money, "refund_at": "delivered", "intermediate_check": false, "date_created": c.Created, "last_updated": c.Updated, "date_closed": closed,
		"orders": []any{}, "shipments": []any{}, "related_entities": []any{}, "resources": []any{map[string]any{"resource": "claim", "resource_id": c.ID.String()}},
	})
}

func (s *Sim) searchClaims(q *request) {
	filters := 0
	for _, k := range []string{"status", "stage", "type", "order_id", "resource_id", "players.user_id", "range", "site_id"} {
		if q.param(k) != "" {
			filters++
		}
	}
	switch {
	case filters == 0:
		q.fail(http.StatusBadRequest, "invalid_query", "At least one filter is required")
		return
	case (q.param("resource") == "") != (q.param("resource_id") == ""), (q.param("players.role") == "") != (q.param("players.user_id") == ""):
		q.fail(http.StatusBadRequest, "invalid_params", "resource and resource_id, players.role and players.user_id go in pairs")
		return
	}
	limit, offset := min(max(atoi(q.param("limit"), 30), 1), 100), max(atoi(q.param("offset"), 0), 0)
	if offset >= 10_000 {
		q.fail(http.StatusBadRequest, "invalid_query", "offset must be lower than 10000")
		return
	}
	var found []*claim
	for _, c := range s.claims {
		match := c.Seller == q.user
		for k, v := range map[string]string{"status": c.Status, "stage": c.Stage, "type": c.Type, "order_id": c.Order.String(), "resource_id": c.Order.String(), "site_id": c.Site} {
			match = match && (q.param(k) == "" || q.param(k) == v)
		}
		if u := q.param("players.user_id"); u != "" {
			match = match && u == map[string]string{"respondent": c.Seller.String(), "complainant": c.Buyer.String()}[q.param("players.role")]
		}
		if match {
			found = append(found, c)
		}
	}
	slices.SortFunc(found, func(a, b *claim) int { return int(a.ID - b.ID) })
	rows := []any{}
	for _, c := range found[min(offset, len(found)):min(offset+limit, len(found))] {
		rows = append(rows, s.claimJSON(c))
	}
	q.json(http.StatusOK, map[string]any{"paging": map[string]int{"total": len(found), "offset": offset, "limit": limit}, "data": rows})
}

func (s *Sim) claimAct(q *request) {
	c := q.claim()
	if c == nil {
		return
	}
	word := q.r.URL.Path[strings.LastIndexByte(q.r.URL.Path, '/')+1:]
	action := map[string]string{"refund": "refund", "partial-refund": "allow_partial_refund", "allow-return": "allow_return", "open-dispute": "open_dispute"}[word]
	var in struct {
		Percentage float64 `json:"percentage"`
	}
	if word == "partial-refund" && !q.decode(&in) {
		return
	}
	err := q.change(c.Order.String(), "claim_"+word, func(t *tx) (bool, error) {
		if !slices.Contains(c.actions(), action) {
			return false, refuse(http.StatusBadRequest, "bad_request_error", "Action "+action+" not available for player")
		}
		v := s.sales[c.Order]
		switch word {
		case "refund":
			t.closeClaim(c, "payment_refunded")
			if v != nil && v.alive() {
				t.giveBack(v, 0)
			}
		case "partial-refund":
			if in.Percentage != 10 && in.Percentage != 25 && in.Percentage != 50 && in.Percentage != 75 {
				return false, refuse(http.StatusBadRequest, "bad_request_error", "Percentage not found")
			}
			t.closeClaim(c, "partial_refunded")
			if v != nil && v.alive() {
				t.giveBack(v, sites[v.Site].round(v.Order.TotalAmount*Amount(in.Percentage)/100))
			}
		case "allow-return":
			c.Type = "return"
			t.touchClaim(c)
		case "open-dispute":
			c.Stage = "dispute"
			t.touchClaim(c)
		}
		return true, nil
	})
	if err != nil {
		q.refused(err)
		return
	}
	q.json(http.StatusOK, s.claimJSON(c))
}

// openClaim is the buyer's step.
func (t *tx) openClaim(v *sale, kind, reason string) *claim {
	n := 0
	for _, l := range v.Order.OrderItems {
		n += l.Quantity
	}
	sh := t.s.shipmentOf(v)
	c := &claim{
		ID: 5_300_000_000 + t.next(), Order: v.Order.ID, Seller: v.Order.Seller.ID, Buyer: v.Order.Buyer.ID, Site: v.Site, Type: kind, Stage: "claim", Status: "opened",
		Reason: reason, Fulfilled: sh != nil && sh.Status == "delivered", Quantity: n, Due: stampAt(t.at.Add(72 * time.Hour)), Created: stampAt(t.at),
	}
	t.s.claims[c.ID] = c
	t.touchClaim(c)
	v.Order.Mediations = append(v.Order.Mediations, Mediation{ID: c.ID, Status: "opened"})
	for i := range v.Order.Payments {
		if p := &v.Order.Payments[i]; p.Status == "approved" {
			p.Status = "in_mediation"
			t.touchPayment(v, p)
		}
	}
	t.touchSale(v)
	return c
}

func (t *tx) closeClaim(c *claim, reason string) {
	c.Status = "closed"
	benefited := "complainant"
	if reason == "opened_claim_by_mistake" || reason == "product_delivered" {
		benefited = "respondent"
	}
	c.Resolution, _ = json.Marshal(map[string]any{"reason": reason, "date_created": stampAt(t.at), "benefited": []string{benefited}, "closed_by": "respondent", "applied_coverage": false})
	t.touchClaim(c)
	v := t.s.sales[c.Order]
	if v == nil {
		return
	}
	for i := range v.Order.Payments {
		if p := &v.Order.Payments[i]; p.Status == "in_mediation" {
			p.Status = "approved"
			t.touchPayment(v, p)
		}
	}
	for i := range v.Order.Mediations {
		if v.Order.Mediations[i].ID == c.ID {
			v.Order.Mediations[i].Status = "closed"
		}
	}
	t.touchSale(v)
}

// giveBack refunds part of an order, or with 0 everything that is left, which ends it.
func (t *tx) giveBack(v *sale, amount Amount) {
	left := Amount(0)
	for _, p := range v.Order.Payments {
		if p.Status == "approved" || p.Status == "in_mediation" {
			left += p.TransactionAmount - p.TransactionAmountRefunded
		}
	}
	if amount == 0 || amount >= left {
		t.cancel(v, CancelDetail{Group: "mediations", Code: "mediations", Description: "The payment was refunded", RequestedBy: "meli"}, "cancelled_manually", false)
		return
	}
	for i := range v.Order.Payments {
		p := &v.Order.Payments[i]
		if part := min(amount, p.TransactionAmount-p.TransactionAmountRefunded); part > 0 && (p.Status == "approved" || p.Status == "in_mediation") {
			t.refund(v, p, part)
			amount -= part
		}
	}
	v.Order.Status = "partially_refunded"
	t.touchSale(v)
}
