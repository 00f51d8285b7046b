package mercadolibre

import "strings"

// userJSON is a seller's account: all of it for its owner, the public part for others; nil
// for nobody.
func (s *Sim) userJSON(id ID, own bool) map[string]any {
	sl := s.sellers[id]
	if sl == nil {
		return nil
	}
	st := sites[sl.Site]
	o := s.originOf(sl)
	sales, late, cancelled := 0, 0, 0
	for _, v := range s.ofSeller[id] {
		sales++
		if v.Order.CancelDetail != nil && v.Order.CancelDetail.RequestedBy == "seller" {
			cancelled++
		}
		if sh := s.shipmentOf(v); sh != nil && len(sh.Delays) > 0 {
			late++
		}
	}
	claims := 0
	for _, c := range s.claims {
		if c.Seller == id {
			claims++
		}
	}
	rate := func(n int) Amount { // two decimals are enough here
		if sales == 0 {
			return 0
		}
		return Amount(100 * n / sales)
	}
	m := map[string]any{
		"id": sl.ID, "nickname": sl.Nickname, "registration_date": "2019-03-01T10:00:00.000-04:00", "country_id": st.Country,
		"address": map[string]any{"state": *o.State.ID, "city": *o.City.Name}, "user_type": "normal",
		"tags": append([]string{"normal", "user_info_verified", "messages_as_seller"}, sl.Tags...), "logo": nil, "points": 1200, "site_id": sl.Site,
		"permalink": st.Permalink + strings.ReplaceAll(sl.Nickname, " ", "+"),
		"seller_reputation": map[string]any{
			"level_id": "5_green", "power_seller_status": "gold",
			"transactions": map[string]any{"period": "historic", "total": sales, "completed": sales - cancelled, "canceled": cancelled, "ratings": map[string]any{"positive": 0.93, "neutral": 0.03, "negative": 0.04}},
			"metrics": map[string]any{
				"sales":                 map[string]any{"period": "60 days", "completed": sales},
				"claims":                map[string]any{"period": "60 days", "rate": rate(claims), "value": claims},
				"delayed_handling_time": map[string]any{"period": "60 days", "rate": rate(late), "value": late},
				"cancellations":         map[string]any{"period": "60 days", "rate": rate(cancelled), "value": cancelled},
			},
		},
		"status": map[string]any{"site_status": "active"},
	}
	if !own {
		return m
	}
	zip := ""
	if o.ZipCode != nil {
		zip = *o.ZipCode
	}
	allow := map[string]any{"allow": true, "codes": []any{}, "immediate_payment": map[string]any{"required": false, "reasons": []any{}}}
	m["first_name"], m["last_name"], m["email"] = "Loja", "Exemplo", "seller"+sl.ID.String()+"@example.invalid"
	m["identification"] = map[string]any{"type": st.Company, "number": "00000000000191"}
	m["address"] = map[string]any{"state": *o.State.ID, "city": *o.City.Name, "address": o.AddressLine, "zip_code": zip}
	m["phone"] = map[string]any{"area_code": "11", "number": "40000000", "extension": "", "verified": true}
	m["alternative_phone"] = map[string]any{"area_code": "", "number": "", "extension": ""}
	m["seller_experience"] = "ADVANCED"
	m["status"] = map[string]any{
		"site_status": "active", "list": allow, "sell": allow, "buy": allow, "billing": map[string]any{"allow": true, "codes": []any{}},
		"mercadoenvios": "accepted", "user_type": nil, "required_action": nil,
	}
	return m
}
