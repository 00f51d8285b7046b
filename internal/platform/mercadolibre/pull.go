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

// cursor is what Pull goes on from. Since and FeedsSent are the platform's times, At
// and FeedsAt are ours; they are never compared with each other.
type cursor struct {
	Since     int64 `json:"since"`                // everything that changed before it has been seen
	Walk      *walk `json:"walk,omitempty"`       // a search that was not read to its end
	FeedsSent int64 `json:"feeds_sent,omitempty"` // the greatest "sent" of the missed feeds seen
	FeedsAt   int64 `json:"feeds_at,omitempty"`   // when they were last looked through
}

// A walk is how far a search has been read. It is believed for a few minutes: rows
// that change leave a window with an end, and those behind them move up.
type walk struct {
	From   int64 `json:"from"`
	To     int64 `json:"to,omitempty"` // 0 = open
	Offset int   `json:"offset"`
	Seen   int64 `json:"seen"`          // the greatest last_updated in it
	Fresh  int64 `json:"fresh"`         // rows from here on are hinted at
	Old    int64 `json:"old,omitempty"` // of these, those before it only when they tell something new
	Wide   bool  `json:"wide,omitempty"`
	At     int64 `json:"at"` // when it began
}

const walkFor = 10 * time.Minute

func (c cursor) encode() json.RawMessage { b, _ := json.Marshal(c); return b }

// begin gives the walk to go on with: the saved one, or a new one over everything
// since the last pull with an overlap.
func (c cursor) begin(now time.Time, wide bool) walk {
	if w := c.Walk; w != nil && (w.Wide || !wide) && w.From > 0 && w.Offset >= 0 && now.UnixMilli()-w.At < walkFor.Milliseconds() {
		return *w
	}
	from, fresh, old := time.UnixMilli(c.Since).Add(-overlap), c.Since-freshRows.Milliseconds(), int64(0)
	switch {
	case c.Since <= 0:
		from, fresh = now.Add(-firstReach), 0
	case wide:
		from, fresh, old = from.Add(-wideBy), 0, fresh
	}
	return walk{From: from.Truncate(time.Hour).UnixMilli(), Seen: c.Since, Fresh: fresh, Old: old, Wide: wide, At: now.UnixMilli()}
}

// Pull searches the orders that changed since the greatest last_updated seen, with two
// hours of overlap, and looks through the missed notifications every two hours. A
// cursor of an unknown form begins anew.
func (s *shop) Pull(ctx context.Context, p channel.Pull) iter.Seq2[channel.Page, error] {
	return func(yield func(channel.Page, error) bool) {
		var c cursor
		if json.Unmarshal(p.Cursor, &c) != nil {
			c = cursor{}
		}
		now := s.env.Now()
		w := c.begin(now, p.Wide)
		if !s.walk(ctx, w, now, &c, yield) {
			return
		}
		if p.Wide || c.FeedsAt == 0 || !now.Before(time.UnixMilli(c.FeedsAt).Add(feedsEvery)) {
			s.feeds(ctx, now, p.Wide, &c, yield)
		}
	}
}

// walk yields pages to the end of the search and reports whether to go on. A window
// that holds more rows than can be paged through is cut until it does not; what lies
// behind the cut is the next window.
func (s *shop) walk(ctx context.Context, w walk, now time.Time, c *cursor, yield func(channel.Page, error) bool) bool {
	for {
		pg, err := s.search(ctx, w)
		if err == nil && w.Offset == 0 && pg.total > searchMost-pageRows {
			if w.cut(now) {
				continue
			}
			err = fault.Say("mercadolibre.Pull", fault.TooLarge, "search_too_large", "more than 9,950 orders changed within one hour: the platform's search cannot list them")
		}
		if err != nil {
			yield(channel.Page{}, err)
			return false
		}
		page := channel.Page{Items: make([]channel.Item, 0, len(pg.rows))}
		for _, raw := range pg.rows {
			item := s.row(raw, w)
			page.Items = append(page.Items, item)
			if item.Err == nil {
				w.Seen = max(w.Seen, versionOf(item))
			}
		}
		done := false
		switch last := len(pg.rows) < pageRows || pg.total > 0 && w.Offset+pageRows >= pg.total; {
		case !last:
			w.Offset += pageRows - pageAgain
		case w.To > 0:
			c.Since = max(c.Since, w.To)
			w.From, w.To, w.Offset = w.To, 0, 0
		default:
			c.Since, done = max(c.Since, w.Seen), true
		}
		if c.Walk = nil; !done {
			c.Walk = &w
		}
		page.Cursor = c.encode()
		if !yield(page, nil) {
			return false
		}
		if done {
			return true
		}
	}
}

// cut halves a window at a whole hour; false when it is one hour long. The hour of the
// cut belongs to both halves, since it is not said whether a filter's end is inclusive.
func (w *walk) cut(now time.Time) bool {
	from, end := time.UnixMilli(w.From), time.UnixMilli(w.To)
	if w.To == 0 {
		end = now.Add(time.Hour)
	}
	span := end.Sub(from)
	if span <= time.Hour {
		return false
	}
	at := from.Add(span / 2).Truncate(time.Hour)
	if !at.After(from) {
		at = from.Add(time.Hour)
	}
	w.To = at.UnixMilli()
	return true
}

type searchPage struct {
	rows  []json.RawMessage
	total int
}

func (s *shop) search(ctx context.Context, w walk) (searchPage, error) {
	const op = "mercadolibre.Pull"
	seller, err := s.seller(ctx)
	if err != nil {
		return searchPage{}, fault.Wrap(op, err)
	}
	q := url.Values{
		"seller": {seller}, "sort": {"date_asc"}, "limit": {strconv.Itoa(pageRows)}, "offset": {strconv.Itoa(w.Offset)},
		"order.date_last_updated.from": {time.UnixMilli(w.From).In(platformZone).Format(searchTime)},
	}
	if w.To > 0 {
		q.Set("order.date_last_updated.to", time.UnixMilli(w.To).In(platformZone).Format(searchTime))
	}
	a, err := s.get(ctx, call{op: op, path: "/orders/search", query: q})
	if err != nil {
		return searchPage{}, err
	}
	n, err := parse(a.body)
	if _, ok := n.m.Get("results"); err != nil || !ok {
		return searchPage{}, fault.Say(op, fault.Unavailable, "answer_unreadable", "the platform's answer cannot be read")
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
		err = fault.Say("mercadolibre.token", fault.Unauthorized, "token_refused", "the platform does not accept the token; authorise the account again")
	}
	return p.user, err
}

// row translates a row of the search, which is an order but has no shipment in it:
// that is hinted at when the row is new. Of an order that has not changed for longer the sweep reads
// what may still move.
func (s *shop) row(raw json.RawMessage, w walk) channel.Item {
	now := s.env.Now()
	item := translateOrder(raw, order.ClassRow, now, nil)
	if item.Err != nil || versionOf(item) < w.Fresh {
		return item
	}
	r, old := item.Readings[0], versionOf(item) < w.Old
	for _, l := range r.Links {
		item.Hints = append(item.Hints, order.Hint{Ref: l, Why: "search", IfNews: old, Of: []string{item.Ref.ID}})
	}
	if head, _ := order.Get[order.Head](r.Record, order.RegHead); len(r.Links) == 0 && head.Logistics == "" {
		// the shipment is made a little later than the order
		item.Hints = append(item.Hints, order.Hint{Ref: item.Ref, After: now.Add(retryParts).UnixMilli(), Why: "search", IfNews: old})
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
			yield(channel.Page{}, fault.Say(op, fault.Unavailable, "answer_unreadable", "the platform's answer cannot be read"))
			return
		}
		rows := n.elements("messages")
		var items []channel.Item
		for _, raw := range rows {
			m, err := parse(raw)
			if err != nil {
				items = append(items, channel.Item{What: "missed", Raw: raw, Err: &fault.Error{Op: op, Code: fault.Invalid, Why: fault.Because("missed_unreadable", "a missed notification that cannot be read")}})
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
