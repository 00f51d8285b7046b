// Package role says what each role may do: the one place where that is decided. On which
// stores is the other half of the answer, and is part of every query (db.Scope).
//
// It is pure: no I/O, no state. docs/roles.md is written from its table.
package role

import (
	"slices"

	"github.com/tongdan/tongdan/fault"
)

// A Role is what somebody is at a merchant.
type Role string

// The roles, most rights first.
const (
	Owner        Role = "owner"         // 老板
	Headquarters Role = "headquarters"  // 总部
	AreaManager  Role = "area_manager"  // 区域经理
	StoreManager Role = "store_manager" // 店长
	Clerk        Role = "clerk"         // 店员
	Warehouse    Role = "warehouse"     // 仓库
)

// Roles are those of people and keys, most rights first.
var Roles = []Role{Owner, Headquarters, AreaManager, StoreManager, Clerk, Warehouse}

// A Right is one kind of thing to do. The right to an act on orders is ActOn of it.
type Right string

// The rights, apart from those to acts on orders.
const (
	See           Right = "see"
	DecideEffects Right = "effects.decide"
	RepeatEffects Right = "effects.repeat"
	SeeStatements Right = "statements.see"
	MakeStatement Right = "statements.make"
	BookStock     Right = "stock.book"
	ShareViews    Right = "views.share"
	KeepDevices   Right = "devices.keep"
	EnterOrders   Right = "orders.enter"
	KeepKnocks    Right = "knocks.keep"
	SellOut       Right = "stock.out"
	RestStore     Right = "stores.rest"
	KeepKitchen   Right = "kitchens.keep"
	ReplyComments Right = "comments.reply"
	KeepFronts    Right = "fronts.keep"
	PrintTickets  Right = "tickets.print"
	PrintLabels   Right = "labels.print"
	KeepPrinters  Right = "printers.keep"
	CarryTickets  Right = "tickets.carry"
	KeepRiders    Right = "riders.keep"
	SeeMoney      Right = "money.see"
	KeepRules     Right = "rules.keep"

	// Those below concern the whole merchant: whoever has only some stores lacks them,
	// whatever the role.
	SeeParked    Right = "parked.see"
	HandleParked Right = "parked.handle"
	SeeSetUp     Right = "setup.see"
	SeeWhole     Right = "whole.see"
	KeepCatalog  Right = "catalog.keep"
	KeepPeople   Right = "people.keep"
	KeepSenders  Right = "senders.keep"
	KeepCouriers Right = "couriers.keep"
	KeepMoney    Right = "money.keep"
	Connect      Right = "connections.keep"
	KeepKeys     Right = "keys.keep"
	Arm          Right = "arm"
)

// ActOn is the right to an act on orders, by the act's word: accept, refund_approve.
func ActOn(kind string) Right { return Right("act." + kind) }

// A rule says who has a right.
type rule struct {
	right Right
	what  string // for people, in English; the documentation's words
	whole bool   // only with all stores
	who   []Role // and the owner
}

// shop is everybody who works in a store or answers for one.
var (
	shop     = []Role{Headquarters, AreaManager, StoreManager, Clerk}
	all      = append(slices.Clone(shop), Warehouse)
	managers = []Role{Headquarters, AreaManager, StoreManager}
)

// table is who may do what. A refund, a cancel and a doubtful outcome cost money and
// cannot be taken back, so they are a manager's; what a queue of customers waits for is a
// clerk's. What gives rights to others or opens the way to a platform stays with the
// owner.
var table = []rule{
	{See, "see orders, counts, stock, effects, changes of own stores", false, all},
	{ActOn("accept"), "accept an order", false, shop},
	{ActOn("refuse"), "refuse an order", false, shop},
	{ActOn("ready"), "mark an order ready", false, all},
	{ActOn("dispatch"), "send the store's own rider, hand over what a customer collects", false, shop},
	{ActOn("call_rider"), "send for one of the platform's riders, at the fee", false, shop},
	{ActOn("tip"), "set the tip for a rider", false, shop},
	{ActOn("recall_rider"), "send the platform's rider away", false, shop},
	{ActOn("deliver_self"), "bring an order by own riders after all", false, shop},
	{ActOn("deliver"), "mark an order delivered", false, shop},
	{ActOn("ship"), "ship a parcel", false, all},
	{ActOn("remind_reply"), "answer a customer's reminder", false, shop},
	{ActOn("note"), "write a note", false, all},
	{ActOn("cancel"), "cancel an order", false, managers},
	{ActOn("refund_approve"), "agree to a refund", false, managers},
	{ActOn("refund_refuse"), "refuse a refund", false, managers},
	{ActOn("refund_partial"), "refund in part", false, managers},
	{ActOn("refund_appeal"), "appeal against a refund that the platform decided", false, managers},
	{ActOn("slow_appeal"), "appeal against being held slow by the platform", false, managers},
	{ActOn("appeal_ruled"), "note the platform's ruling on an appeal", false, managers},
	{EnterOrders, "enter orders taken by phone or at the counter, take one's own back within ten seconds", false, shop},
	{ReplyComments, "reply to a customer's comment", false, managers},
	{KeepFronts, "see and change what own shops show on their channels: menu, delivery areas, profile", false, managers},
	{RepeatEffects, "send an act again, take one back that has not been sent", false, all},
	{DecideEffects, "say what became of a call of unknown outcome", false, managers},
	{SeeStatements, "see completeness statements", false, managers},
	{MakeStatement, "make a completeness statement", false, managers},
	{KeepDevices, "pair and revoke screens of own stores, give people their PIN", false, managers},
	{SellOut, "sell a dish out by hand, on all channels of a store", false, all},
	{RestStore, "let a store take no orders for a while, on all its channels", false, shop},
	{KeepKitchen, "say how many orders a kitchen can make", false, managers},
	{PrintTickets, "print an order's ticket again", false, all},
	{PrintLabels, "print the labels of parcels; to see one on the screen, the sight of customers' data is needed too", false, all},
	{KeepPrinters, "keep printers of own stores and what they print", false, managers},
	{KeepRules, "set up and switch what a store decides by itself: accepting, refunds", false, managers},
	{CarryTickets, "carry tickets to printers of the shop's network", false, []Role{}},
	{KeepRiders, "keep riders of own stores and what is done about a delivery that does not move", false, managers},
	{SeeMoney, "see what platforms have settled and where it differs", false, []Role{Headquarters, AreaManager}},
	{BookStock, "book goods in, counts and corrections", false, append(slices.Clone(managers), Warehouse)},
	{ShareViews, "give everybody a saved view of the order list, take it away", false, managers},
	{KeepKnocks, "set what knocks at phones, see what did", false, managers},
	{SeeWhole, "see apps, accounts, the status page and the audit head", true, managers},
	{SeeParked, "see messages that could not be read", true, managers},
	{HandleParked, "try such a message again, put it aside", true, managers},
	{SeeSetUp, "see who changed the set-up, and from what to what", true, []Role{Headquarters}},
	{KeepCatalog, "keep SKUs and offers", true, []Role{Headquarters}},
	{KeepPeople, "invite, change and suspend people", true, []Role{Headquarters}},
	{KeepCouriers, "keep accounts at couriers", true, []Role{Headquarters}},
	{KeepMoney, "read settlement statements in, say what a difference is", true, []Role{Headquarters}},
	{KeepSenders, "keep robots and short-message services", true, []Role{Headquarters}},
	{Connect, "keep stores, apps, accounts and shops", true, nil},
	{KeepKeys, "make and delete API keys", true, nil},
	{Arm, "let a restored database call platforms again", true, nil},
}

func ruleOf(r Right) (rule, bool) {
	for _, x := range table {
		if x.right == r {
			return x, true
		}
	}
	return rule{}, false
}

// Known reports whether a right is in the table. What is not is nobody's.
func Known(r Right) bool {
	_, ok := ruleOf(r)
	return ok
}

// May reports whether a role has a right. whole says that it is held with all stores of
// the merchant.
func (r Role) May(right Right, whole bool) bool {
	x, ok := ruleOf(right)
	if !ok || x.whole && !whole {
		return false
	}
	if list, ok := screens[r]; ok {
		return slices.Contains(list, right)
	}
	return r == Owner || slices.Contains(x.who, r)
}

// Check is May as an error for whoever may not: fault.Forbidden, with who may.
func (r Role) Check(op string, right Right, whole bool) error {
	if r.May(right, whole) {
		return nil
	}
	return &fault.Error{Op: op, Code: fault.Forbidden, Why: Why(right)}
}

// Why says to people who may do what they may not.
func Why(right Right) fault.Reason {
	x, ok := ruleOf(right)
	switch {
	case !ok:
		return fault.Because("role_nobody", "nobody may do that")
	case len(x.who) == 0:
		return fault.Because("role_owner", "only an owner may do that")
	}
	least := x.who[len(x.who)-1]
	if x.whole {
		return fault.Because("role_whole", "only somebody with all stores may do that: {title} or higher", "role", string(least), "title", titles[least].en)
	}
	return fault.Because("role_ask", "your role may not do that: ask {title}", "role", string(least), "title", titles[least].a)
}

// Rights are what a role may do, in the table's order.
func (r Role) Rights(whole bool) []Right {
	out := []Right{}
	for _, x := range table {
		if r.May(x.right, whole) {
			out = append(out, x.right)
		}
	}
	return out
}

// Valid reports whether a word is a role.
func (r Role) Valid() bool { return slices.Contains(Roles, r) }

// Everywhere reports whether a role is always one of all stores.
func (r Role) Everywhere() bool { return r == Owner || r == Headquarters }

// MayGive reports whether somebody of role r who keeps people may make one of role to, or
// change one: nobody gives or takes what is above him, and only owners make owners.
func (r Role) MayGive(to Role) bool {
	return r.May(KeepPeople, true) && to.Valid() && (r == Owner || to != Owner)
}

type title struct{ zh, en, a string }

var titles = map[Role]title{
	Owner:        {"老板", "owner", "an owner"},
	Headquarters: {"总部", "headquarters", "headquarters"},
	AreaManager:  {"区域经理", "area manager", "an area manager"},
	StoreManager: {"店长", "store manager", "a store manager"},
	Clerk:        {"店员", "clerk", "a clerk"},
	Warehouse:    {"仓库", "warehouse", "somebody of the warehouse"},

	KitchenScreen: {"后厨屏", "kitchen screen", "a kitchen screen"},
	CalloutScreen: {"取餐叫号屏", "call-out board", "a call-out board"},
	CounterScreen: {"收银台", "counter", "a counter"},
	Bridge:        {"打印桥", "bridge", "a bridge"},
}
