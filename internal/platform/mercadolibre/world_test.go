package mercadolibre

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/channel/channeltest"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/sim"
	simulator "github.com/tongdan/tongdan/internal/sim/mercadolibre"
	"github.com/tongdan/tongdan/order"
)

var start = time.Date(2026, 5, 4, 14, 0, 0, 0, time.UTC) // a Monday morning in every country

const (
	seller   = simulator.ID(700000001)
	redirect = "https://hub.example/ml/cb"
)

var thePlatform = New()

type harness struct{}

func (harness) Platform() channel.Platform               { return thePlatform }
func (harness) Open(t *testing.T) channeltest.World      { return openWorld(t, nil) }
func TestConformance(t *testing.T)                       { channeltest.Run(t, harness{}) }
func simID(t testing.TB, ref order.Ref) (n simulator.ID) { return parseSimID(t, ref.ID) }
func parseSimID(t testing.TB, text string) (n simulator.ID) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &n); err != nil {
		t.Fatal(err)
	}
	return n
}

// world is a simulator with one authorised seller.
type world struct {
	s     *simulator.Sim
	clock *sim.Clock
	acct  channel.Account
	env   channel.Env
	vault *vault
	inbox *channeltest.Inbox
}

func openWorld(t *testing.T, change func(*simulator.Options)) *world {
	t.Helper()
	w := &world{clock: sim.NewClock(start, 0), vault: &vault{}}
	reads, calls := channel.NewClients(channel.Loopback...)
	w.env = channel.Env{Reads: reads, Calls: calls, Vault: w.vault, Now: w.clock.Now}
	w.inbox = channeltest.NewInbox(t, thePlatform, w.clock.Now)
	w.acct = channel.Account{ID: ident.Account(ident.New(start)), Credentials: map[string]channel.Secret{"site": channel.NewSecret("MLB")}}
	w.acct.App = channel.App{ID: ident.App(ident.New(start)), PublicURL: w.inbox.URL, Credentials: map[string]channel.Secret{
		"client_id": channel.NewSecret("1234567890123456"), "client_secret": channel.NewSecret("a-secret-of-the-application")}}
	o := simulator.Options{
		Clock: w.clock, Seed: 7,
		App:     simulator.App{ClientID: 1234567890123456, ClientSecret: "a-secret-of-the-application", CallbackURL: w.acct.App.CallbackURL("mercadolibre", "notifications"), RedirectURI: redirect},
		Sellers: []simulator.Seller{{ID: seller, Site: "MLB", Nickname: "LOJA EXEMPLO BR", Logistic: "cross_docking"}},
	}
	if change != nil {
		change(&o)
	}
	var err error
	if w.s, err = simulator.New(o); err != nil {
		t.Fatal(err)
	}
	api := httptest.NewServer(w.s.API())
	t.Cleanup(func() { api.Close(); w.s.Close() })
	w.acct.App.BaseURL = api.URL
	w.inbox.Serve(w.acct.App)
	w.authorise(t)
	return w
}

// authorise plays the owner who agrees on the consent page.
func (w *world) authorise(t *testing.T) {
	t.Helper()
	code, err := w.s.Authorize(seller, redirect)
	if err != nil {
		t.Fatal(err)
	}
	external, err := w.shop(t).Exchange(t.Context(), code, redirect)
	if err != nil || external != fmt.Sprint(seller) {
		t.Fatalf("exchange: %q %v", external, err)
	}
	w.acct.External, w.acct.Shops = external, []string{external}
}

func (w *world) shop(t testing.TB) *shop {
	t.Helper()
	s, err := New().Open(w.acct, w.env) // a connector of its own: as another process would
	if err != nil {
		t.Fatal(err)
	}
	return s.(*shop)
}

func (w *world) Account() channel.Account { return w.acct }
func (w *world) Env() channel.Env         { return w.env }

func (w *world) Advance(t *testing.T, d time.Duration) {
	w.clock.Advance(d)
	w.clock.Settle()
}

func (w *world) Place(t *testing.T, wish channeltest.Wish) order.Ref {
	t.Helper()
	each := wish.Each
	if each == 0 {
		each = 2
	}
	sale := map[string]any{"seller_id": seller, "order": map[string]any{"order_items": []any{map[string]any{"quantity": each}}}}
	if mode := map[order.Logistics]string{order.ME1: "me1", order.Custom: "custom"}[wish.Logistics]; mode != "" {
		sale["shipment"] = map[string]any{"logistic": map[string]any{"mode": mode}}
	}
	raw, _ := json.Marshal(sale)
	p, err := w.s.PlaceJSON(raw)
	if err != nil {
		t.Fatal(err)
	}
	w.clock.Settle()
	return refOf(p.Orders[0].String())
}

func (w *world) act(t *testing.T, ref order.Ref, act string, args simulator.ActArgs) {
	t.Helper()
	if err := w.s.Act(simID(t, ref), act, args); err != nil {
		t.Fatalf("%s: %v", act, err)
	}
	w.clock.Settle()
}

func (w *world) Happen(t *testing.T, ref order.Ref, what channeltest.Happening) bool {
	switch what {
	case channeltest.BuyerCancels:
		w.act(t, ref, "buyer_cancel", simulator.ActArgs{})
	case channeltest.OnTheWay:
		w.act(t, ref, "move", simulator.ActArgs{Status: "shipped"})
	case channeltest.Delivered:
		w.act(t, ref, "deliver", simulator.ActArgs{})
	default:
		return false // claims are answered in Mercado Libre's own console
	}
	return true
}

func (w *world) Pushes(t *testing.T) []channel.Request {
	w.clock.Settle()
	return w.inbox.Take()
}

var simKinds = map[order.ActionKind]string{order.Cancel: "cancel", order.Ship: "track_shipped", order.Annotate: "note", order.Deliver: "track_delivered"}

func (w *world) Count(t *testing.T, ref order.Ref, act order.ActionKind) (calls, changes int) {
	n := w.s.Tally(ref.ID)[simKinds[act]]
	return n.Calls, n.Changes
}

func (w *world) Fault(t *testing.T, f channeltest.Fault, n int, act order.ActionKind) {
	kind := map[channeltest.Fault]string{channeltest.Limited: sim.Err429, channeltest.Broken: sim.Err5xx, channeltest.DropBefore: sim.DropBeforeCommit, channeltest.DropAfter: sim.DropAfterCommit}[f]
	paths := map[order.ActionKind]string{order.Cancel: "POST /orders/{id}/feedback", order.Ship: "POST /v2/shipments/{id}/seller_notifications", order.Deliver: "POST /v2/shipments/{id}/seller_notifications", order.Annotate: "POST /orders/{id}/notes", "label": "GET /shipment_labels"}
	if p := paths[act]; p != "" {
		w.s.Faults().Next(kind, n, p)
		return
	}
	w.s.Faults().Next(kind, n)
}

func (w *world) Mangle(how channeltest.Mangling, ref order.Ref, body []byte) []byte {
	id := `"id":` + ref.ID
	if !strings.Contains(string(body), id+",") {
		return body
	}
	if how == channeltest.Unreadable {
		return []byte(strings.Replace(string(body), id+",", `"id":{"broken":`+ref.ID+`},`, 1))
	}
	var m map[string]any
	if json.Unmarshal(body, &m) != nil || m["order_items"] == nil {
		return body
	}
	return []byte(strings.Replace(string(body), `"status":"`+m["status"].(string)+`"`, `"status":"`+channeltest.NewText+`"`, -1))
}

func (w *world) Tune(a *channel.Act) {
	if a.Kind == order.Ship || a.Kind == order.Deliver {
		a.Text = "https://carrier.example/track/" + a.Tracking
	}
}

// vault keeps sealed bytes as the database does: durable, the newest wins. It can be
// made to fail, as a process does that dies before it has saved.
type vault struct {
	mu     sync.Mutex
	at     map[string]time.Time
	kept   map[string][]byte
	broken map[string]bool
	alarms []alarm
}

type alarm struct {
	until time.Time
	why   string
}

func (v *vault) Load(_ context.Context, name string) ([]byte, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.kept[name], nil
}

func (v *vault) Save(_ context.Context, name string, at time.Time, b []byte) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.broken[name] {
		return fmt.Errorf("the database is gone")
	}
	if v.kept == nil {
		v.kept, v.at = map[string][]byte{}, map[string]time.Time{}
	}
	if old, ok := v.at[name]; ok && !at.After(old) {
		return nil // older bytes never replace newer
	}
	v.kept[name], v.at[name] = b, at
	return nil
}

func (v *vault) Alarm(_ context.Context, until time.Time, why string) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.alarms = append(v.alarms, alarm{until, why})
	return nil
}

func (v *vault) last() alarm {
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.alarms) == 0 {
		return alarm{}
	}
	return v.alarms[len(v.alarms)-1]
}

func (v *vault) breaks(name string, yes bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.broken = map[string]bool{name: yes}
}

func unmarshal(t testing.TB, b []byte, v any) {
	t.Helper()
	if err := json.Unmarshal(b, v); err != nil {
		t.Fatal(err)
	}
}

// Offers implements channeltest.Stocking: a listing, and a variation of another.
func (w *world) Offers(t *testing.T) [2]channel.Offer {
	return [2]channel.Offer{{ShopID: seller.String(), Item: "MLB4000001006"}, {ShopID: seller.String(), Item: "MLB4000001001", Variation: "180000100001"}}
}

func (w *world) Buy(t *testing.T, o channel.Offer, pieces int64) bool {
	t.Helper()
	item := map[string]any{"id": o.Item}
	if o.Variation != "" {
		item["variation_id"] = json.Number(o.Variation)
	}
	raw, err := json.Marshal(map[string]any{"seller_id": seller, "order": map[string]any{"order_items": []any{map[string]any{"item": item, "quantity": pieces}}}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.s.PlaceJSON(raw)
	return err == nil
}

func (w *world) FaultStock(t *testing.T, f channeltest.Fault, n int) {
	kind := map[channeltest.Fault]string{channeltest.Limited: sim.Err429, channeltest.Broken: sim.Err5xx, channeltest.DropBefore: sim.DropBeforeCommit, channeltest.DropAfter: sim.DropAfterCommit}[f]
	w.s.Faults().Next(kind, n, "PUT /items/{id}")
}
