package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// output is what a command prints, while it runs.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

func none(string) string { return "" }

var quietLog = slog.New(slog.DiscardHandler)

// running is a command that runs until stop.
type running struct {
	t        *testing.T
	out, err *output
	cancel   context.CancelFunc
	done     chan error
}

func start(t *testing.T, env func(string) string, args ...string) *running {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	r := &running{t: t, out: &output{}, err: &output{}, cancel: cancel, done: make(chan error, 1)}
	go func() { r.done <- run(ctx, args, env, r.out, r.err) }()
	t.Cleanup(func() { cancel() })
	return r
}

func (r *running) stop() {
	r.t.Helper()
	r.cancel()
	select {
	case err := <-r.done:
		if err != nil {
			r.t.Errorf("it ended with %v\n%s", err, r.err)
		}
	case <-time.After(time.Minute):
		r.t.Fatal("it does not stop")
	}
}

// find waits until the output has what a pattern describes, and gives its group.
func (r *running) find(pattern string) string {
	r.t.Helper()
	re := regexp.MustCompile(pattern)
	var found []string
	until(r.t, "the output has "+pattern, func() bool {
		select {
		case err := <-r.done:
			r.t.Fatalf("it ended with %v\n%s%s", err, r.out, r.err)
		default:
		}
		found = re.FindStringSubmatch(r.out.String())
		return found != nil
	})
	return found[len(found)-1]
}

func until(t *testing.T, what string, f func() bool) {
	t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); !f(); {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within two minutes", what)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func call(t *testing.T, method, url, key, body string) (int, map[string]any) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if key != "" {
		req.Header.Set("Authorization", "Bearer "+key)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	var v map[string]any
	json.Unmarshal(b, &v)
	return resp.StatusCode, v
}

func TestABadSettingIsNamed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	locked := filepath.Join(dir, "file")
	if err := os.WriteFile(locked, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	keyless := t.TempDir()
	if err := os.WriteFile(filepath.Join(keyless, "tongdan.db"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	env := func(pairs ...string) func(string) string {
		return func(name string) string {
			for i := 0; i < len(pairs); i += 2 {
				if pairs[i] == name {
					return pairs[i+1]
				}
			}
			return ""
		}
	}
	tests := []struct {
		env  func(string) string
		args []string
		want string
	}{
		{none, []string{"fly"}, `no command "fly"`},
		{none, []string{"serve", "--adr", "x"}, "-adr"},
		{none, []string{"serve", "rest"}, `takes no "rest"`},
		{none, []string{"serve", "--data", dir, "--addr", "nowhere:99999"}, "--addr nowhere:99999"},
		{none, []string{"serve", "--data", filepath.Join(locked, "sub")}, "--data"},
		{none, []string{"serve", "--data", dir, "--public-url", "hub.example.com"}, "--public-url"},
		{none, []string{"serve", "--data", dir, "--trust-proxy", "perhaps"}, "--trust-proxy"},
		{none, []string{"serve", "--data", keyless}, "master key is missing"},
		{env("TONGDAN_KEY", "abc"), []string{"serve", "--data", dir}, "TONGDAN_KEY must hold 64"},
		{env("TONGDAN_LOG", "loud"), []string{"version"}, "TONGDAN_LOG"},
		{env("TONGDAN_TRUST_PROXY", "perhaps"), []string{"serve", "--data", dir}, "--trust-proxy"},
		{none, []string{"demo", "--data", dir, "--rate", "-1"}, "--rate"},
		{none, []string{"demo", "--data", dir, "--speed", "0"}, "--speed"},
		{none, []string{"demo", "--data", dir, "--api-key", "x"}, "--api-key"},
		{none, []string{"demo", "--data", dir, "--addr", "127.0.0.1:0", "--sim-addr", "nowhere:99999"}, "nowhere:99999"},
		{none, []string{"sim", "--speed", "-1"}, "--speed"},
	}
	for _, test := range tests {
		t.Run(strings.Join(test.args, " "), func(t *testing.T) {
			var errs output
			err := run(t.Context(), test.args, test.env, io.Discard, &errs)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want it to name %s", err, test.want)
			}
		})
	}
	if err := run(t.Context(), nil, none, io.Discard, io.Discard); !errors.Is(err, flag.ErrHelp) {
		t.Errorf("without a command: %v", err)
	}
}

func TestTheFirstStartLeadsToAnOwnerAndTheSecondDoesNotAskAgain(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	args := []string{"serve", "--addr", "127.0.0.1:0", "--data", dir}
	s := start(t, none, args...)
	url := s.find(`Tongdan is at (http://\S+)`)
	token := s.find(`/setup\?token=(\S+)`)
	if info, err := os.Stat(filepath.Join(dir, "key")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key file: %v %v", info.Mode(), err)
	}
	status, v := call(t, "POST", url+"/api/v1/setup", "", `{"token":"`+token+`","name":"li","password":"correct horse"}`)
	if status != 200 {
		t.Fatalf("%d %v", status, v)
	}
	for _, path := range []string{"/healthz", "/readyz", "/api/v1/openapi.json"} {
		if status, _ := call(t, "GET", url+path, "", ""); status != 200 {
			t.Errorf("%s: %d", path, status)
		}
	}
	if err := run(t.Context(), args, none, io.Discard, io.Discard); err == nil {
		t.Error("two processes work in one folder")
	}
	s.stop()
	s = start(t, none, args...)
	url = s.find(`Tongdan is at (http://\S+)`)
	status, v = call(t, "POST", url+"/api/v1/session", "", `{"name":"li","password":"correct horse"}`)
	if status != 200 {
		t.Errorf("%d %v", status, v)
	}
	s.stop()
	if strings.Contains(s.out.String(), "token=") {
		t.Error("it asks for an owner although there is one")
	}
	var out output
	if err := run(t.Context(), []string{"setup", "--data", dir}, none, &out, io.Discard); err != nil || !strings.Contains(out.String(), "/setup?token=tds_") {
		t.Errorf("setup: %v %s", err, out.String())
	}
}

func TestTheWrongMasterKeyStopsTheStart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := start(t, none, "serve", "--addr", "127.0.0.1:0", "--data", dir)
	s.find(`Tongdan is at`)
	s.stop()
	if err := os.WriteFile(filepath.Join(dir, "key"), []byte(strings.Repeat("ab", 32)), 0o600); err != nil {
		t.Fatal(err)
	}
	err := run(t.Context(), []string{"serve", "--addr", "127.0.0.1:0", "--data", dir}, none, io.Discard, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "unauthorized") {
		t.Errorf("got %v", err)
	}
}

const demoKey = "tdk_key_of_the_demo"

// The way of an order through everything: a simulated customer, a push, the API, a call
// to the platform, and what the platform then says.
func TestTheDemoTakesOrdersAndGoesOnAfterARestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	args := []string{"demo", "--addr", "127.0.0.1:0", "--sim-addr", "127.0.0.1:0", "--data", dir, "--rate", "600", "--api-key", demoKey}
	d := start(t, none, args...)
	url := d.find(`Console +(http://[^/]+)/`)
	back := d.find(`Backstage +(http://[^/]+)/`)

	var id, ref string
	until(t, "a Meituan order waits", func() bool {
		_, v := call(t, "GET", url+"/api/v1/orders?status=new&channel=meituan&limit=1", demoKey, "")
		if list, _ := v["orders"].([]any); len(list) > 0 {
			o := list[0].(map[string]any)
			id, ref = o["id"].(string), o["ref"].(string)
		}
		return id != ""
	})
	status, v := call(t, "POST", url+"/api/v1/orders/"+id+"/actions", demoKey, `{"kind":"accept"}`)
	if status != 202 && status != 200 {
		t.Fatalf("%d %v", status, v)
	}
	until(t, "the platform knows that it is accepted", func() bool {
		_, v := call(t, "GET", back+"/backstage/meituan/orders/"+ref, "", "")
		b, _ := json.Marshal(v)
		return strings.Contains(string(b), `"order_confirm_time":1`) // 0 until then
	})
	until(t, "the hub knows that it is accepted", func() bool {
		_, v := call(t, "GET", url+"/api/v1/orders/"+id, demoKey, "")
		axes, _ := v["axes"].(map[string]any)
		return axes["work"] != "waiting"
	})
	until(t, "orders of three countries arrive", func() bool {
		_, v := call(t, "GET", url+"/api/v1/orders?channel=mercadolibre&limit=200", demoKey, "")
		seen := map[any]bool{}
		list, _ := v["orders"].([]any)
		for _, o := range list {
			if total, ok := o.(map[string]any)["total"].(map[string]any); ok {
				seen[total["currency"]] = true
			}
		}
		return seen["BRL"] && seen["MXN"] && seen["COP"]
	})
	until(t, "the store under a service provider is bound and sells", func() bool {
		_, v := call(t, "GET", url+"/api/v1/orders?channel=meituan-partner&limit=1", demoKey, "")
		list, _ := v["orders"].([]any)
		return len(list) > 0
	})
	_, v = call(t, "GET", url+"/api/v1/accounts", demoKey, "")
	accounts, _ := v["accounts"].([]any)
	if len(accounts) != 5 {
		t.Fatalf("%d accounts, want the tea shop's two and three sellers': %v", len(accounts), v)
	}
	for _, a := range accounts {
		if a := a.(map[string]any); a["state"] != "ok" {
			t.Errorf("%s is %s: %v", a["name"], a["state"], a["last_error"])
		}
	}
	d.stop()

	d = start(t, none, args...)
	if again := d.find(`Console +(http://[^/]+)/`); again != url {
		t.Errorf("it moved from %s to %s, and with it what the platforms sign", url, again)
	}
	_, v = call(t, "GET", url+"/api/v1/orders/"+id, demoKey, "")
	if v["ref"] != ref {
		t.Errorf("the order is gone: %v", v)
	}
	_, v = call(t, "GET", url+"/api/v1/accounts", demoKey, "")
	if list, _ := v["accounts"].([]any); len(list) != 5 {
		t.Errorf("the second start made accounts again: %d", len(list))
	}
	_, v = call(t, "GET", url+"/api/v1/counts", demoKey, "")
	before := fmt.Sprint(v["seq"])
	until(t, "orders go on arriving", func() bool {
		_, v := call(t, "GET", url+"/api/v1/counts", demoKey, "")
		return fmt.Sprint(v["seq"]) != before
	})
	status, v = call(t, "POST", url+"/api/v1/session", "", `{"name":"demo","password":"tongdan-demo"}`)
	if status != 200 {
		t.Errorf("signing in as printed: %d %v", status, v)
	}
	d.stop()
}

func TestTheSimulatorsRunAlone(t *testing.T) {
	t.Parallel()
	s := start(t, none, "sim", "--meituan-addr", "127.0.0.1:0", "--meituan-partner-addr", "127.0.0.1:0", "--mercadolibre-addr", "127.0.0.1:0", "--messengers-addr", "127.0.0.1:0", "--backstage-addr", "127.0.0.1:0", "--rate", "60")
	url := s.find(`Backstage +(http://[^/]+)/`)
	for _, path := range []string{"/", "/backstage/", "/backstage/meituan/orders", "/backstage/mercadolibre/orders"} {
		if status, _ := call(t, "GET", url+path, "", ""); status != 200 {
			t.Errorf("%s: %d", path, status)
		}
	}
	if status, v := call(t, "POST", s.find(`for providers (http://\S+)`)+"/waimai/poi/open?version=2", "", ""); status != 200 || v["code"] != "701" {
		t.Errorf("a call without a signature: %d %v", status, v)
	}
	s.stop()
}

func TestTheDocumentIsPrinted(t *testing.T) {
	t.Parallel()
	var out output
	if err := run(t.Context(), []string{"openapi"}, none, &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile("../../docs/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	if out.String() != string(want) {
		t.Error("docs/openapi.json is not what tongdan openapi prints")
	}
}
