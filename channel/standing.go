package channel

import (
	"context"
	"time"

	"github.com/tongdan/tongdan/front"
	"github.com/tongdan/tongdan/geo"
)

// A ShopState is how a platform shows a shop to customers.
type ShopState string

// The states.
const (
	ShopOpen    ShopState = "open"    // it takes orders
	ShopResting ShopState = "resting" // it can be seen and takes none
	ShopOffline ShopState = "offline" // it cannot be seen
)

// A Standing is how a platform shows one of its shops, and what it says of it.
type Standing struct {
	Shop    string    // the platform's id, as it is bound
	State   ShopState // "" = the platform does not say
	Name    string
	Address string
	Phone   string
	Place   geo.Point    // in the system of the platform's maps; zero = not told
	Hours   []front.Span // of every day; may pass midnight; nil = not told
}

// StandingNews is what a message tells of one shop. A State of "" says that something has changed, and that it is to
// be read.
type StandingNews struct {
	Shop  string
	State ShopState
	At    time.Time // when it became so
	Words string    // why, in the platform's words
	Held  bool      // the platform did it, and not the merchant
}

// A Surveyor reads how shops stand.
type Surveyor interface {
	// Standings reads shops by the platform's ids, in as few calls as there can be; without any, all that the account
	// has. One that the platform does not know is left out.
	Standings(ctx context.Context, shops []string) ([]Standing, error)
}

// A StandingPower declares a Surveyor.
type StandingPower struct {
	Every time.Duration // how often it is read beside what is pushed
	Batch int           // shops of one call
}

// Standings is that of Surveyor.
func (c *Conn) Standings(ctx context.Context, shops []string) ([]Standing, error) {
	if s, ok := c.shop.(Surveyor); ok {
		return s.Standings(ctx, shops)
	}
	return nil, c.unsupported("channel.Standings", Act{})
}
