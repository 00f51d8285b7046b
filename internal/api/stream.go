package api

import (
	"bytes"
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
)

// StreamChange is the data of a change event. A change of an order carries the order as
// lists show it; of several changes that come together the last one carries it.
type StreamChange struct {
	Change
	Order *OrderSummary `json:"order,omitempty"`
}

const (
	heartbeat  = 15 * time.Second
	writeTime  = 10 * time.Second // a client that takes longer for one piece has gone
	behind     = 512              // events that a slow client may be behind
	readAtOnce = 500
	maxReplay  = 20_000 // changes that a client may have missed before it must read anew
	maxClients = 2000   // of a merchant
)

type merchantID = ident.Merchant

// feeds has one reader per merchant that somebody listens to.
type feeds struct {
	s          *Server
	mu         sync.Mutex
	byMerchant map[merchantID]*feed
}

// feed reads a merchant's changes once for all its listeners.
type feed struct {
	s          *Server
	merchant   merchantID
	stop       context.CancelFunc
	epoch, seq int64 // of what was told last; under feeds.mu
	clients    map[*client]bool
}

// client is one listener. Its channel is closed when it is too slow, and when what he may
// see has changed: he comes again and is asked who he is.
type client struct {
	scope db.Scope
	who   string // usr_…, key_…
	out   chan event
}

// event is one change, written once for all who may see it in full and once for those
// who may not; the feed's numbers, which are not the same for all, are written between.
type event struct {
	epoch, seq   int64
	gone         bool
	order        bool
	store        ident.Store
	about        string // whom or what the change is about
	last         int64  // the number of the order's last change
	head         []byte // the change as JSON after its number
	full, masked []byte // the order as JSON before its number; nil: a later change carries it
}

// join begins to listen; what comes after epoch and seq will be in the client's channel.
func (f *feeds) join(ctx context.Context, scope db.Scope, who string) (c *client, epoch, seq int64, err error) {
	const op = "api.join"
	at, err := f.s.db.Feed(ctx, scope.Merchant)
	if err != nil {
		return nil, 0, 0, fault.Wrap(op, err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	fd, ok := f.byMerchant[scope.Merchant]
	if !ok {
		ctx, stop := context.WithCancel(context.Background())
		fd = &feed{s: f.s, merchant: scope.Merchant, stop: stop, epoch: at.Epoch, seq: at.Seq, clients: map[*client]bool{}}
		f.byMerchant[scope.Merchant] = fd
		go fd.run(ctx)
	}
	if len(fd.clients) >= maxClients {
		return nil, 0, 0, &fault.Error{Op: op, Code: fault.Unavailable, After: 10 * time.Second, Why: fault.Because("too_many_listen", "too many listen already; read /changes instead")}
	}
	c = &client{scope, who, make(chan event, behind)}
	fd.clients[c] = true
	return c, fd.epoch, fd.seq, nil
}

// leave ends listening; the last one takes the reader along.
func (f *feeds) leave(c *client) {
	f.mu.Lock()
	defer f.mu.Unlock()
	fd, ok := f.byMerchant[c.scope.Merchant]
	if !ok {
		return
	}
	delete(fd.clients, c)
	if len(fd.clients) == 0 {
		fd.stop()
		delete(f.byMerchant, c.scope.Merchant)
	}
}

// listeners counts them.
func (f *feeds) listeners() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for _, fd := range f.byMerchant {
		n += len(fd.clients)
	}
	return n
}

// run waits for changes and tells them, until nobody listens.
func (fd *feed) run(ctx context.Context) {
	seq, epoch := fd.seq, fd.epoch
	for ctx.Err() == nil {
		events, next, err := fd.read(ctx, epoch, seq)
		if err != nil {
			if ctx.Err() == nil {
				fd.s.log.Warn("the feed could not be read; trying again", "err", err)
				pause(ctx, time.Second)
			}
			continue
		}
		if len(events) > 0 {
			last := events[len(events)-1]
			seq, epoch = next, last.epoch
			fd.tell(events, epoch, seq)
		}
	}
}

func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// read gives the changes after a number, waiting for them.
func (fd *feed) read(ctx context.Context, epoch, seq int64) ([]event, int64, error) {
	if err := fd.s.db.Wait(ctx, fd.merchant, db.Receipt{Epoch: epoch, Seq: seq}); err != nil {
		return nil, seq, err
	}
	scope := db.Scope{Merchant: fd.merchant, Personal: true}
	list, now, err := fd.s.db.Changes(ctx, scope, seq, readAtOnce)
	if err != nil {
		return nil, seq, err
	}
	if now != epoch {
		at, err := fd.s.db.Feed(ctx, fd.merchant)
		return []event{{epoch: at.Epoch, seq: at.Seq, gone: true}}, at.Seq, err
	}
	if len(list) == 0 {
		return nil, seq, nil
	}
	events, err := fd.s.events(ctx, scope, epoch, list)
	return events, list[len(list)-1].Seq, err
}

// tell hands events to everybody; whoever is too far behind is let go.
func (fd *feed) tell(events []event, epoch, seq int64) {
	fs := fd.s.feeds
	fs.mu.Lock()
	defer fs.mu.Unlock()
	fd.epoch, fd.seq = epoch, seq
	for c := range fd.clients {
		for _, e := range events {
			if e.visible(c.scope) {
				select {
				case c.out <- e:
				default:
					e.about = c.who // too slow
				}
			}
			if e.about == c.who && c.who != "" {
				close(c.out)
				delete(fd.clients, c) // it comes again with the last id that it saw
				break
			}
		}
	}
}

// visible reports whether a listener may know of a change: those of some stores see
// only their orders.
func (e event) visible(s db.Scope) bool {
	return s.Stores == nil || e.gone || (e.order && s.Sees(e.store))
}

// events writes changes as they are told. Orders are read once for all of them.
func (s *Server) events(ctx context.Context, scope db.Scope, epoch int64, list []db.Change) ([]event, error) {
	const op = "api.events"
	last := map[ident.Order]int64{}
	var ids []ident.Order
	for _, c := range list {
		var id ident.Order
		if c.Kind == "order" && id.UnmarshalText([]byte(c.ID)) == nil && id != 0 {
			if _, ok := last[id]; !ok {
				ids = append(ids, id)
			}
			last[id] = c.Seq
		}
	}
	rows := map[ident.Order]*db.OrderRow{}
	for part := range slices.Chunk(ids, 200) {
		list, err := s.db.OrdersByID(ctx, scope, part)
		if err != nil {
			return nil, fault.Wrap(op, err)
		}
		for i := range list {
			rows[list[i].ID] = &list[i]
		}
	}
	out := make([]event, 0, len(list))
	for _, c := range list {
		if c.Kind == db.Hidden { // another store's: only the place to go on from
			continue
		}
		e := event{epoch: epoch, seq: c.Seq, about: c.ID}
		e.head = appendText(append(e.head, `,"kind":`...), c.Kind)
		e.head = appendText(append(e.head, `,"id":`...), c.ID)
		e.head = strconv.AppendInt(append(e.head, `,"at":`...), c.At, 10)
		var id ident.Order
		if c.Kind == "order" && id.UnmarshalText([]byte(c.ID)) == nil {
			row, ok := rows[id]
			if !ok {
				continue // not in this scope
			}
			e.order, e.store = true, row.Store
			if last[id] == c.Seq {
				listed := row.Listed()
				e.full, e.masked, e.last = s.appendSummary(nil, &listed, true), s.appendSummary(nil, &listed, false), row.Seq
			}
		}
		out = append(out, e)
	}
	return out, nil
}

// stream serves one listener.
func (s *Server) stream(ctx context.Context, in *streamInput) (*huma.StreamResponse, error) {
	c := who(ctx)
	veil, err := s.veil(c)
	if err != nil {
		return nil, err
	}
	l, epoch, seq, err := s.feeds.join(ctx, c.Scope, c.ID)
	if err != nil {
		return nil, err
	}
	after := in.LastEventID
	if after == "" {
		after = in.After
	}
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		defer s.feeds.leave(l)
		r, w := humago.Unwrap(hc)
		out := &sink{w: w, rc: http.NewResponseController(w), personal: c.Personal, veil: veil}
		h := w.Header()
		h.Set("Content-Type", "text/event-stream")
		h.Set("X-Accel-Buffering", "no") // proxies must not hold events back
		w.WriteHeader(http.StatusOK)
		out.text("retry: 1000\n")
		if s.replay(r.Context(), out, c.Scope, after, epoch, seq) != nil || out.flush() != nil {
			return
		}
		s.follow(r, out, l, epoch, seq)
	}}, nil
}

// replay tells what a listener has missed up to where the live events begin.
func (s *Server) replay(ctx context.Context, out *sink, scope db.Scope, after string, epoch, upTo int64) error {
	at, known := parsePlace(after, epoch, upTo, out.veil)
	switch {
	case after == "":
		at = upTo
	case !known || upTo-at > maxReplay:
		out.event(event{epoch: epoch, seq: upTo, gone: true})
		return out.err
	}
	if away, err := s.away(ctx, scope.Merchant, at, upTo); err != nil {
		return err
	} else if away { // older lines are not kept for ever
		out.event(event{epoch: epoch, seq: upTo, gone: true})
		return out.err
	}
	for at < upTo {
		list, now, err := s.db.Changes(ctx, scope, at, readAtOnce)
		if err != nil {
			return err
		}
		if now != epoch { // restored this very moment: the live events will say it
			return nil
		}
		if len(list) == 0 || (scope.Stores == nil && list[0].Seq != at+1) { // dropped this very moment
			out.event(event{epoch: epoch, seq: upTo, gone: true})
			return out.err
		}
		at = list[len(list)-1].Seq
		list = slices.DeleteFunc(list, func(c db.Change) bool { return c.Seq > upTo })
		events, err := s.events(ctx, scope, epoch, list)
		if err != nil {
			return err
		}
		for _, e := range events {
			if e.visible(scope) {
				out.event(e)
			}
		}
		if err := out.flush(); err != nil {
			return err
		}
	}
	out.text("id: " + out.place(epoch, upTo) + "\n\n") // no event, but the id to go on from
	return out.err
}

// parsePlace reads EPOCH-SEQ; false when it is of another epoch, of the future, or was
// told to somebody with other rights.
func parsePlace(text string, epoch, upTo int64, v *veil) (seq int64, ok bool) {
	a, b, found := strings.Cut(text, "-")
	e, err1 := strconv.ParseInt(a, 10, 64)
	shown, err2 := strconv.ParseInt(b, 10, 64)
	seq, known := v.find(shown)
	return seq, known && found && err1 == nil && err2 == nil && e == epoch && seq >= 0 && seq <= upTo
}

// follow tells live events until the client leaves, is too slow, may no longer listen,
// or the server stops.
func (s *Server) follow(r *http.Request, out *sink, l *client, epoch, seq int64) {
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for {
		select {
		case <-r.Context().Done():
			return
		case <-s.closing:
			return
		case <-beat.C:
			if now, err := s.authenticate(r); fault.Is(err, fault.Unauthorized) || err == nil && !now.seesAs(l.scope) {
				return
			}
			out.text(": " + itoa(s.now().UnixMilli()) + "\n\n")
		case e, ok := <-l.out:
			for more := true; more; {
				if !ok {
					return
				}
				if e.gone || e.epoch != epoch || e.seq > seq {
					out.event(e)
					epoch, seq = e.epoch, e.seq
				}
				select {
				case e, ok = <-l.out:
				default:
					more = false
				}
			}
		}
		if out.flush() != nil {
			return
		}
	}
}

// seesAs reports whether a caller may see what one of a scope may, neither more nor less.
func (c caller) seesAs(o db.Scope) bool {
	return (c.Stores == nil) == (o.Stores == nil) && slices.Equal(c.Stores, o.Stores) && c.Personal == o.Personal
}

// sink writes events, and remembers the first error.
type sink struct {
	w        http.ResponseWriter
	rc       *http.ResponseController
	personal bool
	veil     *veil
	buf      bytes.Buffer
	err      error
}

func (o *sink) text(s string) { o.buf.WriteString(s) }

func (o *sink) place(epoch, seq int64) string { return itoa(epoch) + "-" + itoa(o.veil.hide(seq)) }

func (o *sink) event(e event) {
	o.text("id: " + o.place(e.epoch, e.seq))
	if e.gone {
		o.text("\nevent: gone\ndata: {}\n\n")
		return
	}
	o.text("\nevent: change\ndata: {\"seq\":" + itoa(o.veil.hide(e.seq)))
	o.buf.Write(e.head)
	if e.full != nil {
		o.text(`,"order":`)
		if o.personal {
			o.buf.Write(e.full)
		} else {
			o.buf.Write(e.masked)
		}
		o.text(itoa(o.veil.hide(e.last)) + "}")
	}
	o.text("}\n\n")
}

func (o *sink) flush() error {
	if o.err != nil || o.buf.Len() == 0 {
		return o.err
	}
	o.rc.SetWriteDeadline(time.Now().Add(writeTime))
	if _, o.err = o.w.Write(o.buf.Bytes()); o.err == nil {
		o.err = o.rc.Flush()
	}
	o.buf.Reset()
	return o.err
}
