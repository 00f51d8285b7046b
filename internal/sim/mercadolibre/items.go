package mercadolibre

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/tongdan/tongdan/internal/sim"
)

// addItem registers a listing. It refuses what the platform could not have.
func (t *tx) addItem(sl *Seller, it *Item) error {
	st := sites[sl.Site]
	if !strings.HasPrefix(it.ID, st.ID) || t.s.items[it.ID] != nil {
		return fmt.Errorf("listing %q of seller %d: the id must be new and begin with %s", it.ID, sl.ID, st.ID)
	}
	it.Seller, it.Site = sl.ID, st.ID
	if it.LogisticType == "" {
		it.LogisticType = sl.Logistic
	}
	it.Mode = modeOf(it.LogisticType)
	if it.Mode == "" {
		return fmt.Errorf("listing %s: logistic type %q is unknown", it.ID, it.LogisticType)
	}
	if it.BasePrice == 0 {
		it.BasePrice = it.Price
	}
	if it.Status == "" {
		it.Status = "active"
	}
	it.SubStatus = orEmpty(it.SubStatus)
	for i := range it.Variations {
		if it.Variations[i].Price == 0 {
			it.Variations[i].Price = it.Price
		}
	}
	it.sum()
	it.Version, it.Created, it.Updated = 1, stampAt(t.at), stampAt(t.at)
	t.s.keepItem(it)
	t.items[it.ID] = it
	return nil
}

// sum recomputes the listing's stock from its variations.
func (it *Item) sum() {
	if len(it.Variations) == 0 {
		return
	}
	it.Available = 0
	for _, v := range it.Variations {
		it.Available += v.Available
	}
}

func (it *Item) find(id ID) *Variation {
	for i := range it.Variations {
		if it.Variations[i].ID == id {
			return &it.Variations[i]
		}
	}
	return nil
}

// variation resolves what is bought; without one named, the one with most stock.
func (it *Item) variation(id *ID, t *tx) (*Variation, error) {
	if len(it.Variations) == 0 {
		return nil, nil
	}
	if id != nil && *id != 0 {
		if v := it.find(*id); v != nil {
			return v, nil
		}
		return nil, fmt.Errorf("listing %s has no variation %d", it.ID, *id)
	}
	best := &it.Variations[t.s.rng.IntN(len(it.Variations))]
	for i := range it.Variations {
		if best.Available == 0 && it.Variations[i].Available > 0 {
			best = &it.Variations[i]
		}
	}
	return best, nil
}

// anyListing picks something that can be bought and that is not yet in the cart: another order of
// a cart is another listing.
func (t *tx) anyListing(sl *Seller, quantity int, cart map[string]int) *Item {
	var can, again []*Item
	for _, it := range t.s.ofItems[sl.ID] {
		enough := len(it.Variations) == 0 && it.Available >= quantity
		for _, v := range it.Variations {
			enough = enough || v.Available >= quantity
		}
		switch {
		case it.Status != "active" || !enough:
		case cart[it.ID+" sold"] > 0:
			again = append(again, it)
		default:
			can = append(can, it)
		}
	}
	if len(can) == 0 {
		can = again
	}
	if len(can) == 0 {
		return nil
	}
	return pick(t.s, can)
}

// settleItem applies the rule that stock 0 pauses a listing and more wakes it again.
func (t *tx) settleItem(it *Item) {
	it.sum()
	it.Version++
	switch {
	case it.Available == 0 && it.Status == "active":
		it.Status, it.SubStatus = "paused", []string{"out_of_stock"}
	case it.Available > 0 && it.Status == "paused" && slices.Contains(it.SubStatus, "out_of_stock"):
		it.Status, it.SubStatus = "active", []string{}
	}
	t.touchItem(it)
}

// stockChanged tells of a change; order is "" when the seller made it.
func (s *Sim) stockChanged(it *Item, variation ID, order, why string, pieces int) {
	if s.onStock == nil {
		return
	}
	c := sim.StockChange{Platform: s.Name(), Shop: it.Seller.String(), Item: it.ID, Order: order, Why: why, Pieces: pieces, Shows: it.Available}
	if v := it.find(variation); v != nil {
		c.Variation, c.Shows = v.ID.String(), v.Available
	}
	s.onStock(c)
}

// SetStock sets a listing's stock as the seller's own page does; variation 0 means the
// listing, or all of its variations.
func (s *Sim) SetStock(item string, variation ID, quantity int) error {
	return s.do(s.clock.Now(), func(t *tx) error {
		it := s.items[item]
		if it == nil {
			return fmt.Errorf("listing %q does not exist", item)
		}
		return t.setStock(it, variation, quantity)
	})
}

func (t *tx) setStock(it *Item, variation ID, quantity int) error {
	if quantity < 0 || quantity > 99_999 {
		return refuse(http.StatusBadRequest, "validation_error", "Validation error: available_quantity must lie between 0 and 99999")
	}
	if variation != 0 {
		v := it.find(variation)
		if v == nil {
			return refuse(http.StatusBadRequest, "validation_error", fmt.Sprintf("Variation %d not found", variation))
		}
		v.Available = quantity
	} else {
		it.Available = quantity
		for i := range it.Variations {
			it.Variations[i].Available = quantity
		}
	}
	t.settleItem(it)
	t.stockSet(it, variation)
	return nil
}

// stockSet tells that the seller set a listing's stock; variation 0 = all of it.
func (t *tx) stockSet(it *Item, variation ID) {
	if variation != 0 || len(it.Variations) == 0 {
		t.s.stockChanged(it, variation, "", sim.StockSet, 0)
		return
	}
	for _, v := range it.Variations {
		t.s.stockChanged(it, v.ID, "", sim.StockSet, 0)
	}
}

func (s *Sim) itemRoutes() []route {
	return []route{
		{method: "GET", path: "/items", do: s.itemsMulti},
		{method: "GET", path: "/items/{item}", do: s.getItem},
		{method: "PUT", path: "/items/{item}", do: s.putItem},
		{method: "GET", path: "/users/{user}/items/search", do: s.searchItems},
		{method: "GET", path: "/user-products/{up}/stock", group: "user_products_stock", do: s.getUserStock},
		{method: "PUT", path: "/user-products/{up}/stock/type/selling_address", group: "user_products_stock", do: s.putUserStock},
		{method: "PUT", path: "/user-products/{up}/stock/type/seller_warehouse", group: "user_products_stock", do: s.putUserStock},
		{method: "GET", path: "/sites", do: s.listSites},
		{method: "GET", path: "/currencies/{currency}", do: s.currency},
		{method: "GET", path: "/users/{user}/shipping_preferences", do: s.shippingPreferences},
	}
}

func (s *Sim) itemJSON(it *Item, all bool) map[string]any {
	vars := []any{}
	for _, v := range it.Variations {
		m := map[string]any{
			"id": v.ID, "price": v.Price, "available_quantity": v.Available, "sold_quantity": v.Sold, "seller_custom_field": nil,
			"attribute_combinations": v.Combination, "picture_ids": []string{"000000-" + it.Site}, "user_product_id": v.UserProductID, "inventory_id": nil,
		}
		if all {
			m["attributes"] = []any{map[string]any{"id": "SELLER_SKU", "value_name": v.SKU}}
		}
		if it.LogisticType == "fulfillment" {
			m["inventory_id"] = "INV" + v.ID.String()
		}
		vars = append(vars, m)
	}
	attrs := []any{map[string]any{"id": "BRAND", "name": "Marca", "value_id": nil, "value_name": it.Brand}}
	if it.SKU != "" {
		attrs = append(attrs, map[string]any{"id": "SELLER_SKU", "name": "SKU", "value_id": nil, "value_name": it.SKU})
	}
	var inventory any
	if it.LogisticType == "fulfillment" && len(it.Variations) == 0 {
		inventory = "INV" + it.ID
	}
	return map[string]any{
		"id": it.ID, "site_id": it.Site, "title": it.Title, "seller_id": it.Seller, "category_id": it.CategoryID, "official_store_id": nil,
		"price": it.Price, "base_price": it.BasePrice, "original_price": nil, "currency_id": sites[it.Site].Currency,
		"initial_quantity": it.Available + it.Sold, "available_quantity": it.Available, "sold_quantity": it.Sold,
		"buying_mode": "buy_it_now", "listing_type_id": "gold_special", "condition": "new",
		"permalink": "https://articulo.mercadolibre.com/" + it.ID, "thumbnail": "http://http2.mlstatic.com/D_000000-" + it.Site + ".jpg",
		"pictures":            []any{map[string]any{"id": "000000-" + it.Site, "url": "http://http2.mlstatic.com/D_000000-" + it.Site + "-O.jpg"}},
		"shipping":            map[string]any{"mode": it.Mode, "logistic_type": it.LogisticType, "free_shipping": false, "local_pick_up": false, "store_pick_up": false, "tags": []any{}, "methods": []any{}, "dimensions": nil},
		"seller_custom_field": nil, "attributes": attrs, "sale_terms": []any{map[string]any{"id": "MANUFACTURING_TIME", "value_name": nil}},
		"variations": vars, "status": it.Status, "sub_status": it.SubStatus, "tags": []string{"good_quality_thumbnail", "immediate_payment"},
		"catalog_product_id": nil, "catalog_listing": false, "domain_id": it.Site + "-GOODS", "user_product_id": orNil(it.UserProductID), "inventory_id": inventory,
		"health": nil, "date_created": it.Created.utc(), "last_updated": it.Updated.utc(),
	}
}

// only keeps the attributes that ?attributes= asks for.
func (q *request) only(m map[string]any) map[string]any {
	want := q.param("attributes")
	if want == "" {
		return m
	}
	out := map[string]any{}
	for _, k := range strings.Split(want, ",") {
		if v, ok := m[strings.TrimSpace(k)]; ok {
			out[strings.TrimSpace(k)] = v
		}
	}
	return out
}

func (s *Sim) getItem(q *request) {
	it := s.items[q.vars["item"]]
	if it == nil {
		q.fail(http.StatusNotFound, "not_found", "Item with id "+q.vars["item"]+" not found")
		return
	}
	q.json(http.StatusOK, q.only(s.itemJSON(it, q.param("include_attributes") == "all")))
}

func (s *Sim) itemsMulti(q *request) {
	ids := strings.Split(q.param("ids"), ",")
	slices.Sort(ids)
	ids = slices.Compact(ids)
	if len(ids) > 20 {
		q.json(http.StatusBadRequest, map[string]any{"error": "bad_request", "message": fmt.Sprintf("The parameter 'ids' only allows 20 elements. You exceeded this value by sending %d elements", len(ids))})
		return
	}
	rows := []any{}
	for _, id := range ids {
		switch it := s.items[id]; {
		case it == nil:
			rows = append(rows, map[string]any{"code": 404, "body": map[string]any{"id": id, "message": "Item with id " + id + " not found", "error": "not_found", "status": 404, "cause": []any{}}})
		case it.Seller != q.user:
			rows = append(rows, map[string]any{"code": 403, "body": map[string]any{"id": id, "message": "access to the requested resource is forbidden", "error": "access_denied", "status": 403, "cause": []any{}}})
		default:
			rows = append(rows, map[string]any{"code": 200, "body": q.only(s.itemJSON(it, q.param("include_attributes") == "all"))})
		}
	}
	q.json(http.StatusOK, rows)
}

func (s *Sim) searchItems(q *request) {
	if user, _ := q.id("user"); user != q.user {
		q.policy("access to the requested resource is forbidden")
		return
	}
	offset, limit := max(atoi(q.param("offset"), 0), 0), min(max(atoi(q.param("limit"), 50), 1), 100)
	if offset+limit > 1000 {
		q.fail(http.StatusBadRequest, "bad_request", "Invalid limit and offset values: use search_type=scan beyond 1000 results")
		return
	}
	sku := q.param("seller_sku") + q.param("sku")
	var ids []string
	for _, it := range s.ofItems[q.user] {
		has := sku == "" || it.SKU == sku
		for _, v := range it.Variations {
			has = has || v.SKU == sku
		}
		if st := q.param("status"); has && (st == "" || st == it.Status) {
			ids = append(ids, it.ID)
		}
	}
	total := len(ids)
	ids = ids[min(offset, total):min(offset+limit, total)]
	q.json(http.StatusOK, map[string]any{"seller_id": q.user.String(), "results": orEmpty(ids), "paging": map[string]int{"total": total, "offset": offset, "limit": limit}, "query": nil, "orders": []any{}, "available_orders": []any{}})
}

func (s *Sim) putItem(q *request) {
	it := s.items[q.vars["item"]]
	if it == nil {
		q.fail(http.StatusNotFound, "not_found", "Item with id "+q.vars["item"]+" not found")
		return
	}
	q.call.Order = it.ID
	if it.Seller != q.user {
		q.fail(http.StatusForbidden, "forbidden", "The caller is not authorized to modify this item")
		return
	}
	var in struct {
		Available  *int    `json:"available_quantity"`
		Price      *Amount `json:"price"`
		Status     *string `json:"status"`
		Variations []struct {
			ID        ID      `json:"id"`
			Available *int    `json:"available_quantity"`
			Price     *Amount `json:"price"`
		} `json:"variations"`
	}
	if !q.decode(&in) {
		return
	}
	err := q.change(it.ID, "stock", func(t *tx) (bool, error) {
		before, _ := json.Marshal(it)
		draft := *it
		draft.Variations = slices.Clone(it.Variations)
		if it.Status == "closed" {
			return false, refuse(http.StatusBadRequest, "validation_error", "Item is closed and cannot be updated")
		}
		if in.Available != nil && len(it.Variations) > 0 {
			return false, refuse(http.StatusBadRequest, "validation_error", "available_quantity is not modifiable: the item has variations")
		}
		priced := false
		for _, v := range in.Variations {
			x := draft.find(v.ID)
			if x == nil {
				return false, refuse(http.StatusBadRequest, "validation_error", fmt.Sprintf("Variation %d not found", v.ID))
			}
			if v.Available != nil {
				if *v.Available < 0 || *v.Available > 99_999 {
					return false, refuse(http.StatusBadRequest, "validation_error", "available_quantity is out of range")
				}
				x.Available = *v.Available
			}
			if v.Price != nil {
				x.Price, priced = *v.Price, true
			}
		}
		if priced {
			// Variations left out of a price change are deleted.
			draft.Variations = slices.DeleteFunc(draft.Variations, func(x Variation) bool {
				for _, v := range in.Variations {
					if v.ID == x.ID {
						return false
					}
				}
				return true
			})
		}
		if in.Available != nil && !slices.Contains(s.sellers[it.Seller].Tags, "warehouse_management") {
			if *in.Available < 0 || *in.Available > 99_999 {
				return false, refuse(http.StatusBadRequest, "validation_error", "available_quantity is out of range")
			}
			draft.Available = *in.Available
		}
		if in.Price != nil {
			draft.Price = *in.Price
		}
		if in.Status != nil {
			switch *in.Status {
			case "active", "paused", "closed":
			default:
				return false, refuse(http.StatusBadRequest, "validation_error", "Invalid status")
			}
			draft.Status, draft.SubStatus = *in.Status, []string{}
		}
		version, updated := it.Version, it.Updated
		*it = draft
		t.settleItem(it)
		it.Version, it.Updated = version, updated
		if after, _ := json.Marshal(it); string(after) == string(before) {
			return false, nil
		}
		it.Version++
		t.touchItem(it)
		t.stockSet(it, 0)
		return true, nil
	})
	if err != nil {
		q.refused(err)
		return
	}
	q.json(http.StatusOK, s.itemJSON(it, true))
}

// userProduct finds who sells a user product.
func (s *Sim) userProduct(q *request) (*Item, *Variation) {
	for _, it := range s.ofItems[q.user] {
		if it.UserProductID == q.vars["up"] {
			return it, nil
		}
		for i := range it.Variations {
			if it.Variations[i].UserProductID == q.vars["up"] {
				return it, &it.Variations[i]
			}
		}
	}
	q.fail(http.StatusNotFound, "not_found", "stock-locations not found")
	return nil, nil
}

func (s *Sim) userStock(q *request, it *Item, v *Variation) map[string]any {
	n := it.Available
	if v != nil {
		n = v.Available
	}
	loc := map[string]any{"type": "selling_address", "quantity": n}
	switch {
	case it.LogisticType == "fulfillment":
		loc["type"] = "meli_facility"
	case slices.Contains(s.sellers[it.Seller].Tags, "warehouse_management"):
		loc = map[string]any{"type": "seller_warehouse", "store_id": "100", "network_node_id": it.Site[1:] + "P100001", "quantity": n}
	}
	q.w.Header().Set("X-Version", itoa(it.Version))
	return map[string]any{"id": q.vars["up"], "user_id": it.Seller, "locations": []any{loc}}
}

func (s *Sim) getUserStock(q *request) {
	if it, v := s.userProduct(q); it != nil {
		q.json(http.StatusOK, s.userStock(q, it, v))
	}
}

func (s *Sim) putUserStock(q *request) {
	it, v := s.userProduct(q)
	if it == nil {
		return
	}
	q.call.Order = it.ID
	warehouse := strings.HasSuffix(q.r.URL.Path, "seller_warehouse")
	var in struct {
		Quantity  *int `json:"quantity"`
		Locations []struct {
			Quantity int `json:"quantity"`
		} `json:"locations"`
	}
	if !q.decode(&in) {
		return
	}
	n := 0
	switch {
	case !warehouse && it.Site != "MLA" && it.Site != "MLC":
		q.fail(http.StatusBadRequest, "bad_request", "the site is blocked for modifications to the selling address")
		return
	case !warehouse && in.Quantity == nil, warehouse && len(in.Locations) != 1:
		q.fail(http.StatusBadRequest, "bad_request", "quantity is required")
		return
	case warehouse && q.r.Header.Get("X-Version") == "":
		q.fail(http.StatusBadRequest, "bad_request", "Missing X-Version header")
		return
	case warehouse && q.r.Header.Get("X-Version") != itoa(it.Version):
		q.fail(http.StatusConflict, "conflict", "Version mismatch")
		return
	case warehouse:
		n = in.Locations[0].Quantity
	default:
		n = *in.Quantity
	}
	variation, have := ID(0), it.Available
	if v != nil {
		variation, have = v.ID, v.Available
	}
	err := q.change(it.ID, "stock", func(t *tx) (bool, error) {
		if n == have {
			return false, nil
		}
		t.hint("stock-location", "/user-products/"+q.vars["up"]+"/stock", it.Seller, it.ID)
		return true, t.setStock(it, variation, n)
	})
	switch {
	case err != nil:
		q.refused(err)
	case warehouse:
		q.json(http.StatusOK, s.userStock(q, it, v))
	default:
		q.w.WriteHeader(http.StatusNoContent)
	}
}

func (s *Sim) listSites(q *request) {
	rows := []any{}
	for _, id := range siteOrder {
		rows = append(rows, map[string]any{"id": id, "name": sites[id].CountryName, "default_currency_id": sites[id].Currency})
	}
	q.json(http.StatusOK, rows)
}

func (s *Sim) currency(q *request) {
	for _, id := range siteOrder {
		if st := sites[id]; st.Currency == q.vars["currency"] {
			q.json(http.StatusOK, map[string]any{"id": st.Currency, "decimal_places": st.Decimals})
			return
		}
	}
	q.fail(http.StatusNotFound, "not_found", "Currency "+q.vars["currency"]+" not found")
}

func (s *Sim) shippingPreferences(q *request) {
	if user, _ := q.id("user"); user != q.user {
		q.policy("access to the requested resource is forbidden")
		return
	}
	sl := s.sellers[q.user]
	q.json(http.StatusOK, map[string]any{
		"modes": []string{modeOf(sl.Logistic)}, "thermal_printer": "zpl2", "mandatory_invoice_data": sl.OwnInvoice, "free_configurations": []any{},
		"logistics": []any{map[string]any{"mode": modeOf(sl.Logistic), "types": []any{map[string]any{"type": sl.Logistic, "services": []int{831}, "carrier_pickup": sl.Logistic == "cross_docking", "default": true}}}},
	})
}

// Items gives copies of a seller's listings, in the order in which they were added.
func (s *Sim) Items(seller ID) []Item {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Item
	for _, it := range s.ofItems[seller] {
		c := *it
		c.Variations = slices.Clone(it.Variations)
		out = append(out, c)
	}
	return out
}
