package ticket

import (
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tongdan/tongdan/money"
	"github.com/tongdan/tongdan/order"
)

// Data is what a ticket is set from. Times are UTC ms, 0 = not known.
type Data struct {
	Order   *order.Order
	Code    string // what its QR code says: our id of the order
	Channel string // for people: 美团外卖
	Store   string
	Locale  string // of the words, see Locales
	Zone    *time.Location
	Now     int64 // when it is printed
	BeginAt int64 // when making must begin, of a pre-order
	ReadyBy int64
	Copy    Copy
	Only    []string // of a kitchen ticket: lines whose name or options hold one of these; none = all

	Case     string // of a change: the refund of a part that it tells of
	Reminder int    // of a change: the how-manieth reminder
}

// Has reports whether a kitchen with these words has anything to make of an order.
func Has(o *order.Order, only []string) bool {
	return o.Bill != nil && slices.ContainsFunc(o.Bill.Lines, func(l order.Line) bool { return isOf(l, only) })
}

func isOf(l order.Line, only []string) bool {
	if len(only) == 0 {
		return true
	}
	text := strings.ToLower(l.Name + " " + l.Spec + " " + strings.Join(l.Options, " "))
	return slices.ContainsFunc(only, func(w string) bool { return w != "" && strings.Contains(text, strings.ToLower(w)) })
}

// Set sets a ticket of an order for paper of so many columns.
func Set(kind Kind, d Data, columns int) []Row {
	s := newSheet(columns, d.Locale, d.Zone)
	switch kind {
	case Cancelled:
		s.cancelled(d)
	case Change:
		s.change(d)
	case Shop:
		s.shop(d)
	default:
		s.kitchen(d)
	}
	return s.rows
}

// number is what people call an order: its daily number, else the end of its display
// number.
func number(o *order.Order) string {
	if o.Head.DaySeq != "" {
		return "#" + o.Head.DaySeq
	}
	id := o.Head.Display
	if id == "" {
		id = o.Ref.ID
	}
	if r := []rune(id); len(r) > 4 {
		id = string(r[len(r)-4:])
	}
	return "*" + id
}

// top is what every ticket begins with: that it is a copy, its number, where it is from,
// when it is due.
func (s *sheet) top(d Data, title string) {
	if d.Copy.N > 1 {
		mark := s.words["copy"] + " " + s.words.fill("times", "n", strconv.Itoa(d.Copy.N))
		s.text(mark, Row{Size: Big, Bold: true, Center: true, Reverse: true})
		if d.Copy.By != "" {
			s.text(d.Copy.By, Row{Center: true})
		} else {
			s.text(s.words["maybe"], Row{Center: true})
		}
	}
	if d.Copy.Instead != "" {
		s.text(s.words.fill("instead", "p", d.Copy.Instead), Row{Bold: true, Center: true, Reverse: true})
	}
	if title != "" {
		s.text(title, Row{Bold: true, Center: true})
	}
	s.text(number(d.Order)+" "+d.Channel, Row{Size: Big, Bold: true, Center: true})
	s.text(d.Store, Row{Center: true})
	s.text(s.when(d), Row{Size: Tall, Bold: true, Center: true})
}

// when is how and when the customer gets it.
func (s *sheet) when(d Data) string {
	h, at := d.Order.Head, d.Order.Times.Promised
	switch {
	case h.Table != "":
		return s.words.fill("table", "t", h.Table)
	case h.Logistics == order.Pickup && at > 0:
		return s.words.fill("pickup_at", "t", s.clock(at, d.Now))
	case h.Logistics == order.Pickup:
		return s.words["pickup"]
	case at > 0:
		return s.words.fill("at", "t", s.clock(at, d.Now))
	}
	return s.words["now"]
}

func (s *sheet) kitchen(d Data) {
	s.top(d, s.words["kitchen"])
	if d.Order.Times.Promised > 0 && d.BeginAt > 0 {
		s.text(s.words.fill("begin", "t", s.clock(d.BeginAt, d.Now)), Row{Center: true})
	} else if d.ReadyBy > 0 {
		s.text(s.words.fill("ready", "t", s.clock(d.ReadyBy, d.Now)), Row{Center: true})
	}
	s.remark(d.Order)
	s.cutlery(d.Order)
	s.lines(d, d.Only, func(l order.Line) {
		left := l.Quantity - l.Refunded
		s.pair(l.Name, "x"+strconv.FormatInt(max(left, 0), 10), Row{Size: Big, Bold: true})
		s.chosen(l, Row{Size: Tall})
		if l.Refunded > 0 {
			s.text(s.words.fill("refunded", "n", strconv.FormatInt(l.Refunded, 10)), Row{Bold: true, Reverse: true})
		}
	})
	s.rule()
	s.foot(d)
}

func (s *sheet) shop(d Data) {
	o := d.Order
	s.top(d, s.words["shop"])
	s.remark(o)
	s.cutlery(o)
	s.lines(d, nil, func(l order.Line) {
		s.pair(l.Name, pad("x"+strconv.FormatInt(l.Quantity, 10), 4)+padLeft(l.Total.Text(), 7), Row{})
		s.chosen(l, Row{})
		if l.Refunded > 0 {
			s.text("  "+s.words.fill("refunded", "n", strconv.FormatInt(l.Refunded, 10)), Row{Bold: true})
		}
	})
	s.rule()
	s.money(o)
	s.customer(o)
	s.rule()
	s.foot(d)
}

// lines goes through what was bought, bag by bag where there are several.
func (s *sheet) lines(d Data, only []string, each func(order.Line)) {
	if d.Order.Bill == nil {
		s.rule()
		return
	}
	var pockets []int
	for _, l := range d.Order.Bill.Lines {
		if !slices.Contains(pockets, l.Pocket) {
			pockets = append(pockets, l.Pocket)
		}
	}
	slices.Sort(pockets)
	var n int64
	for i, p := range pockets {
		begun := false
		for _, l := range d.Order.Bill.Lines {
			if l.Pocket != p || !isOf(l, only) {
				continue
			}
			if !begun {
				begun = true
				if len(pockets) > 1 {
					s.headed(s.words.fill("pocket", "i", strconv.Itoa(i+1), "n", strconv.Itoa(len(pockets))))
				} else {
					s.rule()
				}
			}
			n += max(l.Quantity-l.Refunded, 0)
			each(l)
		}
	}
	s.rule()
	s.text(s.words.fill("pieces", "n", strconv.FormatInt(n, 10)), Row{Bold: true})
}

// chosen is what was chosen for a line, each a line of its own under it, and what the
// customer said to it.
func (s *sheet) chosen(l order.Line, like Row) {
	for _, o := range append([]string{l.Spec}, l.Options...) {
		if o = strings.TrimSpace(o); o != "" {
			s.text("  "+o, like)
		}
	}
	if l.Note != "" {
		like.Bold = true
		s.text("  * "+l.Note, like)
	}
}

// remark is what the customer and the shop wrote: it is what kitchens miss, so it is large
// and stands above the dishes.
func (s *sheet) remark(o *order.Order) {
	if o.Remark != "" {
		s.text(s.words["remark"]+": "+o.Remark, Row{Size: Tall, Bold: true})
	}
	for _, n := range o.Notes {
		s.text(s.words["note"]+": "+n.Text, Row{Size: Tall})
	}
}

// cutlery is how many sets of it the customer wants; the platforms say so among an order's
// tags.
func (s *sheet) cutlery(o *order.Order) {
	for _, t := range o.Tags {
		if strings.Contains(t, "餐具") {
			s.text(t, Row{Size: Tall, Bold: true})
		}
	}
}

func (s *sheet) money(o *order.Order) {
	b := o.Bill
	if b == nil {
		return
	}
	row := func(name string, a money.Amount, like Row) {
		if !a.IsZero() || like.Bold {
			s.pair(name, a.Text(), like)
		}
	}
	var goods []money.Amount
	for _, l := range b.Lines {
		goods = append(goods, l.Total)
	}
	if sum, err := money.Sum(goods...); err == nil && len(goods) > 0 {
		row(s.words["goods"], sum, Row{})
	}
	for _, x := range []struct {
		name string
		of   *money.Amount
	}{{"packing", b.Packing}, {"delivery", b.Delivery}, {"tip", b.Tip}, {"tax", b.Tax}} {
		if x.of != nil {
			row(s.words[x.name], *x.of, Row{})
		}
	}
	for _, f := range b.Fees {
		row(f.Name, f.Amount, Row{})
	}
	for _, x := range b.Discounts {
		if !x.InPrice {
			row(x.Name, x.Amount.Neg(), Row{})
		}
	}
	row(s.words["total"], b.Total, Row{Size: Tall, Bold: true})
	if o.Axes.Payment == order.Unpaid || o.Axes.Payment == order.PayLater {
		row(s.words["due"], b.Total, Row{Size: Tall, Bold: true, Reverse: true})
	}
	if !o.Refunded.IsZero() {
		row(s.words["refund"], o.Refunded, Row{Bold: true})
	}
}

// customer is who gets it, as far as whoever holds the ticket may see it.
func (s *sheet) customer(o *order.Order) {
	c := o.Customer
	if o.Invoice != nil && o.Invoice.Title != "" {
		s.text(s.words["invoice"]+": "+o.Invoice.Title, Row{})
		if o.Invoice.TaxID != "" {
			s.text(s.words["tax_id"]+": "+o.Invoice.TaxID, Row{})
		}
	}
	if c == nil || o.Head.Table != "" {
		return
	}
	if c.Name != "" {
		s.text(s.words["customer"]+": "+nameOn(c.Name), Row{})
	}
	if p := s.phone(*c); p != "" {
		s.text(s.words["phone"]+": "+p, Row{})
	}
	if a := addressOn(*c, o.Head.Logistics); a != "" {
		s.text(s.words["address"]+": "+a, Row{Size: Tall})
	}
}

// nameOn is a name as a ticket shows it, which lies open beside the bags: its first
// character. What the platform has shortened already stays as it is.
func nameOn(name string) string {
	if strings.ContainsAny(name, "*＊") || strings.Contains(name, "先生") || strings.Contains(name, "女士") {
		return name
	}
	r, _ := utf8.DecodeRuneInString(strings.TrimSpace(name))
	if r == utf8.RuneError {
		return ""
	}
	return string(r) + "**"
}

// phone is a number as a ticket shows it: a privacy number and its extension in full, since
// it ends with the order; a real one without its middle.
func (s *sheet) phone(c order.Customer) string {
	switch {
	case c.Phone == "":
		return ""
	case c.PhoneKind == "privacy":
		n, ext, ok := strings.Cut(c.Phone, "_")
		if !ok {
			n, ext, ok = strings.Cut(c.Phone, ",")
		}
		if !ok {
			return n
		}
		return n + " " + s.words["extension"] + " " + ext
	case strings.Contains(c.Phone, "*"):
		return c.Phone
	}
	r := []rune(c.Phone)
	switch n := len(r); {
	case n < 5:
		return "****"
	case n < 8:
		return "****" + string(r[n-4:])
	default:
		return string(r[:n-8]) + "****" + string(r[n-4:])
	}
}

// addressOn is an address as a ticket shows it: in full for a rider of the store's own, who
// has nothing else; without the door where the platform's rider has it on his phone; none
// where the customer comes for it.
func addressOn(c order.Customer, by order.Logistics) string {
	switch by {
	case order.Pickup, order.NoShipping:
		return ""
	case order.BySelf, order.Custom, "":
		return strings.TrimSpace(c.Address + " " + c.Detail)
	}
	return strings.TrimSpace(c.Address)
}

// foot is the order's long number, when it was placed and printed, and its code.
func (s *sheet) foot(d Data) {
	o := d.Order
	id := o.Head.Display
	if id == "" {
		id = o.Ref.ID
	}
	s.text(s.words["order"]+": "+id, Row{})
	times := ""
	if o.Times.Placed > 0 {
		times = s.words.fill("placed", "t", s.clock(o.Times.Placed, d.Now))
	}
	if d.Now > 0 {
		times += " " + s.words.fill("printed", "t", s.clock(d.Now, d.Now))
	}
	s.text(strings.TrimSpace(times), Row{})
	if d.Code != "" {
		s.add(Row{QR: d.Code, Center: true})
	}
}

func (s *sheet) cancelled(d Data) {
	o := d.Order
	s.text(s.words["cancel"], Row{Size: Big, Bold: true, Center: true, Reverse: true})
	s.text(s.words["stop"], Row{Size: Tall, Bold: true, Center: true})
	s.top(d, "")
	if o.CancelBy != "" {
		s.text(s.words["by"]+": "+o.CancelBy, Row{})
	}
	if o.CancelWhy != "" {
		s.text(s.words["why"]+": "+o.CancelWhy, Row{})
	}
	s.lines(d, d.Only, func(l order.Line) {
		s.pair(l.Name, "x"+strconv.FormatInt(l.Quantity, 10), Row{})
	})
	s.foot(Data{Order: o, Now: d.Now})
}

// change tells of a reminder, or of what a refund of a part takes off and what is left.
func (s *sheet) change(d Data) {
	o := d.Order
	s.text(s.words["change"], Row{Size: Big, Bold: true, Center: true, Reverse: true})
	s.top(d, "")
	if d.Reminder > 0 {
		s.text(s.words["reminder"]+" "+s.words.fill("nth", "n", strconv.Itoa(d.Reminder)), Row{Size: Big, Bold: true, Center: true})
		if d.Reminder <= len(o.Reminders) {
			s.text(o.Reminders[d.Reminder-1].Text, Row{Size: Tall})
		}
	}
	if i := slices.IndexFunc(o.Cases, func(c order.AfterSale) bool { return c.Key == d.Case && d.Case != "" }); i >= 0 {
		c := o.Cases[i].Case
		s.text(s.words["refund_part"], Row{Size: Tall, Bold: true, Center: true})
		if c.Reason != "" {
			s.text(s.words["why"]+": "+c.Reason, Row{})
		}
		for _, l := range c.Lines {
			s.pair(s.words["take_off"]+" "+l.Name, "x"+strconv.FormatInt(l.Quantity, 10), Row{Size: Big, Bold: true})
		}
		s.headed(s.words["keep"])
		left := false
		if o.Bill != nil {
			for _, l := range o.Bill.Lines {
				if n := l.Quantity - l.Refunded; n > 0 && isOf(l, d.Only) {
					left = true
					s.pair(l.Name, "x"+strconv.FormatInt(n, 10), Row{})
				}
			}
		}
		if !left {
			s.text(s.words["all_off"], Row{})
		}
	}
	s.foot(Data{Order: o, Now: d.Now})
}

// TestPage sets a page by which people see whether a printer prints as it should.
func TestPage(store, printer, code, locale string, zone *time.Location, now int64, columns int) []Row {
	s := newSheet(columns, locale, zone)
	s.text(s.words["test"], Row{Size: Big, Bold: true, Center: true})
	s.text(store, Row{Center: true})
	s.text(printer, Row{Center: true})
	s.text(time.UnixMilli(now).In(s.zone).Format("2006-01-02 15:04:05"), Row{Center: true})
	s.rule()
	s.text(s.words["chinese"], Row{})
	s.text(s.words.fill("columns", "n", strconv.Itoa(s.columns)), Row{})
	s.add(Row{Text: strings.Repeat("1234567890", 5)[:s.columns]})
	s.pair(s.words["long"], pad("x2", 4)+padLeft("56.00", 7), Row{})
	s.pair("#12", "x2", Row{Size: Big, Bold: true})
	s.text(s.words["ok"], Row{Size: Tall, Bold: true, Reverse: true})
	s.rule()
	s.add(Row{QR: code, Center: true})
	return s.rows
}
