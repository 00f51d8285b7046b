package db

import (
	"sync"

	"github.com/tongdan/tongdan/order"
)

// refs remembers what the platforms call orders, which never changes: verbs that name an
// order by our id need not look that up.
type refs struct {
	mu       sync.Mutex
	now, old map[orderKey]order.Ref // old is thrown away when now is full
}

const mostRefs = 10_000 // in each half; some 2 MB

func (r *refs) of(k orderKey) (order.Ref, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	ref, ok := r.now[k]
	if !ok {
		ref, ok = r.old[k]
	}
	return ref, ok
}

func (r *refs) know(k orderKey, ref order.Ref) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.now) >= mostRefs {
		r.old, r.now = r.now, nil
	}
	put(&r.now, k, ref)
}
