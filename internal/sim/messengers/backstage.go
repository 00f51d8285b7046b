package messengers

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"github.com/tongdan/tongdan/internal/sim"
)

//go:embed page.html
var page []byte

//go:embed page.js
var script []byte

// Page is where the phones and groups are seen, below the backstage.
func (s *Sim) Page() string { return "/backstage/messengers/" }

// Backstage is the page with phones and groups, and its JSON:
//
//	GET  messages        ?after= : what has arrived
//	GET  calls           what was received, with the code of the answer
//	POST refuse          {"vendor", "code"}: the next call is refused with it
//	POST block           {"number", "on"}
//	PUT  faults          as of the other simulators; POST faults/next {"kind", "n", "vendor"}
func (s *Sim) Backstage() http.Handler {
	const at = "/backstage/messengers"
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+at+"/{$}", sim.Asset("text/html; charset=utf-8", page))
	mux.HandleFunc("GET "+at+"/page.js", sim.Asset("text/javascript; charset=utf-8", script))
	mux.HandleFunc("GET "+at+"/messages", sim.Answering(func(r *http.Request, _ json.RawMessage) (any, error) {
		after, _ := strconv.ParseInt(r.URL.Query().Get("after"), 10, 64)
		return s.Messages(after), nil
	}))
	mux.HandleFunc("GET "+at+"/calls", sim.Answering(func(*http.Request, json.RawMessage) (any, error) { return s.calls.List("", 0), nil }))
	mux.HandleFunc("POST "+at+"/refuse", sim.Answering(func(_ *http.Request, body json.RawMessage) (any, error) {
		var in struct{ Vendor, Code string }
		if err := json.Unmarshal(body, &in); err != nil || !slices.Contains(Vendors, in.Vendor) || in.Code == "" {
			return nil, fmt.Errorf("give a vendor of %v and a code", Vendors)
		}
		s.Refuse(in.Vendor, in.Code)
		return map[string]any{}, nil
	}))
	mux.HandleFunc("POST "+at+"/block", sim.Answering(func(_ *http.Request, body json.RawMessage) (any, error) {
		var in struct {
			Number string
			On     bool
		}
		if err := json.Unmarshal(body, &in); err != nil || !mobile(in.Number) {
			return nil, fmt.Errorf("give a number of eleven digits")
		}
		s.Block(in.Number, in.On)
		return map[string]any{}, nil
	}))
	mux.HandleFunc("PUT "+at+"/faults", sim.Answering(func(_ *http.Request, body json.RawMessage) (any, error) {
		var plan sim.FaultPlan
		if err := json.Unmarshal(body, &plan); err != nil {
			return nil, err
		}
		s.faults.Set(plan)
		return s.faults.Plan(), nil
	}))
	mux.HandleFunc("POST "+at+"/faults/next", sim.Answering(func(_ *http.Request, body json.RawMessage) (any, error) {
		var in struct {
			Kind, Vendor string
			N            int
		}
		if err := json.Unmarshal(body, &in); err != nil {
			return nil, err
		}
		if in.Vendor == "" {
			s.faults.Next(in.Kind, max(in.N, 1))
		} else {
			s.faults.Next(in.Kind, max(in.N, 1), in.Vendor)
		}
		return map[string]any{}, nil
	}))
	return mux
}
