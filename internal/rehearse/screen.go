package rehearse

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/tongdan/tongdan/internal/books"
)

// screen is a console that follows the live stream: what it shows is what the staff see.
// When the connection dies with its node it comes again with the last id that it saw.
type screen struct {
	api   *api
	diary *diary
	crowd *crowd
	shown func(orderView) // the staff look at it

	last string // id of the last event
	seq  int64  // its number, 0 before the first
}

// follow shows until ctx ends.
func (s *screen) follow(ctx context.Context) {
	for ctx.Err() == nil {
		if err := s.listen(ctx); err != nil && ctx.Err() == nil {
			wait(ctx, 200*time.Millisecond)
		}
	}
}

// quiet is how long a live stream may say nothing: twice the heartbeat and a bit.
const quiet = 35 * time.Second

func (s *screen) listen(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	watchdog := time.AfterFunc(quiet, cancel)
	defer watchdog.Stop()
	req, err := http.NewRequestWithContext(ctx, "GET", s.api.base+"/api/v1/stream", nil)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+s.api.key)
	if s.last != "" {
		req.Header.Set("Last-Event-ID", s.last)
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("HTTP %d", res.StatusCode)
	}
	lines := bufio.NewScanner(res.Body)
	lines.Buffer(make([]byte, 64<<10), 1<<20)
	var event, data, id string
	for lines.Scan() {
		watchdog.Reset(quiet)
		field, value, _ := strings.Cut(lines.Text(), ":")
		value = strings.TrimPrefix(value, " ")
		switch {
		case lines.Text() == "":
			if err := s.take(ctx, event, id, data); err != nil {
				return err
			}
			event, data, id = "", "", ""
		case field == "event":
			event = value
		case field == "data":
			data = value
		case field == "id":
			id = value
		}
	}
	return errors.Join(lines.Err(), errors.New("the stream ended"))
}

func (s *screen) take(ctx context.Context, event, id, data string) error {
	if id != "" {
		s.last = id
	}
	switch event {
	case "gone": // too far behind, or restored: everything is read anew
		s.seq = 0
		return s.api.orders(ctx, s.show)
	case "change":
		var c struct {
			Seq   int64      `json:"seq"`
			Order *orderView `json:"order"`
		}
		if err := json.Unmarshal([]byte(data), &c); err != nil {
			return err
		}
		if s.seq != 0 && c.Seq > s.seq+1 {
			s.diary.broke(BreakGap, fmt.Sprintf("from change %d to %d", s.seq, c.Seq))
		}
		s.seq = max(s.seq, c.Seq)
		if c.Order != nil {
			s.show(*c.Order)
		}
	}
	return nil
}

func (s *screen) show(o orderView) {
	s.crowd.show(books.Key(o.Channel, o.Ref))
	s.shown(o)
}
