package mercadolibre

import "encoding/json"

// Order is an order in the platform's own shape (GET /orders/{id}). It is also
// what the simulator keeps: the fields the platform has no other place for are
// in sale.
type Order struct {
	ID                      ID              `json:"id"`
	DateCreated             Stamp           `json:"date_created"`
	DateClosed              Stamp           `json:"date_closed"` // first moment confirmed or paid; stock is deducted then
	LastUpdated             Stamp           `json:"last_updated"`
	ExpirationDate          Stamp           `json:"expiration_date"`
	ManufacturingEndingDate Stamp           `json:"manufacturing_ending_date"`
	Comment                 *string         `json:"comment"`
	PackID                  *ID             `json:"pack_id"`
	PickupID                *ID             `json:"pickup_id"`
	OrderRequest            OrderRequest    `json:"order_request"`
	Fulfilled               *bool           `json:"fulfilled"`
	BuyingMode              string          `json:"buying_mode"`
	ShippingCost            *Amount         `json:"shipping_cost"` // null in a pack
	Mediations              []Mediation     `json:"mediations"`
	TotalAmount             Amount          `json:"total_amount"` // Σ unit price × quantity, no freight
	PaidAmount              Amount          `json:"paid_amount"`
	CurrencyID              string          `json:"currency_id"`
	OrderItems              []OrderItem     `json:"order_items"`
	Payments                []Payment       `json:"payments"`
	Shipping                ShippingRef     `json:"shipping"`
	Status                  string          `json:"status"`
	StatusDetail            json.RawMessage `json:"status_detail"`
	Tags                    []string        `json:"tags"`
	InternalTags            []string        `json:"internal_tags"`
	StaticTags              []string        `json:"static_tags"`
	Feedback                FeedbackRefs    `json:"feedback"`
	Context                 Context         `json:"context"`
	Seller                  UserRef         `json:"seller"`
	Buyer                   Buyer           `json:"buyer"`
	Taxes                   Taxes           `json:"taxes"`
	CancelDetail            *CancelDetail   `json:"cancel_detail"`
	RelatedOrders           json.RawMessage `json:"related_orders"`
}

// OrderRequest links returns and changes of the order.
type OrderRequest struct {
	Return *ID `json:"return"`
	Change *ID `json:"change"`
}

// Mediation is a claim on the order.
type Mediation struct {
	ID     ID     `json:"id"`
	Status string `json:"status,omitempty"`
}

// OrderItem is one line: a listing and its variation.
type OrderItem struct {
	Item                    ItemRef         `json:"item"`
	Quantity                int             `json:"quantity"`
	RequestedQuantity       *Measured       `json:"requested_quantity"`
	PickedQuantity          *int            `json:"picked_quantity"`
	UnitPrice               Amount          `json:"unit_price"` // after the discount
	FullUnitPrice           Amount          `json:"full_unit_price"`
	FullUnitPriceCurrencyID string          `json:"full_unit_price_currency_id"`
	GrossPrice              Amount          `json:"gross_price"` // (unit price + discounts.full) × quantity
	Discounts               []LineDiscount  `json:"discounts"`
	CurrencyID              string          `json:"currency_id"`
	ManufacturingDays       *int            `json:"manufacturing_days"`
	SaleFee                 Amount          `json:"sale_fee"` // commission per unit
	ListingTypeID           string          `json:"listing_type_id"`
	BaseExchangeRate        *Amount         `json:"base_exchange_rate"`
	BaseCurrencyID          *string         `json:"base_currency_id"`
	ElementID               int             `json:"element_id"`
	Bundle                  json.RawMessage `json:"bundle"`
	CompatID                json.RawMessage `json:"compat_id"`
	Stock                   json.RawMessage `json:"stock"`
	KitInstanceID           *string         `json:"kit_instance_id"`
}

// Measured is a quantity with its unit.
type Measured struct {
	Measure string `json:"measure"`
	Value   int    `json:"value"`
}

// LineDiscount says who pays a discount: the seller his part, the platform the rest.
type LineDiscount struct {
	Amounts struct {
		Full   Amount `json:"full"`
		Seller Amount `json:"seller"`
	} `json:"amounts"`
}

// ItemRef is what an order line says about its listing.
type ItemRef struct {
	ID                  string          `json:"id"`
	Title               string          `json:"title"`
	CategoryID          string          `json:"category_id"`
	VariationID         *ID             `json:"variation_id"`
	SellerCustomField   *string         `json:"seller_custom_field"`
	GlobalPrice         *Amount         `json:"global_price"`
	NetWeight           *Amount         `json:"net_weight"`
	VariationAttributes []Attribute     `json:"variation_attributes"`
	Warranty            *string         `json:"warranty"`
	Condition           string          `json:"condition"`
	SellerSKU           *string         `json:"seller_sku"`
	UserProductID       *string         `json:"user_product_id"`
	ReleaseDate         json.RawMessage `json:"release_date"`
}

// Attribute is a named value of a listing or variation.
type Attribute struct {
	ID        string  `json:"id"`
	Name      string  `json:"name,omitempty"`
	ValueID   *string `json:"value_id"`
	ValueName *string `json:"value_name"`
}

// Payment is one payment of an order.
type Payment struct {
	ID                        ID              `json:"id"`
	OrderID                   ID              `json:"order_id"`
	PayerID                   ID              `json:"payer_id"`
	Collector                 UserRef         `json:"collector"`
	CardID                    *ID             `json:"card_id"`
	Reason                    string          `json:"reason"`
	SiteID                    string          `json:"site_id"`
	PaymentMethodID           string          `json:"payment_method_id"`
	CurrencyID                string          `json:"currency_id"`
	Installments              int             `json:"installments"`
	IssuerID                  string          `json:"issuer_id"`
	ATMTransferReference      TransferRef     `json:"atm_transfer_reference"`
	CouponID                  *string         `json:"coupon_id"`
	ActivationURI             *string         `json:"activation_uri"`
	OperationType             string          `json:"operation_type"`
	PaymentType               string          `json:"payment_type"`
	AvailableActions          []string        `json:"available_actions"`
	Status                    string          `json:"status"`
	StatusCode                *string         `json:"status_code"`
	StatusDetail              *string         `json:"status_detail"`
	TransactionAmount         Amount          `json:"transaction_amount"`
	TransactionAmountRefunded Amount          `json:"transaction_amount_refunded"`
	TaxesAmount               Amount          `json:"taxes_amount"`
	ShippingCost              Amount          `json:"shipping_cost"`
	CouponAmount              Amount          `json:"coupon_amount"`
	OverpaidAmount            Amount          `json:"overpaid_amount"`
	TotalPaidAmount           Amount          `json:"total_paid_amount"`
	InstallmentAmount         *Amount         `json:"installment_amount"`
	DeferredPeriod            json.RawMessage `json:"deferred_period"`
	DateApproved              Stamp           `json:"date_approved"`
	TransactionOrderID        *string         `json:"transaction_order_id"`
	DateCreated               Stamp           `json:"date_created"`
	DateLastModified          Stamp           `json:"date_last_modified"`
	MarketplaceFee            Amount          `json:"marketplace_fee"`
	ReferenceID               *string         `json:"reference_id"`
	AuthorizationCode         *string         `json:"authorization_code"`
}

// TransferRef identifies a bank transfer.
type TransferRef struct {
	TransactionID *string `json:"transaction_id"`
	CompanyID     *string `json:"company_id"`
}

// ShippingRef points to the shipment; its id is null until that exists.
type ShippingRef struct {
	ID *ID `json:"id"`
}

// FeedbackRefs holds what both sides said of the sale.
type FeedbackRefs struct {
	Buyer  *FeedbackRef `json:"buyer"`
	Seller *FeedbackRef `json:"seller"`
}

// FeedbackRef is a feedback as shown inside an order.
type FeedbackRef struct {
	ID          ID     `json:"id"`
	Fulfilled   bool   `json:"fulfilled"`
	Rating      string `json:"rating"`
	DateCreated Stamp  `json:"date_created"`
	Status      string `json:"status"`
}

// Context says where the sale came from.
type Context struct {
	Channel string   `json:"channel"`
	Site    string   `json:"site"`
	Flows   []string `json:"flows"`
}

// UserRef is a user by id alone.
type UserRef struct {
	ID ID `json:"id"`
}

// Buyer is what the seller sees of the buyer. Phone and e-mail are not given.
type Buyer struct {
	ID          ID          `json:"id"`
	Nickname    string      `json:"nickname"`
	FirstName   string      `json:"first_name"`
	LastName    string      `json:"last_name"`
	BillingInfo BillingLink `json:"billing_info"`
}

// BillingLink is the id under which the buyer's fiscal data are read.
type BillingLink struct {
	ID string `json:"id"`
}

// Taxes are taxes on top of the order.
type Taxes struct {
	Amount     *Amount `json:"amount"`
	CurrencyID *string `json:"currency_id"`
	ID         *ID     `json:"id"`
}

// CancelDetail says who ended the order and why.
type CancelDetail struct {
	Group         string `json:"group"`
	Code          string `json:"code"`
	Description   string `json:"description"`
	RequestedBy   string `json:"requested_by"`
	Date          Stamp  `json:"date"`
	ApplicationID *ID    `json:"application_id"`
}

// Place is a named place with its id, both possibly null.
type Place struct {
	ID   *string `json:"id"`
	Name *string `json:"name"`
}

// Address is a postal address in the shape of shipments.
type Address struct {
	AddressID          ID      `json:"address_id"`
	AddressLine        string  `json:"address_line"`
	StreetName         string  `json:"street_name"`
	StreetNumber       string  `json:"street_number"`
	Comment            *string `json:"comment"`
	ZipCode            *string `json:"zip_code"`
	City               Place   `json:"city"`
	State              Place   `json:"state"`
	Country            Place   `json:"country"`
	Neighborhood       Place   `json:"neighborhood"`
	Municipality       Place   `json:"municipality"`
	DeliveryPreference string  `json:"delivery_preference,omitempty"`
	Latitude           float64 `json:"latitude"`
	Longitude          float64 `json:"longitude"`
}
