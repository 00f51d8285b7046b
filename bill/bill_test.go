package bill_test

import (
	"testing"

	"github.com/tongdan/tongdan/bill"
	"github.com/tongdan/tongdan/fault"
)

func TestAStatementIsReadByTheNamesOfItsColumns(t *testing.T) {
	lines, err := bill.Parse([][]string{
		{"美团外卖对账单"}, {"账期", "2026-11-01 至 2026-11-02"},
		{"订单编号", "门店名称", "下单时间", "交易类型", "在线支付（元）", "商家活动支出(元)", "佣金", "商家实收（元）", "备注"},
		{"27058820000000011", "山间茶事", "2026/11/1 12:03", "订单", "36.00", "-3.00", "-5.10", "27.90", "x"},
		{"27058820000000011", "山间茶事", "20261102", "退款", "-4.29", "", "", "-4.29", ""},
		{"合计", "", "", "", "", "", "", "23.61"},
	})
	if err != nil || len(lines) != 2 {
		t.Fatal(lines, err)
	}
	if l := lines[0]; l.Net != 2790 || l.Day != "2026-11-01" || l.Parts["在线支付（元）"] != 3600 || l.Parts["佣金"] != -510 || l.Row != 4 || l.Shop != "山间茶事" {
		t.Errorf("%+v", l)
	}
	of := func(n int64) *int64 { return &n }
	net, diff := bill.Compare(lines, bill.Expected{Net: of(2361), Paid: of(3171), Activity: of(300), Settled: of(2361)})
	if net != 2361 || len(diff) != 0 {
		t.Errorf("what agrees differs: %d %+v", net, diff)
	}
	_, diff = bill.Compare(lines, bill.Expected{Net: of(2360), Paid: of(3171), Activity: of(250)})
	if len(diff) != 2 || diff[0] != (bill.Gap{What: "net", Here: 2360, Bill: 2361}) || diff[1].What != "商家活动支出(元)" {
		t.Errorf("a cent is not named: %+v", diff)
	}
}

func TestWhatIsNoStatementSaysWhatToDo(t *testing.T) {
	for code, rows := range map[string][][]string{
		"bill_columns": {{"日期", "营业额"}, {"2026-11-01", "100.00"}},
		"bill_amount":  {{"订单号", "商家实收"}, {"27058820000000011", "二十"}},
		"bill_number":  {{"订单号", "商家实收"}, {"2.70588E+16", "27.90"}},
		"bill_empty":   {{"订单号", "商家实收"}, {"合计", "27.90"}},
	} {
		if _, err := bill.Parse(rows); !fault.Is(err, fault.Invalid) || fault.ReasonOf(err).Code != code {
			t.Errorf("%s: %v", code, err)
		}
	}
}

// A workbook has 5 for 5.00: were it left out, the rest of the column would not be what the order knows.
func TestAPartWithoutDecimalsCounts(t *testing.T) {
	lines, err := bill.Parse([][]string{
		{"订单号", "在线支付", "件数", "商家实收"},
		{"27058820000000011", "36", "2", "30"},
		{"27058820000000011", "-4.29", "1", "-4.29"},
	})
	if err != nil || len(lines) != 2 || lines[0].Parts["在线支付"] != 3600 || lines[0].Parts["件数"] != 0 {
		t.Fatal(lines, err)
	}
	paid := int64(3171)
	if net, diff := bill.Compare(lines, bill.Expected{Paid: &paid}); net != 2571 || len(diff) != 0 {
		t.Errorf("%d %+v", net, diff)
	}
}

// FuzzParse is given the cells of a head and of a line.
func FuzzParse(f *testing.F) {
	f.Add("订单编号", "商家实收（元）", "活动款", "27058820000000011", "27.90", "-3")
	f.Add("order_id", "settleAmount", "", "2.7E+16", "-92233720368547758.08", "92233720368547758.07")
	f.Add("订单号", "结算金额", "日期", "1", "--", "2026年1月2日")
	f.Fuzz(func(t *testing.T, a, b, c, x, y, z string) {
		lines, err := bill.Parse([][]string{{a, b, c}, {x, y, z}, {x, y}, {}, {x, y, z, z}})
		if err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Fatal(err)
			}
			return
		}
		var sum int64
		for _, l := range lines {
			sum += l.Net
			if l.Ref == "" || l.Day != "" && len(l.Day) != len("2006-01-02") {
				t.Fatalf("%+v", l)
			}
		}
		if net, _ := bill.Compare(lines, bill.Expected{Net: new(int64)}); net != sum || net/int64(len(lines)) != lines[0].Net {
			t.Fatalf("%d of %+v", net, lines)
		}
	})
}
