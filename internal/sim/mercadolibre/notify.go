package mercadolibre

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/tongdan/tongdan/internal/sim"
)

// retryWaits are the times between the 8 attempts, about an hour together. The page gives the
// number and the sum; the spacing is a choice.
var retryWaits = []time.Duration{15 * time.Second, 30 * time.Second, time.Minute, 5 * time.Minute, 10 * time.Minute, 20 * time.Minute, 25 * time.Minute}

const (
	answerWithin  = 500 * time.Millisecond // a slower answer is no answer
	missedKept    = 48 * time.Hour
	maxMissed     = 20_000
	attemptsInAll = 8
)

// notice is what the pusher keeps of a notification to build each attempt.
type notice struct {
	ID       string `json:"id"`
	Topic    string `json:"topic"`
	Resource string `json:"resource"`
	User     ID     `json:"user"`
	Actions  string `json:"actions,omitempty"`
	Received Stamp  `json:"received"` // when the event happened
}

// missed is a notification that was given up.
type missed struct {
	notice
	Attempts int    `json:"attempts"`
	Sent     Stamp  `json:"sent"`
	URL      string `json:"url"`
	HTTP     int    `json:"http"`
	Data     string `json:"data"`
}

// topic is the health of one topic.
type topic struct {
	Failed int  `json:"failed"` // attempts in a row
	Off    bool `json:"off"`
}

func (s *Sim) openPusher(o Options) error {
	s.pusher = sim.NewPusher(sim.PusherOptions{
		Name: "mercadolibre", Clock: s.clock, Book: s.book, Faults: s.faults, Timeout: answerWithin, Client: o.Pushes, Go: o.Go,
		Waits:   func(sim.Push) []time.Duration { return retryWaits },
		Request: s.pushRequest,
		Tried:   s.pushTried,
	})
	return s.pusher.Start()
}

func (s *Sim) closePusher() error {
	s.pusher.Close()
	return nil
}

// Pusher sends the notifications; its log says what became of them.
func (s *Sim) Pusher() *sim.Pusher { return s.pusher }

// notify adds a notification to a batch. Sim.mu is held.
func (s *Sim) notify(b *sim.Batch, h hint) {
	if s.app.CallbackURL == "" || len(s.cfg.Topics) > 0 && !slices.Contains(s.cfg.Topics, h.topic) {
		return
	}
	if t := s.topics[h.topic]; t != nil && t.Off {
		return // events of that time are not kept anywhere
	}
	now := stampAt(s.clock.Now())
	sum := sha256.Sum256(fmt.Appendf(nil, "%d %s %d %d", s.seed, h.resource, now.UnixMilli(), s.rng.Uint64()))
	x := hex.EncodeToString(sum[:16])
	id := fmt.Sprintf("%s-%s-4%s-9%s-%s", x[:8], x[8:12], x[13:16], x[17:20], x[20:32])
	s.pusher.Send(b, h.about, h.topic, notice{ID: id, Topic: h.topic, Resource: h.resource, User: h.seller, Actions: h.actions, Received: now})
}

// body builds the message of one attempt. Sim.mu is held.
func (s *Sim) noticeBody(n notice, attempt int, sent Stamp) []byte {
	m := map[string]any{
		"resource": n.Resource, "user_id": n.User, "topic": n.Topic, "application_id": s.app.ClientID,
		"attempts": attempt, "sent": sent.utc(), "received": n.Received.utc(),
	}
	if s.cfg.TextUserID {
		m["user_id"] = n.User.String()
	}
	if n.Actions != "" {
		m["id"], m["actions"] = n.ID, []string{n.Actions}
	} else {
		m["_id"] = n.ID
	}
	raw, _ := json.Marshal(m)
	return raw
}

// ForgedResource is what an invented notification is about. There is no such order.
const ForgedResource = "/orders/2000000000000001"

func (s *Sim) pushRequest(p sim.Push, forged bool) (*http.Request, error) {
	var n notice
	if err := json.Unmarshal(p.Content, &n); err != nil {
		return nil, err
	}
	s.mu.Lock()
	url := s.app.CallbackURL
	if forged {
		// Notifications carry no signature. What a stranger can do is invent one.
		n.User, n.Resource = 1, ForgedResource
	}
	body := s.noticeBody(n, p.Attempt, stampAt(s.clock.Now()))
	s.mu.Unlock()
	if url == "" {
		return nil, errors.New("the application has no callback URL: set one with POST config")
	}
	r, err := http.NewRequest(http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json")
	r.Header.Set("User-Agent", "MercadoLibre-simulator")
	return r, nil
}

// pushTried keeps count of failures, lists what was given up and switches topics off.
func (s *Sim) pushTried(p sim.Push, r sim.Result) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.Fault == sim.PushLost {
		return
	}
	t := s.topics[p.Kind]
	if t == nil {
		t = &topic{}
		s.topics[p.Kind] = t
	}
	b := s.book.Begin()
	if r.OK {
		if t.Failed > 0 {
			t.Failed = 0
			b.Put("ml.topic", p.Kind, t)
		}
	} else {
		t.Failed++
		if s.cfg.TopicOffAfter > 0 && t.Failed >= s.cfg.TopicOffAfter {
			t.Off = true
		}
		b.Put("ml.topic", p.Kind, t)
		if r.Last && p.Attempt >= attemptsInAll {
			var n notice
			if json.Unmarshal(p.Content, &n) == nil {
				m := missed{notice: n, Attempts: attemptsInAll, Sent: stampAt(s.clock.Now()), URL: s.app.CallbackURL, HTTP: r.Status, Data: string(s.noticeBody(n, p.Attempt, stampAt(s.clock.Now())))}
				s.missed = append(s.missed, m)
				b.Put("ml.missed", n.ID, m)
			}
		}
	}
	s.forgetMissed(b)
	_ = b.Commit() // a broken book answers every API call with 500
}

// forgetMissed drops what is older than the two days that missed feeds are kept.
func (s *Sim) forgetMissed(b *sim.Batch) {
	old := s.clock.Now().Add(-missedKept)
	n := 0
	for n < len(s.missed) && (s.missed[n].Sent.Before(old) || len(s.missed)-n > maxMissed) {
		b.Delete("ml.missed", s.missed[n].ID)
		n++
	}
	s.missed = slices.Delete(s.missed, 0, n)
}

// SwitchTopic turns a topic on again, or off as the platform does after too many failures.
func (s *Sim) SwitchTopic(name string, on bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.topics[name] = &topic{Off: !on}
	return s.book.Put("ml.topic", name, s.topics[name])
}

// missedFeeds answers GET /missed_feeds.
func (s *Sim) missedFeeds(q *request) {
	app, ok := parseID(q.param("app_id"))
	if !ok || app != s.app.ClientID {
		q.fail(http.StatusForbidden, "forbidden", "The application does not belong to the caller")
		return
	}
	name := q.param("topic")
	if name == "items" && q.param("site_id") == "" {
		q.fail(http.StatusBadRequest, "bad_request", "site_id is required for topic items")
		return
	}
	offset, limit := max(atoi(q.param("offset"), 0), 0), min(max(atoi(q.param("limit"), 10), 1), 1000)
	old := s.clock.Now().Add(-missedKept)
	rows := []map[string]any{}
	for i := range s.missed {
		m := &s.missed[i]
		if m.Sent.Before(old) || name != "" && m.Topic != name {
			continue
		}
		if st := q.param("site_id"); st != "" && name == "items" && (s.sellers[m.User] == nil || s.sellers[m.User].Site != st) {
			continue
		}
		if offset > 0 {
			offset--
			continue
		}
		if len(rows) == limit {
			break
		}
		var row map[string]any
		_ = json.Unmarshal(s.noticeBody(m.notice, m.Attempts, m.Sent), &row)
		row["user_id"] = m.User
		if s.cfg.TextUserID {
			row["user_id"] = m.User.String()
		}
		row["application_id"] = s.app.ClientID
		row["request"] = map[string]any{
			"url":     m.URL,
			"headers": map[string]any{"accept": "application/json", "content-type": "application/json", "content-length": len(m.Data)},
			"data":    m.Data,
		}
		row["response"] = map[string]any{"req_time": answerWithin.Milliseconds(), "http_code": m.HTTP, "body": "", "headers": map[string]any{}}
		rows = append(rows, row)
	}
	q.json(http.StatusOK, map[string]any{"messages": rows})
}

func atoi(s string, otherwise int) int {
	if s == "" {
		return otherwise
	}
	n, err := strconv.Atoi(s)
	if err != nil {
		return otherwise
	}
	return n
}
