package meituan

import (
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/order"
)

// Realm is the id space of orders of Meituan Waimai: whatever way a store is connected,
// the same order has the same number.
const Realm = "meituan"

// Words that Meituan has no number for.
const (
	wordReady      = "api:ready" // order/preparationMealComplete was answered with ok
	wordOnTheWay   = "status:6"  // order status 6 of a store that delivers itself
	wordDelivered  = "status:7"
	wordApply      = "apply" // notify_type of a request for all
	wordPart       = "part"  // and for a part
	wordAppeal     = "appeal"
	wordAppealed   = "api:appealed" // order/refund/issue/appeal was answered with ok
	resType        = "res_type:"
	refundStatus   = "refund_status:"
	returnedStatus = "status:" // of stores with return and refund
)

// liable says who answers for a cancelled order, by its reason code (order documents, cancel
// reasons), where the code itself says it: those that say "other" say nothing.
var liable = map[string]order.Party{
	"1001": order.PartyMerchant, // not confirmed in time
	"1101": order.PartyCustomer, "1102": order.PartyCustomer, "1103": order.PartyCustomer, "1201": order.PartyCustomer,
	"2001": order.PartyMerchant, "2002": order.PartyMerchant, "2003": order.PartyMerchant, "2008": order.PartyMerchant, "2009": order.PartyMerchant, "2011": order.PartyMerchant,
	"2006": order.PartyCustomer, "2012": order.PartyCustomer,
	"2014": order.PartyCourier, "2015": order.PartyCourier, "2016": order.PartyCourier,
}

// grammar is what Meituan's words stand for. Sources: Meituan Waimai open platform
// documents, enumerations of order, logistics and refund states; where the documents
// are silent the comment says so.
var grammar = order.Grammar{
	Realm:  Realm,
	Liable: liable,
	Axes: map[order.On]order.Axis{
		// An order never goes back: a full refund takes it from 8 to 9, and a cancel
		// that races with a confirm wins.
		{Kind: order.KindOrder, Axis: order.AxisWork}: {First: order.RankFirst, Words: map[string]order.Meaning{
			"1":       {Rank: 10, Is: order.WorkWaiting},  // submitted, perhaps unpaid
			"2":       {Rank: 20, Is: order.WorkWaiting},  // pushed to the merchant
			"3":       {Rank: 30, Is: order.WorkWaiting},  // received by the merchant
			"4":       {Rank: 40, Is: order.WorkAccepted}, // confirmed
			"6":       {Rank: 50, Is: order.WorkAccepted}, // delivering, older documents
			"7":       {Rank: 55, Is: order.WorkAccepted}, // delivered, unconfirmed
			wordReady: {Rank: 60, Is: order.WorkReady},
			"8":       {Rank: 80, Is: order.WorkDone},
			"9":       {Rank: 90, Is: order.WorkCancelled},
		}},
		// The word is the order's status: only paid orders pass 1.
		{Kind: order.KindOrder, Axis: order.AxisPayment}: {First: order.RankFirst, Words: map[string]order.Meaning{
			"1": {Rank: 10, Is: order.Unpaid},
			"2": {Rank: 20, Is: order.Paid},
		}},
		// A rider who gives up leads to 100 and then 0 again, with no delivery id: the
		// time decides. Within one second 100 counts as the earlier one, since Meituan
		// looks for the next rider at once.
		{Kind: order.KindOrder, Axis: order.AxisDelivery}: {First: order.TimeFirst, Words: map[string]order.Meaning{
			"100":         {Rank: 5, Is: order.DeliveryCancelled},
			"0":           {Rank: 10, Is: order.DeliverySought},
			"1":           {Rank: 11, Is: order.DeliverySought}, // parcel made
			"5":           {Rank: 12, Is: order.DeliverySought}, // held back by delivery
			"10":          {Rank: 20, Is: order.DeliveryAssigned},
			"15":          {Rank: 30, Is: order.DeliveryAtStore},
			wordOnTheWay:  {Rank: 39, Is: order.DeliveryOnTheWay},
			"20":          {Rank: 40, Is: order.DeliveryOnTheWay},
			wordDelivered: {Rank: 49, Is: order.DeliveryDelivered},
			"40":          {Rank: 50, Is: order.DeliveryDelivered},
		}},
		// A case goes asked < refused by the merchant < appealed < refused by service or
		// withdrawn < agreed < money back; refused and appealed under one refund_id.
		{Kind: order.KidCase, Axis: order.AxisCase}: {First: order.RankFirst, Words: map[string]order.Meaning{
			wordApply:               {Rank: 10, Is: order.CaseAsked},
			wordPart:                {Rank: 10, Is: order.CaseAsked},
			resType + "0":           {Rank: 10, Is: order.CaseAsked},
			resType + "1":           {Rank: 20, Is: order.CaseRefused}, // by the merchant
			"reject":                {Rank: 20, Is: order.CaseRefused},
			wordAppeal:              {Rank: 30, Is: order.CaseAppealed},
			"reject:" + wordAppeal:  {Rank: 40, Is: order.CaseRefused, Ruled: true},
			resType + "3":           {Rank: 40, Is: order.CaseRefused, Ruled: true}, // by customer service
			resType + "7":           {Rank: 42, Is: order.CaseWithdrawn},
			"cancelRefund":          {Rank: 42, Is: order.CaseWithdrawn},
			resType + "8":           {Rank: 43, Is: order.CaseWithdrawn}, // the appeal was withdrawn
			"cancelRefundComplaint": {Rank: 43, Is: order.CaseWithdrawn},
			"agree":                 {Rank: 60, Is: order.CaseAgreed},
			resType + "2":           {Rank: 60, Is: order.CaseAgreed},               // by the merchant
			resType + "4":           {Rank: 60, Is: order.CaseAgreed, Ruled: true},  // by customer service
			resType + "5":           {Rank: 60, Is: order.CaseAgreed, ByTime: true}, // by itself, after the time limit
			resType + "6":           {Rank: 60, Is: order.CaseAgreed},               // by the system
			refundStatus + "4":      {Rank: 70, Is: order.CaseFailed},               // full, the money did not move
			refundStatus + "14":     {Rank: 70, Is: order.CaseFailed},               // partial
			refundStatus + "3":      {Rank: 80, Is: order.CaseRefunded},
			refundStatus + "13":     {Rank: 80, Is: order.CaseRefunded},

			// Stores with return and refund: two reviews, each with an appeal. After the
			// first review nothing can be pressed and no money moves until the goods are
			// back, which is what "appealed" means for people.
			returnedStatus + "1":  {Rank: 10, Is: order.CaseAsked},
			returnedStatus + "11": {Rank: 20, Is: order.CaseRefused},
			returnedStatus + "16": {Rank: 30, Is: order.CaseAppealed},
			returnedStatus + "18": {Rank: 40, Is: order.CaseRefused},
			returnedStatus + "10": {Rank: 44, Is: order.CaseAppealed},
			returnedStatus + "17": {Rank: 44, Is: order.CaseAppealed},
			returnedStatus + "20": {Rank: 46, Is: order.CaseAsked}, // goods sent back, final review
			returnedStatus + "22": {Rank: 50, Is: order.CaseRefused},
			returnedStatus + "26": {Rank: 52, Is: order.CaseAppealed},
			returnedStatus + "28": {Rank: 54, Is: order.CaseRefused},
			returnedStatus + "30": {Rank: 56, Is: order.CaseWithdrawn},
			returnedStatus + "21": {Rank: 60, Is: order.CaseAgreed},
			returnedStatus + "27": {Rank: 60, Is: order.CaseAgreed},
		}},
		// Why an order is held slow, without a moment: the worst that was said holds, until it was let off. Whether a
		// later word can be a milder one is not published. Source: the vendor's kit, getOrderMealStatus.
		{Kind: order.KindOrder, Axis: order.AxisSlow}: {First: order.RankFirst, Words: map[string]order.Meaning{
			wordSlow + "1": {Rank: 10, Is: order.SlowUnreported},
			wordSlow + "3": {Rank: 20, Is: order.SlowLate},
			wordSlow + "2": {Rank: 30, Is: order.SlowUntrue},
			wordSlow + "4": {Rank: 40, Is: order.SlowSpared},
		}},
		{Kind: order.KindOrder, Axis: order.AxisAppeal}: {First: order.RankFirst, Words: map[string]order.Meaning{
			wordAppealed: {Rank: 10, Is: order.AppealMade},
		}},
		// What becomes of an appeal is told by nothing that is published: somebody notes it.
		{Kind: order.KidCase, Axis: order.AxisAppeal}: {First: order.RankFirst, Words: map[string]order.Meaning{
			wordAppealed: {Rank: 10, Is: order.AppealMade},
		}},
	},
	AcceptWithin: 5 * time.Minute,  // then the system cancels with 1001: order FAQ
	RefundWithin: 30 * time.Minute, // then it agrees by itself: order FAQ
	RefundChain:  3 * time.Hour,    // of large chains (大连锁): order FAQ. No message says which time holds
	Acknowledge:  true,
}

// caseIs gives our word for a case's word.
func caseIs(word string) order.State {
	return grammar.Axes[order.On{Kind: order.KidCase, Axis: order.AxisCase}].Words[word].Is
}

// who names deal_op_type and apply_op_user_type.
var who = map[string]string{"1": "user", "2": "merchant", "3": "service", "4": "bd", "5": "system", "6": "open_platform"}

// reminderAnswers are what order/remindReply takes. Which number of Meituan's stands for
// which of its preset answers is not published; the text is sent with it.
var reminderAnswers = []channel.Choice{
	{Code: "1", Label: channel.Text{ZH: "已在制作", EN: "It is being made"}},
	{Code: "2", Label: channel.Text{ZH: "骑手已取餐", EN: "The rider has it"}},
}

// cancelReasons are what order/cancel takes; its own default is 2007.
var cancelReasons = []channel.Choice{
	{Code: "2009", Label: channel.Text{ZH: "商品已售完", EN: "Sold out"}},
	{Code: "2008", Label: channel.Text{ZH: "店铺太忙", EN: "Shop is too busy"}},
	{Code: "2011", Label: channel.Text{ZH: "店铺已打烊", EN: "Shop has closed"}},
	{Code: "2010", Label: channel.Text{ZH: "地址无法配送", EN: "Address cannot be delivered to"}},
	{Code: "2012", Label: channel.Text{ZH: "联系不上用户", EN: "Customer cannot be reached"}},
	{Code: "2013", Label: channel.Text{ZH: "重复订单", EN: "Duplicate order"}},
	{Code: "2006", Label: channel.Text{ZH: "用户要求取消", EN: "Customer asked for it"}},
	{Code: "2001", Label: channel.Text{ZH: "商家超时接单", EN: "Accepted too late"}},
	{Code: "2002", Label: channel.Text{ZH: "非顾客原因修改订单", EN: "Order changed, not by the customer"}},
	{Code: "2003", Label: channel.Text{ZH: "非顾客原因取消订单", EN: "Cancelled, not by the customer"}},
	{Code: "2004", Label: channel.Text{ZH: "配送延迟", EN: "Delivery is late"}},
	{Code: "2005", Label: channel.Text{ZH: "售后投诉", EN: "Complaint after sale"}},
	{Code: "2014", Label: channel.Text{ZH: "配送员取餐慢", EN: "Rider was slow to fetch it"}},
	{Code: "2015", Label: channel.Text{ZH: "配送员送餐慢", EN: "Rider was slow to bring it"}},
	{Code: "2016", Label: channel.Text{ZH: "配送员丢餐、少餐、餐洒", EN: "Rider lost or spilt it"}},
	{Code: "2007", Label: channel.Text{ZH: "其他原因", EN: "Other reason"}},
}

const otherReason = "2007"

// logistics says who brings the order. The leading zeros of a code matter. Self-delivery
// is 0000 and its variants; an empty code means it too. 1003 (众包/跑腿) and 2011 (its cakes) are
// dispatched by the merchant and ridden by Meituan's riders.
func logistics(code string, pickup bool) order.Logistics {
	switch {
	case pickup:
		return order.Pickup
	case code == "", code == "0000", code == "00009002", code == "00009003":
		return order.BySelf
	case code == "1003", code == "2011":
		return order.ByCrowd
	}
	return order.ByPlatform
}

// cutlery puts dinners_number into words, "" where the buyer did not choose.
func cutlery(n string) string {
	switch n {
	case "", "0":
		return ""
	case "-10":
		return "餐具10份以上"
	case "88":
		return "需要餐具"
	case "99":
		return "无需餐具"
	}
	return "餐具" + n + "份"
}
