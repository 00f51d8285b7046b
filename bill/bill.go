// Package bill reads the settlement statement (对账单) that a merchant downloads from a
// platform, and says where it differs from what the orders here lead one to expect. It does no
// I/O. A statement's columns are found by their names; amounts are fen.
//
// What a merchant receives is, by Meituan's own formula: 商家实收 = 在线支付 + 活动款 − refunds of both − 菜品分成 − 配送费 +
// refunds of these. The statement says what it came to; the order says what the platform
// expected when it was placed. The two differ when a delivery mode, a refund or a contract
// changed since: which of them, the parts tell.
package bill

import (
	"cmp"
	"slices"
	"strings"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/money"
)

// A Charge is one line of a statement.
type Charge struct {
	Row   int              `json:"row"` // in the table, from 1
	Ref   string           `json:"ref"` // the platform's order id; "" = of no order
	Shop  string           `json:"shop,omitempty"`
	Day   string           `json:"day,omitempty"` // 2006-01-02
	Kind  string           `json:"kind,omitempty"`
	Net   int64            `json:"net"`   // what the merchant receives, fen
	Parts map[string]int64 `json:"parts"` // by the column's own name
}

// columns are the names under which statements have what every line needs, the surest first.
var columns = map[string][]string{
	"ref":  {"订单号", "订单编号", "订单id", "平台订单号", "展示订单号", "order_id", "orderid"},
	"net":  {"商家实收", "商家实收金额", "商家应收款", "商家应收", "结算金额", "应结算金额", "结算给商家金额", "settleamount"},
	"day":  {"账单日期", "结算日期", "完成时间", "订单完成时间", "下单时间", "日期", "date"},
	"shop": {"门店名称", "商家名称", "门店id", "门店编号", "shop"},
	"kind": {"交易类型", "账单类型", "业务类型", "类型"},
}

func nameOf(cell string) string {
	cell, _, _ = strings.Cut(cell, "(")
	cell, _, _ = strings.Cut(cell, "（")
	return strings.ToLower(strings.Join(strings.Fields(cell), ""))
}

// Parse reads a table. The head may stand below some lines of title. Columns of amounts that
// are not known are parts under their own names. It fails with fault.Invalid when no column has
// the order's number or the sum that the merchant receives, and names the first row that has
// no amount where one has to be.
func Parse(rows [][]string) ([]Charge, error) {
	const op = "bill.Parse"
	at, head := -1, map[string]int{}
	for i, row := range rows[:min(len(rows), 30)] {
		found := map[string]int{}
		for what, names := range columns {
			best := len(names)
			for j, cell := range row {
				if k := slices.Index(names, nameOf(cell)); k >= 0 && k < best {
					best, found[what] = k, j
				}
			}
		}
		_, ref := found["ref"]
		if _, net := found["net"]; ref && net {
			at, head = i, found
			break
		}
	}
	if at < 0 {
		return nil, fault.Say(op, fault.Invalid, "bill_columns", "no row names both the order number (订单号) and what you receive (商家实收): download the statement by order, not the summary")
	}
	get := func(row []string, what string) string {
		if i, ok := head[what]; ok && i < len(row) {
			return row[i]
		}
		return ""
	}
	used := []int{}
	for _, i := range head {
		used = append(used, i)
	}
	var out []Charge
	for i, row := range rows[at+1:] {
		ref := strings.TrimSpace(get(row, "ref"))
		net, ok := fen(get(row, "net"))
		if !ok {
			if ref == "" || get(row, "net") == "" { // a line of sums, or of nothing
				continue
			}
			return nil, fault.Say(op, fault.Invalid, "bill_amount", "row {row} has no amount under {column}", "row", itoa(at+2+i), "column", rows[at][head["net"]])
		}
		if ref == "" || strings.ContainsAny(ref, "合总小") {
			continue
		}
		if strings.ContainsAny(ref, ".eE+") { // a spreadsheet has made a number of it, and lost its last digits
			return nil, fault.Say(op, fault.Invalid, "bill_number", "row {row}: the order number was turned into {ref}: download the file again and do not save it in a spreadsheet", "row", itoa(at+2+i), "ref", ref)
		}
		l := Charge{Row: at + 2 + i, Ref: ref, Shop: get(row, "shop"), Day: day(get(row, "day")), Kind: get(row, "kind"), Net: net, Parts: map[string]int64{}}
		for j, cell := range row {
			if j >= len(rows[at]) || rows[at][j] == "" || slices.Contains(used, j) {
				continue
			}
			if n, ok := fen(cell); ok && n != 0 && !strings.Contains(rows[at][j], "号") && (strings.Contains(cell, ".") || compared(rows[at][j])) {
				l.Parts[rows[at][j]] = n
			}
		}
		out = append(out, l)
	}
	if len(out) == 0 {
		return nil, fault.Say(op, fault.Invalid, "bill_empty", "the statement has no orders")
	}
	return out, nil
}

// mostFen is beyond any amount of a line, and so little that no sum of a statement overflows.
const mostFen = 1_000_000_000_000

// fen is an amount of yuan in fen.
func fen(cell string) (int64, bool) {
	cell = strings.NewReplacer(",", "", "¥", "", "￥", "", " ", "").Replace(cell)
	if cell == "" || cell == "--" || cell == "-" {
		return 0, false
	}
	m, err := money.Parse(strings.TrimPrefix(cell, "+"), "CNY")
	return m.Minor(), err == nil && -mostFen <= m.Minor() && m.Minor() <= mostFen
}

// day is a date, however it is written: 2026-11-22, 2026/11/22 13:05, 20261122.
func day(cell string) string {
	cell = strings.NewReplacer("/", "-", ".", "-", "年", "-", "月", "-", "日", "").Replace(cell)
	cell, _, _ = strings.Cut(cell, " ")
	if len(cell) == 8 && strings.Trim(cell, "0123456789") == "" {
		cell = cell[:4] + "-" + cell[4:6] + "-" + cell[6:]
	}
	p := strings.Split(cell, "-")
	if len(p) != 3 || len(p[0]) != 4 {
		return ""
	}
	pad := func(s string) string { return strings.Repeat("0", max(0, 2-len(s))) + s }
	out := p[0] + "-" + pad(p[1]) + "-" + pad(p[2])
	if len(out) != 10 || strings.Trim(out, "0123456789-") != "" {
		return ""
	}
	return out
}

func itoa(n int) string {
	if n < 10 {
		return string(rune('0' + n))
	}
	return itoa(n/10) + string(rune('0'+n%10))
}

// An Expected is what an order here leads one to expect, fen.
type Expected struct {
	Net      *int64 // what the platform said when it was placed, less what was refunded since; nil = it has not
	Paid     *int64 // 在线支付
	Activity *int64 // 活动款 that the merchant bears
	Delivery *int64 // 配送费
	Refunded *int64
	Settled  *int64 // what the platform's own settlement message said
}

// A Gap is one amount that differs.
type Gap struct {
	What string `json:"what"` // net, settled, or the statement's name of a part
	Here int64  `json:"here"`
	Bill int64  `json:"bill"`
}

// parts are the statement's names of what an order knows too. Their sign is the platform's
// habit and not compared.
var parts = []struct {
	names []string
	of    func(Expected) *int64
}{
	{[]string{"在线支付", "用户实付", "顾客实付"}, func(e Expected) *int64 { return e.Paid }},
	{[]string{"商家活动支出", "商家承担活动", "商家活动成本", "活动款"}, func(e Expected) *int64 { return e.Activity }},
	{[]string{"配送费", "用户支付配送费"}, func(e Expected) *int64 { return e.Delivery }},
	{[]string{"退款", "退款金额"}, func(e Expected) *int64 { return e.Refunded }},
}

// compared reports whether a column is one of parts: a number there is an amount, without decimals too.
func compared(column string) bool {
	for _, p := range parts {
		if slices.Contains(p.names, nameOf(column)) {
			return true
		}
	}
	return false
}

// Compare names what differs, to the cent: the sum first, then the parts that both know. It is
// given all lines of one order, since refunds are lines of their own.
func Compare(lines []Charge, e Expected) (net int64, out []Gap) {
	sums := map[string]int64{}
	for _, l := range lines {
		net += l.Net
		for name, n := range l.Parts {
			sums[name] += n
		}
	}
	if e.Net != nil && *e.Net != net {
		out = append(out, Gap{"net", *e.Net, net})
	}
	if e.Settled != nil && *e.Settled != net {
		out = append(out, Gap{"settled", *e.Settled, net})
	}
	names := make([]string, 0, len(sums))
	for name := range sums {
		names = append(names, name)
	}
	slices.SortFunc(names, cmp.Compare)
	for _, name := range names {
		for _, p := range parts {
			if !slices.Contains(p.names, nameOf(name)) {
				continue
			}
			if here := p.of(e); here != nil && abs(*here) != abs(sums[name]) {
				out = append(out, Gap{name, *here, sums[name]})
			}
		}
	}
	return net, out
}

func abs(n int64) int64 { return max(n, -n) }
