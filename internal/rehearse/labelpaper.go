package rehearse

import (
	"bytes"
	"compress/zlib"
	"context"
	"crypto/rand"
	"io"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tongdan/tongdan/internal/sim/printers"
)

// What comes out: the simulated label printer and the documents, by parcel.

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
