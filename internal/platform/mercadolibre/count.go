package mercadolibre

import (
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/fault"
)

// Zone implements channel.Counter: the day of the site's country.
func (s *shop) Zone(string) *time.Location {
	if z, err := time.LoadLocation(s.site.zone); err == nil {
		return z
	}
	return platformZone
}

// counting is how far a count has come.
type counting struct {
	Offset int      `json:"o"`
	Listed []string `json:"l,omitempty"`
}

const countPages = 40 // in one go

// Count searches the orders that were created within the day. The search compares whole
// hours, so each row is looked at; it lists at most 10,000 orders.
func (s *shop) Count(ctx context.Context, d channel.Day) (channel.Tally, error) {
	const op = "mercadolibre.Count"
	out := channel.Tally{By: channel.ByPlaced, Means: channel.Text{ZH: "按下单时间搜索订单（orders/search）", EN: "a search for orders by their date of creation (orders/search)"}}
	seller, err := s.seller(ctx)
	if err != nil {
		return out, fault.Wrap(op, err)
	}
	if d.Shop != seller {
		out.Cannot = channel.Text{ZH: "该店铺不属于此授权账号", EN: "this shop is not that of the authorised account"}
		return out, nil
	}
	var at counting
	if d.Resume == nil || json.Unmarshal(d.Resume, &at) != nil {
		at = counting{}
	}
	for range countPages {
		q := url.Values{
			"seller": {seller}, "sort": {"date_asc"}, "limit": {strconv.Itoa(pageRows)}, "offset": {strconv.Itoa(at.Offset)},
			"order.date_created.from": {d.From.In(platformZone).Format(searchTime)},
			"order.date_created.to":   {d.To.In(platformZone).Format(searchTime)},
		}
		a, err := s.get(ctx, call{op: op, path: "/orders/search", query: q})
		if err != nil {
			return out, err
		}
		n, err := parse(a.body)
		if _, ok := n.m.Get("results"); err != nil || !ok {
			return out, fault.Say(op, fault.Unavailable, "answer_unreadable", "the platform's answer cannot be read")
		}
		total, _ := n.obj("paging").count("total")
		if total > searchMost-pageRows {
			out.Cannot = channel.Text{ZH: "一天超过 9,950 单，平台的搜索无法全部列出", EN: "more than 9,950 orders on one day: the platform's search cannot list them"}
			return out, nil
		}
		rows := n.elements("results")
		for _, raw := range rows {
			r, err := parse(raw)
			id := ""
			if err == nil {
				id = r.id("id")
			}
			placed := r.when("date_created", d.To.Add(clockSkew))
			if id == "" || placed == 0 {
				return out, fault.Say(op, fault.Unavailable, "answer_unreadable", "the platform's answer cannot be read")
			}
			if placed >= d.From.UnixMilli() && placed < d.To.UnixMilli() && !slices.Contains(at.Listed, id) {
				at.Listed = append(at.Listed, id)
			}
		}
		if len(rows) < pageRows || at.Offset+pageRows >= int(total) {
			out.Listed, out.Orders = at.Listed, len(at.Listed)
			return out, nil
		}
		at.Offset += pageRows - pageAgain
	}
	b, err := json.Marshal(at)
	if err != nil {
		return out, &fault.Error{Op: op, Code: fault.Internal, Err: err}
	}
	out.Resume = b
	return out, nil
}
