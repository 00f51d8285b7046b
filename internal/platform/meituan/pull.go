package meituan

import (
	"cmp"
	"context"
	"encoding/json"
	"iter"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/order"
)

// Meituan's day: its order numbers begin anew at midnight in China.
var china = time.FixedZone("Asia/Shanghai", 8*3600) // no daylight saving

const (
	dayForm   = "20060102"
	daysBack  = 30   // order/getOrderIdByDaySeq goes no further: order FAQ
	lookAhead = 3    // numbers tried beyond the last known one of a day that is over
	maxOpen   = 200  // ranges of open numbers kept per shop and day
	maxSeq    = 1e6  // a number beyond it is a broken answer
	pageSize  = 20   // numbers per page
	giveUp    = 3    // failures in a row of one shop's numbers that end its walk
	infoLag   = 5000 // ms that the paid push is given before an unknown order is read
	againPace = 400  // ms between the reads of known orders that a wide pull asks for

	freshFor = 30 * time.Second // of the trade's clock, in which a wide pull looks for nothing new
)

// A cursor is where Pull stands: per shop and day of China.
type cursor map[string]map[string]walked

// walked is how far one day of one shop has been walked.
type walked struct {
	Upto  int    `json:"n"`           // numbers up to this one have been asked for
	Open  []span `json:"o,omitempty"` // of them, those without an answer yet
	Over  bool   `json:"e,omitempty"` // the day has ended and its end was found
	Again int    `json:"a,omitempty"` // numbers up to this one are still to be asked for anew, since something may have happened to their orders; 0 = none, askedAnew = all have been
}

// askedAnew stands until a pull has gone through, so that one that stumbles and is wide again does
// not begin anew.
const askedAnew = -1

// A span is a range of numbers, both ends included.
type span [2]int

// Pull walks the numbers of the day of each shop: the newest number, then the order behind
// each that was not walked yet. It yields hints, since the push with the content is
// expected any moment; a number whose order has come by push needs no call, and in a wide pull none before all shops
// have been looked through: a call for each order of a rush is more than flow control lets through. A wide pull
// also walks yesterday and today again, the newest first, and hints at a read of every order, because what happened
// to them may have been missed too, the known ones in small steps. That takes minutes where there are many shops, in
// which customers go on ordering, so that every freshFor it looks in all shops for what is new; a wide pull that
// breaks off goes on where it stopped with the next one, wide or not. A number
// that cannot be resolved stays open in the cursor and stops neither the others nor the pull.
// A shop at which the platform stumbles is asked again with the next pull, and is no reason
// to walk all the others anew; a pull that was cut off, or told to ask less, is followed by one that begins
// where it stopped, and behind a shop whose call took what was left of its time, so that of many shops each has its turn.
func (s *shop) Pull(ctx context.Context, p channel.Pull) iter.Seq2[channel.Page, error] {
	return func(yield func(channel.Page, error) bool) {
		w := walk{shop: s, ctx: ctx, wide: p.Wide, yield: yield, ask: p.Known}
		if len(p.Cursor) > 0 && json.Unmarshal(p.Cursor, &w.at) != nil {
			w.at = nil // a cursor of another form: begin anew, with overlap
			w.wide = true
		}
		if w.at == nil {
			w.at = cursor{}
		}
		maps.DeleteFunc(w.at, func(code string, _ map[string]walked) bool { return !slices.Contains(s.shops, code) })
		if w.wide {
			w.at.widen(s.env.Now())
		}
		var first error // the others come again with the next pull
		walked, stumbled := 0, true
		failed := func(err error) {
			first = cmp.Or(first, err)
			if err != nil && !fault.Is(err, fault.Unavailable) && !fault.Is(err, fault.Unknown) {
				stumbled = false // it refuses
			}
		}
		for more := true; more; {
			w.now, w.known = s.env.Now(), nil
			turn := s.inTurn()
			for i, code := range turn {
				err := w.shopDays(code)
				over := late(ctx)
				limited := fault.Is(err, fault.RateLimited)
				switch {
				case over && err != nil && !limited && !w.stopped: // it may have hung: the next one has its turn
					s.begin.Store(&turn[(i+1)%len(turn)])
				case w.stopped || over || limited:
					s.begin.Store(&code)
				}
				if w.stopped {
					return
				}
				failed(err)
				if limited || fault.Is(err, fault.Unauthorized) || over {
					walked = 0
					break // the same for every shop of the app
				}
				if err == nil {
					walked++
				}
			}
			if !w.page() {
				return
			}
			if more = false; first == nil || walked > 0 {
				var err error
				more, err = w.anew()
				if failed(err); first == nil {
					w.at.rest()
				}
				if w.stopped || !w.page() {
					return
				}
			}
		}
		switch {
		case first != nil && walked > 0 && stumbled:
			yield(channel.Page{}, &channel.Partly{Err: fault.Wrap("meituan.Pull", first)})
		case first != nil:
			yield(channel.Page{}, fault.Wrap("meituan.Pull", first))
		case w.left != nil:
			yield(channel.Page{}, &channel.Partly{Err: fault.Wrap("meituan.Pull", w.left)})
		}
	}
}

// widen has the numbers of yesterday and today that were walked asked for anew, and the end of
// yesterday looked for once more. One that has been begun goes on: what is newer was walked since.
func (c cursor) widen(now time.Time) {
	yesterday := now.In(china).AddDate(0, 0, -1).Format(dayForm)
	for _, days := range c {
		for d, v := range days {
			if d >= yesterday && v.Again == 0 {
				v.Again, v.Over = cmp.Or(v.Upto, askedAnew), false
				days[d] = v
			}
		}
	}
}

// late reports whether nothing may be asked any more.
func late(ctx context.Context) bool {
	limit, ok := channel.NotAfter(ctx)
	return ctx.Err() != nil || ok && !time.Now().Before(limit)
}

// inTurn are the shops in their order, beginning with the one at which the last pull was cut off.
func (s *shop) inTurn() []string {
	list := slices.Sorted(slices.Values(s.shops))
	if code := s.begin.Swap(nil); code != nil {
		if i := slices.Index(list, *code); i > 0 {
			list = slices.Concat(list[i:], list[:i])
		}
	}
	return list
}

// rest lets the days that have been asked anew be asked once more when a wide pull comes again.
func (c cursor) rest() {
	for _, days := range c {
		for d, v := range days {
			v.Again = max(v.Again, 0)
			days[d] = v
		}
	}
}

type walk struct {
	ask     func(context.Context) ([]channel.Numbered, error) // nil = nothing is known
	known   map[string]bool                                   // shop and number of today's orders that are here; nil = not asked yet
	shop    *shop
	ctx     context.Context
	wide    bool
	now     time.Time
	at      cursor
	steps   int64 // known orders that were hinted at, each a step after the one before
	items   []channel.Item
	yield   func(channel.Page, error) bool
	stopped bool  // the caller wants no more
	left    error // why the last number stayed open that was asked for in vain
}

// page hands out what has been collected, with a cursor that goes on behind it.
func (w *walk) page() bool {
	if w.stopped {
		return false
	}
	b, err := json.Marshal(w.at)
	if err != nil {
		b = []byte("{}") // numbers and texts always encode
	}
	items := w.items
	w.items = nil
	if !w.yield(channel.Page{Items: items, Cursor: b}, nil) {
		w.stopped = true
	}
	return !w.stopped
}

// shopDays walks the days of one shop that need it, oldest first.
func (w *walk) shopDays(code string) error {
	days := w.at[code]
	if days == nil {
		days = map[string]walked{}
		w.at[code] = days
	}
	midnight := w.now.In(china)
	today, yesterday := midnight.Format(dayForm), midnight.AddDate(0, 0, -1).Format(dayForm)
	oldest := midnight.AddDate(0, 0, -daysBack+1).Format(dayForm)
	first := yesterday // also at the very first pull
	for _, d := range slices.Sorted(maps.Keys(days)) {
		if !days[d].Over && d < first {
			first = max(d, oldest) // we have been away
			break
		}
	}
	maps.DeleteFunc(days, func(d string, v walked) bool { return d < oldest || d < yesterday && v.Over })
	var failed error
	for d, err := time.ParseInLocation(dayForm, first, china); err == nil && !d.After(midnight); d = d.AddDate(0, 0, 1) {
		day := d.Format(dayForm)
		at := days[day]
		if day != today && at.Over && len(at.Open) == 0 {
			continue
		}
		err := w.day(code, day, day == today, at)
		if w.stopped {
			return nil
		}
		failed = cmp.Or(failed, err)
		if stops(err) || w.ctx.Err() != nil {
			break
		}
	}
	return failed
}

// stops tells the errors that the next call would meet as well.
func stops(err error) bool {
	switch fault.CodeOf(err) {
	case fault.Unauthorized, fault.RateLimited, fault.Forbidden, fault.Invalid:
		return true
	}
	return false
}

// day walks one day: first the new numbers, then the open ones, so that a number that
// never resolves holds nothing up.
func (w *walk) day(code, day string, today bool, at walked) error {
	days := w.at[code]
	walked := at.Upto
	here := func(n int) bool {
		if !w.here(code, n) {
			return false
		}
		if w.wide && n > walked && (at.Again != askedAnew || walked == 0) {
			at.Again = max(at.Again, n) // its message came; a later one may not have
		}
		return true
	}
	newest, ahead := at.Upto, lookAhead
	switch {
	case today && !w.shop.talk.tellsNewest(): // numbers beyond are tried, as on a day that is over
		for here(at.Upto + 1) {
			at.Upto++
		}
		newest = at.Upto
	case today:
		n, err := w.newest(code)
		if err != nil {
			return err
		}
		newest, ahead = max(newest, n), 0
	}
	numbers, open := []int{}, map[int]bool{}
	for n := at.Upto + 1; n <= newest; n++ {
		numbers = append(numbers, n)
	}
	for _, o := range at.Open {
		for n := max(o[0], 1); n <= o[1] && n <= at.Upto; n++ {
			numbers = append(numbers, n)
			open[n] = true
		}
	}
	keep := func() {
		at.Open = spans(open)
		days[day] = at
	}
	if today && len(numbers) > 0 {
		numbers = slices.DeleteFunc(numbers, func(n int) bool {
			if !here(n) {
				return false
			}
			delete(open, n)
			return true
		})
	}
	failures, misses := 0, 0
	var last error
	for i := 0; i < len(numbers) || misses < ahead; i++ {
		n := at.Upto + 1 // beyond what is known
		if i < len(numbers) {
			n = numbers[i]
		}
		beyond := i >= len(numbers)
		if beyond {
			n += misses
		}
		item, err := w.number(code, day, n, w.wide)
		switch {
		case err == nil:
			failures = 0
			w.items = append(w.items, item)
			delete(open, n)
			for beyond && misses > 0 { // numbers were skipped: they are open
				open[n-misses] = true
				misses--
			}
			at.Upto = max(at.Upto, n)
		case beyond && fault.Is(err, fault.NotFound):
			misses++
		case fault.Is(err, fault.NotFound): // the number is not visible yet
			open[n] = true
			at.Upto = max(at.Upto, n)
		default:
			last = err
			failures++
			if stops(err) || w.ctx.Err() != nil || failures >= giveUp || beyond && w.shop.talk.tellsNewest() {
				keep()
				return err
			}
			for ; beyond && misses > 0; misses-- {
				open[n-misses] = true
			}
			open[n] = true
			at.Upto = max(at.Upto, n)
		}
		if len(w.items) >= pageSize {
			keep()
			if !w.page() {
				return nil
			}
		}
	}
	at.Over = !today && last == nil
	at.Upto = max(at.Upto, newest) // the last ones may have been known
	keep()
	w.left = cmp.Or(last, w.left)
	return nil
}

// anew asks anew for the numbers that a wide pull wants, of all shops, the newest first. more:
// its time was over before it had been through.
func (w *walk) anew() (more bool, failed error) {
	until := w.shop.env.Now().Add(freshFor)
	for _, code := range slices.Sorted(maps.Keys(w.at)) {
		days := w.at[code]
		var last error
		for _, day := range slices.Backward(slices.Sorted(maps.Keys(days))) {
			at := days[day]
			for failures := 0; at.Again > 0 && failures < giveUp; {
				if over := late(w.ctx); over || !w.shop.env.Now().Before(until) {
					return !over, failed
				}
				item, err := w.number(code, day, at.Again, true)
				switch {
				case err == nil:
					w.items = append(w.items, item)
				case fault.Is(err, fault.NotFound): // it is open already
				case fault.Is(err, fault.Unauthorized) || fault.Is(err, fault.RateLimited):
					return false, err
				case stops(err):
					last, failures = err, giveUp
					continue
				default:
					last, failures = err, failures+1
					continue
				}
				if failures, at.Again = 0, at.Again-1; at.Again == 0 {
					at.Again = askedAnew
				}
				if days[day] = at; len(w.items) >= pageSize && !w.page() {
					return false, failed
				}
			}
			if at.Again > 0 {
				failed = cmp.Or(failed, last)
			}
		}
	}
	return false, failed
}

// here reports whether the order behind a number of today is known. One that was placed
// or paid on another day may have that day's number.
func (w *walk) here(code string, n int) bool {
	if w.known == nil {
		w.known = map[string]bool{}
		if w.ask == nil {
			return false
		}
		list, err := w.ask(w.ctx)
		if err != nil {
			return false // asking the platform is always right
		}
		today := w.now.In(china).Format(dayForm)
		for _, k := range list {
			if k.Placed.In(china).Format(dayForm) == today && (k.Paid.IsZero() || k.Paid.In(china).Format(dayForm) == today) {
				w.known[k.Shop+" #"+k.Number] = true
			}
		}
	}
	return w.known[code+" #"+strconv.Itoa(n)]
}

// newest reads the latest number of today. Without it a shop is not pulled at all, so it
// is asked for once more where the platform stumbled.
func (w *walk) newest(code string) (int, error) {
	const op = "meituan.newest"
	ask := call{path: "order/getOrderDaySeq", params: map[string]string{"app_poi_code": code}}
	data, _, err := w.shop.do(w.ctx, op, code, ask)
	if fault.Is(err, fault.Unavailable) || fault.Is(err, fault.Unknown) {
		data, _, err = w.shop.do(w.ctx, op, code, ask)
	}
	if err != nil {
		return 0, err
	}
	var v struct {
		Seq text `json:"day_seq"`
	}
	if json.Unmarshal(data, &v) == nil && v.Seq == "" {
		return 0, nil // no order yet today
	}
	n, err := strconv.Atoi(string(v.Seq))
	if err != nil || n < 0 || n > maxSeq {
		return 0, &fault.Error{Op: op, Code: fault.Unavailable, Ref: code, Why: fault.Because("answer_unreadable", "the platform's answer cannot be read")}
	}
	return n, nil
}

// number finds the order behind a number; known: it is to be read also when it is here.
func (w *walk) number(code, day string, n int, known bool) (channel.Item, error) {
	const op = "meituan.number"
	ref := code + " " + day + " #" + strconv.Itoa(n)
	data, body, err := w.shop.do(w.ctx, op, ref, call{path: "order/getOrderIdByDaySeq",
		params: map[string]string{"app_poi_code": code, "date_time": day, "day_seq": strconv.Itoa(n)}})
	if err != nil {
		return channel.Item{}, err
	}
	f, err := formOf(data)
	id := f.id("order_id")
	switch {
	case err != nil:
		return channel.Item{}, &fault.Error{Op: op, Code: fault.Unavailable, Ref: ref, Why: fault.Because("answer_unreadable", "the platform's answer cannot be read")}
	case id == "":
		return channel.Item{}, &fault.Error{Op: op, Code: fault.NotFound, Ref: ref, Why: fault.Because("no_such_number", "no order has this number")}
	}
	hint := order.Hint{Ref: orderRef(id), After: w.now.UnixMilli() + infoLag, Why: "day_seq", IfUnknown: !known}
	if known { // a day of them at once would keep the orders waiting that nobody has seen
		w.steps++
		hint.Later = hint.After + w.steps*againPace
	}
	return channel.Item{What: "order.number", Ref: orderRef(id), Raw: body, Hints: []order.Hint{hint}}, nil
}

// spans writes numbers as ranges, so that a bad hour does not swell the cursor. Beyond
// the limit ranges are joined: a number asked for twice is harmless, a lost one is not.
func spans(open map[int]bool) []span {
	var out []span
	for _, n := range slices.Sorted(maps.Keys(open)) {
		if len(out) > 0 && out[len(out)-1][1] == n-1 {
			out[len(out)-1][1] = n
		} else {
			out = append(out, span{n, n})
		}
	}
	for len(out) > maxOpen { // join the two that are nearest to each other
		best := 0
		for i := range len(out) - 1 {
			if out[i+1][0]-out[i][1] < out[best+1][0]-out[best][1] {
				best = i
			}
		}
		out[best][1] = out[best+1][1]
		out = slices.Delete(out, best+1, best+2)
	}
	return out
}
