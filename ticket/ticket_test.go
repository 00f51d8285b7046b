package ticket_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/encoding/simplifiedchinese"
	"pgregory.net/rapid"

	"github.com/tongdan/tongdan/order"
	"github.com/tongdan/tongdan/printer/printertest"
	"github.com/tongdan/tongdan/ticket"
)

var update = flag.Bool("update", false, "write the golden files")

// What each ticket looks like, on both papers: read the files after a change.
func TestTickets(t *testing.T) {
	for _, columns := range []int{ticket.Paper58, ticket.Paper80} {
		for _, kind := range ticket.Kinds {
			golden(t, fmt.Sprintf("%s-%d", kind, columns), printertest.Rows(kind, columns))
		}
		again := ticket.Set(ticket.Kitchen, ticket.Data{Order: printertest.Sample(), Channel: "美团外卖", Store: "湖滨店", Copy: ticket.Copy{N: 2, By: "小王"}, Only: []string{"米饭"}}, columns)
		golden(t, fmt.Sprintf("again-%d", columns), again)
		golden(t, fmt.Sprintf("test-%d", columns), ticket.TestPage("山间茶事(湖滨店)", "后厨", "TEST", "zh-CN", time.FixedZone("CST", 8*3600), 1772942460000, columns))
	}
	o := printertest.Sample()
	o.Head.Table, o.Head.Logistics, o.Times.Promised = "8", order.NoShipping, 0
	golden(t, "table-pt-32", ticket.Set(ticket.Shop, ticket.Data{Order: o, Channel: "Balcao", Store: "Loja São José", Locale: "pt-BR", Copy: ticket.Copy{N: 3}}, 32))
}

func golden(t *testing.T, name string, rows []ticket.Row) {
	t.Helper()
	var b strings.Builder
	for _, r := range rows {
		mark := map[ticket.Size]string{ticket.Normal: " ", ticket.Tall: "|", ticket.Big: "#"}[r.Size]
		for _, f := range []struct {
			on bool
			by string
		}{{r.Bold, "b"}, {r.Center, "c"}, {r.Reverse, "r"}} {
			if f.on {
				mark += f.by
			} else {
				mark += " "
			}
		}
		b.WriteString(mark + " " + strings.TrimRight(ticket.Text([]ticket.Row{r}), "\n") + "\n")
	}
	file := filepath.Join("testdata", name+".txt")
	if *update {
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil || string(want) != b.String() {
		t.Errorf("%s differs (%v); it is now:\n%s", name, err, b.String())
	}
}

// The column rule, against the encoder: whatever is written, no line is wider than the
// paper and every character is one that printers have.
func TestNothingIsWiderThanThePaperOrNotInThePrintersFont(t *testing.T) {
	texts := rapid.OneOf(rapid.String(), rapid.StringOf(rapid.RuneFrom([]rune("宫保鸡丁abc ¥ã𠮷€×①〇龘镕…“”—·\n\t😀👍🏽\u200d\u0301<>{}"))))
	rapid.Check(t, func(t *rapid.T) {
		o := printertest.Sample()
		o.Remark, o.Head.DaySeq = texts.Draw(t, "remark"), rapid.StringMatching(`[0-9]{0,4}`).Draw(t, "seq")
		o.Head.Table = rapid.OneOf(rapid.Just(""), texts).Draw(t, "table")
		o.Bill.Lines[0].Name, o.Bill.Lines[0].Quantity = texts.Draw(t, "name"), rapid.Int64Range(0, 1e12).Draw(t, "n")
		o.Bill.Lines[1].Options = []string{texts.Draw(t, "option")}
		o.Customer.Name, o.Customer.Phone, o.Customer.Address = texts.Draw(t, "who"), texts.Draw(t, "phone"), texts.Draw(t, "address")
		o.Customer.PhoneKind = rapid.SampledFrom([]string{"", "real", "privacy", "masked"}).Draw(t, "kind")
		columns := rapid.SampledFrom([]int{32, 48}).Draw(t, "columns")
		kind := rapid.SampledFrom(ticket.Kinds).Draw(t, "ticket")
		rows := ticket.Set(kind, ticket.Data{Order: o, Channel: texts.Draw(t, "channel"), Store: texts.Draw(t, "store"), Copy: ticket.Copy{N: rapid.IntRange(0, 3).Draw(t, "copy"), By: texts.Draw(t, "by")}, Case: "r1"}, columns)
		for _, r := range rows {
			room := columns
			if r.Size == ticket.Big {
				room /= 2
			}
			b, err := simplifiedchinese.GB18030.NewEncoder().Bytes([]byte(r.Text))
			if err != nil || len(b) > room {
				t.Fatalf("%q is %d columns wide of %d (%v)", r.Text, len(b), room, err)
			}
			if len(b) != ticket.Width(r.Text) || strings.ContainsFunc(r.Text, func(c rune) bool { return c < 0x20 || c == 0x7f }) {
				t.Fatalf("%q: %d bytes in the font, taken for %d columns", r.Text, len(b), ticket.Width(r.Text))
			}
		}
	})
}

func TestBreakingLosesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := ticket.Clean(strings.ReplaceAll(rapid.String().Draw(t, "s"), "\n", ""))
		s = strings.ReplaceAll(s, "\n", "")
		lines := ticket.Break(s, rapid.IntRange(2, 48).Draw(t, "width"))
		if got := strings.Join(lines, ""); strings.ReplaceAll(got, " ", "") != strings.ReplaceAll(s, " ", "") {
			t.Fatalf("%q became %q", s, lines)
		}
	})
}

func TestClean(t *testing.T) {
	for in, want := range map[string]string{
		"¥5": "￥5", "São José": "Sao José", "𠮷野家": "吉野家", "€×①〇龘镕": "€×①〇龘镕", "😀好👍🏽": "□好□", "👨‍👩‍👧‍👦一家": "□一家", "❤️": "□",
		"a\tb\x1b@\x00c": "a b@c", "ﾗｰﾒﾝ": "ラーメン", "\u202eabc": "abc", "Ñandú nº 5": "Nandú no 5", "½": "1/2", "第一行\r\n第二行": "第一行\n第二行", "\xff": "?",
	} {
		if got := ticket.Clean(in); got != want {
			t.Errorf("%q becomes %q, and not %q", in, got, want)
		}
	}
}

func TestPhonesOnPaper(t *testing.T) {
	for _, c := range []struct{ phone, kind, want string }{
		{"13900000002", "real", "139****0002"}, {"18500000000_3473", "privacy", "18500000000 转 3473"}, {"18500000000,3473", "privacy", "18500000000 转 3473"},
		{"139****0002", "masked", "139****0002"}, {"13900000002", "", "139****0002"}, {"87654321", "real", "****4321"}, {"123", "real", "****"},
	} {
		o := printertest.Sample()
		o.Customer.Phone, o.Customer.PhoneKind = c.phone, c.kind
		text := ticket.Text(ticket.Set(ticket.Shop, ticket.Data{Order: o, Locale: "zh-CN"}, 32))
		if !strings.Contains(text, "电话: "+c.want+"\n") || strings.Contains(text, "三丰") {
			t.Errorf("%s (%s) is not shown as %s in\n%s", c.phone, c.kind, c.want, text)
		}
	}
}

func TestAddressesOnPaper(t *testing.T) {
	for by, want := range map[order.Logistics]string{order.BySelf: "柳荫路18号 3栋201", order.ByPlatform: "柳荫路18号\n", order.Pickup: ""} {
		o := printertest.Sample()
		o.Head.Logistics, o.Remark = by, ""
		text := ticket.Text(ticket.Set(ticket.Shop, ticket.Data{Order: o}, 80))
		if strings.Contains(text, "地址") != (want != "") || !strings.Contains(text, want) || by != order.BySelf && strings.Contains(text, "3栋201") {
			t.Errorf("with %s it reads\n%s", by, text)
		}
	}
}

func FuzzClean(f *testing.F) {
	f.Add("a😀¥\x1b@")
	f.Fuzz(func(t *testing.T, s string) {
		c := ticket.Clean(s)
		if ticket.Clean(c) != c {
			t.Errorf("%q becomes %q, which becomes %q", s, c, ticket.Clean(c))
		}
	})
}
