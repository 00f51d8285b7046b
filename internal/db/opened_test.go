package db

import (
	"strconv"
	"testing"

	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/order"
)

// What is stored decides: what another node has written meanwhile is not what was opened here.
func TestAnOpenedRecordIsThatOfWhatIsStored(t *testing.T) {
	var o opened
	k := refKey{ident.Merchant(1), order.Ref{Realm: "meituan", Kind: order.KindOrder, ID: "1"}}
	rec := new(order.Record)
	o.know(k, &recordState{doc: []byte("a"), rec: rec})
	if got := o.of(k, []byte("a")); got != rec {
		t.Errorf("of what is stored %v is remembered", got)
	}
	if got := o.of(k, []byte("b")); got != nil {
		t.Errorf("of what another has written %v is remembered", got)
	}
	if got := o.of(k, nil); got != nil {
		t.Errorf("of a record that is not there any more %v is remembered", got)
	}
}

func TestOpenedRecordsAreBounded(t *testing.T) {
	var o opened
	const size = 4 << 10
	key := func(i int) refKey {
		return refKey{ident.Merchant(1), order.Ref{Realm: "meituan", Kind: order.KindOrder, ID: strconv.Itoa(i)}}
	}
	const n = 10 * mostOpened / size
	for i := range n {
		o.know(key(i), &recordState{doc: make([]byte, size), rec: new(order.Record)})
	}
	if kept := len(o.now) + len(o.old); kept > 2*mostOpened/size || kept < mostOpened/size/2 {
		t.Errorf("%d records of %d bytes are remembered", kept, size)
	}
	if o.of(key(n-1), make([]byte, size)) == nil || o.of(key(0), make([]byte, size)) != nil {
		t.Error("the newest are not those that stay")
	}
	o.know(key(n), &recordState{doc: make([]byte, mostOpened), rec: new(order.Record)})
	if o.of(key(n), make([]byte, mostOpened)) != nil {
		t.Error("one record takes all the room")
	}
}
