package counter

import (
	"github.com/tongdan/tongdan/order"
)

// The words of this channel, which are ours.
const (
	wordAccepted  = "accepted" // whoever enters an order has accepted it
	wordReady     = "ready"
	wordOnTheWay  = "on_the_way"
	wordHanded    = "handed_over"
	wordCancelled = "cancelled"
	wordLater     = "pay_later" // paid when it is handed over
	wordPaid      = "paid"
	wordGivenBack = "given_back"
)

// grammar is what they stand for. An order that was handed over cannot be cancelled any
// more; when both were said at the same time, the cancel holds, since money went back.
var grammar = order.Grammar{
	Realm: Realm,
	Axes: map[order.On]order.Axis{
		{Kind: order.KindOrder, Axis: order.AxisWork}: {First: order.RankFirst, Words: map[string]order.Meaning{
			wordAccepted:  {Rank: 10, Is: order.WorkAccepted},
			wordReady:     {Rank: 20, Is: order.WorkReady},
			wordHanded:    {Rank: 30, Is: order.WorkDone},
			wordCancelled: {Rank: 40, Is: order.WorkCancelled},
		}},
		{Kind: order.KindOrder, Axis: order.AxisPayment}:  paying,
		{Kind: order.KidPayment, Axis: order.AxisPayment}: paying,
		{Kind: order.KindOrder, Axis: order.AxisDelivery}: {First: order.RankFirst, Words: map[string]order.Meaning{
			wordOnTheWay: {Rank: 10, Is: order.DeliveryOnTheWay},
			wordHanded:   {Rank: 20, Is: order.DeliveryDelivered},
		}},
		{Kind: order.KidCase, Axis: order.AxisCase}: {First: order.RankFirst, Words: map[string]order.Meaning{
			wordGivenBack: {Rank: 10, Is: order.CaseRefunded},
		}},
	},
}

var paying = order.Axis{First: order.RankFirst, Words: map[string]order.Meaning{
	wordLater: {Rank: 10, Is: order.PayLater},
	wordPaid:  {Rank: 20, Is: order.Paid},
}}
