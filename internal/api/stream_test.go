package api

import (
	"context"
	"testing"

	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
)

// A listener that does not read must not hold up the others, nor be told with a hole.
func TestASlowListenerIsLetGo(t *testing.T) {
	s := &Server{}
	s.feeds = &feeds{s: s, byMerchant: map[merchantID]*feed{}}
	slow := &client{db.Scope{Merchant: 1}, "usr_slow", make(chan event, 2)}
	quick := &client{db.Scope{Merchant: 1}, "usr_quick", make(chan event, 10)}
	_, stop := context.WithCancel(t.Context())
	fd := &feed{s: s, merchant: 1, stop: stop, epoch: 1, clients: map[*client]bool{slow: true, quick: true}}
	s.feeds.byMerchant[1] = fd
	fd.tell([]event{{epoch: 1, seq: 1}, {epoch: 1, seq: 2}, {epoch: 1, seq: 3}}, 1, 3)
	var got []int64
	for e := range slow.out { // it ends
		got = append(got, e.seq)
	}
	if len(got) != 2 || got[1] != 2 {
		t.Errorf("the slow one was told %v, want 1 and 2", got)
	}
	if len(quick.out) != 3 || !fd.clients[quick] || fd.clients[slow] {
		t.Errorf("the quick one has %d events", len(quick.out))
	}
	s.feeds.leave(slow)
	s.feeds.leave(quick)
	if len(s.feeds.byMerchant) != 0 {
		t.Error("the reader stays although nobody listens")
	}
}

func TestWhoSeesWhichChange(t *testing.T) {
	some := db.Scope{Merchant: 1, Stores: []ident.Store{7}}
	for _, test := range []struct {
		e         event
		all, some bool
	}{
		{event{order: true, store: 7}, true, true},
		{event{order: true, store: 8}, true, false},
		{event{order: true}, true, false}, // of no store yet
		{event{}, true, false},            // of connections
		{event{gone: true}, true, true},
	} {
		if got := test.e.visible(db.Scope{Merchant: 1}); got != test.all {
			t.Errorf("%+v to the owner: %v", test.e, got)
		}
		if got := test.e.visible(some); got != test.some {
			t.Errorf("%+v to a clerk: %v", test.e, got)
		}
	}
}

func TestASummaryIsMasked(t *testing.T) {
	in := `{"id":"ord_1","remark":"到了打 185 0000 0000，谢谢 2 杯","customer":{"name":"王小明(先生)","phone_tail":"0000","city":"杭州"}}`
	want := `{"customer":{"name":"王**","phone_tail":"0000","city":"杭州"},"id":"ord_1","remark":"到了打 ***，谢谢 2 杯"}`
	if got := string(maskSummary([]byte(in))); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if maskSummary([]byte(`{"customer":3}`)) != nil || maskSummary([]byte(`x`)) != nil {
		t.Error("what cannot be masked is shown")
	}
}

func FuzzParsePlace(f *testing.F) {
	f.Add("1-5")
	f.Add("--")
	f.Fuzz(func(t *testing.T, text string) {
		if seq, ok := parsePlace(text, 1, 100, nil); ok && (seq < 0 || seq > 100) {
			t.Errorf("%q gives %d", text, seq)
		}
	})
}
