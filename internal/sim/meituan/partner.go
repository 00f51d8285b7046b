package meituan

import (
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/tongdan/tongdan/internal/sim"
)

// Meituan has a second platform, for vendors that serve many merchants (developer.meituan.com, "platform
// N"): other hosts, names, signature and callbacks, the same stores, orders and rules. A store
// that is bound to the developer is reached by its token there and pushed there.

// PartnerOptions switch the second platform on.
type PartnerOptions struct {
	// Developer and SignKey are developerId and signKey.
	Developer, SignKey string
	// Callback is the base URL of the developer's callbacks, without a slash at the end.
	Callback string
}

// partnerSign is the second platform's signature: SHA1, in lower hex, of the key and then each
// name with its value, sorted by name, nothing between. Empty values and sign itself are left out
// (documents of the platform, signature).
func partnerSign(key string, params []field) string {
	sorted := slices.Clone(params)
	slices.SortStableFunc(sorted, func(a, b field) int { return strings.Compare(a.K, b.K) })
	var b strings.Builder
	b.WriteString(key)
	for _, p := range sorted {
		if p.K != "sign" && p.V != "" {
			b.WriteString(p.K + p.V)
		}
	}
	sum := sha1.Sum([]byte(b.String()))
	return hex.EncodeToString(sum[:])
}

// biz is what a call asks for: the object in biz, or the fields of the older flat form.
type biz map[string]json.RawMessage

// read takes the text of biz. Some newer paths have a single field, biz again, with the object as text in
// it (kit for developers, Go, 2025); how the fields are spelled there is not published, so each is
// found with underscores and without.
func (b *biz) read(text string) error {
	if err := json.Unmarshal([]byte(text), b); err != nil {
		return err
	}
	inner := b.get("biz")
	if len(*b) != 1 || inner == "" {
		return nil
	}
	open := biz{}
	if err := json.Unmarshal([]byte(inner), &open); err != nil {
		return err
	}
	*b = biz{}
	for k, v := range open {
		parts := strings.Split(k, "_")
		for i := 1; i < len(parts); i++ {
			if parts[i] != "" {
				parts[i] = strings.ToUpper(parts[i][:1]) + parts[i][1:]
			}
		}
		(*b)[k], (*b)[strings.Join(parts, "")] = v, v
	}
	return nil
}

// get gives a value as text: strings and numbers are both accepted.
func (b biz) get(name string) string {
	var v text
	if raw := b[name]; raw == nil || v.UnmarshalJSON(raw) != nil {
		return ""
	}
	return string(v)
}

func (b biz) need(name string) (string, error) {
	if v := b.get(name); v != "" {
		return v, nil
	}
	return "", missing(name)
}

func (b biz) number(name string) (int, error) {
	v, err := b.need(name)
	if err != nil {
		return 0, err
	}
	n, err := strconv.Atoi(v)
	if err != nil {
		return 0, badFormat(name)
	}
	return n, nil
}

func (b biz) list(name string) ([]string, error) {
	v, err := b.need(name)
	if err != nil {
		return nil, err
	}
	parts := strings.Split(v, ",")
	if len(parts) > 200 {
		return nil, badFormat(name)
	}
	return parts, nil
}

// partnerCall is one verified request.
type partnerCall struct {
	biz
	s    *Sim
	st   *Store // of the token; nil without one
	path string
	seen *sim.Call
	file []byte // of an upload
}

// partnerEndpoint is one path. Open ones need no token.
type partnerEndpoint struct {
	open bool
	do   func(*partnerCall) (any, error)
}

func (s *Sim) partnerHandler() http.Handler {
	routes := s.partnerEndpoints()
	gate := &sim.Gate{
		Clock: s.clock, Faults: s.faults, Calls: s.calls,
		Kind:    func(r *http.Request) string { return r.URL.Path },
		Limited: func(w http.ResponseWriter, r *http.Request) { s.partnerAnswer(w, r, false, nil, errFlow) },
	}
	mux := http.NewServeMux()
	s.bindingPages(mux)
	mux.Handle("/", gate.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e, known := routes[r.URL.Path]
		if !known {
			http.NotFound(w, r)
			return
		}
		v, old, err := s.partnerServe(r, e)
		s.partnerAnswer(w, r, old, v, err)
	})))
	return mux
}

// partnerAnswer writes the envelope: code, msg, data and traceId, or that of the older flat form.
// No list of codes is public. The numbers of the first platform are given, or, with
// PartnerCodes "words", one word for all of them. PartnerNothing says what is answered where there is
// nothing.
func (s *Sim) partnerAnswer(w http.ResponseWriter, r *http.Request, old bool, v any, err error) {
	s.mu.Lock()
	words, null := s.config.PartnerCodes == "words", s.config.PartnerNothing == "null"
	s.mu.Unlock()
	if list, ok := v.([]any); null && (ok && len(list) == 0 || err == error(errNoOrder) && strings.Contains(r.URL.Path, "/query")) {
		v, err = nil, nil
	}
	var refused refusal
	raw, whole := v.(envelope)
	switch {
	case err == nil && whole:
		sim.WriteJSON(w, http.StatusOK, raw)
		return
	case err == nil && old:
		sim.WriteJSON(w, http.StatusOK, map[string]any{"data": v})
		return
	case err == nil:
		sim.WriteJSON(w, http.StatusOK, map[string]any{"code": "OP_SUCCESS", "msg": "成功", "data": v, "traceId": "0"})
		return
	case !errors.As(err, &refused):
		refused = refusal{errSystem.code, errSystem.msg + "：" + err.Error()}
	}
	sim.Seen(r.Context()).Code = strconv.Itoa(refused.code)
	if old {
		sim.WriteJSON(w, http.StatusOK, map[string]any{"error": map[string]any{"code": refused.code, "message": refused.msg, "error_type": "meituan"}})
		return
	}
	code := strconv.Itoa(refused.code)
	if words {
		code = "OP_FAILED"
	}
	sim.WriteJSON(w, http.StatusOK, map[string]any{"code": code, "msg": refused.msg, "data": nil, "traceId": "0"})
}

var (
	errToken    = refusal{4001, "appAuthToken无效或已过期"}
	errNotYours = refusal{704, "没有权限操作这条数据"}
)

// partnerServe checks a request in the order: parameters, signature, developer, time, rate, token.
func (s *Sim) partnerServe(r *http.Request, e partnerEndpoint) (v any, old bool, err error) {
	params, file, err := readParams(r)
	if err != nil {
		return nil, false, errFormat
	}
	p := map[string]string{}
	for _, f := range params {
		p[f.K] = f.V
	}
	old = p["version"] == ""
	c := &partnerCall{s: s, file: file, biz: biz{}, path: r.URL.Path, seen: sim.Seen(r.Context())}
	s.mu.Lock()
	config := s.config
	for _, st := range s.stores {
		if st.Token != "" && st.Token == p["appAuthToken"] && (st.TokenDies == 0 || s.clock.Now().Unix() < st.TokenDies) {
			c.st = st
		}
	}
	s.mu.Unlock()
	switch at, err := strconv.ParseInt(p["timestamp"], 10, 64); {
	case p["sign"] == "" || p["timestamp"] == "":
		return nil, old, errMissing
	case !sameSig(partnerSign(config.signKey, params), p["sign"]):
		return nil, old, errSig
	case !old && p["developerId"] != config.developer:
		return nil, old, errApp
	case !old && (p["charset"] != "UTF-8" || p["version"] != "2" || p["businessId"] != "2"):
		return nil, old, errFormat
	case err != nil || len(p["timestamp"]) != 10 || !s.near(at, config.ClockSkew):
		return nil, old, badFormat("timestamp")
	case !s.limiter.Allow(config.RatePerSecond, max(config.Burst, 1)):
		return nil, old, errFlow
	case c.st == nil && !e.open:
		return nil, old, errToken
	}
	if old {
		for k, v := range p {
			if !slices.Contains([]string{"sign", "timestamp", "charset", "appAuthToken"}, k) {
				c.biz[k], _ = json.Marshal(v)
			}
		}
	} else if b := p["biz"]; b != "" && c.biz.read(b) != nil {
		return nil, old, badFormat("biz")
	}
	c.seen.Params = map[string]string{}
	for k := range c.biz {
		v := c.get(k)
		c.seen.Params[k] = v[:min(len(v), 2000)]
	}
	c.seen.Order = c.get("orderId")
	v, err = e.do(c)
	return v, old, err
}

// partnerOn is for paths that act on one order of the token's store.
func partnerOn(f func(c *partnerCall, t *change, o *Order) (bool, error)) partnerEndpoint {
	return partnerEndpoint{do: func(c *partnerCall) (any, error) {
		id, err := c.need("orderId")
		if err != nil {
			return nil, err
		}
		c.seen.Changed, err = c.s.with(id, c.path, func(t *change, o *Order) (bool, error) {
			if o.Store != c.st.Code {
				return false, errNotYours
			}
			return f(c, t, o)
		})
		if err != nil {
			return nil, err
		}
		return "ok", nil
	}}
}

// partnerOf is for paths that read one.
func partnerOf(f func(c *partnerCall, o *Order) (any, error)) partnerEndpoint {
	return partnerEndpoint{do: func(c *partnerCall) (any, error) {
		id, err := c.need("orderId")
		if err != nil {
			return nil, err
		}
		return c.s.read(id, c.path, func(o *Order) (any, error) {
			if o.Store != c.st.Code {
				return nil, errNotYours
			}
			return f(c, o)
		})
	}}
}

// partnerStore is for paths about the token's store. F may change it when changes is set.
func partnerStore(changes bool, f func(c *partnerCall, t *change, st *Store) (any, error)) partnerEndpoint {
	return partnerEndpoint{do: func(c *partnerCall) (v any, err error) {
		c.seen.Changed, err = c.s.withStore(c.st.Code, func(t *change, st *Store) (bool, error) {
			v, err = f(c, t, st)
			return changes && err == nil, err
		})
		return v, err
	}}
}

// partnered reports whether a store is bound to the developer.
func (s *Sim) partnered(code string) bool {
	st := s.stores[code]
	return st != nil && st.Token != ""
}

// Partner is the second platform as a sim.Platform of its own: its API stands on another address. Its
// backstage is that of the first one, since the stores, orders and people are the same.
func (s *Sim) Partner() sim.Platform { return partnerSide{s} }

type partnerSide struct{ s *Sim }

func (partnerSide) Name() string        { return "meituan-partner" }
func (p partnerSide) API() http.Handler { return p.s.partnerAPI }
func (partnerSide) Close() error        { return nil } // the first platform's Close is for both

func (p partnerSide) Backstage() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		sim.WriteJSON(w, http.StatusOK, map[string]string{"backstage": fmt.Sprintf("/backstage/%s/", p.s.Name())})
	})
}
