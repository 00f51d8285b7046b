package meituan

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/tongdan/tongdan/internal/sim"
)

const apiPrefix = "/api/v1/"

// call is one verified request of the merchant.
type call struct {
	s    *Sim
	p    map[string]string
	seen *sim.Call
	kind string // the path below /api/v1/
	file []byte // of an upload
}

// envelope is an answer that is not wrapped into data.
type envelope map[string]any

// need returns a parameter that must not be empty.
func (c *call) need(name string) (string, error) {
	v := c.p[name]
	if v == "" {
		return "", missing(name)
	}
	return v, nil
}

// list returns a comma-separated parameter.
func (c *call) list(name string) ([]string, error) {
	v, err := c.need(name)
	if err != nil {
		return nil, err
	}
	parts := strings.Split(v, ",")
	if len(parts) > 200 {
		return nil, badFormat(name)
	}
	return parts, nil
}

func (c *call) number(name string) (int, error) {
	v, err := c.need(name)
	if err != nil {
		return 0, err
	}
	n, err := strconv.Atoi(v)
	if err != nil {
		return 0, badFormat(name)
	}
	return n, nil
}

// endpoint is one path of the API.
type endpoint struct {
	method string // as documented
	do     func(*call) (any, error)
}

// handler is the API: faults and call book in front, then signature, then the endpoint.
func (s *Sim) handler() http.Handler {
	routes := s.endpoints()
	gate := &sim.Gate{
		Clock: s.clock, Faults: s.faults, Calls: s.calls,
		Kind:    func(r *http.Request) string { return strings.TrimPrefix(r.URL.Path, apiPrefix) },
		Limited: func(w http.ResponseWriter, r *http.Request) { answer(w, r, nil, errFlow) },
	}
	return gate.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path, ok := strings.CutPrefix(r.URL.Path, apiPrefix)
		e, known := routes[path]
		if !ok || !known {
			http.NotFound(w, r)
			return
		}
		v, err := s.serve(r, path, e)
		var refused refusal
		if errors.As(err, &refused) && refused == errMethod {
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		answer(w, r, v, err)
	}))
}

// errMethod never goes out as such: strict mode answers HTTP 405.
var errMethod = refusal{405, "method not allowed"}

// answer writes the platform's envelope: {"data":...} or {"data":"ng","error":{...}}, always with
// HTTP 200.
func answer(w http.ResponseWriter, r *http.Request, v any, err error) {
	if err != nil {
		refused, ok := err.(refusal)
		if !ok {
			refused = errSystem
			refused.msg += "：" + err.Error()
		}
		sim.Seen(r.Context()).Code = strconv.Itoa(refused.code)
		sim.WriteJSON(w, http.StatusOK, map[string]any{"data": "ng", "error": map[string]any{"code": refused.code, "msg": refused.msg}})
		return
	}
	if raw, ok := v.(envelope); ok {
		sim.WriteJSON(w, http.StatusOK, raw)
		return
	}
	sim.WriteJSON(w, http.StatusOK, map[string]any{"data": v})
}

// serve checks a request as the gateway does, in the order: parameters, app, signature, time, rate, method.
func (s *Sim) serve(r *http.Request, path string, e endpoint) (any, error) {
	params, file, err := readParams(r)
	switch {
	case errors.Is(err, errTwice):
		return nil, errSig
	case err != nil:
		return nil, errFormat
	}
	c := &call{s: s, file: file, p: make(map[string]string, len(params)), seen: sim.Seen(r.Context()), kind: path}
	c.seen.Params = map[string]string{}
	for _, p := range params {
		c.p[p.K] = p.V
		if p.K != "sig" && p.K != "access_token" && p.K != "refresh_token" {
			c.seen.Params[p.K] = p.V[:min(len(p.V), 2000)]
		}
	}
	c.seen.Order = c.p["order_id"]
	if c.seen.Order == "" {
		c.seen.Order = c.p["wm_order_id_view"]
	}
	s.mu.Lock()
	config := s.config
	s.mu.Unlock()
	for _, name := range []string{"app_id", "timestamp", "sig"} {
		if _, err := c.need(name); err != nil {
			return nil, err
		}
	}
	if c.p["app_id"] != config.app {
		return nil, errApp
	}
	base := s.baseURL
	if base == "" {
		base = "http://" + r.Host
		if r.TLS != nil {
			base = "https://" + r.Host
		}
	}
	if !sameSig(sign(base+r.URL.Path, params, config.secret), c.p["sig"]) {
		return nil, errSig
	}
	at, err := strconv.ParseInt(c.p["timestamp"], 10, 64)
	if err != nil || len(c.p["timestamp"]) != 10 {
		return nil, badFormat("timestamp")
	}
	if !s.near(at, config.ClockSkew) {
		return nil, refusal{config.SkewCode, "timestamp与服务器时间相差过大"}
	}
	if !s.limiter.Allow(config.RatePerSecond, max(config.Burst, 1)) {
		return nil, errFlow
	}
	if config.StrictMethods && r.Method != e.method {
		return nil, errMethod
	}
	if err := s.admit(c); err != nil {
		return nil, err
	}
	return e.do(c)
}

// near compares a timestamp with the platform's clock and with real time: callers that do not follow a
// fast clock are let in, too.
func (s *Sim) near(at int64, skew int) bool {
	if skew <= 0 {
		return true
	}
	for _, now := range []time.Time{s.clock.Now(), time.Now()} {
		if d := now.Unix() - at; d <= int64(skew) && -d <= int64(skew) {
			return true
		}
	}
	return false
}

// onOrder is for endpoints that act on one order. The tally counts the call under its path.
func onOrder(f func(c *call, t *change, o *Order) (bool, error)) func(*call) (any, error) {
	return func(c *call) (any, error) {
		id, err := c.need("order_id")
		if err != nil {
			return nil, err
		}
		changed, err := c.s.with(id, c.kind, func(t *change, o *Order) (bool, error) { return f(c, t, o) })
		c.seen.Changed = changed
		if err != nil {
			return nil, err
		}
		return "ok", nil
	}
}

// ofOrder is for endpoints that read one order.
func ofOrder(f func(c *call, o *Order) (any, error)) func(*call) (any, error) {
	return func(c *call) (any, error) {
		id, err := c.need("order_id")
		if err != nil {
			return nil, err
		}
		return c.s.read(id, c.kind, func(o *Order) (any, error) { return f(c, o) })
	}
}

func (s *Sim) endpoints() map[string]endpoint {
	routes := map[string]endpoint{
		"poi/getids":              {"GET", func(c *call) (any, error) { return c.s.storeCodes(), nil }},
		"poi/mget":                {"GET", mget},
		"poi/open":                {"POST", openStore},
		"poi/close":               {"POST", onStore(closeStore)},
		"poi/online":              {"POST", onStore(setOnline(1))},
		"poi/offline":             {"POST", onStore(setOnline(0))},
		"poi/shippingtime/update": {"POST", onStore(shippingTime)},
		"poi/updatepromoteinfo":   {"POST", onStore(promotion)},
		"image/upload":            {"POST", upload},

		"poi/comment/app_poi_code": {"GET", fromStore(listComments)},
		"poi/comment/add_reply":    {"POST", onStore(replyComment)},
		"comment/score":            {"GET", fromStore(averageScore)},

		"food/save":           {"POST", saveFood(false)},
		"food/delete":         {"POST", deleteFoods("app_food_code")},
		"food/batchDelSpu":    {"POST", deleteFoods("app_food_codes")},
		"food/batchsave":      {"POST", batchFoods(true, false)},
		"food/batchbulksave":  {"POST", batchFoods(true, false)},
		"food/sku/stock":      {"POST", eachSKU(false, starStock, "stock", setStock)},
		"food/sku/inc_stock":  {"POST", eachSKU(false, countedStock, "stock", addStock(1))},
		"food/sku/desc_stock": {"POST", eachSKU(false, countedStock, "stock", addStock(-1))},
		"food/sku/price":      {"POST", eachSKU(false, validPrice, "price", setPrice)},
		"food/sku/sellStatus": {"POST", sellStatus(false)},

		"retail/delete":         {"POST", deleteFoods("app_food_code")},
		"retail/sku/stock":      {"POST", eachSKU(true, starStock, "stock", setStock)},
		"retail/sku/price":      {"POST", eachSKU(true, validPrice, "price", setPrice)},
		"retail/sku/sellStatus": {"POST", sellStatus(true)},

		"foodCat/list":   {"GET", fromStore(listCategories)},
		"foodCat/update": {"POST", onStore(updateCategory)},
		"foodCat/delete": {"POST", onStore(deleteCategory)},

		"order/poi_received":            {"GET", onOrder(poiReceived)},
		"order/confirm":                 {"GET", onOrder(confirmOrder)},
		"order/cancel":                  {"GET", onOrder(cancelOrder)},
		"order/delivering":              {"GET", onOrder(ownRider(riderCollected))},
		"order/arrived":                 {"GET", onOrder(ownRider(riderDelivered))},
		"order/preparationMealComplete": {"GET", onOrder(mealComplete)},
		"order/getPreparationMealTime":  {"GET", ofOrder(func(*call, *Order) (any, error) { return 900, nil })},
		"order/refund/agree":            {"GET", onOrder(agreeRefund)},
		"order/refund/reject":           {"GET", onOrder(rejectRefund)},
		"order/getPartRefundFoods":      {"GET", ofOrder(func(_ *call, o *Order) (any, error) { return o.refundable(), nil })},
		"order/applyPartRefund":         {"POST", onOrder(applyPartRefund)},
		"order/viewstatus":              {"GET", ofOrder(viewStatus)},
		"order/getOrderDetail":          {"GET", ofOrder(orderDetail)},
		"order/getOrderDaySeq":          {"GET", daySeq},
		"order/getOrderIdByDaySeq":      {"GET", orderByDaySeq},
		"order/remindReply":             {"POST", onOrder(remindReply)},
		"order/subsidy":                 {"GET", ofOrder(subsidy)},
		"order/batchPullPhoneNumber":    {"POST", pullNumbers(false)},
		"order/getRiderInfoPhoneNumber": {"POST", pullNumbers(true)},
		"order/batchFetchAbnormalOrder": {"POST", abnormal},

		"order/logistics/push":             {"GET", onOrder(pushRider)},
		"order/logistics/cancel":           {"GET", onOrder(cancelRider)},
		"order/cancelLogisticsByWmOrderId": {"POST", onOrder(cancelRider)},
		"order/logistics/status":           {"GET", ofOrder(riderStatus)},
		"order/logistics/change/poi_self":  {"POST", onOrder(toSelf)},
		"order/zhongbao/shippingFee":       {"GET", crowdFees},
		"order/zhongbao/dispatch":          {"GET", onOrder(crowdDispatch)},
		"order/zhongbao/update/tip":        {"GET", onOrder(crowdTip)},
		"order/riderPosition":              {"POST", onOrder(placeRider)},
		"order/getCancelDeliveryReason":    {"POST", ofOrder(cancelDeliveryReasons)},

		"ecommerce/order/logistics/sync":       {"POST", onOrder(syncRider)},
		"ecommerce/order/getOrderRefundDetail": {"GET", refundDetails},
	}
	for _, family := range []string{"food", "retail"} {
		routes[family+"/list"] = endpoint{"GET", fromStore(listFoods)}
		routes[family+"/get"] = endpoint{"GET", fromStore(oneFood)}
		routes[family+"/initdata"] = endpoint{"POST", saveFood(true)}
		routes[family+"/batchinitdata"] = endpoint{"POST", batchFoods(false, family == "retail")}
		routes[family+"/sku/delete"] = endpoint{"POST", onStore(deleteSKU)}
		routes[family+"/bind/property"] = endpoint{"POST", onStore(bindProperty)}
		routes[family+"/property/list"] = endpoint{"GET", fromStore(listProperties)}
	}
	areaRoutes(routes)
	goodsRoutes(routes)
	profileRoutes(routes)
	vendorRoutes(routes)
	// Known to the documents, not to this simulator.
	for _, path := range []string{"comment/query", "order/getActDetailByAcId", "order/getSupportedCompensation", "order/applyCompensation",
		"order/getCompensationResult", "ecommerce/order/reviewAfterSales", "wm/bill/list"} {
		routes[path] = endpoint{"GET", func(*call) (any, error) { return nil, errNoRight }}
	}
	return routes
}
