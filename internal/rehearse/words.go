package rehearse

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/tongdan/tongdan/internal/books"
	"github.com/tongdan/tongdan/internal/hub"
)

// A Lang is a language of the report: ZH or EN.
type Lang int

// The languages.
const (
	ZH Lang = iota
	EN
)

// LangOf reads --lang, or where that is empty the locale of the environment.
func LangOf(flag string, env func(string) string) (Lang, error) {
	switch strings.ToLower(flag) {
	case "zh", "zh-cn":
		return ZH, nil
	case "en":
		return EN, nil
	case "":
		for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
			if v := strings.ToLower(env(name)); v != "" {
				if strings.HasPrefix(v, "zh") {
					return ZH, nil
				}
				return EN, nil
			}
		}
		return EN, nil
	}
	return EN, fmt.Errorf("--lang is %q: use zh or en", flag)
}

// say chooses between two texts.
func (l Lang) say(zh, en string) string {
	if l == ZH {
		return zh
	}
	return en
}

// n writes a count with thousands apart.
func (l Lang) n(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// sec writes seconds for people.
func (l Lang) sec(s float64) string {
	switch {
	case s < 1:
		return fmt.Sprintf(l.say("%.0f 毫秒", "%.0f ms"), s*1000)
	case s < 100:
		return fmt.Sprintf(l.say("%.1f 秒", "%.1f s"), s)
	}
	return fmt.Sprintf(l.say("%.0f 秒", "%.0f s"), s)
}

// clock writes a moment after the beginning.
func clock(s float64) string { return fmt.Sprintf("%d:%02d", int(s)/60, int(s)%60) }

// measure names a measure of time.
func (l Lang) measure(m string) string {
	switch m {
	case Durable:
		return l.say("平台推送 → 落盘并应答", "push → stored and answered")
	case Screen:
		return l.say("顾客下单 → 店员屏幕", "customer orders → on a screen")
	case Pressed:
		return l.say("按下按钮 → 通单应答", "button pressed → answered")
	case Platform:
		return l.say("按下按钮 → 平台已改变", "button pressed → platform changed")
	case Printed:
		return l.say("按下接单 → 后厨单出纸", "accept pressed → kitchen ticket on paper")
	case Labelled:
		return l.say("按下打印面单 → 面单出纸", "labels pressed → label on paper")
	case Paper:
		return l.say("顾客下单 → 后厨单出纸", "customer orders → kitchen ticket on paper")
	}
	return m
}

// broke names a kind of break.
func (l Lang) broke(kind string) string {
	switch kind {
	case BreakLateAccept:
		return l.say("接单超时", "an order was not accepted in time")
	case BreakRefund:
		return l.say("退款超时未答复", "a refund was not answered in time")
	case BreakTwice:
		return l.say("一小时内连续两单超时", "two orders in a row not accepted in time")
	case BreakPushes:
		return l.say("推送失败率超过 80%", "over 80 % of the pushes failed")
	case BreakNoPull:
		return l.say("5 分钟没有拉取", "no call for five minutes")
	case BreakSlowScreen:
		return l.say("订单一分钟还没上屏", "an order was not on a screen within a minute")
	case BreakSlowPlatform:
		return l.say("操作两分钟还没到平台", "an act was not at the platform within two minutes")
	case BreakSlowLabel:
		return l.say("面单两分钟还没打出", "a label had not come out within two minutes")
	case BreakSilent:
		return l.say("按钮十秒没有应答", "a button got no answer within ten seconds")
	case BreakGap:
		return l.say("实时流跳过了一个变更", "the live stream jumped over a change")
	case BreakNode:
		return l.say("节点自己退出", "a node ended by itself")
	case BreakPromise:
		return l.say("账对不上", "the books differ")
	case "cancel_loop":
		return l.say("平台已取消又去取消", "a cancelled order was cancelled again")
	case "suspended":
		return l.say("系统置休", "a shop was put to rest")
	}
	return kind
}

// end names what became of an act.
func (l Lang) end(state string) string {
	switch state {
	case "done":
		return l.say("完成", "done")
	case "refused":
		return l.say("平台拒绝", "refused by the platform")
	case "void":
		return l.say("已不需要", "no longer wanted")
	}
	return state
}

// title says in one line what was rehearsed.
func (l Lang) title(r *Report) string {
	pr, fp := profiles[r.Profile], faultPlans[r.Faults]
	parts := []string{l.say(pr.zh, pr.en), l.say("平台故障："+fp.zh, "faults: "+fp.en)}
	if r.Engine == "hub" {
		parts = append(parts, l.say("正在运行的通单", "a hub that was running"))
	} else {
		parts = append(parts, fmt.Sprintf(l.say("%d 个节点（%s）", "%d node(s), %s"), r.Nodes, r.Engine))
	}
	if r.KillS > 0 {
		parts = append(parts, fmt.Sprintf(l.say("每 %g 秒强杀一个节点", "a node killed every %g s"), r.KillS))
	}
	parts = append(parts, fmt.Sprintf(l.say("%g 分钟，平均每秒 %.3g 单", "%g minutes, %.3g orders a second"), r.Minutes, r.Rate))
	return strings.Join(parts, " · ")
}

// A fact is one line of the report.
type fact struct {
	Name string
	Text string
	Good bool // nothing is wrong in it
	Bad  bool // it breaks the promise
}

func state(good, bad bool) fact { return fact{Good: good, Bad: bad} }

// facts is the report in plain words.
func (l Lang) facts(r *Report) []fact {
	f := func(good, bad bool, name, text string) fact {
		x := state(good, bad)
		x.Name, x.Text = name, text
		return x
	}
	o, a := r.Orders, r.Acts
	bad := o.Lost+o.Doubled+o.Strange+o.Differ > 0
	out := append(append(l.early(r), l.day(r.Day)...), l.replayed(r.Replayed)...)
	looked := r.Ended == nil || r.Ended.Compared // else only what was seen from outside is known
	orders := f(!bad && o.In == o.Agreed, bad, l.say("订单", "Orders"), fmt.Sprintf(l.say("%s 单，两边账一致 %s 单，丢 %s，重 %s，多出 %s，状态或金额不符 %s",
		"%s orders, %s alike in both books, %s lost, %s doubled, %s that no platform has, %s with another status or total"),
		l.n(o.In), l.n(o.Agreed), l.n(o.Lost), l.n(o.Doubled), l.n(o.Strange), l.n(o.Differ)))
	if !looked {
		orders.Text = fmt.Sprintf(l.say("下了 %s 单；没有核对", "%s placed; not compared"), l.n(o.In))
	}
	out = append(out, orders)
	out = append(out, l.stock(r)...)
	bad = a.Twice+a.Unsent > 0 || r.Ended == nil && a.Stuck+a.Gone > 0
	text := fmt.Sprintf(l.say("%s 次发往平台，重复 %s，说完成而平台没有 %s，没有结果 %s，查不到 %s", "%s sent to platforms, %s done twice, %s called done that were not, %s without an end, %s forgotten"),
		l.n(a.Sent), l.n(a.Twice), l.n(a.Unsent), l.n(a.Stuck), l.n(a.Gone))
	var ends []string
	for _, s := range []string{"done", "refused", "void"} {
		if n := a.ByEnd[s]; n > 0 {
			ends = append(ends, l.end(s)+" "+l.n(n))
		}
	}
	if a.Person > 0 {
		ends = append(ends, fmt.Sprintf(l.say("由人核对 %s", "looked up by a person %s"), l.n(a.Person)))
	}
	if len(ends) > 0 {
		text += l.say("（", " (") + strings.Join(ends, l.say("，", ", ")) + l.say("）", ")")
	}
	if !looked {
		text = fmt.Sprintf(l.say("%s 次发往平台；没有核对", "%s sent to platforms; not compared"), l.n(a.Sent))
	}
	out = append(out, f(looked && !bad && a.Stuck+a.Gone == 0, bad, l.say("操作", "Acts"), text))
	if t := r.Tickets; looked {
		bad = t.Twice > 0 || r.Ended == nil && t.Missing > 0
		out = append(out, f(!bad && t.Missing+t.Wrong == 0, bad, l.say("小票", "Tickets"), fmt.Sprintf(l.say("该打的后厨单 %s，已在纸上 %s，没打出 %s，重复 %s；打坏 %s，补打（说不准是否打出）%s",
			"%s kitchen tickets owed, %s on paper, %s missing, %s twice; %s garbled, %s marked copies (nobody could say whether the first came out)"),
			l.n(t.Owed), l.n(t.Printed), l.n(t.Missing), l.n(t.Twice), l.n(t.Wrong), l.n(t.Copies))))
	}
	if x := r.Labels; looked && x.Batches > 0 {
		bad = x.Twice+x.Odd > 0 || r.Ended == nil && x.Lost > 0
		out = append(out, f(!bad && x.Lost == 0, bad, l.say("面单", "Labels"), l.labels(x)))
	}
	out = append(out, f(r.Missed == Missed{}, false, l.say("超时", "Deadlines missed"), fmt.Sprintf(l.say("接单 %s，退款 %s", "accept %s, refund %s"), l.n(r.Missed.Accept), l.n(r.Missed.Refund))))
	pen := r.Penalties
	out = append(out, f(pen == Penalties{}, false, l.say("平台会给的处罚", "Penalties"), fmt.Sprintf(l.say("5 分钟未拉取 %s，一小时内连续两单超时 %s，5 分钟内推送失败率超 80%% %s，退款过期 %s",
		"no call for 5 minutes %s, two late accepts in a row within an hour %s, over 80 %% of pushes failed within 5 minutes %s, refunds expired %s"),
		l.n(pen.NoPull), l.n(pen.LateTwice), l.n(pen.PushFailures), l.n(pen.RefundExpired))))
	if looked {
		out = append(out, l.parked(r))
	}
	out = append(out, l.verified(r))
	hits := 0
	for _, n := range r.Hits {
		hits += n
	}
	out = append(out, f(true, false, l.say("发生过的事", "What happened"), fmt.Sprintf(l.say("强杀节点 %s 次，平台故障 %s 次，推送 %s 次（其中 %s 次没答好，平台会再推）",
		"%s nodes killed, %s faults of the platforms, %s pushes (%s not answered well; the platform repeats them)"), l.n(r.Kills), l.n(hits), l.n(r.Pushes.Sent), l.n(r.Pushes.Failed))))
	if r.First == nil {
		out = append(out, f(true, false, l.say("最先坏的", "First to break"), l.say("没有", "nothing")))
	} else {
		out = append(out, f(false, false, l.say("最先坏的", "First to break"), fmt.Sprintf(l.say("%s 时，每秒 %.1f 单：%s（%s）", "at %s, with %.1f orders a second: %s (%s)"),
			clock(r.First.At), r.First.Rate, l.broke(r.First.Kind), r.First.Text)))
	}
	text = fmt.Sprintf(l.say("停止下单后用了 %s", "%s after the last order"), l.sec(r.SettledS))
	if len(r.Last) > 0 && r.Ended == nil && !r.Broken {
		text += l.say("；最后才一致的：", "; last to agree: ") + joined(l, r.Last, 3)
	}
	if r.Ended == nil {
		out = append(out, f(true, false, l.say("对账", "Settling"), text))
	}
	return out
}

// labels says what became of the labels that were asked for.
func (l Lang) labels(x Labels) string {
	text := fmt.Sprintf(l.say("要打 %s 张（%s 批，最大一批 %s 单，其中补打 %s），打出 %s 张，没有面单但有原因 %s，之前打过而跳过 %s，没下文 %s，重复 %s，没人要 %s；说不准而加标记再打 %s",
		"%s asked for (%s batches, the largest of %s orders; %s copies), %s came out, %s have none with a reason, %s left out as printed before, %s lost, %s twice, %s that nobody asked for; %s came again with a mark (nobody could say whether the first came out)"),
		l.n(x.Asked), l.n(x.Batches), l.n(x.Largest), l.n(x.Copies), l.n(x.Printed), l.n(x.Refused), l.n(x.Skipped), l.n(x.Lost), l.n(x.Twice), l.n(x.Odd), l.n(x.Marked))
	var why []string
	for _, code := range slices.Sorted(maps.Keys(x.Why)) {
		why = append(why, code+" × "+l.n(x.Why[code]))
	}
	if len(why) > 0 {
		text += l.say("（原因：", " (reasons: ") + strings.Join(why[:min(len(why), 5)], l.say("，", ", ")) + l.say("）", ")")
	}
	return text
}

// joined writes the first few of a list in one line.
func joined(l Lang, list []books.Difference, n int) string {
	var parts []string
	for _, x := range list[:min(len(list), n)] {
		parts = append(parts, x.Text)
	}
	if len(list) > n {
		parts = append(parts, "…")
	}
	return strings.Join(parts, l.say("；", "; "))
}

// early says that a rehearsal did not come to its end, first of all.
func (l Lang) early(r *Report) []fact {
	e := r.Ended
	if e == nil {
		return nil
	}
	text := fmt.Sprintf(l.say("%s 时，%s：%s", "at %s, %s: %s"), clock(e.At), l.during(e.Stage), l.why(e))
	if e.Compared {
		text += fmt.Sprintf(l.say("。两边账还有 %s 处没有一致（下面列出前几处），这不等于出错", ". The books do not agree yet in %s places (the first ones are below), which need not be wrong"), l.n(r.Opened))
	} else {
		text += l.say("。两边账没能再核对", ". The books could not be compared any more")
	}
	return []fact{{Name: l.say("提前结束", "Ended early"), Text: text}}
}

// notYet heads the list of what did not agree yet.
func (l Lang) notYet(r *Report) string {
	return fmt.Sprintf(l.say("还没有一致的（%s 处，前几处）", "Does not agree yet (%s places, the first ones)"), l.n(r.Opened))
}

// during says what a rehearsal was at.
func (l Lang) during(stage string) string {
	switch stage {
	case StageLoad:
		return l.say("正在下单", "while orders came")
	case StageSettle:
		return l.say("正在对账", "while settling")
	}
	return l.say("正在自检", "while the database was verified")
}

func (l Lang) why(e *Ended) string {
	switch e.Why {
	case WhyInterrupted:
		return l.say("被打断", "interrupted")
	case WhyTime:
		return l.say("对账超过了时限（--settle）", "settling took longer than --settle allows")
	}
	return e.Detail
}

// replayed says what of an earlier day was played again.
func (l Lang) replayed(x *Replayed) []fact {
	if x == nil {
		return nil
	}
	deeds := 0
	for _, n := range x.Deeds {
		deeds += n
	}
	text := fmt.Sprintf(l.say("日志 %s 行里的 %s 单；消息重复 %s、迟到 %s、乱序 %s、没来 %s；顾客的动作 %s 次（催单 %s、取消 %s、退款 %s、撤回或申诉 %s）",
		"%s lines of the journal, %s orders; messages doubled %s, late %s, out of order %s, never sent %s; %s deeds of customers (reminders %s, cancels %s, refunds %s, withdrawals and appeals %s)"),
		l.n(x.Lines), l.n(x.Lives), l.n(x.Doubled), l.n(x.Late), l.n(x.Swapped), l.n(x.Lost), l.n(deeds),
		l.n(x.Deeds[hub.DeedRemind]), l.n(x.Deeds[hub.DeedCancel]), l.n(x.Deeds[hub.DeedRefund]+x.Deeds[hub.DeedPart]), l.n(x.Deeds[hub.DeedWithdraw]+x.Deeds[hub.DeedAppeal]))
	if x.Otherwise > 0 {
		text += fmt.Sprintf(l.say("；其中 %s 次取消来时店里已接单，改为申请退款", "; %s of the cancels came after the accept and became requests for a refund"), l.n(x.Otherwise))
	}
	if x.Skipped > 0 {
		text += fmt.Sprintf(l.say("；%s 次在这里没有机会发生", "; for %s there was no occasion here"), l.n(x.Skipped))
	}
	if x.Staff > 0 {
		text += fmt.Sprintf(l.say("；那天商家或平台取消的 %s 单不照样取消，由演练的店员决定", "; %s orders that the merchant or the platform cancelled then are left to the rehearsal's staff"), l.n(x.Staff))
	}
	f := fact{Name: l.say("重放的那天", "The day played again"), Text: text, Good: x.Stored == 0}
	if x.Stored > 0 {
		f.Text += fmt.Sprintf(l.say("；%s 单的消息已不在日志里，只按存下的订单重放时间和数量", "; of %s orders the messages are not in the journal any more: they were played by time and count from the stored orders"), l.n(x.Stored))
	}
	return []fact{f}
}

// day is the second verdict with its numbers.
func (l Lang) day(d *Day) []fact {
	if d == nil {
		return nil
	}
	penalties := 0
	var kinds []string
	for _, k := range slices.Sorted(maps.Keys(d.Penalties)) {
		penalties += d.Penalties[k]
		kinds = append(kinds, l.broke(k)+" "+l.n(d.Penalties[k]))
	}
	text := fmt.Sprintf(l.say("%s 家店（%s 家经服务商）：两边账%s，处罚 %s 次", "%s shops (%s through a service provider): the books %s, %s penalties"),
		l.n(d.Shops), l.n(d.Provided), map[bool]string{true: l.say("一致", "agree"), false: l.say("不一致", "do not agree")}[d.Books], l.n(penalties))
	if penalties > 0 {
		text += l.say("（", " (") + strings.Join(kinds, l.say("，", ", ")) + l.say("）", ")")
	}
	text += fmt.Sprintf(l.say("；规则自动接单 %s 单、自动退款 %s 单", "; rules accepted %s orders and agreed to %s refunds by themselves"), l.n(d.Rules.Accepts), l.n(d.Rules.Refunds))
	late := d.Refunds.Expired + d.Refunds.Open
	list := []fact{
		{Name: l.say("这一天", "The day"), Text: text, Good: d.Books && penalties == 0, Bad: !d.Books || penalties > 0},
		{Name: l.say("退款申请", "Refund requests"), Good: late == 0, Bad: late > 0, Text: fmt.Sprintf(l.say("%s 件：同意 %s，拒绝 %s，撤回 %s，超时 %s，打烊时未答复 %s；一半在平台钟 %.1f 分钟内答复，最慢 %.1f 分钟",
			"%s: %s agreed to, %s refused, %s withdrawn, %s too late, %s not answered at closing time; half were answered within %.1f minutes of the platform's clock, the slowest in %.1f"),
			l.n(d.Refunds.Asked), l.n(d.Refunds.Agreed), l.n(d.Refunds.Refused), l.n(d.Refunds.Withdrawn), l.n(d.Refunds.Expired), l.n(d.Refunds.Open), d.Refunds.HalfMin, d.Refunds.SlowMin)},
		{Name: l.say("评价", "Comments"), Good: d.Comments.Seen == d.Comments.Written, Bad: d.Comments.Seen < d.Comments.Written, Text: fmt.Sprintf(l.say("%s 条（差评 %s 条），看到 %s 条；一半在平台钟 %.1f 分钟内看到，最慢 %.1f 分钟",
			"%s (%s with one or two stars), %s seen; half within %.1f minutes of the platform's clock, the slowest after %.1f"),
			l.n(d.Comments.Written), l.n(d.Comments.Low), l.n(d.Comments.Seen), d.Comments.HalfMin, d.Comments.SlowMin)},
	}
	return list
}

// spoiled lists what kept a day from being a good one.
func (l Lang) spoiled() string {
	return l.say("这一天没做好的（前几条）", "What kept the day from being a good one (the first ones)")
}

// stock is what was sold against what was there.
func (l Lang) stock(r *Report) []fact {
	s := r.Stock
	if s == nil {
		return []fact{{Name: l.say("超卖", "Oversold"), Text: l.say("未测量", "not measured")}}
	}
	ours, all := s.ours(), int64(0)
	for _, o := range s.Orders {
		all += o.Pieces
	}
	over := fact{Name: l.say("超卖", "Oversold"), Good: all == 0, Bad: ours > 0 || r.Ended == nil && s.Beyond > 0 && len(s.Named) == 0,
		Text: fmt.Sprintf(l.say("%s 件；到货 %s 件，卖出 %s 件，卖空 %s 种（共 %s 种），%s 位顾客来时已售罄", "%s pieces; of %s that came in %s were sold, %s of %s SKUs sold out, %s customers came too late"),
			l.n(int(all)), l.n(int(s.Received)), l.n(int(s.Sold)), l.n(s.SoldOut), l.n(len(s.Levels)), l.n(s.Turned))}
	if all > 0 {
		over.Text += fmt.Sprintf(l.say("；涉及 %s 单，其中 %s 件平台自己没有显示也卖了，通单点名 %s 单", "; %s orders, %s of the pieces the platform did not show and sold all the same, %s orders named by the hub"),
			l.n(len(s.Orders)), l.n(int(s.Beyond)), l.n(len(s.Named)))
	}
	if len(s.Levels) == 0 {
		return []fact{over}
	}
	book := fact{Name: l.say("库存", "Stock"), Good: s.Differ == 0, Bad: s.Above > 0 && r.Ended == nil,
		Text: fmt.Sprintf(l.say("%s 种商品（%s 种两个平台同卖），通单的可售数与平台账不符 %s 种，其中偏多 %s 种", "%s SKUs, %s of them sold on both platforms; of %s the hub's number is not what the platforms' books leave, of %s it is above"),
			l.n(len(s.Levels)), l.n(s.Shared), l.n(s.Differ), l.n(s.Above))}
	if held := s.held(); len(held) > 0 && r.Ended == nil {
		book.Text += l.say("；偏少的：", "; below: ") + joined(l, held, 3)
		book.Text += l.held(s)
		book.Bad = book.Bad || len(s.unexplained()) > 0
	}
	if s.Most > 0 {
		book.Good = false
		book.Text += fmt.Sprintf(l.say("；最坏的一刻各平台合计多显示 %s 件（%s）", "; at the worst moment %s pieces more were shown than there were (%s)"), l.n(int(s.Most)), s.Where)
	}
	return []fact{over, book}
}

// held names the orders on whose account pieces are held back.
func (l Lang) held(s *Stock) (text string) {
	list, pieces := s.holdings(), int64(0)
	var names []string
	for _, h := range list {
		pieces += h.Pieces
		why := l.say("做好了", "made")
		if h.Why == HeldAway {
			why = l.say("已寄出", "sent")
		}
		names = append(names, fmt.Sprintf("%s × %s, %s", h.Key, l.n(int(h.Pieces)), why))
	}
	if len(list) > 0 {
		text = fmt.Sprintf(l.say("；其中 %s 件在取消前已做好（平台没听到）或已寄出，不会回来（%s）", "; of these %s pieces were made, which the platform had not heard, or had been sent, and do not come back by a cancel (%s)"),
			l.n(int(pieces)), strings.Join(names[:min(len(names), 5)], l.say("，", ", ")))
	}
	if odd := s.unexplained(); len(odd) > 0 {
		text += l.say("；没有订单能解释的：", "; explained by no order: ") + joined(l, odd, 3)
	}
	return text
}

// verified is what verify says of the database.
func (l Lang) verified(r *Report) fact {
	v := r.Verify
	f := fact{Name: l.say("自检", "Verify"), Good: v == nil || v.Holds, Bad: v != nil && !v.Holds}
	if v == nil && r.Engine != "hub" {
		f.Good, f.Text = false, l.say("没有做：演练提前结束了", "not run: the rehearsal ended early")
		return f
	}
	if v == nil {
		f.Text = l.say("没有做：这个通单的数据库不归演练管，用 tongdan verify 自己查", "not run: the database of this hub is not the rehearsal's; run tongdan verify on it")
		return f
	}
	looked, bad := 0, 0
	for _, c := range v.Checks {
		looked += c.Looked
		bad += c.Bad
	}
	f.Text = fmt.Sprintf(l.say("数据库的 %d 条规则都查过，看了 %s 处，不成立 %s 处", "%d invariants of the database, %s places looked at, %s do not hold"), len(v.Checks), l.n(looked), l.n(bad))
	return f
}

// parked is what could not be read, and why.
func (l Lang) parked(r *Report) fact {
	forged := 0
	var why []string
	for _, x := range r.Reasons {
		if x.Forged {
			forged += x.Count
			continue
		}
		why = append(why, fmt.Sprintf("%s × %s %s: %s", l.n(x.Count), x.Channel, x.What, x.Reason))
	}
	f := fact{Name: l.say("看不懂的消息", "Parked messages"), Good: r.Parked == forged,
		Text: fmt.Sprintf(l.say("%s 条（原文已保存），其中伪造的 %s 条", "%s (their bytes are kept), of these %s forged ones"), l.n(r.Parked), l.n(forged))}
	if len(why) > 0 {
		f.Text += l.say("；其余：", "; the others: ") + strings.Join(why[:min(len(why), 5)], l.say("；", "; "))
	}
	return f
}

// verdict is the report in one line.
func (l Lang) verdict(r *Report) string {
	switch {
	case r.Ended != nil && r.Broken:
		return l.say("没有守住承诺（演练提前结束，后面的不知道）", "The promise did not hold (the rehearsal ended early; more may have followed)")
	case r.Ended != nil:
		return l.say("提前结束：守没守住承诺还不知道；到这时为止没有发现违背", "Ended early: whether the promise holds is not known; nothing has broken it so far")
	case !r.Held:
		return l.say("没有守住承诺", "The promise did not hold")
	case r.Day != nil && !r.Day.Held:
		return l.say("守住了承诺，但这一天没做好：有处罚、超时的退款或没看到的评价，见下", "The promise held, but the day was not a good one: a penalty, a refund answered too late, or a comment that nobody saw; see below")
	case r.Day != nil:
		return l.say("守住了承诺，这一天也做好了：没有处罚，退款都按时答复，评价都看到", "The promise held, and it was a good day: no penalty, each refund answered in time, each comment seen")
	case len(r.Breaks) > 0:
		return l.say("守住了承诺：不丢、不重、不超卖、不多做一次；但有超时或处罚，见下", "The promise held: nothing lost, nothing doubled, nothing oversold, nothing done twice; but something was late, see below")
	}
	return l.say("守住了承诺：不丢、不重、不超卖、不多做一次", "The promise held: nothing lost, nothing doubled, nothing oversold, nothing done twice")
}

// notes say what was compared, and what is not part of it.
func (l Lang) notes(r *Report) []string {
	out := []string{
		l.say("对账的内容：每一单在模拟平台和通单里是否都在、只有一份、状态相同、金额到分相同；每个操作在平台的账上最多改变一次，不可重复的操作最多收到一次，通单说完成的平台上确实完成；每种商品卖出的件数不超过到货，通单的可售数不多于平台账上剩下的。",
			"Compared for each order: that the simulated platform and the hub both have it, once, in the same status and with the same total to the cent; for each act: that it changed the platform's book at most once, that one which must not be repeated arrived at most once, and that what the hub calls done is done; for each SKU: that no more was sold than came in, and that the hub's number is not above what the platforms' books leave."),
		l.say("小票：每个美团店后厨一台网络打印机，已接的单各有一张后厨单，第二张标明补打。面单：美客多的包裹，一台面单打印机或一个 PDF；要打的每一张要么打出来，要么有原因，没人要补打就没有第二张。", "Tickets: one network printer in the kitchen of each Meituan store; each order that was accepted has one kitchen ticket, and a second one says that it is a copy. Labels: of Mercado Libre's parcels, on one label printer or as a PDF; each that was asked for came out or has a reason, and no second one came out that nobody asked for."),
	}
	if r.Speed != 1 {
		out = append(out, fmt.Sprintf(l.say("平台的时钟快 %g 倍：它们的 5 分钟是这里的 %s。报告里的时间都是真实的秒。", "The platforms' clock ran %g times as fast: their five minutes were %s here. All times of this report are real seconds."), r.Speed, l.sec(300/r.Speed)))
	}
	return out
}

// Line writes how it goes, short enough for a terminal.
func (l Lang) Line(p Progress) string {
	switch p.Phase {
	case "setup":
		return l.say("正在启动模拟平台、数据库和节点……", "starting platforms, database and nodes …")
	case "ended":
		return l.say("提前结束，正在最后看一遍两边的账（再按一次 Ctrl-C 立刻退出）……", "ended early, looking at the books once more (Ctrl-C again ends at once) …")
	case "verify":
		all := hub.VerifyChecks()
		return fmt.Sprintf(l.say("自检中 %s  第 %d 条规则（%s），共 %d 条，已看 %s 处", "verifying %s  invariant %d (%s) of %d, %s places looked at"),
			clock(p.Gone.Seconds()), slices.Index(all, p.Check)+1, p.Check, len(all), l.n(p.Looked))
	case "settle":
		return fmt.Sprintf(l.say("对账中 %s  订单 %s  已上屏 %s  操作在途 %s  未一致 %s", "settling %s  orders %s  shown %s  acts open %s  not agreed yet %s"), clock(p.Gone.Seconds()), l.n(p.In), l.n(p.Agreed), l.n(p.Open), l.n(p.Differ))
	}
	return fmt.Sprintf(l.say("%s/%s  订单 %s  已上屏 %s  操作在途 %s  最慢 %s  强杀 %d  故障 %s", "%s/%s  orders %s  shown %s  acts open %s  slowest %s  kills %d  faults %s"),
		clock(p.Gone.Seconds()), clock(p.Whole.Seconds()), l.n(p.In), l.n(p.Agreed), l.n(p.Open), strings.TrimSpace(l.sec(p.Slowest.For.Seconds())+" "+p.Slowest.Name), p.Kills, l.n(p.Faults))
}
