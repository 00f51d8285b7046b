package channel

import (
	"context"
	"encoding/json"
	"time"
)

// A Counter is a Shop whose platform can be asked how many orders a shop had on a day: for
// the completeness statement. A platform that has no such means lacks the power, and the
// statement says so.
type Counter interface {
	// Zone is in which the platform begins and ends a shop's day.
	Zone(shop string) *time.Location

	// Count counts one day. It makes at most some fifty calls and, when that was not
	// enough, gives a Tally with Resume, with which it is to be called again. It changes
	// nothing. It fails like Read; what the platform cannot tell for good is Cannot, and
	// no error.
	Count(ctx context.Context, d Day) (Tally, error)
}

// A Day is one day of one shop as the platform counts it.
type Day struct {
	Shop   string          // the platform's id
	From   time.Time       // midnight in the platform's zone
	To     time.Time       // the next one
	Resume json.RawMessage // of the Tally before; nil at first
}

// By which moment a platform puts an order into a day.
const (
	ByPaid   = "paid"
	ByPlaced = "placed"
)

// A Tally is what a platform counts.
type Tally struct {
	Orders int             // how many, by its own means
	Listed []string        // the ids of those that it names, each once
	Empty  []string        // numbers that it has given and that lead to no order: "#17"
	By     string          // ByPaid or ByPlaced
	Means  Text            // how it was counted
	Cannot Text            // why it cannot be told; Orders and Listed then mean nothing
	Resume json.RawMessage // there is more: call again with it; nil = done
}

// Counts reports whether a shop has the power.
func (c *Conn) Counts() bool {
	_, ok := c.shop.(Counter)
	return ok
}

// Zone and Count are those of Counter.
func (c *Conn) Zone(shop string) *time.Location {
	if s, ok := c.shop.(Counter); ok {
		return s.Zone(shop)
	}
	return time.UTC
}

// Count counts a day of a shop; fault.Unsupported without the power.
func (c *Conn) Count(ctx context.Context, d Day) (Tally, error) {
	if s, ok := c.shop.(Counter); ok {
		return s.Count(ctx, d)
	}
	return Tally{}, c.unsupported("channel.Count", Act{})
}
