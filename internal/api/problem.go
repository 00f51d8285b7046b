package api

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/tongdan/tongdan/fault"
)

// A Problem is a failure as it is answered (RFC 9457). Code is what a program acts on;
// Detail says to people what to do.
type Problem struct {
	Type      string         `json:"type"`
	Title     string         `json:"title"`
	Status    int            `json:"status"`
	Detail    string         `json:"detail" doc:"What to do, for people."`
	Code      fault.Code     `json:"code" enum:"invalid,too_large,not_found,conflict,unauthorized,forbidden,rate_limited,unsupported,unavailable,unknown_outcome,internal"`
	Errors    []ProblemField `json:"errors,omitempty" doc:"Every part of the input that is wrong."`
	Why       *fault.Reason  `json:"why,omitempty" doc:"The detail for screens: a stable code with arguments. Not there when the detail is a platform's own words."`
	RequestID string         `json:"request_id" doc:"It is in the log."`

	after int // s, of Retry-After
}

// A ProblemField is one part of the input that is wrong.
type ProblemField struct {
	Location string `json:"location"`
	Message  string `json:"message"`
	Value    any    `json:"value,omitempty"`

	Why *fault.Reason `json:"why,omitempty" doc:"The message for screens, as beside detail."`
}

// Error, GetStatus, ContentType and GetHeaders are what huma asks of an error.
func (p *Problem) Error() string             { return string(p.Code) + ": " + p.Detail }
func (p *Problem) GetStatus() int            { return p.Status }
func (p *Problem) ContentType(string) string { return "application/problem+json" }
func (p *Problem) GetHeaders() http.Header {
	h := http.Header{}
	if p.after > 0 {
		h.Set("Retry-After", strconv.Itoa(p.after))
	}
	if p.Status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Bearer realm="tongdan"`)
	}
	return h
}

func (p *Problem) write(w http.ResponseWriter) {
	for k, v := range p.GetHeaders() {
		w.Header()[k] = v
	}
	w.Header().Set("Content-Type", p.ContentType(""))
	w.WriteHeader(p.Status)
	json.NewEncoder(w).Encode(p)
}

// statuses says which HTTP status carries a code.
var statuses = map[fault.Code]int{
	fault.Invalid:      http.StatusUnprocessableEntity,
	fault.TooLarge:     http.StatusRequestEntityTooLarge,
	fault.NotFound:     http.StatusNotFound,
	fault.Conflict:     http.StatusConflict,
	fault.Unauthorized: http.StatusUnauthorized,
	fault.Forbidden:    http.StatusForbidden,
	fault.RateLimited:  http.StatusTooManyRequests,
	fault.Unsupported:  http.StatusUnprocessableEntity,
	fault.Unavailable:  http.StatusServiceUnavailable,
	fault.Unknown:      http.StatusGatewayTimeout,
	fault.Internal:     http.StatusInternalServerError,
}

// said is what a code means to people when the error has no words of its own.
var said = map[fault.Code]fault.Reason{
	fault.Invalid:      fault.Because("invalid", "the request is wrong; see errors"),
	fault.TooLarge:     fault.Because("too_large", "the request is too large; send less"),
	fault.NotFound:     fault.Because("not_found", "there is no such thing"),
	fault.Conflict:     fault.Because("conflict", "its state does not allow that now; look again"),
	fault.Unauthorized: fault.Because("unauthorized", "sign in, or send an API key as Authorization: Bearer tdk_…"),
	fault.Forbidden:    fault.Because("forbidden", "you have no right to that; ask an owner"),
	fault.RateLimited:  fault.Because("rate_limited", "too many requests; wait as long as Retry-After says"),
	fault.Unsupported:  fault.Because("unsupported", "the platform cannot do that"),
	fault.Unavailable:  fault.Because("unavailable", "nothing was done; try again in a moment"),
	fault.Unknown:      fault.Because("unknown_outcome", "it may have been done or not; look before trying again"),
	fault.Internal:     fault.Because("internal", "a mistake of Tongdan's; the log has it under this request id"),
}

// problemOf turns an error into what is answered, and logs it. It is the one place.
func problemOf(ctx context.Context, err error) *Problem {
	if p, ok := errors.AsType[*Problem](err); ok {
		return p
	}
	code := fault.CodeOf(err)
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		code = fault.TooLarge
	}
	p := &Problem{Type: "about:blank", Status: statuses[code], Code: code, RequestID: requestOf(ctx).id}
	if p.Status == 0 {
		p.Status, p.Code = http.StatusInternalServerError, fault.Internal
	}
	why := fault.ReasonOf(err)
	if why.IsZero() || p.Code == fault.Internal {
		why = said[p.Code]
	}
	p.say(why)
	p.Title = http.StatusText(p.Status)
	for _, f := range fault.FieldsOf(err) {
		p.Errors = append(p.Errors, ProblemField{Location: f.Location, Message: f.Message, Why: f.Why.Coded()})
	}
	if d := fault.AfterOf(err); d > 0 {
		p.after = int((d + 999_999_999).Seconds())
	}
	p.note(ctx, err)
	return p
}

// say tells people why.
func (p *Problem) say(why fault.Reason) { p.Detail, p.Why = why.Text, why.Coded() }

func (p *Problem) note(ctx context.Context, err error) {
	level := slog.LevelDebug
	switch {
	case p.Code == fault.Internal:
		level = slog.LevelError
	case p.Status >= 500:
		level = slog.LevelWarn
	case p.Status != http.StatusUnauthorized && p.Status != http.StatusNotFound:
		level = slog.LevelInfo
	}
	q := requestOf(ctx)
	q.log.Log(ctx, level, "request refused", "request_id", q.id, "method", q.method, "path", q.path, "status", p.Status, "code", string(p.Code), "err", err)
}

// newProblem is what huma calls when the request itself is wrong. Values are told back
// only when they are short, since they may be anything.
func newProblem(ctx huma.Context, status int, msg string, errs ...error) huma.StatusError {
	p := &Problem{Type: "about:blank", Status: status, Title: http.StatusText(status), Code: fault.Invalid, Detail: msg}
	for code, s := range statuses {
		if s == status && code != fault.Unsupported {
			p.Code = code
		}
	}
	switch {
	case status >= 500:
		p.Code = fault.Internal
		p.say(said[fault.Internal])
	case msg == "validation failed":
		p.say(said[fault.Invalid])
	default:
		p.Why = said[p.Code].Coded() // the detail is for whoever writes a program
	}
	for _, err := range errs {
		var d huma.ErrorDetailer
		switch {
		case errors.As(err, &d):
			e := d.ErrorDetail()
			f := ProblemField{Location: e.Location, Message: e.Message, Why: shapeOf(e.Message).Coded()}
			if v, ok := e.Value.(string); ok && len(v) <= 64 && !strings.Contains(e.Location, "password") && !strings.Contains(e.Location, "credentials") {
				f.Value = v
			}
			p.Errors = append(p.Errors, f)
		case err != nil && status < 500:
			p.Errors = append(p.Errors, ProblemField{Message: err.Error(), Why: shapeOf(err.Error()).Coded()})
		}
	}
	if ctx != nil {
		c := ctx.Context()
		p.RequestID = requestOf(c).id
		p.note(c, p.wrong(errs))
	}
	return p
}

// wrong is what the log gets of an input that is wrong: where and why. huma's own errors
// print the value too, which may be a customer's name or a password.
func (p *Problem) wrong(errs []error) error {
	e := &fault.Error{Op: "api.input", Code: p.Code}
	for _, f := range p.Errors {
		if f.Location != "" {
			e.Fields = append(e.Fields, fault.Field{Location: f.Location, Message: f.Message})
		}
	}
	if len(e.Fields) == 0 {
		e.Err = errors.Join(errs...)
	}
	return e
}

// Fail answers an error as the API does, for what stands beside it under the same address.
func Fail(w http.ResponseWriter, r *http.Request, err error) { problemOf(r.Context(), err).write(w) }

// fail answers an error outside huma.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	problemOf(r.Context(), err).write(w)
}
