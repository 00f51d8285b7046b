package sim

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// ErrUnknown is returned by a Desk's functions for an order or act that does not exist; the
// backstage answers 404.
var ErrUnknown = errors.New("unknown")

// Act is something that a buyer, a rider or the platform can do to an order from the backstage.
type Act struct {
	Name string `json:"name"` // in the path: POST orders/{id}/{name}
	Zh   string `json:"zh"`   // on the button
	En   string `json:"en"`
	Who  string `json:"who"` // buyer, rider, platform, merchant
	// Args is an example of the JSON body, shown for editing; empty when none is needed.
	Args json.RawMessage `json:"args,omitempty"`
	// When lists the Row.Status values in which the page offers the act; empty = always.
	When []string `json:"when,omitempty"`
}

// Row is an order in the backstage's list.
type Row struct {
	ID         string    `json:"id"`
	Number     string    `json:"number,omitempty"` // the short number people say, such as #12
	Store      string    `json:"store"`
	Status     string    `json:"status"` // the platform's own value
	StatusText string    `json:"status_text"`
	Delivery   string    `json:"delivery,omitempty"` // in words
	AfterSale  string    `json:"after_sale,omitempty"`
	Total      string    `json:"total"`
	Summary    string    `json:"summary,omitempty"` // what was ordered
	Placed     time.Time `json:"placed"`
	Due        time.Time `json:"due,omitzero"` // the platform's next deadline for the merchant
	Tally      Tally     `json:"tally,omitempty"`
}

// OrderQuery narrows the list of orders. The newest come first.
type OrderQuery struct {
	Status string // Row.Status; empty = all
	Store  string
	Limit  int // 1 to 1000
}

// Desk is the backstage of one platform: the routes that every simulator has, over the functions
// of this one. All functions must be safe for concurrent use.
//
//	GET  /backstage/<name>/                 description, state, clock
//	GET  /backstage/<name>/orders           ?status= &store= &limit=
//	POST /backstage/<name>/orders           place an order
//	GET  /backstage/<name>/orders/{id}      native JSON, calls received, pushes sent, tally
//	POST /backstage/<name>/orders/{id}/{act}
//	GET  /backstage/<name>/calls            ?order= &limit=
//	GET  /backstage/<name>/pushes           ?order= &limit=
//	GET, PUT /backstage/<name>/faults; POST /backstage/<name>/faults/next
//	GET, PUT /backstage/<name>/clock
//	GET, POST /backstage/<name>/config
//
// A POST or PUT with ?wait=1 is answered only when every push that is due has been answered.
type Desk struct {
	Name   string
	Title  string
	Clock  *Clock
	Faults *Faults
	Calls  *Calls
	Pusher *Pusher
	Acts   []Act

	// State is a small summary for the top of the page and for tests.
	State func() any
	// Orders lists orders, newest first.
	Orders func(OrderQuery) []Row
	// Order returns the full native JSON of an order and its tally.
	Order func(id string) (any, Tally, error)
	// Place makes an order from native JSON; what is missing is made up from the seed.
	Place func(raw json.RawMessage) (id string, err error)
	// Act does one of Acts; args is the request's body or nil.
	Act func(id, act string, args json.RawMessage) error
	// Config returns what can be configured, without secrets; Configure changes the fields
	// that are present.
	Config    func() any
	Configure func(raw json.RawMessage) error
	// More adds routes of the platform's own, below the prefix it is given. May be nil.
	More func(mux *http.ServeMux, prefix string)
}

const maxBackstageBody = 1 << 20

// Handler serves the routes.
func (d *Desk) Handler() http.Handler {
	mux := http.NewServeMux()
	prefix := "/backstage/" + d.Name
	mux.HandleFunc("GET "+prefix+"/{$}", answering(func(*http.Request) (any, error) {
		return map[string]any{
			"name": d.Name, "title": d.Title, "acts": d.Acts, "state": d.State(),
			"clock": d.clock(), "pending_pushes": d.Pusher.Pending(),
		}, nil
	}))
	mux.HandleFunc("GET "+prefix+"/orders", answering(func(r *http.Request) (any, error) {
		q := r.URL.Query()
		rows := d.Orders(OrderQuery{Status: q.Get("status"), Store: q.Get("store"), Limit: limit(q.Get("limit"), 100)})
		if rows == nil {
			rows = []Row{}
		}
		return rows, nil
	}))
	mux.HandleFunc("POST "+prefix+"/orders", answering(func(r *http.Request) (any, error) {
		raw, err := body(r)
		if err != nil {
			return nil, err
		}
		id, err := d.Place(raw)
		if err != nil {
			return nil, err
		}
		d.wait(r)
		return d.order(id)
	}))
	mux.HandleFunc("GET "+prefix+"/orders/{id}", answering(func(r *http.Request) (any, error) {
		return d.order(r.PathValue("id"))
	}))
	mux.HandleFunc("POST "+prefix+"/orders/{id}/{act}", answering(func(r *http.Request) (any, error) {
		raw, err := body(r)
		if err != nil {
			return nil, err
		}
		if err := d.Act(r.PathValue("id"), r.PathValue("act"), raw); err != nil {
			return nil, err
		}
		d.wait(r)
		return d.order(r.PathValue("id"))
	}))
	mux.HandleFunc("GET "+prefix+"/calls", answering(func(r *http.Request) (any, error) {
		return d.Calls.List(r.URL.Query().Get("order"), limit(r.URL.Query().Get("limit"), 200)), nil
	}))
	mux.HandleFunc("GET "+prefix+"/pushes", answering(func(r *http.Request) (any, error) {
		return d.Pusher.Log(r.URL.Query().Get("order"), limit(r.URL.Query().Get("limit"), 200)), nil
	}))
	mux.HandleFunc("GET "+prefix+"/faults", answering(func(*http.Request) (any, error) { return d.Faults.Plan(), nil }))
	mux.HandleFunc("PUT "+prefix+"/faults", answering(func(r *http.Request) (any, error) {
		var plan FaultPlan
		if err := decode(r, &plan); err != nil {
			return nil, err
		}
		d.Faults.Set(plan)
		return d.Faults.Plan(), nil
	}))
	mux.HandleFunc("POST "+prefix+"/faults/next", answering(d.next))
	mux.HandleFunc("GET "+prefix+"/clock", answering(func(*http.Request) (any, error) { return d.clock(), nil }))
	mux.HandleFunc("PUT "+prefix+"/clock", answering(d.setClock))
	mux.HandleFunc("GET "+prefix+"/config", answering(func(*http.Request) (any, error) { return d.Config(), nil }))
	mux.HandleFunc("POST "+prefix+"/config", answering(func(r *http.Request) (any, error) {
		raw, err := body(r)
		if err != nil {
			return nil, err
		}
		if err := d.Configure(raw); err != nil {
			return nil, err
		}
		return d.Config(), nil
	}))
	if d.More != nil {
		d.More(mux, prefix)
	}
	// A web page elsewhere must not be able to place orders through a person's browser.
	return http.NewCrossOriginProtection().Handler(mux)
}

func (d *Desk) wait(r *http.Request) {
	if r.URL.Query().Get("wait") == "1" {
		d.Clock.Settle()
	}
}

func (d *Desk) order(id string) (any, error) {
	native, tally, err := d.Order(id)
	if err != nil {
		return nil, err
	}
	return map[string]any{
		"id": id, "order": native, "tally": tally,
		"calls": d.Calls.List(id, 200), "pushes": d.Pusher.Log(id, 200),
	}, nil
}

func (d *Desk) next(r *http.Request) (any, error) {
	var in struct {
		Kind string   `json:"kind"`
		N    int      `json:"n"`
		Only []string `json:"only"`
	}
	if err := decode(r, &in); err != nil {
		return nil, err
	}
	if in.N == 0 {
		in.N = 1
	}
	if !knownFault(in.Kind) || in.N < 0 || in.N > 10_000 {
		return nil, fmt.Errorf("kind must be one of %q and n between 1 and 10000", faultKinds)
	}
	d.Faults.Next(in.Kind, in.N, in.Only...)
	return d.Faults.Plan(), nil
}

type clockJSON struct {
	Now   time.Time `json:"now"`
	NowMS int64     `json:"now_ms"`
	Speed float64   `json:"speed"`
}

func (d *Desk) clock() clockJSON {
	now := d.Clock.Now()
	return clockJSON{now, now.UnixMilli(), d.Clock.Speed()}
}

func (d *Desk) setClock(r *http.Request) (any, error) {
	var in struct {
		Speed   *float64 `json:"speed"`
		Advance string   `json:"advance"` // Go duration: "5m", "90s"
	}
	if err := decode(r, &in); err != nil {
		return nil, err
	}
	if in.Speed != nil {
		if *in.Speed < 0 || *in.Speed > maxSpeed {
			return nil, fmt.Errorf("speed must be between 0 (stands still) and %g", float64(maxSpeed))
		}
		d.Clock.SetSpeed(*in.Speed)
	}
	if in.Advance != "" {
		by, err := time.ParseDuration(in.Advance)
		if err != nil || by < 0 || by > 366*24*time.Hour {
			return nil, errors.New(`advance must be a duration such as "5m" or "90s", at most a year`)
		}
		d.Clock.Advance(by)
	}
	d.wait(r)
	return d.clock(), nil
}

func limit(s string, otherwise int) int {
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 {
		return otherwise
	}
	return min(n, 1000)
}

// body reads a JSON body; an empty one is nil.
func body(r *http.Request) (json.RawMessage, error) {
	raw, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxBackstageBody))
	if err != nil {
		return nil, fmt.Errorf("read the request: %w", err)
	}
	if len(raw) == 0 {
		return nil, nil
	}
	if !json.Valid(raw) {
		return nil, errors.New("the body must be JSON")
	}
	return raw, nil
}

func decode(r *http.Request, into any) error {
	raw, err := body(r)
	if err != nil {
		return err
	}
	if raw == nil {
		return errors.New("the body must be JSON, it is empty")
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return fmt.Errorf("the JSON does not fit: %w", err)
	}
	return nil
}

// answering turns a function into a handler that speaks JSON; errors become {"error": "..."}.
func answering(f func(*http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		v, err := f(r)
		status := http.StatusOK
		switch {
		case errors.Is(err, ErrUnknown):
			status, v = http.StatusNotFound, map[string]string{"error": err.Error()}
		case err != nil:
			status, v = http.StatusBadRequest, map[string]string{"error": err.Error()}
		}
		WriteJSON(w, status, v)
	}
}

// Answering is for Desk.More: it turns a function into a handler that answers JSON, with
// errors as {"error": "what to do"} (404 for ErrUnknown, else 400). The request's body is
// limited to 1 MiB.
func Answering(f func(r *http.Request, body json.RawMessage) (any, error)) http.HandlerFunc {
	return answering(func(r *http.Request) (any, error) {
		raw, err := body(r)
		if err != nil {
			return nil, err
		}
		return f(r, raw)
	})
}

// WriteJSON answers with v as JSON, without escaping <, > and &.
func WriteJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	if b, err := AppendJSON(nil, v); err == nil {
		w.Write(append(b, '\n'))
	}
}
