// Package sheet reads the rows of a table as a person has downloaded it: CSV in UTF-8 or
// GB18030, or the first sheet of an XLSX workbook. It reads text, and knows no types, styles or
// formulas: what a cell was saved with is what it says.
package sheet

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"encoding/xml"
	"io"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"

	"github.com/tongdan/tongdan/fault"
)

// The limits of a table.
const (
	MaxBytes   = 8 << 20
	MaxRows    = 100_000
	MaxColumns = 200
	MaxCells   = 2_000_000 // empty ones before a cell among them; a small file can name far more
	maxPlain   = 64 << 20  // of a workbook's part once it is unpacked
	maxCell    = 2_000     // bytes; what is longer is cut
)

func bad(text string) error {
	return &fault.Error{Op: "sheet.Rows", Code: fault.Invalid, Why: fault.Because("sheet_unreadable", "this is no table that can be read: save it as CSV or XLSX and try again"), Err: fault.New("sheet", fault.Invalid, text)}
}

// Rows gives the rows of a table. It fails with fault.Invalid for what is none, and with
// fault.TooLarge beyond the limits.
func Rows(b []byte) ([][]string, error) {
	switch {
	case len(b) > MaxBytes:
		return nil, tooLarge()
	case bytes.HasPrefix(b, []byte("PK\x03\x04")):
		return workbook(b)
	}
	return text(b)
}

func tooLarge() error {
	return fault.Say("sheet.Rows", fault.TooLarge, "sheet_large", "the table is too large: at most 8 MiB, 100,000 rows and 2,000,000 cells; give a shorter period")
}

func text(b []byte) ([][]string, error) {
	b = bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))
	if !utf8.Valid(b) {
		var err error
		if b, err = simplifiedchinese.GB18030.NewDecoder().Bytes(b); err != nil || bytes.ContainsRune(b, utf8.RuneError) {
			return nil, bad("neither UTF-8 nor GB18030")
		}
	}
	r := csv.NewReader(bytes.NewReader(b))
	r.FieldsPerRecord, r.LazyQuotes = -1, true
	if line, _, _ := bytes.Cut(b, []byte("\n")); bytes.Count(line, []byte("\t")) > bytes.Count(line, []byte(",")) {
		r.Comma = '\t'
	}
	var out [][]string
	all := 0
	for {
		row, err := r.Read()
		switch {
		case err == io.EOF:
			return out, nil
		case err != nil:
			return nil, bad(err.Error())
		case len(out) >= MaxRows:
			return nil, tooLarge()
		}
		if len(row) > MaxColumns {
			row = row[:MaxColumns]
		}
		if all += len(row); all > MaxCells {
			return nil, tooLarge()
		}
		for i, c := range row {
			row[i] = clean(c)
		}
		out = append(out, row)
	}
}

// clean is a cell without what spreadsheets put around numbers to keep them as text.
func clean(c string) string {
	if len(c) > maxCell {
		c = strings.ToValidUTF8(c[:maxCell], "")
	}
	c = strings.TrimSpace(strings.Trim(c, "\u00a0\t`'"))
	if rest, ok := strings.CutPrefix(c, `="`); ok {
		c = strings.TrimSuffix(rest, `"`)
	}
	return c
}

func workbook(b []byte) ([][]string, error) {
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return nil, bad(err.Error())
	}
	open := func(name string) (io.ReadCloser, bool) {
		for _, f := range z.File {
			if strings.EqualFold(f.Name, name) && f.UncompressedSize64 <= maxPlain {
				r, err := f.Open()
				return struct {
					io.Reader
					io.Closer
				}{io.LimitReader(r, maxPlain), r}, err == nil
			}
		}
		return nil, false
	}
	var shared []string
	if r, ok := open("xl/sharedStrings.xml"); ok {
		shared, err = sharedStrings(r)
		r.Close()
		if err != nil {
			return nil, err
		}
	}
	r, ok := open("xl/worksheets/sheet1.xml")
	if !ok {
		return nil, bad("the workbook has no first sheet")
	}
	defer r.Close()
	return cells(r, shared)
}

// sharedStrings are the texts that cells name by their number.
func sharedStrings(r io.Reader) ([]string, error) {
	var out []string
	d := xml.NewDecoder(r)
	var b strings.Builder
	in, phonetic := false, 0
	for {
		t, err := d.Token()
		if err == io.EOF {
			return out, nil
		}
		if err != nil {
			return nil, bad(err.Error())
		}
		switch t := t.(type) {
		case xml.StartElement:
			switch t.Name.Local {
			case "si":
				b.Reset()
			case "rPh":
				phonetic++
			case "t":
				in = phonetic == 0
			}
		case xml.EndElement:
			switch t.Name.Local {
			case "si":
				if len(out) >= MaxCells {
					return nil, tooLarge()
				}
				out = append(out, b.String())
			case "rPh":
				phonetic--
			case "t":
				in = false
			}
		case xml.CharData:
			if in {
				b.Write(t)
			}
		}
	}
}

func cells(r io.Reader, shared []string) ([][]string, error) {
	d := xml.NewDecoder(r)
	var out [][]string
	var row []string
	var kind string
	var value strings.Builder
	column, take, all := -1, false, 0
	for {
		t, err := d.Token()
		if err == io.EOF {
			return out, nil
		}
		if err != nil {
			return nil, bad(err.Error())
		}
		switch t := t.(type) {
		case xml.StartElement:
			switch t.Name.Local {
			case "row":
				if len(out) >= MaxRows {
					return nil, tooLarge()
				}
				row = nil
				column = -1
			case "c":
				kind = ""
				column++
				value.Reset()
				for _, a := range t.Attr {
					switch a.Name.Local {
					case "t":
						kind = a.Value
					case "r":
						if n := columnOf(a.Value); n >= 0 {
							column = n
						}
					}
				}
			case "v", "t":
				take = true
			}
		case xml.EndElement:
			switch t.Name.Local {
			case "v", "t":
				take = false
			case "c":
				if column >= MaxColumns {
					break
				}
				if column >= len(row) {
					if all += column + 1 - len(row); all > MaxCells {
						return nil, tooLarge()
					}
					row = append(row, make([]string, column+1-len(row))...)
				}
				v := value.String()
				switch kind {
				case "", "n":
					v = number(v)
				case "s":
					n, err := strconv.Atoi(v)
					if err != nil || n < 0 || n >= len(shared) {
						return nil, bad("a cell names a text that is not there")
					}
					v = shared[n]
				}
				row[column] = clean(v)
			case "row":
				out = append(out, row)
			}
		case xml.CharData:
			if take {
				value.Write(t)
			}
		}
	}
}

// number is a number as the spreadsheet shows it: 27.9 is saved as 27.899999999999999. A whole number is left as it
// is, since it may be an order's, which must not be rounded.
func number(v string) string {
	f, err := strconv.ParseFloat(v, 64)
	if err != nil || !strings.ContainsAny(v, ".-") || math.Abs(f) >= 1e15 {
		return v
	}
	if f, err = strconv.ParseFloat(strconv.FormatFloat(f, 'g', 15, 64), 64); err != nil {
		return v
	}
	return strconv.FormatFloat(f, 'f', -1, 64)
}

// columnOf is the number of a cell's column: of "AB12" 27; -1 when it has none.
func columnOf(ref string) int {
	n := 0
	for i := 0; i < len(ref) && i < 4 && ref[i] >= 'A' && ref[i] <= 'Z'; i++ {
		n = n*26 + int(ref[i]-'A') + 1
	}
	return n - 1
}
