package proof

import (
	"strconv"

	"github.com/tongdan/tongdan/internal/books"
	ml "github.com/tongdan/tongdan/internal/sim/mercadolibre"
)

// placed are the orders that were placed.
type placed struct {
	meituan []string
	mercado []ml.ID
}

// expect gives what the platforms hold, by channel and number.
func (w *world) expect(p placed) map[string]books.Entry {
	w.t.Helper()
	out := make(map[string]books.Entry, len(p.meituan)+len(p.mercado))
	for _, id := range p.meituan {
		e, err := books.Meituan(w.mt, id)
		if err != nil {
			w.t.Fatal(err)
		}
		out[books.Key("meituan", id)] = e
	}
	for _, id := range p.mercado {
		e, err := books.MercadoLibre(w.ml, id)
		if err != nil {
			w.t.Fatal(err)
		}
		out[books.Key("mercadolibre", id.String())] = e
	}
	return out
}

func totalOf(r Row) string {
	if r.Total == nil {
		return ""
	}
	return string(r.Total.Currency()) + " " + strconv.FormatInt(r.Total.Minor(), 10)
}

// compare says where the hub's orders differ from the platforms' books. local holds the
// orders that our people marked ready where the platform has no word for it.
func compare(want map[string]books.Entry, have []Row, local map[string]bool) (differ []string) {
	shown := make([]books.Order, 0, len(have))
	for _, r := range have {
		shown = append(shown, books.Order{Channel: r.Channel, Ref: r.Ref, Status: string(r.Status), Total: totalOf(r), Theirs: r.Theirs})
	}
	return texts(books.Compare(want, shown, local))
}

func texts(list []books.Difference) (out []string) {
	for _, d := range list {
		out = append(out, d.Text)
	}
	return out
}
