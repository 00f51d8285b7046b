package printers

import (
	"crypto/md5"
	"crypto/rand"
	"encoding/hex"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"time"

	"github.com/tongdan/tongdan/internal/sim"
)

// yilianyun is what that cloud remembers beside its printers. It is guarded by Sim.mu.
type yilianyun struct {
	tokens  map[string]string   // access token → client_id
	fetched int                 // tokens ever given: few may be fetched
	last    int64               // number of the last job
	done    map[string]firstJob // by machine_code and origin_id
}

// A firstJob is what the first call with an origin_id was told.
type firstJob struct {
	id string
	at time.Time
}

const (
	ylyTimes    = 5 * time.Minute // how far timestamp may be off
	ylyRemember = 2 * time.Hour   // an origin_id
)

var uuid4 = regexp.MustCompile(`^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-4[0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}$`)

type ylyError struct {
	code  int
	words string
}

var (
	ylyClient  = &ylyError{5, "应用ID或者应用密钥不正确"}
	ylyPrinter = &ylyError{8, "打印机信息错误"}
	ylyRight   = &ylyError{10, "没有权限打印"}
	ylySign    = &ylyError{11, "sign验证失败"}
	ylyParam   = &ylyError{12, "缺少必要参数"}
	ylyWrong   = &ylyError{14, "access_token错误"}
	ylyOld     = &ylyError{18, "access_token过期"}
	ylyUUID    = &ylyError{33, "uuid不合法"}
)

// yilianyun verifies what all calls share and answers in the cloud's form.
func (s *Sim) yilianyun(do func(a Account, f url.Values, r *http.Request) (any, *ylyError)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var body any
		err := ylyParam
		if r.ParseForm() == nil {
			body, err = s.ylyVerified(r, do)
		}
		seen := sim.Seen(r.Context())
		if err != nil {
			seen.Code, seen.Changed = strconv.Itoa(err.code), false
			sim.WriteJSON(w, http.StatusOK, map[string]any{"error": strconv.Itoa(err.code), "error_description": err.words})
			return
		}
		seen.Code = "0"
		sim.WriteJSON(w, http.StatusOK, map[string]any{"error": "0", "error_description": "success", "body": body})
	}
}

func (s *Sim) ylyVerified(r *http.Request, do func(Account, url.Values, *http.Request) (any, *ylyError)) (any, *ylyError) {
	f := r.PostForm
	for _, name := range []string{"client_id", "timestamp", "sign", "id"} {
		if f.Get(name) == "" {
			return nil, ylyParam
		}
	}
	a, ok := s.account(Yilianyun, f.Get("client_id"))
	if !ok {
		return nil, ylyClient
	}
	at, err := strconv.ParseInt(f.Get("timestamp"), 10, 64)
	sum := md5.Sum([]byte(a.ID + f.Get("timestamp") + a.Secret))
	off := time.Since(time.Unix(at, 0))
	switch {
	case err != nil, f.Get("sign") != hex.EncodeToString(sum[:]), off > ylyTimes, off < -ylyTimes:
		return nil, ylySign
	case !uuid4.MatchString(f.Get("id")):
		return nil, ylyUUID
	}
	if r.URL.Path != "/oauth/oauth" {
		s.mu.Lock()
		of, known := s.yly.tokens[f.Get("access_token")]
		s.mu.Unlock()
		switch {
		case f.Get("access_token") == "":
			return nil, ylyParam
		case !known || of != a.ID && of != "":
			return nil, ylyWrong
		case of == "":
			return nil, ylyOld
		}
	}
	return do(a, f, r)
}

func (s *Sim) ylyToken(a Account, f url.Values, _ *http.Request) (any, *ylyError) {
	if f.Get("grant_type") != "client_credentials" || f.Get("scope") != "all" {
		return nil, ylyParam
	}
	token := random()
	s.mu.Lock()
	s.yly.tokens[token] = a.ID
	s.yly.fetched++
	s.mu.Unlock()
	return map[string]any{"access_token": token, "refresh_token": random(), "machine_code": "", "expires_in": 2592000, "scope": "all"}, nil
}

func random() string {
	b := make([]byte, 16)
	rand.Read(b)
	return hex.EncodeToString(b)
}

// Tokens tells how many tokens Yilianyun has given: few may be fetched.
func (s *Sim) Tokens() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.yly.fetched
}

// ExpireTokens ends all tokens of Yilianyun.
func (s *Sim) ExpireTokens() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for t := range s.yly.tokens {
		s.yly.tokens[t] = ""
	}
}

func (s *Sim) ylyAdd(a Account, f url.Values, r *http.Request) (any, *ylyError) {
	d := s.serial(Yilianyun, f.Get("machine_code"))
	if d == nil || f.Get("msign") != d.Key {
		return nil, ylyPrinter
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.owner != "" && d.owner != a.ID {
		return nil, ylyRight
	}
	d.owner = a.ID
	sim.Seen(r.Context()).Changed = true
	return map[string]any{}, nil
}

func (s *Sim) ylyDevice(a Account, f url.Values) (*Device, *ylyError) {
	d := s.serial(Yilianyun, f.Get("machine_code"))
	if d == nil {
		return nil, ylyPrinter
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.owner != a.ID {
		return nil, ylyRight
	}
	return d, nil
}

func (s *Sim) ylyStatus(a Account, f url.Values, _ *http.Request) (any, *ylyError) {
	d, err := s.ylyDevice(a, f)
	if err != nil {
		return nil, err
	}
	state := "1"
	switch online, paper, cover, _ := d.State(); {
	case !online:
		state = "0"
	case !paper || cover:
		state = "2"
	}
	return map[string]any{"state": state}, nil
}

func (s *Sim) ylyCancelAll(a Account, f url.Values, r *http.Request) (any, *ylyError) {
	d, err := s.ylyDevice(a, f)
	if err != nil {
		return nil, err
	}
	d.dropWaiting()
	sim.Seen(r.Context()).Changed = true
	return map[string]any{}, nil
}

func (s *Sim) ylyPrint(a Account, f url.Values, r *http.Request) (any, *ylyError) {
	d, err := s.ylyDevice(a, f)
	if err != nil {
		return nil, err
	}
	origin := f.Get("origin_id")
	if f.Get("content") == "" || origin == "" || len(origin) > 32 {
		return nil, ylyParam
	}
	now := s.clock.Now()
	s.mu.Lock()
	key := d.Serial + " " + origin
	if was, ok := s.yly.done[key]; ok && now.Sub(was.at) < ylyRemember && f.Get("idempotence") == "1" {
		s.mu.Unlock()
		return map[string]any{"id": was.id, "origin_id": origin}, nil
	}
	s.yly.last++
	id := strconv.FormatInt(12345678+s.yly.last, 10)
	s.yly.done[key] = firstJob{id, now}
	s.mu.Unlock()
	sim.Seen(r.Context()).Changed = true
	d.put(&job{id: id, origin: origin, slips: ylySlips(f.Get("content"), d.Columns), at: now})
	return map[string]any{"id": id, "origin_id": origin}, nil
}
