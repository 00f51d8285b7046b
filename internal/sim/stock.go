package sim

import "errors"

// ErrSoldOut is in the error of a purchase that found fewer pieces than it wanted.
var ErrSoldOut = errors.New("sold out")

// Why a platform's own number of pieces changed.
const (
	StockSold = "sold" // a buyer bought them
	StockBack = "back" // they were put back: a cancellation
	StockSet  = "set"  // the merchant set the number, by a call or on the platform's own page

	// StockFreed is no change of the number: pieces that were sold and had not left the store
	// are no longer wanted, and the platform does not put them back.
	StockFreed = "freed"
)

// A StockChange is one change of a number that a platform sells from. It is told while
// nobody else can see or change the number, so that the changes of several platforms,
// written down under one lock, are one history in which nothing lies between two lines.
type StockChange struct {
	Platform  string
	Shop      string // the store, the seller
	Item      string
	Variation string
	Order     string // of sold, back and freed
	Why       string
	Pieces    int // of sold, back and freed
	Shows     int // afterwards; -1 = unlimited
}
