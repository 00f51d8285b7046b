package order

import (
	"bytes"
	"sync"
)

// What registers hold is decoded each time an order is folded, which is each time that
// anything is heard of it, and of the large ones little ever changes. What was decoded
// lately is therefore kept in memory, with the bytes that it came from.

const (
	decodedMin  = 64      // bytes of a value; shorter ones are as soon decoded
	decodedMax  = 4 << 10 // longer ones are not kept
	decodedKept = 1024    // values of a generation; there are two
)

// decodedKey finds a value. Its hash alone would do but for those who make two of one
// hash; so the bytes are compared.
type decodedKey struct {
	name string
	hash [8]byte
}

type decodedValue struct {
	from  []byte
	value any
}

// decoded has two generations: when the young one is full, the old one is forgotten.
type decodedValues struct {
	mu         sync.Mutex
	young, old map[decodedKey]decodedValue
}

var decoded decodedValues

// keeps reports whether values of a type are kept: those that nobody changes in place.
func keeps[T any]() bool {
	switch any((*T)(nil)).(type) {
	case *Bill, *Head, *Times, *Customer, *Parcel:
		return true
	}
	return false
}

func (d *decodedValues) get(k decodedKey, from []byte) any {
	d.mu.Lock()
	defer d.mu.Unlock()
	v, ok := d.young[k]
	if !ok {
		if v, ok = d.old[k]; ok {
			d.add(k, v)
		}
	}
	if !bytes.Equal(v.from, from) {
		return nil
	}
	return v.value
}

func (d *decodedValues) put(k decodedKey, from []byte, value any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.add(k, decodedValue{bytes.Clone(from), value})
}

func (d *decodedValues) add(k decodedKey, v decodedValue) {
	if d.young == nil || len(d.young) >= decodedKept {
		d.old, d.young = d.young, make(map[decodedKey]decodedValue, decodedKept)
	}
	d.young[k] = v
}
