package dada_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/courier"
	"github.com/tongdan/tongdan/courier/couriertest"
	"github.com/tongdan/tongdan/internal/courier/dada"
	"github.com/tongdan/tongdan/internal/sim"
	simdada "github.com/tongdan/tongdan/internal/sim/dada"
	"github.com/tongdan/tongdan/money"
	"github.com/tongdan/tongdan/order"
)

// Computed with md5sum over the document's rule, not with this code:
// printf '%s' 'secret0001app_keydada0001body{"order_id":"1"}formatjsonsource_id73753timestamp1700000000v1.0secret0001' | md5sum
func TestSignature(t *testing.T) {
	if got := dada.Sign("secret0001", map[string]string{"app_key": "dada0001", "body": `{"order_id":"1"}`, "format": "json", "source_id": "73753", "timestamp": "1700000000", "v": "1.0"}); got != vectorCall {
		t.Error(got)
	}
	if got := dada.SignCallback("Ddada27000000001654", "rid_1", "1700000000"); got != vectorCallback {
		t.Error(got)
	}
}

func TestContract(t *testing.T) {
	couriertest.Run(t, func(t *testing.T) couriertest.Harness {
		s := simdada.New(simdada.Options{Key: "dada0001", Secret: "secret0001", Source: "73753", Shops: []string{"11047059"}})
		api := httptest.NewServer(s.API())
		t.Cleanup(api.Close)
		var mu sync.Mutex
		var got []channel.Request
		hub := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			b, _ := io.ReadAll(r.Body)
			mu.Lock()
			defer mu.Unlock()
			got = append(got, channel.Request{Method: r.Method, Path: strings.TrimPrefix(r.URL.Path, "/courier/x/"), Body: b})
		}))
		t.Cleanup(hub.Close)
		t.Cleanup(func() { s.Close() })
		c := courier.Config{Address: api.URL, Callback: hub.URL + "/courier/x", Credentials: map[string]channel.Secret{
			"app_key": channel.NewSecret("dada0001"), "app_secret": channel.NewSecret("secret0001"), "source_id": channel.NewSecret("73753"),
		}}
		to := map[order.State]int{order.DeliveryAssigned: simdada.Taken, order.DeliveryAtStore: simdada.AtStore, order.DeliveryOnTheWay: simdada.Fetched, order.DeliveryDelivered: simdada.Done}
		return couriertest.Harness{
			Make: dada.Make{}, Config: c,
			Job: courier.Job{ID: "rid_0d1v5k2m8q3ra", Shop: "11047059", Number: "美团#12", Value: money.Of(3850, "CNY"), Name: "张**", Phone: "13800000000_1234", Address: "柳荫路18号", Lat: 30.24, Lng: 120.16, Remark: "不要香菜"},
			Ordered: func(id string) (int, int) {
				for _, d := range s.Deliveries() {
					if d.ID == id {
						return d.Orders, d.Cancels
					}
				}
				return 0, 0
			},
			Move: func(t *testing.T, id string, st order.State) {
				if err := s.Move(id, to[st], ""); err != nil {
					t.Fatal(err)
				}
			},
			Dearer: func() { s.Dearer(150) },
			Before: func() { s.Faults().Next(sim.DropBeforeCommit, 1, "/api/order/addAfterQuery") },
			After:  func() { s.Faults().Next(sim.DropAfterCommit, 1, "/api/order/addAfterQuery") },
			Told: func() (out []courier.Received) {
				s.Close()
				mu.Lock()
				defer mu.Unlock()
				for _, r := range got {
					out = append(out, dada.Make{}.Receive(c, r))
				}
				return out
			},
			Forge: func() channel.Request {
				return channel.Request{Method: "POST", Path: "x", Body: []byte(`{"client_id":"D1","order_id":"rid_1","order_status":4,"update_time":1700000000,"signature":"` + dada.SignCallback("D1", "rid_1", "1700000000") + `"}`)}
			},
		}
	})
}

// What comes from outside is read or refused, and nothing else.
func FuzzReceive(f *testing.F) {
	f.Add(`{"client_id":"D1","order_id":"rid_1","order_status":4,"update_time":1700000000,"signature":"x"}`)
	f.Fuzz(func(t *testing.T, body string) {
		c := courier.Config{Credentials: map[string]channel.Secret{"app_secret": channel.NewSecret("s")}}
		dada.Make{}.Receive(c, channel.Request{Body: []byte(body)})
	})
}

const (
	vectorCall     = "2A7370B776320B8EAFB15D4439FB0432"
	vectorCallback = "4db88410047c47ff88b8877e9bf9640e"
)
