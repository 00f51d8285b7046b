package meituan

import (
	"fmt"
	"html/template"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// OAuth of the second platform: the merchant agrees on /general/auth and is sent back with a code, which the developer
// turns into a token that ends and a refresh token that makes the next one. How long a token lives is not published
// (PartnerTokenLife), nor whether a refresh token works twice (PartnerRefreshOnce).

var authPage = template.Must(template.New("").Parse(`<!doctype html><html lang="zh-CN"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>美团授权（模拟）</title>
<main><h1>授权（模拟）</h1><p>允许开发者使用哪家门店：</p>
{{range .Stores}}<form method="post" action="/general/auth?{{$.Query}}"><input type="hidden" name="store" value="{{.Code}}"><button>{{.Name}}</button></form>{{end}}</main></html>`))

func (s *Sim) oauthPages(mux *http.ServeMux, checked func(http.HandlerFunc) http.HandlerFunc) {
	mux.HandleFunc("GET /general/auth", checked(func(w http.ResponseWriter, r *http.Request) {
		type row struct{ Code, Name string }
		var rows []row
		s.mu.Lock()
		for _, code := range slices.Sorted(maps.Keys(s.stores)) {
			rows = append(rows, row{code, s.stores[code].Name})
		}
		s.mu.Unlock()
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		authPage.Execute(w, map[string]any{"Stores": rows, "Query": template.URL(r.URL.RawQuery)})
	}))
	mux.HandleFunc("POST /general/auth", checked(func(w http.ResponseWriter, r *http.Request) {
		code, err := s.Agree(r.PostFormValue("store"))
		if err != nil {
			http.Error(w, err.Error(), http.StatusConflict)
			return
		}
		s.mu.Lock()
		back := s.config.PartnerCallback
		s.mu.Unlock()
		q := url.Values{"code": {code}, "state": {r.URL.Query().Get("state")}}
		http.Redirect(w, r, strings.TrimRight(back, "/")+"/authorised?"+q.Encode(), http.StatusSeeOther)
	}))
}

// Agree is the merchant's yes on the page: it gives the code that he is sent back with.
func (s *Sim) Agree(store string) (code string, err error) {
	_, err = s.withStore(store, func(t *change, st *Store) (bool, error) {
		st.Code1 = "code_" + t.newID()
		code = st.Code1
		return true, nil
	})
	return code, err
}

// give makes the next tokens of a store.
func (t *change) give(st *Store) envelope {
	life := int64(t.s.config.PartnerTokenLife)
	st.Token, st.Code1, st.TokenDies = "access_"+t.newID(), "", t.now+life
	if st.Refresh == "" || t.s.config.PartnerRefreshOnce {
		st.Refresh = "refresh_" + t.newID()
	}
	if st.EPoiID == "" {
		st.EPoiID = st.Code
	}
	return envelope{"code": 0, "msg": "success", "traceId": "0",
		"data": map[string]any{"accessToken": st.Token, "expireIn": life, "refreshToken": st.Refresh, "scope": "all", "opBizCode": st.EPoiID}}
}

func partnerOAuth() map[string]partnerEndpoint {
	grant := func(kind, param string, of func(*Store) string) partnerEndpoint {
		return partnerEndpoint{open: true, do: func(c *partnerCall) (v any, err error) {
			given, err := c.need(param)
			switch {
			case err != nil:
				return nil, err
			case c.get("grantType") != kind:
				return nil, badFormat("grantType")
			}
			c.s.mu.Lock()
			store := ""
			for code, st := range c.s.stores {
				if of(st) == given {
					store = code
				}
			}
			c.s.mu.Unlock()
			if store == "" {
				return nil, refusal{4001, param + "无效或已过期"}
			}
			_, err = c.s.withStore(store, func(t *change, st *Store) (bool, error) {
				v = t.give(st)
				return true, nil
			})
			return v, err
		}}
	}
	return map[string]partnerEndpoint{
		"/oauth/token":   grant("authorization_code", "code", func(st *Store) string { return st.Code1 }),
		"/oauth/refresh": grant("refresh_token", "refreshToken", func(st *Store) string { return st.Refresh }),
	}
}

// EndTokens lets the tokens of a store that was authorised end now; its refresh token too when all is set.
func (s *Sim) EndTokens(store string, all bool) error {
	_, err := s.withStore(store, func(t *change, st *Store) (bool, error) {
		if st.TokenDies == 0 {
			return false, fmt.Errorf("store %s has no token that ends", strconv.Quote(store))
		}
		if st.TokenDies = t.now; all {
			st.Refresh = ""
		}
		return true, nil
	})
	return err
}
