package mercadolibre

import (
	"context"
	"encoding/json"
	"iter"
	"net/url"
	"strconv"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/order"
)

// Limits and habits of /orders/search. Date filters ignore minutes and seconds; sort
// is by date_closed, not by the date that is filtered, so rows move while they are
// paged: each page begins a few rows before the end of the last one.
const (
	pageRows   = 50
	pageAgain  = 5      // rows read again
	searchMost = 10_000 // offset + limit
	overlap    = 2 * time.Hour
	wideBy     = 72 * time.Hour      // missed feeds are kept two days
	firstReach = 30 * 24 * time.Hour // how far back the first pull looks
	freshRows  = 15 * time.Minute    // rows of the overlap that are hinted at again
	feedsEvery = 2 * time.Hour
	feedRows   = 50
	feedsMost  = 10_000
)

// The platform writes its times with this offset, whatever the country.
var platformZone = time.FixedZone("", -4*3600)

const searchTime = "2006-01-02T15:04:05.000-07:00"

// cursor is what Pull goes on from. Since and FeedsSent are the platform's times,
// FeedsAt is ours; they are never compared with each other.
type cursor struct {
	Since     int64 `json:"since"`                // the greatest last_updated seen
	FeedsSent int64 `json:"feeds_sent,omitempty"` // the greatest "sent" of the missed feeds seen
	FeedsAt   int64 `json:"feeds_at,omitempty"`   // when they were last looked through
}

// Pull searches the orders that changed since the greatest last_updated seen, with two
// hours of overlap, and looks through the missed notifications every two hours.
func (s *shop) Pull(ctx context.Context, p channel.Pull) iter.Seq2[channel.Page, error] {
	return func(yield func(channel.Page, error) bool) {
		var c cursor
		if len(p.Cursor) > 0 {
			if err := json.Unmarshal(p.Cursor, &c); err != nil {
				yield(channel.Page{}, &fault.Error{Op: "mercadolibre.Pull", Code: fault.Invalid, Words: "the saved cursor cannot be read; begin anew without it"})
				return
			}
		}
		now := s.env.Now()
		from := time.UnixMilli(c.Since).Add(-overlap)
		switch {
		case c.Since == 0:
			from = now.Add(-firstReach)
		case p.Wide:
			from = from.Add(-wideBy)
		}
		fresh := c.Since - freshRows.Milliseconds()
		if p.Wide {
			fresh = 0
		}
		w := window{from: from.Truncate(time.Hour)}
		if !s.searchAll(ctx, w, now, &c, fresh, yield) {
			return
		}
		if p.Wide || c.FeedsAt == 0 || !now.Before(time.UnixMilli(c.FeedsAt).Add(feedsEvery)) {
			s.feeds(ctx, now, p.Wide, &c, yield)
		}
	}
}

// A window is a span of last_updated in whole hours; without an end it is open.
type window struct{ from, to time.Time }

// searchAll yields the pages of a window, halving it as long as it holds more rows
// than the search can page through. It reports whether to go on. Cursors move only
// when the whole search is through: a row may have come with any date.
func (s *shop) searchAll(ctx context.Context, w window, now time.Time, c *cursor, fresh int64, yield func(channel.Page, error) bool) bool {
	var held *channel.Page // the last page waits, for the cursor that belongs behind all
	since := c.Since
	emit := func(p channel.Page) bool {
		if held != nil && !yield(*held, nil) {
			return false
		}
		held = &p
		return true
	}
	todo := []window{w}
	for len(todo) > 0 {
		w, todo = todo[0], todo[1:]
		for offset := 0; ; offset += pageRows - pageAgain {
			pg, err := s.search(ctx, w, offset)
			if err == nil && offset == 0 && pg.total > searchMost-pageRows {
				halves := w.halve(now)
				if halves != nil {
					todo = append(halves, todo...)
					break
				}
				err = fault.New("mercadolibre.Pull", fault.TooLarge, "more than 10,000 orders of one hour: the platform's search cannot list them")
			}
			if err != nil {
				if held != nil && !yield(*held, nil) {
					return false
				}
				yield(channel.Page{}, err)
				return false
			}
			items := make([]channel.Item, 0, len(pg.rows))
			for _, raw := range pg.rows {
				item := s.row(raw, fresh)
				items = append(items, item)
				if item.Err == nil {
					since = max(since, versionOf(item))
				}
			}
			page := channel.Page{Items: items, Cursor: c.encode()}
			if !emit(page) {
				return false
			}
			if len(pg.rows) < pageRows || pg.total > 0 && offset+pageRows >= pg.total {
				break
			}
		}
	}
	c.Since = since
	if held != nil {
		held.Cursor = c.encode()
		return yield(*held, nil)
	}
	return true
}

// halve splits a window at a whole hour; nil when it is one hour. The hour of the cut
// belongs to both, since it is not said whether the end of a filter is inclusive.
func (w window) halve(now time.Time) []window {
	end := w.to
	if end.IsZero() {
		end = now.Add(time.Hour)
	}
	span := end.Sub(w.from)
	if span <= time.Hour {
		return nil
	}
	cut := w.from.Add(span / 2).Truncate(time.Hour)
	if !cut.After(w.from) {
		cut = w.from.Add(time.Hour)
	}
	return []window{{w.from, cut}, {cut, w.to}}
}

func (c cursor) encode() json.RawMessage { b, _ := json.Marshal(c); return b }

type searchPage struct {
	rows  []json.RawMessage
	total int
}

func (s *shop) search(ctx context.Context, w window, offset int) (searchPage, error) {
	const op = "mercadolibre.Pull"
	seller, err := s.seller(ctx)
	if err != nil {
		return searchPage{}, fault.Wrap(op, err)
	}
	q := url.Values{
		"seller": {seller}, "sort": {"date_asc"}, "limit": {strconv.Itoa(pageRows)}, "offset": {strconv.Itoa(offset)},
		"order.date_last_updated.from": {w.from.In(platformZone).Format(searchTime)},
	}
	if !w.to.IsZero() {
		q.Set("order.date_last_updated.to", w.to.In(platformZone).Format(searchTime))
	}
	a, err := s.get(ctx, call{op: op, path: "/orders/search", query: q})
	if err != nil {
		return searchPage{}, err
	}
	n, err := parse(a.body)
	if err != nil || n.m["results"] == nil {
		return searchPage{}, fault.New(op, fault.Unavailable, "the platform's answer is cut off or no search result")
	}
	total, _ := n.obj("paging").count("total")
	return searchPage{n.elements("results"), int(total)}, nil
}

// seller is whose orders are searched: the account's, else the token's user.
func (s *shop) seller(ctx context.Context) (string, error) {
	if s.acct.External != "" {
		return s.acct.External, nil
	}
	p, err := s.token(ctx)
	if err == nil && p.user == "" {
		err = fault.New("mercadolibre.token", fault.Unauthorized, "the token does not say whose it is; authorise the account again")
	}
	return p.user, err
}

// row translates a row of the search, which is an order but has no shipment in it:
// that is hinted at when the row is new.
func (s *shop) row(raw json.RawMessage, fresh int64) channel.Item {
	now := s.env.Now()
	item := translateOrder(raw, order.ClassRow, now, nil)
	if item.Err != nil || versionOf(item) < fresh {
		return item
	}
	r := item.Readings[0]
	for _, l := range r.Links {
		item.Hints = append(item.Hints, order.Hint{Ref: l, Why: "search"})
	}
	if head, _ := order.Get[order.Head](r.Record, order.RegHead); len(r.Links) == 0 && head.Logistics == "" {
		// the shipment is made a little later than the order
		item.Hints = append(item.Hints, order.Hint{Ref: item.Ref, After: now.Add(retryParts).UnixMilli(), Why: "search"})
	}
	return item
}

func versionOf(item channel.Item) int64 {
	return item.Readings[0].Record.Regs[order.RegHead].Stamp.Version
}

// feeds yields the notifications that the platform gave up. They are the application's,
// of all its sellers; only this one's count here.
func (s *shop) feeds(ctx context.Context, now time.Time, wide bool, c *cursor, yield func(channel.Page, error) bool) {
	const op = "mercadolibre.Pull"
	seller, err := s.seller(ctx)
	if err != nil {
		yield(channel.Page{}, fault.Wrap(op, err))
		return
	}
	known := c.FeedsSent - (10 * time.Minute).Milliseconds()
	if wide {
		known = 0
	}
	newest, last := c.FeedsSent, false
	for offset := 0; !last && offset < feedsMost; {
		q := url.Values{"app_id": {s.acct.App.Credentials["client_id"].Reveal()}, "limit": {strconv.Itoa(feedRows)}, "offset": {strconv.Itoa(offset)}}
		a, err := s.get(ctx, call{op: op, path: "/missed_feeds", query: q})
		switch fault.CodeOf(err) {
		case "":
		case fault.Unauthorized, fault.RateLimited, fault.Unavailable:
			yield(channel.Page{}, err)
			return
		default: // refused for good: seen by people, tried again in two hours, and no reason to stop pulling
			c.FeedsAt = now.UnixMilli()
			yield(channel.Page{Items: []channel.Item{{What: "missed_feeds", Raw: a.body, Err: err}}, Cursor: c.encode()}, nil)
			return
		}
		n, err := parse(a.body)
		if err != nil {
			yield(channel.Page{}, fault.New(op, fault.Unavailable, "the platform's answer is cut off or no JSON"))
			return
		}
		rows := n.elements("messages")
		var items []channel.Item
		for _, raw := range rows {
			m, err := parse(raw)
			if err != nil {
				items = append(items, channel.Item{What: "missed", Raw: raw, Err: &fault.Error{Op: op, Code: fault.Invalid, Words: "a missed notification that cannot be read"}})
				continue
			}
			sent := m.when("sent", now.Add(clockSkew))
			item, user := notice(m, "missed")
			item.Raw = raw
			newest = max(newest, sent)
			if user == seller && (sent == 0 || sent >= known) {
				items = append(items, item)
			}
		}
		offset += len(rows)
		last = len(rows) == 0
		if last {
			c.FeedsAt, c.FeedsSent = now.UnixMilli(), newest
		}
		if !yield(channel.Page{Items: items, Cursor: c.encode()}, nil) {
			return
		}
	}
}
