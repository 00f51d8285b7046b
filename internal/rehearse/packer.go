package rehearse

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"maps"
	mathrand "math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/tongdan/tongdan/internal/books"
	ml "github.com/tongdan/tongdan/internal/sim/mercadolibre"
)

// packer prints the labels.
type packer struct {
	ctx   context.Context // of what is under way: it ends with the rehearsal
	api   *api
	plan  *Plan
	diary *diary
	paper *labelPaper
	work  sync.WaitGroup
	kick  chan struct{} // press now what there is: a node is about to be killed

	at *platforms

	mu     sync.Mutex
	ready  map[string]time.Time // orders whose label can be printed, since when
	tried  map[string]int       // how often each was asked for, without copies
	out    []string             // orders whose label came out
	none   []string             // orders of a seller whose parcels have no labels
	refs   map[string]string    // the platform's number, by the hub's id
	parcel map[string]string    // the platform's number of the parcel
	under  map[string]bool      // parcels whose label somebody has asked for, and that is not out yet
	asks   []*labelAsk
	closed bool // no more copies
	person int
	pdfs   int
}

func newPacker(ctx context.Context, a *api, p *Plan, d *diary, at *platforms) *packer {
	return &packer{ctx: ctx, api: a, plan: p, diary: d, at: at, paper: at.labels, kick: make(chan struct{}, 1), ready: map[string]time.Time{}, tried: map[string]int{},
		refs: map[string]string{}, parcel: map[string]string{}, under: map[string]bool{}}
}

// parcelOf is the platform's number of an order's parcel, which stands on its label.
func (p *packer) parcelOf(order string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.parcelIn(order)
}

// parcelIn is parcelOf for who holds mu.
func (p *packer) parcelIn(order string) string {
	if p.parcel[order] == "" {
		n, err := strconv.ParseInt(p.refs[order], 10, 64)
		if err != nil {
			return ""
		}
		if x, _, err := p.at.ml.Order(ml.ID(n)); err == nil && x.Shipment != nil {
			p.parcel[order] = fmt.Sprint(x.Shipment["id"])
		}
	}
	return p.parcel[order]
}

// look notes an order as the screen shows it. A label that could not be had is asked for twice.
func (p *packer) look(o orderView) {
	if o.Channel != "mercadolibre" {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refs[o.ID] = o.Ref
	_, there := p.ready[o.ID]
	switch wanted := slices.Contains(o.Flags, "to_label") && p.tried[o.ID] < 2; {
	case !wanted:
		delete(p.ready, o.ID)
	case !there:
		p.ready[o.ID] = time.Now()
	}
	if slices.Contains(o.Actions, "ship") && p.tried[o.ID] == 0 && !slices.Contains(p.none, o.ID) && len(p.none) < 50 {
		p.none = append(p.none, o.ID)
	}
}

// printing presses until life ends.
func (p *packer) printing(life context.Context) {
	rng := mathrand.New(mathrand.NewPCG(p.plan.Seed, 0x6c6162656c))
	sizes := []int{1, 10, 40, 150}
	size, patience := sizes[rng.IntN(len(sizes))], time.Duration(0)
	next := func() {
		size = sizes[rng.IntN(len(sizes))]
		patience = time.Duration(float64(40+rng.IntN(560)) * float64(time.Second) / p.plan.Speed)
	}
	for next(); life.Err() == nil; {
		now := false
		select {
		case <-life.Done():
			return
		case <-p.kick:
			now = true
		case <-time.After(150 * time.Millisecond):
		}
		p.paper.take()
		p.mu.Lock()
		n, oldest := len(p.ready), time.Duration(0)
		for _, at := range p.ready {
			oldest = max(oldest, time.Since(at))
		}
		p.mu.Unlock()
		if n == 0 || n < size && oldest < patience && !now {
			continue
		}
		most := 500
		if size == 1 && !now {
			most = 1
		}
		list := p.choose(most, rng)
		if len(list) == 0 {
			continue
		}
		pdf := rng.IntN(4) == 0
		p.work.Go(func() { p.print(p.ctx, list, pdf) })
		next()
	}
}

// home has what is left printed at the end of the day.
func (p *packer) home() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	list := p.choose(500, mathrand.New(mathrand.NewPCG(p.plan.Seed, 2)))
	if len(list) > 0 {
		p.work.Go(func() { p.print(p.ctx, list, false) })
	}
}

// open are the presses of which something is still to come, as differences.
func (p *packer) open() (list []books.Difference) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, a := range p.asks {
		if !a.over {
			name := cmp.Or(a.batch, "labels")
			list = append(list, books.Difference{Kind: kindUnder, Key: name, Text: fmt.Sprintf("%s: the labels of %d orders are under way", name, len(a.orders))})
		}
	}
	return list
}

// tally holds what was asked for against the paper.
func (p *packer) tally() (Labels, []books.Difference) {
	prints := p.paper.take()
	p.mu.Lock()
	defer p.mu.Unlock()
	var asks []labelAsk
	for _, a := range p.asks {
		asks = append(asks, *a)
	}
	t, bad := tallyLabels(asks, prints, p.parcelIn)
	t.Person, t.PDFs = p.person, p.pdfs
	return t, bad
}

// slowLabel is from when on a label counts as broken that has not come out, in real time.
const slowLabel = 2 * time.Minute

// took notes how long each label took from the press until it came out.
func (p *packer) took() {
	prints := p.paper.take()
	p.mu.Lock()
	defer p.mu.Unlock()
	of := map[string][]time.Time{}
	for _, x := range prints {
		of[x.parcel] = append(of[x.parcel], x.at)
	}
	for _, a := range p.asks {
		for _, o := range a.orders {
			parcel := p.parcelIn(o)
			i := slices.IndexFunc(of[parcel], func(t time.Time) bool { return !t.Before(a.at) })
			if !a.results[o].done || i < 0 {
				continue
			}
			p.diary.ended(Labelled, a.at, of[parcel][i])
			if d := of[parcel][i].Sub(a.at); d > slowLabel {
				p.diary.brokeAt(BreakSlowLabel, fmt.Sprintf("parcel %s, %.0f s", parcel, d.Seconds()), a.at.Add(slowLabel).Sub(p.diary.began).Seconds())
			}
		}
	}
}

// soon has the packer press at once.
func (p *packer) soon() {
	select {
	case p.kick <- struct{}{}:
	default:
	}
}

// choose takes orders whose label can be printed, and now and then one that has none, or some
// that are out already.
func (p *packer) choose(most int, rng *mathrand.Rand) (list []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, id := range slices.Sorted(maps.Keys(p.ready)) {
		if len(list) < most && !p.under[p.parcelIn(id)] { // a pack's other order waits: it is the same label
			list = append(list, id)
		}
	}
	for _, id := range list {
		p.under[p.parcelIn(id)] = true
	}
	for _, id := range list {
		delete(p.ready, id)
		p.tried[id]++
	}
	if most > 1 && len(list) < 490 {
		if n := len(p.none); n > 0 && rng.IntN(3) == 0 {
			list = append(list, p.none[n-1])
			p.tried[p.none[n-1]]++
			p.none = p.none[:n-1]
		}
		if n := len(p.out); n > 0 && rng.IntN(4) == 0 {
			list = append(list, p.out[max(0, n-2):]...)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// print presses for labels and follows them to their end; now and then some come out once more.
func (p *packer) print(ctx context.Context, list []string, pdf bool) {
	a := p.press(ctx, list, pdf, "skip")
	over := a != nil && p.follow(ctx, a)
	p.mu.Lock()
	for _, o := range list {
		delete(p.under, p.parcelIn(o))
	}
	p.mu.Unlock()
	if !over {
		return
	}
	var done []string
	p.mu.Lock()
	for _, o := range a.orders {
		if a.results[o].done {
			done = append(done, o)
		}
	}
	p.out = append(p.out, done...)
	more := len(done) > 0 && len(p.asks)%3 == 0 && !p.closed
	p.mu.Unlock()
	if more {
		if a := p.press(ctx, done[:min(3, len(done))], pdf, "all"); a != nil {
			p.follow(ctx, a)
		}
	}
}

// press asks for labels until there is an answer, each time with the same key. before is what is
// said when some were printed before: the hub asks then, and nothing is printed until it is said.
func (p *packer) press(ctx context.Context, list []string, pdf bool, before string) *labelAsk {
	a := &labelAsk{orders: list, pdf: pdf, at: time.Now(), results: map[string]labelResult{}}
	p.mu.Lock()
	p.asks = append(p.asks, a)
	p.mu.Unlock()
	body := map[string]any{"order_ids": list, "format": "zpl", "printer_id": p.paper.id}
	if pdf {
		body = map[string]any{"order_ids": list, "format": "pdf"}
	}
	told, key := false, rand.Text()
	for ctx.Err() == nil {
		var b labelBatch
		err := p.api.do(ctx, "POST", "/labels", key, body, &b)
		var r *refusal
		errors.As(err, &r)
		switch {
		case err == nil:
			p.mu.Lock()
			defer p.mu.Unlock()
			a.batch = b.ID
			return a
		case r != nil && r.Why.Code == "label_printed" && body["copies"] == nil:
			body["copies"], key = before, rand.Text()
			p.mu.Lock()
			a.copies = before
			p.mu.Unlock()
			continue
		case r != nil && r.Why.Code == "labels_all_printed":
			p.mu.Lock()
			defer p.mu.Unlock()
			a.over = true
			return nil
		case !again(err):
			p.diary.broke(BreakSilent, fmt.Sprintf("labels of %d orders were refused: %v", len(list), err))
			p.mu.Lock()
			defer p.mu.Unlock()
			a.over = true
			for _, o := range list {
				a.results[o] = labelResult{why: r.Why.Code}
			}
			return nil
		}
		if !told && time.Since(a.at) > silent {
			told = true
			p.diary.broke(BreakSilent, fmt.Sprintf("labels of %d orders: no answer: %v", len(list), err))
		}
		wait(ctx, 300*time.Millisecond)
	}
	return nil
}

// A labelBatch is how labels are doing, by the API.
type labelBatch struct {
	ID      string `json:"id"`
	Labels  int    `json:"labels"`
	Results []struct {
		OrderID string `json:"order_id"`
		State   string `json:"state"`
		Error   struct {
			Code string `json:"code"`
			Why  struct {
				Code string `json:"code"`
			} `json:"why"`
		} `json:"error"`
	} `json:"results"`
	Jobs []struct {
		ID    string `json:"id"`
		From  int    `json:"from"`
		To    int    `json:"to"`
		State string `json:"state"`
		Why   struct {
			Code string `json:"code"`
		} `json:"why"`
	} `json:"jobs"`
}

// follow waits until everything of a batch has come out or has a reason; false when ctx ended first.
func (p *packer) follow(ctx context.Context, a *labelAsk) bool {
	for wait(ctx, 250*time.Millisecond) {
		var b labelBatch
		if err := p.api.must(ctx, "GET", "/labels/"+a.batch, "", nil, &b); err != nil {
			continue
		}
		results, open := map[string]labelResult{}, false
		for _, r := range b.Results {
			results[r.OrderID] = labelResult{r.State == "done", cmp.Or(r.Error.Why.Code, r.Error.Code)}
			open = open || r.State == "waiting" || r.State == "sending"
		}
		if open {
			continue
		}
		if a.pdf {
			if b.Labels > 0 && !p.openPDF(ctx, a) {
				continue
			}
		} else if !p.printed(ctx, a, b, results) {
			continue
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		a.results, a.over = results, true
		return true
	}
	return false
}

// openPDF opens a batch's PDF, which is its paper.
func (p *packer) openPDF(ctx context.Context, a *labelAsk) bool {
	req, err := http.NewRequestWithContext(ctx, "GET", p.api.base+"/api/v1/labels/"+a.batch+"/document", nil)
	if err != nil {
		return false
	}
	req.Header.Set("Authorization", "Bearer "+p.api.key)
	res, err := p.api.http.Do(req)
	if err != nil {
		return false
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(res.Body, 64<<20))
	if err != nil || res.StatusCode != http.StatusOK {
		return false
	}
	p.paper.document(raw)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pdfs++
	return true
}

// printed reports whether a batch has left for the printer and every job of it has ended. Somebody looks
// whether labels are out of which nobody knows, once the others are.
func (p *packer) printed(ctx context.Context, a *labelAsk, b labelBatch, results map[string]labelResult) bool {
	sent, open, asks := 0, false, []string(nil)
	for _, j := range b.Jobs {
		sent += j.To - j.From + 1
		switch j.State {
		case "person":
			asks = append(asks, j.ID)
		case "waiting", "sending", "unknown":
			open = true
		}
	}
	if open || sent < b.Labels {
		return false
	}
	if len(asks) == 0 {
		return true
	}
	if !wait(ctx, time.Second) { // what a printer has taken may still be coming out
		return false
	}
	outcome := "done"
	prints := p.paper.take()
	for o, r := range results {
		if r.done && !slices.ContainsFunc(prints, func(x labelPrint) bool { return x.parcel == p.parcelOf(o) && !x.at.Before(a.at) }) {
			outcome = "not_done"
		}
	}
	for _, id := range asks {
		if p.api.must(ctx, "POST", "/effects/"+id+"/resolve", rand.Text(), map[string]string{"outcome": outcome}, nil) == nil {
			p.mu.Lock()
			p.person++
			p.mu.Unlock()
		}
	}
	return false
}
