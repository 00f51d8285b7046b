package rehearse

import (
	"bytes"
	"cmp"
	"compress/zlib"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"maps"
	mathrand "math/rand/v2"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/tongdan/tongdan/internal/books"
	ml "github.com/tongdan/tongdan/internal/sim/mercadolibre"
	"github.com/tongdan/tongdan/internal/sim/printers"
)

// The labels (面单) of a rehearsal. A packer watches the screen for parcels whose label can be
// printed and prints them as people do: one alone, a handful, all that there are; on a label
// printer or as one PDF; some once more. What came out is read from the paper, by the
// platform's number of the parcel: a parcel with two labels is sent twice.

// A labelAsk is one press for labels, and what the hub said of each order.
type labelAsk struct {
	batch   string // "" = it was not begun
	copies  string // what was said of those printed before: "", skip, all
	pdf     bool
	at      time.Time
	orders  []string               // the hub's ids
	results map[string]labelResult // by order; one that is missing was left out as printed before
	over    bool                   // nothing happens by itself any more
}

// A labelResult is what became of the label of one order.
type labelResult struct {
	done bool
	why  string // it has none; "" and not done = there is no result
}

// A labelPrint is one label that came out.
type labelPrint struct {
	parcel string
	at     time.Time
	maybe  bool // marked: nobody could say whether it was out before
}

// Labels are those of parcels: what was asked for against what came out.
type Labels struct {
	Batches int            `json:"batches"`
	Largest int            `json:"largest"` // orders of one batch
	Asked   int            `json:"asked"`   // labels of orders, copies too
	Printed int            `json:"printed"` // of these, that came out
	Refused int            `json:"refused"` // of these, that have none, with a reason
	Skipped int            `json:"skipped"` // of these, left out on request, since they were out before
	Lost    int            `json:"lost"`    // neither came out nor have a reason
	Twice   int            `json:"twice"`   // parcels with more labels than were asked for
	Odd     int            `json:"unasked"` // parcels whose label nobody had asked for
	Copies  int            `json:"copies"`  // of those asked for, that are copies
	Marked  int            `json:"marked"`  // came out once more with a mark, since nobody could say whether the first did
	Person  int            `json:"person"`  // jobs of which somebody had to look whether they came out
	PDFs    int            `json:"pdfs"`    // documents that were opened
	Why     map[string]int `json:"why"`     // the reasons of those refused
}

// The kinds of what does not hold of the labels.
const (
	kindNoLabel  = "no_label"
	kindTwoLabel = "two_labels"
	kindOddLabel = "odd_label"
)

// tallyLabels holds what was asked for against what came out. parcel gives the parcel of an order.
func tallyLabels(asks []labelAsk, prints []labelPrint, parcel func(order string) string) (t Labels, bad []books.Difference) {
	t.Why = map[string]int{}
	of := map[string][]labelPrint{}
	for _, p := range prints {
		of[p.parcel] = append(of[p.parcel], p)
		if p.maybe {
			t.Marked++
		}
	}
	lost := func(a labelAsk, order, why string) {
		t.Lost++
		bad = append(bad, books.Difference{Kind: kindNoLabel, Key: order, Text: fmt.Sprintf("the label of %s, parcel %s, asked for in %s: %s", order, cmp.Or(parcel(order), "unknown"), cmp.Or(a.batch, "no batch"), why)})
	}
	allowed := map[string]int{} // labels without a mark, by parcel
	for _, a := range asks {
		t.Batches++
		t.Largest = max(t.Largest, len(a.orders))
		mine := map[string]bool{} // a pack's orders share one label
		for _, o := range a.orders {
			t.Asked++
			p := parcel(o)
			r, said := a.results[o]
			if said && !mine[p] {
				mine[p] = true
				switch {
				case a.copies == "all" && allowed[p] > 0:
					allowed[p]++
				case allowed[p] == 0:
					allowed[p] = 1
				}
			}
			if a.copies == "all" {
				t.Copies++
			}
			out := slices.ContainsFunc(of[p], func(x labelPrint) bool { return !said || !x.at.Before(a.at) })
			switch {
			case !said && a.copies == "skip":
				if t.Skipped++; !out {
					lost(a, o, "left out as printed before, and it never came out")
				}
			case !said || !a.over || !r.done && r.why == "":
				lost(a, o, "it has neither come out nor a reason why not")
			case !r.done:
				t.Refused++
				t.Why[r.why]++
			case out:
				t.Printed++
			default:
				lost(a, o, "it is said to be printed and did not come out")
			}
		}
	}
	for p, list := range of {
		plain := 0
		for _, x := range list {
			if !x.maybe {
				plain++
			}
		}
		switch n := allowed[p]; {
		case n == 0:
			t.Odd++
			bad = append(bad, books.Difference{Kind: kindOddLabel, Key: p, Text: fmt.Sprintf("a label of parcel %s came out, and nobody had asked for it", p)})
		case plain > n:
			t.Twice++
			bad = append(bad, books.Difference{Kind: kindTwoLabel, Key: p, Text: fmt.Sprintf("parcel %s has %d labels, and %d were asked for: it may be sent twice", p, plain, n)})
		}
	}
	slices.SortFunc(bad, func(a, b books.Difference) int {
		return cmp.Or(strings.Compare(a.Kind, b.Kind), strings.Compare(a.Key, b.Key))
	})
	return t, bad
}

// labelPaper is the label printer of the rehearsal.
type labelPaper struct {
	sim *printers.Sim
	id  string // the hub's

	mu   sync.Mutex
	seen int64 // the number of the last slip
	out  []labelPrint
}

const labelDevice = "labels"

func openLabelPaper(seed uint64) *labelPaper {
	return &labelPaper{sim: printers.New(printers.Options{Printers: []printers.Printer{{Name: labelDevice, Make: printers.ZPL}}, Seed: seed})}
}

// connect adds the label printer to the hub, as a person would.
func (p *labelPaper) connect(ctx context.Context, a *api, store string) error {
	if p.id != "" {
		return nil
	}
	addr, err := p.sim.Device(labelDevice).Listen("127.0.0.1:0")
	if err != nil {
		return err
	}
	var made struct {
		ID string `json:"id"`
	}
	err = a.must(ctx, "POST", "/printers", rand.Text(), map[string]any{"kind": "zpl", "name": "面单机", "store_id": store, "address": addr}, &made)
	p.id = made.ID
	return err
}

// parcelOn finds the platform's number of the parcel on a label.
var parcelOn = regexp.MustCompile(`Envio: ([0-9]+)`)

// take reads what has come out since the last look. A printer keeps a bounded number of slips.
func (p *labelPaper) take() []labelPrint {
	p.mu.Lock()
	defer p.mu.Unlock()
	maybe := map[string]bool{} // by the connection that brought them
	for _, s := range p.sim.Device(labelDevice).Slips(0) {
		text := s.Text()
		if strings.HasPrefix(text, "COPY?") {
			maybe[s.Job] = true
		}
		m := parcelOn.FindStringSubmatch(text)
		if s.Seq > p.seen && m != nil {
			p.out = append(p.out, labelPrint{m[1], s.At, maybe[s.Job]})
		}
		p.seen = max(p.seen, s.Seq)
	}
	return slices.Clone(p.out)
}

// document puts the labels of a PDF on paper.
func (p *labelPaper) document(pdf []byte) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := parcelsIn(pdf)
	for _, x := range list {
		p.out = append(p.out, labelPrint{x, time.Now(), false})
	}
	return len(list)
}

var pdfStream = regexp.MustCompile(`(?s)<<(.{0,400}?)>>\s*stream\r?\n(.*?)\r?\n?endstream`)

// parcelsIn reads the numbers of the parcels in a PDF of labels, each as often as it is there.
func parcelsIn(pdf []byte) (out []string) {
	for _, m := range pdfStream.FindAllSubmatch(pdf, -1) {
		text := m[2]
		if bytes.Contains(m[1], []byte("FlateDecode")) {
			z, err := zlib.NewReader(bytes.NewReader(text))
			if err != nil {
				continue
			}
			text, _ = io.ReadAll(io.LimitReader(z, 4<<20))
		}
		for _, x := range parcelOn.FindAllSubmatch(text, -1) {
			out = append(out, string(x[1]))
		}
	}
	return out
}

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
