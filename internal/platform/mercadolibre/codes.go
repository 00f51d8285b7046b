package mercadolibre

import (
	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/order"
)

// Realm is the id space of Mercado Libre: order, shipment and pack numbers are unique
// over all countries, because there is one API host for all of them.
const Realm = "mercadolibre"

// Kinds of resources beside order.KindOrder and order.KindShipment.
const (
	kindPayment = "payment" // of Mercado Pago; read only to learn its order
	kindReturn  = "return"  // a shipment on its way back, kept apart from deliveries
)

// A site is a country's marketplace ("Sites" and "Authorization" in the developer
// documentation; service_id from the ME1 tracking page).
type site struct {
	code, currency, zone string
	consent              string // host of the consent page
	service              int    // service_id for the tracking of ME1
}

// sites are the countries served.
var sites = []site{
	{"MLB", "BRL", "America/Sao_Paulo", "auth.mercadolivre.com.br", 11},
	{"MLM", "MXN", "America/Mexico_City", "auth.mercadolibre.com.mx", 231876},
	{"MLA", "ARS", "America/Argentina/Buenos_Aires", "auth.mercadolibre.com.ar", 154},
	{"MLC", "CLP", "America/Santiago", "auth.mercadolibre.cl", 282578},
	{"MCO", "COP", "America/Bogota", "auth.mercadolibre.com.co", 282579},
}

func siteOf(code string) (site, bool) {
	for _, s := range sites {
		if s.code == code {
			return s, true
		}
	}
	return site{}, false
}

// Words of ours for what Mercado Libre says with a status and a tag together. The
// part before "/" is always its status.
const (
	paidHeld      = "paid/fraud_risk_detected" // tag: do not ship, cancel the sale
	paidUnfilled  = "paid/unfulfilled"         // tag: money went back with the order still paid; do not ship
	paidDelivered = "paid/delivered"           // tag, on a sale without shipment
	cancelSplit   = "cancelled/pack_splitted"  // cancel_detail.code: the package was split, new orders count
	cancelPaid    = "cancelled/paid"           // on the payment axis: cancelled, and a payment had gone through
)

// grammar maps their words to ours.
//
// An order's status goes back (pending_cancel to paid), so the newest last_updated
// decides on every axis; ranks only break ties. Mercado Libre sells for the merchant,
// there is nothing to accept: paid is accepted. pending_cancel, fraud_risk_detected
// and unfulfilled are held as waiting: nothing may be shipped, nothing is given back
// to stock yet, and an issue says why.
//
// A shipment says its status with the substatus behind "/" where that changes the
// meaning; any other substatus is kept beside it. not_verified, closed, error and
// active are in the list of statuses without an explanation: they stay unknown words.
var grammar = &order.Grammar{
	Realm: Realm,
	Axes: map[order.On]order.Axis{
		{Kind: order.KindOrder, Axis: order.AxisWork}: {First: order.TimeFirst, Words: map[string]order.Meaning{
			"confirmed":          {Rank: 1, Is: order.WorkWaiting},
			"payment_required":   {Rank: 2, Is: order.WorkWaiting},
			"payment_in_process": {Rank: 3, Is: order.WorkWaiting},
			"partially_paid":     {Rank: 4, Is: order.WorkWaiting},
			"paid":               {Rank: 5, Is: order.WorkAccepted},
			"partially_refunded": {Rank: 6, Is: order.WorkAccepted},
			paidUnfilled:         {Rank: 7, Is: order.WorkWaiting},
			paidHeld:             {Rank: 8, Is: order.WorkWaiting},
			paidDelivered:        {Rank: 9, Is: order.WorkDone},
			"pending_cancel":     {Rank: 10, Is: order.WorkWaiting},
			"invalid":            {Rank: 11, Is: order.WorkCancelled},
			"cancelled":          {Rank: 12, Is: order.WorkCancelled},
			cancelSplit:          {Rank: 13, Is: order.WorkReplaced},
		}},
		{Kind: order.KindOrder, Axis: order.AxisPayment}: {First: order.TimeFirst, Words: map[string]order.Meaning{
			"confirmed":          {Rank: 1, Is: order.Unpaid},
			"payment_required":   {Rank: 2, Is: order.Unpaid},
			"payment_in_process": {Rank: 3, Is: order.Unpaid},
			"partially_paid":     {Rank: 4, Is: order.Unpaid},
			"paid":               {Rank: 5, Is: order.Paid},
			"partially_refunded": {Rank: 6, Is: order.PartRefund},
			"pending_cancel":     {Rank: 7, Is: order.Paid},
			"invalid":            {Rank: 8, Is: order.Unpaid},
			"cancelled":          {Rank: 9, Is: order.Unpaid},
			cancelPaid:           {Rank: 10, Is: order.Paid}, // what went back is counted from the payments
		}},
		// Payments of Mercado Pago: approved, in_mediation and approved again do happen.
		{Kind: order.KidPayment, Axis: order.AxisPayment}: {First: order.TimeFirst, Words: map[string]order.Meaning{
			"pending":      {Rank: 1, Is: order.Unpaid},
			"in_process":   {Rank: 2, Is: order.Unpaid},
			"authorized":   {Rank: 3, Is: order.Unpaid},
			"rejected":     {Rank: 4, Is: order.Unpaid},
			"cancelled":    {Rank: 5, Is: order.Unpaid},
			"approved":     {Rank: 6, Is: order.Paid},
			"in_mediation": {Rank: 7, Is: order.InDispute},
			"refunded":     {Rank: 8, Is: order.Refunded},
			"charged_back": {Rank: 9, Is: order.Refunded},
		}},
		// What a shipment says of the preparation: the printed label is what a store
		// calls ready.
		{Kind: order.KindShipment, Axis: order.AxisWork}: {First: order.TimeFirst, Words: map[string]order.Meaning{
			"pending":                         {Rank: 1, Is: order.WorkAccepted},
			"handling":                        {Rank: 2, Is: order.WorkAccepted},
			"ready_to_ship":                   {Rank: 3, Is: order.WorkAccepted},
			"ready_to_ship/printed":           {Rank: 4, Is: order.WorkReady},
			"ready_to_ship/ready_for_pickup":  {Rank: 5, Is: order.WorkReady},
			"ready_to_ship/ready_for_dropoff": {Rank: 5, Is: order.WorkReady},
			"ready_to_ship/in_packing_list":   {Rank: 5, Is: order.WorkReady},
			"ready_to_ship/packed":            {Rank: 6, Is: order.WorkReady},
		}},
		// What it says of the label that Mercado Libre prints ("Shipment statuses",
		// ready_to_ship). A label that must be printed again is ready_to_print once more.
		{Kind: order.KindShipment, Axis: order.AxisLabel}: {First: order.TimeFirst, Words: map[string]order.Meaning{
			"ready_to_ship/ready_to_print":    {Rank: 1, Is: order.LabelWaiting},
			"ready_to_ship/printed":           {Rank: 2, Is: order.LabelPrinted},
			"ready_to_ship/in_packing_list":   {Rank: 3, Is: order.LabelPacked},
			"ready_to_ship/packed":            {Rank: 4, Is: order.LabelPacked},
			"ready_to_ship/ready_for_pickup":  {Rank: 5, Is: order.LabelPacked},
			"ready_to_ship/ready_for_dropoff": {Rank: 5, Is: order.LabelPacked},
		}},
		// Shipment statuses, "/shipment_statuses". A collected or dropped-off parcel is
		// still ready_to_ship there, while the buyer is told that it is on its way, and
		// the dispatch metric counts it as gone.
		{Kind: order.KindShipment, Axis: order.AxisDelivery}: {First: order.TimeFirst, Words: map[string]order.Meaning{
			"to_be_agreed":                        {Rank: 1, Is: order.NoDelivery},
			"not_specified":                       {Rank: 1, Is: order.NoDelivery},
			"pending":                             {Rank: 2, Is: order.NoDelivery},
			"handling":                            {Rank: 3, Is: order.NoDelivery},
			"ready_to_ship":                       {Rank: 4, Is: order.DeliverySought},
			"stale_ready_to_ship":                 {Rank: 4, Is: order.DeliverySought},
			"ready_to_ship/on_route_to_pickup":    {Rank: 5, Is: order.DeliveryAssigned},
			"ready_to_ship/picking_up":            {Rank: 6, Is: order.DeliveryAssigned},
			"ready_to_ship/dropped_off":           {Rank: 7, Is: order.DeliveryOnTheWay},
			"ready_to_ship/picked_up":             {Rank: 7, Is: order.DeliveryOnTheWay},
			"ready_to_ship/authorized_by_carrier": {Rank: 7, Is: order.DeliveryOnTheWay},
			"ready_to_ship/in_hub":                {Rank: 8, Is: order.DeliveryOnTheWay},
			"shipped":                             {Rank: 9, Is: order.DeliveryOnTheWay},
			"stale_shipped":                       {Rank: 9, Is: order.DeliveryOnTheWay},
			"delivered":                           {Rank: 10, Is: order.DeliveryDelivered},
			"not_delivered":                       {Rank: 11, Is: order.DeliveryFailed},
			"not_delivered/returned":              {Rank: 12, Is: order.DeliveryReturned},
			"not_delivered/returned_to_warehouse": {Rank: 12, Is: order.DeliveryReturned},
			"cancelled":                           {Rank: 13, Is: order.DeliveryCancelled},
		}},
	},
}

// word picks the most exact word of an axis: status with substatus where that is
// declared, else the status alone. The list of substatuses is open (149 documented,
// more come without notice), so an unknown one must not raise anything.
func word(on order.On, status, sub string) string {
	if sub != "" {
		if w := status + "/" + sub; grammar.Axes[on].Words[w].Is != "" {
			return w
		}
	}
	return status
}

// logisticsOf maps logistic.mode and logistic.type ("Modes and logistic types").
func logisticsOf(mode, kind string) order.Logistics {
	switch {
	case mode == "me2" && kind == "fulfillment":
		return order.Full
	case mode == "me2":
		return order.ME2
	case mode == "me1":
		return order.ME1
	case mode == "custom":
		return order.Custom
	case mode == "not_specified":
		return order.NoShipping
	}
	return ""
}

// unpaidStatus has the order statuses under which nothing has been sold for good.
var unpaidStatus = map[string]bool{"confirmed": true, "payment_required": true, "payment_in_process": true, "partially_paid": true}

// What a payment's status says about its money.
var (
	moneyCame = map[string]bool{"approved": true, "refunded": true, "in_mediation": true, "charged_back": true}
	moneyMay  = map[string]bool{"pending": true, "in_process": true, "authorized": true}
)

// cancelReasons are the reasons that a seller can give in a feedback with
// fulfilled=false. Each of them counts in the seller's cancellations.
var cancelReasons = []channel.Choice{
	{Code: "OUT_OF_STOCK", Label: channel.Text{ZH: "无库存", EN: "Out of stock"}},
	{Code: "BUYER_REGRETS", Label: channel.Text{ZH: "买家反悔", EN: "The buyer changed their mind"}},
	{Code: "BUYER_NOT_ENOUGH_MONEY", Label: channel.Text{ZH: "买家资金不足", EN: "The buyer has not enough money"}},
	{Code: "BUYER_DID_NOT_ANSWER", Label: channel.Text{ZH: "联系不上买家", EN: "The buyer does not answer"}},
	{Code: "DUBIOUS_BUYER", Label: channel.Text{ZH: "买家可疑", EN: "The buyer is dubious"}},
	{Code: "SELLER_REGRETS", Label: channel.Text{ZH: "卖家不想卖了", EN: "The seller changed their mind"}},
	{Code: "THEY_NOT_HONORING_POLICIES", Label: channel.Text{ZH: "对方不遵守规则", EN: "The other side does not honour the policies"}},
	{Code: "UNAVAILABLE_PRODUCT", Label: channel.Text{ZH: "商品不可用", EN: "The product is not available"}},
	{Code: "MANUFACTURING_PRODUCT_NOT_FINISHED", Label: channel.Text{ZH: "定制商品未完成", EN: "The product is not finished"}},
	{Code: "SELLER_HOLIDAY", Label: channel.Text{ZH: "店铺休假", EN: "The seller is on holiday"}},
	{Code: "HIGH_ML_COMISSION", Label: channel.Text{ZH: "平台佣金过高", EN: "The commission is too high"}},
	{Code: "HIGH_TAXES", Label: channel.Text{ZH: "税费过高", EN: "The taxes are too high"}},
	{Code: "HIGH_SHIPMENT_COST", Label: channel.Text{ZH: "运费过高", EN: "The shipping cost is too high"}},
	{Code: "WRONG_SHIPMENT_COST", Label: channel.Text{ZH: "运费有误", EN: "The shipping cost is wrong"}},
	{Code: "WRONG_RECEIVER_ADDRESS", Label: channel.Text{ZH: "收货地址有误", EN: "The receiver's address is wrong"}},
	{Code: "SELLER_ADDRESS_WITHDRAWAL", Label: channel.Text{ZH: "需到卖家处自提", EN: "It must be collected at the seller"}},
	{Code: "UNFRIENDLY_SHIPMENT_POLICY", Label: channel.Text{ZH: "物流规则不合适", EN: "The shipping policy does not suit"}},
	{Code: "UNPRINTED_LABEL", Label: channel.Text{ZH: "面单无法打印", EN: "The label could not be printed"}},
	{Code: "UNABLE_TO_READ_LABEL", Label: channel.Text{ZH: "面单无法识别", EN: "The label cannot be read"}},
	{Code: "UNWITHDRAWN_PRODUCT_BY_DELIVER_COMPANY", Label: channel.Text{ZH: "物流未揽收", EN: "The carrier did not collect it"}},
	{Code: "DENIED_PACKAGE", Label: channel.Text{ZH: "包裹被拒收", EN: "The package was refused"}},
	{Code: "SHIPMENT_PROBLEM_OTHER", Label: channel.Text{ZH: "其他发货问题", EN: "Another problem with the shipment"}},
	{Code: "DELIVERY_COMPANY_PROBLEM_OTHER", Label: channel.Text{ZH: "其他物流公司问题", EN: "Another problem with the carrier"}},
	{Code: "OTHER_MY_RESPONSIBILITY", Label: channel.Text{ZH: "其他（卖家原因）", EN: "Other, on our side"}},
	{Code: "OTHER_THEIR_RESPONSIBILITY", Label: channel.Text{ZH: "其他（买家原因）", EN: "Other, on the buyer's side"}},
}
