package practice

import (
	"context"
	"slices"
	"time"

	"github.com/tongdan/tongdan/internal/api"
	"github.com/tongdan/tongdan/internal/hub"
	"github.com/tongdan/tongdan/order"
	"github.com/tongdan/tongdan/role"
)

// lessons in the order in which they come up. Each is done when one of the acts has been
// done at the platform, by that person; message when he has taken something of the
// message centre.
var lessons = []struct {
	id   string
	acts []order.ActionKind
}{
	{"accept", []order.ActionKind{order.Accept}},
	{"ready", []order.ActionKind{order.Ready}},
	{"message", nil},
	{"refund", []order.ActionKind{order.RefundApprove, order.RefundRefuse, order.RefundPartial}},
	{"refuse", []order.ActionKind{order.Refuse}},
	{"dispatch", []order.ActionKind{order.Dispatch}},
	{"ship", []order.ActionKind{order.Ship}},
}

// Lessons implements api.Course.
func (r *room) Lessons(ctx context.Context, who hub.Actor) ([]api.Lesson, error) {
	done, err := r.db.DoneBy(ctx, who.Merchant, who.ID)
	if err != nil {
		return nil, err
	}
	taken, err := r.db.TakenOf(ctx, who.Merchant)
	if err != nil {
		return nil, err
	}
	took := false
	for _, t := range taken {
		took = took || t.By == who.ID
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	out := []api.Lesson{}
	for _, l := range lessons {
		may := func(k order.ActionKind) bool {
			return who.Role.Check("practice", role.ActOn(string(k)), who.Stores == nil) == nil
		}
		if l.acts != nil && !slices.ContainsFunc(l.acts, may) {
			continue
		}
		is := l.acts == nil && took || slices.ContainsFunc(l.acts, func(k order.ActionKind) bool { return slices.Contains(done, string(k)) })
		if l.acts == nil { // given back, or cleared by the facts, it was learnt all the same
			if is {
				r.messages[who.ID] = true
			}
			is = r.messages[who.ID]
		}
		out = append(out, api.Lesson{ID: l.id, Done: is})
	}
	return out, nil
}

// Restart implements api.Course.
func (r *room) Restart(ctx context.Context) error { return r.stage.Restart(ctx) }

// Span implements api.Course.
func (r *room) Span() (began, ends int64) {
	return r.began.UnixMilli(), r.began.Add(r.stage.term.lasts).UnixMilli()
}

// Guests implements api.Course.
func (r *room) Guests() bool { return r.stage.gate != nil }

// over reports whether a room is to be dropped.
func (r *room) over(now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	t := r.stage.term
	return now.Sub(r.began) > t.lasts || r.inside == 0 && now.Sub(r.seen) > t.unused
}

// visit notes a request until done is called.
func (r *room) visit() (done func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.inside++
	r.seen = time.Now()
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.inside--
		r.seen = time.Now()
	}
}

// attended reports whether somebody is here, so that customers may order.
func (r *room) attended() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.inside > 0 || time.Since(r.seen) < quiet
}
