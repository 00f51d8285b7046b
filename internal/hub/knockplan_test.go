package hub

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tongdan/tongdan/ident"
)

const minute = 60_000

// When a concern reaches whom: half of its time the store's manager, five minutes before
// the end the area's, headquarters when nobody takes it.
func TestAConcernGoesUp(t *testing.T) {
	for _, x := range []struct {
		what string
		kind string
		due  int64 // minutes after it began, 0 = none
		want [levels]int64
	}{
		{"Meituan's five minutes", ConcernUnaccepted, 5, [levels]int64{120_000, 150_000, 180_000, 240_000}},
		{"Douyin's fifteen", ConcernUnaccepted, 15, [levels]int64{120_000, 450_000, 600_000, 840_000}},
		{"a refund with half an hour", ConcernRefund, 30, [levels]int64{900_000, 900_000, 1_500_000, 1_740_000}},
		{"a reminder, which has no end", ConcernReminder, 0, [levels]int64{0, 60_000, 180_000, 300_000}},
	} {
		c := Concern{Kind: x.kind, SinceAt: 0}
		if x.due > 0 {
			c.DueAt = x.due * minute
		}
		if got := ladder(alarm{c, 0}, DefaultKnockRules); got != x.want {
			t.Errorf("%s: %v, want %v", x.what, got, x.want)
		}
	}
}

const lakeside, riverside = ident.Store(1), ident.Store(2)

var (
	group   = recipient{"snd_group", LevelStore, []ident.Store{lakeside}, "zh-CN", false}
	manager = recipient{"usr_manager", LevelManager, []ident.Store{lakeside}, "zh-CN", true}
	area    = recipient{"usr_area", LevelArea, []ident.Store{lakeside, riverside}, "en", true}
	head    = recipient{"usr_head", LevelHeadquarters, nil, "zh-CN", true}
)

func newOrder(id ident.Order, store ident.Store) Concern {
	return Concern{Key: ConcernUnaccepted + "/" + id.String(), Kind: ConcernUnaccepted, StoreID: store, Channel: "meituan", SinceAt: 0, DueAt: 5 * minute, Order: &ConcernOrder{ID: id, DaySeq: "12"}}
}

// tells plays a plan at a moment and notes what was told.
func tells(w *knockWorld, at int64, list ...Concern) (out []string) {
	w.now, w.alarms = time.UnixMilli(at), alarms(list)
	if w.rules == nil {
		w.rules = func(ident.Store) KnockRules { return DefaultKnockRules }
	}
	w.zone = func(ident.Store) string { return "Asia/Shanghai" }
	for _, d := range digests(*w) {
		out = append(out, d.to.id)
		for _, a := range d.list {
			if w.told == nil {
				w.told = map[[2]string]int64{}
			}
			w.told[[2]string{d.to.id, a.Key}] = at
		}
	}
	return out
}

func expect(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: told %v, want %v", what, got, want)
	}
}

func TestEachIsToldOnceAndInTurn(t *testing.T) {
	w := knockWorld{who: []recipient{group, manager, area, head}}
	c := newOrder(7, lakeside)
	expect(t, "before two minutes", tells(&w, 119_999, c))
	expect(t, "after two", tells(&w, 120_000, c), "snd_group")
	expect(t, "and not again", tells(&w, 125_000, c))
	expect(t, "at half time", tells(&w, 150_000, c), "usr_manager")
	expect(t, "two minutes left", tells(&w, 180_000, c), "usr_area")
	expect(t, "one minute left", tells(&w, 240_000, c), "usr_head")
	expect(t, "and no more", tells(&w, 299_000, c))
	refund := Concern{Key: "refund/" + ident.Order(7).String() + "/a", Kind: ConcernRefund, StoreID: lakeside, SinceAt: 300_000, DueAt: 300_000 + 30*minute, Order: c.Order}
	expect(t, "another matter of the same order", tells(&w, refund.SinceAt+15*minute, refund), "snd_group", "usr_manager")
	again := c
	again.SinceAt, again.DueAt = 10*minute, 15*minute
	expect(t, "the same one anew", tells(&w, 12*minute, again), "snd_group")
}

func TestWhoeverHasTakenItIsLeftAlone(t *testing.T) {
	w := knockWorld{who: []recipient{group, manager, area, head}}
	c := newOrder(7, lakeside)
	c.TakenBy = "usr_somebody"
	expect(t, "taken", tells(&w, 4*minute, c))
}

func TestNobodyOfAnotherStoreHearsOfIt(t *testing.T) {
	w := knockWorld{who: []recipient{group, manager}}
	expect(t, "another store's order", tells(&w, 4*minute, newOrder(7, riverside)))
	expect(t, "an order of no store", tells(&w, 4*minute, newOrder(8, 0)))
}

func TestWithoutAGroupTheNextLevelHearsAtOnce(t *testing.T) {
	w := knockWorld{who: []recipient{area, head}}
	c := newOrder(7, lakeside)
	expect(t, "after two minutes", tells(&w, 120_000, c), "usr_area")
	expect(t, "later", tells(&w, 200_000, c))
	expect(t, "headquarters in its turn", tells(&w, 240_000, c), "usr_head")
	groups := knockWorld{who: []recipient{manager}, rules: func(ident.Store) KnockRules {
		r := DefaultKnockRules
		r.People = false
		return r
	}}
	expect(t, "people are not to be told", tells(&groups, 4*minute, c))
}

// What comes at once, or while a message is on its way, becomes one message.
func TestManyBecomeOne(t *testing.T) {
	w := knockWorld{who: []recipient{group}, waiting: map[string]bool{"snd_group": true}}
	list := []Concern{newOrder(7, lakeside), newOrder(8, lakeside), newOrder(9, lakeside)}
	expect(t, "while one is on its way", tells(&w, 2*minute, list...))
	w.waiting = nil
	expect(t, "then", tells(&w, 2*minute+5000, list...), "snd_group")
}

// A platform that is down is one alarm for those who answer for several stores, and none
// for each of them.
func TestAPlatformThatIsDownIsOneAlarm(t *testing.T) {
	down := func(account string, stores ...ident.Store) Concern {
		return Concern{Key: "platform/" + account, Kind: ConcernOutage, Channel: "meituan", Cause: "failing", Stores: stores}
	}
	w := knockWorld{who: []recipient{group, manager, area, head}}
	list := []Concern{down("acc_1", lakeside), down("acc_2", riverside)}
	expect(t, "two stores", tells(&w, 1000, list...), "usr_area")
	expect(t, "five minutes later", tells(&w, 5*minute, list...), "usr_head")
	w = knockWorld{who: []recipient{group, manager, area, head}}
	expect(t, "one store", tells(&w, 1000, down("acc_1", lakeside)), "snd_group")
	w = knockWorld{who: []recipient{group}}
	expect(t, "nobody above", tells(&w, 1000, list...), "snd_group")
}

// Whoever was told that a printer prints nothing is told once more when its stand-in does: nobody
// has to run. Who hears of it only then is told once.
func TestAStandInIsNews(t *testing.T) {
	w := knockWorld{who: []recipient{group, manager, area}}
	c := Concern{Key: "printer/prn_1/0", Kind: ConcernPrinter, StoreID: lakeside, PrinterName: "后厨", Waiting: 3}
	expect(t, "at once", tells(&w, 1000, c), "snd_group")
	expect(t, "a minute later", tells(&w, minute, c), "usr_manager")
	c.StandIn, c.StandInAt, c.Waiting = "前台", 2*minute, 0
	expect(t, "with the stand-in", tells(&w, 2*minute+5000, c), "snd_group", "usr_manager")
	expect(t, "and not again", tells(&w, 2*minute+10_000, c))
	expect(t, "the next level in its turn", tells(&w, 3*minute, c), "usr_area")
	expect(t, "once", tells(&w, 4*minute, c))
}

func TestQuietHoursAreKept(t *testing.T) {
	r := DefaultKnockRules
	r.QuietFrom, r.QuietTo = 22*60, 7*60
	at := func(h, m int) time.Time { return time.Date(2026, 3, 1, h, m, 0, 0, time.FixedZone("", 8*3600)) }
	for _, x := range []struct {
		h, m  int
		quiet bool
	}{{21, 59, false}, {22, 0, true}, {3, 0, true}, {6, 59, true}, {7, 0, false}, {12, 0, false}} {
		if got := r.quiet(at(x.h, x.m), "Asia/Shanghai"); got != x.quiet {
			t.Errorf("%d:%02d is quiet: %v", x.h, x.m, got)
		}
	}
	if DefaultKnockRules.quiet(at(3, 0), "Asia/Shanghai") {
		t.Error("without quiet hours it is never quiet")
	}
}

func TestWhatAKnockSays(t *testing.T) {
	w := wording{now: time.UnixMilli(2 * minute), stores: []ident.Store{lakeside, riverside}, name: func(ident.Store) string { return "湖滨店" }, channel: func(_ string, zh bool) string {
		if zh {
			return "美团"
		}
		return "Meituan"
	}}
	of := func(c ...Concern) (out []alarm) { return alarms(c) }
	unaccepted := newOrder(7, lakeside)
	outage := Concern{Key: "platform/1", Kind: ConcernOutage, Channel: "meituan", Cause: "failing", Stores: []ident.Store{lakeside, riverside}}
	paperless := Concern{Key: "printer/prn_1/0", Kind: ConcernPrinter, StoreID: lakeside, PrinterName: "后厨", Waiting: 3}
	instead := paperless
	instead.StandIn = "前台"
	one := func(locale string) recipient { return recipient{locale: locale, stores: []ident.Store{lakeside}} }
	refund := Concern{Key: "refund/x", Kind: ConcernRefund, StoreID: lakeside, DueAt: 17*minute + 5000, Order: &ConcernOrder{DisplayRef: "2000001234"}}
	for _, x := range []struct {
		to   recipient
		list []alarm
		want string
	}{
		{group, of(unaccepted), "通单：1 件事等人处理|【美团 #12】2 分钟未接，剩 3:00"},
		{area, of(unaccepted), "Tongdan: 1 thing waits for somebody|湖滨店 [Meituan #12] not accepted for 2 min, 3:00 left"},
		{recipient{locale: "es", stores: []ident.Store{lakeside}}, of(unaccepted), "Tongdan: 1 asunto espera a alguien|[Meituan #12] sin aceptar desde hace 2 min, quedan 3:00"},
		{recipient{locale: "pt-BR", stores: []ident.Store{lakeside}}, of(unaccepted), "Tongdan: 1 assunto espera alguém|[Meituan #12] sem aceite há 2 min, restam 3:00"},
		{head, of(outage), "通单：1 件事等人处理|【美团】接口异常，2/2 家门店"},
		{manager, of(outage), "通单：1 件事等人处理|【美团】接口异常，1/1 家门店"},
		{group, of(paperless), "通单：1 件事等人处理|打印机 后厨：3 张未打印，请尽快处理"},
		{group, of(instead), "通单：1 件事等人处理|打印机 后厨 打不出：已改由 前台 打印，请尽快处理"},
		{area, of(instead), "Tongdan: 1 thing waits for somebody|湖滨店 printer 后厨 cannot print: 前台 prints instead, please see to it"},
		{one("es"), of(instead), "Tongdan: 1 asunto espera a alguien|la impresora 后厨 no imprime: los tickets salen en 前台, atiéndelo, por favor"},
		{one("pt-BR"), of(instead), "Tongdan: 1 assunto espera alguém|a impressora 后厨 não imprime: os tíquetes saem na 前台, cuide disso, por favor"},
		{manager, of(unaccepted, refund), "通单：2 件事等人处理|【美团 #12】2 分钟未接，剩 3:00|【美团 …001234】申请退款，剩 15:05"},
	} {
		m := w.message(x.to, x.list, false)
		if got := strings.Join(append([]string{m.Title}, m.Lines...), "|"); got != x.want {
			t.Errorf("%q, want %q", got, x.want)
		}
	}
	m := w.message(manager, of(unaccepted, refund), true)
	if m.What != "【美团 #12】2 分钟未接，另有 1 件" || m.Left != "剩 3:00" || !strings.Contains(m.Title, "补发") {
		t.Errorf("a short message of two, sent again: %+v", m)
	}
	many := make([]Concern, 40)
	for i := range many {
		many[i] = newOrder(ident.Order(100+i), lakeside)
	}
	if m := w.message(group, of(many...), false); len(m.Lines) != mostLines+1 || m.Lines[mostLines] != "另有 30 件" {
		t.Errorf("forty: %d lines, %q", len(m.Lines), m.Lines[len(m.Lines)-1])
	}
	for locale, words := range knockWords {
		for key := range knockWords["zh-CN"] {
			if words[key] == "" {
				t.Errorf("%s has no word for %s", locale, key)
			}
		}
	}
}

func TestPhonesAreReadAsPeopleWriteThem(t *testing.T) {
	for in, want := range map[string]string{"139 0000 0002": "+8613900000002", "+86 139-0000-0002": "+8613900000002", "+55 11 91234 5678": "+5511912345678", "12345": "", "+86123": "", "x": "", "": "", "+1": ""} {
		if got, ok := Phone(in); got != want || ok != (want != "") {
			t.Errorf("%q is %q", in, got)
		}
	}
	if got := MaskPhone("+8613900000002"); got != "+86139****0002" {
		t.Error(got)
	}
}
