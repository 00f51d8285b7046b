package mercadolibre

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Span is a duration on the platform's clock; in JSON a text such as "90s", "6h" or "72h".
type Span time.Duration

// MarshalJSON writes the text form.
func (d Span) MarshalJSON() ([]byte, error) { return json.Marshal(time.Duration(d).String()) }

// UnmarshalJSON reads the text form, or a number of seconds.
func (d *Span) UnmarshalJSON(b []byte) error {
	var seconds float64
	if json.Unmarshal(b, &seconds) == nil {
		if seconds < 0 || seconds > 1e9 {
			return errors.New("a duration in seconds must lie between 0 and 1e9")
		}
		*d = Span(seconds * float64(time.Second))
		return nil
	}
	var text string
	if err := json.Unmarshal(b, &text); err != nil {
		return errors.New(`a duration must be a text such as "90s" or a number of seconds`)
	}
	v, err := time.ParseDuration(text)
	if err != nil || v < 0 {
		return fmt.Errorf(`duration %.20q must look like "90s", "6h" or "72h"`, text)
	}
	*d = Span(v)
	return nil
}

func (d Span) or(other time.Duration) time.Duration {
	if d == 0 {
		return other
	}
	return time.Duration(d)
}

// Config holds the switches of the platform's behaviour. The zero value plays what the
// developer pages say, or where they were measured to be wrong, what was measured.
type Config struct {
	// ShipmentDelay is how long shipping.id of a new order stays null. 0: it exists at once.
	ShipmentDelay Span `json:"shipment_delay"`
	// OrderLag and ShipmentLag are how long a new order or shipment answers 404 although
	// it has been announced.
	OrderLag    Span `json:"order_lag"`
	ShipmentLag Span `json:"shipment_lag"`
	// SearchLag is how far the index behind /orders/search is behind the orders.
	SearchLag Span `json:"search_lag"`
	// StepDelay is the time of each automatic step (handling, ready to print; everything for
	// Full). Default 10 s.
	StepDelay Span `json:"step_delay"`
	// PayWithin is how long a pending payment may stay unpaid. Default 72 h.
	PayWithin Span `json:"pay_within"`
	// CancelLateAfter is how long after its dispatch deadline an unsent ME2 sale is
	// cancelled by the platform; the number of days is not published. Default 120 h.
	CancelLateAfter Span `json:"cancel_late_after"`
	// InvoiceWithin is when a Brazilian sale without NF-e is cancelled. Default 72 h.
	InvoiceWithin Span `json:"invoice_within"`
	// Buffer holds new shipments in pending/buffered for so long (capacity). 0: not.
	Buffer Span `json:"buffer"`

	// TokenLife is the life of an access token. Default 6 h.
	TokenLife Span `json:"token_life"`
	// RatePerMinute is the application's budget for everything without a limit of its own; it
	// is not published. 0: no limit.
	RatePerMinute int `json:"rate_per_minute"`
	// Budgets overrides the published limits per endpoint group (messages_read,
	// messages_write, flex, user_products_stock, post_purchase), in calls a minute.
	Budgets map[string]int `json:"budgets,omitempty"`
	// LimitShape is how 429 looks: "json" (default), "text" (local_rate_limited) or "empty".
	// Post-purchase resources always answer JSON.
	LimitShape string `json:"limit_shape"`
	// RetryAfter is the header of a 429 in seconds; 0: absent.
	RetryAfter int `json:"retry_after"`

	// PartialRate is the share of order reads that are answered 206, without the fields
	// named by Missing (default buyer, feedback).
	PartialRate float64  `json:"partial_rate"`
	Missing     []string `json:"missing,omitempty"`
	// TruncatedRate and HTMLRate are the shares of answers that break off in the middle, or
	// are an HTML page with status 200.
	TruncatedRate float64 `json:"truncated_rate"`
	HTMLRate      float64 `json:"html_rate"`

	// TopicOffAfter is how many attempts in a row may fail before a topic is switched off; it
	// is not published. Default 200; negative: never.
	TopicOffAfter int `json:"topic_off_after"`
	// Topics are the topics switched on in the developer panel. Empty: all.
	Topics []string `json:"topics,omitempty"`

	// HideCancelled leaves cancelled orders out of a seller's search, as the pages say; they
	// were seen in it.
	HideCancelled bool `json:"hide_cancelled"`
	// ExactDates makes search filters exact; the pages say that minutes and seconds
	// are ignored.
	ExactDates bool `json:"exact_dates"`
	// CancelStaysConfirmed leaves the status of a sale that the seller cancelled at
	// confirmed, as the pages say; it was measured to become cancelled.
	CancelStaysConfirmed bool `json:"cancel_stays_confirmed"`
	// OldBuyerCancel writes cancel_detail of a buyer as group respondent, code
	// cancel_purchase_by_buyer.
	OldBuyerCancel bool `json:"old_buyer_cancel"`
	// V1TrackingOff refuses the older path of ME1 tracking with 404.
	V1TrackingOff bool `json:"v1_tracking_off"`
	// LabelsAPage is how many labels an A4 page holds, as the seller chose: 3 (default) or 1.
	LabelsAPage int `json:"labels_a_page"`
	// MuteLabelErrors leaves the id out of the refusal of a label, and LoseLabels leaves every
	// so-manieth label out of an answer to many without a word; the pages say nothing of either.
	MuteLabelErrors bool `json:"mute_label_errors"`
	LoseLabels      int  `json:"lose_labels"`
	// DelaysArray answers /shipments/{id}/delays with a bare array.
	DelaysArray bool `json:"delays_array"`

	// The forms below were seen in real captures; a client must read them all.
	StatusDetail     string `json:"status_detail"`     // "", "text" or "object"
	TextIDs          bool   `json:"text_ids"`          // ids of order, buyer, seller, payments as text
	TextVariation    bool   `json:"text_variation"`    // item.variation_id as text
	SalePurchase     bool   `json:"sale_purchase"`     // keys of order.feedback
	StockForm        string `json:"stock_form"`        // "", "object" or "array"
	DiscountsForm    string `json:"discounts_form"`    // "", "null" or "absent"
	EmbeddedShipping bool   `json:"embedded_shipping"` // the whole legacy shipment in order.shipping
	NullAgency       bool   `json:"null_agency"`
	TrailingZeros    bool   `json:"trailing_zeros"` // 52240.00
	TextUserID       bool   `json:"text_user_id"`   // user_id of notifications and missed feeds
	Unknown          bool   `json:"unknown"`        // unknown fields, tags and flows
	WrapCollection   bool   `json:"wrap_collection"`
}

func (c Config) withDefaults() Config {
	c.StepDelay = Span(c.StepDelay.or(10 * time.Second))
	c.PayWithin = Span(c.PayWithin.or(72 * time.Hour))
	c.CancelLateAfter = Span(c.CancelLateAfter.or(120 * time.Hour))
	c.InvoiceWithin = Span(c.InvoiceWithin.or(72 * time.Hour))
	c.TokenLife = Span(c.TokenLife.or(6 * time.Hour))
	if c.TopicOffAfter == 0 {
		c.TopicOffAfter = 200
	}
	if c.LabelsAPage != 1 {
		c.LabelsAPage = 3
	}
	if len(c.Missing) == 0 {
		c.Missing = []string{"buyer", "feedback"}
	}
	return c
}

func (c Config) check() error {
	for name, v := range map[string]float64{"partial_rate": c.PartialRate, "truncated_rate": c.TruncatedRate, "html_rate": c.HTMLRate} {
		if !(v >= 0 && v <= 1) {
			return fmt.Errorf("%s must lie between 0 and 1", name)
		}
	}
	switch c.LimitShape {
	case "", "json", "text", "empty":
	default:
		return errors.New("limit_shape must be json, text or empty")
	}
	if c.RatePerMinute < 0 || c.RetryAfter < 0 {
		return errors.New("rate_per_minute and retry_after must not be negative")
	}
	return nil
}

// Config returns the switches in force.
func (s *Sim) Config() Config {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cfg
}

// Configure changes the switches with f and keeps them.
func (s *Sim) Configure(f func(*Config)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.cfg
	f(&c)
	if err := c.check(); err != nil {
		return err
	}
	s.cfg = c.withDefaults()
	return s.book.Put("ml.config", "now", s.cfg)
}

// App returns the registered application.
func (s *Sim) App() App {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.app
}

// Register changes the application's registration with f and keeps it. A new
// client secret ends every access token, as a rotation at the developer panel does.
func (s *Sim) Register(f func(*App)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.app
	f(&a)
	if a.ClientID <= 0 || a.ClientSecret == "" {
		return errors.New("an application needs a client id and a client secret")
	}
	b := s.book.Begin()
	if a.ClientSecret != s.app.ClientSecret {
		for id, t := range s.tokens {
			if t.Kind == "access" {
				t.Dead = true
				b.Put("ml.token", id, t)
			}
		}
	}
	s.app = a
	b.Put("ml.app", "now", a)
	return b.Commit()
}
