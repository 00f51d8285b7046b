// Package printertest is the contract of package printer as tests: what every make must do,
// against a simulator that shares no code with its driver.
package printertest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/money"
	"github.com/tongdan/tongdan/order"
	"github.com/tongdan/tongdan/printer"
	"github.com/tongdan/tongdan/ticket"
)

// A Slip is a piece of paper that came out.
type Slip struct {
	Text  string
	Codes []string
	Cut   bool
	Wrong []string // what a real printer would garble
}

// A Harness is a simulated printer of the make and what can be done to it.
type Harness struct {
	Driver printer.Driver
	Config printer.Config
	Slips  func() []Slip // all that came out, oldest first

	Paper   func(in bool)
	Online  func(on bool)
	Slow    func(by time.Duration)
	Before  func() // the next job's connection is dropped before anything is printed
	After   func() // the next job is printed and its answer lost
	Advance func(d time.Duration)
}

// Run checks a make. start makes a new printer with paper of so many columns.
func Run(t *testing.T, start func(t *testing.T, columns int) Harness) {
	for _, columns := range []int{ticket.Paper58, ticket.Paper80} {
		t.Run(fmt.Sprint(columns), func(t *testing.T) { onPaper(t, start(t, columns), columns) })
	}
	t.Run("paper out", func(t *testing.T) { withoutPaper(t, start(t, 32)) })
	t.Run("offline", func(t *testing.T) { offline(t, start(t, 32)) })
	t.Run("dropped before", func(t *testing.T) { before(t, start(t, 32)) })
	t.Run("answer lost", func(t *testing.T) { lost(t, start(t, 32)) })
	t.Run("hostile text", func(t *testing.T) { hostile(t, start(t, 32)) })
	t.Run("copies", func(t *testing.T) { copies(t, start(t, 32)) })
	t.Run("lease ended", func(t *testing.T) { late(t, start(t, 32)) })
	t.Run("goes offline with a job", func(t *testing.T) { caught(t, start(t, 32)) })
	t.Run("wrong key", func(t *testing.T) { wrongKey(t, start(t, 32)) })
}

func open(t *testing.T, h Harness) printer.Printer {
	t.Helper()
	return openWith(t, h, h.Config)
}

func openWith(t *testing.T, h Harness, c printer.Config) printer.Printer {
	t.Helper()
	reads, calls := channel.NewClients(channel.Loopback...)
	tokens := map[string]channel.Secret{}
	p, err := h.Driver.Open(c, printer.Env{Reads: reads, Calls: calls, Wire: printer.Network{Dial: channel.NewDialer(channel.Loopback...).DialContext}, Now: time.Now,
		Keep: func(name string, v channel.Secret) error { tokens[name] = v; return nil }})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func ctx(t *testing.T) context.Context {
	c, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return c
}

// Sample is an order with everything that a ticket can show.
func Sample() *order.Order {
	yuan := func(fen int64) money.Amount { return money.Of(fen, "CNY") }
	packing, delivery := yuan(300), yuan(500)
	return &order.Order{
		Ref: order.Ref{Realm: "meituan", Kind: order.KindOrder, ID: "2600000000012345678"}, Status: order.StatusAccepted,
		Head:  order.Head{Display: "2600000000012345678", DaySeq: "12", Kind: order.Takeaway, Logistics: order.BySelf},
		Times: order.Times{Placed: time.Date(2026, 3, 8, 3, 40, 0, 0, time.UTC).UnixMilli(), Promised: time.Date(2026, 3, 8, 10, 30, 0, 0, time.UTC).UnixMilli()},
		Bill: &order.Bill{
			Lines: []order.Line{
				{Key: "1", Name: "宫保鸡丁（招牌）配很长很长的名字让它换行", Quantity: 2, Price: yuan(2800), Total: yuan(5600), Spec: "大份", Options: []string{"微辣", "不要花生"}, Pocket: 1},
				{Key: "2", Name: "Café São José 🍵", Quantity: 1, Price: yuan(1200), Total: yuan(1200), Note: "少冰", Pocket: 2},
				{Key: "3", Name: "米饭", Quantity: 3, Price: yuan(200), Total: yuan(600), Refunded: 1, Pocket: 1},
			},
			Packing: &packing, Delivery: &delivery,
			Discounts: []order.Discount{{Name: "满30减5", Amount: yuan(500), Merchant: yuan(500)}}, Total: yuan(7700),
		},
		Remark: "不要香菜，少油！¥5 零钱", Tags: []string{"门店新客", "餐具2份"},
		Customer: &order.Customer{Name: "张三丰", Phone: "18500000000_3473", PhoneKind: "privacy", Address: "杭州市上城区柳荫路18号", Detail: "3栋201"},
		Invoice:  &order.Invoice{Title: "某某科技有限公司", TaxID: "91330000MA00000000"},
		Notes:    []order.NoteNow{{Note: order.Note{Text: "老顾客"}}},
		Cases:    []order.AfterSale{{Key: "r1", State: order.CaseRefunded, Case: order.Case{Reason: "少送了", Lines: []order.CaseLine{{Name: "米饭", Quantity: 1}}}}},
		CancelBy: "顾客", CancelWhy: "不想要了",
		Reminders: []order.ReminderNow{{Reminder: order.Reminder{At: 1, Text: "快点"}}},
	}
}

// Rows is a ticket of Sample.
func Rows(kind ticket.Kind, columns int) []ticket.Row {
	return ticket.Set(kind, ticket.Data{
		Order: Sample(), Code: "ord_0d1v5k2m8q3ra", Channel: "美团外卖", Store: "山间茶事(湖滨店)", Locale: "zh-CN", Zone: time.FixedZone("CST", 8*3600),
		Now: time.Date(2026, 3, 8, 3, 41, 0, 0, time.UTC).UnixMilli(), BeginAt: time.Date(2026, 3, 8, 9, 45, 0, 0, time.UTC).UnixMilli(), Case: "r1", Reminder: 1,
	}, columns)
}

func job(id string, rows []ticket.Row) printer.Job {
	return printer.Job{ID: id, Rows: rows, Expires: time.Now().Add(time.Hour)}
}

// mustPrint prints a job and looks for it until it is out.
func mustPrint(t *testing.T, p printer.Printer, j printer.Job) {
	t.Helper()
	c := ctx(t)
	taken, err := p.Print(c, j)
	if err != nil {
		t.Fatalf("it was not printed: %v", err)
	}
	for range 20 {
		if taken.Printed {
			return
		}
		s, err := p.Look(c, j, printer.Trail{Ref: taken.Ref})
		if err != nil {
			t.Fatal(err)
		}
		taken.Printed = s == printer.Printed
	}
	t.Fatal("it was taken and never printed")
}

func onPaper(t *testing.T, h Harness, columns int) {
	p := open(t, h)
	for _, kind := range ticket.Kinds {
		rows := Rows(kind, columns)
		mustPrint(t, p, job("t-"+string(kind), rows))
		slips := h.Slips()
		s := slips[len(slips)-1]
		if want := ticket.Text(rows); strings.TrimRight(s.Text, "\n")+"\n" != want { // what is fed before the cut is the make's
			t.Errorf("%s came out as\n%s\nand not as\n%s", kind, s.Text, want)
		}
		if len(s.Wrong) > 0 || !s.Cut {
			t.Errorf("%s: cut %v, wrong: %q", kind, s.Cut, s.Wrong)
		}
		if want := slices.ContainsFunc(rows, func(r ticket.Row) bool { return r.QR != "" }); want && !slices.Equal(s.Codes, []string{"ord_0d1v5k2m8q3ra"}) {
			t.Errorf("%s: its code says %q", kind, s.Codes)
		}
	}
	if n := len(h.Slips()); n != len(ticket.Kinds) {
		t.Errorf("%d tickets gave %d slips", len(ticket.Kinds), n)
	}
}

// notPrinted fails the test unless an error says that nothing was printed and that the same
// job will work later.
func notPrinted(t *testing.T, h Harness, err error, reasons ...string) {
	t.Helper()
	if !fault.Is(err, fault.Unavailable) {
		t.Fatalf("the error is %v, and not one of what will work later", err)
	}
	if code := fault.ReasonOf(err).Code; !slices.Contains(reasons, code) {
		t.Errorf("the reason is %q, none of %q", code, reasons)
	}
	if n := len(h.Slips()); n != 0 {
		t.Fatalf("%d slips came out all the same", n)
	}
}

func withoutPaper(t *testing.T, h Harness) {
	p := open(t, h)
	h.Paper(false)
	s, err := p.Status(ctx(t))
	if err != nil || s.State != printer.Paper && s.State != printer.Trouble {
		t.Fatalf("its state without paper: %v, %v", s, err)
	}
	j := job("paper-1", Rows(ticket.Kitchen, 32))
	_, err = p.Print(ctx(t), j)
	notPrinted(t, h, err, "printer_paper", "printer_trouble")
	h.Paper(true)
	if n := len(h.Slips()); n != 0 {
		t.Fatalf("%d slips came out by themselves: what we keep must not be kept elsewhere too", n)
	}
	mustPrint(t, p, j)
	if n := len(h.Slips()); n != 1 {
		t.Errorf("with new paper %d slips came out", n)
	}
}

func offline(t *testing.T, h Harness) {
	p := open(t, h)
	h.Online(false)
	if s, err := p.Status(ctx(t)); err != nil || s.State != printer.Offline {
		t.Fatalf("its state when it is off: %v, %v", s, err)
	}
	j := job("off-1", Rows(ticket.Kitchen, 32))
	_, err := p.Print(ctx(t), j)
	notPrinted(t, h, err, "printer_offline")
	h.Online(true)
	mustPrint(t, p, j)
	if n := len(h.Slips()); n != 1 {
		t.Errorf("when it is back %d slips came out", n)
	}
}

func before(t *testing.T, h Harness) {
	p := open(t, h)
	trail := printer.Trail{}
	var err error
	if trail.Before, err = p.Before(ctx(t)); err != nil {
		t.Fatal(err)
	}
	h.Before()
	j := job("drop-1", Rows(ticket.Kitchen, 32))
	_, err = p.Print(ctx(t), j)
	if err == nil {
		t.Fatal("a job that nobody got counts as printed")
	}
	if n := len(h.Slips()); n != 0 {
		t.Fatalf("%d slips", n)
	}
	if fault.Is(err, fault.Unknown) { // then it must be possible to find out
		s, err := p.Look(ctx(t), j, trail)
		if err != nil || s != printer.Absent && s != printer.Repeating {
			t.Fatalf("looked for, it is %q, %v", s, err)
		}
	} else if !fault.Is(err, fault.Unavailable) {
		t.Fatalf("the error is %v", err)
	}
	mustPrint(t, p, j)
	if n := len(h.Slips()); n != 1 {
		t.Errorf("then %d slips came out", n)
	}
}

// lost is the heart of it: the ticket is out and nobody said so. Each make may do what its
// nature allows, and none may print it twice unasked.
func lost(t *testing.T, h Harness) {
	p := open(t, h)
	trail := printer.Trail{}
	var err error
	if trail.Before, err = p.Before(ctx(t)); err != nil {
		t.Fatal(err)
	}
	h.After()
	j := job("lost-1", Rows(ticket.Kitchen, 32))
	taken, err := p.Print(ctx(t), j)
	if len(h.Slips()) != 1 {
		t.Fatalf("%d slips: the harness did not lose an answer", len(h.Slips()))
	}
	if err == nil && taken.Printed {
		t.Fatal("a lost answer counts as one")
	}
	if err != nil && !fault.Is(err, fault.Unknown) {
		t.Fatalf("the error says %v: whoever believes it prints twice", err)
	}
	trail.Ref = taken.Ref
	s, err := p.Look(ctx(t), j, trail)
	if err != nil {
		t.Fatal(err)
	}
	want := map[effect.Nature]printer.Sight{effect.Notice: printer.Untold, effect.Additive: printer.Printed, effect.Keyed: printer.Repeating}[h.Driver.Info().Nature]
	if s != want {
		t.Fatalf("looked for, it is %q; a make of this nature says %q", s, want)
	}
	if s == printer.Repeating {
		mustPrint(t, p, j)
	}
	if n := len(h.Slips()); n != 1 {
		t.Errorf("%d slips", n)
	}
}

func hostile(t *testing.T, h Harness) {
	p := open(t, h)
	o := Sample()
	o.Remark = "<CUT><BR></QR><QR>x</QR>\x1b@\x1dV\x00 \x10\x04\x01 &lt;B&gt; 😀👨‍👩‍👧‍👦👍🏽 𠮷龘镕〇 ①€ “引号”…—"
	o.Bill.Lines[0].Name = "<FS2>双</FS2><MN>9</MN><CB>" + strings.Repeat("很长", 40)
	rows := ticket.Set(ticket.Shop, ticket.Data{Order: o, Code: "ord_0d1v5k2m8q3ra", Channel: "美团外卖", Locale: "zh-CN"}, 32)
	mustPrint(t, p, job("hostile-1", rows))
	slips := h.Slips()
	if len(slips) != 1 || len(slips[0].Wrong) > 0 || len(slips[0].Codes) != 1 {
		t.Fatalf("a text became commands: %d slips, %+v", len(slips), slips)
	}
}

func copies(t *testing.T, h Harness) {
	p := open(t, h)
	j := job("copies-1", Rows(ticket.Kitchen, 32))
	j.Copies = 2
	mustPrint(t, p, j)
	if s := h.Slips(); len(s) != 2 || s[0].Text != s[1].Text {
		t.Errorf("two copies gave %d slips", len(s))
	}
}

func late(t *testing.T, h Harness) {
	p := open(t, h)
	_, err := p.Print(channel.WithNotAfter(ctx(t), time.Now().Add(-time.Second)), job("late-1", Rows(ticket.Kitchen, 32)))
	if err == nil || len(h.Slips()) != 0 {
		t.Errorf("after the end of its lease it printed %d slips: %v", len(h.Slips()), err)
	}
	if !fault.Is(err, fault.Unavailable) {
		t.Errorf("nothing was sent, and the error is %v", err)
	}
}

// caught is a printer that goes off when its cloud has the job: it comes out once, when
// the printer returns, and until then counts as waiting.
func caught(t *testing.T, h Harness) {
	if !h.Driver.Info().Cloud {
		t.Skip("there is nothing between it and us")
	}
	p := open(t, h)
	h.Slow(300 * time.Millisecond)
	j := job("caught-1", Rows(ticket.Kitchen, 32))
	taken, err := p.Print(ctx(t), j)
	if err != nil {
		t.Fatal(err)
	}
	if taken.Printed && h.Driver.Info().Nature == effect.Additive {
		t.Fatal("what only the cloud has counts as printed")
	}
	h.Online(false)
	h.Slow(0)
	s, err := p.Look(ctx(t), j, printer.Trail{Ref: taken.Ref})
	if err != nil || s != printer.Waiting {
		t.Fatalf("while it is off it is %q, %v", s, err)
	}
	h.Online(true)
	if s, err = p.Look(ctx(t), j, printer.Trail{Ref: taken.Ref}); err != nil || s != printer.Printed || len(h.Slips()) != 1 {
		t.Fatalf("when it is back it is %q, %v, with %d slips", s, err, len(h.Slips()))
	}
}

func wrongKey(t *testing.T, h Harness) {
	if !h.Driver.Info().Cloud {
		t.Skip("it has none")
	}
	for _, f := range h.Driver.Info().Fields {
		if !f.Required || !f.Secret {
			continue
		}
		c := h.Config
		c.Credentials = map[string]channel.Secret{}
		for k, v := range h.Config.Credentials {
			c.Credentials[k] = v
		}
		c.Credentials[f.Name] = channel.NewSecret("not-the-key-it-has")
		p := openWith(t, h, c)
		_, err := p.Print(ctx(t), job("key-1", Rows(ticket.Kitchen, 32)))
		if err == nil || fault.Is(err, fault.Unavailable) || fault.Is(err, fault.Unknown) {
			t.Errorf("with a wrong %s it says %v: nobody would look at the key", f.Name, err)
		}
		for e := err; e != nil; e = errors.Unwrap(e) {
			if strings.Contains(e.Error(), "not-the-key-it-has") {
				t.Errorf("the key stands in the error %v", e)
			}
		}
		if len(h.Slips()) != 0 {
			t.Error("it printed with a wrong key")
		}
	}
}
