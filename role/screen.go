package role

// The roles of screens: paired devices that have a session of their own (docs/screens.md).
// They are given to nobody else. Where a person has unlocked a screen, both must have a
// right: a manager's PIN opens nothing at the counter that is not the counter's work, and
// a clerk's nothing that is not a clerk's.
const (
	KitchenScreen Role = "kitchen_screen" // 后厨屏
	CalloutScreen Role = "callout_screen" // 取餐叫号屏
	CounterScreen Role = "counter_screen" // 收银台
	Bridge        Role = "bridge"         // 打印桥: no screen, yet paired and revoked like one (docs/printers.md)
)

// Screens are all of them.
var Screens = []Role{KitchenScreen, CalloutScreen, CounterScreen, Bridge}

// screens says what each may do. Nothing of it is whole, and nothing costs money that
// cannot be had back: a screen stands where everybody passes.
var screens = map[Role][]Right{
	KitchenScreen: {See, ActOn("ready"), SellOut, RestStore},
	CalloutScreen: {See},
	Bridge:        {CarryTickets},
	CounterScreen: {See, ActOn("accept"), ActOn("refuse"), ActOn("ready"), ActOn("dispatch"), ActOn("deliver"), ActOn("ship"), ActOn("note"), RepeatEffects, SellOut, RestStore, PrintTickets},
}

// Screen reports whether a role is one of a screen.
func (r Role) Screen() bool { return screens[r] != nil }
