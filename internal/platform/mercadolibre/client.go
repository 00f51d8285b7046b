package mercadolibre

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/fault"
)

const production = "https://api.mercadolibre.com"

// A call is one request to the API.
type call struct {
	op       string
	method   string // "" = GET
	path     string
	query    url.Values
	header   [2]string // one more header, for the newer formats
	body     any       // JSON; nil = none
	additive bool
}

// An answer is what came back.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func exchange(c *http.Client, req *http.Request) (answer, error) {
	res, err := c.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	b, err := channel.Body(res)
	return answer{res.StatusCode, res.Header, b}, err
}

// get reads, and once more with a newer token when the first was not accepted.
func (s *shop) get(ctx context.Context, c call) (answer, error) {
	p, err := s.token(ctx)
	if err != nil {
		return answer{}, fault.Wrap(c.op, err)
	}
	a, err := s.send(ctx, s.env.Reads, c, p)
	if !fault.Is(err, fault.Unauthorized) {
		return a, err
	}
	if p, err = s.other(ctx, p); err != nil {
		return answer{}, fault.Wrap(c.op, err)
	}
	return s.send(ctx, s.env.Reads, c, p)
}

// change makes one call that changes something. A token that was not accepted is
// renewed for the next attempt; nothing is sent twice here.
func (s *shop) change(ctx context.Context, c call) (answer, error) {
	p, err := s.token(ctx)
	if err != nil {
		return answer{}, fault.Wrap(c.op, err)
	}
	a, err := s.send(ctx, s.env.Calls, c, p)
	if fault.Is(err, fault.Unauthorized) {
		_, _ = s.other(ctx, p) // the next attempt says what is wrong with the token
	}
	return a, err
}

// other gives a pair that is not the refused one: the vault's when that is newer, else
// a renewed one. A pair that was refused within a minute of its birth is not renewed:
// the seller has revoked the application, or the clock is wrong.
func (s *shop) other(ctx context.Context, refused pair) (pair, error) {
	young := s.env.Now().Before(refused.at.Add(time.Minute))
	p, err := s.renew(ctx, func(p pair) bool { return p.access != refused.access || young })
	if err == nil && p.access == refused.access {
		err = fault.Say("mercadolibre.token", fault.Unauthorized, "token_refused", "the platform does not accept the token; authorise the account again")
		if !young {
			s.alarmEnded(ctx)
		}
	}
	return p, err
}

func (s *shop) send(ctx context.Context, client *http.Client, c call, p pair) (answer, error) {
	changes := c.method != ""
	var body io.Reader
	if c.body != nil {
		b, err := json.Marshal(c.body)
		if err != nil {
			return answer{}, &fault.Error{Op: c.op, Code: fault.Internal, Err: err}
		}
		body = bytes.NewReader(b)
	}
	u := s.base + c.path
	if len(c.query) > 0 {
		u += "?" + c.query.Encode()
	}
	method := c.method
	if method == "" {
		method = http.MethodGet
	}
	req, err := http.NewRequestWithContext(ctx, method, u, body)
	if err != nil {
		return answer{}, &fault.Error{Op: c.op, Code: fault.Invalid, Why: fault.Because("base_url_wrong", "the address of the platform is wrong; correct it in the app's settings")}
	}
	req.Header.Set("Authorization", "Bearer "+p.access)
	req.Header.Set("Accept", "application/json")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.header[0] != "" {
		req.Header.Set(c.header[0], c.header[1])
	}
	if c.additive {
		channel.FreshConnection(req)
	}
	a, err := exchange(client, req)
	if err != nil {
		err = channel.SendError(c.op, err)
		if f, ok := err.(*fault.Error); ok && !changes && f.Code == fault.Unknown {
			f.Code = fault.Unavailable // nothing can have happened by reading
		}
		return answer{}, err
	}
	if a.status < 200 || a.status > 299 {
		return a, decodeError(c.op, a, changes)
	}
	return a, nil
}

const defaultAfter = 5 * time.Second // 429 without Retry-After, which the platform may leave out

// decodeError reads the three families of errors (standard, OAuth, gateway), the
// envelope of the ME1 tracking, plain text and HTML. The words kept are the
// platform's, without numbers that could be a buyer's.
func decodeError(op string, a answer, changes bool) *fault.Error {
	f := &fault.Error{Op: op, Code: fault.Invalid, Words: wordsOf(a)}
	switch st := a.status; {
	case st == http.StatusTooManyRequests:
		f.Code, f.After = fault.RateLimited, retryAfter(a.header)
	case st == http.StatusUnauthorized:
		f.Code = fault.Unauthorized
	case st == http.StatusForbidden:
		f.Code = fault.Forbidden
	case st == http.StatusNotFound:
		f.Code = fault.NotFound
	case st == http.StatusConflict, st == http.StatusPreconditionFailed:
		f.Code = fault.Conflict
	case st >= 500 || st < 400:
		f.Code = fault.Unavailable
		if changes {
			f.Code = fault.Unknown
		}
	case strings.Contains(f.Words, "local_rate_limited"):
		f.Code, f.After = fault.RateLimited, retryAfter(a.header)
	}
	return f
}

func retryAfter(h http.Header) time.Duration {
	v := strings.TrimSpace(h.Get("Retry-After"))
	if n, err := strconv.Atoi(v); err == nil && n > 0 {
		return min(time.Duration(n)*time.Second, time.Hour)
	}
	return defaultAfter
}

// name is the platform's short word for an error, whichever family it is of.
func errorName(body []byte) string {
	n, err := parse(body)
	if err != nil {
		return ""
	}
	for _, k := range []string{"error_code", "error", "code"} {
		if v, ok := n.raw(k); ok && v[0] == '"' {
			return clip(n.text(k), 80)
		}
	}
	return ""
}

var longNumber = regexp.MustCompile(`[0-9]{6,}|\S+@\S+`)

func wordsOf(a answer) string {
	var parts []string
	n, err := parse(a.body)
	if err != nil {
		if t := strings.TrimSpace(string(a.body)); t != "" && !strings.HasPrefix(t, "<") && len(t) < 200 {
			parts = append(parts, t)
		}
	} else {
		for _, k := range []string{"error_code", "error", "message", "error_description"} {
			if v, ok := n.raw(k); ok && v[0] == '"' {
				parts = append(parts, n.text(k))
			}
		}
		for _, c := range n.elements("cause") { // strings, or objects with a message
			var s string
			if json.Unmarshal(c, &s) == nil {
				parts = append(parts, s)
			} else if o := n.sub("cause", c); o.text("message") != "" {
				parts = append(parts, o.text("message"))
			}
		}
	}
	parts = append(parts, "HTTP "+strconv.Itoa(a.status))
	return clip(longNumber.ReplaceAllString(strings.ToValidUTF8(strings.Join(parts, ": "), ""), "…"), 300)
}
