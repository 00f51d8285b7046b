package db

import (
	"bytes"
	"sync"

	"github.com/tongdan/tongdan/order"
)

// opened remembers records that were opened or written lately, beside what is stored of them: most of what
// happens to an order happens within minutes, and each time its records are wanted as they were left. What
// is stored is read each time and compared, so that it does not matter who else writes.
type opened struct {
	mu       sync.Mutex
	now, old map[refKey]openedRecord // old is thrown away when now is full
	size     int                     // of what is stored of those in now
}

type openedRecord struct {
	doc []byte
	rec *order.Record // nobody changes it: see recordState
}

const mostOpened = 512 << 10 // bytes as stored, in each half; opened, about ten times as much

func (o *opened) of(k refKey, doc []byte) *order.Record {
	if doc == nil {
		return nil
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	r, ok := o.now[k]
	if !ok {
		r = o.old[k]
	}
	if !bytes.Equal(r.doc, doc) {
		return nil
	}
	return r.rec
}

func (o *opened) know(k refKey, s *recordState) {
	if s.rec == nil || s.doc == nil || len(s.doc) > mostOpened/8 {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.size += len(s.doc); o.size > mostOpened {
		o.old, o.now, o.size = o.now, nil, len(s.doc)
	}
	put(&o.now, k, openedRecord{s.doc, s.rec})
}
