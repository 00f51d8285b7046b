package rehearse

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// api speaks the hub's REST API with a key, as any program of the merchant's would.
type api struct {
	base string // of the front
	key  string
	http *http.Client
}

func newAPI(base, key string) *api {
	return &api{base, key, &http.Client{Timeout: 15 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 64}}}
}

// A refusal is an answer that is not a success.
type refusal struct {
	Status int    `json:"status"`
	Code   string `json:"code"`
	Detail string `json:"detail"`
	Why    struct {
		Code string `json:"code"`
	} `json:"why"`
	wait bool // the answer says when to come again
}

func (r *refusal) Error() string { return fmt.Sprintf("HTTP %d %s: %s", r.Status, r.Code, r.Detail) }

// again reports whether a request got no answer that settles it: pressing again with the
// same key is right.
func again(err error) bool {
	var r *refusal
	if !errors.As(err, &r) {
		return err != nil
	}
	return r.wait || r.Status >= 500 || r.Status == http.StatusTooManyRequests
}

// do makes one request. key is its Idempotency-Key, "" for none.
func (a *api) do(ctx context.Context, method, path, key string, in, out any) error {
	var body io.Reader
	if in != nil {
		raw, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(ctx, method, a.base+"/api/v1"+path, body)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+a.key)
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	res, err := a.http.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(res.Body, 16<<20))
	if err != nil {
		return err
	}
	if res.StatusCode >= 300 {
		r := &refusal{}
		json.Unmarshal(raw, r)
		r.Status, r.wait = res.StatusCode, res.Header.Get("Retry-After") != ""
		return r
	}
	if out == nil || len(raw) == 0 {
		return nil
	}
	return json.Unmarshal(raw, out)
}

// must is do for what has to work: it is tried again for half a minute.
func (a *api) must(ctx context.Context, method, path, key string, in, out any) error {
	for end := time.Now().Add(30 * time.Second); ; {
		err := a.do(ctx, method, path, key, in, out)
		if err == nil || ctx.Err() != nil || !again(err) || time.Now().After(end) {
			return err
		}
		wait(ctx, 200*time.Millisecond)
	}
}

// wait waits in real time; false when ctx ended first.
func wait(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// An amount is money as the API writes it.
type amount struct {
	Currency string `json:"currency"`
	Minor    int64  `json:"minor"`
}

// An orderView is what the staff see of an order.
type orderView struct {
	ID        string            `json:"id"`
	Channel   string            `json:"channel"`
	Ref       string            `json:"ref"`
	Status    string            `json:"status"`
	Total     json.RawMessage   `json:"total"`
	Logistics string            `json:"logistics"`
	Theirs    map[string]string `json:"theirs"`
	Actions   []string          `json:"actions"`
	Flags     []string          `json:"flags"`
	Issues    []issueView       `json:"issues"`
	BeginAt   int64             `json:"begin_at"`
	Pending   []struct {
		EffectID string `json:"effect_id"`
		Kind     string `json:"kind"`
		State    string `json:"state"`
	} `json:"pending"`
	Seq int64 `json:"seq"`
}

// An issueView is something wrong inside an order, by its code.
type issueView struct {
	Code string `json:"code"`
}

// issueOversold is the code of an order that took more than there was.
const issueOversold = "oversold"

// orders walks all orders.
func (a *api) orders(ctx context.Context, each func(orderView)) error {
	cursor := ""
	for {
		var page struct {
			Orders []orderView `json:"orders"`
			Next   string      `json:"next_cursor"`
		}
		if err := a.must(ctx, "GET", "/orders?limit=200&sort=newest&cursor="+url.QueryEscape(cursor), "", nil, &page); err != nil {
			return err
		}
		for _, o := range page.Orders {
			each(o)
		}
		if cursor = page.Next; cursor == "" {
			return nil
		}
	}
}

// An effectView is one act on its way, or ended.
type effectView struct {
	ID      string `json:"id"`
	OrderID string `json:"order_id"`
	Kind    string `json:"kind"`
	For     string `json:"for"`
	State   string `json:"state"`
	Words   string `json:"words"`
	Cause   string `json:"cause"` // who wanted it
}

// effects walks the effects in some states.
func (a *api) effects(ctx context.Context, states string, each func(effectView)) error {
	cursor := ""
	for {
		var page struct {
			Effects []effectView `json:"effects"`
			Next    string       `json:"next_cursor"`
		}
		if err := a.must(ctx, "GET", "/effects?limit=200&state="+states+"&cursor="+url.QueryEscape(cursor), "", nil, &page); err != nil {
			return err
		}
		for _, e := range page.Effects {
			each(e)
		}
		if cursor = page.Next; cursor == "" {
			return nil
		}
	}
}

// minor is an amount of the API as the platforms' books are read: "CNY 3250".
func minor(raw json.RawMessage) string {
	if len(raw) == 0 || string(raw) == "null" {
		return ""
	}
	var a amount
	if json.Unmarshal(raw, &a) != nil {
		return string(raw)
	}
	return a.Currency + " " + strconv.FormatInt(a.Minor, 10)
}
