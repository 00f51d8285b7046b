// Package messengers simulates what brings a message to a phone: the group robots of
// DingTalk, WeCom and Feishu (Lark), and the short-message services of Aliyun and Tencent
// Cloud. It verifies signatures and time windows, keeps to the limits, refuses in the
// vendors' own words, and keeps what arrived: the phones and groups are a page.
//
// It is written from the vendors' public documents and shares no code with the senders.
package messengers

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/tongdan/tongdan/internal/sim"
)

// The vendors.
const (
	DingTalk = "dingtalk"
	WeCom    = "wecom"
	Feishu   = "feishu"
	Aliyun   = "aliyun"
	Tencent  = "tencent"
)

// Vendors are all of them.
var Vendors = []string{DingTalk, WeCom, Feishu, Aliyun, Tencent}

// A Robot is one that somebody has added to a group.
type Robot struct {
	Vendor  string
	Token   string // access_token, key, or the last part of the hook's path
	Secret  string // "" = signing is off
	Keyword string // "" = every text is let through
	Group   string // whose robot it is, for the page
}

// A Template is an approved text of a short-message service: Aliyun's has ${name}, Tencent
// Cloud's {1}, {2}, … Code says that it is for sign-in codes, which have tighter limits.
type Template struct {
	ID   string
	Text string
	Code bool
}

// An SMS is one account of a short-message service.
type SMS struct {
	Vendor    string // Aliyun or Tencent
	KeyID     string
	Secret    string
	AppID     string // Tencent Cloud: SmsSdkAppId
	SignName  string
	Templates []Template
	Balance   int // messages that are paid for; 0 = without end
}

// Options of a Sim.
type Options struct {
	Robots []Robot
	SMS    []SMS
	Clock  *sim.Clock // nil = the real one
	Seed   uint64
}

// A Message is one that a group or a phone has got.
type Message struct {
	Seq      int64     `json:"seq"`
	At       time.Time `json:"at"`
	Vendor   string    `json:"vendor"`
	To       string    `json:"to"`    // the group, or the number
	Robot    string    `json:"robot"` // its token; "" for a short message
	Form     string    `json:"form"`  // text, markdown, sms
	Title    string    `json:"title,omitempty"`
	Text     string    `json:"text"`
	Params   []string  `json:"params,omitempty"` // of a template, in its order
	Mentions []string  `json:"mentions,omitempty"`
}

// Most messages that are kept.
const most = 2000

// Sim is the services and the phones behind them. Safe for concurrent use.
type Sim struct {
	clock  *sim.Clock
	faults *sim.Faults
	calls  *sim.Calls

	mu       sync.Mutex
	robots   []Robot
	accounts []SMS
	sent     map[string][]time.Time // by what is limited
	muted    map[string]time.Time   // robots, until when
	nonces   map[string]time.Time
	blocked  map[string]bool // numbers that refuse short messages
	refuse   map[string][]string
	messages []Message
	seq      int64
	changed  chan struct{} // closed and replaced at each message
}

// New makes the services.
func New(o Options) *Sim {
	s := &Sim{
		clock: o.Clock, faults: sim.NewFaults(o.Seed), calls: sim.NewCalls(0), robots: slices.Clone(o.Robots), accounts: slices.Clone(o.SMS), sent: map[string][]time.Time{},
		muted: map[string]time.Time{}, nonces: map[string]time.Time{}, blocked: map[string]bool{}, refuse: map[string][]string{}, changed: make(chan struct{}),
	}
	if s.clock == nil {
		s.clock = sim.NewClock(time.Time{}, 1)
	}
	return s
}

// Name is "messengers".
func (s *Sim) Name() string { return "messengers" }

// Close has nothing to do.
func (s *Sim) Close() error { return nil }

// Faults are those of every vendor, named by Vendors.
func (s *Sim) Faults() *sim.Faults { return s.faults }

// Calls are what was received, of whatever outcome.
func (s *Sim) Calls() *sim.Calls { return s.calls }

// API is all vendors behind one address: robots by their paths, the two services at / by
// their headers.
func (s *Sim) API() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /robot/send", s.dingtalk)
	mux.HandleFunc("POST /cgi-bin/webhook/send", s.wecom)
	mux.HandleFunc("POST /open-apis/bot/v2/hook/{token}", s.feishu)
	mux.HandleFunc("/{$}", func(w http.ResponseWriter, r *http.Request) {
		if vendorOf(r) == Tencent {
			s.tencent(w, r)
			return
		}
		s.aliyun(w, r)
	})
	gate := &sim.Gate{Clock: s.clock, Faults: s.faults, Calls: s.calls, Kind: vendorOf}
	return gate.Wrap(http.MaxBytesHandler(mux, 1<<20))
}

func vendorOf(r *http.Request) string {
	switch {
	case r.URL.Path == "/robot/send":
		return DingTalk
	case strings.HasPrefix(r.URL.Path, "/cgi-bin/"):
		return WeCom
	case strings.HasPrefix(r.URL.Path, "/open-apis/"):
		return Feishu
	case strings.HasPrefix(r.Header.Get("Authorization"), "TC3-"), r.Header.Get("X-TC-Action") != "":
		return Tencent
	}
	return Aliyun
}

// Refuse makes the vendor refuse its next calls, one for each code given.
func (s *Sim) Refuse(vendor string, codes ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refuse[vendor] = append(s.refuse[vendor], codes...)
}

// Block makes a number refuse short messages, or takes them again.
func (s *Sim) Block(number string, on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.blocked[digits(number)] = on
}

// refusal takes the next code that was ordered.
func (s *Sim) refusal(vendor string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := s.refuse[vendor]
	if len(q) == 0 {
		return ""
	}
	s.refuse[vendor] = q[1:]
	return q[0]
}

// Messages lists what has arrived after a sequence number, oldest first.
func (s *Sim) Messages(after int64) []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := []Message{}
	for _, m := range s.messages {
		if m.Seq > after {
			out = append(out, m)
		}
	}
	return out
}

// Changed is closed at the next message.
func (s *Sim) Changed() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.changed
}

func (s *Sim) keep(m Message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seq++
	m.Seq, m.At = s.seq, s.clock.Now()
	if len(s.messages) >= most {
		s.messages = slices.Delete(s.messages, 0, most/10)
	}
	s.messages = append(s.messages, m)
	close(s.changed)
	s.changed = make(chan struct{})
}

func (s *Sim) robot(vendor, token string) (Robot, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.robots, func(r Robot) bool { return r.Vendor == vendor && r.Token == token })
	if i < 0 || token == "" {
		return Robot{}, false
	}
	return s.robots[i], true
}

func (s *Sim) account(vendor, keyID string) (SMS, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.accounts, func(a SMS) bool { return a.Vendor == vendor && a.KeyID == keyID })
	if i < 0 || keyID == "" {
		return SMS{}, false
	}
	return s.accounts[i], true
}

// A limit is so many in a time.
type limit struct {
	n  int
	in time.Duration
}

// allow counts one under a name, unless that is more than a limit lets through.
func (s *Sim) allow(what string, limits ...limit) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.clock.Now()
	longest := time.Duration(0)
	for _, l := range limits {
		longest = max(longest, l.in)
	}
	list := slices.DeleteFunc(s.sent[what], func(t time.Time) bool { return now.Sub(t) >= longest })
	s.sent[what] = list
	for _, l := range limits {
		n := 0
		for _, t := range list {
			if now.Sub(t) < l.in {
				n++
			}
		}
		if n >= l.n {
			return false
		}
	}
	s.sent[what] = append(list, now)
	return true
}

// fresh reports whether a nonce comes for the first time in a quarter of an hour.
func (s *Sim) fresh(nonce string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.clock.Now()
	for k, t := range s.nonces {
		if now.Sub(t) > 15*time.Minute {
			delete(s.nonces, k)
		}
	}
	if _, seen := s.nonces[nonce]; seen || nonce == "" {
		return false
	}
	s.nonces[nonce] = now
	return true
}

// pay takes one message off an account's balance.
func (s *Sim) pay(vendor, keyID string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.accounts, func(a SMS) bool { return a.Vendor == vendor && a.KeyID == keyID })
	switch {
	case i < 0 || s.accounts[i].Balance < 0:
		return false
	case s.accounts[i].Balance == 0:
		return true
	}
	if s.accounts[i].Balance--; s.accounts[i].Balance == 0 {
		s.accounts[i].Balance = -1
	}
	return true
}

func (s *Sim) isBlocked(number string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.blocked[digits(number)]
}

func (a SMS) template(id string) (Template, bool) {
	i := slices.IndexFunc(a.Templates, func(t Template) bool { return t.ID == id })
	if i < 0 {
		return Template{}, false
	}
	return a.Templates[i], true
}

// digits is a Chinese mobile number without its country.
func digits(number string) string {
	return strings.TrimPrefix(strings.TrimPrefix(number, "+"), "86")
}

// mobile reports whether a number is one of mainland China.
func mobile(number string) bool {
	n := digits(number)
	if len(n) != 11 || n[0] != '1' || n[1] < '3' {
		return false
	}
	_, err := strconv.ParseUint(n, 10, 64)
	return err == nil
}

func answer(w http.ResponseWriter, r *http.Request, status int, code string, v any) {
	sim.Seen(r.Context()).Code = code
	sim.WriteJSON(w, status, v)
}

func readJSON(r *http.Request, into any) error {
	return json.NewDecoder(r.Body).Decode(into)
}
