package channel

import (
	"time"

	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/order"
)

// Info describes a platform. The console draws from it: nothing outside the connector
// knows a platform's name.
type Info struct {
	Name       string // in URLs and columns: "meituan"
	Realm      string // its id space; two connectors may share one
	Label      Text
	Mark       string // one or two characters that tell it apart without colour: "美"
	Kind       order.Kind
	Pickup     bool // customers may come for their orders
	Labels     bool // shipments tell whether their label is printed
	Own        bool // nobody is on the other side: see Own
	Sites      []Site
	Powers     []Power
	Stock      *StockPower    // nil = the platform cannot be told how many there are
	Penalties  []Penalty      // the rules by which the platform punishes a shop
	Comments   *CommentPower  // nil = there are none that can be read
	Standing   *StandingPower // nil = the platform does not tell how it shows a shop
	Labelling  *LabelPower    // nil = labels are printed in the platform's own console, if it has any
	Front      *FrontPower    // nil = menus, areas and profiles are kept in the platform's own console
	Rest       *RestPower     // nil = the platform cannot be told to take no orders for a while
	Personal   []string       // names of fields of its messages that hold names, phones, addresses or free text of people; "a.b" = b inside a
	PushOnly   []Text         // facts that no read returns: lost with the push
	AppFields  []Field
	AcctFields []Field
	Shops      Text // what a shop's external id is, for the form
	Callbacks  []Callback
	Ports      []int // of our public address that the platform can call; none = any
	Secure     bool  // it calls https alone
	Reasons    map[order.ActionKind][]Choice
	PullEvery  time.Duration
	SweepEvery time.Duration // how often open orders are read again; 0 = Pull brings every change
	PlaceEvery time.Duration // how often it is told where somebody is whom the store sends; 0 = it does not want to know
	PullOnly   Text          // what it costs to have no public address
	Joining    *Joining      // how an account is connected; nil = there is nothing to connect
	Budget     Budget        // of an app
	Grammar    *order.Grammar
}

// A Text is for people, in the languages of the console.
type Text struct {
	ZH string `json:"zh"`
	EN string `json:"en"`
}

// A Site is a country's marketplace of a platform.
type Site struct {
	Code     string `json:"code"`
	Currency string `json:"currency"`
	Zone     string `json:"zone"` // IANA
}

// A Power is an act that the platform can carry out.
type Power struct {
	order.Power
	Nature effect.Nature
	Note   Text     // limits, in words
	Fields []Input  // what the act needs
	Settle Duration // before a look after a lost answer; 0 = effect.Settle
}

// Duration is time.Duration under a name that shows in declarations.
type Duration = time.Duration

// An Input is one argument of an act.
type Input struct {
	Name     string // of the API: reason_code, reason, text, courier, carrier, tracking, lines, amount, pictures
	Type     string // choice, text, lines, money, pictures
	Required bool
	Max      int // characters, 0 = 200; of pictures how many
	Label    Text
}

// A Choice is a reason that the platform accepts.
type Choice struct {
	Code  string
	Label Text
}

// A Field is a credential.
type Field struct {
	Name     string
	Label    Text
	Secret   bool
	Required bool
}

// A Callback is one URL to configure at the platform.
type Callback struct {
	Path string // below the app
	What Text
	Use  Text // what is done with it here, and so what a missing subscription costs
	Must bool // without it a shop should not go live: what it tells comes late or never otherwise
	Rare bool // comes so seldom that its absence says nothing
}

// A Budget is a rate limit of an app: so many a second, with a burst.
type Budget struct {
	PerSecond float64
	Burst     int
}

// Acts lists the order.Powers, for order.Permits.
func (i *Info) Acts() []order.Power {
	out := make([]order.Power, 0, len(i.Powers))
	for _, p := range i.Powers {
		out = append(out, p.Power)
	}
	return out
}

// Power finds the power for an act.
func (i *Info) Power(k order.ActionKind) (Power, bool) {
	for _, p := range i.Powers {
		if p.Kind == k {
			return p, true
		}
	}
	return Power{}, false
}
