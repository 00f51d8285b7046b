package order

import (
	"encoding/json"
	"fmt"
	"reflect"
	"sync"
	"testing"

	"github.com/tongdan/tongdan/money"
)

// TestWhatIsKeptDecodedIsWhatTheBytesSay reads registers of more values than are kept, each
// several times and by several at once, also under a hash that is not theirs.
func TestWhatIsKeptDecodedIsWhatTheBytesSay(t *testing.T) {
	var all sync.WaitGroup
	for reader := range 3 {
		all.Go(func() {
			for i := range 3 * decodedKept {
				i := i/2 + reader // each twice in a row, and the same as others
				bill := Bill{Lines: []Line{{Key: "1", Name: fmt.Sprint("奶茶 ", i), Quantity: int64(i), Options: []string{"少冰"}}}, Total: money.Of(int64(i), "CNY")}
				raw, err := json.Marshal(bill)
				if err != nil {
					t.Error(err)
					return
				}
				reg := Stored(Stamp{}, raw)
				reg.Stamp.Hash[1], reg.Stamp.Hash[2], reg.Stamp.Hash[3] = 0, 0, 0 // many have the hash of another
				r := Record{Regs: map[string]Register{RegBill: reg}}
				got, ok := Get[Bill](r, RegBill)
				if !ok || !reflect.DeepEqual(got, bill) {
					t.Errorf("%s is read as %+v (%v)", raw, got, ok)
				}
				if head, ok := Get[Head](r, RegBill); !ok || head != (Head{}) {
					t.Errorf("as another type it is %+v (%v)", head, ok)
				}
			}
		})
	}
	all.Wait()
	if n := len(decoded.young) + len(decoded.old); n > 2*decodedKept {
		t.Errorf("%d values are kept, want at most %d", n, 2*decodedKept)
	}
}
