// Package meituan connects stores of Meituan Waimai (美团外卖) on both of its platforms: the direct one
// (直连, waimaiopen.meituan.com: an own app with app_id and secret) and that of service providers
// (developer.meituan.com: developerId, signKey and a token for each store). One package, because stores,
// orders, states and rules are the same and stand here once; a dialect is what differs on the wire.
//
// Orders, cancels, refunds, riders and reminders come as pushes; whatever a read returns
// is read when a push is lost or says too little. The platforms have no list of changed
// orders: Pull walks the numbers of the day of each shop, and open orders are read again
// from time to time (Info.SweepEvery). Info.PushOnly lists what no read returns.
//
// What Meituan does not publish and we assume is said where it is used: that a repeated
// call answers 808, the field names of the rows of a refund case, the time of a reminder, the
// service providers' error codes.
package meituan

import (
	"context"
	"encoding/json"
	"slices"
	"sync/atomic"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/order"
)

// Name is the connector's name in URLs and columns.
const Name = "meituan"

// New gives the connector.
func New() channel.Platform { return platform{} }

type platform struct{}

// Info implements channel.Platform.
func (platform) Info() *channel.Info { return &info }

var (
	reasonText = channel.Input{Name: "reason", Type: "text", Max: 200, Label: channel.Text{ZH: "说明", EN: "Explanation"}}
	selfOnly   = []order.Logistics{order.BySelf}
)

var info = channel.Info{
	Name:   Name,
	Realm:  Realm,
	Label:  channel.Text{ZH: "美团外卖", EN: "Meituan Waimai"},
	Mark:   "美",
	Kind:   order.Takeaway,
	Pickup: true,
	Sites:  []channel.Site{{Code: "CN", Currency: string(CNY), Zone: "Asia/Shanghai"}},
	Powers: slices.Concat(riderPowers, []channel.Power{
		{Power: order.Power{Kind: channel.Acknowledge}, Nature: effect.Absolute},
		{Power: order.Power{Kind: order.Accept}, Nature: effect.Guarded,
			Note: channel.Text{ZH: "须在5分钟内接单，美团配送订单同时呼叫骑手", EN: "Within 5 minutes; where Meituan delivers it also sends for a rider"}},
		{Power: order.Power{Kind: order.Refuse}, Nature: effect.Guarded, Fields: cancelFields},
		{Power: order.Power{Kind: order.Cancel}, Nature: effect.Guarded, Fields: cancelFields,
			Note: channel.Text{ZH: "完成前可取消，美团配送同时取消", EN: "Until it is completed; Meituan's delivery is cancelled with it"}},
		{Power: order.Power{Kind: order.Ready}, Nature: effect.Absolute,
			Note: channel.Text{ZH: "出餐结果美团不提供查询", EN: "Meituan offers no way to read it back"}},
		{Power: order.Power{Kind: order.Dispatch, Logistics: []order.Logistics{order.BySelf, order.Pickup}, LocalFor: []order.Logistics{order.Pickup}}, Nature: effect.Absolute,
			Fields: []channel.Input{{Name: "courier", Type: "text", Max: 64, Label: channel.Text{ZH: "骑手", EN: "Courier"}}},
			Note:   channel.Text{ZH: "自提订单交给顾客时只记在通单：美团没有核销接口", EN: "Of pickups the hand-over stays in Tongdan: Meituan has no call for it"}},
		{Power: order.Power{Kind: order.Deliver, Logistics: selfOnly}, Nature: effect.Absolute},
		tellPower,
		{Power: order.Power{Kind: order.RemindReply}, Nature: effect.Absolute,
			Fields: []channel.Input{{Name: "reason_code", Type: "choice", Required: true, Label: channel.Text{ZH: "回复", EN: "Answer"}}},
			Note:   channel.Text{ZH: "每条催单回复一次", EN: "Each reminder is answered once"}},
		{Power: order.Power{Kind: order.RefundApprove}, Nature: effect.Guarded, Fields: []channel.Input{reasonText},
			Note: channel.Text{ZH: "30分钟未处理自动同意（大连锁3小时）", EN: "After 30 minutes Meituan agrees by itself (large chains: 3 hours)"}},
		{Power: order.Power{Kind: order.RefundRefuse}, Nature: effect.Guarded,
			Fields: []channel.Input{{Name: "reason", Type: "text", Required: true, Max: 200, Label: channel.Text{ZH: "拒绝理由", EN: "Reason for refusing"}}},
			Note:   channel.Text{ZH: "拒绝后用户可向美团客服申诉一次", EN: "The customer may then appeal to Meituan once"}},
		{Power: order.Power{Kind: order.RefundPartial}, Nature: effect.Additive,
			Fields: []channel.Input{{Name: "lines", Type: "lines", Required: true, Label: channel.Text{ZH: "退款商品", EN: "Items"}}, reasonText}},
		{Power: order.Power{Kind: order.Annotate, Local: true},
			Note: channel.Text{ZH: "备注仅保存在通单", EN: "Notes stay in Tongdan: Meituan has no call for them"}},
	}),
	Personal: []string{"recipient_name", "recipient_phone", "recipient_address", "backup_recipient_phone", "latitude", "longitude", "caution", "invoice_title",
		"taxpayer_id", "courier_name", "courier_phone", "dispatcher_name", "dispatcher_mobile", "logistics_dispatcher_name", "logistics_dispatcher_mobile",
		"reason", "apply_reason", "res_reason", "remind_content", "order_user_id", "user_id", "openUid", "pictures", "remark_to_user", "real_phone_number", "order_phone_number", "binded_phone", "rider_name", "rider_real_phone_number"},
	Stock:    &stockPower,
	Rest:     &restPower,
	Front:    &frontPower,
	Standing: &standingPower,
	Comments: &commentPower, Penalties: penalties,
	PushOnly: []channel.Text{
		{ZH: "催单", EN: "Reminders of customers"},
		{ZH: "取消的原因和取消方", EN: "Why and by whom an order was cancelled"},
		{ZH: "骑手变更等中间配送状态", EN: "Intermediate states of delivery, such as an earlier rider"},
		{ZH: "退款打款结果、中间处理步骤", EN: "Whether a refund's money has moved, and intermediate steps of a case"},
	},
	AppFields: []channel.Field{
		{Name: "app_id", Label: channel.Text{ZH: "app_id（应用ID）", EN: "app_id"}, Required: true},
		{Name: "secret", Label: channel.Text{ZH: "consumer_secret（应用密钥）", EN: "consumer_secret"}, Secret: true, Required: true},
		{Name: "way", Label: channel.Text{ZH: "应用类型：服务商应用（ISV）填 isv，自己的应用留空", EN: "Kind of app: isv for a vendor's app, empty for your own"}},
	},
	Shops:     channel.Text{ZH: "门店的 app_poi_code", EN: "app_poi_code of the shop"},
	Callbacks: callbacks(),
	Joining:   &joining,
	Ports:     []int{80, 8080}, // source: the open platform's FAQ on callbacks
	Reasons:   map[order.ActionKind][]channel.Choice{order.Refuse: cancelReasons, order.Cancel: cancelReasons, order.RemindReply: reminderAnswers},

	PullEvery:  time.Minute, // a store in pull mode rests after 5 minutes without a pull: order FAQ
	SweepEvery: 5 * time.Minute,
	PlaceEvery: placeEvery,
	PullOnly: channel.Text{
		ZH: "没有公网地址时：新订单最多晚1分钟，取消、退款和配送最多晚5分钟，送达后的退款最多晚15分钟；收不到催单和取消原因",
		EN: "Without a public address: new orders up to 1 minute late, cancels, refunds and delivery up to 5, refunds of delivered orders up to 15; no reminders and no reasons of cancels",
	},
	Budget:  channel.Budget{PerSecond: 10, Burst: 20}, // Meituan publishes no limits; error 711 exists
	Grammar: &grammar,
}

var cancelFields = []channel.Input{
	{Name: "reason_code", Type: "choice", Required: true, Label: channel.Text{ZH: "取消原因", EN: "Reason"}},
	reasonText,
}

func callbacks() []channel.Callback {
	var list []channel.Callback
	for _, p := range pushes {
		list = append(list, callbackOf(p.path, p.text))
	}
	return list
}

// A shop is one account: an app, and the shops that are bound to it.
type shop struct {
	env    channel.Env
	base   string
	app    string
	secret channel.Secret
	shops  []string
	talk   dialect

	begin atomic.Pointer[string] // the shop at which the last pull was cut off, nil = it came to its end
}

// Open implements channel.Platform.
func (platform) Open(acct channel.Account, env channel.Env) (channel.Shop, error) {
	if err := credentials(acct, info.AppFields); err != nil {
		return nil, err
	}
	s := directShop{&shop{env: env, base: baseURL(acct.App.BaseURL), app: acct.App.Credentials["app_id"].Reveal(),
		secret: acct.App.Credentials["secret"], shops: acct.Shops, talk: direct{}}}
	if acct.App.Credentials["way"].Reveal() != asVendor {
		return s, nil
	}
	switch {
	case len(acct.Shops) > 1:
		return nil, fault.Say("meituan.Open", fault.Invalid, "one_store_each", "in a vendor's app each store has a token of its own: make an account for each store")
	case len(acct.Shops) == 0 && acct.External != "":
		s.shops = []string{acct.External}
	}
	v := new(vendor)
	s.talk = v
	return &vendorShop{s, v}, nil
}

// only is the store of an account that has one, "" until it is chosen.
func (s *shop) only() string {
	if len(s.shops) == 0 {
		return ""
	}
	return s.shops[0]
}

// as is the same account in another dialect.
func (s *shop) as(d dialect) *shop {
	return &shop{env: s.env, base: s.base, app: s.app, secret: s.secret, shops: s.shops, talk: d}
}

// isMine asks for a store, and fails when it is not the account's.
func (s *shop) isMine(ctx context.Context, op, id string) error {
	data, _, err := s.do(ctx, op, id, call{path: "poi/mget", params: map[string]string{"app_poi_codes": id}})
	var stores []struct {
		ID text `json:"app_poi_code"`
	}
	if err == nil && (json.Unmarshal(data, &stores) != nil || len(stores) != 1 || string(stores[0].ID) != id) {
		err = fault.Say(op, fault.Forbidden, "token_of_another", "the token does not belong to this store")
	}
	return err
}

// credentials names every credential of the app that is missing.
func credentials(acct channel.Account, fields []channel.Field) error {
	var missing []fault.Field
	for _, f := range fields {
		if f.Required && acct.App.Credentials[f.Name].Reveal() == "" {
			missing = append(missing, fault.Wrong(f.Name, fault.Because("field_needed", "is needed")))
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return &fault.Error{Op: "meituan.Open", Code: fault.Invalid, Why: fault.Because("credentials_missing", "enter the credentials of the app from the platform's developer console"), Fields: missing}
}

var (
	_ channel.Accepter       = (*shop)(nil)
	_ channel.Refuser        = (*shop)(nil)
	_ channel.Canceller      = (*shop)(nil)
	_ channel.Preparer       = (*shop)(nil)
	_ channel.Dispatcher     = (*shop)(nil)
	_ channel.RefundAnswerer = (*shop)(nil)
	_ channel.PartRefunder   = (*shop)(nil)
	_ channel.Looker         = (*shop)(nil)
	_ channel.StockSetter    = (*shop)(nil)
)
