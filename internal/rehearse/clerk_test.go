package rehearse

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tongdan/tongdan/internal/books"
	"github.com/tongdan/tongdan/internal/sim"
)

// What waits for a person is under way, and is neither what the hub is slow with nor a promise that it broke. Once it is
// sent after all it counts again.
func TestWhatWaitsForAPersonIsNotSlow(t *testing.T) {
	long := time.Now().Add(-2 * slowPlatform)
	const refund, ready = "order/applyPartRefund", "order/preparationMealComplete"
	k := &clerk{open: map[string]*press{}}
	for i, call := range []string{refund, ready} {
		p := &press{Press: books.Press{Key: books.Key("meituan", "1"), Kind: call, Effect: call}, call: call, at: long.Add(time.Duration(i) * time.Second)}
		k.open[p.Key+" "+call] = p
	}
	under := func(state string) orderView {
		o := orderView{Channel: "meituan", Ref: "1", Seq: 1}
		for effect, s := range map[string]string{refund: state, ready: "waiting"} {
			o.Pending = append(o.Pending, struct {
				EffectID string `json:"effect_id"`
				Kind     string `json:"kind"`
				State    string `json:"state"`
			}{effect, "", s})
		}
		return o
	}
	name := func(call string) string { return k.open[books.Key("meituan", "1")+" "+call].String() }
	k.ended(under("person"))
	n, oldest, late := k.waiting()
	if n != 2 || oldest.Name != name(ready) || len(late) != 1 || late[0] != name(ready) {
		t.Errorf("while a person is asked: %d, %+v, %q", n, oldest, late)
	}
	k.ended(under("waiting"))
	if n, oldest, late = k.waiting(); n != 2 || oldest.Name != name(refund) || len(late) != 1 || late[0] != name(refund) {
		t.Errorf("once it is sent after all: %d, %+v, %q", n, oldest, late)
	}
}

// Until somebody says what became of a refund of a part, no request for another one can be answered: the staff look it up
// within minutes, as their screen asks them to, and not when the day is over.
func TestTheStaffLookUpWhatNobodyKnows(t *testing.T) {
	for kind, changes := range map[string]int{"refund_partial 1": 1, "refund_partial 0": 0, "print 1": 1, "print 0": 0} {
		kind, _, _ = strings.Cut(kind, " ")
		outcome := []string{"not_done", "done"}[changes]
		synctest.Test(t, func(t *testing.T) {
			var said []string
			k := newClerk(newAPI("http://hub.test", "key"), &Plan{Speed: 10}, newDiary(), time.Now)
			k.api.http = &http.Client{Transport: answers(func(r *http.Request) (*http.Response, error) {
				b, _ := io.ReadAll(r.Body)
				said = append(said, r.URL.Path+" "+string(b))
				return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader("{}"))}, nil
			})}
			k.tally = func(channel, ref string) sim.Tally { return sim.Tally{"order/applyPartRefund": {Changes: changes}} }
			k.paper = func(id string) bool { return id == "ord_1" && changes > 0 }
			o := orderView{ID: "ord_1", Channel: "meituan", Ref: "1"}
			for _, state := range []string{"unknown", "person", "person"} {
				o.Pending = append(o.Pending[:0], struct {
					EffectID string `json:"effect_id"`
					Kind     string `json:"kind"`
					State    string `json:"state"`
				}{"eff_1", kind, state})
				k.look(t.Context(), o)
			}
			began := time.Now()
			k.work.Wait()
			if len(said) != 1 || !strings.HasSuffix(strings.Fields(said[0])[0], "/effects/eff_1/resolve") || !strings.Contains(said[0], `"`+outcome+`"`) || time.Since(began) > 24*time.Second {
				t.Errorf("after %v somebody said %q, want %s", time.Since(began), said, outcome)
			}
			if (k.asked != 1) != (kind == "print") || k.again["eff_1"] != 1-changes {
				t.Errorf("%d were looked up, %v to be sent again", k.asked, k.again)
			}
		})
	}
}

type answers func(*http.Request) (*http.Response, error)

func (f answers) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
