package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"io"
	"net/http"
	"time"

	"github.com/tongdan/tongdan/fault"
)

// kept is an answer as it is stored under its Idempotency-Key.
type kept struct {
	Status int    `json:"status"`
	Type   string `json:"type,omitempty"`
	Seq    string `json:"seq,omitempty"`
	Body   []byte `json:"body,omitempty"`
}

// recorder holds an answer back until it is kept.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header { return r.header }
func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
}
func (r *recorder) Write(b []byte) (int, error) {
	r.WriteHeader(http.StatusOK)
	return r.body.Write(b)
}

// How long a request without an answer holds its key: a node died in the middle of it.
// Acts know their key themselves, so one that is carried out a second time while the first
// is still under way does nothing twice: nobody at a counter waits for a dead node.
const (
	held    = 15 * time.Second
	heldAct = 2 * time.Second
)

// once answers a request with an Idempotency-Key: the first time it is carried out and
// its answer is kept; the same request again gets that answer. What was certainly not
// carried out, and what may be tried again, is not kept.
func (s *Server) once(w http.ResponseWriter, r *http.Request, c caller, key string, hold time.Duration, next http.HandlerFunc) {
	const op = "api.once"
	if len(key) > 200 {
		s.fail(w, r, fault.Say(op, fault.Invalid, "key_too_long", "give an Idempotency-Key of 1 to 200 characters"))
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		if _, ok := err.(*http.MaxBytesError); !ok {
			err = &fault.Error{Op: op, Code: fault.Invalid, Why: fault.Because("body_broken_off", "the body could not be read; send it again"), Err: err}
		}
		s.fail(w, r, err)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	h := sha256.New()
	for _, part := range [][]byte{[]byte(r.Method), []byte(r.URL.RequestURI()), body} {
		h.Write([]byte(itoa(int64(len(part))) + ":"))
		h.Write(part)
	}
	name := c.ID + " " + key
	stored, done, err := s.db.BeginRequest(r.Context(), c.Merchant, name, h.Sum(nil), hold)
	if err != nil {
		s.fail(w, r, fault.Wrap(op, err))
		return
	}
	if done {
		var k kept
		if err := json.Unmarshal(stored, &k); err != nil {
			s.fail(w, r, &fault.Error{Op: op, Code: fault.Internal, Err: err})
			return
		}
		w.Header().Set("Idempotent-Replayed", "true")
		k.send(w)
		return
	}
	rec := &recorder{header: w.Header()}
	finished := false
	defer func() {
		if !finished { // a panic: whoever repeats it finds the way free
			s.dropRequest(r, c, name)
		}
	}()
	next(rec, r)
	finished = true
	k := kept{rec.status, rec.header.Get("Content-Type"), rec.header.Get("Tongdan-Seq"), rec.body.Bytes()}
	switch {
	case k.Status >= 500, k.Status == http.StatusTooManyRequests, k.Status == http.StatusUnauthorized, k.Status == http.StatusForbidden:
		s.dropRequest(r, c, name)
	default:
		answer, err := json.Marshal(k)
		if err == nil {
			err = detached(r, func(ctx context.Context) error { return s.db.FinishRequest(ctx, c.Merchant, name, answer) })
		}
		if err != nil { // it is done; a repeat is told to wait, then carried out anew, which acts survive
			s.log.Error("an answer could not be kept for its Idempotency-Key", "request_id", requestOf(r.Context()).id, "err", err)
		}
	}
	k.send(w)
}

func (k kept) send(w http.ResponseWriter) {
	if k.Type != "" {
		w.Header().Set("Content-Type", k.Type)
	}
	if k.Seq != "" {
		w.Header().Set("Tongdan-Seq", k.Seq)
	}
	w.WriteHeader(k.Status)
	w.Write(k.Body)
}

func (s *Server) dropRequest(r *http.Request, c caller, name string) {
	err := detached(r, func(ctx context.Context) error { return s.db.DropRequest(ctx, c.Merchant, name) })
	if err != nil {
		s.log.Warn("an Idempotency-Key could not be freed", "request_id", requestOf(r.Context()).id, "err", err)
	}
}

// detached does what must be written down even when the client has left.
func detached(r *http.Request, f func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), 5*time.Second)
	defer cancel()
	return f(ctx)
}
