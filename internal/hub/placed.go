package hub

import (
	"sync"
	"time"
)

// placed is when each ride's place was last told by this node. It is in memory alone: a node that begins anew tells
// one place too many.
type placed struct {
	mu   sync.Mutex
	last map[string]time.Time
}

const keptPlaces = 4096 // rides, after which those that are over are forgotten

// due reports whether a ride's place may be told again, and takes the turn; spare reports whether a call may be spent on it.
func (p *placed) due(ride string, now time.Time, every time.Duration, spare func() bool) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if now.Sub(p.last[ride]) < every || !spare() {
		return false
	}
	if p.last == nil || len(p.last) >= keptPlaces {
		old := p.last
		p.last = map[string]time.Time{}
		for k, at := range old {
			if now.Sub(at) < every {
				p.last[k] = at
			}
		}
	}
	p.last[ride] = now
	return true
}
