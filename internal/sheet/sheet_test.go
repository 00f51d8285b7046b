package sheet_test

import (
	"archive/zip"
	"bytes"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/encoding/simplifiedchinese"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/internal/sheet"
)

func book(t testing.TB, texts, cells string) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, text := range map[string]string{
		"xl/sharedStrings.xml":     "<sst>" + texts + "</sst>",
		"xl/worksheets/sheet1.xml": "<worksheet><sheetData>" + cells + "</sheetData></worksheet>",
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

const (
	texts = `<si><t>订单号</t></si><si><r><t>商家</t></r><r><t>实收</t></r><rPh><t>x</t></rPh></si>`
	cells = `<row r="1"><c r="A1" t="s"><v>0</v></c><c r="C1" t="s"><v>1</v></c></row><row r="2"><c r="A2" t="inlineStr"><is><t>27058820000000011</t></is></c><c r="C2"><v>27.9</v></c></row>`
)

func TestTablesAreReadHoweverTheyWereSaved(t *testing.T) {
	want := [][]string{{"订单号", "", "商家实收"}, {"27058820000000011", "", "27.9"}}
	csv := "订单号,,商家实收\n=\"27058820000000011\",,27.9\n"
	gb, err := simplifiedchinese.GB18030.NewEncoder().String(csv)
	if err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string][]byte{"utf-8": []byte("\xef\xbb\xbf" + csv), "gb18030": []byte(gb), "tabs": bytes.ReplaceAll([]byte(csv), []byte(","), []byte("\t")), "xlsx": book(t, texts, cells)} {
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

// A spreadsheet saves 27.9 as the nearest binary fraction; the digits of an order's number are never touched.
func TestNumbersAreReadAsASpreadsheetShowsThem(t *testing.T) {
	for saved, want := range map[string]string{
		"27.899999999999999": "27.9", "-4.2900000000000009": "-4.29", "1E-2": "0.01", "36": "36", "0.1": "0.1",
		"27058820000000011": "27058820000000011", "2.7058820000000011E+16": "2.7058820000000011E+16", "": "",
	} {
		got, err := sheet.Rows(book(t, "", `<row><c><v>`+saved+`</v></c></row>`))
		if err != nil || got[0][0] != want {
			t.Errorf("%s: %q, %v, not %q", saved, got, err, want)
		}
	}
}

// Files of a few KiB that name cells or texts without end would take hundreds of MiB.
func TestAFileCannotNameMoreCellsThanThereIsRoomFor(t *testing.T) {
	far := strings.Repeat(`<row><c r="GR1"/></row>`, sheet.MaxCells/sheet.MaxColumns+1)
	for name, b := range map[string][]byte{
		"cells": book(t, "", far),
		"texts": book(t, strings.Repeat("<si/>", sheet.MaxCells+1), ""),
		"csv":   bytes.Repeat([]byte(strings.Repeat(",", sheet.MaxColumns-1)+"\n"), sheet.MaxCells/sheet.MaxColumns+1),
	} {
		if _, err := sheet.Rows(b); !fault.Is(err, fault.TooLarge) {
			t.Errorf("%s (%d bytes): %v", name, len(b), err)
		}
	}
}

// FuzzRows is given any bytes, and any parts of a workbook.
func FuzzRows(f *testing.F) {
	f.Add([]byte("a,b\n1,2\n"), "", "")
	f.Add([]byte("\xef\xbb\xbf订单号\t商家实收\n=\"1\"\t'2\n"), texts, cells)
	f.Add(book(f, texts, cells), `<si><rPh></si></rPh>`, `<row><c r="ZZZ9" t="s"><v>-1</v></c></row></c>`)
	f.Fuzz(func(t *testing.T, b []byte, texts, cells string) {
		for _, b := range [][]byte{b, book(t, texts, cells)} {
			rows, err := sheet.Rows(b)
			if err != nil {
				if c := fault.CodeOf(err); c != fault.Invalid && c != fault.TooLarge {
					t.Fatal(err)
				}
				continue
			}
			for _, row := range rows {
				if len(row) > sheet.MaxColumns {
					t.Fatalf("%d columns", len(row))
				}
			}
		}
	})
}
