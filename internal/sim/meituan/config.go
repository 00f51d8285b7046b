package meituan

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"
)

// The message types that the platform pushes. Below a callback base URL each has its name as path.
const (
	PushPaid        = "order/paid"        // 推送已支付订单
	PushConfirmed   = "order/confirmed"   // 推送已确认订单
	PushCompleted   = "order/completed"   // 推送已完成订单
	PushCancelled   = "order/cancelled"   // 推送用户或客服取消订单
	PushRefund      = "refund/full"       // 推送全额退款信息
	PushPartRefund  = "refund/part"       // 推送部分退款信息
	PushRefunded    = "refund/result"     // 推送退款状态
	PushDelivery    = "delivery/status"   // 推送美配订单配送状态
	PushSelf        = "delivery/self"     // 自配送配送状态
	PushReminder    = "reminder"          // 推送催单消息
	PushPrivacy     = "privacy/downgrade" // 隐私号降级通知
	PushStoreStatus = "store/status"      // 推送门店状态变更
	PushSettlement  = "order/settlement"  // 推送订单结算
	PushBinding     = "store/binding"     // 推送门店绑定和解绑
	PushAudit       = "store/audit"       // 推送门店审核结果
)

// pushKinds lists them all. The last four have field lists that are not public in full, so a
// base URL alone does not switch them on.
var pushKinds = []string{PushPaid, PushConfirmed, PushCompleted, PushCancelled, PushRefund, PushPartRefund, PushRefunded,
	PushDelivery, PushReminder, PushPrivacy, PushStoreStatus, PushSelf, PushSettlement, PushBinding, PushAudit}

func byName(kind string) bool {
	return kind == PushSelf || kind == PushSettlement || kind == PushBinding || kind == PushAudit
}

// probed are the URLs that the liveness probe visits (order FAQ of the open platform).
var probed = []string{PushPaid, PushCancelled, PushRefund, PushDelivery}

// The fields of a paid-order push that are not pushed unless subscribed (开发者中心 → 基础设置 →
// 订单订阅字段), by the number that the console gives them.
const (
	FieldUserName    = 12 // 美团客人 where the name is empty
	FieldAddress     = 13 // reverse-geocoded address behind @#
	FieldDaySeq      = 15
	FieldFirstOrder  = 16
	FieldFavourite   = 17
	FieldReceive     = 19 // poi_receive_detail
	FieldCostSplit   = 20 // mt_charge and poi_charge in extras
	FieldLogistics   = 22 // logistics_code
	FieldProperty    = 23 // food_property in detail
	FieldDinners     = 25
	FieldCart        = 26 // cart_id in detail
	FieldTaxpayer    = 27
	FieldPickType    = 28
	FieldBag         = 29
	FieldBenefit     = 31
	FieldMember      = 32
	FieldEstimate    = 35 // estimate_arrival_time
	FieldActExtend   = 37
	FieldReceiveYuan = 38
	FieldBagYuan     = 39
	defaultSkew      = 600
)

// AllFields subscribes to everything.
var AllFields = []int{12, 13, 15, 16, 17, 19, 20, 22, 23, 25, 26, 27, 28, 29, 31, 32, 35, 37, 38, 39}

// Config is what can be set on a running simulator, by New or by POST config of the backstage. The
// switches for behaviour that no public source states carry the word unconfirmed.
type Config struct {
	// Callback is the base URL of all callbacks; a message type's name is its path below it.
	Callback string `json:"callback"`
	// Callbacks sets the URL of single message types; "-" switches one off.
	Callbacks map[string]string `json:"callbacks,omitempty"`
	// Encoding is "double" (as documented for order pushes) or "single" per message type;
	// unconfirmed for cancel and refund pushes.
	Encoding map[string]string `json:"encoding,omitempty"`
	// Method is "POST" or "GET" per message type: older documents send cancel and refund
	// pushes as GET.
	Method map[string]string `json:"method,omitempty"`
	// Subscribed lists the field numbers of order pushes that are switched on.
	Subscribed []int `json:"subscribed"`
	// OriginalPrices puts the price before discount into detail[].price of pushes.
	OriginalPrices bool `json:"original_prices"`

	// StrictMethods refuses an endpoint called with the other HTTP method (405); unconfirmed.
	StrictMethods bool `json:"strict_methods"`
	// ClockSkew is how many seconds a timestamp may be off, from this clock or from real time,
	// whichever is nearer; 0 = not looked at; unconfirmed. SkewCode is the error then.
	ClockSkew int `json:"clock_skew"`
	SkewCode  int `json:"skew_code"`
	// RatePerSecond and Burst limit the app's calls (711); 0 = unlimited. Real limits are not public.
	RatePerSecond float64 `json:"rate_per_second"`
	Burst         float64 `json:"burst"`

	// RepeatConfirm and RepeatCancel answer a second order/confirm or order/cancel: "808" or
	// "ok"; unconfirmed.
	RepeatConfirm string `json:"repeat_confirm"`
	RepeatCancel  string `json:"repeat_cancel"`
	// ShowReceived shows status 3 after order/poi_received instead of 2; unconfirmed.
	ShowReceived bool `json:"show_received"`
	// ShowDelivering shows status 6 after order/delivering instead of 4; unconfirmed.
	ShowDelivering bool `json:"show_delivering"`
	// AutoDispatch sends the rider order at confirm for stores on Meituan delivery.
	AutoDispatch bool `json:"auto_dispatch"`
	// PartPush announces order/applyPartRefund as "agree" or as "both" part and agree; unconfirmed.
	PartPush string `json:"part_push"`
	// CancelPush says whether an agreed full refund also pushes the cancel: "none", "before" or
	// "after" the refund push; unconfirmed.
	CancelPush string `json:"cancel_push"`
	// ResultPush sends the refund result (推送退款状态).
	ResultPush bool `json:"result_push"`
	// RefundEndsCompleted makes status 9 of a completed order whose full refund was agreed; unconfirmed.
	RefundEndsCompleted bool `json:"refund_ends_completed"`
	// SKUsAsArray answers food/list with skus as an array, as documented, instead of a JSON string,
	// as seen.
	SKUsAsArray bool `json:"skus_as_array"`
	// HideAddressHours after completion the address is hidden; 0 = never (known of the other
	// Meituan platform only).
	HideAddressHours int `json:"hide_address_hours"`
	// CommentOffset says what pageoffset of a list of comments counts: "comments" or "pages";
	// unconfirmed.
	CommentOffset string `json:"comment_offset"`
	// BannedWord refuses replies to comments in which it stands (808); unconfirmed.
	BannedWord string `json:"banned_word,omitempty"`

	// Times of the platform's clock, in seconds.
	PayWithin      int `json:"pay_within"`      // 900
	AcceptWithin   int `json:"accept_within"`   // 300
	RefundWithin   int `json:"refund_within"`   // 1800
	RefundBig      int `json:"refund_big"`      // 10800, stores of a large chain
	CompleteAfter  int `json:"complete_after"`  // 1800 after delivery
	CompleteAnyway int `json:"complete_anyway"` // 86400 after confirmation or promised time
	PushRetry      int `json:"push_retry"`      // 60; unconfirmed
	PushAttempts   int `json:"push_attempts"`   // 5

	// Probe calls the merchant's URLs every minute with empty parameters.
	Probe bool `json:"probe"`
	// PullMode rests a store when no call arrived for five minutes.
	PullMode bool `json:"pull_mode"`
	// Suspend lets the platform rest stores (系统置休); without it penalties are only noted.
	Suspend bool `json:"suspend"`

	// The platform of service providers: where its messages go, whether its refusals have the
	// first platform's numbers as code or one word for all ("numbers", "words"; unconfirmed), and
	// whether the message of a binding is signed (unconfirmed: seen without). PartnerNothing says how
	// an empty list and an order that does not exist are answered: as such, or with data "null";
	// unconfirmed.
	// ShopPicture says what poi/save takes as pic_url: an address or the id of an uploaded picture ("either"), or an
	// "address" alone; the documents show an address and do not say that an id is taken.
	ShopPicture string `json:"shop_picture"`
	// HideSellStatus leaves the state of specifications out of food/list (not in the documents'
	// field list; unconfirmed), PartialAsText writes the list of what failed as a JSON string
	// (both have been seen).
	HideSellStatus bool `json:"hide_sell_status,omitempty"`
	PartialAsText  bool `json:"partial_as_text,omitempty"`

	PartnerCallback     string `json:"partner_callback,omitempty"`
	PartnerCodes        string `json:"partner_codes"`
	PartnerNothing      string `json:"partner_nothing"`
	PartnerSignsBinding bool   `json:"partner_signs_binding"`

	// How long a token of OAuth lives, in seconds, and whether a refresh token works once; neither
	// is published.
	PartnerTokenLife   int  `json:"partner_token_life"`
	PartnerRefreshOnce bool `json:"partner_refresh_once"`
	// PartnerRefunds answers getBatchOrderRefundInfo "grouped", one object that holds the cases of
	// an order, or in "rows", one for each case; unconfirmed.
	PartnerRefunds string `json:"partner_refunds"`

	// MealWithin is how many seconds after the confirmation a meal has to be ready (出餐考核时间) before the
	// platform holds the order slow; 0 = it assesses nothing by itself; its real rule is not public. SlowPages says
	// whether the pages of slow orders count from "one" or from "none", SlowSpares whether an appeal that was
	// upheld shows in the list as let off; both unconfirmed.
	MealWithin int    `json:"meal_within,omitempty"`
	SlowPages  string `json:"slow_pages"`
	SlowSpares bool   `json:"slow_spares"`

	// Vendor makes the app one of a vendor (ISV), whose calls need the store's token. How long one
	// lives, in seconds, and whether a refresh token works once is not published.
	Vendor            bool `json:"vendor,omitempty"`
	VendorTokenLife   int  `json:"vendor_token_life"`
	VendorRefreshOnce bool `json:"vendor_refresh_once,omitempty"`

	app       string
	secret    string
	developer string
	signKey   string
}

func defaultConfig() Config {
	return Config{
		ClockSkew: defaultSkew, SkewCode: errSig.code, Burst: 20, RepeatConfirm: "808", RepeatCancel: "808", AutoDispatch: true,
		PartPush: "agree", CancelPush: "none", ResultPush: true, RefundEndsCompleted: true,
		PayWithin: 900, AcceptWithin: 300, RefundWithin: 1800, RefundBig: 10800, CompleteAfter: 1800, CompleteAnyway: 86400,
		PartnerTokenLife: 30 * 86400, VendorTokenLife: 30 * 86400, PushRetry: 60, PushAttempts: 5, Suspend: true, PartnerCodes: "numbers", CommentOffset: "comments", PartnerNothing: "refused", PartnerRefunds: "grouped", ShopPicture: "either", SlowPages: "one", SlowSpares: true,
	}
}

// patched returns the config with the fields of a JSON object changed. Maps are merged key by key.
func (c Config) patched(raw json.RawMessage) (Config, error) {
	out := c
	out.Callbacks, out.Encoding, out.Method = maps.Clone(c.Callbacks), maps.Clone(c.Encoding), maps.Clone(c.Method)
	out.Subscribed = slices.Clone(c.Subscribed)
	full := struct {
		*Config
		AppID  *string `json:"app_id"`
		Secret *string `json:"secret"`

		Developer *string `json:"developer_id"`
		SignKey   *string `json:"sign_key"`
	}{&out, &out.app, &out.secret, &out.developer, &out.signKey}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&full); err != nil {
		return c, fmt.Errorf("config: %w; GET config shows every field", err)
	}
	return out, out.check()
}

func (c Config) check() error {
	oneOf := func(name, got string, allowed ...string) error {
		if !slices.Contains(allowed, got) {
			return fmt.Errorf("%s must be one of %q", name, allowed)
		}
		return nil
	}
	for kind, u := range c.Callbacks {
		if err := oneOf("callbacks: the message type", kind, slices.Concat(pushKinds, partnerKinds)...); err != nil {
			return err
		}
		if u != "-" && u != "" {
			if err := absolute(u); err != nil {
				return err
			}
		}
	}
	for _, u := range []string{c.Callback, c.PartnerCallback} {
		if u == "" {
			continue
		}
		if err := absolute(u); err != nil {
			return err
		}
	}
	for kind, e := range c.Encoding {
		if err := oneOf("encoding of "+kind, e, "double", "single"); err != nil {
			return err
		}
	}
	for kind, m := range c.Method {
		if err := oneOf("method of "+kind, m, "POST", "GET"); err != nil {
			return err
		}
	}
	for _, err := range []error{
		oneOf("repeat_confirm", c.RepeatConfirm, "808", "ok"), oneOf("repeat_cancel", c.RepeatCancel, "808", "ok"),
		oneOf("part_push", c.PartPush, "agree", "both"), oneOf("cancel_push", c.CancelPush, "none", "before", "after"),
		oneOf("partner_codes", c.PartnerCodes, "numbers", "words"),
		oneOf("partner_refunds", c.PartnerRefunds, "grouped", "rows"),
		oneOf("partner_nothing", c.PartnerNothing, "refused", "null"),
		oneOf("shop_picture", c.ShopPicture, "either", "address"),
		oneOf("slow_pages", c.SlowPages, "one", "none"),
		oneOf("comment_offset", c.CommentOffset, "comments", "pages"),
	} {
		if err != nil {
			return err
		}
	}
	for name, n := range map[string]int{"pay_within": c.PayWithin, "accept_within": c.AcceptWithin, "refund_within": c.RefundWithin,
		"refund_big": c.RefundBig, "complete_after": c.CompleteAfter, "complete_anyway": c.CompleteAnyway,
		"push_retry": c.PushRetry, "vendor_token_life": c.VendorTokenLife, "push_attempts": c.PushAttempts} {
		if n < 1 || n > 30*86400 {
			return fmt.Errorf("%s must be between 1 and 30 days in seconds", name)
		}
	}
	if c.PushAttempts > 100 {
		return fmt.Errorf("push_attempts must be at most 100")
	}
	if c.app == "" || c.secret == "" {
		return fmt.Errorf("app_id and secret must not be empty")
	}
	return nil
}

func absolute(u string) error {
	parsed, err := url.Parse(u)
	if err != nil || parsed.Host == "" || parsed.Scheme != "http" && parsed.Scheme != "https" {
		return fmt.Errorf("callback URL %q must begin with http:// or https:// and a host", u)
	}
	return nil
}

// callbackURL is where a message type goes, "" when nobody wants it.
func (c *Config) callbackURL(kind string) string {
	switch u := c.Callbacks[kind]; {
	case u == "-":
		return ""
	case u != "":
		return u
	case c.Callback == "" || byName(kind):
		return ""
	}
	return strings.TrimRight(c.Callback, "/") + "/" + kind
}

func (c *Config) double(kind string) bool { return c.Encoding[kind] != "single" }

func (c *Config) method(kind string) string {
	if c.Method[kind] == "GET" {
		return "GET"
	}
	return "POST"
}

func (c *Config) subscribed(n int) bool { return slices.Contains(c.Subscribed, n) }

func (c *Config) waits() []time.Duration {
	waits := make([]time.Duration, c.PushAttempts-1)
	for i := range waits {
		waits[i] = time.Duration(c.PushRetry) * time.Second
	}
	return waits
}
