package mercadolibre

import (
	"encoding/json"
	"time"
)

// sale is everything kept about one order.
type sale struct {
	Order      Order     `json:"order"`
	Site       string    `json:"site"`
	VisibleAt  Stamp     `json:"visible_at"`         // GET answers 404 before it
	Feedback   *Feedback `json:"feedback,omitempty"` // the seller's: what "sale" shows
	Purchase   *Feedback `json:"purchase,omitempty"` // the buyer's
	Notes      []Note    `json:"notes,omitempty"`
	Messages   []Message `json:"messages,omitempty"`
	Billing    Billing   `json:"billing"`
	Deducted   bool      `json:"deducted,omitempty"` // listing stock was taken
	History    bool      `json:"history,omitempty"`  // placed as history: no timers of its own
	ReplacedBy []ID      `json:"replaced_by,omitempty"`

	// old are the latest states, newest last, for a search index that lags; not durable:
	// after a restart the index knows a changed order only once the lag has passed.
	old []indexed
}

type indexed struct {
	at    time.Time
	order Order
}

// Feedback is what one side said of a sale (GET /orders/{id}/feedback).
type Feedback struct {
	ID          ID             `json:"id"`
	OrderID     ID             `json:"order_id"`
	Role        string         `json:"role"`
	Fulfilled   bool           `json:"fulfilled"`
	Rating      string         `json:"rating"`
	Message     string         `json:"message"`
	Reason      *string        `json:"reason"`
	RestockItem bool           `json:"restock_item"`
	Status      string         `json:"status"`
	DateCreated Stamp          `json:"date_created"`
	Modified    bool           `json:"modified"`
	Reply       *FeedbackReply `json:"reply"`
	AppID       ID             `json:"app_id"`
}

// FeedbackReply answers a feedback; it is possible for 14 days and once.
type FeedbackReply struct {
	Text        string `json:"text"`
	DateCreated Stamp  `json:"date_created"`
}

// Note is a seller's private note on an order or pack.
type Note struct {
	ID          string `json:"id"`
	Note        string `json:"note"`
	DateCreated Stamp  `json:"date_created"`
	LastUpdated Stamp  `json:"date_last_updated"`
}

// Billing is the buyer's fiscal identity.
type Billing struct {
	DocType   string  `json:"doc_type"`
	DocNumber string  `json:"doc_number"`
	Company   bool    `json:"company,omitempty"`
	Address   Address `json:"address"`
}

type pack struct {
	ID           ID     `json:"id"`
	Seller       ID     `json:"seller"`
	Buyer        ID     `json:"buyer"`
	Orders       []ID   `json:"orders"`
	Shipment     ID     `json:"shipment"`
	Status       string `json:"status"`
	StatusDetail string `json:"status_detail,omitempty"`
	Family       ID     `json:"family,omitempty"`
	Created      Stamp  `json:"created"`
	Updated      Stamp  `json:"updated"`
	Notes        []Note `json:"notes,omitempty"`
}

// shipment is the state behind both wire formats.
type shipment struct {
	ID           ID       `json:"id"`
	Seller       ID       `json:"seller"`
	Site         string   `json:"site"`
	Pack         ID       `json:"pack,omitempty"`
	Orders       []ID     `json:"orders"`
	Mode         string   `json:"mode"`
	Type         string   `json:"type"`
	Status       string   `json:"status"`
	Substatus    string   `json:"substatus,omitempty"`
	Created      Stamp    `json:"created"`
	Updated      Stamp    `json:"updated"`
	VisibleAt    Stamp    `json:"visible_at"`
	Printed      Stamp    `json:"printed"`
	Tracking     string   `json:"tracking,omitempty"`
	TrackingURL  string   `json:"tracking_url,omitempty"`
	Method       string   `json:"method,omitempty"`
	Service      int      `json:"service,omitempty"`
	OptionName   string   `json:"option_name,omitempty"`
	ReceiverID   ID       `json:"receiver_id"`
	ReceiverName string   `json:"receiver_name"`
	Phone        string   `json:"phone,omitempty"`
	Comments     string   `json:"comments,omitempty"`
	Origin       Address  `json:"origin"`
	Destination  Address  `json:"destination"`
	Box          box      `json:"box"`
	Declared     Amount   `json:"declared"`
	Cost         Amount   `json:"cost"`        // the buyer pays
	ListCost     Amount   `json:"list_cost"`   // before discounts
	SenderCost   Amount   `json:"sender_cost"` // the seller pays
	Deadline     Stamp    `json:"deadline"`    // dispatch: /sla expected_date
	SLAService   string   `json:"sla_service,omitempty"`
	SLAUpdated   Stamp    `json:"sla_updated"`
	Dispatched   Stamp    `json:"dispatched"` // first hand-over event
	Promise      Stamp    `json:"promise"`    // estimated_delivery_time
	Limit        Stamp    `json:"limit"`
	Final        Stamp    `json:"final"`
	Extended     Stamp    `json:"extended"`
	Buffered     Stamp    `json:"buffered"` // lead_time.buffering.date
	Delays       []delay  `json:"delays,omitempty"`
	Rows         []step   `json:"rows"` // /history
	Sibling      *sibling `json:"sibling,omitempty"`
	Invoice      *invoice `json:"invoice,omitempty"`
	NeedsInvoice bool     `json:"needs_invoice,omitempty"`
	Speed        int      `json:"speed,omitempty"` // hours, of a custom shipment
	History      bool     `json:"history,omitempty"`
	Tags         []string `json:"tags,omitempty"`
	Manual       bool     `json:"manual,omitempty"` // no automatic steps
}

type box struct {
	Height int `json:"height"`
	Width  int `json:"width"`
	Length int `json:"length"`
	Weight int `json:"weight"`
}

type delay struct {
	Type string `json:"type"`
	Date Stamp  `json:"date"`
}

type step struct {
	Status    string `json:"status"`
	Substatus string `json:"substatus"`
	Date      Stamp  `json:"date"`
}

type sibling struct {
	Reason  string `json:"reason"`
	ID      ID     `json:"id"`
	Created Stamp  `json:"created"`
}

// invoice is the Brazilian NF-e put on a shipment.
type invoice struct {
	ID      ID     `json:"id"`
	Key     string `json:"key"`
	Serie   string `json:"serie"`
	Number  string `json:"number"`
	Amount  Amount `json:"amount"`
	Date    Stamp  `json:"date"`
	Created Stamp  `json:"created"`
	Updated Stamp  `json:"updated"`
}

// timer is something the platform will do by itself. There is at most one per
// key; all of them survive a restart.
type timer struct {
	Act string `json:"act"`
	ID  ID     `json:"id"`
	At  Stamp  `json:"at"`
}

// Item is a listing.
type Item struct {
	ID            string      `json:"id"`
	Title         string      `json:"title"`
	CategoryID    string      `json:"category_id"`
	Price         Amount      `json:"price"`
	BasePrice     Amount      `json:"base_price"`
	Available     int         `json:"available_quantity"`
	Sold          int         `json:"sold_quantity"`
	SKU           string      `json:"sku,omitempty"` // of a listing without variations
	Mode          string      `json:"mode"`          // me2, me1, custom, not_specified
	LogisticType  string      `json:"logistic_type"`
	Status        string      `json:"status"`
	SubStatus     []string    `json:"sub_status"`
	Variations    []Variation `json:"variations"`
	Box           box         `json:"box"`
	Brand         string      `json:"brand"`
	Seller        ID          `json:"seller"`
	Site          string      `json:"site"`
	UserProductID string      `json:"user_product_id,omitempty"`
	Version       int         `json:"version"` // grows with each stock change: x-version
	Created       Stamp       `json:"created"`
	Updated       Stamp       `json:"updated"`
}

// Variation is one buyable form of a listing.
type Variation struct {
	ID            ID          `json:"id"`
	Price         Amount      `json:"price"`
	Available     int         `json:"available_quantity"`
	Sold          int         `json:"sold_quantity"`
	SKU           string      `json:"sku"`
	Combination   []Attribute `json:"combination"`
	UserProductID string      `json:"user_product_id"`
}

// claim is a buyer's claim, kept small.
type claim struct {
	ID         ID              `json:"id"`
	Order      ID              `json:"order"`
	Seller     ID              `json:"seller"`
	Buyer      ID              `json:"buyer"`
	Site       string          `json:"site"`
	Type       string          `json:"type"`
	Stage      string          `json:"stage"`
	Status     string          `json:"status"`
	Reason     string          `json:"reason"`
	Fulfilled  bool            `json:"fulfilled"`
	Quantity   int             `json:"quantity"`
	Due        Stamp           `json:"due"`
	Created    Stamp           `json:"created"`
	Updated    Stamp           `json:"updated"`
	Resolution json.RawMessage `json:"resolution,omitempty"`
}
