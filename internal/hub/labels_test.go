package hub_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/db/dbtest"
	"github.com/tongdan/tongdan/internal/hub"
	"github.com/tongdan/tongdan/internal/paper"
	"github.com/tongdan/tongdan/internal/platform"
	"github.com/tongdan/tongdan/internal/sim"
	ml "github.com/tongdan/tongdan/internal/sim/mercadolibre"
	"github.com/tongdan/tongdan/internal/sim/printers"
	"github.com/tongdan/tongdan/order"
)

// labelWorld is a warehouse that sells on Mercado Libre, with a label printer.
type labelWorld struct {
	*shopWorld
	ml     *ml.Sim
	seller ml.Seller
	store  ident.Store
	device *printers.Device
	addr   string
	goods  map[string]string // of each parcel
}

func eachLabels(t *testing.T, f func(w *labelWorld)) {
	dbtest.AtOnce(t, func(t *testing.T, d *db.DB) { // and beside no other test: an hour there is six seconds here
		w := &labelWorld{goods: map[string]string{}, shopWorld: &shopWorld{t: t, db: d, clk: sim.NewClock(time.Time{}, packSpeed)}}
		w.seller = ml.Seller{ID: 700000001, Site: "MLB", Nickname: "LOJA EXEMPLO", Logistic: "cross_docking"}
		var err error
		w.ml, err = ml.New(ml.Options{Clock: w.clk, Seed: 1, Sellers: []ml.Seller{w.seller}})
		w.must(err)
		t.Cleanup(func() { w.ml.Close() })
		api := httptest.NewServer(w.ml.API())
		t.Cleanup(api.Close)
		w.hub = hub.New(w.options())
		w.store = w.sells(w.ml, w.seller, api.URL).Store
		shops, err := d.Shops(t.Context(), w.who.Scope)
		w.must(err)
		_, err = w.hub.SetModes(t.Context(), w.who, []ident.Shop{shops[0].ID}, hub.ModeFull)
		w.must(err)
		s := printers.New(printers.Options{Printers: []printers.Printer{{Name: "zebra", Make: printers.ZPL}}})
		t.Cleanup(func() { s.Close() })
		w.device = s.Device("zebra")
		w.addr, err = w.device.Listen("")
		w.must(err)
		f(w)
	})
}

func (w *labelWorld) options() hub.Options {
	return hub.Options{DB: w.db, Platforms: platform.All(), Clock: hub.Clock{Now: w.clk.Now, Speed: packSpeed}, AllowPrivate: channel.Loopback, NoBudget: true}
}

// sold places orders of one of two goods by turns and waits until their labels can be printed.
func (w *labelWorld) sold(n int) (ids []ml.ID) {
	w.t.Helper()
	for i := range n {
		item := []string{packItem, otherItem}[i%2]
		got, err := w.ml.Place(ml.Placement{SellerID: w.seller.ID, Manual: true, Oversell: true, Orders: []json.RawMessage{json.RawMessage(fmt.Sprintf(`{"order_items":[{"item":{"id":%q}}]}`, item))}})
		w.must(err)
		w.must(w.ml.Act(got.Orders[0], "ready", ml.ActArgs{})) // by hand: what a test holds back stays so
		w.goods[got.Shipment.String()] = item
		ids = append(ids, got.Orders[0])
	}
	w.until("all are to be labelled", func() bool { return len(w.flagged(ids, order.FlagToLabel)) == n })
	return ids
}

func (w *labelWorld) orderOf(id ml.ID) (db.OrderRow, bool) {
	row, _, _, err := w.db.OrderByRef(w.t.Context(), w.who.Scope, order.Ref{Realm: "mercadolibre", Kind: order.KindOrder, ID: id.String()})
	return row, err == nil
}

func (w *labelWorld) flagged(ids []ml.ID, f order.Flag) (out []ident.Order) {
	p, _ := w.hub.Platform("mercadolibre")
	for _, id := range ids {
		row, recs, _, err := w.db.OrderByRef(w.t.Context(), w.who.Scope, order.Ref{Realm: "mercadolibre", Kind: order.KindOrder, ID: id.String()})
		if err == nil && slices.Contains(order.Fold(row.Ref, recs, p.Info().Grammar).Flags, f) {
			out = append(out, row.ID)
		}
	}
	return out
}

func (w *labelWorld) printer() db.PrinterRow {
	w.t.Helper()
	row, err := w.hub.PutPrinter(w.t.Context(), w.who, db.PrinterRow{Store: w.store, Kind: "zpl", Name: "面单机", Address: w.addr}, hub.PrinterSettings{})
	w.must(err)
	return row
}

func (w *labelWorld) over(id ident.Batch) (b hub.LabelBatch) {
	w.t.Helper()
	w.until("the batch is over", func() bool {
		var err error
		b, err = w.hub.Labels(w.t.Context(), w.who, id)
		w.must(err)
		return !slices.ContainsFunc(b.Items, func(i db.BatchItem) bool { return i.State != hub.BatchDone && i.State != hub.BatchFailed })
	})
	return b
}

func (w *labelWorld) calls(ids []ml.ID) (calls, changes int) {
	for _, id := range ids {
		c := w.ml.Tally(id.String())["print"]
		calls, changes = calls+c.Calls, changes+c.Changes
	}
	return calls, changes
}

// codes are the tracking numbers on the labels that came out, in their order; our own notes have none.
func (w *labelWorld) codes() (out []string) {
	for _, s := range w.device.Slips(0) {
		if len(s.Wrong) > 0 {
			w.t.Errorf("the printer garbled a label: %q", s.Wrong)
		}
		out = append(out, s.Codes...)
	}
	return out
}

func (w *labelWorld) notes() (n int) {
	for _, s := range w.device.Slips(0) {
		if strings.Contains(s.Text(), "COPY") {
			n++
		}
	}
	return n
}

// Many orders read at once are what each of them is when it is read alone.
func TestManyOrdersAreReadAtOnce(t *testing.T) {
	eachLabels(t, func(w *labelWorld) {
		w.run()
		ids := w.flagged(w.sold(5), order.FlagToLabel)
		_, err := w.hub.Act(w.t.Context(), w.who, ids[1], hub.Act{Kind: order.Annotate, Text: "易碎", Key: "note"}) // a record of our own
		w.must(err)
		w.until("each is the same", func() bool { // the platform goes on telling of them
			many, err := w.db.WholeOrders(w.t.Context(), w.who.Scope, append(slices.Clone(ids), 1))
			w.must(err)
			same := len(many) == len(ids)
			for _, id := range ids {
				row, recs, _, err := w.db.Order(w.t.Context(), w.who.Scope, id)
				w.must(err)
				if same = same && len(recs) > 1 && reflect.DeepEqual(*many[id], db.WholeOrder{Row: row, Records: recs}); !same {
					break
				}
			}
			return same
		})
		sc := w.who.Scope
		sc.Stores = []ident.Store{w.store + 1}
		if many, err := w.db.WholeOrders(w.t.Context(), sc, ids); err != nil || len(many) != 0 {
			w.t.Errorf("another store's orders: %d, %v", len(many), err)
		}
	})
}

// Sixty labels come out once each, in the order of picking, with two calls; a second press
// asks, is marked, and asks the platform nothing.
func TestLabelsComeOutOnceInTheOrderOfPicking(t *testing.T) {
	eachLabels(t, func(w *labelWorld) {
		w.run()
		ids := w.sold(60)
		p := w.printer()
		ask := hub.LabelAsk{Orders: w.flagged(ids, order.FlagToLabel), Format: channel.ZPL, Printer: p.ID}
		batch, err := w.hub.PrintLabels(w.t.Context(), w.who, ask)
		w.must(err)
		b := w.over(batch)
		w.until("60 labels are out", func() bool { return len(w.codes()) >= 60 })
		if b.Labels != 60 || len(b.Items) != 60 {
			w.t.Errorf("%d labels of %d orders", b.Labels, len(b.Items))
		}
		goods := map[string]int{} // of each place on the paper
		last, turns := "", 0
		for _, code := range w.codes() {
			goods[code]++
			if w.goods[code] != last {
				last, turns = w.goods[code], turns+1
			}
		}
		if len(goods) != 60 || turns != 2 {
			w.t.Errorf("%d different labels, goods change %d times; want 60, 2", len(goods), turns)
		}
		if _, changes := w.calls(ids); changes != 60 {
			w.t.Errorf("%d parcels were printed at the platform", changes)
		}
		w.until("the platform's state is read back", func() bool { return len(w.flagged(ids, order.FlagLabelled)) == 60 })
		if w.notes() != 0 {
			w.t.Error("a first label is marked as a copy")
		}

		before, _ := w.calls(ids)
		if _, err := w.hub.PrintLabels(w.t.Context(), w.who, ask); !fault.Is(err, fault.Conflict) || fault.ReasonOf(err).Code != "label_printed" || fault.ReasonOf(err).Args["name"] != "Ana" {
			w.t.Errorf("the second press: %v", err)
		}
		one := hub.LabelAsk{Orders: ask.Orders[:1], Format: channel.ZPL, Printer: p.ID, Copies: hub.CopiesAll}
		batch, err = w.hub.PrintLabels(w.t.Context(), w.who, one)
		w.must(err)
		w.over(batch)
		w.until("the copy is out, marked", func() bool { return len(w.codes()) == 61 && w.notes() == 1 })
		if after, _ := w.calls(ids); after != before {
			w.t.Errorf("a copy asked the platform %d times", after-before)
		}
		state, _, err := w.hub.LabelsOf(w.t.Context(), w.who, ask.Orders[0])
		w.until("the copy is noted", func() bool {
			state, _, err = w.hub.LabelsOf(w.t.Context(), w.who, ask.Orders[0])
			return err == nil && len(state) == 1 && state[0].Times == 2
		})
		if state[0].FirstBy != "Ana" || !slices.Equal(state[0].Kept, []channel.LabelFormat{channel.ZPL}) {
			w.t.Errorf("the label's state is %+v", state[0])
		}
		n, err := w.hub.PrintLabelsOn(w.t.Context(), w.who, b.Row.ID, p.ID, 58, "") // the paper was jammed from the 58th on
		w.must(err)
		w.until("the rest is out again", func() bool { return len(w.codes()) == 64 })
		if n != 3 || !slices.Equal(w.codes()[61:], w.codes()[57:60]) {
			w.t.Errorf("%d came again: %v", n, w.codes()[61:])
		}
	})
}

// Those that fail are named with the platform's words, the others have their label, and the
// document has a page for three.
func TestLabelsThatFailAreNamedAndTriedAgain(t *testing.T) {
	eachLabels(t, func(w *labelWorld) {
		w.run()
		ids := w.sold(7)
		orders := w.flagged(ids, order.FlagToLabel)
		bad, _ := w.orderOf(ids[3])
		w.must(w.ml.Act(ids[3], "move", ml.ActArgs{Status: "handling", Substatus: "regenerating"}))
		batch, err := w.hub.PrintLabels(w.t.Context(), w.who, hub.LabelAsk{Orders: orders, Format: channel.PDF})
		w.must(err)
		b := w.over(batch)
		for _, it := range b.Items {
			if (it.State == hub.BatchFailed) != (it.Order == bad.ID) || it.Order == bad.ID && !strings.Contains(it.Why.Text, "not_printable_status") {
				w.t.Errorf("order %s is %s: %s", it.Order, it.State, it.Why.Text)
			}
		}
		if b.Labels != 6 || b.Pages != 2 {
			w.t.Errorf("%d labels on %d pages, want 6 on 2", b.Labels, b.Pages)
		}
		w.must(w.ml.Act(ids[3], "move", ml.ActArgs{Status: "ready_to_ship", Substatus: "ready_to_print"}))
		w.must(w.hub.RetryLabels(w.t.Context(), w.who, batch))
		b = w.over(batch)
		doc, err := w.hub.LabelDocument(w.t.Context(), w.who, batch)
		w.must(err)
		if n, err := paper.Pages(doc.Bytes); err != nil || n != 3 || doc.Labels != 7 || doc.Pages != 3 {
			w.t.Errorf("the document has %d pages (%v) for %d labels, said %d", n, err, doc.Labels, doc.Pages)
		}
		noSight := w.who
		noSight.Personal, noSight.Role = false, "warehouse"
		if _, err := w.hub.LabelDocument(w.t.Context(), noSight, batch); !fault.Is(err, fault.Forbidden) {
			w.t.Errorf("somebody who may not see customers' data opened the labels: %v", err)
		}
		if doc, err = w.hub.LabelDocument(w.t.Context(), w.who, batch); err != nil || !bytes.HasPrefix(doc.Bytes, []byte("%PDF")) {
			w.t.Errorf("opened again: %v", err)
		}
	})
}

// Labels that came on one sheet with one that is not wanted any more, or that came anew meanwhile,
// bring nothing else out with them; nor does one that is gone stop another. Trying again mends both.
func TestASheetBringsOutNoLabelThatIsNotWanted(t *testing.T) {
	eachLabels(t, func(w *labelWorld) {
		w.run()
		orders := w.flagged(w.sold(3), order.FlagToLabel)
		press := func(list ...ident.Order) hub.LabelBatch {
			id, err := w.hub.PrintLabels(w.t.Context(), w.who, hub.LabelAsk{Orders: list, Format: channel.PDF})
			w.must(err)
			return w.over(id)
		}
		all := press(orders...)
		press(orders[0])
		without := func(code string, n int) {
			w.t.Helper()
			b := w.over(all.Row.ID)
			for _, it := range b.Items {
				if it.State == hub.BatchFailed && it.Why.Code == code {
					n--
				}
			}
			if n != 0 {
				w.t.Errorf("%d orders too few are without a label for %s: %+v", n, code, b.Items)
			}
		}
		whole := func() {
			w.t.Helper()
			w.must(w.hub.RetryLabels(w.t.Context(), w.who, all.Row.ID))
			if b := w.over(all.Row.ID); b.Labels != 3 || b.Pages != 3 {
				w.t.Errorf("tried again there are %d labels on %d pages, want each alone", b.Labels, b.Pages)
			}
		}
		without("label_shared", 2)
		doc, err := w.hub.LabelDocument(w.t.Context(), w.who, all.Row.ID)
		w.must(err)
		if n, err := paper.Pages(doc.Bytes); err != nil || n != 1 || doc.Labels != 1 {
			w.t.Errorf("%d pages (%v) for %d labels; want the one that came alone", n, err, doc.Labels)
		}
		whole()
		w.must(w.db.ForgetLabels(w.t.Context(), w.who.Merchant, db.LabelLimits{For: -time.Hour, Most: 1000}))
		without("label_gone", 3)
		whole()
	})
}

// What a second try brings comes out by itself, and alone. Of two who press before the first paper is
// out neither is asked, so the second labels come out marked.
func TestLabelsOfASecondTryComeOutAndSecondLabelsAreMarked(t *testing.T) {
	eachLabels(t, func(w *labelWorld) {
		w.run()
		ids := w.sold(3)
		orders := w.flagged(ids, order.FlagToLabel)
		w.must(w.ml.Act(ids[1], "move", ml.ActArgs{Status: "handling", Substatus: "regenerating"}))
		ask := hub.LabelAsk{Orders: orders, Format: channel.ZPL, Printer: w.printer().ID}
		batch, err := w.hub.PrintLabels(w.t.Context(), w.who, ask)
		w.must(err)
		w.over(batch)
		w.until("two are out", func() bool { return len(w.codes()) == 2 })
		w.must(w.ml.Act(ids[1], "move", ml.ActArgs{Status: "ready_to_ship", Substatus: "ready_to_print"}))
		w.must(w.hub.RetryLabels(w.t.Context(), w.who, batch))
		w.until("the third is out", func() bool { return len(w.codes()) >= 3 })
		out := w.codes()
		slices.Sort(out)
		if len(slices.Compact(out)) != 3 || w.notes() != 0 {
			w.t.Errorf("out are %v, with %d marks", w.codes(), w.notes())
		}

		more := w.flagged(w.sold(1), order.FlagToLabel)
		w.device.Online(false)
		ask.Orders = more
		for range 2 {
			id, err := w.hub.PrintLabels(w.t.Context(), w.who, ask)
			w.must(err)
			w.over(id)
		}
		w.device.Online(true)
		w.until("both are out", func() bool { return len(w.codes()) == 5 })
		if w.notes() != 1 {
			w.t.Errorf("%d marks, want one", w.notes())
		}
	})
}

// A printer that is away keeps the labels in their line; a hub that dies goes on where it was;
// an answer that is lost is asked for again, and no parcel is printed twice.
func TestLabelsSurviveWhatBreaks(t *testing.T) {
	eachLabels(t, func(w *labelWorld) {
		ctx, kill := context.WithCancel(context.Background())
		done := make(chan error, 1)
		go func() { done <- w.hub.Run(ctx) }()
		ids := w.sold(25)
		p := w.printer()
		w.device.Online(false)
		w.ml.Faults().Next(sim.DropAfterCommit, 1, "GET /shipment_labels")
		w.ml.Faults().Next(sim.Err429, 1, "GET /shipment_labels")
		batch, err := w.hub.PrintLabels(w.t.Context(), w.who, hub.LabelAsk{Orders: w.flagged(ids, order.FlagToLabel), Format: channel.ZPL, Printer: p.ID})
		w.must(err)
		kill()
		w.must(<-done)
		w.hub = hub.New(w.options())
		w.run()
		w.over(batch)
		w.until("the labels wait for the printer", func() bool {
			b, err := w.hub.Labels(w.t.Context(), w.who, batch)
			w.must(err)
			return len(b.Jobs) == 3
		})
		list, err := w.hub.Printers(w.t.Context(), w.who)
		w.must(err)
		if list[0].Waiting == 0 || len(w.codes()) != 0 {
			w.t.Errorf("%d wait, %d are out", list[0].Waiting, len(w.codes()))
		}
		w.device.Online(true)
		defer func() {
			if t.Failed() {
				b, _ := w.hub.Labels(context.Background(), w.who, batch)
				t.Logf("%d are out; jobs %+v", len(w.codes()), b.Jobs)
			}
		}()
		w.until("they are out", func() bool { return len(w.codes()) >= 25 })
		w.until("all is said to be printed", func() bool {
			b, err := w.hub.Labels(w.t.Context(), w.who, batch)
			w.must(err)
			return !slices.ContainsFunc(b.Jobs, func(j hub.LabelJob) bool { return j.State != effect.Done })
		})
		out := w.codes()
		slices.Sort(out)
		if len(slices.Compact(out)) != 25 || len(w.codes()) != 25 {
			w.t.Errorf("%d labels are out, %d different", len(w.codes()), len(out))
		}
		if _, changes := w.calls(ids); changes != 25 {
			w.t.Errorf("the platform printed %d", changes)
		}
	})
}

// The same press again, by its key, is the same batch and the same paper; so it is with many orders' acts.
func TestALabelPressIsOneHoweverOftenItComes(t *testing.T) {
	eachLabels(t, func(w *labelWorld) {
		w.run()
		orders := w.flagged(w.sold(12), order.FlagToLabel)
		ask := hub.LabelAsk{Orders: orders, Format: channel.ZPL, Printer: w.printer().ID, Key: "k1"}
		first, err := w.hub.PrintLabels(w.t.Context(), w.who, ask)
		w.must(err)
		w.over(first)
		w.until("they are out", func() bool { return len(w.codes()) == 12 })
		if again, err := w.hub.PrintLabels(w.t.Context(), w.who, ask); err != nil || again != first {
			w.t.Errorf("pressed again it is batch %s (%v), not %s", again, err, first)
		}
		var both [2]ident.Batch
		var wg sync.WaitGroup
		more := w.flagged(w.sold(3), order.FlagToLabel)
		for i := range both {
			wg.Go(func() {
				var err error
				if both[i], err = w.hub.PrintLabels(w.t.Context(), w.who, hub.LabelAsk{Orders: more, Format: channel.ZPL, Printer: ask.Printer, Key: "k2"}); err != nil {
					w.t.Error(err)
				}
			})
		}
		wg.Wait()
		if both[0] != both[1] || both[0] == first {
			w.t.Errorf("two presses in one moment are batches %s and %s", both[0], both[1])
		}
		w.over(both[0])
		w.until("the others are out", func() bool { return len(w.codes()) == 15 })
		for range 2 {
			if _, err := w.hub.PrintLabelsOn(w.t.Context(), w.who, first, ask.Printer, 11, "k3"); err != nil {
				w.t.Error(err)
			}
		}
		stop, err := w.hub.PrintLabelsOn(w.t.Context(), w.who, first, ask.Printer, 12, "k4") // comes after whatever came before
		w.must(err)
		w.until("the last is out again", func() bool { return w.notes() == 2 && len(w.codes()) >= 17+stop })
		if out := w.codes(); len(out) != 18 {
			w.t.Errorf("%d labels are out, want 12, 3, 2 and 1", len(out))
		}
	})
}

// When nobody knows whether labels came out, whoever may print them looks and says so: what did not come
// out comes then, with a mark, and what did is asked about at the next press.
func TestLabelsThatMayBeOutAreDecidedByWhoLooks(t *testing.T) {
	eachLabels(t, func(w *labelWorld) {
		w.run()
		orders := w.flagged(w.sold(4), order.FlagToLabel)
		printer := w.printer()
		clerk := w.who
		clerk.Role, clerk.ID = "warehouse", "usr_warehouse"
		other := clerk
		other.Stores = []ident.Store{w.store + 1}
		for i, out := range []bool{true, false} {
			ask := hub.LabelAsk{Orders: orders[2*i : 2*i+2], Format: channel.ZPL, Printer: printer.ID}
			w.device.DropNext(map[bool]string{true: printers.DropAfter, false: printers.DropMiddle}[out], 1)
			before := len(w.codes())
			id, err := w.hub.PrintLabels(w.t.Context(), clerk, ask)
			w.must(err)
			var job hub.LabelJob
			w.until("somebody is asked", func() bool {
				b, err := w.hub.Labels(w.t.Context(), clerk, id)
				w.must(err)
				if len(b.Jobs) != 1 {
					return false
				}
				job = b.Jobs[0]
				return job.State == effect.Person || out && job.State == effect.Done // the end of the connection came first
			})
			if job.State == effect.Person {
				if err := w.hub.Decide(w.t.Context(), other, job.ID, out); !fault.Is(err, fault.NotFound) {
					w.t.Errorf("a clerk of another store decides: %v", err)
				}
				w.must(w.hub.Decide(w.t.Context(), clerk, job.ID, out))
			}
			w.until("the labels are out", func() bool { return len(w.codes()) == before+2 })
			w.until("the job is done", func() bool {
				b, err := w.hub.Labels(w.t.Context(), clerk, id)
				w.must(err)
				return b.Jobs[0].State == effect.Done
			})
			if _, err := w.hub.PrintLabels(w.t.Context(), clerk, ask); fault.ReasonOf(err).Code != "label_printed" {
				w.t.Errorf("a second press: %v", err)
			}
		}
		if w.notes() != 1 {
			w.t.Errorf("%d marks, want one before what may have been out", w.notes())
		}
	})
}

// What is kept of labels is sealed, and goes after its time and beyond its size.
func TestKeptLabelsAreSealedAndBounded(t *testing.T) {
	both(t, func(t *testing.T, d *db.DB) {
		m, err := d.AddMerchant(t.Context(), db.MerchantRow{Name: "Loja", Locale: "en"})
		if err != nil {
			t.Fatal(err)
		}
		key := func(n int) db.ParcelKey { return db.ParcelKey{Account: 7, Parcel: fmt.Sprint(n)} }
		for n := range 5 {
			if err := d.KeepLabels(t.Context(), m.ID, []db.LabelSheet{{Account: 7, Format: "zpl", Parcels: []string{fmt.Sprint(n)}, Bytes: bytes.Repeat([]byte("x"), 400)}}, db.LabelLimits{For: time.Hour, Most: 1000}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(2 * time.Millisecond) // the oldest go first, by the millisecond
		}
		keys := []db.ParcelKey{key(0), key(1), key(2), key(3), key(4)}
		got, err := d.LabelsOf(t.Context(), m.ID, "zpl", keys)
		if err != nil || len(got) != 2 || got[key(4)].Of != 1 {
			t.Fatalf("%v, %v; want the newest two", got, err)
		}
		sheet := got[key(4)].Sheet
		if b, err := d.LabelBytes(t.Context(), m.ID, []int64{sheet}); err != nil || len(b[sheet]) != 400 {
			t.Errorf("%d bytes, %v", len(b[sheet]), err)
		}
		if err := d.ForgetLabels(t.Context(), m.ID, db.LabelLimits{For: -time.Hour, Most: 1000}); err != nil {
			t.Fatal(err)
		}
		if _, err := d.LabelBytes(t.Context(), m.ID, []int64{sheet}); !fault.Is(err, fault.NotFound) {
			t.Errorf("a label whose time is over: %v", err)
		}
	})
}
