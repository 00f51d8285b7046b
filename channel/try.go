package channel

import "context"

// A Doubt is what a platform does not accept of a connection, told apart so that whoever connects it knows which
// of his entries to look at.
type Doubt string

// The doubts.
const (
	DoubtNone   Doubt = ""       // nothing, or the platform does not say what
	DoubtApp    Doubt = "app"    // it knows no such app
	DoubtSecret Doubt = "secret" // the signature: the secret, or the clock by which it was made
	DoubtToken  Doubt = "token"  // nobody has agreed yet, or what was agreed to has ended
	DoubtRight  Doubt = "right"  // the app may not call this
)

// A Trier makes one signed call that changes nothing, to find out whether an account's credentials are right.
type Trier interface {
	// Try gives the platform's id of whoever has agreed, "" where it has none. With an error it says what the
	// platform does not accept.
	Try(ctx context.Context) (external string, doubt Doubt, err error)
}

// A Finder lists the shops that an account may work for, whether they are bound here or not.
type Finder interface {
	// Found gives what the platform tells of each; a State of "" where it does not say.
	Found(ctx context.Context) ([]Standing, error)
}

// Joining says to a merchant who has never done it how an account of the platform is connected.
type Joining struct {
	For   Text   // who takes this way
	Takes Text   // how long the platform takes, as far as it is public
	Needs []Text // what to have at hand before one begins
	Steps []Text // what to do at the platform, in this order
}

// Try is that of Trier.
func (c *Conn) Try(ctx context.Context) (external string, doubt Doubt, err error) {
	if s, ok := c.shop.(Trier); ok {
		return s.Try(ctx)
	}
	return "", DoubtNone, c.unsupported("channel.Try", Act{})
}

// Found is that of Finder, or of a Surveyor that is asked for everything.
func (c *Conn) Found(ctx context.Context) ([]Standing, error) {
	if s, ok := c.shop.(Finder); ok {
		return s.Found(ctx)
	}
	return c.Standings(ctx, nil)
}
