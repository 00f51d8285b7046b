package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/tongdan/tongdan/internal/proof"
)

// A stock is a filled database that is kept: where it lies, and what was made in it.
type stock struct {
	Plan proof.Plan
	Made proof.Made
}

// kept gives a node with n orders from the folder of -keep, and fills one when there is
// none yet. What is measured there must only read.
func (b *bench) kept(n int) (*node, error) {
	if *keep == "" {
		p, err := b.place()
		if err != nil {
			return nil, err
		}
		return b.filled(p, n)
	}
	name := "tongdan_" + b.engine + "_" + strconv.Itoa(n)
	note := filepath.Join(*keep, name+".json")
	raw, err := os.ReadFile(note)
	var s stock
	switch {
	case err == nil:
		if err := json.Unmarshal(raw, &s); err != nil {
			return nil, err
		}
		return b.start(s.Plan, "", &s.Made)
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	if s.Plan, err = b.placeAt(*keep, name); err != nil {
		return nil, err
	}
	x, err := b.filled(s.Plan, n)
	if err != nil {
		return nil, err
	}
	s.Made = x.made
	if raw, err = json.Marshal(s); err == nil {
		err = os.WriteFile(note, raw, 0o600)
	}
	if err != nil {
		x.stop()
		return nil, err
	}
	return x, nil
}

// filled gives a node with n orders in an empty database.
func (b *bench) filled(p proof.Plan, n int) (*node, error) {
	x, err := b.start(p, "full", nil)
	if err != nil {
		return nil, err
	}
	list, err := templates(1)
	if err == nil {
		one, _ := bodies(list, x.callback(), 1)
		_, _, err = fire(context.Background(), x.callback(), one, 1, 0)
	}
	began := time.Now()
	in := proof.AskFill{Merchant: x.made.Merchant, N: n}
	many := n > baseOrders
	if many {
		if n%baseOrders != 0 || n > baseOrders*mostCopies || fillDays%(n/baseOrders) != 0 {
			x.stop()
			return nil, fmt.Errorf("-orders %d: give up to %d, or a multiple of it that divides %d days, up to %d", n, baseOrders, fillDays, baseOrders*mostCopies)
		}
		in.N, in.Days = baseOrders, fillDays*baseOrders/n
		in.Older = fillDays - in.Days // what is copied lies after it
	}
	if err == nil {
		err = x.ask("fill", in, nil)
	}
	wrote := time.Since(began)
	for err == nil { // the derived tables follow
		var s proof.State
		if s, err = x.state(); err == nil && s.Counts.Seq >= s.Seq {
			fmt.Printf("\n%s: %d orders written in %v, followed after %v\n", b.engine, in.N, wrote.Round(time.Second), time.Since(began).Round(time.Second))
			break
		}
		time.Sleep(200 * time.Millisecond)
	}
	if err != nil || !many {
		if err != nil {
			x.stop()
		}
		return x, err
	}
	if err := x.stop(); err != nil {
		return nil, err
	}
	if err := multiply(p, x.made, n); err != nil {
		return nil, err
	}
	fmt.Printf("%s: %d orders after %v\n", b.engine, n, time.Since(began).Round(time.Second))
	return b.start(p, "", &x.made)
}

func (n *node) get(path string) ([]byte, error) {
	var b bytes.Buffer
	err := n.read(path, &b)
	return b.Bytes(), err
}

// read is get into a buffer that is used again: the client shares the CPUs with the node.
func (n *node) read(path string, b *bytes.Buffer) error {
	r, err := http.NewRequest(http.MethodGet, n.url+path, nil)
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+n.made.Key)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	b.Reset()
	_, err = b.ReadFrom(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %d %.300s", path, res.StatusCode, b.Bytes())
	}
	return err
}

// fill fills the databases that lists reads later: it takes long, and may be done beside
// other work, which measuring may not.
func (b *bench) fill() error {
	if *keep == "" {
		return errors.New("-parts fill needs -keep, a folder where what is filled stays")
	}
	all, err := sizesOf()
	if err != nil {
		return err
	}
	for _, size := range all {
		n, err := b.kept(size)
		if err != nil {
			return err
		}
		if err := n.stop(); err != nil {
			return err
		}
	}
	return nil
}

// lists reads pages of the order list as screens do.
func (b *bench) lists() error {
	all, err := sizesOf()
	if err != nil {
		return err
	}
	for _, size := range all {
		n, err := b.kept(size)
		if err != nil {
			return err
		}
		if err := b.list(n, size); err != nil {
			n.stop()
			return err
		}
		plan, made := n.plan, n.made
		if err := n.stop(); err != nil {
			return err
		}
		if n, err = b.start(plan, "", &made); err != nil { // started again with everything there
			return err
		}
		fmt.Printf("start with %d orders: %v until it serves; memory %.0f MB\n", size, n.took.Round(time.Millisecond), n.rss())
		n.stop()
	}
	return nil
}

func (b *bench) list(n *node, size int) error {
	http.DefaultTransport.(*http.Transport).MaxIdleConnsPerHost = 64
	cursor, opened := "", ""
	for range 5 { // a page in the middle
		raw, err := n.get("/api/v1/orders?limit=200" + cursor)
		if err != nil {
			return err
		}
		var p struct {
			Orders []struct{ ID string }
			Next   string `json:"next_cursor"`
		}
		if err := json.Unmarshal(raw, &p); err != nil {
			return err
		}
		cursor, opened = "&cursor="+url.QueryEscape(p.Next), p.Orders[0].ID
	}
	fmt.Printf("\nlist, %s: %d orders, 16 clients, pages of 50\n%-44s %10s %10s %10s %10s\n", b.engine, size, "", "pages/s", "p50", "p99", "hub CPU")
	// Each question finds a full page at 100,000 orders as well as at a million, so that what
	// is compared is the way to it and not what is found.
	day := time.Now().AddDate(0, 0, -90)
	for i, q := range []struct{ name, path string }{
		{"newest, first page", "/api/v1/orders"},
		{"newest, page after 1,000", "/api/v1/orders?limit=50" + cursor},
		{"to be worked: new, accepted, ready", "/api/v1/orders?status=new,accepted,ready"},
		{"by deadline", "/api/v1/orders?sort=due"},
		{"with a refund to answer", "/api/v1/orders?flag=refund"},
		{"cancelled, one shop, three months", fmt.Sprintf("/api/v1/orders?status=cancelled&shop=%s&from=%d", n.made.Shops[0][0], day.UnixMilli())},
		{"search: two characters of a dish (奶茶)", "/api/v1/orders?q=" + url.QueryEscape("奶茶")},
		{"search: end of a phone number", "/api/v1/orders?q=0042"},
		{"search: an order number", "/api/v1/orders?q=7000000000042"},
		{"counts", "/api/v1/counts"},
		{"an order with all that is known of it", "/api/v1/orders/" + opened},
	} {
		var took []time.Duration
		var all time.Duration
		used := n.cpu()
		if err := n.profiled(fmt.Sprintf("list-%s-%d-%d", b.engine, size, i), func() (err error) {
			took, all, err = n.hammer(q.path, 16, *length)
			return err
		}); err != nil {
			return err
		}
		used = n.cpu() - used
		fmt.Printf("%-44s %10.0f %10s %10s %10s\n", q.name, float64(len(took))/all.Seconds(), ms(at(took, 0.5)), ms(at(took, 0.99)), us(used/time.Duration(len(took))))
	}
	return nil
}

// hammer reads a path with so many clients for a while.
func (n *node) hammer(path string, clients int, d time.Duration) ([]time.Duration, time.Duration, error) {
	if _, err := n.get(path); err != nil {
		return nil, 0, err
	}
	var mu sync.Mutex
	var took []time.Duration
	var failed error
	var work sync.WaitGroup
	began := time.Now()
	for range clients {
		work.Go(func() {
			var mine []time.Duration
			var page bytes.Buffer
			for time.Since(began) < d {
				sent := time.Now()
				if err := n.read(path, &page); err != nil {
					mu.Lock()
					failed = err
					mu.Unlock()
					return
				}
				mine = append(mine, time.Since(sent))
			}
			mu.Lock()
			took = append(took, mine...)
			mu.Unlock()
		})
	}
	work.Wait()
	return took, time.Since(began), failed
}

// mixed measures the intake of 100 pushes a second while something large runs beside it.
func (b *bench) mixed() error {
	all, err := sizesOf()
	if err != nil {
		return err
	}
	p, err := b.place()
	if err != nil {
		return err
	}
	n, err := b.filled(p, all[0])
	if err != nil {
		return err
	}
	defer n.stop()
	list, err := templates(200)
	if err != nil {
		return err
	}
	fmt.Printf("\nintake beside other work, %s: %d orders there, 100 pushes/s\n%-44s %10s %10s %10s\n", b.engine, all[0], "", "p50", "p99", "max")
	idle := func(context.Context) error { return nil }
	export := func(ctx context.Context) error {
		cursor := ""
		for ctx.Err() == nil {
			raw, err := n.get("/api/v1/orders?limit=200" + cursor)
			if err != nil {
				return err
			}
			var p struct {
				Next string `json:"next_cursor"`
			}
			if err := json.Unmarshal(raw, &p); err != nil {
				return err
			}
			cursor = "&cursor=" + url.QueryEscape(p.Next)
			if p.Next == "" {
				cursor = ""
			}
		}
		return nil
	}
	rebuild := func(ctx context.Context) error {
		for ctx.Err() == nil {
			if err := n.ask("rebuild", proof.AskOrder{Merchant: n.made.Merchant}, nil); err != nil {
				return err
			}
		}
		return nil
	}
	from, imported := all[0], 0
	load := func(ctx context.Context) error {
		for ctx.Err() == nil {
			const some = 20
			if err := n.ask("fill", proof.AskFill{Merchant: n.made.Merchant, N: some, From: from}, nil); err != nil {
				return err
			}
			from += some
			if ctx.Err() == nil {
				imported += some
			}
		}
		return nil
	}
	for _, w := range []struct {
		name string
		f    func(context.Context) error
	}{{"nothing else", idle}, {"a reader walks through all orders", export}, {"counts and search are built anew", rebuild}, {"an import of finished orders", load}} {
		bodies, _ := bodies(list, n.callback(), 1000)
		ctx, stop := context.WithCancel(context.Background())
		done := make(chan error, 1)
		go func() { done <- w.f(ctx) }()
		s, _, err := fire(context.Background(), n.callback(), bodies, *clients, 10*time.Millisecond)
		stop()
		if other := <-done; err == nil {
			err = other
		}
		if err != nil {
			return fmt.Errorf("%s: %w", w.name, err)
		}
		fmt.Printf("%-44s %10s %10s %10s\n", w.name, ms(at(s.took, 0.5)), ms(at(s.took, 0.99)), ms(at(s.took, 1)))
	}
	fmt.Printf("meanwhile the import wrote %d orders a second\n", imported/10)
	return nil
}

// live measures how long an order takes from its push to an open console.
func (b *bench) live() error {
	p, err := b.place()
	if err != nil {
		return err
	}
	n, err := b.start(p, "full", nil)
	if err != nil {
		return err
	}
	defer n.stop()
	list, err := templates(200)
	if err != nil {
		return err
	}
	r, err := http.NewRequest(http.MethodGet, n.url+"/api/v1/stream", nil)
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+n.made.Key)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		b, _ := io.ReadAll(res.Body)
		return fmt.Errorf("stream: %d %.300s", res.StatusCode, b)
	}
	var mu sync.Mutex
	seen := map[string]time.Time{}
	go func() {
		lines := bufio.NewScanner(res.Body)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			data, ok := strings.CutPrefix(lines.Text(), "data: ")
			if !ok {
				continue
			}
			var c struct{ Order *struct{ Ref string } }
			if json.Unmarshal([]byte(data), &c) == nil && c.Order != nil {
				mu.Lock()
				if _, old := seen[c.Order.Ref]; !old {
					seen[c.Order.Ref] = time.Now()
				}
				mu.Unlock()
			}
		}
	}()
	const count, every = 1000, 20 * time.Millisecond
	bodies, ids := bodies(list, n.callback(), count)
	began := time.Now()
	s, _, err := fire(context.Background(), n.callback(), bodies, 16, every)
	if err != nil {
		return err
	}
	time.Sleep(2 * time.Second)
	mu.Lock()
	defer mu.Unlock()
	var took []time.Duration
	for i, id := range ids {
		t, ok := seen[id]
		if !ok {
			return fmt.Errorf("order %s never reached the stream (%d of %d did)", id, len(seen), count)
		}
		took = append(took, t.Sub(began.Add(time.Duration(i)*every)))
	}
	fmt.Printf("\nlive, %s: 50 orders a second, one open console\n%-44s %10s %10s %10s\n", b.engine, "", "p50", "p99", "max")
	fmt.Printf("%-44s %10s %10s %10s\n", "push sent → push answered", ms(at(s.took, 0.5)), ms(at(s.took, 0.99)), ms(at(s.took, 1)))
	fmt.Printf("%-44s %10s %10s %10s\n", "push sent → order in the console", ms(at(took, 0.5)), ms(at(took, 0.99)), ms(at(took, 1)))
	return nil
}

// idle tells the memory and the start of a node with nothing to do.
func (b *bench) idle() error {
	p, err := b.place()
	if err != nil {
		return err
	}
	n, err := b.start(p, "full", nil)
	if err != nil {
		return err
	}
	first, made := n.took, n.made
	if err := n.stop(); err != nil {
		return err
	}
	if n, err = b.start(p, "", &made); err != nil {
		return err
	}
	defer n.stop()
	time.Sleep(3 * time.Second)
	s, err := n.state()
	if err != nil {
		return err
	}
	fmt.Printf("\nidle, %s: memory %.0f MB resident (heap %.0f MB); first start with schema %v, later starts %v\n",
		b.engine, n.rss(), s.HeapMB, first.Round(time.Millisecond), n.took.Round(time.Millisecond))
	return nil
}
