// Package dada orders deliveries at Dada (达达), over its open platform: signed JSON over
// POST, states by callback and by query. Source: Dada open platform, newopen.imdada.cn, pages
// 订单预发布 (queryDeliverFee), 查询运费后发单 (addAfterQuery), 订单详情查询 (status/query), 取消订单
// (formalCancel), 增加小费 (addTip), 订单回调 (order), 签名 (signature).
//
// A delivery is ordered in two calls: the first asks for the fee and gives a number, the
// second orders at that fee. Dada refuses the second for a key that it has a delivery under,
// unless that one ended, and a number is of use once, so that nothing is ordered twice.
package dada

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/courier"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/money"
	"github.com/tongdan/tongdan/order"
)

// Make is Dada.
type Make struct{}

var info = courier.Info{
	Name: "dada", Label: channel.Text{ZH: "达达", EN: "Dada"}, Base: "https://newopen.imdada.cn", Code: "10002", Customer: "4", Tips: true,
	Guide: channel.Text{
		ZH: "在达达开放平台（newopen.imdada.cn）创建应用后得到 app_key 和 app_secret；商户编号（source_id）在商户后台，每家门店的编号在门店管理。",
		EN: "app_key and app_secret come with the application in Dada's open platform (newopen.imdada.cn); source_id is the merchant's number there, and each store has one under its stores.",
	},
	Fields: []channel.Field{
		{Name: "app_key", Label: channel.Text{ZH: "app_key", EN: "app_key"}, Required: true},
		{Name: "app_secret", Label: channel.Text{ZH: "app_secret", EN: "app_secret"}, Secret: true, Required: true},
		{Name: "source_id", Label: channel.Text{ZH: "商户编号 source_id", EN: "Merchant number (source_id)"}, Required: true},
	},
	Shop: channel.Text{ZH: "达达门店编号", EN: "Dada's number of the store"},
	Reasons: []channel.Choice{
		{Code: "1", Label: channel.Text{ZH: "没有配送员接单", EN: "No rider has taken it"}},
		{Code: "2", Label: channel.Text{ZH: "配送员没来取货", EN: "The rider did not come"}},
		{Code: "4", Label: channel.Text{ZH: "顾客取消订单", EN: "The customer has cancelled"}},
		{Code: "35", Label: channel.Text{ZH: "配送员不愿上门取货", EN: "The rider does not want to come in"}},
		{Code: "36", Label: channel.Text{ZH: "我不需要配送了", EN: "No rider is needed any more"}},
		{Code: "10000", Label: channel.Text{ZH: "其他", EN: "Other"}},
	},
	Unconfirmed: []channel.Text{
		{ZH: "错误码的完整列表未公开：除查询外一律以详情查询为准。", EN: "The list of error codes is not public: what a refusal means is found out by the query."},
		{ZH: "预发布编号的有效期未公开（多数资料为 3 分钟）：询价与下单之间不停留。", EN: "How long a quoted number may be used is not public (3 minutes in most sources): it is used at once."},
		{ZH: "小费是总额还是追加额未公开：按总额处理。", EN: "Whether a tip is a total or is added is not public: it is taken as a total."},
	},
}

// words are Dada's states of a delivery (订单状态说明), as numbers of order_status and statusCode.
var words = map[int64]order.State{
	1: order.DeliverySought, 8: order.DeliverySought, // waiting; offered to a certain rider
	2: order.DeliveryAssigned, 100: order.DeliveryAtStore, 3: order.DeliveryOnTheWay, 4: order.DeliveryDelivered,
	5: order.DeliveryCancelled, 7: order.DeliveryCancelled, // cancelled; expired, as older pages have it
	9: order.DeliveryFailed, 10: order.DeliveryReturned,
	1000: order.DeliveryCancelled, // it could not be made
}

// ends says who ended a cancelled delivery: cancel_from.
var ends = map[int64]string{1: order.RideByCourier, 2: order.RideByMerchant, 3: order.RideByCourier}

// Info describes Dada.
func (Make) Info() *courier.Info { return &info }

// Open gives an account; it calls nobody.
func (Make) Open(c courier.Config, env courier.Env) (courier.Courier, error) {
	var missing []fault.Field
	for _, f := range info.Fields {
		if v := c.Credentials[f.Name]; f.Required && v.Reveal() == "" {
			missing = append(missing, fault.Wrong("credentials."+f.Name, fault.Because("field_needed", "is needed")))
		}
	}
	if len(missing) > 0 {
		return nil, &fault.Error{Op: "dada.Open", Code: fault.Invalid, Why: fault.Because("fields_wrong", "some fields are wrong"), Fields: missing}
	}
	a := &account{c: c, env: env, base: strings.TrimRight(c.Address, "/")}
	if a.base == "" {
		a.base = info.Base
	}
	if a.env.Now == nil {
		a.env.Now = time.Now
	}
	return a, nil
}

// Sign is the signature of a call: MD5, in capitals, over the parameters in the order of
// their names, each name followed by its value, between the secret.
func Sign(secret string, params map[string]string) string {
	var b strings.Builder
	b.WriteString(secret)
	for _, k := range slices.Sorted(maps.Keys(params)) {
		b.WriteString(k + params[k])
	}
	b.WriteString(secret)
	sum := md5.Sum([]byte(b.String()))
	return strings.ToUpper(hex.EncodeToString(sum[:]))
}

// SignCallback is that of a callback: MD5 over the values of client_id, order_id and
// update_time, in the order of the values.
func SignCallback(clientID, orderID, updateTime string) string {
	list := []string{clientID, orderID, updateTime}
	slices.Sort(list)
	sum := md5.Sum([]byte(strings.Join(list, "")))
	return hex.EncodeToString(sum[:])
}

// token ends the callback address: Dada's own signature is made without a secret, so that
// anybody could make it. Whoever knows the address knows what only Dada was told.
func token(secret string) string {
	m := hmac.New(sha256.New, []byte(secret))
	m.Write([]byte("tongdan callback"))
	return hex.EncodeToString(m.Sum(nil)[:16])
}

// callback is the address that Dada is given; "" = none.
func (a *account) callback() string {
	if a.c.Callback == "" {
		return ""
	}
	return a.c.Callback + "/" + token(a.value("app_secret"))
}

type account struct {
	c    courier.Config
	env  courier.Env
	base string
}

func (a *account) value(name string) string { return a.c.Credentials[name].Reveal() }

// call makes one call. What Dada refuses is a fault.Conflict with its code and words: what it
// means is found out by Look.
func (a *account) call(ctx context.Context, client *http.Client, op, path string, biz, out any) error {
	body, err := json.Marshal(biz)
	if err != nil {
		return &fault.Error{Op: op, Code: fault.Invalid, Err: err}
	}
	params := map[string]string{"app_key": a.value("app_key"), "body": string(body), "format": "json", "source_id": a.value("source_id"),
		"timestamp": strconv.FormatInt(a.env.Now().Unix(), 10), "v": "1.0"}
	params["signature"] = Sign(a.value("app_secret"), params)
	sent, err := json.Marshal(params)
	if err != nil {
		return &fault.Error{Op: op, Code: fault.Invalid, Err: err}
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, a.base+path, bytes.NewReader(sent))
	if err != nil {
		return fault.Say(op, fault.Invalid, "address_wrong", "the address is not one that can be called")
	}
	r.Header.Set("Content-Type", "application/json")
	res, err := client.Do(r)
	if err != nil {
		return channel.SendError(op, err)
	}
	defer res.Body.Close()
	b, err := channel.Body(res)
	if err != nil {
		return channel.SendError(op, err)
	}
	var answer struct {
		Status string          `json:"status"`
		Code   json.Number     `json:"code"`
		Msg    string          `json:"msg"`
		Result json.RawMessage `json:"result"`
	}
	switch {
	case res.StatusCode == http.StatusTooManyRequests:
		return &fault.Error{Op: op, Code: fault.RateLimited, Words: "HTTP 429", After: time.Second}
	case json.Unmarshal(b, &answer) != nil || answer.Status == "":
		return &fault.Error{Op: op, Code: fault.Unknown, Words: "HTTP " + strconv.Itoa(res.StatusCode)}
	case answer.Status != "success":
		code := fault.Conflict
		if c := string(answer.Code); c == "2003" || strings.Contains(answer.Msg, "签名") {
			code = fault.Forbidden
		} else if strings.Contains(answer.Msg, "不存在") {
			code = fault.NotFound
		}
		return &fault.Error{Op: op, Code: code, Words: strings.TrimSpace(string(answer.Code) + " " + short(answer.Msg))}
	}
	if out != nil && len(answer.Result) > 0 && json.Unmarshal(answer.Result, out) != nil {
		return &fault.Error{Op: op, Code: fault.Unknown, Why: fault.Because("vendor_unreadable", "the vendor's answer cannot be read")}
	}
	return nil
}

func short(s string) string {
	r := []rune(strings.ToValidUTF8(s, ""))
	return string(r[:min(len(r), 120)])
}

// A decimal is a number, which may come as text, and as no text at all.
type decimal string

func (d *decimal) UnmarshalJSON(b []byte) error {
	*d = decimal(strings.Trim(string(b), `"`))
	return nil
}

// amount is a sum of yuan; nil when there is none.
func (d decimal) amount() *money.Amount {
	text := string(d)
	if whole, rest, ok := strings.Cut(text, "."); ok && len(rest) > 2 && strings.Trim(rest[2:], "0") == "" {
		text = whole + "." + rest[:2]
	}
	m, err := money.Parse(text, "CNY")
	if text == "" || text == "null" || err != nil {
		return nil
	}
	return &m
}

type wireQuote struct {
	Fee      decimal `json:"fee"`
	Distance decimal `json:"distance"`
	Number   string  `json:"deliveryNo"`
}

// quote asks for the fee, and for the number under which it is ordered.
func (a *account) quote(ctx context.Context, op string, j courier.Job) (wireQuote, courier.Quote, error) {
	if j.Lat == 0 || j.Lng == 0 {
		return wireQuote{}, courier.Quote{}, fault.Say(op, fault.Invalid, "no_coordinates", "the order has no coordinates, and this courier takes none without: send it another way")
	}
	phone, ext, _ := strings.Cut(j.Phone, "_")
	biz := map[string]any{
		"shop_no": j.Shop, "origin_id": j.ID, "cargo_price": json.Number(j.Value.Text()), "is_prepay": 0, "cargo_weight": 1, "cargo_num": max(j.Pieces, 1),
		"receiver_name": j.Name, "receiver_address": j.Address, "receiver_lat": j.Lat, "receiver_lng": j.Lng, "receiver_phone": phone,
		"callback": a.callback(), "info": short(j.Remark), "origin_mark_no": j.Number,
	}
	if ext != "" { // a privacy number has an extension, which the rider has to type
		biz["info"] = short("转分机号 " + ext + " " + j.Remark)
		biz["receiver_tel"] = phone + "," + ext
	}
	var w wireQuote
	if err := a.call(ctx, a.env.Reads, op, "/api/order/queryDeliverFee", biz, &w); err != nil {
		if fault.Is(err, fault.Unknown) { // nothing is ordered by asking
			err = &fault.Error{Op: op, Code: fault.Unavailable, Words: fault.WordsOf(err), Why: fault.ReasonOf(err), Err: err}
		}
		return w, courier.Quote{}, err
	}
	fee := w.Fee.amount()
	if fee == nil || w.Number == "" {
		return w, courier.Quote{}, &fault.Error{Op: op, Code: fault.Unavailable, Why: fault.Because("vendor_unreadable", "the vendor's answer cannot be read")}
	}
	return w, courier.Quote{Fee: *fee, Distance: metres(w.Distance)}, nil
}

func (d decimal) whole() (int64, error) { return strconv.ParseInt(string(d), 10, 64) }

func (d decimal) float() (float64, error) { return strconv.ParseFloat(string(d), 64) }

func metres(n decimal) int64 {
	f, err := n.float()
	if err != nil || f < 0 || f > 1e7 {
		return 0
	}
	return int64(f)
}

func (a *account) Quote(ctx context.Context, j courier.Job) (courier.Quote, error) {
	_, q, err := a.quote(ctx, "dada.Quote", j)
	return q, err
}

func (a *account) Order(ctx context.Context, j courier.Job) (courier.State, error) {
	const op = "dada.Order"
	w, q, err := a.quote(ctx, op, j)
	if err != nil {
		return courier.State{}, err
	}
	if j.Most != nil && q.Fee.Minor() > j.Most.Minor() {
		return courier.State{}, fault.Say(op, fault.Conflict, "fee_changed", "the fee is now {fee}: agree to it anew", "fee", q.Fee.Text())
	}
	if err := a.call(ctx, a.env.Calls, op, "/api/order/addAfterQuery", map[string]string{"deliveryNo": w.Number}, nil); err != nil {
		return courier.State{}, err
	}
	return courier.State{ID: j.ID, Said: order.DeliverySought, Fare: order.Fare{Fee: &q.Fee, Distance: q.Distance, Ref: w.Number}}, nil
}

func (a *account) Cancel(ctx context.Context, id, code, reason string) (courier.State, error) {
	const op = "dada.Cancel"
	n, err := strconv.Atoi(code)
	if err != nil {
		n = 10000
	}
	if n == 10000 && strings.TrimSpace(reason) == "" {
		reason = "其他"
	}
	var w struct {
		Deduct decimal `json:"deduct_fee"`
	}
	if err := a.call(ctx, a.env.Calls, op, "/api/order/formalCancel", map[string]any{"order_id": id, "cancel_reason_id": n, "cancel_reason": short(reason)}, &w); err != nil {
		return courier.State{}, err
	}
	why := order.RideByMerchant
	if n == 4 {
		why = order.RideByCustomer
	}
	return courier.State{ID: id, Said: order.DeliveryCancelled, Why: why, Fare: order.Fare{Penalty: w.Deduct.amount()}}, nil
}

func (a *account) Tip(ctx context.Context, id string, total money.Amount) error {
	return a.call(ctx, a.env.Calls, "dada.Tip", "/api/order/addTip", map[string]any{"order_id": id, "tips": json.Number(total.Text()), "info": ""}, nil)
}

// beijing is the zone of the times in answers.
var beijing = time.FixedZone("CST", 8*3600)

func (a *account) Look(ctx context.Context, id string) (courier.State, error) {
	const op = "dada.Look"
	var w struct {
		Status  decimal `json:"statusCode"`
		Name    string  `json:"transporterName"`
		Phone   string  `json:"transporterPhone"`
		Lng     decimal `json:"transporterLng"`
		Lat     decimal `json:"transporterLat"`
		Fee     decimal `json:"deliveryFee"`
		Actual  decimal `json:"actualFee"`
		Tips    decimal `json:"tips"`
		Deduct  decimal `json:"deductFee"`
		Far     decimal `json:"distance"`
		Created string  `json:"createTime"`
		Taken   string  `json:"acceptTime"`
		Fetched string  `json:"fetchTime"`
		Ended   string  `json:"finishTime"`
		Gone    string  `json:"cancelTime"`
	}
	if err := a.call(ctx, a.env.Reads, op, "/api/order/status/query", map[string]string{"order_id": id}, &w); err != nil {
		return courier.State{}, err
	}
	status, err := w.Status.whole()
	if err != nil {
		return courier.State{}, &fault.Error{Op: op, Code: fault.Unavailable, Why: fault.Because("vendor_unreadable", "the vendor's answer cannot be read")}
	}
	s := courier.State{ID: id, Said: words[status], Fare: order.Fare{Fee: w.Actual.amount(), Tip: some(w.Tips.amount()), Penalty: some(w.Deduct.amount()), Distance: metres(w.Far)}}
	if s.Fare.Fee == nil || s.Fare.Fee.IsZero() {
		s.Fare.Fee = w.Fee.amount()
	}
	at := map[order.State]string{order.DeliverySought: w.Created, order.DeliveryAssigned: w.Taken, order.DeliveryOnTheWay: w.Fetched, order.DeliveryDelivered: w.Ended, order.DeliveryCancelled: w.Gone}[s.Said]
	if t, err := time.ParseInLocation(time.DateTime, at, beijing); err == nil {
		s.At = t.UnixMilli()
	}
	if w.Name != "" {
		s.Rider = &order.Rider{Name: w.Name, Phone: w.Phone}
	}
	lat, err1 := w.Lat.float()
	lng, err2 := w.Lng.float()
	if err1 == nil && err2 == nil && (lat != 0 || lng != 0) {
		s.Place = &order.Position{Lat: lat, Lng: lng, At: a.env.Now().UnixMilli()}
	}
	return s, nil
}

func some(m *money.Amount) *money.Amount {
	if m == nil || m.IsZero() {
		return nil
	}
	return m
}

// Receive reads a callback: JSON, whose signature covers its key, Dada's number and its time,
// at the address that Dada was given (token).
func (Make) Receive(c courier.Config, r channel.Request) courier.Received {
	refused := func(why string) courier.Received {
		return courier.Received{Verdict: channel.Refused, Why: why, Reply: channel.Reply{Status: http.StatusForbidden, Type: "application/json", Body: `{"status":"fail"}`}}
	}
	good := courier.Received{Raw: r.Body, Reply: channel.Reply{Status: http.StatusOK, Type: "application/json", Body: `{"status":"ok"}`}}
	if len(bytes.TrimSpace(r.Body)) == 0 {
		good.Verdict = channel.Probe
		return good
	}
	var w struct {
		Client    string  `json:"client_id"`
		Order     string  `json:"order_id"`
		Status    decimal `json:"order_status"`
		Reason    string  `json:"cancel_reason"`
		From      decimal `json:"cancel_from"`
		Time      decimal `json:"update_time"`
		Name      string  `json:"dm_name"`
		Phone     string  `json:"dm_mobile"`
		Signature string  `json:"signature"`
	}
	if !hmac.Equal([]byte(r.Path), []byte(token(c.Credentials["app_secret"].Reveal()))) {
		return refused("the address is another one")
	}
	if json.Unmarshal(r.Body, &w) != nil {
		return refused("the body is no JSON")
	}
	if !hmac.Equal([]byte(strings.ToLower(w.Signature)), []byte(SignCallback(w.Client, w.Order, string(w.Time)))) {
		return refused("the signature differs")
	}
	status, err := w.Status.whole()
	at, err2 := w.Time.whole()
	if err != nil || err2 != nil || w.Order == "" || len(w.Order) > 64 {
		good.Err = fault.Say("dada.Receive", fault.Invalid, "vendor_unreadable", "the vendor's answer cannot be read")
		return good
	}
	if at < 1e11 { // seconds, but for 1000, which gives milliseconds
		at *= 1000
	}
	good.State = courier.State{ID: w.Order, Said: words[status], At: at}
	if w.Name != "" {
		good.State.Rider = &order.Rider{Name: short(w.Name), Phone: short(w.Phone)}
	}
	if status == 5 || status == 9 || status == 1000 {
		from, _ := w.From.whole()
		if status != 5 {
			from = 1
		}
		good.State.Why = strings.TrimSpace(ends[from] + " " + short(w.Reason))
		if strings.Contains(w.Reason, "顾客") {
			good.State.Why = strings.TrimSpace(order.RideByCustomer + " " + short(w.Reason))
		}
	}
	return good
}
