package meituan

import (
	"errors"
	"fmt"
	"html/template"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/tongdan/tongdan/internal/sim"
)

// Binding a store (门店映射): the merchant's browser comes to /storemap with the developer's store id, the
// merchant signs in and chooses a store, and the platform posts its token to the developer.

var storemapPage = template.Must(template.New("").Parse(`<!doctype html><html lang="zh-CN"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>美团门店映射（模拟）</title>
<main><h1>门店映射（模拟）</h1><p>为 <b>{{.Name}}</b>（{{.EPoiID}}）选择美团门店：</p>
{{range .Stores}}<form method="post" action="/storemap/bind?{{$.Query}}"><input type="hidden" name="store" value="{{.Code}}"><button>{{.Name}}</button></form>{{else}}<p>没有可绑定的门店</p>{{end}}
{{if .Done}}<p>已绑定，可以关闭此页。</p>{{end}}</main></html>`))

func (s *Sim) bindingPages(mux *http.ServeMux) {
	page := func(w http.ResponseWriter, r *http.Request, done bool) {
		q := r.URL.Query()
		type row struct{ Code, Name string }
		var rows []row
		s.mu.Lock()
		for _, code := range slices.Sorted(maps.Keys(s.stores)) {
			if st := s.stores[code]; st.Token == "" {
				rows = append(rows, row{code, st.Name})
			}
		}
		s.mu.Unlock()
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		storemapPage.Execute(w, map[string]any{"Name": q.Get("ePoiName"), "EPoiID": q.Get("ePoiId"), "Stores": rows, "Query": template.URL(r.URL.RawQuery), "Done": done})
	}
	checked := func(f http.HandlerFunc) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if err := s.checkPage(r); err != nil {
				http.Error(w, err.Error(), http.StatusForbidden)
				return
			}
			f(w, r)
		}
	}
	s.oauthPages(mux, checked)
	mux.HandleFunc("GET /storemap", checked(func(w http.ResponseWriter, r *http.Request) { page(w, r, false) }))
	mux.HandleFunc("POST /storemap/bind", checked(func(w http.ResponseWriter, r *http.Request) {
		if err := s.Bind(r.URL.Query().Get("ePoiId"), r.PostFormValue("store")); err != nil {
			http.Error(w, err.Error(), http.StatusConflict)
			return
		}
		page(w, r, true)
	}))
	mux.HandleFunc("GET /releasebinding", checked(func(w http.ResponseWriter, r *http.Request) {
		code := ""
		s.mu.Lock()
		for _, st := range s.stores {
			if st.Token != "" && st.Token == r.URL.Query().Get("appAuthToken") {
				code = st.Code
			}
		}
		s.mu.Unlock()
		if err := s.Unbind(code); err != nil {
			http.Error(w, err.Error(), http.StatusConflict)
			return
		}
		fmt.Fprintln(w, "已解除绑定")
	}))
}

// checkPage verifies the signed query of a page; its timestamp is in milliseconds.
func (s *Sim) checkPage(r *http.Request) error {
	s.mu.Lock()
	config := s.config
	s.mu.Unlock()
	var params []field
	q := r.URL.Query()
	for k := range q {
		params = append(params, field{k, q.Get(k)})
	}
	at, err := strconv.ParseInt(q.Get("timestamp"), 10, 64)
	switch {
	case config.signKey == "" || !sameSig(partnerSign(config.signKey, params), q.Get("sign")):
		return errSig
	case q.Get("businessId") != "2":
		return badFormat("businessId")
	case err != nil || len(q.Get("timestamp")) != 13 || !s.near(at/1000, config.ClockSkew):
		return badFormat("timestamp")
	}
	return nil
}

// Bind gives a store to the developer under an ePoiId, as the merchant does on the page, and posts its
// token.
func (s *Sim) Bind(ePoiID, store string) error {
	if ePoiID == "" || len(ePoiID) > 100 {
		return errors.New("ePoiId must have 1 to 100 characters")
	}
	s.mu.Lock()
	for _, st := range s.stores {
		if st.Token != "" && st.EPoiID == ePoiID {
			s.mu.Unlock()
			return fmt.Errorf("ePoiId %s is bound already", ePoiID)
		}
	}
	s.mu.Unlock()
	_, err := s.withStore(store, func(t *change, st *Store) (bool, error) {
		if st.Token != "" {
			return false, fmt.Errorf("store %s is bound already", store)
		}
		st.EPoiID, st.Token, st.TokenDies = ePoiID, "token_"+t.newID(), 0
		t.bound(st)
		return true, nil
	})
	if err == error(errNoStore) {
		return fmt.Errorf("%w store %s", sim.ErrUnknown, store)
	}
	return err
}

// Bound reports whether there is a store, and whether it is a service provider's.
func (s *Sim) Bound(store string) (there, bound bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.stores[store]
	return st != nil, st != nil && st.Token != ""
}

func (t *change) bound(st *Store) {
	if t.s.config.partnerURL(PartnerBound) == "" {
		return
	}
	t.s.pusher.Send(t.Batch, "store "+st.Code, PartnerBound, []field{
		{"ePoiId", st.EPoiID}, {"appAuthToken", st.Token}, {"businessId", "2"}, {"poiId", strconv.FormatInt(st.PoiID, 10)}, {"poiName", st.Name},
		{"timestamp", strconv.FormatInt(t.now*1000, 10)},
	})
}

// Unbind takes a store from the developer; its token ends at once.
func (s *Sim) Unbind(store string) error {
	_, err := s.withStore(store, func(t *change, st *Store) (bool, error) {
		if st.Token == "" {
			return false, fmt.Errorf("store %s is bound to nobody", store)
		}
		st.Token, st.Refresh = "", ""
		if t.s.config.partnerURL(PartnerUnbound) != "" {
			t.s.pusher.Send(t.Batch, "store "+st.Code, PartnerUnbound, []field{
				{"developerId", t.s.config.developer}, {"businessId", "2"}, {"epoiId", st.EPoiID}, {"timestamp", strconv.FormatInt(t.now*1000, 10)},
			})
		}
		return true, nil
	})
	return err
}

// bindingRoutes are the backstage's: POST stores/{code}/bind with an ePoiId, unbind, join and leave.
func (s *Sim) bindingAct(code, act, ePoiID string) (bool, error) {
	switch act {
	case "bind":
		return true, s.Bind(strings.TrimSpace(ePoiID), code)
	case "unbind":
		return true, s.Unbind(code)
	case "join", "leave": // the app of the first platform
		return true, s.BindApp(code, act == "join")
	}
	return false, nil
}
