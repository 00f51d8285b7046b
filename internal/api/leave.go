package api

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/tongdan/tongdan/fault"
)

// A Leave is how a server ends.
type Leave struct {
	// Notice is how long it goes on serving after /readyz has begun to say no, so that
	// whoever spreads the load sends nothing more. It should be more than two of that
	// one's intervals of asking.
	Notice time.Duration

	// Finish is what requests under way get after that.
	Finish time.Duration
}

// Serve answers on l until ctx ends, and then takes its leave: /readyz says no; after
// Notice no connection is taken any more, the streams end, and requests under way are
// waited for. It fails when it can no longer listen.
func (s *Server) Serve(ctx context.Context, server *http.Server, l net.Listener, leave Leave) error {
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(l) }()
	select {
	case err := <-failed:
		return fmt.Errorf("the server stopped: %w", err)
	case <-ctx.Done():
	}
	s.leaving.Store(true)
	select {
	case err := <-failed:
		return fmt.Errorf("the server stopped: %w", err)
	case <-time.After(leave.Notice):
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), leave.Finish)
	defer cancel()
	if err := server.Shutdown(last); err != nil {
		s.log.Warn("some requests did not end in time", "err", err)
		server.Close()
	}
	if err := <-failed; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("the server stopped: %w", err)
	}
	return nil
}

// errLeaving is what /readyz says at the end.
var errLeaving = fault.Say("api.readyz", fault.Unavailable, "node_stops", "this node is about to stop; send to another")
