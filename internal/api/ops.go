package api

import (
	"context"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/role"
)

func (s *Server) meter() error {
	s.took = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "tongdan_http_seconds", Help: "Time to answer, by route and status class.",
		Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
	}, []string{"route", "class"})
	s.signInFailures = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "tongdan_sign_in_failures_total", Help: "Sign-ins that failed: wrong (name or password, or a link that is not valid), throttled (too many tries).",
	}, []string{"why"})
	for _, why := range []string{signInWrong, signInThrottled} {
		s.signInFailures.WithLabelValues(why) // there from the start, so that an increase is seen
	}
	listeners := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "tongdan_stream_clients", Help: "Consoles and programs that listen to the live stream.",
	}, func() float64 { return float64(s.feeds.listeners()) })
	engine := ""
	if s.db != nil {
		engine = s.db.Engine()
	}
	build := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "tongdan_build_info", Help: "Always 1: version and engine are in the labels.", ConstLabels: prometheus.Labels{"version": s.version, "engine": engine},
	}, func() float64 { return 1 })
	for _, c := range []prometheus.Collector{s.took, s.signInFailures, listeners, build, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{})} {
		if err := s.reg.Register(c); err != nil {
			return err
		}
	}
	if s.hub == nil {
		return nil
	}
	return s.hub.Meters(s.reg)
}

// Why a sign-in failed, for its meter.
const (
	signInWrong     = "wrong"
	signInThrottled = "throttled"
)

const streamRoute = "GET " + base + "/stream"

func (s *Server) measure(r *http.Request, status int, took time.Duration) {
	route := r.Pattern
	if route == "" {
		route = "none"
	}
	if route == streamRoute {
		return // it lasts as long as the client likes
	}
	class := "2xx"
	switch {
	case status >= 500:
		class = "5xx"
	case status >= 400:
		class = "4xx"
	case status >= 300:
		class = "3xx"
	}
	s.took.WithLabelValues(route, class).Observe(took.Seconds())
}

// healthz says that the process answers.
func (s *Server) healthz(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Write([]byte("ok\n"))
}

// readiness is what was found last: whoever asks often is told the same.
type readiness struct {
	mu  sync.Mutex
	at  time.Time
	err error
}

// readyz says whether the database takes writes and this node is there to stay.
func (s *Server) readyz(w http.ResponseWriter, r *http.Request) {
	if s.leaving.Load() {
		s.fail(w, r, errLeaving)
		return
	}
	s.probe.mu.Lock()
	defer s.probe.mu.Unlock()
	if time.Since(s.probe.at) > time.Second {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), 3*time.Second)
		s.probe.err = s.writable(ctx)
		cancel()
		s.probe.at = time.Now()
	}
	if s.probe.err != nil {
		s.fail(w, r, &fault.Error{Op: "api.readyz", Code: fault.Unavailable, Why: fault.Because("no_writes", "the database takes no writes"), Err: s.probe.err})
		return
	}
	s.healthz(w, r)
}

func (s *Server) writable(ctx context.Context) error {
	list, err := s.db.Merchants(ctx)
	if err != nil || len(list) == 0 {
		return err
	}
	_, err = s.db.Do(ctx, db.Verb{Name: "readyz", Merchant: list[0].ID, Class: db.People, Decide: func(*db.Tx) error { return nil }})
	return err
}

// metrics are for whoever is on this machine, and for an API key of all stores. A proxy in front makes
// strangers look local, so a request that came through one needs the key.
func (s *Server) metrics(w http.ResponseWriter, r *http.Request) {
	host, _, _ := net.SplitHostPort(r.RemoteAddr)
	ip := net.ParseIP(host)
	local := ip != nil && ip.IsLoopback() && r.Header.Get("X-Forwarded-For") == "" && r.Header.Get("Forwarded") == ""
	if !local || r.Header.Get("Authorization") != "" {
		c, err := s.authenticate(r)
		if err == nil && !c.byKey {
			err = fault.Say("api.metrics", fault.Forbidden, "keys_only", "metrics are for API keys")
		}
		if err == nil { // they count what goes on in all stores
			err = c.May("api.metrics", role.SeeWhole)
		}
		if err != nil {
			s.fail(w, r, err)
			return
		}
	}
	promhttp.HandlerFor(s.reg, promhttp.HandlerOpts{}).ServeHTTP(w, r)
}

// Status is how this node is doing.
type Status struct {
	Node      string            `json:"node"`
	Engine    string            `json:"engine" enum:"sqlite,postgres"`
	Version   string            `json:"version"`
	Armed     bool              `json:"armed" doc:"false: a restored or copied database; nothing is sent until somebody arms it."`
	StartedAt int64             `json:"started_at"`
	PushMode  map[string]string `json:"push_mode" doc:"By app: push, or pull where it has no public address."`
	Lanes     []LaneStatus      `json:"lanes"`
	Replaced  *Replaced         `json:"replaced,omitempty" doc:"The database's server was replaced by its standby; absent when it never was, or for who does not see the whole merchant."`
	Backup    *BackupCheck      `json:"backup,omitempty" doc:"How the last check of the backups went; absent when none has ever run, or for who does not see the whole merchant."`
}

// LaneStatus is the work of one account.
type LaneStatus struct {
	AccountID ident.Account `json:"account_id"`
	State     string        `json:"state" enum:"ok,authorise,paused,failing"`
	Effects   int           `json:"effects" doc:"Acts that wait or are being sent."`
	Oldest    int64         `json:"oldest_at" doc:"When the oldest of them was made; 0 = none."`
}

// Replaced is what is known since the database's server was replaced by its standby.
type Replaced struct {
	At       int64          `json:"at"`
	Found    int64          `json:"found" doc:"Orders that were placed before, were not in the database, and have been found at the platforms since."`
	PushOnly []channel.Text `json:"push_only" doc:"What no read of a platform tells: lost with the old server where replication was not synchronous."`
}

// replaced tells of the last time that the database's server was replaced; nil = never.
func (s *Server) replaced(ctx context.Context, m ident.Merchant) (*Replaced, error) {
	r, err := s.hub.Replaced(ctx, m)
	if err != nil || r.At.IsZero() {
		return nil, err
	}
	out := &Replaced{At: r.At.UnixMilli(), Found: r.Found, PushOnly: []channel.Text{}}
	for _, info := range s.hub.Channels() {
		out.PushOnly = append(out.PushOnly, info.PushOnly...)
	}
	return out, nil
}

type statusOutput struct{ Body Status }

func (s *Server) statusRoutes() {
	add(s, op("getStatus", http.MethodGet, "/status", "status", "How this node is doing"), s.status)
	o := op("arm", http.MethodPost, "/status/arm", "status", "Let a restored or copied database call platforms again, once the original is surely off")
	o.DefaultStatus = http.StatusNoContent
	add(s, o, s.arm)
}

func (s *Server) status(ctx context.Context, _ *struct{}) (*statusOutput, error) {
	const op = "api.status"
	c := who(ctx)
	armed, err := s.db.Armed(ctx)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	out := &statusOutput{Status{
		Node: s.db.Instance(), Engine: s.db.Engine(), Version: s.version, Armed: armed, StartedAt: s.began.UnixMilli(), PushMode: map[string]string{}, Lanes: []LaneStatus{},
	}}
	if c.Stores != nil {
		return out, nil
	}
	if out.Body.Replaced, err = s.replaced(ctx, c.Merchant); err != nil {
		return nil, fault.Wrap(op, err)
	}
	if out.Body.Backup, err = s.backupCheck(ctx); err != nil {
		return nil, fault.Wrap(op, err)
	}
	apps, err := s.db.Apps(ctx, c.Merchant)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	for _, a := range apps {
		out.Body.PushMode[a.ID.String()] = "push"
		if a.PublicURL == "" {
			out.Body.PushMode[a.ID.String()] = "pull"
		}
	}
	accounts, err := s.db.Accounts(ctx, c.Merchant)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	for _, a := range accounts {
		if s.hub.Own(a.Channel) {
			continue
		}
		l := LaneStatus{AccountID: a.ID, State: s.accountState(a)}
		acts, _, err := s.backlog(ctx, c, a.ID)
		if err != nil {
			return nil, fault.Wrap(op, err)
		}
		l.Effects = len(acts)
		for _, e := range acts {
			if l.Oldest == 0 || e.Made < l.Oldest {
				l.Oldest = e.Made
			}
		}
		out.Body.Lanes = append(out.Body.Lanes, l)
	}
	return out, nil
}

func (s *Server) arm(ctx context.Context, _ *struct{ ActOnce }) (*struct{}, error) {
	c := who(ctx)
	_, err := s.hub.Arm(ctx, c.ID)
	return nil, fault.Wrap("api.arm", err)
}

var openStates = []effect.State{effect.Waiting, effect.Sending, effect.Unknown, effect.Person}

// backlog gives what an account has open: acts on orders, and how many reads.
func (s *Server) backlog(ctx context.Context, c caller, id ident.Account) (acts []effect.Effect, reads int, err error) {
	list, _, err := s.db.Effects(ctx, c.Scope, db.EffectFilter{Account: id, States: openStates, Limit: 200})
	for _, e := range list {
		switch {
		case e.Kind == "read":
			reads++
		case e.Order != 0:
			acts = append(acts, e)
		}
	}
	return acts, reads, err
}
