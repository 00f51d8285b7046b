package proof

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tongdan/tongdan/internal/sim"
	ml "github.com/tongdan/tongdan/internal/sim/mercadolibre"
	"github.com/tongdan/tongdan/internal/sim/printers"
	"github.com/tongdan/tongdan/order"
)

// patient is how long an answer may take on a machine that others use too.
const patient = 30 * time.Second

// call uses the API with the merchant's key. It gives the status and the code of why.
func (w *world) call(within time.Duration, method, path, key string, in, out any) (status int, why string, err error) {
	ctx, cancel := context.WithTimeout(w.t.Context(), within)
	defer cancel()
	raw, err := json.Marshal(in)
	if err != nil {
		return 0, "", err
	}
	req, err := http.NewRequestWithContext(ctx, method, w.URL+"/api/v1"+path, bytes.NewReader(raw))
	if err != nil {
		return 0, "", err
	}
	req.Header.Set("Authorization", "Bearer "+w.made.Key)
	req.Header.Set("Content-Type", "application/json")
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	res, err := w.http.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close()
	if res.StatusCode >= 300 {
		var f struct {
			Why struct {
				Code string `json:"code"`
			} `json:"why"`
		}
		json.NewDecoder(res.Body).Decode(&f)
		return res.StatusCode, f.Why.Code, nil
	}
	if out == nil {
		return res.StatusCode, "", nil
	}
	return res.StatusCode, "", json.NewDecoder(res.Body).Decode(out)
}

// A labelPrinter stands in the shop's network. What lies before it is told by parcel.
type labelPrinter struct {
	*printers.Device
	id string // the hub's
}

// labelPrinter sets one up; again says whether what may be out comes again by itself.
func (w *world) labelPrinter(again bool) *labelPrinter {
	w.t.Helper()
	s := printers.New(printers.Options{Printers: []printers.Printer{{Name: "labels", Make: printers.ZPL}}})
	w.t.Cleanup(func() { s.Close() })
	p := &labelPrinter{Device: s.Device("labels")}
	addr, err := p.Listen("")
	if err != nil {
		w.t.Fatal(err)
	}
	var made struct {
		ID string `json:"id"`
	}
	status, why, err := w.call(patient, "POST", "/printers", rand.Text(), map[string]any{"kind": "zpl", "name": "labels", "store_id": w.made.Store, "address": addr, "again": again}, &made)
	if err != nil || status >= 300 {
		w.t.Fatalf("the label printer: %d %s %v", status, why, err)
	}
	p.id = made.ID
	return p
}

var parcelOn = regexp.MustCompile(`Envio: ([0-9]+)`)

// out counts the labels of each parcel: without a mark, and after one that says that they may have
// been printed before.
func (p *labelPrinter) out() (plain, maybe map[string]int) {
	plain, maybe = map[string]int{}, map[string]int{}
	marked := map[string]bool{} // by connection
	for _, s := range p.Slips(0) {
		text := s.Text()
		if strings.HasPrefix(text, "COPY?") {
			marked[s.Job] = true
		}
		if m := parcelOn.FindStringSubmatch(text); m != nil {
			if marked[s.Job] {
				maybe[m[1]]++
			} else {
				plain[m[1]]++
			}
		}
	}
	return plain, maybe
}

// parcel is the platform's number of an order's parcel.
func (w *world) parcel(id ml.ID) string {
	w.t.Helper()
	x, _, err := w.ml.Order(id)
	if err != nil {
		w.t.Fatal(err)
	}
	return fmt.Sprint(x.Shipment["id"])
}

// TestABatchOfLabelsSurvivesDyingNodes has the node die three times within one batch of 120 labels:
// before whoever pressed has an answer, while they are fetched, and while the printer takes them. Each
// label comes out once, and none is lost.
func TestABatchOfLabelsSurvivesDyingNodes(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	const many = 120
	engines(t, func(t *testing.T, p Plan) {
		p.NoBudget = true
		w := newWorld(t, stage{plan: p, start: time.Date(2026, 3, 1, 3, 0, 0, 0, time.UTC), speed: 20, seed: 7})
		w.warmUp()
		printer := w.labelPrinter(false)
		parcels, numbers := map[string]bool{}, map[string]bool{}
		var sold []ml.ID
		for range many {
			got, err := w.ml.Place(ml.Placement{SellerID: brazil, Oversell: true, Manual: true})
			if err != nil {
				t.Fatal(err)
			}
			if err := w.ml.Act(got.Orders[0], "ready", ml.ActArgs{}); err != nil {
				t.Fatal(err)
			}
			sold = append(sold, got.Orders[0])
			numbers[got.Orders[0].String()] = true
			parcels[w.parcel(got.Orders[0])] = true
		}
		var orders []string
		w.until(3*time.Minute, func() string {
			orders = nil
			for _, r := range w.pages() {
				if numbers[r.Ref] && slices.Contains(r.Flags, order.FlagToLabel) {
					orders = append(orders, r.ID.String())
				}
			}
			if len(orders) < many {
				return fmt.Sprintf("%d of %d are to be labelled", len(orders), many)
			}
			return ""
		})
		arm := func(points string) {
			if _, err := ask[struct{}](w.process, "arm", points); err != nil {
				t.Fatal(err)
			}
		}
		died := func(at string) {
			t.Helper()
			select {
			case <-w.Ended():
			case <-time.After(2 * time.Minute):
				t.Fatalf("the node never came to %s", at)
			}
			if !strings.Contains(w.Log(), "dies at "+at+":") {
				t.Fatalf("it died, but not at %s", at)
			}
		}
		type batch struct {
			ID      string `json:"id"`
			Total   int    `json:"total"`
			Labels  int    `json:"labels"`
			Results []struct {
				State string `json:"state"`
			} `json:"results"`
			Jobs []struct {
				ID    string `json:"id"`
				State string `json:"state"`
			} `json:"jobs"`
		}
		body := map[string]any{"order_ids": orders, "format": "zpl", "printer_id": printer.id}
		press := func(key string) (b batch) {
			t.Helper()
			w.until(2*time.Minute, func() string {
				status, why, err := w.call(patient, "POST", "/labels", key, body, &b)
				if err != nil || status >= 300 {
					return fmt.Sprintf("the press: %d %s %v", status, why, err)
				}
				return ""
			})
			return b
		}

		w.ml.Faults().Next(sim.SlowAnswer, 2, "GET /shipment_labels") // the node dies before they are all there
		arm("labels.asked:1:kill")
		w.call(patient, "POST", "/labels", "one press", body, nil)
		died("labels.asked")
		w.start("labels.kept:1:kill")
		died("labels.kept")
		w.start("labels.out:4:kill")
		died("labels.out")
		w.start()
		first := press("one press")
		if first.Total != many {
			t.Errorf("the batch has %d orders", first.Total)
		}
		asked := 0
		w.until(3*time.Minute, func() string {
			var b batch
			if status, why, err := w.call(patient, "GET", "/labels/"+first.ID, "", nil, &b); err != nil || status != 200 {
				return fmt.Sprintf("the batch: %d %s %v", status, why, err)
			}
			done := 0
			for _, j := range b.Jobs {
				switch j.State {
				case "done":
					done++
				case "person": // somebody looks: the printer had taken them before the node died
					if status, why, err := w.call(patient, "POST", "/effects/"+j.ID+"/resolve", rand.Text(), map[string]string{"outcome": "done"}, nil); err != nil || status >= 300 {
						t.Fatalf("a person's word: %d %s %v", status, why, err)
					}
					asked++
				}
			}
			if done < many/10 || b.Labels != many {
				return fmt.Sprintf("%d jobs are done, %d labels have come: %+v", done, b.Labels, b.Jobs)
			}
			return ""
		})
		plain, maybe := printer.out()
		if len(plain) != many || len(maybe) != 0 || asked != 1 {
			t.Errorf("labels of %d parcels are out, %d with a mark; somebody was asked %d times", len(plain), len(maybe), asked)
		}
		for parcel, n := range plain {
			if n != 1 || !parcels[parcel] {
				t.Errorf("parcel %s has %d labels", parcel, n)
			}
		}
		for _, id := range sold {
			if c := w.ml.Tally(id.String())["print"]; c.Changes != 1 {
				t.Errorf("the platform printed %s %d times", id, c.Changes)
			}
		}
		if status, why, err := w.call(patient, "POST", "/labels", rand.Text(), body, nil); err != nil || status != http.StatusConflict || why != "label_printed" {
			t.Errorf("another press: %d %s %v", status, why, err)
		}
		w.stop()
	})
}
