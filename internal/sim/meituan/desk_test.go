package meituan

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/tongdan/tongdan/internal/sim"
)

// backstage makes a call and decodes the answer into v; it returns the HTTP status.
func (m *shop) backstage(method, path, body string, v any) int {
	m.t.Helper()
	req, _ := http.NewRequest(method, m.back.URL+path, strings.NewReader(body))
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		m.t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, _ := io.ReadAll(resp.Body)
	if v != nil {
		if err := json.Unmarshal(raw, v); err != nil {
			m.t.Fatalf("%s %s: %s", method, path, raw)
		}
	}
	return resp.StatusCode
}

type orderAnswer struct {
	ID     string     `json:"id"`
	Order  Order      `json:"order"`
	Tally  sim.Tally  `json:"tally"`
	Calls  []sim.Call `json:"calls"`
	Pushes []sim.Sent `json:"pushes"`
	Error  string     `json:"error"`
}

const backMeituan = "/backstage/meituan/"

func TestAnOrderByHandFromTheBackstage(t *testing.T) {
	m := open(t, nil)
	var placed orderAnswer
	if status := m.backstage("POST", backMeituan+"orders?wait=1", `{"app_poi_code":"TEA001"}`, &placed); status != 200 || placed.Order.Status != pushed || len(placed.Pushes) != 1 || !placed.Pushes[0].OK {
		t.Fatalf("HTTP %d %+v", status, placed)
	}
	m.ok("GET", "order/confirm", "order_id", placed.ID)
	m.code("GET", "order/confirm", "order_id", placed.ID)
	for _, act := range []string{"rider_accept", "rider_collect", "rider_deliver", "complete"} {
		var after orderAnswer
		if status := m.backstage("POST", backMeituan+"orders/"+placed.ID+"/"+act+"?wait=1", "", &after); status != 200 {
			t.Errorf("%s: HTTP %d %s", act, status, after.Error)
		}
	}
	var seen orderAnswer
	m.backstage("GET", backMeituan+"orders/"+placed.ID, "", &seen)
	if seen.Order.Status != completed || seen.Tally["order/confirm"] != (sim.Count{Calls: 2, Changes: 1}) || len(seen.Calls) != 2 || !seen.Calls[0].Changed || seen.Calls[1].Code != "808" {
		t.Errorf("%+v", seen)
	}
	var rows []sim.Row
	if m.backstage("GET", backMeituan+"orders?status=8", "", &rows); len(rows) != 1 || rows[0].Number != "#1" {
		t.Errorf("%+v", rows)
	}
	if m.backstage("GET", backMeituan+"orders?status=4", "", &rows); len(rows) != 0 {
		t.Errorf("%+v", rows)
	}
}

func TestEveryActOfThePageExistsAndRefusesPolitely(t *testing.T) {
	m := open(t, nil)
	id := m.place(`{"app_poi_code":"TEA001","status":1}`)
	var about struct {
		Acts []sim.Act `json:"acts"`
	}
	m.backstage("GET", backMeituan, "", &about)
	if len(about.Acts) < 20 {
		t.Fatalf("%d acts", len(about.Acts))
	}
	for _, act := range about.Acts {
		if act.Zh == "" || act.En == "" || act.Who == "" {
			t.Errorf("%+v has no name", act)
		}
		if act.Name == "pay" || act.Name == "buyer_cancel" || act.Name == "degrade" {
			continue
		}
		var answer orderAnswer
		if status := m.backstage("POST", backMeituan+"orders/"+id+"/"+act.Name, string(act.Args), &answer); status != 400 || answer.Error == "" {
			t.Errorf("%s of an unpaid order: HTTP %d %q", act.Name, status, answer.Error)
		}
	}
	for path, body := range map[string]string{"orders/1/pay": "", "orders/" + id + "/fly": ""} {
		if status := m.backstage("POST", backMeituan+path, body, nil); status != 404 {
			t.Errorf("%s: HTTP %d, want 404", path, status)
		}
	}
	for _, body := range []string{"{", `{"detail":[]`, `{"app_poi_code":"NONE"}`, `{"detail":[{"app_food_code":"NONE"}]}`, `{"detail":[{"food_name":"x","price":-1}]}`} {
		var answer orderAnswer
		if status := m.backstage("POST", backMeituan+"orders", body, &answer); status != 400 || answer.Error == "" {
			t.Errorf("%s: HTTP %d", body, status)
		}
	}
}

func TestClockFaultsAndConfigFromTheBackstage(t *testing.T) {
	m := open(t, nil)
	id := m.place(drinks)
	if status := m.backstage("PUT", backMeituan+"clock?wait=1", `{"advance":"5m"}`, nil); status != 200 {
		t.Errorf("HTTP %d", status)
	}
	m.status(id, cancelled)
	for _, bad := range []string{`{"advance":"soon"}`, `{"advance":"-5m"}`, `{"speed":-1}`, ``} {
		if status := m.backstage("PUT", backMeituan+"clock", bad, nil); status != 400 {
			t.Errorf("clock %s: HTTP %d", bad, status)
		}
	}
	var plan sim.FaultPlan
	m.backstage("PUT", backMeituan+"faults", `{"err_429":1,"only":["order/cancel"]}`, &plan)
	if plan.Err429 != 1 {
		t.Errorf("%+v", plan)
	}
	if c := m.code("GET", "order/cancel", "order_id", id, "reason", "x"); c != 711 {
		t.Errorf("%d", c)
	}
	if c := m.code("GET", "order/viewstatus", "order_id", id); c != 0 {
		t.Errorf("%d", c)
	}
	if status := m.backstage("POST", backMeituan+"faults/next", `{"kind":"weather"}`, nil); status != 400 {
		t.Errorf("HTTP %d", status)
	}
	m.backstage("POST", backMeituan+"faults/next", `{"kind":"err_5xx","n":1}`, nil)
	if _, err := m.call("GET", "order/viewstatus", "order_id", id); err == nil || !strings.Contains(err.Error(), "502") {
		t.Errorf("%v", err)
	}
	var config map[string]any
	if status := m.backstage("POST", backMeituan+"config", `{"accept_within":60,"callbacks":{"order/paid":"-"}}`, &config); status != 200 || config["accept_within"] != 60.0 {
		t.Errorf("HTTP %d %v", status, config)
	}
	if strings.Contains(fmt.Sprint(config), testSecret) {
		t.Error("the configuration must not show the secret")
	}
	m.pushes()
	id = m.place(drinks)
	m.backstage("PUT", backMeituan+"clock?wait=1", `{"advance":"60s"}`, nil)
	m.status(id, cancelled)
	m.expectSet("order/cancelled 1001", "store/status 120")
	for _, bad := range []string{`{"repeat_confirm":"maybe"}`, `{"callback":"not a url"}`, `{"no_such_switch":1}`, `{"accept_within":0}`, `{"secret":""}`} {
		var answer orderAnswer
		if status := m.backstage("POST", backMeituan+"config", bad, &answer); status != 400 || answer.Error == "" {
			t.Errorf("config %s: HTTP %d", bad, status)
		}
	}
	if status := m.backstage("POST", backMeituan+"stores/TEA001/release", "", nil); status != 200 {
		t.Errorf("HTTP %d", status)
	}
	if status := m.backstage("POST", backMeituan+"stores", `{"app_poi_code":"NEW"}`, nil); status != 200 {
		t.Errorf("HTTP %d", status)
	}
	m.place(`{"app_poi_code":"NEW"}`)
}

func TestANewSecretIsUsedAtOnce(t *testing.T) {
	m := open(t, nil)
	if err := m.sim.Configure(json.RawMessage(`{"secret":"another"}`)); err != nil {
		t.Fatal(err)
	}
	m.place(drinks)
	m.expect("order/paid INVALID")
	if c := m.code("GET", "poi/getids"); c != 703 {
		t.Errorf("%d", c)
	}
}

func TestAForeignPageCannotPlaceOrders(t *testing.T) {
	m := open(t, nil)
	req, _ := http.NewRequest("POST", m.back.URL+backMeituan+"orders", strings.NewReader("{}"))
	req.Header.Set("Sec-Fetch-Site", "cross-site")
	req.Header.Set("Origin", "https://evil.example")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusForbidden {
		t.Errorf("HTTP %d, want 403", resp.StatusCode)
	}
}

func TestAServerHasOneListenerPerPlatform(t *testing.T) {
	s, err := New(Options{App: testApp, Secret: testSecret})
	if err != nil {
		t.Fatal(err)
	}
	server := &sim.Server{Platforms: []sim.Platform{s}}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	for url, want := range map[string]int{
		server.URL("") + "/": 200, server.URL("") + "/page.js": 200, server.URL("") + "/page.css": 200, server.URL("") + "/backstage/": 200,
		server.URL("") + backMeituan: 200, server.URL("meituan") + "/api/v1/poi/getids": 200, server.URL("meituan") + backMeituan: 404,
	} {
		resp, err := http.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("%s: HTTP %d, want %d", url, resp.StatusCode, want)
		}
	}
	taken := &sim.Server{BackstageAddr: strings.TrimPrefix(server.URL(""), "http://")}
	if err := taken.Start(); err == nil {
		t.Error("a taken address must be an error")
	}
}
