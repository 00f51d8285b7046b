package order_test

import (
	"slices"
	"testing"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/money"
	"github.com/tongdan/tongdan/order"
)

func cny(minor int64) *money.Amount { a := money.Of(minor, "CNY"); return &a }

// paid is a complete, paid, unaccepted order of two teas.
func paid() order.Record {
	var r order.Record
	s := order.Stamp{Version: 1000, Class: order.ClassPush}
	b := order.Bill{
		Lines: []order.Line{
			{Key: "0", Name: "珍珠奶茶", SKU: "T1", Quantity: 2, Price: money.Of(1500, "CNY"), Total: money.Of(3000, "CNY")},
			{Key: "1", Name: "绿茶", SKU: "T2", Quantity: 1, Price: money.Of(900, "CNY"), Total: money.Of(900, "CNY")},
		},
		Packing: cny(200), Delivery: cny(400),
		Discounts: []order.Discount{{Name: "满减", Amount: money.Of(500, "CNY"), Merchant: money.Of(300, "CNY"), Platform: money.Of(200, "CNY")}},
		Total:     money.Of(4000, "CNY"),
	}
	order.Put(&r, order.RegShop, s, "S1")
	order.Put(&r, order.RegHead, s, order.Head{Kind: order.Takeaway, Logistics: order.ByPlatform, DaySeq: "12"})
	order.Put(&r, order.RegBill, s, b)
	order.Put(&r, order.RegTimes, s, order.Times{Placed: 1_000_000, Paid: 1_000_000})
	r.Say(order.AxisWork, order.Said{State: "placed", At: 1_000_000})
	r.Say(order.AxisPayment, order.Said{State: "paid", At: 1_000_000})
	return r
}

func said(axis, state string, at int64) order.Record {
	var r order.Record
	r.Say(axis, order.Said{State: state, At: at, Class: order.ClassPush})
	return r
}

func aCase(id, state string, at int64, amount *money.Amount, lines ...order.CaseLine) order.Record {
	var k, r order.Record
	order.Put(&k, order.RegCase, order.Stamp{Version: at}, order.Case{Amount: amount, Full: amount == nil, Lines: lines, AskedAt: at})
	k.Say(order.AxisCase, order.Said{State: state, At: at})
	r.Kid(order.KidCase+id, k)
	return r
}

func foldAll(recs ...order.Record) order.Order {
	var all order.Record
	for _, r := range recs {
		all = all.Merge(r)
	}
	return order.Fold(theOrder, []order.Linked{{Ref: theOrder, Record: all}}, trade)
}

func hasIssue(o order.Order, code string) bool {
	return slices.ContainsFunc(o.Issues, func(i order.Issue) bool { return i.Code == code })
}

func TestTheFlatStatusFollowsTheAxes(t *testing.T) {
	for _, c := range []struct {
		name string
		recs []order.Record
		want order.Status
	}{
		{"paid", []order.Record{paid()}, order.StatusNew},
		{"accepted", []order.Record{paid(), said(order.AxisWork, "confirmed", 2)}, order.StatusAccepted},
		{"ready", []order.Record{paid(), said(order.AxisWork, "ready", 2)}, order.StatusReady},
		{"a rider has it", []order.Record{paid(), said(order.AxisWork, "confirmed", 2), said(order.AxisDelivery, "20", 9)}, order.StatusDelivering},
		{"arrived", []order.Record{paid(), said(order.AxisWork, "confirmed", 2), said(order.AxisDelivery, "40", 9)}, order.StatusDelivered},
		{"completed", []order.Record{paid(), said(order.AxisWork, "completed", 2)}, order.StatusDone},
		{"cancel came first", []order.Record{said(order.AxisWork, "cancelled", 2), paid()}, order.StatusCancelled},
		{"cancel and confirm race", []order.Record{paid(), said(order.AxisWork, "cancelled", 2), said(order.AxisWork, "confirmed", 3)}, order.StatusCancelled},
		{"not paid yet", []order.Record{said(order.AxisPayment, "pending", 1), said(order.AxisWork, "placed", 1)}, order.StatusUnpaid},
		{"split", []order.Record{paid(), said(order.AxisWork, "split", 4)}, order.StatusReplaced},
	} {
		if o := foldAll(c.recs...); o.Status != c.want {
			t.Errorf("%s: status %s, want %s", c.name, o.Status, c.want)
		}
	}
}

func TestATotalThatDoesNotAddUpIsAnIssueAndNotARejection(t *testing.T) {
	if o := foldAll(paid()); hasIssue(o, order.IssueTotal) {
		t.Error("a bill that adds up got an issue")
	}
	r := paid()
	b, _ := order.Get[order.Bill](r, order.RegBill)
	b.Total = money.Of(4001, "CNY")
	order.Put(&r, order.RegBill, order.Stamp{Version: 2000}, b)
	o := foldAll(r)
	if !hasIssue(o, order.IssueTotal) || o.Status != order.StatusNew || !o.Complete() {
		t.Errorf("issues %v status %s: a cent too much must be shown and stop nothing", o.Issues, o.Status)
	}
}

func TestAnUnknownWordOfThePlatformIsShownAndChangesNothing(t *testing.T) {
	o := foldAll(paid(), said(order.AxisWork, "teleported", 99))
	if o.Status != order.StatusNew || !hasIssue(o, order.IssueUnknown) {
		t.Errorf("status %s issues %v", o.Status, o.Issues)
	}
}

func TestARiderWhoGivesUpOpensAnotherAttempt(t *testing.T) {
	o := foldAll(paid(), said(order.AxisWork, "confirmed", 2), said(order.AxisDelivery, "0", 1), said(order.AxisDelivery, "10", 2),
		said(order.AxisDelivery, "100", 3), said(order.AxisDelivery, "0", 4), said(order.AxisDelivery, "10", 5))
	if len(o.Delivered) != 2 || o.Delivered[0].State != order.DeliveryCancelled || o.Delivered[1].State != order.DeliveryAssigned {
		t.Fatalf("deliveries %+v", o.Delivered)
	}
	if o.Axes.Delivery != order.DeliveryAssigned {
		t.Errorf("the axis says %s", o.Axes.Delivery)
	}
}

// Whoever gave an order back had nothing to do with the attempt that came to nothing after him.
func TestACancelledAttemptThatNobodyTookHasNoRider(t *testing.T) {
	var had order.Record
	order.Put(&had, order.RegRider, order.Stamp{Version: 2}, order.Rider{Name: "张三", Phone: "13000000000"})
	first := []order.Record{paid(), had, said(order.AxisWork, "confirmed", 2), said(order.AxisDelivery, "0", 1), said(order.AxisDelivery, "10", 2), said(order.AxisDelivery, "100", 3)}
	if o := foldAll(first...); len(o.Delivered) != 1 || o.Delivered[0].Rider == nil || o.Delivered[0].Rider.Phone == "" {
		t.Errorf("the one that he gave back: %+v", o.Delivered)
	}
	o := foldAll(append(first, said(order.AxisDelivery, "0", 4), said(order.AxisWork, "cancelled", 5), said(order.AxisDelivery, "100", 5))...)
	if len(o.Delivered) != 2 || o.Delivered[1].Rider != nil {
		t.Errorf("the next one: %+v", o.Delivered)
	}
}

func TestRefundsAreSummedAndNeverExceedWhatWasPaidUnseen(t *testing.T) {
	part := aCase("c1", "agree", 5, cny(1500), order.CaseLine{SKU: "T1", Quantity: 1})
	o := foldAll(paid(), part)
	if o.Axes.Payment != order.PartRefund || o.Refunded != *cny(1500) || o.Bill.Lines[0].Refunded != 1 {
		t.Errorf("payment %s refunded %v line %+v", o.Axes.Payment, o.Refunded, o.Bill.Lines[0])
	}
	if w := order.WantsOf(&o, trade); w.Reserve["T1"] != 1 || w.Reserve["T2"] != 1 {
		t.Errorf("reserve %v: a refunded piece is not reserved", w.Reserve)
	}
	for _, take := range order.TakesOf(&o) {
		if take.Kept != take.Quantity {
			t.Errorf("%s keeps %d of %d: a piece that was refunded may leave all the same, and must not be sold again", take.SKU, take.Kept, take.Quantity)
		}
	}
	o = foldAll(paid(), part, aCase("c2", "agree", 6, cny(2501)))
	if !hasIssue(o, order.IssueRefund) {
		t.Error("4001 of 4000 was refunded and nobody is told")
	}
}

func TestWhatARiderHasTakenDoesNotComeBackWithACancel(t *testing.T) {
	life := []order.Record{said(order.AxisWork, "confirmed", 2), said(order.AxisDelivery, "10", 3), said(order.AxisDelivery, "20", 4),
		said(order.AxisWork, "cancelled", 5), said(order.AxisDelivery, "100", 5)}
	for _, c := range []struct {
		life []order.Record
		gone int64
	}{
		{life, 1},
		{slices.Delete(slices.Clone(life), 2, 3), 0}, // the rider had not taken them yet
	} {
		o := foldAll(append([]order.Record{paid()}, c.life...)...)
		if o.Status != order.StatusCancelled || o.Axes.Delivery != order.DeliveryCancelled {
			t.Fatalf("status %s, delivery %s", o.Status, o.Axes.Delivery)
		}
		for _, take := range order.TakesOf(&o) {
			if take.Kept != 0 || take.Gone != c.gone*take.Quantity {
				t.Errorf("of %d pieces %s keeps %d, and %d have gone, not %d", take.Quantity, take.SKU, take.Kept, take.Gone, c.gone*take.Quantity)
			}
		}
	}
}

func TestWhatWasMadeToOrderIsWastedByACancel(t *testing.T) {
	var byUs, taken, parcel order.Record
	order.Put(&byUs, order.RegMade, order.Stamp{Version: 5, Class: order.ClassAct}, order.Made{By: "小王", At: 5})
	order.Put(&taken, order.RegMade, order.Stamp{Version: 6, Class: order.ClassAct}, order.Made{})
	taken = byUs.Merge(taken)
	order.Put(&parcel, order.RegHead, order.Stamp{Version: 2000}, order.Head{Kind: order.Ecommerce, Logistics: order.ByPlatform})
	accepted, ready, cancelled := said(order.AxisWork, "confirmed", 2), said(order.AxisWork, "ready", 4), said(order.AxisWork, "cancelled", 9)
	for name, c := range map[string]struct {
		own    order.Record
		life   []order.Record
		wasted int64 // of each piece
	}{
		"cancelled before anything was made":                    {order.Record{}, []order.Record{accepted, cancelled}, 0},
		"the platform was told that it is ready":                {order.Record{}, []order.Record{accepted, ready, cancelled}, 1},
		"the kitchen pressed, and the platform never heard":     {byUs, []order.Record{accepted, cancelled}, 1},
		"the press was taken back":                              {taken, []order.Record{accepted, cancelled}, 0},
		"it is ready and waits":                                 {byUs, []order.Record{accepted, ready}, 0},
		"a packed parcel is sold again":                         {byUs, []order.Record{parcel, accepted, ready, cancelled}, 0},
		"the rider had it: that is a sale and nothing is waste": {byUs, []order.Record{accepted, ready, said(order.AxisDelivery, "20", 6), cancelled}, 0},
	} {
		var all order.Record
		for _, r := range append([]order.Record{paid()}, c.life...) {
			all = all.Merge(r)
		}
		own := order.Ref{Realm: theOrder.Realm, Kind: order.KindOwn, ID: theOrder.ID}
		o := order.Fold(theOrder, []order.Linked{{Ref: theOrder, Record: all}, {Ref: own, Record: c.own}}, trade)
		for _, take := range order.TakesOf(&o) {
			if take.Wasted != c.wasted*take.Quantity || take.Wasted > take.Gone {
				t.Errorf("%s: of %d pieces of %s %d are wasted, %d have gone", name, take.Quantity, take.SKU, take.Wasted, take.Gone)
			}
		}
		if takes := order.TakesOf(&o); len(takes) != 2 {
			t.Errorf("%s: %d lines take stock, want 2", name, len(takes))
		}
	}
}

func TestAWaitingRefundHasADeadlineAndAFlag(t *testing.T) {
	o := foldAll(paid(), aCase("c1", "apply", 2_000_000, nil))
	want := order.Deadline{Kind: order.DueRefund, At: 2_000_000 + 30*60_000, For: "c1"}
	if !o.Has(order.FlagRefund) || !slices.Contains(o.Deadlines, want) {
		t.Errorf("flags %v deadlines %v", o.Flags, o.Deadlines)
	}
	if o = foldAll(paid(), aCase("c1", "apply", 2_000_000, nil), aCase("c1", "withdrawn", 2_000_100, nil)); o.Has(order.FlagRefund) {
		t.Error("a withdrawn request still rings")
	}
}

func TestAMealIsReportedByWhenThePlatformSays(t *testing.T) {
	var r order.Record
	order.Put(&r, order.RegTimes, order.Stamp{Version: 2000}, order.Times{Placed: 1_000_000, Paid: 1_000_000, MealBy: 1_900_000})
	meal := func(recs ...order.Record) bool {
		o := foldAll(append([]order.Record{paid(), r}, recs...)...)
		return slices.Contains(o.Deadlines, order.Deadline{Kind: order.DueMeal, At: 1_900_000})
	}
	if meal() {
		t.Error("an order that nobody has accepted is to be made")
	}
	accepted := said(order.AxisWork, "confirmed", 1_100_000)
	if !meal(accepted) {
		t.Error("it has no deadline")
	}
	if meal(accepted, said(order.AxisWork, "ready", 1_200_000)) || meal(accepted, said(order.AxisWork, "cancelled", 1_200_000)) {
		t.Error("what is ready, or cancelled, is still to be made")
	}
}

func TestACancelledSkeletonWantsNothing(t *testing.T) {
	o := foldAll(said(order.AxisWork, "cancelled", 2))
	w := order.WantsOf(&o, trade)
	if len(w.Reserve) > 0 || len(w.Asks) > 0 || len(w.Due) > 0 {
		t.Errorf("wants %+v", w)
	}
}

func TestPermitsAnswerWithAReason(t *testing.T) {
	powers := []order.Power{{Kind: order.Accept}, {Kind: order.Refuse}, {Kind: order.Cancel}, {Kind: order.Ready}, {Kind: order.Dispatch, Logistics: []order.Logistics{order.BySelf}}, {Kind: order.RefundApprove}, {Kind: order.Annotate, Local: true}}
	get := func(o order.Order, k order.ActionKind) order.Permit {
		for _, p := range order.Permits(&o, powers) {
			if p.Kind == k {
				return p
			}
		}
		t.Fatalf("no permit for %s", k)
		return order.Permit{}
	}
	for _, c := range []struct {
		o    order.Order
		kind order.ActionKind
		ok   bool
		why  fault.Reason
	}{
		{foldAll(paid()), order.Accept, true, fault.Reason{}},
		{foldAll(paid(), said(order.AxisWork, "confirmed", 2)), order.Accept, false, order.WhyAccepted},
		{foldAll(paid(), said(order.AxisWork, "cancelled", 2)), order.Accept, false, order.WhyCancelled},
		{foldAll(paid()), order.Ready, false, order.WhyNotAccepted},
		{foldAll(paid(), said(order.AxisWork, "confirmed", 2)), order.Dispatch, false, order.WhyLogistics},
		{foldAll(paid()), order.RefundApprove, false, order.WhyNoCase},
		{foldAll(paid(), aCase("c9", "apply", 5, nil)), order.RefundApprove, true, fault.Reason{}},
		{foldAll(paid()), order.Ship, false, order.WhyUnsupported},
		{foldAll(said(order.AxisWork, "cancelled", 2)), order.Annotate, true, fault.Reason{}},
	} {
		if p := get(c.o, c.kind); p.Allowed != c.ok || (!c.ok && p.Why.Code != c.why.Code) {
			t.Errorf("%s on %s: allowed %v why %v, want %v %v", c.kind, c.o.Status, p.Allowed, p.Why, c.ok, c.why)
		}
	}
}

func TestAnActIsAchievedWhoeverDidItAndImpossibleWhenTooLate(t *testing.T) {
	o := foldAll(paid(), said(order.AxisWork, "confirmed", 2))
	if !order.Achieved(&o, order.Accept, "") {
		t.Error("accepted in the platform's own app: a second call would be made")
	}
	o = foldAll(paid(), said(order.AxisWork, "cancelled", 2))
	if _, yes := order.Impossible(&o, order.Accept, ""); !yes {
		t.Error("the customer cancelled: the call for accept must be void")
	}
	if !order.Achieved(&o, order.Cancel, "") {
		t.Error("a cancelled order needs no cancel")
	}
}
