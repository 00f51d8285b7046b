package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/api"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/db/dbtest"
	"github.com/tongdan/tongdan/internal/hub"
	"github.com/tongdan/tongdan/internal/platform"
	"github.com/tongdan/tongdan/internal/sim/meituan"
	"github.com/tongdan/tongdan/role"
)

const (
	appSecret = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
	password  = "correct horse battery"
)

// bundle is a hub over a real database and the simulated Meituan, over HTTP.
type bundle struct {
	t       *testing.T
	db      *db.DB
	hub     *hub.Hub
	url     string
	sim     *meituan.Sim
	log     *guardedBuffer
	dir     string // of the database
	options db.Options
	m       ident.Merchant
	app     db.AppRow
	acct    db.AccountRow
	stores  [2]db.StoreRow // TEA001 and TEA002
	owner   string         // API keys
	clerk   string         // of the second store only, without personal data
}

// guardedBuffer is a log that several goroutines write.
type guardedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (g *guardedBuffer) Write(p []byte) (int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.b.Write(p)
}

func (g *guardedBuffer) String() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.b.String()
}

func setup(t *testing.T) *bundle {
	t.Helper()
	dir := dbtest.Dir(t)
	b := setupOn(t, db.Options{Dir: dir})
	b.dir = dir
	return b
}

// eachEngine runs a test on SQLite and on PostgreSQL.
func eachEngine(t *testing.T, f func(t *testing.T, b *bundle)) {
	t.Run("sqlite", func(t *testing.T) { f(t, setup(t)) })
	t.Run("postgres", func(t *testing.T) { f(t, setupOn(t, db.Options{URL: dbtest.URL(t)})) })
}

func setupOn(t *testing.T, o db.Options) *bundle {
	t.Helper()
	b := &bundle{t: t, log: &guardedBuffer{}, options: o}
	b.db = dbtest.Open(t, o)
	log := slog.New(slog.NewTextHandler(b.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	b.hub = hub.New(hub.Options{DB: b.db, Platforms: platform.All(), Clock: hub.Real, AllowPrivate: channel.Loopback, Log: log})
	s, err := api.New(api.Options{Hub: b.hub, Version: "test", Log: log, Console: http.NotFoundHandler()})
	b.must(err)
	srv := httptest.NewUnstartedServer(nil)
	srv.Config = s.HTTP()
	srv.Start()
	b.url = srv.URL

	b.sim, err = meituan.New(meituan.Options{App: "4321", Secret: appSecret, Seed: 1})
	b.must(err)
	plat := httptest.NewServer(b.sim.API())

	ctx, stop := context.WithCancel(context.Background())
	var work sync.WaitGroup
	t.Cleanup(func() { // what sends ends before what receives
		b.sim.Close()
		s.Close()
		srv.Close()
		stop()
		work.Wait()
		plat.Close()
	})
	m, err := b.db.AddMerchant(t.Context(), db.MerchantRow{Name: "山间茶事", Locale: "zh-CN"})
	b.must(err)
	b.m = m.ID
	who := hub.Actor{Scope: db.Scope{Merchant: m.ID, Personal: true}, ID: "test", Role: role.Owner}
	b.app, err = b.hub.PutApp(t.Context(), who, db.AppRow{
		Channel: "meituan", Name: "app", BaseURL: plat.URL, PublicURL: b.url, Credentials: map[string]string{"app_id": "4321", "secret": appSecret},
	})
	b.must(err)
	b.must(b.sim.Configure(fmt.Appendf(nil, `{"callback":"%s/callback/meituan/%s","subscribed":[12,13,15,16,19,22,23,25,28,35]}`, b.url, b.app.ID)))
	b.acct, err = b.hub.PutAccount(t.Context(), who, db.AccountRow{App: b.app.ID, Name: "account"})
	b.must(err)
	for i := range b.stores {
		name := fmt.Sprintf("TEA%03d", i+1)
		b.stores[i], err = b.hub.PutStore(t.Context(), who, db.StoreRow{Name: name, Zone: "Asia/Shanghai"})
		b.must(err)
		_, err = b.hub.PutShop(t.Context(), who, db.ShopRow{Account: b.acct.ID, External: name, Store: b.stores[i].ID, Name: name})
		b.must(err)
	}
	b.owner = b.key(db.KeyRow{Name: "owner", Role: string(role.Owner), Personal: true})
	b.clerk = b.key(db.KeyRow{Name: "clerk", Role: string(role.Clerk), Stores: []ident.Store{b.stores[1].ID}})
	work.Go(func() { b.hub.Run(ctx) })
	work.Go(func() { b.db.Follow(ctx) })
	return b
}

func (b *bundle) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

func (b *bundle) key(k db.KeyRow) string {
	b.t.Helper()
	secret, hash := api.NewToken(api.KeyPrefix)
	k.Merchant, k.Hash = b.m, hash
	_, err := b.db.AddKey(b.t.Context(), k)
	b.must(err)
	return secret
}

func (b *bundle) user(name string) {
	b.t.Helper()
	hash, err := api.HashPassword(password)
	b.must(err)
	_, err = b.db.AddUser(b.t.Context(), db.UserRow{Merchant: b.m, Name: name, Password: hash, Role: string(role.Owner), Locale: "zh-CN", Personal: true})
	b.must(err)
}

// reply is an answer, read whole.
type reply struct {
	status int
	header http.Header
	body   string
}

// get reads a value of a JSON answer by its path: "orders.0.id".
func (r reply) get(t *testing.T, path string) any {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(r.body), &v); err != nil {
		t.Fatalf("%v in %.300s", err, r.body)
	}
	for part := range strings.SplitSeq(path, ".") {
		switch x := v.(type) {
		case map[string]any:
			v = x[part]
		case []any:
			var i int
			if _, err := fmt.Sscan(part, &i); err != nil || i >= len(x) {
				return nil
			}
			v = x[i]
		default:
			return nil
		}
	}
	return v
}

// call makes a request. Headers are pairs; "key" stands for an API key, and a body of
// "" for none.
func (b *bundle) call(method, path, key, body string, headers ...string) reply {
	b.t.Helper()
	var in io.Reader
	if body != "" {
		in = strings.NewReader(body)
	}
	if strings.HasPrefix(path, "/") {
		path = b.url + path
	}
	req, err := http.NewRequestWithContext(b.t.Context(), method, path, in)
	b.must(err)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if key != "" {
		req.Header.Set("Authorization", "Bearer "+key)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	b.must(err)
	defer resp.Body.Close()
	out, err := io.ReadAll(resp.Body)
	b.must(err)
	return reply{resp.StatusCode, resp.Header, string(out)}
}

// order lets a customer order at a store and waits until the push has arrived.
func (b *bundle) order(store int) (ours, theirs string) {
	b.t.Helper()
	theirs, err := b.sim.Place(fmt.Appendf(nil, `{"app_poi_code":"TEA%03d"}`, store))
	b.must(err)
	b.until("the order arrives", func() bool {
		r := b.call("GET", "/api/v1/orders?limit=200", b.owner, "")
		list, _ := r.get(b.t, "orders").([]any)
		for _, o := range list {
			o := o.(map[string]any)
			if o["ref"] == theirs && o["status"] == "new" {
				ours = o["id"].(string)
			}
		}
		return ours != ""
	})
	return ours, theirs
}

// until polls with a deadline.
func (b *bundle) until(what string, f func() bool) {
	b.t.Helper()
	for deadline := time.Now().Add(time.Minute); !f(); {
		if time.Now().After(deadline) {
			b.t.Fatalf("%s: not within a minute", what)
		}
		time.Sleep(10 * time.Millisecond)
	}
}
