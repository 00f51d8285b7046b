package hub

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
)

// Health is how everything is doing, for a status page: for people first, then for whoever
// runs it. Times are UTC milliseconds of the wall clock, 0 = none.
type Health struct {
	At       int64           `json:"at"`
	Armed    bool            `json:"armed"`
	Accounts []AccountHealth `json:"accounts"`
	Queue    []QueueHealth   `json:"queue" doc:"What waits for the database, on all nodes: of the node that answers now, of others as they last said (every 3 seconds)."`
	Follower FollowerHealth  `json:"follower"`
	Lanes    []LaneHealth    `json:"lanes"`
	Calls    []CallHealth    `json:"calls"`
	Parked   int64           `json:"parked"`
	Database DatabaseHealth  `json:"database"`
	Nodes    []NodeHealth    `json:"nodes"`
	Checks   []CheckHealth   `json:"checks" doc:"Checks that run by themselves, such as that of the backups; empty when none has run."`
	Version  string          `json:"version"`
}

// How an account is doing.
const (
	Good   = "good"
	Slow   = "slow"
	Down   = "down"
	Paused = "paused"
)

// AccountHealth is how orders and acts get through, for one account.
type AccountHealth struct {
	AccountID ident.Account `json:"account_id"`
	Channel   string        `json:"channel"`
	Name      string        `json:"name"`
	State     string        `json:"state" enum:"good,slow,down,paused"`
	Cause     string        `json:"cause" doc:"Why, as a stable word: ok, paused, disarmed, authorise, unreachable, failing, slow, late, no_pull, unworked."`
	Kinds     []string      `json:"kinds" doc:"What fails, with cause failing."`
	SinceAt   int64         `json:"since_at"`
	PushAt    int64         `json:"push_at" doc:"The last push."`
	PullAt    int64         `json:"pull_at" doc:"The last pull that ended well."`
	Calls     []int64       `json:"calls" doc:"Calls in each of the last 60 minutes, the newest last."`
	Failed    []int64       `json:"failed" doc:"Of them, those that failed for reasons of the platform or the way to it."`
}

// QueueHealth is what waits for the writer.
type QueueHealth struct {
	Class    string `json:"class" enum:"pushes,people,background"`
	Waiting  int    `json:"waiting"`
	OldestMS int64  `json:"oldest_ms"`
}

// FollowerHealth is how far counts and search are.
type FollowerHealth struct {
	Behind  int64 `json:"behind" doc:"Changes that are not counted yet."`
	SinceAt int64 `json:"since_at" doc:"Of the oldest of them; 0 = all are counted."`
}

// LaneHealth is the work of one account.
type LaneHealth struct {
	AccountID ident.Account `json:"account_id"`
	Node      string        `json:"node" doc:"Who works it; empty = nobody."`
	Open      int64         `json:"open" doc:"Acts and reads that wait or are being made."`
	Person    int64         `json:"person" doc:"Of them, those that a person must decide."`
	DueAt     int64         `json:"due_at" doc:"Since when the oldest is due; 0 = nothing is."`
}

// CallHealth is how one kind of call does on a channel.
type CallHealth struct {
	Channel string     `json:"channel"`
	Kind    string     `json:"kind"`
	Quarter CallCounts `json:"quarter" doc:"The last 15 minutes."`
	Hour    CallCounts `json:"hour"`
}

// CallCounts counts calls. A failure lies with the platform or the way to it; what it
// refuses for a reason of business counts as answered.
type CallCounts struct {
	Calls  int64 `json:"calls"`
	Failed int64 `json:"failed"`
	Slow   int64 `json:"slow" doc:"Longer than 3 seconds."`
	MeanMS int64 `json:"mean_ms"`
}

// DatabaseHealth is where the data lies.
type DatabaseHealth struct {
	Engine string `json:"engine" enum:"sqlite,postgres"`
	Size   int64  `json:"size_bytes"`
	WAL    int64  `json:"wal_bytes" doc:"SQLite alone."`
	Free   int64  `json:"free_bytes" doc:"On the disk of SQLite's file; 0 = not known."`
}

// NodeHealth is a process that runs on the database.
type NodeHealth struct {
	Name    string `json:"name"`
	Host    string `json:"host"`
	Version string `json:"version"`
	Started int64  `json:"started_at"`
	Seen    int64  `json:"seen_at"`
	Lanes   int    `json:"lanes" doc:"That it works."`
	Waiting int    `json:"waiting" doc:"What waits for the database on it."`
	Me      bool   `json:"me" doc:"It gives this answer."`
}

// CheckHealth is the last outcome of a check.
type CheckHealth struct {
	Name  string `json:"name"`
	OK    bool   `json:"ok"`
	At    int64  `json:"at"`
	Good  int64  `json:"good_at" doc:"When it last went well."`
	About int64  `json:"about_at" doc:"Of when that is what was checked."`
	Words string `json:"words"`

	Why *fault.Reason `json:"why,omitempty" doc:"The words for screens."`
}

// Health looks at everything of a merchant.
func (h *Hub) Health(ctx context.Context, m ident.Merchant) (Health, error) {
	const op = "hub.Health"
	p, err := h.db.Pulse(ctx, m)
	if err != nil {
		return Health{}, fault.Wrap(op, err)
	}
	calls, err := h.db.Calls(ctx, m, time.Now().Add(-time.Hour))
	if err != nil {
		return Health{}, fault.Wrap(op, err)
	}
	lanes, err := h.db.Lanes(ctx, m)
	if err != nil {
		return Health{}, fault.Wrap(op, err)
	}
	accounts, err := h.db.Accounts(ctx, m)
	if err != nil {
		return Health{}, fault.Wrap(op, err)
	}
	out := Health{
		At: p.At, Armed: p.Armed, Parked: p.Parked, Version: h.version, Follower: FollowerHealth{p.Behind, p.BehindSince},
		Database: DatabaseHealth{h.db.Engine(), p.Size, p.WAL, p.Free}, Accounts: []AccountHealth{}, Lanes: []LaneHealth{}, Checks: []CheckHealth{}, Nodes: []NodeHealth{},
	}
	for _, class := range []string{"pushes", "people", "background"} {
		out.Queue = append(out.Queue, QueueHealth{class, p.Queue[class].N, p.Queue[class].Oldest.Milliseconds()})
	}
	names := h.nodes(&out, p.Nodes, lanes)
	open, person := map[ident.Account]int64{}, map[ident.Account]int64{}
	for _, e := range p.Effects {
		switch e.Kind {
		case kindPull, kindSweep, kindKeep:
			continue // they are always there
		}
		open[e.Account] += e.N
		if e.State == effect.Person {
			person[e.Account] += e.N
		}
	}
	worked := map[ident.Account]bool{}
	for _, l := range lanes {
		if l.Account == 0 {
			continue
		}
		worked[l.Account] = l.Owner != ""
		out.Lanes = append(out.Lanes, LaneHealth{l.Account, names[l.Owner], open[l.Account], person[l.Account], p.Due[l.Account]})
	}
	channelOf := map[ident.Account]string{}
	for _, a := range accounts {
		if h.Own(a.Channel) {
			out.Lanes = slices.DeleteFunc(out.Lanes, func(l LaneHealth) bool { return l.AccountID == a.ID })
			continue // nobody is called for it
		}
		channelOf[a.ID] = a.Channel
		mine := slices.DeleteFunc(slices.Clone(calls), func(c db.CallMinute) bool { return c.Account != a.ID })
		f := facts{now: p.At, armed: p.Armed, paused: a.Paused, authorise: h.mustAuthorise(a), worked: worked[a.ID], due: p.Due[a.ID], calls: mine, every: h.pullEvery(a)}
		if last := max(a.LastPull, p.Pulls[a.ID]); last > 0 {
			f.pulled = h.wallMS(last)
		}
		v := judge(f)
		if v.cause == "authorise" && a.AlarmAt > 0 {
			v.since = a.AlarmAt
		}
		r := AccountHealth{AccountID: a.ID, Channel: a.Channel, Name: a.Name, State: v.state, Cause: v.cause, Kinds: v.kinds, SinceAt: v.since, PullAt: f.pulled, PushAt: h.wallMS(a.LastPush),
			Calls: make([]int64, 60), Failed: make([]int64, 60)}
		for _, c := range mine {
			if i := 59 - (p.At/60_000 - c.Minute); i >= 0 && i < 60 {
				r.Calls[i] += c.Calls
				r.Failed[i] += c.Failed
			}
		}
		out.Accounts = append(out.Accounts, r)
	}
	out.Calls = callTable(calls, channelOf, p.At)
	for _, c := range p.Checks {
		r := CheckHealth{Name: c.Name, OK: c.OK, At: c.At.UnixMilli(), Words: c.Why.Text, Why: c.Why.Coded()}
		if !c.Good.IsZero() {
			r.Good = c.Good.UnixMilli()
		}
		if !c.About.IsZero() {
			r.About = c.About.UnixMilli()
		}
		out.Checks = append(out.Checks, r)
	}
	return out, nil
}

// nodes lists those that are alive; names gives them by the owner of their leases.
func (h *Hub) nodes(out *Health, list []db.NodeRow, lanes []db.LaneState) (names map[string]string) {
	held := map[string]int{}
	for _, l := range lanes {
		if l.Owner != "" && l.Account != 0 {
			held[l.Owner]++
		}
	}
	names = map[string]string{}
	for owner := range held {
		names[owner] = owner // until it has said who it is
	}
	for _, n := range list {
		names[n.Owner] = n.Name
		waiting := 0
		for _, w := range n.Queue {
			waiting += w.N
		}
		out.Nodes = append(out.Nodes, NodeHealth{n.Name, n.Host, n.Version, n.Started, n.Seen, held[n.Owner], waiting, n.Owner == h.owner})
	}
	return names
}

// pullEvery is how often an account is pulled, by the wall clock; 0 = never.
func (h *Hub) pullEvery(a db.AccountRow) time.Duration {
	var every time.Duration
	if p, ok := h.platforms[a.Channel]; ok {
		every = p.Info().PullEvery
	}
	return time.Duration(float64(every) / h.clock.Speed)
}

// mustAuthorise reports whether an account's owner has to agree (again).
func (h *Hub) mustAuthorise(a db.AccountRow) bool {
	if a.AlarmAt != 0 {
		return a.AlarmAt <= h.now().UnixMilli()
	}
	return a.External == "" && h.Consents(a.Merchant, a.ID)
}

// callTable sums calls up by channel and kind.
func callTable(calls []db.CallMinute, channelOf map[ident.Account]string, now int64) []CallHealth {
	rows := map[[2]string]*CallHealth{}
	for _, c := range calls {
		k := [2]string{channelOf[c.Account], c.Kind}
		r := rows[k]
		if r == nil {
			r = &CallHealth{Channel: k[0], Kind: k[1]}
			rows[k] = r
		}
		r.Hour.add(c)
		if now/60_000-c.Minute < 15 {
			r.Quarter.add(c)
		}
	}
	out := make([]CallHealth, 0, len(rows))
	for _, r := range rows {
		for _, n := range []*CallCounts{&r.Hour, &r.Quarter} {
			n.MeanMS /= max(n.Calls, 1) // it was the sum
		}
		out = append(out, *r)
	}
	slices.SortFunc(out, func(a, b CallHealth) int {
		return cmp.Or(cmp.Compare(a.Channel, b.Channel), cmp.Compare(a.Kind, b.Kind))
	})
	return out
}

func (n *CallCounts) add(c db.CallMinute) {
	n.Calls, n.Failed, n.Slow, n.MeanMS = n.Calls+c.Calls, n.Failed+c.Failed, n.Slow+c.Slow, n.MeanMS+c.TookMS
}

// facts are what is known of an account when it is judged. Times are UTC ms of the wall.
type facts struct {
	now       int64
	armed     bool
	paused    bool
	authorise bool // its owner has to agree
	worked    bool // a node has its lane
	due       int64
	pulled    int64 // 0 = never
	every     time.Duration
	calls     []db.CallMinute // of the last hour, oldest first
}

// A verdict is what is said of an account.
type verdict struct {
	state, cause string
	kinds        []string
	since        int64
}

// When things are no longer good. People wait, so these are short; what happens once and
// goes well at the second try is no news.
const (
	recent    = 5 * time.Minute  // what is looked at
	steady    = 15 * time.Second // of success after a failure: it has recovered
	silence   = 20 * time.Second // without success while calls fail: nothing gets through
	fewest    = 2                // failures of one kind, to be told
	manyFails = 3                // failures without success, to be down
	lateSlow  = time.Minute      // of the oldest effect
)

// judge says how an account is doing. It is the whole decision.
func judge(f facts) verdict {
	switch {
	case f.paused:
		return verdict{state: Paused, cause: "paused"}
	case !f.armed:
		return verdict{state: Down, cause: "disarmed"}
	}
	out := f.failing()
	if f.authorise {
		return verdict{state: Down, cause: "authorise", since: out.since}
	}
	if out.state == Down {
		return out
	}
	if !f.worked {
		return verdict{state: Down, cause: "unworked", since: f.due}
	}
	if out.state != Good {
		return out
	}
	if late := f.pulled + 3*f.every.Milliseconds(); f.pulled > 0 && f.every > 0 && f.now > late {
		return verdict{state: Slow, cause: "no_pull", since: f.pulled + f.every.Milliseconds()}
	}
	if f.due > 0 && f.now-f.due > lateSlow.Milliseconds() {
		return verdict{state: Slow, cause: "late", since: f.due}
	}
	var calls, slow, since int64
	for _, c := range f.calls {
		if f.now/60_000-c.Minute >= recent.Milliseconds()/60_000 {
			continue
		}
		calls, slow = calls+c.Calls, slow+c.Slow
		if c.Slow > 0 && since == 0 {
			since = c.Minute * 60_000
		}
	}
	if slow >= fewest && slow*3 >= calls {
		return verdict{state: Slow, cause: "slow", since: since}
	}
	return verdict{state: Good, cause: "ok"}
}

// failing looks for kinds of calls that fail and have not recovered, and whether anything
// gets through beside them.
func (f facts) failing() verdict {
	type kind struct{ ok, failed, fails int64 }
	kinds := map[string]*kind{}
	var ok, failed int64 // the last of any kind
	for _, c := range f.calls {
		k := kinds[c.Kind]
		if k == nil {
			k = &kind{}
			kinds[c.Kind] = k
		}
		k.ok, k.failed = max(k.ok, c.OKAt), max(k.failed, c.FailedAt)
		ok, failed = max(ok, c.OKAt), max(failed, c.FailedAt)
		if f.now-c.FailedAt < recent.Milliseconds() {
			k.fails += c.Failed
		}
	}
	out := verdict{state: Good, cause: "ok"}
	for name, k := range kinds {
		if k.fails >= fewest && k.ok < k.failed+steady.Milliseconds() {
			out.kinds = append(out.kinds, name)
		}
	}
	if len(out.kinds) == 0 {
		return out
	}
	slices.Sort(out.kinds)
	var without, first int64 // failures since anything went well, and the first of them
	for _, c := range f.calls {
		if c.FailedAt > ok {
			without += c.Failed
			if first == 0 {
				first = max(c.Minute*60_000, ok)
			}
		}
	}
	if failed-ok > silence.Milliseconds() && without >= manyFails {
		return verdict{state: Down, cause: "unreachable", since: first}
	}
	for _, c := range f.calls { // since the first minute of the last row of minutes with a failure
		switch {
		case !slices.Contains(out.kinds, c.Kind):
		case c.Failed > 0 && out.since == 0:
			out.since = c.Minute * 60_000
		case c.Failed == 0 && c.Calls > 0:
			out.since = 0
		}
	}
	out.state, out.cause = Slow, "failing"
	return out
}
