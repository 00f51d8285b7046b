package mercadolibre

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// scroll is a scan through search results, good for five minutes.
type scroll struct {
	user    ID
	ids     []ID
	expires time.Time
}

const (
	maxSearchLimit = 51
	maxSearchReach = 10_000
	historyMonths  = 12
)

// searchOrders answers GET /orders/search.
func (s *Sim) searchOrders(q *request) {
	seller, _ := parseID(q.param("seller"))
	if seller == 0 && q.param("buyer") != "" {
		seller = q.user // a seller's token sees no purchases: nothing is found
	}
	if seller != q.user {
		q.fail(http.StatusForbidden, "caller.id.invalid", "The caller.id does not match the seller")
		return
	}
	limit, offset := atoi(q.param("limit"), 50), atoi(q.param("offset"), 0)
	scan := q.param("search_type") == "scan"
	switch {
	case limit > maxSearchLimit:
		q.fail(http.StatusBadRequest, "bad_request", "Limit must be a lower or equal than 51")
		return
	case limit < 1 || offset < 0 || scan && q.param("offset") != "":
		q.fail(http.StatusBadRequest, "bad_request", "Invalid limit or offset")
		return
	case !scan && offset+limit > maxSearchReach:
		q.json(http.StatusBadRequest, map[string]any{"error": "limit.maximum_exceeded", "message": "Limit must be a lower or equal than 10000"})
		return
	}
	sort := cmp.Or(q.param("sort"), "date_asc")
	name, ok := map[string]string{"date_asc": "Date ascending", "date_desc": "Date descending"}[sort]
	if !ok {
		q.fail(http.StatusBadRequest, "bad_request", "Invalid sort "+sort[:min(len(sort), 40)])
		return
	}
	var found []*Order
	of := map[*Order]*sale{}
	scrollID := q.param("scroll_id")
	if scan && scrollID != "" {
		sc := s.scrolls[scrollID]
		if sc == nil || sc.user != q.user || !q.now.Before(sc.expires) {
			q.fail(http.StatusBadRequest, "bad_request", "The scroll_id is invalid or has expired")
			return
		}
		n := min(limit, len(sc.ids))
		for _, id := range sc.ids[:n] {
			if v := s.sales[id]; v != nil {
				found = append(found, &v.Order)
				of[&v.Order] = v
			}
		}
		sc.ids, sc.expires = sc.ids[n:], q.now.Add(5*time.Minute)
		s.answerSearch(q, found, of, sort, name, len(found), 0, limit, scrollID)
		return
	}
	match, err := s.searchFilter(q)
	if err != nil {
		q.refused(err)
		return
	}
	for _, v := range s.ofSeller[q.user] {
		if o := s.indexed(v, q.now); o != nil && match(v, o) {
			found = append(found, o)
			of[o] = v
		}
	}
	// Sellers sort by the date of closing; a sale that is not closed counts by its creation.
	key := func(o *Order) time.Time {
		if o.DateClosed.IsZero() {
			return o.DateCreated.Time
		}
		return o.DateClosed.Time
	}
	slices.SortStableFunc(found, func(a, b *Order) int {
		c := cmp.Or(key(a).Compare(key(b)), cmp.Compare(a.ID, b.ID))
		if sort == "date_desc" {
			return -c
		}
		return c
	})
	total := len(found)
	if scan {
		s.seq++
		scrollID = fmt.Sprintf("scroll-%d-%d", s.seed, s.seq)
		sc := &scroll{user: q.user, expires: q.now.Add(5 * time.Minute)}
		for _, o := range found[min(limit, total):] {
			sc.ids = append(sc.ids, o.ID)
		}
		for id, old := range s.scrolls {
			if q.now.After(old.expires) || len(s.scrolls) > 1000 {
				delete(s.scrolls, id)
			}
		}
		s.scrolls[scrollID] = sc
		offset = 0
	}
	s.answerSearch(q, found[min(offset, total):min(offset+limit, total)], of, sort, name, total, offset, limit, scrollID)
}

// answerSearch writes the envelope. Rows carry both names of the time of change.
func (s *Sim) answerSearch(q *request, found []*Order, of map[*Order]*sale, sort, name string, total, offset, limit int, scrollID string) {
	rows := make([]json.RawMessage, 0, len(found))
	for _, o := range found {
		raw := s.renderOrder(of[o], o)
		extra, _ := json.Marshal(o.LastUpdated.utc())
		rows = append(rows, slices.Concat([]byte(`{"date_last_updated":`), extra, []byte(","), raw[1:]))
	}
	paging := map[string]any{"total": total, "offset": offset, "limit": limit}
	display := "complete"
	if scrollID != "" {
		paging["scroll_id"], display = scrollID, "partial"
	}
	q.json(http.StatusOK, map[string]any{
		"query": q.param("q"), "results": rows, "sort": map[string]string{"id": sort, "name": name},
		"available_sorts": []any{map[string]string{"id": "date_asc", "name": "Date ascending"}, map[string]string{"id": "date_desc", "name": "Date descending"}},
		"filters":         []any{}, "paging": paging, "display": display, "available_filters": []any{},
	})
}

// indexed is the order as the search index knows it; nil when it does not yet.
func (s *Sim) indexed(v *sale, now time.Time) *Order {
	if now.Before(v.VisibleAt.Time) {
		return nil
	}
	lag := time.Duration(s.cfg.SearchLag)
	if lag == 0 || !v.Order.LastUpdated.After(now.Add(-lag)) {
		return &v.Order
	}
	for i := len(v.old) - 1; i >= 0; i-- {
		if !v.old[i].at.After(now.Add(-lag)) {
			return &v.old[i].order
		}
	}
	return nil
}

// searchFilter turns the query into a test.
func (s *Sim) searchFilter(q *request) (func(*sale, *Order) bool, error) {
	type span struct {
		from, to time.Time
		of       func(*Order) time.Time
	}
	var spans []span
	for name, of := range map[string]func(*Order) time.Time{
		"order.date_created": func(o *Order) time.Time { return o.DateCreated.Time }, "order.date_last_updated": func(o *Order) time.Time { return o.LastUpdated.Time },
		"order.date_closed": func(o *Order) time.Time { return o.DateClosed.Time },
	} {
		sp := span{of: of}
		for _, end := range []struct {
			key string
			to  *time.Time
		}{{name + ".from", &sp.from}, {name + ".to", &sp.to}} {
			if text := q.param(end.key); text != "" {
				at, err := parseTime(text)
				if err != nil {
					return nil, refuse(http.StatusBadRequest, "bad_request", "Invalid date format in "+end.key)
				}
				*end.to = at
			}
		}
		if !s.cfg.ExactDates { // minutes and seconds are ignored: whole hours are compared
			sp.from = sp.from.Truncate(time.Hour)
			if !sp.to.IsZero() {
				sp.to = sp.to.Truncate(time.Hour).Add(time.Hour - 1)
			}
		}
		if !sp.from.IsZero() || !sp.to.IsZero() {
			spans = append(spans, sp)
		}
	}
	status, text, item, tag, notTag, packID := q.param("order.status"), strings.ToLower(q.param("q")), q.param("item"), q.param("tags"), q.param("tags.not"), q.param("pack_id")
	shipStatus, shipSub := q.param("shipping.status"), q.param("shipping.substatus")
	none := q.param("buyer") != "" && q.param("seller") == ""
	oldest := q.now.AddDate(0, -historyMonths, 0)
	return func(v *sale, o *Order) bool {
		if none || o.DateCreated.Before(oldest) && !v.History {
			return false
		}
		if status != "" && o.Status != status || s.cfg.HideCancelled && o.Status == "cancelled" && status != "cancelled" {
			return false
		}
		for _, sp := range spans {
			at := sp.of(o)
			if at.IsZero() || at.Before(sp.from) || !sp.to.IsZero() && at.After(sp.to) {
				return false
			}
		}
		if tag != "" && !slices.Contains(o.Tags, tag) || notTag != "" && slices.Contains(o.Tags, notTag) {
			return false
		}
		if packID != "" && (o.PackID == nil || o.PackID.String() != packID) {
			return false
		}
		hasItem, hasText := item == "", text == "" || o.ID.String() == text || strings.Contains(strings.ToLower(o.Buyer.Nickname), text)
		for _, l := range o.OrderItems {
			hasItem = hasItem || l.Item.ID == item
			hasText = hasText || strings.EqualFold(l.Item.ID, text) || strings.Contains(strings.ToLower(l.Item.Title), text)
		}
		if !hasItem || !hasText {
			return false
		}
		if shipStatus != "" || shipSub != "" {
			sh := s.shipmentOf(v)
			return sh != nil && (shipStatus == "" || sh.Status == shipStatus) && (shipSub == "" || sh.Substatus == shipSub)
		}
		return true
	}, nil
}
