// Package mercadolibre connects Mercado Libre: one API host for all countries, orders
// with their shipments and payments, notifications that only say what to read.
//
// It is written from Mercado Libre's developer documentation. Where measurements
// against the live API that others have published contradict it, they win, and the
// comment says so.
package mercadolibre

import (
	"strings"
	"sync"
	"sync/atomic"
	"time"
	_ "time/tzdata" // the zones of five countries, also where the system has none

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/order"
)

// New gives the connector.
func New() channel.Platform { return &platform{} }

type platform struct {
	gates sync.Map // ident.Account → chan struct{}: one refresher an account
}

type shop struct {
	acct channel.Account
	env  channel.Env
	site site
	base string
	gate chan struct{}

	pair    atomic.Pointer[pair] // the last one used; the vault's is newer after a renewal elsewhere
	alarmed string               // under gate
	ended   bool                 // under gate: the owner has been told that the authorisation has ended
}

var (
	_ channel.Shop        = (*shop)(nil)
	_ channel.Canceller   = (*shop)(nil)
	_ channel.Shipper     = (*shop)(nil)
	_ channel.Dispatcher  = (*shop)(nil)
	_ channel.Rememberer  = (*shop)(nil)
	_ channel.Annotator   = (*shop)(nil)
	_ channel.Looker      = (*shop)(nil)
	_ channel.StockSetter = (*shop)(nil)
	_ channel.Authoriser  = (*shop)(nil)
	_ channel.Keeper      = (*shop)(nil)
	_ channel.Labeller    = (*shop)(nil)
)

func (p *platform) Info() *channel.Info { return info }

// Open implements channel.Platform.
func (p *platform) Open(acct channel.Account, env channel.Env) (channel.Shop, error) {
	f := &fault.Error{Op: "mercadolibre.Open", Code: fault.Invalid, Why: fault.Because("credentials_missing", "enter the credentials of the app from the platform's developer console")}
	for _, name := range []string{"client_id", "client_secret"} {
		if acct.App.Credentials[name].Reveal() == "" {
			f.Fields = append(f.Fields, fault.Wrong("app.credentials."+name, fault.Because("field_needed", "is needed")))
		}
	}
	st, ok := siteOf(strings.ToUpper(acct.Credentials["site"].Reveal()))
	if !ok {
		f.Fields = append(f.Fields, fault.Wrong("account.credentials.site", fault.Because("field_none_of", "is none of {list}", "list", "MLB, MLM, MLA, MLC, MCO")))
	}
	if len(f.Fields) > 0 {
		return nil, f
	}
	base := strings.TrimRight(acct.App.BaseURL, "/")
	if base == "" {
		base = production
	}
	gate, _ := p.gates.LoadOrStore(acct.ID, make(chan struct{}, 1))
	return &shop{acct: acct, env: env, site: st, base: base, gate: gate.(chan struct{})}, nil
}

var notLeftOnly = []order.State{order.DeliveryOnTheWay, order.DeliveryDelivered, order.DeliveryFailed, order.DeliveryReturned}

var info = &channel.Info{
	Name:   "mercadolibre",
	Realm:  Realm,
	Label:  channel.Text{ZH: "美客多", EN: "Mercado Libre"},
	Mark:   "ML",
	Kind:   order.Ecommerce,
	Labels: true,
	Sites: func() (out []channel.Site) {
		for _, s := range sites {
			out = append(out, channel.Site{Code: s.code, Currency: s.currency, Zone: s.zone})
		}
		return out
	}(),
	Powers: []channel.Power{
		{
			Power:  order.Power{Kind: order.Ready, Local: true},
			Nature: effect.Absolute,
			Note: channel.Text{
				ZH: "美客多没有“备货完成”接口；仅在通单内标记。打印面单后也会自动显示为已备好。",
				EN: "Mercado Libre has no call for it: the mark stays in Tongdan. A printed label shows as ready by itself.",
			},
		},
		{
			Power:  order.Power{Kind: order.Ship, Logistics: []order.Logistics{order.ME1, order.Custom}},
			Nature: effect.Absolute,
			Note: channel.Text{
				ZH: "仅限 ME1 和自定义物流。ME2（Mercado Envíos）由美客多安排承运商并提供运单号：运单号只读取、从不回写，也不能选择承运商。ME1 的运单号和查询网址要么都填，要么都不填。",
				EN: "Only for ME1 and custom shipping. With ME2 (Mercado Envíos) the platform chooses the carrier and gives the tracking number: it is imported, never written back. For ME1 give tracking number and tracking page together, or neither.",
			},
			Fields: []channel.Input{
				{Name: "tracking", Type: "text", Max: 60, Label: channel.Text{ZH: "运单号", EN: "Tracking number"}},
				{Name: "text", Type: "text", Max: 200, Label: channel.Text{ZH: "查询网址（https://…）", EN: "Tracking page (https://…)"}},
				{Name: "carrier", Type: "text", Max: 60, Label: channel.Text{ZH: "承运商", EN: "Carrier"}},
			},
		},
		{
			Power:  order.Power{Kind: order.Deliver, Logistics: []order.Logistics{order.ME1, order.Custom}},
			Nature: effect.Absolute,
			Note: channel.Text{
				ZH: "仅限 ME1 和自定义物流：必须上报签收，否则会被处罚；ME1 签收后不可更改。ME2 由美客多自动更新。",
				EN: "Only for ME1 and custom shipping: the seller must report the arrival or is penalised, and for ME1 it is final. ME2 is reported by the platform.",
			},
		},
		{
			Power:  order.Power{Kind: order.Cancel, NotAfter: notLeftOnly},
			Nature: effect.Guarded,
			Note: channel.Text{
				ZH: "通过“未履约”评价取消：立即退款给买家，计入卖家取消率，不可撤回。只能在发货前使用。",
				EN: "Cancels by a feedback \"not fulfilled\": the buyer is refunded, it counts in the seller's cancellations, and it cannot be taken back. Only before the parcel leaves.",
			},
			Fields: []channel.Input{
				{Name: "reason_code", Type: "choice", Required: true, Label: channel.Text{ZH: "原因", EN: "Reason"}},
				{Name: "reason", Type: "text", Max: 159, Label: channel.Text{ZH: "给买家的说明", EN: "Message to the buyer"}},
			},
		},
		{
			Power:  order.Power{Kind: order.Annotate},
			Nature: effect.Additive,
			Note: channel.Text{
				ZH: "写入卖家私人备注，买家看不到，最多 300 字符。",
				EN: "Writes the seller's private note, which the buyer does not see. At most 300 characters.",
			},
			Fields: []channel.Input{{Name: "text", Type: "text", Required: true, Max: 300, Label: channel.Text{ZH: "备注", EN: "Note"}}},
		},
	},
	Personal: []string{"first_name", "last_name", "nickname", "email", "phone.number", "phone.area_code", "alternative_phone.number", "receiver_name", "receiver_phone",
		"address_line", "street_name", "street_number", "zip_code", "comment", "comments", "latitude", "longitude", "neighborhood.name", "message", "note",
		"billing_info.doc_number", "doc_number", "identification.number"},
	Stock:     &stockPower,
	Labelling: &labelPower,
	PushOnly: []channel.Text{{
		ZH: "订单状态变化的时间：读取只给出当前状态，中间经过的状态只在推送期间读到。包裹的历史可以补读。",
		EN: "The moments at which an order's status changed: a read gives the present one only, those between are known only when they were read in time. A parcel's history can be read later.",
	}},
	AppFields: []channel.Field{
		{Name: "client_id", Required: true, Label: channel.Text{ZH: "应用 ID（Client ID）", EN: "Application id (Client ID)"}},
		{Name: "client_secret", Required: true, Secret: true, Label: channel.Text{ZH: "应用密钥（Client Secret）", EN: "Client secret"}},
		{Name: "pkce", Label: channel.Text{ZH: "应用开启了 PKCE（填 yes）", EN: "PKCE is switched on in the application (yes)"}},
	},
	AcctFields: []channel.Field{
		{Name: "site", Required: true, Label: channel.Text{ZH: "站点（MLB、MLM、MLA、MLC、MCO）", EN: "Site (MLB, MLM, MLA, MLC, MCO)"}},
		{Name: "refresh_token", Secret: true, Label: channel.Text{ZH: "已有的 refresh token（一般不填，用授权页面）", EN: "A refresh token that you already have (usually empty: use the consent page)"}},
	},
	Shops: channel.Text{ZH: "卖家的用户 ID（user_id），授权后自动得到", EN: "The seller's user id, known after the consent"},
	Callbacks: []channel.Callback{{
		Path: "notifications",
		What: channel.Text{
			ZH: "在应用页面填为通知回调地址，勾选主题：orders_v2、orders_feedback、shipments、payments",
			EN: "The notifications callback URL of the application; choose the topics orders_v2, orders_feedback, shipments and payments",
		},
		Use: channel.Text{
			ZH: "订单和包裹的变化几秒内到；没有它靠每 5 分钟一次的搜索",
			EN: "Changes of orders and parcels within seconds; without it by a search every 5 minutes",
		},
		Must: true,
	}},
	Joining:    &joining,
	Secure:     true,
	Reasons:    map[order.ActionKind][]channel.Choice{order.Cancel: cancelReasons},
	PullEvery:  5 * time.Minute,
	SweepEvery: 30 * time.Minute,
	PullOnly: channel.Text{
		ZH: "没有公网地址也能用：每 5 分钟搜索一次新变化，未完结订单每 30 分钟重读一次；包裹状态最多晚 30 分钟。",
		EN: "Works without a public address: changes are searched every 5 minutes and open orders read again every 30, so a parcel's state can be half an hour late.",
	},
	// The documentation gives no general number; 1,500 a minute for a seller is often
	// quoted. This is well below, for all sellers of an application together.
	Budget:  channel.Budget{PerSecond: 10, Burst: 20},
	Grammar: grammar,
}
