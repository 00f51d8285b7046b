package hub

import (
	"context"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/fault"
)

// meters count what goes in and out. Labels are words of ours and of connectors, which
// are closed sets, never of customers or of whoever calls from outside.
type meters struct {
	mu    sync.Mutex
	words map[string]bool // labels of pushes so far

	pushes   *prometheus.CounterVec
	pushed   *prometheus.HistogramVec
	attempts *prometheus.CounterVec
	calls    *prometheus.HistogramVec
	waits    *prometheus.CounterVec
	gaps     *prometheus.CounterVec
	held     prometheus.Gauge
	taken    prometheus.Counter
	lost     prometheus.Counter
}

func newMeters() *meters {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	}
	return &meters{
		words:  map[string]bool{},
		pushes: counter("tongdan_pushes_total", "Callbacks of platforms, by channel, message and answer: kept, parked, busy (asked to come again), probe, refused.", "channel", "what", "answer"),
		pushed: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "tongdan_push_seconds", Help: "Time from a push that is genuine to its answer, which comes after the commit.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"channel"}),
		attempts: counter("tongdan_attempts_total", "Attempts of effects, by channel, kind and outcome.", "channel", "kind", "outcome"),
		calls: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "tongdan_platform_call_seconds", Help: "Time of an HTTP call to a platform, by channel, what it was for, and class of the answer (none = no answer).",
			Buckets: []float64{.025, .05, .1, .25, .5, 1, 2.5, 5, 10, 15},
		}, []string{"channel", "kind", "class"}),
		waits: counter("tongdan_budget_wait_seconds_total", "Time in which something waited for an app's rate budget.", "channel"),
		gaps:  counter("tongdan_reconcile_gaps_total", "Orders that a platform's numbers name and that had not come: found when they were read, absent when the platform knows none.", "channel", "result"),
		held:  prometheus.NewGauge(prometheus.GaugeOpts{Name: "tongdan_lanes_held", Help: "Lanes that this node works."}),
		taken: prometheus.NewCounter(prometheus.CounterOpts{Name: "tongdan_lanes_taken_total", Help: "Leases of lanes that this node has taken."}),
		lost:  prometheus.NewCounter(prometheus.CounterOpts{Name: "tongdan_lanes_lost_total", Help: "Leases that this node held and had not given back."}),
	}
}

// Meters registers the metrics of the hub and of its database.
func (h *Hub) Meters(reg prometheus.Registerer) error {
	m := h.meters
	for _, name := range h.names { // there from the start, so that the first increase is seen
		m.waits.WithLabelValues(name)
		m.gaps.WithLabelValues(name, "found")
		m.gaps.WithLabelValues(name, "absent")
		for _, a := range []string{answerBusy, answerParked, answerRefused} {
			m.pushes.WithLabelValues(name, "", a)
		}
	}
	for _, c := range []prometheus.Collector{m.pushes, m.pushed, m.attempts, m.calls, m.waits, m.gaps, m.held, m.taken, m.lost, &pulseMeter{h: h, since: time.Now()}} {
		if err := reg.Register(c); err != nil {
			return err
		}
	}
	return h.db.Meters(reg)
}

// The answers to a push, for its meter.
const (
	answerKept    = "kept"
	answerParked  = "parked"
	answerBusy    = "busy"
	answerProbe   = "probe"
	answerRefused = "refused"
)

// push counts a callback. What it says is counted only when it is genuine: anybody can
// send anything else.
func (m *meters) push(channelName string, rec channel.Received, answer string, took time.Duration) {
	what := m.word(rec.Item.What)
	if rec.Verdict != channel.Good {
		what = ""
	} else {
		m.pushed.WithLabelValues(channelName).Observe(took.Seconds())
	}
	m.pushes.WithLabelValues(channelName, what, answer).Inc()
}

// maxWords bounds what is counted apart: where a platform signs nothing, a stranger who
// knows the app's number can invent messages.
const maxWords = 60

// word is a message's name as a label.
func (m *meters) word(what string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.words[what] {
		if len(m.words) >= maxWords {
			return "other"
		}
		m.words[what] = true
	}
	return what
}

// gap counts an order that a platform's numbers name and that had not come, once it is
// known what became of it.
func (m *meters) gap(channelName string, err error) {
	switch {
	case err == nil:
		m.gaps.WithLabelValues(channelName, "found").Inc()
	case fault.Is(err, fault.NotFound):
		m.gaps.WithLabelValues(channelName, "absent").Inc()
	}
}

// call counts an HTTP call.
func (m *meters) call(channelName, kind string, x channel.Exchange) {
	class := "none"
	if x.Status >= 100 {
		class = strconv.Itoa(x.Status/100) + "xx"
	}
	m.calls.WithLabelValues(channelName, kind, class).Observe(x.Took.Seconds())
}

// pulseMeter tells what is in the database. Whoever scrapes often is told the same.
type pulseMeter struct {
	h     *Hub
	since time.Time
}

const (
	pulseTime   = 3 * time.Second // for all that is read
	maxAccounts = 100             // with a label of their own; the rest is summed up as "others"
)

var (
	feedPosition  = prometheus.NewDesc("tongdan_feed_position", "Changes in the feeds of all merchants, ever.", nil, nil)
	behindChanges = prometheus.NewDesc("tongdan_follower_lag_changes", "Changes that counts and search have not followed yet.", nil, nil)
	behindSeconds = prometheus.NewDesc("tongdan_follower_lag_seconds", "Age of the oldest of them.", nil, nil)
	openEffects   = prometheus.NewDesc("tongdan_effects_open", "Effects that are open, by kind and state.", []string{"kind", "state"}, nil)
	oldestDue     = prometheus.NewDesc("tongdan_lane_oldest_due_seconds", "How long the oldest effect of a lane has been due; 0 = nothing is.", []string{"channel", "account"}, nil)
	pullAge       = prometheus.NewDesc("tongdan_pull_age_seconds", "Time since the last pull of an account that ended well; of one that never had any, since this node looks.", []string{"channel", "account"}, nil)
	parkedNow     = prometheus.NewDesc("tongdan_parked", "Messages that could not be read and wait for somebody.", nil, nil)
	sizeBytes     = prometheus.NewDesc("tongdan_db_size_bytes", "Size of the database.", nil, nil)
	walBytes      = prometheus.NewDesc("tongdan_db_wal_bytes", "Size of SQLite's write-ahead log.", nil, nil)
	freeBytes     = prometheus.NewDesc("tongdan_disk_free_bytes", "Free space where SQLite's file lies.", nil, nil)
	nodesNow      = prometheus.NewDesc("tongdan_nodes", "Nodes on this database that have shown themselves in the last half minute.", nil, nil)
	armedNow      = prometheus.NewDesc("tongdan_armed", "1 when platforms may be called, 0 for a copy that nobody has armed.", nil, nil)
	pullEvery     = prometheus.NewDesc("tongdan_pull_every_seconds", "How often an account is pulled.", []string{"channel", "account"}, nil)
	checkOK       = prometheus.NewDesc("tongdan_check_ok", "1 when the last run of a check went well (backups: the newest backup was restored and verified).", []string{"check"}, nil)
	checkAge      = prometheus.NewDesc("tongdan_check_good_age_seconds", "Time since a check last went well; of one that never did, since this node looks.", []string{"check"}, nil)
	pulseFailed   = prometheus.NewDesc("tongdan_db_unreadable", "1 when the metrics of the database could not be read.", nil, nil)
)

// Describe implements prometheus.Collector.
func (*pulseMeter) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{feedPosition, behindChanges, behindSeconds, openEffects, oldestDue, pullAge, parkedNow, sizeBytes, walBytes, freeBytes, nodesNow, armedNow, pullEvery, checkOK, checkAge, pulseFailed} {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (m *pulseMeter) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), pulseTime)
	defer cancel()
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	p, err := m.h.db.Pulse(ctx, 0)
	if err != nil {
		gauge(pulseFailed, 1)
		return
	}
	gauge(pulseFailed, 0)
	gauge(feedPosition, float64(p.Feed))
	gauge(behindChanges, float64(p.Behind))
	age := func(since, now int64) float64 {
		if since == 0 {
			return 0
		}
		return max(float64(now-since)/1000, 0)
	}
	gauge(behindSeconds, age(p.BehindSince, p.At))
	open := map[[2]string]int64{}
	for _, e := range p.Effects {
		open[[2]string{e.Kind, string(e.State)}] += e.N
	}
	for k, n := range open {
		gauge(openEffects, float64(n), k[0], k[1])
	}
	gauge(parkedNow, float64(p.Parked))
	gauge(sizeBytes, float64(p.Size))
	if m.h.db.Engine() == "sqlite" {
		gauge(walBytes, float64(p.WAL))
		gauge(freeBytes, float64(p.Free))
	}
	gauge(nodesNow, float64(len(p.Nodes)))
	armed := 0.0
	if p.Armed {
		armed = 1
	}
	gauge(armedNow, armed)

	for _, c := range p.Checks {
		ok, good := 0.0, m.since
		if c.OK {
			ok = 1
		}
		if !c.Good.IsZero() {
			good = c.Good
		}
		gauge(checkOK, ok, c.Name)
		gauge(checkAge, age(good.UnixMilli(), p.At), c.Name)
	}

	due, pulled, every := map[[2]string]float64{}, map[[2]string]float64{}, map[[2]string]float64{}
	trade := m.h.now()
	start := trade.Add(-time.Duration(float64(time.Since(m.since)) * m.h.clock.Speed)).UnixMilli()
	for i, a := range m.h.db.AllAccounts() {
		if m.h.Own(a.Channel) {
			continue
		}
		label := [2]string{a.Channel, a.ID.String()}
		if i >= maxAccounts {
			label[1] = "others"
		}
		due[label] = max(due[label], age(p.Due[a.ID], p.At))
		if !a.Paused {
			var pause time.Duration
			if platform, ok := m.h.platforms[a.Channel]; ok {
				pause = platform.Info().PullEvery
			}
			every[label] = max(every[label], pause.Seconds()/m.h.clock.Speed)
			last := max(a.LastPull, p.Pulls[a.ID])
			if last == 0 {
				last = start
			}
			pulled[label] = max(pulled[label], age(last, trade.UnixMilli())/m.h.clock.Speed)
		}
	}
	for l, v := range due {
		gauge(oldestDue, v, l[0], l[1])
	}
	for l, v := range every {
		gauge(pullEvery, v, l[0], l[1])
	}
	for l, v := range pulled {
		gauge(pullAge, v, l[0], l[1])
	}
}
