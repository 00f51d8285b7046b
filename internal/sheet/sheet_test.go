package sheet_test

import (
	"archive/zip"
	"bytes"
	"slices"
	"testing"

	"golang.org/x/text/encoding/simplifiedchinese"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/internal/sheet"
)

func book(t *testing.T) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, text := range map[string]string{
		"xl/sharedStrings.xml":     `<sst><si><t>订单号</t></si><si><r><t>商家</t></r><r><t>实收</t></r><rPh><t>x</t></rPh></si></sst>`,
		"xl/worksheets/sheet1.xml": `<worksheet><sheetData><row r="1"><c r="A1" t="s"><v>0</v></c><c r="C1" t="s"><v>1</v></c></row><row r="2"><c r="A2" t="inlineStr"><is><t>27058820000000011</t></is></c><c r="C2"><v>27.9</v></c></row></sheetData></worksheet>`,
	} {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		w.Write([]byte(text))
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestTablesAreReadHoweverTheyWereSaved(t *testing.T) {
	want := [][]string{{"订单号", "", "商家实收"}, {"27058820000000011", "", "27.9"}}
	csv := "订单号,,商家实收\n=\"27058820000000011\",,27.9\n"
	gb, err := simplifiedchinese.GB18030.NewEncoder().String(csv)
	if err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string][]byte{"utf-8": []byte("\xef\xbb\xbf" + csv), "gb18030": []byte(gb), "tabs": bytes.ReplaceAll([]byte(csv), []byte(","), []byte("\t")), "xlsx": book(t)} {
		got, err := sheet.Rows(b)
		if err != nil || !slices.EqualFunc(got, want, slices.Equal[[]string]) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	if _, err := sheet.Rows([]byte("PK\x03\x04rubbish")); !fault.Is(err, fault.Invalid) {
		t.Errorf("rubbish: %v", err)
	}
	if _, err := sheet.Rows(make([]byte, sheet.MaxBytes+1)); !fault.Is(err, fault.TooLarge) {
		t.Errorf("too large: %v", err)
	}
}

func FuzzRows(f *testing.F) {
	f.Add([]byte("a,b\n1,2\n"))
	f.Fuzz(func(t *testing.T, b []byte) { sheet.Rows(b) })
}
