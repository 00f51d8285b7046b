package meituan

import "fmt"

// refusal is an error that the platform answers with a code of its list.
type refusal struct {
	code int
	msg  string
}

func (r refusal) Error() string { return fmt.Sprintf("%d %s", r.code, r.msg) }

// The codes that the simulator answers (Meituan open platform docs, error codes). Which code an
// order endpoint gives for a wrong state is not published; 808 stands for all of them.
var (
	errSystem      = refusal{700, "系统错误"}
	errMissing     = refusal{701, "缺少参数，数据不完整"}
	errApp         = refusal{702, "app_id不存在"}
	errSig         = refusal{703, "签名验证错误"}
	errFormat      = refusal{705, "参数格式错误"}
	errNoRight     = refusal{708, "没有权限访问该接口"}
	errFlow        = refusal{711, "接口调用过于频繁，触发流控"}
	errNoStore     = refusal{803, "不存在此门店"}
	errNoFood      = refusal{805, "不存在此菜品"}
	errNoOrder     = refusal{806, "不存在此订单"}
	errState       = refusal{808, "操作失败"}
	errHeldStore   = refusal{809, "门店营业状态受到美团控制，无法恢复营业"}
	errNotMT       = refusal{1005, "商家没有接入美团配送,无法进行配送相关操作"}
	errIsMT        = refusal{1006, "商家已接入美团配送，无需调用该接口"}
	errNoDelivery  = refusal{1013, "配送状态返回为空"}
	errNoRecall    = refusal{1014, "无法取消配送单，不满足取消配送单的条件"}
	errNoSKU       = refusal{1015, "不存在此菜品sku"}
	errCompleted   = refusal{1022, "该订单已完成，无法取消"}
	errNotCrowd    = refusal{1029, "商家没有接入众包配送"}
	errSeveralSKUs = refusal{3015, "方法调用错误,上传菜品中存在多规格,请调用sku相关接口"}
	errBadNumbers  = refusal{3006, "参数无效，请检查数字参数和是否有空参数"}
)

// missing names the parameter, which the real platform does not always do.
func missing(name string) refusal { return refusal{errMissing.code, errMissing.msg + ":" + name} }

func badFormat(name string) refusal { return refusal{errFormat.code, errFormat.msg + ":" + name} }

// Order states.
const (
	submitted  = 1 // 用户已提交订单, not paid
	pushed     = 2 // 可推送到商家, waiting for the merchant
	received   = 3 // 商家已收到
	confirmed  = 4 // 商家已确认
	delivering = 6 // 已配送, old self-delivery mode
	completed  = 8 // 已完成
	cancelled  = 9 // 已取消
)

var statusText = map[int]string{
	submitted: "待支付", pushed: "待接单", received: "商家已收到", confirmed: "已接单", delivering: "配送中", completed: "已完成", cancelled: "已取消",
}

// Delivery states (logistics_status).
const (
	sentToDelivery = 0
	heldByDelivery = 5
	riderAccepted  = 10
	riderAtStore   = 15
	riderCollected = 20
	riderDelivered = 40
	riderCancelled = 100
)

var deliveryText = map[int]string{
	sentToDelivery: "待骑手接单", heldByDelivery: "压单", riderAccepted: "骑手已接单", riderAtStore: "骑手已到店",
	riderCollected: "骑手已取餐", riderDelivered: "已送达", riderCancelled: "配送已取消",
}

// Cancel reasons of the platform's side.
const (
	reasonNotConfirmed = 1001
	reasonUnpaid       = 1002
	reasonBuyerUnpaid  = 1101
	reasonBuyer        = 1102
	reasonRefunded     = 1103
	reasonService      = 1204
	reasonMerchant     = 2007 // 其他原因, also when order/cancel names none
)

var reasonText = map[int]string{
	1001: "超时未确认，系统取消", 1002: "系统取消，在线支付订单15分钟未支付", 1101: "用户取消，在线支付中取消", 1102: "用户取消订单",
	1103: "用户取消，用户退款取消", 1201: "客服取消，用户下错单", 1202: "客服取消，用户测试", 1203: "客服取消，重复订单",
	1204: "客服取消，其他原因", 1301: "其他原因",
	2001: "商家超时接单", 2002: "非顾客原因修改订单", 2003: "非顾客原因取消订单", 2004: "配送延迟", 2005: "售后投诉", 2006: "用户要求取消",
	2007: "其他原因", 2008: "店铺太忙", 2009: "商品已售完", 2010: "地址无法配送", 2011: "店铺已打烊", 2012: "联系不上用户",
	2013: "重复订单", 2014: "配送员取餐慢", 2015: "配送员送餐慢", 2016: "配送员丢餐、少餐、餐洒",
}

// Who did it (deal_op_type, apply_op_user_type).
const (
	byUser     = 1
	byClient   = 2 // the merchant in the platform's own app
	byService  = 3
	bySystem   = 5
	byOpenAPI  = 6
	resWaiting = 0 // res_type of a refund case
)

// logisticsName is what logistics/status calls a logistics_code, with its logistics_id.
var logisticsName = map[string]struct {
	id   int
	name string
}{
	"0000": {1, "商家自配"}, "00009002": {1, "商家自配"}, "00009003": {1, "商家自配"}, "0002": {2, "趣活"}, "0016": {3, "达达"},
	"1003": {4, "美团跑腿"}, "1001": {5, "加盟"}, "1002": {6, "自建"}, "1004": {8, "城市代理"}, "2001": {100, "角马"},
	"2002": {101, "快送"}, "3001": {102, "混合送"}, "2010": {103, "全城送"},
}

// Modes of delivery, from the logistics_code.
func selfDelivery(code string) bool {
	switch code {
	case "", "0000", "00009002", "00009003":
		return true
	}
	return false
}

func crowdDelivery(code string) bool { return code == "1003" }
