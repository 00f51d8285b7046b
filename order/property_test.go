package order_test

import (
	"encoding/json"
	"fmt"
	"math/rand"
	"reflect"
	"testing"
	"time"

	"github.com/tongdan/tongdan/money"
	"github.com/tongdan/tongdan/order"
	"pgregory.net/rapid"
)

// trade is a made-up platform with everything that real ones have: a rank-first life, a
// time-first rider, cases, payments, reminders.
var trade = &order.Grammar{
	Realm: "trade",
	Axes: map[order.On]order.Axis{
		{Kind: order.KindOrder, Axis: order.AxisWork}: {First: order.RankFirst, Words: map[string]order.Meaning{
			"placed": {Rank: 1, Is: order.WorkWaiting}, "confirmed": {Rank: 2, Is: order.WorkAccepted}, "ready": {Rank: 3, Is: order.WorkReady},
			"completed": {Rank: 4, Is: order.WorkDone}, "cancelled": {Rank: 5, Is: order.WorkCancelled}, "split": {Rank: 6, Is: order.WorkReplaced},
		}},
		{Kind: order.KindOrder, Axis: order.AxisPayment}: {First: order.TimeFirst, Words: map[string]order.Meaning{
			"pending": {Rank: 1, Is: order.Unpaid}, "paid": {Rank: 2, Is: order.Paid},
		}},
		{Kind: order.KindOrder, Axis: order.AxisDelivery}: {First: order.TimeFirst, Words: map[string]order.Meaning{
			"0": {Rank: 1, Is: order.DeliverySought}, "10": {Rank: 2, Is: order.DeliveryAssigned}, "20": {Rank: 3, Is: order.DeliveryOnTheWay},
			"40": {Rank: 4, Is: order.DeliveryDelivered}, "100": {Rank: 5, Is: order.DeliveryCancelled},
		}},
		{Kind: order.KindShipment, Axis: order.AxisDelivery}: {First: order.TimeFirst, Words: map[string]order.Meaning{
			"handling": {Rank: 1, Is: order.DeliverySought}, "shipped": {Rank: 2, Is: order.DeliveryOnTheWay}, "delivered": {Rank: 3, Is: order.DeliveryDelivered},
		}},
		{Kind: order.KidCase, Axis: order.AxisCase}: {First: order.RankFirst, Words: map[string]order.Meaning{
			"apply": {Rank: 1, Is: order.CaseAsked}, "reject": {Rank: 2, Is: order.CaseRefused}, "withdrawn": {Rank: 3, Is: order.CaseWithdrawn}, "agree": {Rank: 4, Is: order.CaseAgreed},
		}},
		{Kind: order.KidPayment, Axis: order.AxisPayment}: {First: order.TimeFirst, Words: map[string]order.Meaning{"approved": {Rank: 1, Is: order.Paid}}},
	},
	AcceptWithin: 5 * time.Minute, RefundWithin: 30 * time.Minute, Acknowledge: true,
}

var theOrder = order.Ref{Realm: "trade", Kind: order.KindOrder, ID: "1"}

// message draws one message of a life, in the shapes that platforms send.
func message(t *rapid.T, i int) order.Reading {
	r := order.Reading{Ref: theOrder}
	at := rapid.Int64Range(1, 6).Draw(t, fmt.Sprintf("at%d", i)) * 60_000
	class := rapid.SampledFrom([]order.Class{order.ClassPartial, order.ClassPush, order.ClassRow, order.ClassRead}).Draw(t, "class")
	s := order.Stamp{Version: at, Class: class, Read: rapid.Int64Range(0, 2).Draw(t, "read")}
	said := func(axis string, words ...string) {
		r.Record.Say(axis, order.Said{State: rapid.SampledFrom(words).Draw(t, axis), At: at, Class: class, Who: rapid.SampledFrom([]string{"", "a", "b"}).Draw(t, "who")})
	}
	switch rapid.IntRange(0, 7).Draw(t, "what") {
	case 0:
		order.Put(&r.Record, order.RegShop, s, "S1")
		n := rapid.Int64Range(1, 3).Draw(t, "n")
		b := order.Bill{Lines: []order.Line{{Key: "0", Name: "奶茶", SKU: "T", Quantity: n, Price: money.Of(1000, "CNY"), Total: money.Of(1000*n, "CNY")}}, Total: money.Of(1000*n, "CNY")}
		order.Put(&r.Record, order.RegBill, s, b)
		sold := s
		sold.Version = -s.Version
		order.Put(&r.Record, order.RegSold, sold, b)
		order.Put(&r.Record, order.RegTimes, s, order.Times{Placed: 1, Paid: 2})
		said(order.AxisWork, "placed", "confirmed")
		said(order.AxisPayment, "paid", "pending")
	case 1:
		said(order.AxisWork, "placed", "confirmed", "ready", "completed", "cancelled", "never heard of")
	case 2:
		said(order.AxisDelivery, "0", "10", "20", "40", "100")
	case 3:
		var k order.Record
		amount := money.Of(500, "CNY")
		order.Put(&k, order.RegCase, s, order.Case{Amount: &amount, AskedAt: at, Lines: []order.CaseLine{{SKU: "T", Quantity: 1}}})
		k.Say(order.AxisCase, order.Said{State: rapid.SampledFrom([]string{"apply", "reject", "withdrawn", "agree"}).Draw(t, "case"), At: at, Class: class})
		r.Record.Kid(order.KidCase+rapid.SampledFrom([]string{"c1", "c2"}).Draw(t, "caseID"), k)
	case 4:
		var k order.Record
		order.Put(&k, order.RegReminder, s, order.Reminder{At: at})
		r.Record.Kid(order.KidReminder+rapid.SampledFrom([]string{"r1", "r2"}).Draw(t, "remID"), k)
	case 5:
		r.Ref = order.Ref{Realm: "trade", Kind: order.KindShipment, ID: rapid.SampledFrom([]string{"s1", "s2"}).Draw(t, "ship")}
		order.Put(&r.Record, order.RegParcel, s, order.Parcel{Carrier: "C", ShipBy: at})
		said(order.AxisDelivery, "handling", "shipped", "delivered")
	case 6:
		order.Put(&r.Record, order.RegRemark, s, rapid.SampledFrom([]string{"少冰", "no ice"}).Draw(t, "remark"))
	case 7:
		var k order.Record
		amount := money.Of(1000, "CNY")
		order.Put(&k, order.RegPayment, s, order.Payment{Amount: &amount, At: at})
		k.Say(order.AxisPayment, order.Said{State: "approved", At: at, Class: class})
		r.Record.Kid(order.KidPayment+"p1", k)
	}
	return r
}

// learn merges messages one by one, as the hub does.
func learn(msgs []order.Reading) []order.Linked {
	recs := map[order.Ref]order.Record{}
	for _, m := range msgs {
		stored, _ := json.Marshal(recs[m.Ref]) // through storage, as between two messages
		var back order.Record
		if err := json.Unmarshal(stored, &back); err != nil {
			panic(err)
		}
		recs[m.Ref] = back.Merge(m.Record)
	}
	var out []order.Linked
	for ref, r := range recs {
		out = append(out, order.Linked{Ref: ref, Record: r}) // in a random order: Fold must not care
	}
	return out
}

func TestAnyOrderAndRepetitionOfMessagesGivesTheSameOrderAndTheSameWants(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 12).Draw(t, "messages")
		var msgs []order.Reading
		for i := range n {
			msgs = append(msgs, message(t, i))
		}
		want := order.Fold(theOrder, learn(msgs), trade)
		shuffled := append([]order.Reading{}, msgs...)
		rng := rand.New(rand.NewSource(rapid.Int64().Draw(t, "seed")))
		for range rapid.IntRange(0, 4).Draw(t, "repeats") {
			shuffled = append(shuffled, msgs[rng.Intn(n)])
		}
		rng.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		got := order.Fold(theOrder, learn(shuffled), trade)
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("the order differs\n got %+v\nwant %+v", got, want)
		}
		if a, b := order.WantsOf(&got, trade), order.WantsOf(&want, trade); !reflect.DeepEqual(a, b) {
			t.Fatalf("the wants differ\n got %+v\nwant %+v", a, b)
		}
	})
}

func TestMergeIsCommutativeAssociativeAndIdempotent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := message(t, 0).Record, message(t, 1).Record, message(t, 2).Record
		text := func(r order.Record) string { j, _ := json.Marshal(r); return string(j) }
		if text(a.Merge(b)) != text(b.Merge(a)) {
			t.Fatal("not commutative")
		}
		if text(a.Merge(b).Merge(c)) != text(a.Merge(b.Merge(c))) {
			t.Fatal("not associative")
		}
		if text(a.Merge(a)) != text(a.Merge(order.Record{})) {
			t.Fatal("not idempotent")
		}
	})
}

func TestApplyingTheDifferenceOfWantsReachesTheTarget(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var msgs []order.Reading
		var have order.Wants
		reserved := map[string]int64{}
		for i := range rapid.IntRange(1, 10).Draw(t, "messages") {
			msgs = append(msgs, message(t, i))
			o := order.Fold(theOrder, learn(msgs), trade)
			want := order.WantsOf(&o, trade)
			for _, m := range order.Diff(have, want).Reserve {
				if reserved[m.SKU] != m.From {
					t.Fatalf("%s: the difference starts at %d but %d is reserved", m.SKU, m.From, reserved[m.SKU])
				}
				reserved[m.SKU] = m.To
			}
			have = want
			for sku, n := range reserved {
				if n != want.Reserve[sku] {
					t.Fatalf("%s: %d reserved, %d wanted", sku, n, want.Reserve[sku])
				}
			}
			if dead := o.Status == order.StatusCancelled; dead && len(want.Reserve) > 0 {
				t.Fatal("a cancelled order reserves stock")
			}
		}
	})
}
