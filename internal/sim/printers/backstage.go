package printers

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"

	"github.com/tongdan/tongdan/internal/sim"
)

//go:embed page.html
var page []byte

//go:embed page.js
var script []byte

//go:embed page.css
var style []byte

// Page is where the printers and their paper are seen, below the backstage.
func (s *Sim) Page() string { return "/backstage/printers/" }

// deviceView is a printer as the page shows it.
type deviceView struct {
	Name    string `json:"name"`
	Make    string `json:"make"`
	Address string `json:"address,omitempty"` // of one on a network
	Online  bool   `json:"online"`
	Paper   bool   `json:"paper"`
	Cover   bool   `json:"cover"`
	Waiting int    `json:"waiting"`
}

// Backstage is the page with the printers and what came out of them, and its JSON:
//
//	GET  devices          how each is
//	POST device           {"name", "online", "paper", "cover"}: what is left out stays
//	GET  slips            ?after= : what came out
func (s *Sim) Backstage() http.Handler {
	const at = "/backstage/printers"
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+at+"/{$}", sim.Asset("text/html; charset=utf-8", page))
	mux.HandleFunc("GET "+at+"/page.js", sim.Asset("text/javascript; charset=utf-8", script))
	mux.HandleFunc("GET "+at+"/page.css", sim.Asset("text/css; charset=utf-8", style))
	view := func(d *Device) deviceView {
		v := deviceView{Name: d.Printer.Name, Make: d.Make, Address: d.Addr()}
		v.Online, v.Paper, v.Cover, v.Waiting = d.State()
		return v
	}
	mux.HandleFunc("GET "+at+"/devices", sim.Answering(func(*http.Request, json.RawMessage) (any, error) {
		out := []deviceView{}
		for _, d := range s.Devices() {
			out = append(out, view(d))
		}
		return out, nil
	}))
	mux.HandleFunc("POST "+at+"/device", sim.Answering(func(_ *http.Request, body json.RawMessage) (any, error) {
		var in struct {
			Name                 string
			Online, Paper, Cover *bool
		}
		if err := json.Unmarshal(body, &in); err != nil {
			return nil, err
		}
		d := s.Device(in.Name)
		if d == nil {
			return nil, fmt.Errorf("printer %q: %w", in.Name, sim.ErrUnknown)
		}
		for _, x := range []struct {
			to  *bool
			set func(bool)
		}{{in.Online, d.Online}, {in.Cover, d.Cover}, {in.Paper, d.Paper}} {
			if x.to != nil {
				x.set(*x.to)
			}
		}
		return view(d), nil
	}))
	mux.HandleFunc("GET "+at+"/slips", sim.Answering(func(r *http.Request, _ json.RawMessage) (any, error) {
		after, _ := strconv.ParseInt(r.URL.Query().Get("after"), 10, 64)
		out := []Slip{}
		for _, d := range s.Devices() {
			list := d.Slips(after)
			out = append(out, list[max(0, len(list)-mostShown):]...)
		}
		return out, nil
	}))
	return http.NewCrossOriginProtection().Handler(mux)
}

// mostShown are the slips of a printer that one answer has at most.
const mostShown = 30
