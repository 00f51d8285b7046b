package rehearse

import (
	"testing"
	"time"

	"github.com/tongdan/tongdan/internal/books"
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
				State    string `json:"state"`
			}{effect, s})
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
