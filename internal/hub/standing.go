package hub

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/front"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/lane"
)

// How a platform shows a shop is told by its messages and read by time: one call for all shops of an account where the
// platform takes that. What was read last holds until something newer is said.
const (
	kindStanding = "standing"

	standingShare = 0.1 // of an app's rate budget that may go into reading how shops stand

	openedAfter = 5 * time.Minute // after its opening time a shop that rests is told of
	standingOld = 15 * time.Minute
)

// surveying reads how the shops of an account stand.
type surveying struct {
	background
	h *Hub
}

func (p surveying) Look(ctx context.Context, e effect.Effect) lane.Result { return p.Do(ctx, e) }

func (p surveying) Do(ctx context.Context, e effect.Effect) lane.Result {
	h := p.h
	c, err := h.conn(e.Merchant, e.Account)
	if err != nil {
		return repeat(failed(err), time.Now().Add(effect.Wait(e.Attempts)))
	}
	power := c.Info().Standing
	if power == nil {
		return repeat(lane.Result{Outcome: effect.OK}, time.Now().Add(notAllowedIn))
	}
	every := h.clock.Wall(h.now().Add(surveyEvery(power, c.Info().Budget, len(h.db.AccountsOf(c.app.ID)), len(c.shops))))
	if row, ok := h.db.AccountByID(e.Merchant, e.Account); !ok || row.Paused || len(c.shops) == 0 {
		return repeat(lane.Result{Outcome: effect.OK}, every)
	}
	err = h.survey(ctx, c, c.shops)
	if fault.Is(err, fault.Forbidden) || fault.Is(err, fault.Unsupported) {
		return repeat(lane.Result{Outcome: effect.OK}, time.Now().Add(notAllowedIn))
	}
	return repeat(failedOrOK(err), every)
}

// surveyEvery is the pause between two looks: the platform's, or longer where an app has so many accounts that the
// looks would take more than their share of its budget.
func surveyEvery(p *channel.StandingPower, b channel.Budget, accounts, shops int) time.Duration {
	calls := float64(accounts) * math.Ceil(float64(max(shops, 1))/float64(max(p.Batch, 1)))
	if b.PerSecond <= 0 {
		return p.Every
	}
	return max(p.Every, time.Duration(calls/(b.PerSecond*standingShare)*float64(time.Second)))
}

// survey reads how shops of an account stand, and keeps it.
func (h *Hub) survey(ctx context.Context, c *conn, shops []db.ShopRow) error {
	at := h.now().UnixMilli()
	ids := make([]string, 0, len(shops))
	of := map[string]ident.Shop{}
	for _, s := range shops {
		ids = append(ids, s.External)
		of[s.External] = s.ID
	}
	list, err := c.Standings(ctx, ids)
	if err != nil {
		return err
	}
	var rows []db.StandingRow
	for _, s := range list {
		if id := of[s.Shop]; id != 0 {
			rows = append(rows, db.StandingRow{Shop: id, State: s.State, Since: at, Said: at, Seen: at, Doc: s})
		}
	}
	return h.db.KeepStandings(ctx, c.account.Merchant, rows)
}

// hearStanding keeps what a message tells of a shop's standing. It is kept before the message is answered; what fails is read
// by time.
func (h *Hub) hearStanding(ctx context.Context, app db.AppRow, realm string, n *channel.StandingNews) {
	s, ok := h.db.ShopByExternal(app.Merchant, realm, n.Shop)
	if !ok {
		return
	}
	at := min(n.At.UnixMilli(), h.now().UnixMilli()) // a platform's clock may be ahead: nothing later would hold
	err := error(nil)
	if n.State == "" {
		err = h.Resurvey(ctx, app.Merchant, s.Account)
	} else {
		err = h.db.KeepStandings(ctx, app.Merchant, []db.StandingRow{{Shop: s.ID, State: n.State, Since: at, Said: at, Seen: at, Words: n.Words, Held: n.Held && n.State != channel.ShopOpen}})
	}
	if err != nil {
		h.log.WarnContext(ctx, "how a shop stands could not be kept", "merchant", app.Merchant.String(), "shop", s.ID.String(), "err", err)
	}
}

// Resurvey has the shops of an account looked at now.
func (h *Hub) Resurvey(ctx context.Context, m ident.Merchant, a ident.Account) error {
	key := effect.GoalKey("account/"+a.String(), kindStanding, "")
	_, err := h.db.Do(ctx, db.Verb{Name: "standing.now", Merchant: m, Keys: []string{key}, Class: db.Background, Decide: func(tx *db.Tx) error {
		if e, ok := tx.EffectByKey(key); ok && e.State == effect.Waiting {
			e.NextAt, e.Changed = tx.Now().UnixMilli(), tx.Now().UnixMilli()
			tx.PutEffect(&e)
		}
		return nil
	}})
	return fault.Wrap("hub.Resurvey", err)
}

// stands notes what a call of ours has made of a shop, so that nobody has to wait for the next look.
func (h *Hub) stands(ctx context.Context, m ident.Merchant, s ident.Shop, rests bool) {
	at := h.now().UnixMilli()
	row := db.StandingRow{Shop: s, State: channel.ShopOpen, Since: at, Said: at, Seen: at}
	if rests {
		row.State = channel.ShopResting
	}
	if err := h.db.KeepStandings(ctx, m, []db.StandingRow{row}); err != nil {
		h.log.WarnContext(ctx, "how a shop stands could not be kept", "merchant", m.String(), "shop", s.String(), "err", err)
	}
}

// hoursText reads "11:00-14:00,17:00-22:00", with a span that may pass midnight; ok is false when it is none.
func hoursText(s string) (out []front.Span, ok bool) {
	if strings.TrimSpace(s) == "" {
		return nil, true
	}
	for _, part := range strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == '，' || r == '、' || r == ';' }) {
		from, to, cut := strings.Cut(strings.TrimSpace(strings.NewReplacer("－", "-", "–", "-", "：", ":").Replace(part)), "-")
		sp := front.Span{From: strings.TrimSpace(from), To: strings.TrimSpace(to)}
		if a, b := minuteOf(sp.From), minuteOf(sp.To); !cut || a < 0 || b < 0 || a == b || a == 24*60 {
			return nil, false
		}
		out = append(out, sp)
	}
	return out, len(out) > 0 && len(out) <= 6
}

// minuteOf is the minute of a day, −1 when it is none; 24:00 is its end.
func minuteOf(s string) int {
	t, err := time.Parse("15:04", s)
	switch {
	case s == "24:00":
		return 24 * 60
	case err != nil:
		return -1
	}
	return t.Hour()*60 + t.Minute()
}

// openSince tells since when a shop with these hours has been meant to be open at a moment: the beginning of the span
// that the moment lies in, of which spans that touch are one. The zero time: it is not meant to be open.
func openSince(hours []front.Span, now time.Time) time.Time {
	from := time.Time{}
	day := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, now.Location())
	at := func(d time.Time, minute int) time.Time {
		return time.Date(d.Year(), d.Month(), d.Day(), 0, minute, 0, 0, d.Location())
	}
	until := now.Add(time.Nanosecond) // a span that ends after the beginning that is known continues it to the front
	for grown := true; grown; {
		grown = false
		for _, d := range []time.Time{day.AddDate(0, 0, -1), day} {
			for _, sp := range hours {
				a, b := minuteOf(sp.From), minuteOf(sp.To)
				if a < 0 || b < 0 {
					continue
				}
				begin, end := at(d, a), at(d, b)
				if b <= a {
					end = at(d.AddDate(0, 0, 1), b)
				}
				if begin.Before(until) && !end.Before(until) {
					from, until, grown = begin, begin, true
				}
			}
		}
	}
	return from
}

// hoursOf are the opening hours by which a shop is judged: the store's, else those that the platform says.
func hoursOf(st db.StoreRow, s db.StandingRow) []front.Span {
	if h, ok := hoursText(st.Hours); ok && len(h) > 0 {
		return h
	}
	return s.Doc.Hours
}

// ConcernResting is a shop that its platform shows as resting or offline while its store is open.
const ConcernResting = "resting" // 到点未营业

// resters lists the shops that rest five minutes after their store has opened, or after they were put to rest; at once
// where the platform did it. A pause of ours until some moment is meant, and is not told.
func (h *Hub) resters(ctx context.Context, who Actor, now time.Time) (out []Concern, err error) {
	standings, err := h.db.Standings(ctx, who.Merchant)
	if err != nil || len(standings) == 0 {
		return nil, err
	}
	shops := slices.DeleteFunc(h.db.ShopsIn(who.Scope), func(s db.ShopRow) bool {
		st := standings[s.ID]
		return s.Mode != ModeFull || s.Store == 0 || st.State != channel.ShopResting && st.State != channel.ShopOffline || now.UnixMilli()-st.Seen > standingOld.Milliseconds()
	})
	if len(shops) == 0 {
		return nil, nil
	}
	rests, err := h.rests(ctx, who.Merchant, shops)
	if err != nil {
		return nil, err
	}
	for _, s := range shops {
		st := standings[s.ID]
		store, ok := h.db.StoreByID(who.Merchant, s.Store)
		zone, zoneErr := time.LoadLocation(store.Zone)
		if !ok || zoneErr != nil {
			continue
		}
		opened := openSince(hoursOf(store, st), now.In(zone))
		if opened.IsZero() {
			continue
		}
		if e, ok := rests[s.ID]; ok && e.State.Open() && restOf(e).Until > time.Now().UnixMilli() {
			continue
		}
		since := max(opened.UnixMilli(), st.Since)
		told := since + openedAfter.Milliseconds()
		if st.Held {
			told = since
		}
		if now.UnixMilli() < told {
			continue
		}
		out = append(out, Concern{Key: ConcernResting + "/" + s.ID.String() + "/" + opened.UTC().Format("0102T1504"), Kind: ConcernResting, Urgent: true, StoreID: s.Store, Channel: s.Channel, AccountID: s.Account,
			Cause: cmp.Or(map[bool]string{true: "held"}[st.Held], string(st.State)), Words: st.Words, SinceAt: since})
	}
	slices.SortFunc(out, func(a, b Concern) int { return cmp.Compare(a.Key, b.Key) })
	return out, nil
}
