package sim

// Why a platform's own number of pieces changed.
const (
	StockSold = "sold" // a buyer bought them
	StockBack = "back" // they were put back: a cancellation
	StockSet  = "set"  // the merchant set the number, by a call or on the platform's own page
)

// A StockChange is one change of a number that a platform sells from. It is told while
// nobody else can see or change the number, so that the changes of several platforms,
// written down under one lock, are one history in which nothing lies between two lines.
type StockChange struct {
	Platform  string
	Shop      string // the store, the seller
	Item      string
	Variation string
	Order     string // of sold and back
	Why       string
	Pieces    int // of sold and back
	Shows     int // afterwards; -1 = unlimited
}
