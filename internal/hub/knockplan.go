package hub

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/role"
)

// A knock brings a concern of the message centre to a phone outside the console. This file
// is the pure half: what knocks when, at whom, and in which message.

// The levels at which somebody is told, in the order in which a concern goes up.
const (
	LevelStore = iota // the store's groups
	LevelManager
	LevelArea
	LevelHeadquarters
	levels
)

// levelNames are the levels that a robot may be of.
var levelNames = map[string]int{"store": LevelStore, "area": LevelArea, "headquarters": LevelHeadquarters}

// KnockRules say what knocks, of the merchant or of one store.
type KnockRules struct {
	Kinds     []string `json:"kinds" maxItems:"20" enum:"unaccepted,late,rider,refund,reminder,problem,unknown,full,refused,authorise,platform,comment,penalty,printer,resting,rule,silent,stuck,lost,slow" doc:"Kinds of messages that knock."`
	AcceptS   int      `json:"accept_s" minimum:"120" maximum:"1800" doc:"Seconds after which an order that nobody accepted knocks."`
	People    bool     `json:"people" doc:"People are told by short message, not only groups."`
	QuietFrom int      `json:"quiet_from" minimum:"0" maximum:"1439" doc:"Minute of the store's day from which nothing knocks; what still waits afterwards does then."`
	QuietTo   int      `json:"quiet_to" minimum:"0" maximum:"1439" doc:"Until when; the same as quiet_from: never quiet."`
	PerHour   int      `json:"per_hour" minimum:"1" maximum:"200" doc:"Short messages to one number in an hour, at most. Of the merchant."`
	PerDay    int      `json:"per_day" minimum:"1" maximum:"1000" doc:"And in 24 hours."`
	Delivery  Patience `json:"delivery,omitzero" doc:"Minutes after which a delivery stands still, in the messages as well. Left out: as it was for all stores, or the usual."`
}

// DefaultKnockRules hold until somebody changes them.
var DefaultKnockRules = KnockRules{
	Kinds:   []string{ConcernUnaccepted, ConcernReminder, ConcernRefund, ConcernLost, ConcernProblem, ConcernStuck, ConcernFull, ConcernRefused, ConcernAuthorise, ConcernOutage, ConcernPrinter, ConcernResting, ConcernRule},
	AcceptS: 120, People: true, PerHour: 20, PerDay: 60, Delivery: UsualPatience,
}

// quiet reports whether a moment is in the quiet hours of a zone.
func (r KnockRules) quiet(now time.Time, zone string) bool {
	if r.QuietFrom == r.QuietTo {
		return false
	}
	loc, err := time.LoadLocation(zone)
	if err != nil {
		loc = time.UTC
	}
	at := now.In(loc)
	m := at.Hour()*60 + at.Minute()
	if r.QuietFrom < r.QuietTo {
		return m >= r.QuietFrom && m < r.QuietTo
	}
	return m >= r.QuietFrom || m < r.QuietTo
}

// A recipient is whoever can be told.
type recipient struct {
	id     string // usr_…, snd_…
	level  int
	stores []ident.Store // nil = all
	locale string
	person bool
}

func (r recipient) sees(s ident.Store) bool {
	return r.stores == nil || s != 0 && slices.Contains(r.stores, s)
}

// recipients are the robots that are on and the people who have a number and the right to
// do something about it.
func recipients(senders []db.SenderRow, users []db.UserRow, phones map[ident.User]string, sms bool) (out []recipient) {
	for _, s := range senders {
		if level, ok := levelNames[s.Level]; ok && !s.Disabled {
			out = append(out, recipient{s.ID.String(), level, s.Stores, s.Locale, false})
		}
	}
	for _, u := range users {
		level, ok := map[role.Role]int{role.StoreManager: LevelManager, role.AreaManager: LevelArea, role.Headquarters: LevelHeadquarters, role.Owner: LevelHeadquarters}[role.Role(u.Role)]
		if ok && sms && !u.Disabled && phones[u.ID] != "" {
			out = append(out, recipient{u.ID.String(), level, u.Stores, u.Locale, true})
		}
	}
	return out
}

// An alarm is a concern as it knocks, or what is wrong with a channel as a whole.
type alarm struct {
	Concern
	first int // the lowest level that hears of it
}

// newsAt is the moment before which a message cannot have told of it as it is: when it began,
// or when a stand-in took a printer's place, after which nobody has to run.
func (a alarm) newsAt() int64 { return max(a.SinceAt, a.StandInAt) }

// alarms are the concerns that knock and that nobody has taken. Troubles of accounts become
// one alarm for a channel and cause; one that reaches several stores is not each store's.
func alarms(list []Concern) (out []alarm) {
	at := map[string]int{}
	for _, c := range list {
		if c.TakenBy != "" {
			continue
		}
		if c.Kind != ConcernOutage && c.Kind != ConcernAuthorise {
			out = append(out, alarm{c, LevelStore})
			continue
		}
		key := incidentKey(c)
		i, ok := at[key]
		if !ok {
			i, at[key] = len(out), len(out)
			c.Key, c.Stores = key, slices.Clone(c.Stores)
			out = append(out, alarm{c, LevelStore})
		}
		a := &out[i]
		a.SinceAt = min(a.SinceAt, c.SinceAt)
		for _, s := range c.Stores {
			if !slices.Contains(a.Stores, s) {
				a.Stores = append(a.Stores, s)
			}
		}
		if len(a.Stores) > 1 {
			a.first = LevelArea
		}
	}
	return out
}

func incidentKey(c Concern) string { return "incident/" + c.Channel + "/" + c.Cause }

// orderOfKey gives the order of a concern's key, 0 when it is about none.
func orderOfKey(key string) (id ident.Order) {
	parts := strings.Split(key, "/")
	if len(parts) > 1 && strings.HasPrefix(parts[1], "ord_") && id.UnmarshalText([]byte(parts[1])) != nil {
		return 0
	}
	return id
}

// ladder tells when a concern reaches each level, in UTC ms of the trade's clock. With a
// deadline: half of its time for the store's manager, five minutes before it (of a short
// one, its last two fifths) for the area's, and five minutes later headquarters, while
// there is still a minute. Without one: at once, one, three and five minutes later.
func ladder(a alarm, r KnockRules) (at [levels]int64) {
	const minute = 60_000
	start := a.SinceAt
	if a.Kind == ConcernUnaccepted {
		start += int64(r.AcceptS) * 1000
	}
	if a.Kind == ConcernFull { // the store's own matter
		return [levels]int64{start, start, math.MaxInt64, math.MaxInt64}
	}
	if a.Kind == ConcernStuck { // who stands at the counter can call a rider; the others hear of what stays
		return [levels]int64{start, start + 5*minute, start + 15*minute, math.MaxInt64}
	}
	if a.Kind == ConcernResting { // the manager hears of it with the store
		return [levels]int64{start, start, start + 3*minute, start + 5*minute}
	}
	if a.Kind == ConcernLost || a.Kind == ConcernSlow { // it is over: who answers for the store learns of it, and nobody has to run
		return [levels]int64{start, start, start + 3*minute, math.MaxInt64}
	}
	if a.DueAt <= a.SinceAt {
		return [levels]int64{start, start + minute, start + 3*minute, start + 5*minute}
	}
	span := a.DueAt - a.SinceAt
	half := a.SinceAt + span/2
	if a.Kind == ConcernRefund {
		start = half
	}
	at[LevelStore] = start
	at[LevelManager] = max(half, start)
	at[LevelArea] = max(a.DueAt-min(5*minute, span*2/5), at[LevelManager])
	at[LevelHeadquarters] = max(min(at[LevelArea]+5*minute, a.DueAt-minute), at[LevelArea])
	return at
}

// A digest is one message to be made.
type digest struct {
	to   recipient
	list []alarm
}

// what the plan depends on.
type knockWorld struct {
	now     time.Time // of the trade's clock
	alarms  []alarm
	rules   func(ident.Store) KnockRules
	zone    func(ident.Store) string
	who     []recipient
	told    map[[2]string]int64 // recipient and key → UTC ms of the trade's clock
	waiting map[string]bool     // recipients with a message on its way: what comes meanwhile is joined to the next
}

// digests decides who is told of what now: each of a concern once, everything for one in
// one message. Where nobody of the first level can be reached, the next that can is first.
func digests(w knockWorld) []digest {
	by := map[string]int{}
	var out []digest
	ms := w.now.UnixMilli()
	for _, a := range w.alarms {
		store := a.StoreID
		if store == 0 && len(a.Stores) > 0 {
			store = a.Stores[0]
		}
		rules := w.rules(store)
		if !slices.Contains(rules.Kinds, a.Kind) || rules.quiet(w.now, w.zone(store)) {
			continue
		}
		at := ladder(a, rules)
		first := firstReached(a, w.who, rules.People)
		for _, r := range w.who {
			if r.person && !rules.People || !hears(a, r) {
				continue
			}
			due := at[r.level]
			if r.level == first {
				due = at[LevelStore]
			}
			told, was := w.told[[2]string{r.id, a.Key}]
			if r.level < a.first && r.level != first || ms < due || was && told >= a.newsAt() || w.waiting[r.id] {
				continue
			}
			i, ok := by[r.id]
			if !ok {
				i, by[r.id] = len(out), len(out)
				out = append(out, digest{to: r})
			}
			out[i].list = append(out[i].list, a)
		}
	}
	return out
}

// firstReached is the lowest level from the alarm's own on at which anybody hears of it,
// else the highest below.
func firstReached(a alarm, who []recipient, people bool) int {
	reach := func(level int) bool {
		return slices.ContainsFunc(who, func(r recipient) bool { return r.level == level && (people || !r.person) && hears(a, r) })
	}
	for l := a.first; l < levels; l++ {
		if reach(l) {
			return l
		}
	}
	for l := a.first - 1; l >= 0; l-- {
		if reach(l) {
			return l
		}
	}
	return a.first
}

func hears(a alarm, r recipient) bool {
	if a.Order != nil || a.StoreID != 0 {
		return r.sees(a.StoreID)
	}
	return r.stores == nil || slices.ContainsFunc(a.Stores, r.sees)
}

// sortAlarms puts first what a message begins with.
func sortAlarms(list []alarm) {
	slices.SortStableFunc(list, func(a, b alarm) int {
		return cmp.Or(compareConcerns(a.Concern, b.Concern), cmp.Compare(a.Key, b.Key))
	})
}
