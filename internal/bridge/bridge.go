// Package bridge is the small program in a shop that carries tickets to the printers of the
// shop's network for a hub that stands elsewhere (tongdan bridge, docs/printers.md).
//
// It is paired with its store as a screen is: it shows a code, a manager types it under 设备.
// From then on it asks the hub for what there is to carry, opens the connection to the
// printer, and says what became of it. Nothing in the shop has to listen, and no port of the
// shop's router is opened. It calls private addresses only: a hub in wrong hands must not be
// able to reach the internet from within the shop.
package bridge

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/printer"
)

// Options of a bridge.
type Options struct {
	Hub  string       // the address of the console, such as https://orders.example.com
	File string       // where the pairing is kept, readable by its owner alone
	Say  func(string) // tells whoever stands before it
}

// Run carries tickets until ctx ends. It fails only when it cannot work at all: a wrong
// address, or a file that cannot be written.
func Run(ctx context.Context, o Options) error {
	b, err := open(o)
	if err != nil {
		return err
	}
	for ctx.Err() == nil {
		if err := b.pair(ctx); err != nil {
			return err
		}
		if ctx.Err() == nil {
			b.say("Paired. Tickets for this store's network printers are carried from here.")
			b.carry(ctx)
		}
	}
	return nil
}

type bridge struct {
	hub    string
	file   string
	say    func(string)
	http   *http.Client
	wire   printer.Wire
	cookie string // the session: name=value
}

// kept is what the file has.
type kept struct {
	Hub    string `json:"hub"`
	Cookie string `json:"cookie"`
}

func open(o Options) (*bridge, error) {
	u, err := url.Parse(strings.TrimRight(o.Hub, "/"))
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, errors.New("give the address of the console, such as --hub https://orders.example.com")
	}
	if addr, err := netip.ParseAddr(u.Hostname()); u.Scheme == "http" && u.Hostname() != "localhost" && (err != nil || !near(addr)) {
		return nil, errors.New("the bridge's session must not travel in the clear: use https://, or http:// within the shop's own network only")
	}
	b := &bridge{hub: u.String(), file: o.File, say: o.Say}
	b.http = &http.Client{Timeout: 40 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	d := &net.Dialer{Timeout: 3 * time.Second, Control: private}
	b.wire = printer.Network{Dial: d.DialContext}
	text, err := os.ReadFile(o.File)
	var k kept
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, err
	case json.Unmarshal(text, &k) == nil && k.Hub == b.hub:
		b.cookie = k.Cookie
	}
	return b, nil
}

func near(a netip.Addr) bool {
	a = a.Unmap()
	return a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast()
}

// private lets connections go to the shop's network alone, after names were resolved.
func private(_, address string, _ syscall.RawConn) error {
	if a, err := netip.ParseAddrPort(address); err != nil || !near(a.Addr()) {
		return channel.ErrPrivate
	}
	return nil
}

// keep writes the session down.
func (b *bridge) keep(cookie string) error {
	b.cookie = cookie
	text, err := json.Marshal(kept{b.hub, cookie})
	if err == nil {
		err = os.MkdirAll(filepath.Dir(b.file), 0o700)
	}
	if err == nil {
		err = os.WriteFile(b.file, text, 0o600)
	}
	return err
}

// pair waits until the bridge is paired, and shows the code meanwhile.
func (b *bridge) pair(ctx context.Context) error {
	shown := ""
	var failed pause
	for {
		var at struct {
			State string `json:"state"`
			Code  string `json:"code"`
		}
		status, err := b.call(ctx, "GET", "/pairing", nil, &at)
		if err == nil && at.State == "none" {
			status, err = b.call(ctx, "POST", "/pairing", map[string]string{"kind": "bridge"}, &at)
		}
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, errKeep):
			return err
		case err != nil || status != http.StatusOK:
			if failed.first() {
				b.say(trouble(status, err))
			}
			failed.wait(ctx)
			continue
		case at.State == "paired":
			return nil
		case at.Code != shown:
			shown = at.Code
			b.say(fmt.Sprintf("Code %s %s — in the console open Devices (设备), type it, and choose the store. 在控制台“设备”中输入。", shown[:len(shown)/2], shown[len(shown)/2:]))
		}
		failed = 0
		wait(ctx, 2*time.Second)
	}
}

// atOnce is how many printers are served beside each other. The hub gives a printer's next
// ticket only when the one before is over.
const atOnce = 8

// carry asks and carries until ctx ends or the hub no longer knows the bridge.
func (b *bridge) carry(ctx context.Context) {
	var all sync.WaitGroup
	defer all.Wait()
	free := make(chan struct{}, atOnce)
	var failed pause
	for ctx.Err() == nil {
		var next struct {
			ID   string        `json:"id"`
			Left int64         `json:"left_ms"`
			Task *printer.Task `json:"task"`
		}
		status, err := b.call(ctx, "POST", "/bridge/next", nil, &next)
		switch {
		case ctx.Err() != nil:
			return
		case status == http.StatusUnauthorized || status == http.StatusForbidden || status == http.StatusConflict:
			b.say("The hub no longer knows this bridge: it was revoked. It has to be paired anew.")
			return
		case err != nil || status != http.StatusOK:
			if failed.first() {
				b.say(trouble(status, err))
			}
			failed.wait(ctx)
			continue
		}
		if !failed.first() {
			b.say("The hub answers again.")
		}
		failed = 0
		if next.Task == nil {
			continue
		}
		limit := time.Now().Add(time.Duration(next.Left) * time.Millisecond)
		free <- struct{}{}
		all.Go(func() {
			defer func() { <-free }()
			b.print(ctx, next.ID, *next.Task, limit)
		})
	}
}

// report is what became of a task.
type report struct {
	printer.Report
	Code fault.Code    `json:"code,omitempty"`
	Why  *fault.Reason `json:"why,omitempty"`
}

// print carries one task, and tells the hub until it has heard. A ticket that has begun is
// ended, also when the program is being stopped.
func (b *bridge) print(ctx context.Context, id string, t printer.Task, limit time.Time) {
	ctx = context.WithoutCancel(ctx)
	var out report
	var err error
	out.Report, err = b.wire.Carry(channel.WithNotAfter(ctx, limit), t)
	if err != nil {
		out.Code, out.Why = fault.CodeOf(err), fault.ReasonOf(err).Coded()
		b.say(fmt.Sprintf("%s: %v", t.Address, err))
	}
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); wait(ctx, time.Second) {
		status, err := b.call(ctx, "POST", "/bridge/tasks/"+url.PathEscape(id), out, nil)
		if err == nil && status < 500 && status != http.StatusTooManyRequests {
			return // taken, or nobody waits for it any more: the hub has drawn its own conclusion
		}
	}
	b.say(t.Address + ": the hub could not be told what became of a ticket; it will ask a person")
}

var errKeep = errors.New("the pairing cannot be written down")

// call asks the hub. The answer is read into out when it is 200.
func (b *bridge) call(ctx context.Context, method, path string, in, out any) (status int, err error) {
	var body io.Reader
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			return 0, err
		}
		body = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, method, b.hub+"/api/v1"+path, body)
	if err != nil {
		return 0, err
	}
	req.Header.Set("User-Agent", "tongdan-bridge")
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if b.cookie != "" {
		req.Header.Set("Cookie", b.cookie)
	}
	res, err := b.http.Do(req)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err != nil {
		return res.StatusCode, err
	}
	if strings.HasPrefix(path, "/pairing") {
		for _, c := range res.Cookies() {
			if strings.HasSuffix(c.Name, "tongdan_device") && c.Value != "" && c.Name+"="+c.Value != b.cookie {
				if err := b.keep(c.Name + "=" + c.Value); err != nil {
					return 0, fmt.Errorf("%w: %w", errKeep, err)
				}
			}
		}
	}
	if out != nil && res.StatusCode == http.StatusOK {
		err = json.Unmarshal(text, out)
	}
	return res.StatusCode, err
}

func trouble(status int, err error) string {
	if err == nil {
		return fmt.Sprintf("The hub answers %d; it is asked again.", status)
	}
	return fmt.Sprintf("The hub cannot be reached (%v); it is asked again.", err)
}

// pause grows from one second to half a minute.
type pause time.Duration

func (p *pause) first() bool { return *p == 0 }

func (p *pause) wait(ctx context.Context) {
	*p = min(max(2**p, pause(time.Second)), pause(30*time.Second))
	wait(ctx, time.Duration(*p))
}

func wait(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
