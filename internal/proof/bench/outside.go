package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tongdan/tongdan/internal/proof"
)

// hurried lets a plan's trade go so many times faster, and with it the rate budgets of
// apps: else they are all that is measured.
func hurried(p proof.Plan, speed float64) proof.Plan {
	now := time.Now()
	p.NoLanes, p.Speed, p.Trade, p.Wall = false, speed, now.UnixMilli(), now.UnixNano()
	return p
}

// effects measures how fast acts that wait are carried out: each is leased, its attempt
// committed, the platform called, the outcome committed. The platform answers at once.
func (b *bench) effects() error {
	const count = 5000
	var calls atomic.Int64
	var first, last atomic.Int64
	platform := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		if strings.HasSuffix(r.URL.Path, "/order/poi_received") {
			now := time.Now().UnixNano()
			first.CompareAndSwap(0, now)
			last.Store(now)
			calls.Add(1)
		}
		io.WriteString(w, `{"data":"ok"}`)
	}))
	defer platform.Close()
	b.theirs = platform.URL
	defer func() { b.theirs = "" }()
	p, err := b.place()
	if err != nil {
		return err
	}
	n, err := b.start(p, "full", nil)
	if err != nil {
		return err
	}
	list, err := templates(200)
	if err == nil {
		orders, _ := bodies(list, n.callback(), count)
		_, _, err = fire(context.Background(), n.callback(), orders, *clients, 0)
	}
	made := n.made
	if stopped := n.stop(); err != nil || stopped != nil {
		return fmt.Errorf("%w %w", err, stopped)
	}
	if n, err = b.start(hurried(p, 100), "", &made); err != nil { // with what is to be done
		return err
	}
	defer n.stop()
	used := n.cpu()
	if err := n.profiled("effects-"+b.engine, func() error {
		for end := time.Now().Add(3 * time.Minute); calls.Load() < count; time.Sleep(10 * time.Millisecond) {
			if time.Now().After(end) {
				return fmt.Errorf("%d of %d effects reached the platform in three minutes", calls.Load(), count)
			}
		}
		return nil
	}); err != nil {
		return err
	}
	used = n.cpu() - used
	took := time.Duration(last.Load() - first.Load())
	fmt.Printf("\neffects, %s: %d acts of one account, 8 calls at once\n%-44s %10.0f effects/s, hub CPU %s each\n", b.engine, count,
		"from the first call to the last", float64(count-1)/took.Seconds(), us(used/count))
	return nil
}

// streams measures what open consoles cost: the memory of a thousand, and how long an
// order takes to the last of them.
func (b *bench) streams() error {
	const listeners = 1000
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
	one, _ := bodies(list, n.callback(), 1)
	if _, _, err := fire(context.Background(), n.callback(), one, 1, 0); err != nil {
		return err
	}
	before := n.rss()
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: listeners}}
	var open, heard, failed atomic.Int64
	var work sync.WaitGroup
	defer work.Wait()
	defer stop()
	for range listeners {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, n.url+"/api/v1/stream", nil)
		if err != nil {
			return err
		}
		r.Header.Set("Authorization", "Bearer "+n.made.Key)
		res, err := client.Do(r)
		if err != nil {
			return err
		}
		if res.StatusCode != http.StatusOK {
			res.Body.Close()
			return fmt.Errorf("stream %d: %s", open.Load(), res.Status)
		}
		open.Add(1)
		work.Go(func() {
			defer res.Body.Close()
			lines := bufio.NewReaderSize(res.Body, 4096)
			for {
				line, err := lines.ReadSlice('\n')
				if err != nil && err != bufio.ErrBufferFull {
					if ctx.Err() == nil {
						failed.Add(1)
					}
					return
				}
				if strings.HasPrefix(string(line), `data: {`) && strings.Contains(string(line), `"kind":"order"`) {
					heard.Add(1)
				}
			}
		})
	}
	opened := n.rss()
	var took []time.Duration
	for i := range 20 {
		one, _ := bodies(list, n.callback(), 1)
		began := time.Now()
		if _, _, err := fire(context.Background(), n.callback(), one, 1, 0); err != nil {
			return err
		}
		for end := began.Add(10 * time.Second); heard.Load() < int64(listeners*(i+1)); runtime.Gosched() {
			if time.Now().After(end) {
				return fmt.Errorf("order %d reached %d of %d listeners (%d broke off)", i+1, heard.Load()-int64(listeners*i), listeners, failed.Load())
			}
			time.Sleep(100 * time.Microsecond)
		}
		took = append(took, time.Since(began))
	}
	fmt.Printf("\nstreams, %s: %d open consoles\n%-44s %10.0f MB\n%-44s %10.0f MB\n%-44s %10.0f MB\n%-44s %10s (worst %s)\n", b.engine, listeners,
		"memory before", before, "memory with all open", opened, "after 20 orders to each", n.rss(), "push sent → in the last console, median", ms(at(took, 0.5)), ms(at(took, 1)))
	return nil
}
