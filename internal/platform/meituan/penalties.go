package meituan

import (
	"time"

	"github.com/tongdan/tongdan/channel"
)

// lapsedReason is the reason code of an order that nobody accepted within five minutes.
const lapsedReason = "1001"

// penalties are Meituan's rules with their numbers. Source: order FAQ of the open platform.
var penalties = []channel.Penalty{
	{Code: "rest_late", Counter: channel.CountLapsed, Limit: 2, Window: time.Hour, Cause: lapsedReason,
		Text:   channel.Text{ZH: "一小时内连续 2 单超时未接，系统置休", EN: "Two orders in a row within an hour that nobody accepts: the shop is put to rest"},
		Remedy: channel.Text{ZH: "马上接单或拒单；接下一单后重新计数", EN: "Accept or refuse at once; the next order that is accepted begins the count anew"}},
	{Code: "cancel_late", Counter: channel.CountWaiting, Limit: 1,
		Text:   channel.Text{ZH: "5 分钟未接单，系统取消", EN: "An order that is not accepted within five minutes is cancelled"},
		Remedy: channel.Text{ZH: "马上接单", EN: "Accept it at once"}},
	{Code: "refund_late", Counter: channel.CountRefund, Limit: 1,
		Text:   channel.Text{ZH: "退款申请超时未处理，自动同意", EN: "A refund request that nobody answers in time is agreed to"},
		Remedy: channel.Text{ZH: "处理退款申请", EN: "Answer the request"}},
	{Code: "rest_pushes", Counter: channel.CountFailed, Limit: 0.8, Least: 11, Window: 5 * time.Minute,
		Text:   channel.Text{ZH: "5 分钟内推送超过 10 次且失败率高于 80%，系统置休", EN: "More than ten messages in five minutes of which over 80 % fail: the shop is put to rest"},
		Remedy: channel.Text{ZH: "检查服务器和数据库；其他任务自动让路", EN: "Look after the server and its database; other work gives way by itself"}},
	{Code: "rest_unpulled", Counter: channel.CountUnpulled, Limit: 5, Window: 5 * time.Minute,
		Text:   channel.Text{ZH: "5 分钟未拉取订单，系统置休（没有公网地址时）", EN: "No pull for five minutes puts the shop to rest, where nothing is pushed"},
		Remedy: channel.Text{ZH: "检查网络；拉取间隔自动缩短", EN: "Look after the network; pulls come sooner by themselves"}},
}
