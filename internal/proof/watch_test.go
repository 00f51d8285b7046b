package proof

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"

	"github.com/tongdan/tongdan/internal/db"
)

// TestDashboardAlertsAndDocsNameMetricsThatThereAre takes /metrics of a node that has
// worked, and reads every expression with Prometheus's own parser.
func TestDashboardAlertsAndDocsNameMetricsThatThereAre(t *testing.T) {
	w := newWorld(t, stage{plan: Plan{Dir: t.TempDir()}, speed: 1, seed: 6, meituan: slowDeadlines})
	id, err := w.mt.Place(json.RawMessage(`{"app_poi_code":"` + mtShop + `"}`))
	if err != nil {
		t.Fatal(err)
	}
	row := w.arrived(id)
	w.stop()
	d, err := db.Open(t.Context(), db.Options{Dir: w.Plan.Dir, Key: Key, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.PutCheck(t.Context(), db.CheckRow{Name: db.CheckBackups, At: time.Now(), OK: true}); err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	w.start()
	again, err := w.mt.Place(json.RawMessage(`{"app_poi_code":"` + mtShop + `"}`))
	if err != nil {
		t.Fatal(err)
	}
	w.arrived(again)
	pressAPI(t, w, row)
	w.until(20*time.Second, func() string {
		if native, _ := w.mt.Order(id); native.Status != 4 {
			return "the order has not been accepted"
		}
		return ""
	})
	have := map[string]string{} // name → kind
	w.until(10*time.Second, func() string {
		have = w.metrics()
		for _, n := range []string{"tongdan_attempts_total", "tongdan_pushes_total", "tongdan_nodes"} {
			if have[n] == "" {
				return n + " is not there"
			}
		}
		return ""
	})
	p := parser.NewParser(parser.Options{})
	uses := func(where, expr string) {
		t.Helper()
		tree, err := p.ParseExpr(expr)
		if err != nil {
			t.Errorf("%s: %s: %v", where, expr, err)
			return
		}
		parser.Inspect(tree, func(n parser.Node, _ []parser.Node) error {
			if v, ok := n.(*parser.VectorSelector); ok && v.Name != "up" {
				if have[v.Name] == "" && have[family(v.Name)] != "histogram" {
					t.Errorf("%s: a node has no metric %s", where, v.Name)
				}
			}
			return nil
		})
	}

	t.Run("alerts", func(t *testing.T) {
		raw, err := os.ReadFile("../../deploy/prometheus/alerts.yaml")
		if err != nil {
			t.Fatal(err)
		}
		groups, errs := rulefmt.Parse(raw, false, model.UTF8Validation, p, slog.New(slog.DiscardHandler))
		for _, err := range errs {
			t.Error(err)
		}
		n := 0
		for _, g := range groups.Groups {
			for _, r := range g.Rules {
				n++
				uses(r.Alert, r.Expr)
				if r.Labels["severity"] == "" || r.Annotations["summary"] == "" || r.Annotations["description"] == "" {
					t.Errorf("%s does not say how bad it is, what it is and what to do", r.Alert)
				}
			}
		}
		if n < 15 {
			t.Errorf("only %d rules were seen", n)
		}
	})
	t.Run("dashboard", func(t *testing.T) {
		raw, err := os.ReadFile("../../deploy/grafana/tongdan.json")
		if err != nil {
			t.Fatal(err)
		}
		var board struct {
			UID    string
			Panels []struct {
				ID      int
				Type    string
				Title   string
				Targets []struct{ Expr string }
				GridPos struct{ X, Y, W, H int }
			}
		}
		if err := json.Unmarshal(raw, &board); err != nil {
			t.Fatal(err)
		}
		n, ids := 0, map[int]bool{}
		for _, panel := range board.Panels {
			if ids[panel.ID] || panel.GridPos.X+panel.GridPos.W > 24 {
				t.Errorf("%s: its id %d is taken or it is wider than the page", panel.Title, panel.ID)
			}
			ids[panel.ID] = true
			for _, target := range panel.Targets {
				n++
				expr := strings.NewReplacer("$__rate_interval", "5m", "$instance", "a").Replace(target.Expr)
				uses(panel.Title, expr)
			}
			if panel.Type != "row" && len(panel.Targets) == 0 {
				t.Errorf("%s shows nothing", panel.Title)
			}
		}
		if n < 30 {
			t.Errorf("only %d expressions were seen", n)
		}
	})
	t.Run("docs", func(t *testing.T) {
		raw, err := os.ReadFile("../../docs/metrics.md")
		if err != nil {
			t.Fatal(err)
		}
		told := map[string]string{}
		for _, m := range regexp.MustCompile("(?m)^\\| `(tongdan_[a-z_]+)(?:\\{[a-z,]+\\})?` \\| (counter|gauge|histogram) \\|").FindAllStringSubmatch(string(raw), -1) {
			told[m[1]] = m[2]
		}
		for name, kind := range have {
			if strings.HasPrefix(name, "tongdan_") && told[name] != kind {
				t.Errorf("docs/metrics.md calls %s a %q, it is a %s", name, told[name], kind)
			}
		}
		for name := range told {
			if have[name] == "" {
				t.Errorf("docs/metrics.md tells of %s, which a node does not have", name)
			}
		}
	})
}

// family is the name of the histogram that a series belongs to.
func family(series string) string {
	for _, end := range []string{"_bucket", "_sum", "_count"} {
		if name, ok := strings.CutSuffix(series, end); ok {
			return name
		}
	}
	return series
}

// metrics gives the kinds of the metrics that the node shows a value of.
func (w *world) metrics() map[string]string {
	w.t.Helper()
	res, err := w.http.Get(w.URL + "/metrics")
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		w.t.Fatalf("metrics: %d %v", res.StatusCode, err)
	}
	kinds := map[string]string{}
	for line := range strings.Lines(string(body)) {
		if f := strings.Fields(line); len(f) == 4 && f[0] == "#" && f[1] == "TYPE" {
			kinds[f[2]] = f[3]
		}
	}
	return kinds
}

// TestTheNumberOfSeriesIsBounded: what strangers and platforms can invent makes no new
// series.
func TestTheNumberOfSeriesIsBounded(t *testing.T) {
	w := newWorld(t, stage{plan: Plan{Dir: t.TempDir(), NoLanes: true}, speed: 1, seed: 6})
	series := func() (list []string) {
		res, err := w.http.Get(w.URL + "/metrics")
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(body)) {
			if name, _, ok := strings.Cut(line, " "); ok && strings.HasPrefix(name, "tongdan_") {
				list = append(list, name)
			}
		}
		return list
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	word := "aaaa"
	post := func(path, body string) {
		req, err := http.NewRequestWithContext(ctx, "POST", w.URL+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		res, err := w.http.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
	}
	client := w.ml.App().ClientID.String()
	for i := range 100 {
		word = string(rune('a'+i%26)) + string(rune('a'+i/26)) + "invented"
		post("/callback/meituan/"+w.made.Apps[indexMT].String()+"/"+word, "x=1")
		post("/callback/mercadolibre/"+w.made.Apps[indexBR].String()+"/notifications", `{"resource":"/x/1","user_id":1,"topic":"`+word+`","application_id":`+client+`}`)
		post("/"+word, "x")
		post("/api/v1/"+word, "{}")
	}
	list := series()
	invented := slices.DeleteFunc(slices.Clone(list), func(s string) bool { return !strings.Contains(s, "invented") })
	if len(invented) > 60 {
		t.Errorf("%d series bear names that a stranger invented", len(invented))
	}
	if len(invented) == 0 || len(list) < 50 {
		t.Errorf("%d series, %d of them invented: the test looks at the wrong place", len(list), len(invented))
	}
}
