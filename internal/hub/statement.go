package hub

import (
	"cmp"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/lane"
	"github.com/tongdan/tongdan/order"
)

// A Statement says whether we have every order that a platform counts of one shop and one
// of its days, how the gaps were repaired, and what the platform cannot tell. Its encoding
// is what is signed, byte for byte.
type Statement struct {
	Format       string         `json:"format"` // statementFormat
	Version      int            `json:"version"`
	Installation string         `json:"installation"`
	Merchant     ident.Merchant `json:"merchant"`
	Channel      string         `json:"channel"`
	ShopID       ident.Shop     `json:"shop_id"`
	Shop         string         `json:"shop"` // the platform's id
	Day          string         `json:"day"`  // of the platform, 2006-01-02
	Zone         string         `json:"zone"` // of the platform
	From         int64          `json:"from"`
	To           int64          `json:"to"`
	Closed       bool           `json:"closed" doc:"The day was over when it was counted."`
	MadeAt       int64          `json:"made_at"`
	MadeBy       string         `json:"made_by"`
	Verdict      string         `json:"verdict" enum:"agrees,differs,unverifiable"`
	Platform     *TheirCount    `json:"platform,omitempty" doc:"Absent when it cannot be verified here."`
	Cannot       *channel.Text  `json:"cannot,omitempty" doc:"Why it cannot be verified here."`
	Ours         OurCount       `json:"ours"`
	Missing      []string       `json:"missing" doc:"Orders that the platform names and we do not have; at most 200."`
	Extra        []string       `json:"extra" doc:"Orders that we have and the platform does not name; at most 200."`
	Empty        []string       `json:"empty" doc:"Numbers that the platform has given and that lead to no order; at most 200."`
	RepairedAll  int            `json:"repaired_count" doc:"Orders whose push did not come in time and that are here all the same."`
	Repaired     []Repaired     `json:"repaired" doc:"The first 200 of them."`
	PushOnly     []channel.Text `json:"push_only" doc:"Facts that no read of the platform returns: lost with a lost push."`
	Audit        db.Head        `json:"audit" doc:"Where the audit chain of the journal ended."`
}

// TheirCount is what the platform counts.
type TheirCount struct {
	Orders int          `json:"orders"`
	Means  channel.Text `json:"means"`
	Hash   string       `json:"hash" doc:"SHA-256 over the sorted ids, each followed by a line feed."`
}

// OurCount is what we have.
type OurCount struct {
	Orders int    `json:"orders"`
	Hash   string `json:"hash"`
}

// Repaired is an order that came otherwise than by a push in time.
type Repaired struct {
	Order string `json:"order"`
	How   string `json:"how" enum:"pushed_late,day_number,pulled"`
	After int64  `json:"after_ms" doc:"After it was placed."`
}

const (
	statementFormat  = "tongdan statement"
	statementVersion = 1
	statementMost    = 200 // orders named in one list

	lateAfter = 5 * time.Minute // a push after this was late: the customer has waited for an answer as long

	// The verdicts.
	Agrees       = "agrees"
	Differs      = "differs"
	Unverifiable = "unverifiable"
)

// MakeStatement counts a day of a shop at the platform and here, and keeps what came of
// it, signed. day is the platform's, as 2006-01-02; "" is today, "yesterday" the day before.
// It fails with fault.NotFound when the shop is not the caller's, and like a read when the
// platform does not answer.
func (h *Hub) MakeStatement(ctx context.Context, who Actor, shop ident.Shop, day string) (db.StatementRow, error) {
	const op = "hub.MakeStatement"
	s, ok := h.db.ShopByID(who.Merchant, shop)
	if !ok || !who.Sees(s.Store) {
		return db.StatementRow{}, fault.Say(op, fault.NotFound, "no_shop", "there is no such shop")
	}
	c, err := h.conn(who.Merchant, s.Account)
	if err != nil {
		return db.StatementRow{}, fault.Wrap(op, err)
	}
	d, err := h.dayOf(c, s, day)
	if err != nil {
		return db.StatementRow{}, err
	}
	t := channel.Tally{}
	if h.Own(s.Channel) {
		if t, err = h.drawn(ctx, s, d); err != nil {
			return db.StatementRow{}, err
		}
	}
	for c.Counts() {
		if t, err = c.Count(ctx, d); err != nil {
			return db.StatementRow{}, fault.Wrap(op, err)
		}
		if d.Resume = t.Resume; t.Resume == nil {
			break
		}
	}
	row, err := h.state(ctx, who.ID, c, s, d, t)
	return row, fault.Wrap(op, err)
}

// dayOf finds a day of a shop in the platform's zone.
func (h *Hub) dayOf(c *conn, s db.ShopRow, day string) (channel.Day, error) {
	zone, now := c.Zone(s.External), h.now()
	if store, ok := h.db.StoreByID(s.Merchant, s.Store); ok && h.Own(s.Channel) {
		if z, err := time.LoadLocation(store.Zone); err == nil {
			zone = z
		}
	}
	at := now.In(zone)
	switch day {
	case "":
	case "yesterday":
		at = at.AddDate(0, 0, -1)
	default:
		t, err := time.ParseInLocation(time.DateOnly, day, zone)
		if err != nil || t.After(now) || now.Sub(t) > 400*24*time.Hour {
			return channel.Day{}, &fault.Error{Op: "hub.MakeStatement", Code: fault.Invalid, Why: fault.Because("day_of_400", "give a day of the last 400, such as 2026-03-01"),
				Fields: []fault.Field{fault.Wrong("body.day", fault.Because("field_day", "is no day of the last 400"))}}
		}
		at = t
	}
	from := time.Date(at.Year(), at.Month(), at.Day(), 0, 0, 0, 0, zone)
	return channel.Day{Shop: s.External, From: from, To: from.AddDate(0, 0, 1)}, nil
}

// state compares and keeps.
func (h *Hub) state(ctx context.Context, by string, c *conn, s db.ShopRow, d channel.Day, t channel.Tally) (db.StatementRow, error) {
	info := c.Info()
	now := h.now()
	st := Statement{
		Format: statementFormat, Version: statementVersion, Merchant: s.Merchant, Channel: s.Channel, ShopID: s.ID, Shop: s.External,
		Day: d.From.Format(time.DateOnly), Zone: d.From.Location().String(), From: d.From.UnixMilli(), To: d.To.UnixMilli(), Closed: !now.Before(d.To), MadeAt: now.UnixMilli(),
		MadeBy: by, Missing: []string{}, Extra: []string{}, Empty: []string{}, Repaired: []Repaired{}, PushOnly: info.PushOnly,
	}
	if st.PushOnly == nil {
		st.PushOnly = []channel.Text{}
	}
	if !c.Counts() && !h.Own(s.Channel) {
		t.Cannot = channel.Text{ZH: "平台没有按天查询订单数的接口", EN: "the platform has no means to count the orders of a day"}
	}
	cannot := t.Cannot != channel.Text{}
	// An order belongs to the day by the platform's own moment, which may be another than the
	// one that lists are sorted by: a little more is looked at on both sides.
	around, err := h.db.OrdersBetween(ctx, s.Merchant, s.ID, d.From.Add(-aroundDay).UnixMilli(), d.To.Add(aroundDay).UnixMilli())
	if err != nil {
		return db.StatementRow{}, err
	}
	have := map[string]db.Counted{}
	ours := []string{}
	for _, o := range around {
		have[o.Ref.ID] = o
		if at, counts := momentOf(o, t.By); counts && at >= st.From && at < st.To && (cannot || !slices.Contains(t.Listed, o.Ref.ID)) {
			ours = append(ours, o.Ref.ID)
			if !cannot {
				st.Extra = append(st.Extra, o.Ref.ID)
			}
		}
	}
	if cannot {
		st.Verdict, st.Cannot = Unverifiable, &t.Cannot
	} else {
		var look []string
		for _, id := range t.Listed {
			if _, ok := have[id]; !ok {
				look = append(look, id)
			}
		}
		elsewhere, err := h.db.OrdersByRefs(ctx, s.Merchant, info.Realm, look)
		if err != nil {
			return db.StatementRow{}, err
		}
		for _, o := range elsewhere {
			have[o.Ref.ID] = o
		}
		for _, id := range t.Listed {
			if o, ok := have[id]; ok {
				ours = append(ours, id)
				if err := h.repaired(ctx, &st, c, o); err != nil {
					return db.StatementRow{}, err
				}
			} else {
				st.Missing = append(st.Missing, id)
			}
		}
		st.Empty = append(st.Empty, t.Empty...)
		st.Platform = &TheirCount{Orders: t.Orders, Means: t.Means, Hash: listHash(t.Listed)}
		if st.Verdict = Agrees; len(st.Missing)+len(st.Extra)+len(st.Empty) > 0 || t.Orders != len(ours) {
			st.Verdict = Differs
		}
	}
	st.Ours = OurCount{Orders: len(ours), Hash: listHash(ours)}
	for _, list := range []*[]string{&st.Missing, &st.Extra, &st.Empty} {
		slices.Sort(*list)
		*list = (*list)[:min(len(*list), statementMost)]
	}
	if st.Audit, err = h.db.ChainHead(ctx, s.Merchant); err != nil {
		return db.StatementRow{}, err
	}
	if st.Installation, err = h.db.Installation(ctx); err != nil {
		return db.StatementRow{}, err
	}
	key, private, err := h.db.Signer(ctx)
	if err != nil {
		return db.StatementRow{}, err
	}
	doc := toJSON(st)
	return h.db.AddStatement(ctx, db.StatementRow{
		Merchant: s.Merchant, Shop: s.ID, Store: s.Store, Day: st.Day, Made: st.MadeAt, Verdict: st.Verdict, Doc: doc, Signature: ed25519.Sign(private, doc), Key: key,
	})
}

// aroundDay is how far from a day's borders orders may be placed that count into it: paid
// after midnight, placed before.
const aroundDay = 6 * time.Hour

// momentOf is when an order counts by the platform's moment; false when it does not count
// yet, because nobody has paid.
func momentOf(o db.Counted, by string) (int64, bool) {
	var s struct {
		PlacedAt int64 `json:"placed_at"`
		PaidAt   int64 `json:"paid_at"`
	}
	if json.Unmarshal(o.Summary, &s) != nil {
		return o.SortAt, true
	}
	if by == channel.ByPaid {
		return cmp.Or(s.PaidAt, s.PlacedAt, o.SortAt), o.Status != order.StatusUnpaid
	}
	return cmp.Or(s.PlacedAt, o.SortAt), true
}

// repaired notes how an order came whose push did not come in time.
func (h *Hub) repaired(ctx context.Context, st *Statement, c *conn, o db.Counted) error {
	if c.app.PublicURL == "" {
		return nil // no push is expected
	}
	dir, what, at, ok, err := h.db.FirstHeard(ctx, c.account.Merchant, o.ID, o.Ref)
	if err != nil || !ok {
		return err
	}
	r := Repaired{Order: o.Ref.ID, After: max(at-o.SortAt, 0)}
	switch {
	case dir == db.Push && r.After <= lateAfter.Milliseconds():
		return nil
	case dir == db.Push:
		r.How = "pushed_late"
	case what == "order.number":
		r.How = "day_number"
	default:
		r.How = "pulled"
	}
	if st.RepairedAll++; len(st.Repaired) < statementMost {
		st.Repaired = append(st.Repaired, r)
	}
	return nil
}

// listHash is the hash over a list of ids, sorted, each with a line feed behind it.
func listHash(ids []string) string {
	ids = slices.Sorted(slices.Values(ids))
	sum := sha256.Sum256([]byte(strings.Join(append(ids, ""), "\n")))
	return hex.EncodeToString(sum[:])
}

// A SignedStatement is a statement with what it takes to check it.
type SignedStatement struct {
	Row       db.StatementRow
	Statement Statement
	Public    ed25519.PublicKey
	Good      bool // the signature is that of the document
}

// Signed reads stored statements and checks their signatures.
func (h *Hub) Signed(ctx context.Context, rows ...db.StatementRow) ([]SignedStatement, error) {
	keys, err := h.db.SigningKeys(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]SignedStatement, 0, len(rows))
	for _, r := range rows {
		s := SignedStatement{Row: r, Public: keys[r.Key]}
		if err := json.Unmarshal(r.Doc, &s.Statement); err != nil {
			return nil, &fault.Error{Op: "hub.Signed", Code: fault.Internal, Why: fault.Because("statement_unreadable", "a stored statement cannot be read"), Err: err}
		}
		s.Good = len(s.Public) == ed25519.PublicKeySize && ed25519.Verify(s.Public, r.Doc, r.Signature)
		out = append(out, s)
	}
	return out, nil
}

// kindCount makes the statements of an account's shops some hours after each day.
const kindCount = "count"

const (
	countAfter = 3 * time.Hour // after the platform's midnight: what is late has come, and been pulled
	countBack  = 3             // days that are made up for after an outage
	countEvery = 10 * time.Minute
	countAgain = time.Hour // before a shop is counted again whose count failed: others have their turn

	// countLast is how long after a day's end its count may fail before the statement says that
	// it cannot be verified: soon the day is not made up for any more, and nothing would be said.
	countLast = countBack*24*time.Hour - 3*time.Hour
)

// counting makes one statement after another, a step of some fifty calls at a time. What it
// has counted so far is in memory: after a restart it begins that day anew.
type counting struct {
	background
	h *Hub
}

type countState struct {
	shop ident.Shop
	day  channel.Day
}

func (k counting) Look(ctx context.Context, e effect.Effect) lane.Result { return k.Do(ctx, e) }

func (k counting) Do(ctx context.Context, e effect.Effect) lane.Result {
	h := k.h
	later := time.Now().Add(countEvery)
	c, err := h.conn(e.Merchant, e.Account)
	if err != nil {
		return repeat(failed(err), later)
	}
	if c.account.Paused {
		return repeat(lane.Result{Outcome: effect.OK}, later)
	}
	v, going := h.counts.Load(e.Account)
	at, _ := v.(countState)
	if !going {
		if at, going, err = k.due(ctx, c); err != nil || !going {
			res := failed(err)
			if err == nil {
				res.Outcome = effect.OK
			}
			return repeat(res, later)
		}
	}
	if h.nears(ctx, e.Merchant, e.Account) { // a count is some hundred calls
		return repeat(lane.Result{Outcome: effect.OK}, time.Now().Add(yieldFor))
	}
	shop, ok := h.db.ShopByID(e.Merchant, at.shop)
	var t channel.Tally
	if ok && c.Counts() {
		t, err = c.Count(ctx, at.day)
	}
	if err != nil && !h.now().Before(at.day.To.Add(countLast)) {
		h.log.WarnContext(ctx, "the day of a shop could not be counted in all the time that it may take", "merchant", e.Merchant.String(), "account", e.Account.String(), "shop", at.shop.String(), "err", err)
		t, err = channel.Tally{Cannot: channel.Text{ZH: "平台三天里都没有给出这一天的订单数", EN: "for three days the platform did not give its count of this day"}}, nil
	}
	switch {
	case !ok:
	case err != nil:
		h.counts.Delete(e.Account)
		h.uncounted.Store(at.shop, time.Now().Add(countAgain))
		switch fault.CodeOf(err) {
		case fault.Unavailable, fault.RateLimited, fault.Unauthorized, fault.Unknown:
			return repeat(failed(err), later) // the others would hear the same
		}
		h.log.WarnContext(ctx, "a shop's orders could not be counted; it is tried again in an hour", "merchant", e.Merchant.String(), "account", e.Account.String(), "shop", at.shop.String(), "err", err)
		return repeat(failed(err), time.Now().Add(time.Second))
	case t.Resume != nil:
		at.day.Resume = t.Resume
		h.counts.Store(e.Account, at)
		return repeat(lane.Result{Outcome: effect.OK}, time.Now().Add(time.Second))
	default:
		_, err = h.state(ctx, "schedule", c, shop, at.day, t)
	}
	h.counts.Delete(e.Account)
	if err != nil {
		return repeat(failed(err), later)
	}
	return repeat(lane.Result{Outcome: effect.OK}, time.Now().Add(time.Second)) // there may be another
}

// due finds a day of a shop that is over by some hours and has no statement of a closed day.
func (k counting) due(ctx context.Context, c *conn) (countState, bool, error) {
	h := k.h
	for _, s := range c.shops {
		if until, failed := h.uncounted.Load(s.ID); failed && time.Now().Before(until.(time.Time)) {
			continue
		}
		for back := countBack; back >= 1; back-- {
			d, err := h.dayOf(c, s, "")
			if err != nil {
				return countState{}, false, err
			}
			d.From, d.To = d.From.AddDate(0, 0, -back), d.To.AddDate(0, 0, -back)
			if h.now().Before(d.To.Add(countAfter)) {
				continue
			}
			list, _, err := h.db.Statements(ctx, db.Scope{Merchant: s.Merchant}, db.StatementFilter{Shop: s.ID, Day: d.From.Format(time.DateOnly), All: true})
			if err != nil {
				return countState{}, false, err
			}
			if !slices.ContainsFunc(list, func(r db.StatementRow) bool { return r.Made >= d.To.UnixMilli() }) {
				return countState{s.ID, d}, true, nil
			}
		}
	}
	return countState{}, false, nil
}

// checkStatements looks at stored statements: the signature is that of the document, and
// the head of the audit chain that it names is the one that the chain has there.
func (h *Hub) checkStatements(ctx context.Context, m ident.Merchant, from string, limit int) (w db.Window, err error) {
	rows, next, err := h.db.Statements(ctx, db.Scope{Merchant: m}, db.StatementFilter{All: true, Cursor: from, Limit: limit})
	if err != nil {
		return w, err
	}
	w.Looked, w.Next = len(rows), next
	for _, r := range rows {
		name := "statement of " + r.Shop.String() + " and " + r.Day
		list, err := h.Signed(ctx, r)
		if err != nil {
			w.Found = append(w.Found, db.Finding{What: name, Want: "a statement", Got: "something else"})
			continue
		}
		st := list[0].Statement
		switch {
		case !list[0].Good:
			w.Found = append(w.Found, db.Finding{What: name, Want: "a signature of this installation", Got: "another document or signature"})
		case st.Day != r.Day || st.Verdict != r.Verdict || st.ShopID != r.Shop:
			w.Found = append(w.Found, db.Finding{What: name, Want: "the columns of the document", Got: "others"})
		case st.Audit.N > 0:
			head, err := h.db.ChainAt(ctx, m, st.Audit.N)
			if err != nil {
				return w, err
			}
			if head.Hash != st.Audit.Hash {
				w.Found = append(w.Found, db.Finding{What: name, Want: "the audit chain with the link " + st.Audit.Hash, Got: cmp.Or(head.Hash, "none")})
			}
		}
	}
	return w, nil
}
