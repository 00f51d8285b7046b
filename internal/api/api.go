// Package api is Tongdan over HTTP: the REST API with its OpenAPI document, the live
// stream, the platforms' callbacks, sign-in, and what an operator's tools ask for. A
// handler decodes, calls one verb of hub or one read of db, and encodes.
//
// Whoever calls is found once, in guard, and becomes a hub.Actor: its scope is part of
// every read and act, so a foreign store's order answers as if it did not exist. Every
// failure becomes a Problem in one place, with a request id that is in the log.
package api

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"reflect"
	"sync"
	"sync/atomic"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/front"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/hub"
	"github.com/tongdan/tongdan/money"
)

// Options of a Server.
type Options struct {
	Hub     *hub.Hub
	Version string
	Console http.Handler     // what answers outside /api, /callback and the probes
	Log     *slog.Logger     // nil = none
	Now     func() time.Time // the wall clock; nil = time.Now

	// TrustProxy believes X-Forwarded-Proto and the last X-Forwarded-For of whoever
	// connects: only behind a proxy of one's own.
	TrustProxy bool

	// Practice is where people practise; nil = nowhere. Course is set for the server of
	// the practice itself.
	Practice Practice
	Course   Course
}

// A Server answers HTTP. It may be used concurrently.
type Server struct {
	hub            *hub.Hub
	db             *db.DB
	version        string
	log            *slog.Logger
	now            func() time.Time
	trust          bool
	practice       Practice // nil = not offered
	course         Course   // nil: this is no practice
	door           door
	api            huma.API
	mux            *http.ServeMux
	reg            *prometheus.Registry
	took           *prometheus.HistogramVec
	signIns        *limiter
	pins           *limiter // by device
	regulars       regulars
	asking         chan struct{} // places of those who ask for a code
	hashing        chan struct{}
	feeds          *feeds
	closing        chan struct{}
	veils          sync.Map          // *veil by merchant
	operations     map[string]string // id by pattern: "GET /api/v1/orders" is listOrders
	close          sync.Once
	began          time.Time
	cross          *http.CrossOriginProtection
	probe          readiness
	leaving        atomic.Bool // /readyz says no
	signInFailures *prometheus.CounterVec
}

// humaSetup changes huma's package variables, which all APIs of a process share.
var humaSetup = sync.OnceFunc(func() {
	huma.DefaultArrayNullable = false // lists are never null here
	huma.NewErrorWithContext = newProblem
	huma.NewError = func(status int, msg string, errs ...error) huma.StatusError {
		return newProblem(nil, status, msg, errs...)
	}
})

// New wires a server. It fails when the meters cannot be registered.
func New(o Options) (*Server, error) {
	humaSetup()
	s := &Server{
		hub: o.Hub, version: o.Version, log: o.Log, now: o.Now, trust: o.TrustProxy, mux: http.NewServeMux(), reg: prometheus.NewRegistry(),
		practice: o.Practice, course: o.Course, door: realDoor,
		signIns: newLimiter(10, 30*time.Second), pins: newLimiter(10, 5*time.Second), hashing: make(chan struct{}, 2), asking: make(chan struct{}, 16), closing: make(chan struct{}), operations: map[string]string{}, cross: http.NewCrossOriginProtection(),
	}
	if s.course != nil {
		s.door = practiceDoor
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.now == nil {
		s.now = time.Now
	}
	s.began = s.now()
	if s.hub != nil {
		s.db = s.hub.DB()
	}
	s.feeds = &feeds{s: s, byMerchant: map[merchantID]*feed{}}
	if err := s.meter(); err != nil {
		return nil, fault.Wrap("api.New", err)
	}
	s.api = humago.New(guarded{s}, s.config())
	s.api.UseMiddleware(withRequest)
	s.routes()
	s.mux.HandleFunc("GET "+documentPath, s.document)
	s.mux.HandleFunc("/api/", s.noRoute)
	s.mux.HandleFunc("/callback/{channel}/{app_id}/{rest...}", s.callback)
	s.mux.HandleFunc("GET /callback/{channel}/{app_id}/authorised", s.authorised)
	s.mux.HandleFunc("POST /courier/{merchant}/{courier}/{rest...}", s.courierCallback)
	s.mux.HandleFunc("GET /rider", s.round)
	s.mux.HandleFunc("GET /rider/{secret}", s.round)
	s.mux.HandleFunc("POST /rider", s.step)
	s.mux.HandleFunc("POST /rider/place", s.place)
	s.mux.HandleFunc("GET /rider/round.js", s.roundScript)
	s.mux.HandleFunc("GET "+hub.PicturePath+"{link}", s.linkedPicture)
	s.mux.HandleFunc("GET /healthz", s.healthz)
	s.mux.HandleFunc("GET /readyz", s.readyz)
	s.mux.HandleFunc("GET /metrics", s.metrics)
	if s.practice != nil {
		s.mux.Handle(PracticePath+"/", http.StripPrefix(PracticePath, s.practice))
		s.mux.Handle("GET "+PracticePath, http.RedirectHandler(PracticePath+"/", http.StatusSeeOther))
	}
	if o.Console != nil {
		s.mux.Handle("/", o.Console)
	}
	return s, nil
}

// Handler is everything that the server answers.
func (s *Server) Handler() http.Handler { return s.outer(s.mux) }

// HTTP gives an http.Server with the limits that an open port needs. Streams lift the
// write limit for themselves and end on Shutdown.
func (s *Server) HTTP() *http.Server {
	srv := &http.Server{
		Handler:           s.Handler(),
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      60 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	srv.RegisterOnShutdown(s.Close)
	return srv
}

// Close ends the streams. Requests under way are not disturbed.
func (s *Server) Close() { s.close.Do(func() { close(s.closing) }) }

const (
	base         = "/api/v1"
	documentPath = base + "/openapi.json"
	maxBody      = 1 << 20   // bytes of a request to the API
	maxCallback  = 256 << 10 // bytes of a platform's callback
)

func (s *Server) config() huma.Config {
	registry := huma.NewMapRegistry("#/components/schemas/", schemaName)
	registry.RegisterTypeAlias(reflect.TypeFor[money.Amount](), reflect.TypeFor[Amount]())
	return huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info: &huma.Info{
				Title: "Tongdan", Version: s.version,
				Description: "Orders of all channels in one place. Times are UTC milliseconds, 0 = unknown. Ids are text. " +
					"New fields, new words of enumerations and new kinds of changes may come at any time and are to be ignored.",
			},
			Components: &huma.Components{
				Schemas: registry,
				SecuritySchemes: map[string]*huma.SecurityScheme{
					"session": {Type: "apiKey", In: "cookie", Name: cookieName},
					"key":     {Type: "http", Scheme: "bearer", Description: "An API key, which begins with tdk_."},
				},
			},
			Security: []map[string][]string{{"session": {}}, {"key": {}}},
		},
		Formats:                      map[string]huma.Format{"application/json": huma.DefaultJSONFormat, "json": huma.DefaultJSONFormat},
		DefaultFormat:                "application/json",
		RejectUnknownQueryParameters: true,
	}
}

// schemaName names the types of package front after it: an Item and a SKU are other things elsewhere.
func schemaName(t reflect.Type, hint string) string {
	name := huma.DefaultSchemaNamer(t, hint)
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if of := reflect.TypeFor[front.Front](); t.PkgPath() == of.PkgPath() && t != of {
		return "Front" + name
	}
	return name
}

// Amount is a sum of money as it is written: minor units of the currency, with the number of
// its decimal places, which a browser must not guess.
type Amount struct {
	Minor    int64  `json:"minor"`
	Digits   int    `json:"digits"`
	Currency string `json:"currency"`
}

// add registers one operation.
func add[I, O any](s *Server, op huma.Operation, f func(context.Context, *I) (*O, error)) {
	op.Path = base + op.Path
	op.MaxBodyBytes = maxBody
	s.operations[op.Method+" "+op.Path] = op.OperationID
	huma.Register(s.api, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := f(ctx, in)
		if err != nil {
			return nil, problemOf(ctx, err)
		}
		return out, nil
	})
}

// op describes an operation: its name, method, path below /api/v1, and what it does.
func op(id, method, path, tag, summary string) huma.Operation {
	return huma.Operation{OperationID: id, Method: method, Path: path, Tags: []string{tag}, Summary: summary}
}

func (s *Server) routes() {
	s.authRoutes()
	s.peopleRoutes()
	s.sessionRoutes()
	s.preferenceRoutes()
	s.passkeyRoutes()
	s.orderRoutes()
	s.actRoutes()
	s.entryRoutes()
	s.feedRoutes()
	s.effectRoutes()
	s.parkedRoutes()
	s.directoryRoutes()
	s.guideRoutes()
	s.stockRoutes()
	s.statusRoutes()
	s.healthRoutes()
	s.statementRoutes()
	s.boardRoutes()
	s.commentRoutes()
	s.frontRoutes()
	s.deviceRoutes()
	s.pairQRRoute()
	s.voiceRoutes()
	s.practiceRoutes()
	s.senderRoutes()
	s.printerRoutes()
	s.labelRoutes()
	s.ruleRoutes()
	s.bridgeRoutes()
	s.phoneRoutes()
	s.openingRoutes()
	s.soldOutRoutes()
	s.intakeRoutes()
	s.evidenceRoutes()
	s.rideRoutes()
	s.billRoutes()
}

// Document is the OpenAPI document, without a database.
func Document(version string) ([]byte, error) {
	s, err := New(Options{Version: version})
	if err != nil {
		return nil, err
	}
	b, err := json.MarshalIndent(s.api.OpenAPI(), "", "  ")
	return append(b, '\n'), fault.Wrap("api.Document", err)
}

func (s *Server) document(w http.ResponseWriter, r *http.Request) {
	b, err := json.Marshal(s.api.OpenAPI())
	if err != nil {
		s.fail(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-cache")
	w.Write(b)
}

// noRoute answers what is below /api and is no operation.
func (s *Server) noRoute(w http.ResponseWriter, r *http.Request) {
	var allow []string
	for _, m := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete} {
		probe := r.Clone(r.Context())
		probe.Method = m
		if _, pattern := s.mux.Handler(probe); pattern != "/api/" && pattern != "/" {
			allow = append(allow, m)
		}
	}
	if len(allow) == 0 {
		s.fail(w, r, fault.Say("api", fault.NotFound, "no_address", "there is no such address; {document} lists them", "document", documentPath))
		return
	}
	for _, m := range allow {
		w.Header().Add("Allow", m)
	}
	p := problemOf(r.Context(), fault.Say("api", fault.Invalid, "wrong_method", "the method is not one of this address; see the header Allow"))
	p.Status, p.Title = http.StatusMethodNotAllowed, http.StatusText(http.StatusMethodNotAllowed)
	p.write(w)
}
