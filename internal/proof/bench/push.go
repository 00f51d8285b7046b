package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tongdan/tongdan/internal/proof"
	mt "github.com/tongdan/tongdan/internal/sim/meituan"
)

// A template is a real push of the simulator, to be sent under other numbers.
type template map[string]string

// templates lets the simulator sell, and keeps what it pushes.
func templates(n int) ([]template, error) {
	var mu sync.Mutex
	var list []template
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		form, err := url.ParseQuery(string(body))
		if err == nil && strings.HasSuffix(r.URL.Path, "/order/paid") {
			t := template{}
			for k, v := range form {
				if t[k], err = url.QueryUnescape(v[0]); err != nil {
					t[k] = v[0]
				}
			}
			mu.Lock()
			list = append(list, t)
			mu.Unlock()
		}
		io.WriteString(w, `{"data":"ok"}`)
	}))
	defer hook.Close()
	s, err := mt.New(mt.Options{App: proof.MeituanApp, Secret: proof.MeituanSecret, Callback: hook.URL, Seed: 1,
		Configure: func(c *mt.Config) { c.Subscribed = mt.AllFields }})
	if err != nil {
		return nil, err
	}
	defer s.Close()
	for range n {
		if _, err := s.Place(nil); err != nil {
			return nil, err
		}
	}
	for range 500 {
		mu.Lock()
		got := slices.Clone(list)
		mu.Unlock()
		if len(got) == n {
			return got, nil
		}
		time.Sleep(10 * time.Millisecond)
	}
	return nil, errors.New("the simulator did not push what it sold")
}

var numbers atomic.Int64

// bodies makes signed pushes of new orders for a callback.
func bodies(list []template, target string, n int) (out []string, ids []string) {
	now := strconv.FormatInt(time.Now().Unix(), 10)
	for range n {
		i := numbers.Add(1)
		t := list[int(i)%len(list)]
		id := strconv.FormatInt(21_000_000_000_000_000+i, 10)
		p := make(map[string]string, len(t))
		for k, v := range t {
			p[k] = v
		}
		p["order_id"], p["wm_order_id_view"], p["day_seq"] = id, id, strconv.FormatInt(i, 10)
		p["timestamp"], p["ctime"], p["utime"] = now, now, now
		p["sig"] = proof.Sign(target, p)
		var b strings.Builder
		for k, v := range p {
			if b.Len() > 0 {
				b.WriteByte('&')
			}
			b.WriteString(url.QueryEscape(k) + "=" + url.QueryEscape(url.QueryEscape(v)))
		}
		out, ids = append(out, b.String()), append(ids, id)
	}
	return out, ids
}

// A shot is one request: when it was sent and how long the answer took.
type shot struct{ took []time.Duration }

// fire sends all bodies with so many clients; with every > 0 one is sent each interval,
// and its time counts from the moment when it was due.
func fire(ctx context.Context, target string, list []string, clients int, every time.Duration) (shot, time.Duration, error) {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: clients, MaxConnsPerHost: clients}, Timeout: 60 * time.Second}
	defer client.CloseIdleConnections()
	took := make([]time.Duration, len(list))
	var next atomic.Int64
	var failed atomic.Pointer[error]
	var work sync.WaitGroup
	began := time.Now()
	for range clients {
		work.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(list) {
					return
				}
				sent := time.Now()
				if every > 0 {
					due := began.Add(time.Duration(i) * every)
					time.Sleep(time.Until(due))
					sent = due
				}
				res, err := client.Post(target, "application/x-www-form-urlencoded;charset=UTF-8", strings.NewReader(list[i]))
				if err == nil {
					b, _ := io.ReadAll(res.Body)
					res.Body.Close()
					if res.StatusCode != http.StatusOK || string(b) != `{"data":"ok"}` {
						err = fmt.Errorf("push answered %d %.200s", res.StatusCode, b)
					}
				}
				if err != nil {
					failed.CompareAndSwap(nil, &err)
					return
				}
				took[i] = time.Since(sent)
			}
		})
	}
	work.Wait()
	if p := failed.Load(); p != nil {
		return shot{}, 0, *p
	}
	return shot{took[:min(int(next.Load()), len(list))]}, time.Since(began), nil
}

// push compares a handler that only reads, verifies and parses a push with the hub,
// which has the order durably before it answers.
func (b *bench) push() error {
	list, err := templates(200)
	if err != nil {
		return err
	}
	bareNode, err := b.start(proof.Plan{Addr: "127.0.0.1:0", Bare: true}, "", nil)
	if err != nil {
		return err
	}
	defer bareNode.stop()
	type hubRun struct{ name, mode string }
	kinds := []hubRun{{"shop unbound: journal, records, order", ""}, {"shop bound: also stock, effects", "full"}}
	nodes := make([]*node, len(kinds))
	for i, k := range kinds {
		p, err := b.place()
		if err != nil {
			return err
		}
		if nodes[i], err = b.start(p, k.mode, nil); err != nil {
			return err
		}
		defer nodes[i].stop()
	}
	one := func(n *node, count int) (rate float64, took []time.Duration, err error) {
		bodies, _ := bodies(list, n.callback(), count)
		s, all, err := fire(context.Background(), n.callback(), bodies, *clients, 0)
		return float64(count) / all.Seconds(), s.took, err
	}
	for _, n := range append([]*node{bareNode}, nodes...) { // warm
		if _, _, err := one(n, 1000); err != nil {
			return err
		}
	}
	rates := make([][]float64, 1+len(nodes))
	lat := make([][]time.Duration, 1+len(nodes))
	ratios := make([][]float64, len(nodes))
	for run := range *runs {
		rate, took, err := one(bareNode, *pushes)
		if err != nil {
			return err
		}
		rates[0], lat[0] = append(rates[0], rate), append(lat[0], took...)
		for i, n := range nodes {
			work := func() error {
				r, took, err := one(n, *pushes)
				rates[i+1], lat[i+1], ratios[i] = append(rates[i+1], r), append(lat[i+1], took...), append(ratios[i], rate/r)
				return err
			}
			if run == *runs-1 {
				err = n.profiled("push-"+b.engine+"-"+strconv.Itoa(i), work)
			} else {
				err = work()
			}
			if err != nil {
				return err
			}
		}
	}
	fmt.Printf("\npush, %s: %d clients, %d runs of %d pushes, interleaved\n", b.engine, *clients, *runs, *pushes)
	fmt.Printf("%-44s %10s %10s %10s %8s\n", "", "pushes/s", "p50", "p99", "ratio")
	fmt.Printf("%-44s %10.0f %10s %10s %8s\n", "bare: read, verify, parse, forget", median(rates[0]), ms(at(lat[0], 0.5)), ms(at(lat[0], 0.99)), "1")
	for i, k := range kinds {
		fmt.Printf("%-44s %10.0f %10s %10s %8.2f\n", k.name, median(rates[i+1]), ms(at(lat[i+1], 0.5)), ms(at(lat[i+1], 0.99)), median(ratios[i]))
	}
	return nil
}
