package meituan_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/channel/channeltest"
	"github.com/tongdan/tongdan/internal/platform/meituan"
	"github.com/tongdan/tongdan/internal/sim"
	simulator "github.com/tongdan/tongdan/internal/sim/meituan"
	"github.com/tongdan/tongdan/order"
)

func TestConformance(t *testing.T) { channeltest.Run(t, harness{}) }

const secret = "0123456789abcdef0123456789abcdef"

var noon = time.Date(2026, 3, 1, 4, 0, 0, 0, time.UTC) // 12:00 in China

type harness struct {
	configure func(*simulator.Config)
}

func (harness) Platform() channel.Platform { return meituan.New() }

func (h harness) Open(t *testing.T) channeltest.World { return h.open(t) }

// open opens a world that ends with a test, or with one try of a property.
func (h harness) open(t interface {
	Cleanup(func())
	Fatal(...any)
}) *world {
	w := &world{clock: sim.NewClock(noon, 0), faults: sim.NewFaults(1), vault: &vault{saved: map[string][]byte{}}}
	w.inbox = channeltest.NewInbox(t, meituan.New(), w.clock.Now)
	w.app = channel.App{ID: 7, PublicURL: w.inbox.URL, Credentials: map[string]channel.Secret{
		"app_id": channel.NewSecret("4321"), "secret": channel.NewSecret(secret)}}
	s, err := simulator.New(simulator.Options{App: "4321", Secret: secret, Clock: w.clock, Faults: w.faults, Seed: 1,
		Callback: w.inbox.URL + "/callback/meituan/" + w.app.ID.String(), PushTimeout: 20 * time.Second,
		Configure: func(c *simulator.Config) {
			c.Subscribed = simulator.AllFields
			c.ShowReceived, c.ShowDelivering = true, true
			if h.configure != nil {
				h.configure(c)
			}
		}})
	if err != nil {
		t.Fatal(err)
	}
	w.sim = s
	api := httptest.NewServer(s.API())
	t.Cleanup(func() { api.Close(); s.Close() })
	w.app.BaseURL = api.URL + "/api/v1"
	w.inbox.Serve(w.app)
	return w
}

type world struct {
	clock  *sim.Clock
	faults *sim.Faults
	sim    *simulator.Sim
	inbox  *channeltest.Inbox
	app    channel.App
	vault  *vault
}

func (w *world) Account() channel.Account {
	return channel.Account{ID: 9, App: w.app, Shops: []string{"TEA001", "TEA002"}}
}

func (w *world) Env() channel.Env {
	reads, calls := channel.NewClients(channel.Loopback...)
	return channel.Env{Reads: reads, Calls: calls, Vault: w.vault, Now: w.clock.Now}
}

func (w *world) Advance(t *testing.T, d time.Duration) { w.clock.Advance(d) }

func (w *world) Place(t *testing.T, wish channeltest.Wish) order.Ref {
	store := "TEA001"
	if wish.Logistics == order.BySelf {
		store = "TEA002"
	}
	return w.place(t, wish, store, map[order.Logistics]string{order.ByCrowd: "1003"}[wish.Logistics])
}

// place lets a buyer buy at a store; code "" is its usual way of delivery.
func (w *world) place(t *testing.T, wish channeltest.Wish, store, code string) order.Ref {
	t.Helper()
	how := ""
	if code != "" {
		how = fmt.Sprintf(`"logistics_code":%q,`, code)
	}
	id, err := w.sim.Place(json.RawMessage(fmt.Sprintf(`{"app_poi_code":%q,%s"detail":%s}`, store, how, dishes(cmp.Or(wish.Lines, 2), cmp.Or(wish.Each, 2)))))
	if err != nil {
		t.Fatalf("place an order: %v", err)
	}
	return order.Ref{Realm: meituan.Realm, Kind: order.KindOrder, ID: id}
}

func dishes(lines int, each int64) []byte {
	type dish struct {
		Food     string  `json:"app_food_code"`
		Name     string  `json:"food_name"`
		SKU      string  `json:"sku_id"`
		Quantity int64   `json:"quantity"`
		Price    float64 `json:"price"`
		Original float64 `json:"original_price"`
		BoxNum   int64   `json:"box_num"`
		BoxPrice float64 `json:"box_price"`
		Unit     string  `json:"unit"`
		Property string  `json:"food_property"`
	}
	var list []dish
	for i := range lines {
		n := fmt.Sprint(i + 1)
		list = append(list, dish{"F" + n, "测试茶 " + n, "F" + n + "-L", each, 15.5 + float64(i), 15.5 + float64(i), each, 0.5, "杯", "少冰,半糖"})
	}
	b, _ := json.Marshal(list)
	return b
}

func (w *world) Happen(t *testing.T, ref order.Ref, what channeltest.Happening) bool {
	t.Helper()
	if what == channeltest.NobodyAnswers {
		w.Advance(t, 31*time.Minute)
		return true
	}
	steps := map[channeltest.Happening][]string{
		channeltest.BuyerCancels:   {"buyer_cancel"},
		channeltest.BuyerAsksAll:   {"ask_refund"},
		channeltest.BuyerAsksPart:  {"ask_refund"},
		channeltest.BuyerWithdraws: {"withdraw_refund"},
		channeltest.BuyerReminds:   {"remind"},
		channeltest.OnTheWay:       {"rider_accept", "rider_arrive", "rider_collect"},
		channeltest.Delivered:      {"rider_deliver"},
		channeltest.HeldSlow:       {"mark_slow"},
		channeltest.Finished:       {"complete"},
	}[what]
	var args any
	if what == channeltest.BuyerAsksPart {
		args = map[string]any{"reason": "商品少送", "items": []map[string]any{{"app_food_code": "F1", "sku_id": "F1-L", "count": 1}}}
	}
	for _, s := range steps {
		if err := w.sim.Do(ref.ID, s, args); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
		w.clock.Settle()
		if len(steps) > 1 {
			w.clock.Advance(time.Minute)
		}
	}
	return len(steps) > 0
}

func (w *world) Pushes(t *testing.T) []channel.Request {
	w.clock.Settle()
	return w.inbox.Take()
}

// paths are the operations behind the acts, as the simulator counts them.
var paths = map[order.ActionKind]string{
	channel.Acknowledge: "order/poi_received",
	order.Accept:        "order/confirm",
	order.Refuse:        "order/cancel",
	order.Cancel:        "order/cancel",
	order.Ready:         "order/preparationMealComplete",
	order.Dispatch:      "order/delivering",
	order.Deliver:       "order/arrived",
	channel.TellRider:   "ecommerce/order/logistics/sync",
	order.RemindReply:   "order/remindReply",
	order.CallRider:     "order/zhongbao/dispatch",
	order.Tip:           "order/zhongbao/update/tip",
	order.RecallRider:   "order/cancelLogisticsByWmOrderId",
	order.DeliverSelf:   "order/logistics/change/poi_self",
	order.RefundApprove: "order/refund/agree",
	order.RefundRefuse:  "order/refund/reject",
	order.RefundPartial: "order/applyPartRefund",
}

func (w *world) Count(t *testing.T, ref order.Ref, act order.ActionKind) (calls, changes int) {
	return w.count(t, ref, paths[act])
}

func (w *world) count(t *testing.T, ref order.Ref, path string) (calls, changes int) {
	t.Helper()
	o, err := w.sim.Order(ref.ID)
	if err != nil {
		t.Fatal(err)
	}
	n := o.Tally[path]
	return n.Calls, n.Changes
}

// kinds are the simulator's words for faults.
var kinds = map[channeltest.Fault]string{channeltest.Limited: sim.Err429, channeltest.Broken: sim.Err5xx,
	channeltest.DropBefore: sim.DropBeforeCommit, channeltest.DropAfter: sim.DropAfterCommit}

func (w *world) Fault(t *testing.T, f channeltest.Fault, n int, act order.ActionKind) {
	w.fault(f, n, act, paths[act])
}

func (w *world) fault(f channeltest.Fault, n int, act order.ActionKind, path string) {
	if act == "" {
		w.faults.Next(kinds[f], n)
		return
	}
	w.faults.Next(kinds[f], n, path)
}

var statusField = regexp.MustCompile(`"status":\d+`)

// Mangle changes answers that are about one order: a detail, or the order of a number.
func (w *world) Mangle(how channeltest.Mangling, ref order.Ref, body []byte) []byte {
	if !bytes.Contains(body, []byte(ref.ID)) {
		return body
	}
	if how == channeltest.NewWord {
		return statusField.ReplaceAll(body, []byte(`"status":`+channeltest.NewNumber))
	}
	return bytes.Replace(body, []byte(`"data":{`), []byte(`"data":{]`), 1)
}

func (w *world) Tune(*channel.Act) {}

func (w *world) AcceptElsewhere(t *testing.T, ref order.Ref) {
	t.Helper()
	if err := w.sim.Do(ref.ID, "accept_in_app", nil); err != nil {
		t.Fatal(err)
	}
}

type vault struct {
	mu    sync.Mutex
	saved map[string][]byte
}

func (v *vault) Load(_ context.Context, name string) ([]byte, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.saved[name], nil
}

func (v *vault) Save(_ context.Context, name string, _ time.Time, b []byte) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.saved[name] = b
	return nil
}

func (*vault) Alarm(context.Context, time.Time, string) error { return nil }

// Offers implements channeltest.Stocking: two dishes of the simulator's menu.
func (w *world) Offers(t *testing.T) [2]channel.Offer {
	return [2]channel.Offer{{ShopID: "TEA001", Item: "T001", Variation: "T001-M"}, {ShopID: "TEA001", Item: "T001", Variation: "T001-L"}}
}

func (w *world) Buy(t *testing.T, o channel.Offer, pieces int64) bool {
	t.Helper()
	_, err := w.sim.Place(fmt.Appendf(nil, `{"app_poi_code":%q,"detail":[{"app_food_code":%q,"sku_id":%q,"quantity":%d}]}`, o.ShopID, o.Item, o.Variation, pieces))
	return err == nil
}

func (w *world) FaultStock(t *testing.T, f channeltest.Fault, n int) {
	w.faults.Next(kinds[f], n, "food/sku/stock")
}

// Shown implements channeltest.Placing.
func (w *world) Shown(t *testing.T, ref order.Ref) (order.Rider, *order.Position) {
	t.Helper()
	o, err := w.sim.Order(ref.ID)
	if err != nil {
		t.Fatal(err)
	}
	d := o.Delivery
	switch {
	case d == nil:
		return order.Rider{}, nil
	case d.PlaceAt == 0:
		return order.Rider{Name: d.Name, Phone: d.Mobile}, nil
	}
	return order.Rider{Name: d.Name, Phone: d.Mobile}, &order.Position{Lat: d.Latitude, Lng: d.Longitude, At: d.PlaceAt * 1000}
}

func (w *world) FaultPlace(t *testing.T, f channeltest.Fault, n int) {
	w.faults.Next(kinds[f], n, "order/riderPosition")
}
