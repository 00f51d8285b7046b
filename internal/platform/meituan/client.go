package meituan

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/internal/split"
)

// sign is Meituan's signature of the direct platform: MD5, in lower hex, over the URL
// without query, "?", all parameters but sig sorted by name as k=v joined with "&", raw
// and not URL-encoded, and the secret. Empty values take part. Source: open platform
// documents, signature; order FAQ.
func sign(rawURL string, params map[string]string, secret string) string {
	size := len(rawURL) + 1 + len(secret)
	for k, v := range params {
		size += len(k) + len(v) + 2
	}
	var b strings.Builder
	b.Grow(size)
	b.WriteString(rawURL)
	b.WriteByte('?')
	first := true
	for _, k := range slices.Sorted(maps.Keys(params)) {
		if k == "sig" {
			continue
		}
		if !first {
			b.WriteByte('&')
		}
		first = false
		b.WriteString(k)
		b.WriteByte('=')
		b.WriteString(params[k])
	}
	b.WriteString(secret)
	sum := md5.Sum([]byte(b.String()))
	return hex.EncodeToString(sum[:])
}

const production = "https://waimaiopen.meituan.com/api/v1"

// baseURL gives the API's URL without a slash at its end; a host alone gets the path
// that Meituan's hosts have.
func baseURL(s string) string {
	s = strings.TrimRight(s, "/")
	if s == "" {
		return production
	}
	if u, err := url.Parse(s); err == nil && u.Path == "" {
		return s + "/api/v1"
	}
	return s
}

// A call is one request to Meituan. Path is below /api/v1/.
type call struct {
	path     string
	params   map[string]string
	post     bool
	changing bool // sent once, by the client that cannot replay
	additive bool // on a connection of its own
	file     *file
}

// A file is the picture of a call: it is sent as a part beside the parameters and not signed.
type file struct {
	part, name string
	body       []byte
}

// multipart writes parameters and a file as a form.
func (f *file) multipart(params map[string]string) (kind string, body *bytes.Buffer, err error) {
	body = new(bytes.Buffer)
	w := multipart.NewWriter(body)
	for _, k := range slices.Sorted(maps.Keys(params)) {
		if err := w.WriteField(k, params[k]); err != nil {
			return "", nil, err
		}
	}
	part, err := w.CreateFormFile(f.part, f.name)
	if err == nil {
		_, err = part.Write(f.body)
	}
	if err == nil {
		err = w.Close()
	}
	return w.FormDataContentType(), body, err
}

// do makes a call and gives the answer's data, and the whole answer for the journal.
// op is for errors and ref the order that the call is about.
func (s *shop) do(ctx context.Context, op, ref string, c call) (data json.RawMessage, body []byte, err error) {
	fail := func(code fault.Code, why fault.Reason, cause error) error {
		return &fault.Error{Op: op, Code: code, Ref: ref, Why: why, Err: cause}
	}
	broken := fault.Unavailable // a read that told nothing may be made again
	if c.changing {
		broken = fault.Unknown
	}
	req, err := s.talk.request(ctx, s, c)
	switch {
	case saysItself(err): // a reason of its own: no token, no such call
		return nil, nil, fault.Wrap(op, err)
	case err != nil:
		return nil, nil, fail(fault.Invalid, fault.Because("base_url_wrong", "the address of the platform is wrong; correct it in the app's settings"), err)
	}
	client := s.env.Reads
	if c.changing {
		client = s.env.Calls
	}
	if c.additive {
		channel.FreshConnection(req)
	}
	res, err := client.Do(req)
	if err != nil {
		err = channel.SendError(op, err)
		if !c.changing && fault.Is(err, fault.Unknown) {
			return nil, nil, fail(fault.Unavailable, fault.Reason{}, err)
		}
		return nil, nil, err
	}
	defer res.Body.Close()
	body, err = channel.Body(res)
	if err != nil {
		return nil, nil, fail(broken, fault.Because("answer_broke_off", "the platform's answer broke off"), err)
	}
	switch {
	case res.StatusCode == http.StatusTooManyRequests:
		return nil, body, &fault.Error{Op: op, Code: fault.RateLimited, Ref: ref, Why: fault.Because("rate_limited_there", "the platform limits the rate of calls"), After: pause}
	case res.StatusCode == http.StatusUnauthorized:
		return nil, body, fail(fault.Unauthorized, fault.Because("credentials_refused", "the platform does not accept the app's credentials (HTTP 401)"), nil)
	case res.StatusCode == http.StatusForbidden:
		return nil, body, fail(fault.Forbidden, fault.Because("call_forbidden", "the platform forbids this call (HTTP 403)"), nil)
	case res.StatusCode != http.StatusOK:
		return nil, body, fail(broken, fault.Because("http_status", "the platform answered with HTTP {status}", "status", strconv.Itoa(res.StatusCode)), nil)
	}
	data, no, err := s.talk.answer(body, c)
	switch {
	case err != nil:
		return nil, body, fail(broken, fault.Because("answer_unreadable", "the platform's answer cannot be read"), err)
	case no != nil:
		return nil, body, no.fault(op, ref, c)
	}
	return data, body, nil
}

// saysItself reports whether an error says by itself what to do.
func saysItself(err error) bool { _, ok := errors.AsType[*fault.Error](err); return ok }

// request builds and signs a request. Like the official SDK, a POST carries the system
// parameters in the query and the others in the body; the signature is over all of them.
// Token is that of the store in a vendor's app, else "".
func (s *shop) request(ctx context.Context, c call, token string) (*http.Request, error) {
	target := s.base + "/" + c.path
	system := map[string]string{"app_id": s.app, "timestamp": strconv.FormatInt(s.env.Now().Unix(), 10)}
	if token != "" {
		system["access_token"] = token
	}
	all := maps.Clone(system)
	maps.Copy(all, c.params)
	sig := sign(target, all, s.secret.Reveal())
	query, method, body := url.Values{}, http.MethodGet, url.Values{}
	for k, v := range system {
		query.Set(k, v)
	}
	for k, v := range c.params {
		if c.post {
			body.Set(k, v)
		} else {
			query.Set(k, v)
		}
	}
	query.Set("sig", sig)
	var r io.Reader
	kind := "application/x-www-form-urlencoded; charset=UTF-8"
	switch {
	case c.file != nil:
		form, b, err := c.file.multipart(c.params)
		if err != nil {
			return nil, err
		}
		method, r, kind = http.MethodPost, b, form
	case c.post:
		method, r = http.MethodPost, strings.NewReader(body.Encode())
	}
	req, err := http.NewRequestWithContext(ctx, method, target+"?"+query.Encode(), r)
	if err != nil {
		return nil, err
	}
	if c.post {
		req.Header.Set("Content-Type", kind)
	}
	return req, nil
}

// A refusal is Meituan's no.
type refusal struct {
	Code text   `json:"code"`
	Msg  string `json:"msg"`
}

// Error gives the platform's own words.
func (n *refusal) Error() string {
	return strings.TrimSpace(string(n.Code) + " " + clip(clean(n.Msg), 300))
}

// answer takes an envelope apart: {"data":…}, {"data":"ng","error":{…}}, {"code":600,…} of
// older documents, {"code":0,…,"data":…}, and result_code of newer ecommerce endpoints. Its members are
// looked up where they lie: one comes with each call, and most have nothing but data.
func answer(body []byte) (json.RawMessage, *refusal, error) {
	if !json.Valid(body) {
		return nil, nil, errors.New("the answer is no JSON")
	}
	m, ok := split.Members(body)
	if !ok {
		return nil, nil, errors.New("the answer is no JSON object")
	}
	var e struct {
		Data, Error, Msg json.RawMessage
		Code, Result     text
		Errors           []refusal
	}
	e.Data, _ = m.Get("data")
	e.Error, _ = m.Get("error")
	e.Msg, _ = m.Get("msg")
	var err error
	part := func(name string, to any) {
		if v, ok := m.Get(name); ok && err == nil {
			err = json.Unmarshal(v, to)
		}
	}
	part("code", &e.Code)
	part("result_code", &e.Result)
	part("error_list", &e.Errors)
	if err != nil {
		return nil, nil, err
	}
	var no refusal
	if len(e.Error) > 0 && string(e.Error) != "null" {
		if err := json.Unmarshal(e.Error, &no); err != nil {
			return nil, nil, err
		}
		return nil, &no, nil
	}
	switch {
	case e.Result == "3" || e.Result == "4":
		if len(e.Errors) > 0 {
			no = e.Errors[0]
		}
		return nil, &no, nil
	case e.Code != "" && e.Code != "0":
		var msg string
		_ = json.Unmarshal(e.Msg, &msg) // msg may be an array elsewhere; the code is what counts
		return nil, &refusal{e.Code, msg}, nil
	case string(e.Data) == `"ng"`:
		return nil, &no, nil
	case len(e.Data) == 0:
		return nil, nil, fmt.Errorf("the answer has neither data nor error")
	}
	return e.Data, nil, nil
}

// pause after flow control: Meituan publishes neither limits nor a time to wait.
const pause = 5 * time.Second

// fault says what a refusal means for a caller. One number can mean different things at
// different endpoints (1022), so the path counts. A number that we do not know is a
// Conflict for calls that change something: it is looked at before anything is decided.
func (n *refusal) fault(op, ref string, c call) error {
	f := &fault.Error{Op: op, Ref: ref, Words: n.Error(), Err: n}
	switch n.Code {
	case "711": // flow control
		f.Code, f.After = fault.RateLimited, pause
	case "702", "703", "4001": // app unknown, signature, token
		f.Code = fault.Unauthorized
	case "704", "708", "809", "1027": // not your data, no right to the endpoint; Meituan itself keeps the shop closed
		f.Code = fault.Forbidden
	case "600", "700": // system error: done or not
		f.Code = fault.Unavailable
		if c.changing {
			f.Code = fault.Unknown
		}
	case "701", "705", "706", "3006", "1031": // parameters
		f.Code = fault.Invalid
	case "803", "805", "806", "1015", "1013": // no such shop, dish, order, SKU; no delivery yet
		f.Code = fault.NotFound
	case "1005", "1006", "1029", "1038": // delivered by another party than the call assumes
		f.Code = fault.Unsupported
	case "808", "1001", "1002", "1014", "1022": // the state has changed meanwhile
		f.Code = fault.Conflict
	default:
		f.Code = fault.Conflict
	}
	return f
}
