package meituan

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/fault"
)

// business is the number of Waimai among the platform's lines of business.
const business = "2"

// A phrase says one call of the direct platform in the words of the service providers' one.
type phrase struct {
	path  string
	names map[string]string // of parameters; others go from snake_case to camelCase
	plain []string          // parameters that are sent as JSON numbers
	ask   func(params map[string]string) (map[string]any, error)
	tell  func(data json.RawMessage) (json.RawMessage, error) // nil: the answer needs no change
}

// asIs are the names of the newer calls, which are those of the direct platform but for the store's, which the token says.
var asIs = func() map[string]string {
	m := map[string]string{"app_poi_code": ""}
	for _, n := range []string{"app_shipping_code", "type", "area", "min_price", "shipping_fee", "time_range", "app_food_code", "app_food_code_origin", "sku_id", "sku_id_origin"} {
		m[n] = n
	}
	return m
}()

// phrases are the calls that both platforms have. Source: documents of the platform, orders, dishes, stores.
var phrases = map[string]phrase{
	"order/confirm":                  {path: "/waimai/order/confirm"},
	"order/cancel":                   {path: "/waimai/order/cancel"},
	"order/preparationMealComplete":  {path: "/waimai/order/preparationMealComplete"},
	"order/delivering":               {path: "/waimai/order/delivering"},
	"order/arrived":                  {path: "/waimai/order/delivered"},
	"ecommerce/order/logistics/sync": {path: "/waimai/order/riderPosition", ask: askRider},
	"order/riderPosition":            {path: "/waimai/order/riderPosition", ask: askRider},
	"order/remindReply":              {path: "/waimai/ng/order/remindReply"}, // the spelling of its fields is assumed
	"order/refund/agree":             {path: "/waimai/order/agreeRefund"},
	"order/refund/reject":            {path: "/waimai/order/rejectRefund"},
	"order/getPartRefundFoods":       {path: "/waimai/order/queryPartRefundFoods"},
	"order/applyPartRefund":          {path: "/waimai/order/applyPartRefund"},
	"order/viewstatus":               {path: "/waimai/order/queryById", tell: tellOrder},
	"order/getOrderDetail":           {path: "/waimai/order/queryById", tell: tellOrder},
	"order/getOrderIdByDaySeq":       {path: "/waimai/order/queryByDaySeq", names: map[string]string{"date_time": "date", "app_poi_code": ""}, plain: []string{"day_seq"}, tell: tellOrder},
	"ecommerce/order/getOrderRefundDetail": {path: "/waimai/ng/order/getBatchOrderRefundInfo", ask: func(p map[string]string) (map[string]any, error) {
		return map[string]any{"orderIds": []string{p["wm_order_id_view"]}}, nil
	}, tell: tellRefunds},
	"order/refund/issue/appeal":           {path: "/waimai/ng/order/refund/issue/appeal", plain: []string{"after_sale_id"}}, // this platform's alone
	slowPath:                              {path: "/waimai/ng/order/getOrderMealStatus", plain: []string{"order_time_start", "order_time_end", "page_num", "page_size"}},
	slowAppealPath:                        {path: "/waimai/ng/order/foodSlow/appeal", plain: []string{"appeal_type"}},
	"order/logistics/push":                {path: "/waimai/order/dispatchShip"},
	"order/logistics/cancel":              {path: "/waimai/order/cancelDispatch"},
	"order/zhongbao/shippingFee":          {path: "/waimai/order/queryZbShippingFee", tell: tellRows},
	"order/zhongbao/dispatch":             {path: "/waimai/order/zbDispatch", plain: []string{"shipping_fee", "tip_amount"}},
	"order/zhongbao/update/tip":           {path: "/waimai/order/updateZbDispatchTip", plain: []string{"tip_amount"}},
	"order/getCancelDeliveryReason":       {path: "/waimai/order/queryZbCancelDeliveryReason", names: map[string]string{"app_poi_code": ""}},
	"order/cancelLogisticsByWmOrderId":    {path: "/waimai/order/cancelZbLogisticsByWmOrderId", names: map[string]string{"app_poi_code": ""}},
	"order/batchPullPhoneNumber":          {path: "/waimai/order/batchPullPhoneNumber", names: map[string]string{"app_poi_code": "", "offset": "degradOffset", "limit": "degradLimit"}, tell: tellRows},
	ridersPath:                            {path: "/waimai/order/getRiderInfoPhoneNumber", names: map[string]string{"app_poi_code": "", "offset": "degradOffset", "limit": "degradLimit"}, tell: tellRows},
	"food/list":                           {path: "/waimai/dish/queryListByEPoiId", names: map[string]string{"app_poi_code": ""}, plain: []string{"offset", "limit"}, tell: tellDishes},
	"food/sku/stock":                      {path: "/waimai/dish/updateStock", ask: askStocks},
	"poi/mget":                            {path: "/waimai/poi/queryPoiInfo", names: map[string]string{"app_poi_codes": "ePoiIds"}, tell: tellRows},
	"poi/open":                            {path: "/waimai/poi/open", names: map[string]string{"app_poi_code": "ePoiId"}},
	"poi/close":                           {path: "/waimai/poi/close", names: map[string]string{"app_poi_code": "ePoiId"}},
	"poi/shippingtime/update":             {path: "/waimai/poi/updateOpenTime", names: map[string]string{"app_poi_code": "", "shipping_time": "openTime"}},
	"poi/logistics/isDelayPush":           {path: "/waimai/poi/queryDelayDispatch", names: map[string]string{"app_poi_code": ""}, tell: tellObject},
	"poi/logistics/setDelayPush":          {path: "/waimai/poi/updateDelayDispatch", names: map[string]string{"app_poi_code": ""}, plain: []string{"delay_seconds"}},
	"shipping/list":                       {path: "/waimai/ng/shipping/list", names: map[string]string{"app_poi_code": ""}, tell: tellRows},
	"shipping/save":                       {path: "/waimai/ng/shipping/save", names: asIs, plain: []string{"min_price", "shipping_fee"}},
	"shipping/spec/save":                  {path: "/waimai/ng/shipping/spec/save", names: asIs, plain: []string{"min_price", "shipping_fee"}},
	"shipping/delete":                     {path: "/waimai/ng/shipping/delete", names: asIs},
	"foodCat/list":                        {path: "/waimai/dish/queryCatList", names: map[string]string{"app_poi_code": ""}, tell: tellRows},
	"foodCat/update":                      {path: "/waimai/dish/updateCat", names: map[string]string{"app_poi_code": "", "category_name_origin": "oldCatName", "category_name": "catName"}, plain: []string{"sequence"}},
	"foodCat/delete":                      {path: "/waimai/dish/deleteCat", names: map[string]string{"app_poi_code": "", "category_name": "catName"}},
	"food/batchinitdata":                  {path: "/waimai/dish/batchUpload", ask: askDishes},
	"food/delete":                         {path: "/waimai/dish/delete", names: map[string]string{"app_poi_code": "", "app_food_code": "eDishCode"}},
	"food/sku/delete":                     {path: "/waimai/dish/deleteSku", names: map[string]string{"app_poi_code": "", "app_food_code": "eDishCode", "sku_id": "eDishSkuCode"}},
	"food/sku/price":                      {path: "/waimai/dish/updatePrice", ask: askPrices},
	"food/sku/sellStatus":                 {path: "/waimai/ng/dish/sku/sellStatus", ask: askSale},
	"food/bind/property":                  {path: "/waimai/dish/updateProperty", ask: askProperties},
	"food/property/list":                  {path: "/waimai/dish/queryPropertyList", names: map[string]string{"app_poi_code": "", "app_food_code": "eDishCode"}, tell: tellRows},
	"food/updateAppFoodCodeByOrigin":      {path: "/waimai/ng/dish/food/updateAppFoodCodeByOrigin", names: asIs},
	"food/updateAppFoodCodeByNameAndSpec": {path: "/waimai/ng/dish/food/updateAppFoodCodeByNameAndSpec", names: map[string]string{"app_poi_code": ""}},
	"image/upload":                        {path: "/waimai/image/upload", names: map[string]string{"app_poi_code": "", "img_name": "imageName"}},
	"poi/comment/app_poi_code": {path: "/waimai/poi/queryReviewList", names: map[string]string{"app_poi_code": "ePoiId", "pageoffset": "offset", "pagesize": "limit"},
		plain: []string{"start_time", "end_time", "pageoffset", "pagesize"}, tell: tellRows},
	"poi/comment/add_reply": {path: "/waimai/poi/addReply", names: map[string]string{"app_poi_code": ""}},
}

// request implements dialect. Everything that is asked for is one JSON object in biz; its text is signed
// as it is sent.
func (p *partner) request(ctx context.Context, s *shop, c call) (*http.Request, error) {
	ph, ok := phrases[c.path]
	if !ok {
		return nil, fault.Say("meituan.request", fault.Unsupported, "no_call_partner", "the service providers' platform has no such call")
	}
	biz := map[string]any{}
	if ph.ask != nil {
		asked, err := ph.ask(c.params)
		if err != nil {
			return nil, err
		}
		biz = asked
	} else {
		for k, v := range c.params {
			name, named := ph.names[k]
			if !named {
				name = camel(k)
			}
			switch {
			case name == "":
			case k == "order_id" && digits(v), contains(ph.plain, k) && decimal(v):
				biz[name] = json.Number(v)
			case k == "is_mt_logistics": // the rider is always told
			default:
				biz[name] = v
			}
		}
	}
	text, err := json.Marshal(biz)
	if err != nil {
		return nil, err
	}
	token, err := p.tokenOf(ctx, s.env.Vault)
	if err != nil {
		return nil, err
	}
	params := map[string]string{"developerId": p.developer, "businessId": business, "timestamp": strconv.FormatInt(s.env.Now().Unix(), 10), "charset": "UTF-8", "version": "2",
		"appAuthToken": token, "biz": string(text)}
	form := url.Values{"sign": {partnerSign(p.key.Reveal(), params)}}
	for k, v := range params {
		form.Set(k, v)
	}
	kind, body := "application/x-www-form-urlencoded; charset=UTF-8", bytes.NewBufferString(form.Encode())
	if c.file != nil {
		params["sign"] = form.Get("sign")
		if kind, body, err = c.file.multipart(params); err != nil {
			return nil, err
		}
		ctx = channel.Private(ctx) // the token stands in no form here, where it could be blotted out
	}
	req, err := http.NewRequestWithContext(channel.Hiding(ctx, "appAuthToken"), http.MethodPost, s.base+ph.path, body)
	if err == nil {
		req.Header.Set("Content-Type", kind)
	}
	return req, err
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

func digits(s string) bool {
	return s != "" && len(s) <= 19 && strings.IndexFunc(s, func(r rune) bool { return r < '0' || r > '9' }) < 0 && (s[0] != '0' || s == "0")
}

// decimal reports whether a text is a JSON number such as 6.5.
func decimal(s string) bool {
	whole, part, dot := strings.Cut(s, ".")
	return digits(whole) && (!dot || part != "" && strings.Trim(part, "0123456789") == "")
}

// camel writes order_id as orderId.
func camel(s string) string {
	parts := strings.Split(s, "_")
	for i, p := range parts {
		if i > 0 && p != "" {
			parts[i] = strings.ToUpper(p[:1]) + p[1:]
		}
	}
	return strings.Join(parts, "")
}

// snake writes orderId as order_id; some names are not the direct platform's with other letters.
func snake(s string) string {
	if own, ok := partnerNames[s]; ok {
		return own
	}
	var b strings.Builder
	for _, r := range s {
		if r >= 'A' && r <= 'Z' {
			b.WriteByte('_')
			r += 'a' - 'A'
		}
		b.WriteRune(r)
	}
	return b.String()
}

var partnerNames = map[string]string{
	"ePoiId": "app_poi_code", "poiId": "wm_poi_id", "poiName": "wm_poi_name", "poiAddress": "wm_poi_address", "poiPhone": "wm_poi_phone",
	"orderIdView": "wm_order_id_view", "cTime": "ctime", "uTime": "utime", "shippingStatus": "logistics_status", "isOpen": "open_level", "wmPoiReceiveCent": "wmPoiReceiveCent",
}

// directly gives a message of this platform in the direct platform's names.
func directly(f form) form {
	out := make(form, len(f)+2)
	for k, v := range f {
		out[snake(k)] = v
	}
	if out.has("detail") { // an order: what it does not say about a bag is none
		var bag struct {
			Fee text `json:"package_bag_fee"` // in fen, as in the direct platform; assumed
		}
		if s := out["package_bag_fee_info"]; s == "" || json.Unmarshal([]byte(s), &bag) != nil || bag.Fee == "" {
			bag.Fee = "0"
		}
		out["package_bag_money"] = string(bag.Fee)
		delete(out, "package_bag_fee_info")
		if cent := out["wmPoiReceiveCent"]; cent != "" && out["poi_receive_detail"] == "" && digits(cent) {
			out["poi_receive_detail"] = `{"wmPoiReceiveCent":` + cent + `}`
		}
	}
	return out
}

// object writes a form as JSON that formOf reads back.
func (f form) object() (json.RawMessage, error) { return json.Marshal(map[string]string(f)) }

func tellOrder(data json.RawMessage) (json.RawMessage, error) {
	f, err := formOf(unquoted(data))
	switch {
	case err != nil:
		return nil, err
	case len(f) == 0:
		return nil, errNothing
	}
	return directly(f).object()
}

// unquoted gives the JSON that a JSON string holds, or what is no string as it is.
func unquoted(data json.RawMessage) json.RawMessage {
	var inner string
	if json.Unmarshal(data, &inner) == nil && strings.ContainsAny(inner, "{[") {
		return json.RawMessage(inner)
	}
	return data
}

// rows changes each object of an array; null is an empty one.
func rows(data json.RawMessage, change func(form) form) (json.RawMessage, error) {
	var raws []json.RawMessage
	if err := json.Unmarshal(unquoted(data), &raws); err != nil {
		return nil, err
	}
	out := make([]json.RawMessage, 0, len(raws))
	for _, raw := range raws {
		f, err := formOf(raw)
		if err != nil {
			return nil, err
		}
		b, err := change(f).object()
		if err != nil {
			return nil, err
		}
		out = append(out, b)
	}
	return json.Marshal(out)
}

func tellRows(data json.RawMessage) (json.RawMessage, error) { return rows(data, directly) }

// tellRefunds reads getBatchOrderRefundInfo: an object for an order that holds its cases, an array of them, or a
// row a case; which of these is answered is not published. Here 1 is partial and 2 full, the reverse
// of the direct platform. It has no time of the answer. Whose request it was stands in
// apply_role, whose numbers are taken for those of apply_op_user_type.
func tellRefunds(data json.RawMessage) (json.RawMessage, error) {
	data, err := caseRows(data)
	if err != nil {
		return nil, err
	}
	return rows(data, func(f form) form {
		out := make(form, len(f))
		for k, v := range f {
			switch k = snake(k); k {
			case "refund_apply_time":
				k = "ctime"
			case "reason":
				k = "apply_reason"
			case "food":
				k = "wmAppRetailForOrderPartRefundList"
			case "apply_role":
				k = "apply_op_user_type"
			case "user_apply_type": // its numbers are not published
				continue
			case "refund_type":
				v = map[string]string{"1": "2", "2": "1"}[v]
			}
			out[k] = v
		}
		return out
	})
}

// caseRows gives the cases of an answer of getBatchOrderRefundInfo as one array.
func caseRows(data json.RawMessage) (json.RawMessage, error) {
	data = bytes.TrimSpace(unquoted(data))
	if len(data) > 0 && data[0] == '{' {
		data = slices.Concat([]byte{'['}, data, []byte{']'})
	}
	var raws []json.RawMessage
	if err := json.Unmarshal(data, &raws); err != nil {
		return nil, err
	}
	out := make([]json.RawMessage, 0, len(raws))
	for _, raw := range raws {
		var order struct {
			Cases json.RawMessage `json:"OrderRefundInfo"`
		}
		if json.Unmarshal(raw, &order) != nil || order.Cases == nil { // a case itself, or what is none
			out = append(out, raw)
			continue
		}
		var cases []json.RawMessage
		if err := json.Unmarshal(unquoted(order.Cases), &cases); err != nil {
			return nil, err
		}
		out = append(out, cases...)
	}
	return json.Marshal(out)
}

// answer implements dialect: {"code":"OP_SUCCESS","data":…}, {"data":"ok"} and {"error":{…}} of the older
// form. Anything but OP_SUCCESS is a refusal. What is answered where there is nothing is not published: no data
// is an empty list, an order that does not exist, and the ok of whatever is done.
func (p *partner) answer(body []byte, c call) (json.RawMessage, *refusal, error) {
	data, no, err := partnerAnswer(body)
	if no != nil && no.Code == "4001" {
		p.forget()
	}
	if err != nil || no != nil {
		return nil, no, err
	}
	ph := phrases[c.path]
	switch {
	case ph.tell != nil:
		data, err = ph.tell(data)
	case string(data) == "null":
		data = json.RawMessage(`"ok"`)
	}
	if errors.Is(err, errNothing) {
		return nil, &refusal{Code: "806", Msg: "不存在此订单"}, nil
	}
	return data, nil, err
}

// errNothing is an answer that has no order where one was asked for.
var errNothing = errors.New("the answer has no order")

func partnerAnswer(body []byte) (json.RawMessage, *refusal, error) {
	var e struct {
		Code  *text           `json:"code"`
		Msg   text            `json:"msg"`
		Data  json.RawMessage `json:"data"`
		Error *struct {
			Code    text `json:"code"`
			Message text `json:"message"`
		} `json:"error"`
	}
	switch err := json.Unmarshal(body, &e); {
	case err != nil:
		return nil, nil, err
	case e.Error != nil:
		return nil, partnerRefusal(string(e.Error.Code), string(e.Error.Message)), nil
	case e.Code != nil && *e.Code != "OP_SUCCESS" && *e.Code != "0":
		return nil, partnerRefusal(string(*e.Code), string(e.Msg)), nil
	case e.Code == nil && len(e.Data) == 0:
		return nil, nil, errors.New("the answer has neither code nor data")
	case len(e.Data) == 0:
		return json.RawMessage(`null`), nil, nil
	}
	return e.Data, nil, nil
}

// partnerRefusal puts a refusal under a number of the direct platform. The platform's own list of codes
// is not public: a number is taken for that of the direct platform, a word is told by its message,
// and what neither tells is 808, after which the order is looked at.
func partnerRefusal(code, msg string) *refusal {
	no := &refusal{Code: text(code), Msg: strings.TrimSpace(code + " " + msg)}
	if digits(code) {
		no.Msg = msg
		return no
	}
	for _, w := range []struct{ has, code string }{
		{"签名", "703"}, {"sign", "703"}, {"appAuthToken", "4001"}, {"授权", "4001"}, {"token", "4001"}, {"频繁", "711"}, {"流控", "711"}, {"限流", "711"},
		{"没有权限", "704"}, {"受到美团控制", "809"}, {"已被美团控制", "1027"}, {"不存在", "806"}, {"没有接入", "1005"}, {"无需调用", "1006"}, {"配送状态返回为空", "1013"}, {"参数", "705"}, {"系统错误", "700"}, {"系统异常", "700"},
	} {
		if strings.Contains(msg, w.has) {
			no.Code = text(w.code)
			return no
		}
	}
	no.Code = "808"
	return no
}
