// Package counter is the merchant's own channel (录单): orders that its people enter, by
// phone or at the counter. There is no platform on the other side. An entry is written as a
// signed document and comes in by the same door as a platform's push, so that journal,
// replay, verify and the life of an order are one; an act is done by being said.
//
// The document is channel.Entry as JSON. Its signature (the query's sig) is the HMAC-SHA256
// of the bytes under a secret that is drawn for the merchant when its first order is
// entered and that nobody need know.
package counter

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"iter"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/order"
)

// Name is the connector's name in URLs and columns, and its id space.
const (
	Name  = "counter"
	Realm = "counter"
)

// New gives the connector.
func New() channel.Own { return platform{} }

type platform struct{}

// Info implements channel.Platform.
func (platform) Info() *channel.Info { return &info }

var (
	reason = channel.Input{Name: "reason", Type: "text", Max: 200, Label: channel.Text{ZH: "原因", EN: "Reason"}}
	paidBy = channel.Input{Name: "reason_code", Type: "choice", Label: channel.Text{ZH: "收款方式（到付时）", EN: "Paid by (when it is collected now)"}}
	purses = []channel.Choice{
		{Code: channel.PayCash, Label: channel.Text{ZH: "现金", EN: "Cash"}},
		{Code: channel.PayCode, Label: channel.Text{ZH: "扫码", EN: "QR code"}},
		{Code: channel.PayCard, Label: channel.Text{ZH: "刷卡", EN: "Card"}},
	}
)

var info = channel.Info{
	Name:   Name,
	Realm:  Realm,
	Label:  channel.Text{ZH: "录单", EN: "Counter"},
	Mark:   "录",
	Kind:   order.Takeaway,
	Own:    true,
	Pickup: true,
	Sites: []channel.Site{
		{Code: "CN", Currency: "CNY", Zone: "Asia/Shanghai"},
		{Code: "BR", Currency: "BRL", Zone: "America/Sao_Paulo"},
		{Code: "MX", Currency: "MXN", Zone: "America/Mexico_City"},
		{Code: "AR", Currency: "ARS", Zone: "America/Argentina/Buenos_Aires"},
		{Code: "CL", Currency: "CLP", Zone: "America/Santiago"},
		{Code: "CO", Currency: "COP", Zone: "America/Bogota"},
	},
	Powers: []channel.Power{
		{Power: order.Power{Kind: order.Ready}, Nature: effect.Guarded},
		{Power: order.Power{Kind: order.Dispatch}, Nature: effect.Guarded, Fields: []channel.Input{paidBy,
			{Name: "courier", Type: "text", Max: 64, Label: channel.Text{ZH: "骑手", EN: "Courier"}}},
			Note: channel.Text{ZH: "配送单：骑手出发；自提、堂食单：交给顾客，订单完成", EN: "A delivery leaves; anything else is handed to the customer, which ends the order"}},
		{Power: order.Power{Kind: order.Deliver, Logistics: []order.Logistics{order.BySelf}}, Nature: effect.Guarded, Fields: []channel.Input{paidBy}},
		{Power: order.Power{Kind: order.RefundPartial}, Nature: effect.Additive,
			Fields: []channel.Input{{Name: "lines", Type: "lines", Required: true, Label: channel.Text{ZH: "退款商品", EN: "Items"}}, reason},
			Note:   channel.Text{ZH: "由店员把钱退给顾客，通单只记账", EN: "The store gives the money back; Tongdan writes it down"}},
		{Power: order.Power{Kind: order.Cancel}, Nature: effect.Guarded, Fields: []channel.Input{reason},
			Note: channel.Text{ZH: "已收的钱由店员退给顾客", EN: "The store gives back what was paid"}},
		{Power: order.Power{Kind: order.Annotate, Local: true}},
	},
	Personal:  []string{"customer.name", "customer.phone", "customer.address", "remark", "lines.note", "by"},
	AppFields: []channel.Field{{Name: "secret", Label: channel.Text{ZH: "签名密钥（自动生成）", EN: "Signing secret (drawn by Tongdan)"}, Secret: true, Required: true}},
	Shops:     channel.Text{ZH: "门店编号（自动生成）", EN: "The store's id (made by Tongdan)"},
	Callbacks: []channel.Callback{{Path: path, What: channel.Text{ZH: "录入的订单", EN: "An order that was entered"}}},
	Reasons:   map[order.ActionKind][]channel.Choice{order.Dispatch: purses, order.Deliver: purses},
	PullEvery: 24 * time.Hour,                               // nothing is pulled; the contract wants a number
	Budget:    channel.Budget{PerSecond: 1000, Burst: 1000}, // nobody is called
	Grammar:   &grammar,
}

// Draw implements channel.Own.
func (platform) Draw() map[string]string {
	var b [32]byte
	rand.Read(b[:])
	return map[string]string{"secret": hex.EncodeToString(b[:])}
}

// Open implements channel.Platform.
func (platform) Open(acct channel.Account, env channel.Env) (channel.Shop, error) {
	if acct.App.Credentials["secret"].Reveal() == "" {
		return nil, &fault.Error{Op: "counter.Open", Code: fault.Invalid, Fields: []fault.Field{fault.Wrong("secret", fault.Because("field_needed", "is needed"))},
			Why: fault.Because("own_secret_missing", "the channel's own secret is missing: enter an order, and it is drawn")}
	}
	return &shop{now: env.Now}, nil
}

// A shop carries out acts by saying them. It holds nothing that changes.
type shop struct{ now func() time.Time }

var (
	_ channel.Canceller    = (*shop)(nil)
	_ channel.Preparer     = (*shop)(nil)
	_ channel.Dispatcher   = (*shop)(nil)
	_ channel.PartRefunder = (*shop)(nil)
	_ channel.Looker       = (*shop)(nil)
)

// Read implements channel.Shop: there is nobody to ask.
func (*shop) Read(ctx context.Context, ref order.Ref) ([]channel.Item, error) {
	if err := ctx.Err(); err != nil {
		return nil, &fault.Error{Op: "counter.Read", Code: fault.Unavailable, Err: err}
	}
	return nil, &fault.Error{Op: "counter.Read", Code: fault.NotFound, Ref: ref.ID, Why: fault.Because("own_unread", "nobody else knows this order: it was entered here")}
}

// Pull implements channel.Shop: it yields nothing.
func (*shop) Pull(ctx context.Context, _ channel.Pull) iter.Seq2[channel.Page, error] {
	return func(yield func(channel.Page, error) bool) {
		if err := ctx.Err(); err != nil {
			yield(channel.Page{}, &fault.Error{Op: "counter.Pull", Code: fault.Unavailable, Err: err})
		}
	}
}
