package mercadolibre

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/order"
)

const (
	mostLabels = 50      // ids of one call ("Print labels")
	mostZPL    = 8 << 20 // bytes that an archive may unpack to
)

var labelPower = channel.LabelPower{
	Nature:  effect.Absolute, // a printed label is given out again, and stays printed
	Formats: []channel.LabelFormat{channel.ZPL, channel.PDF},
	Most:    mostLabels,
	PerPage: []int{3, 1},
	Note: channel.Text{
		ZH: "仅限 ME2 且可打印（ready_to_print）或已打印的包裹；海外仓 Full、ME1、自定义物流没有面单。首次取面单后平台即显示为已打印，巴西发票不能再改。按平台原样打印，不可改版式。",
		EN: "Only for ME2 parcels that are ready to print or printed. Full, ME1 and custom shipments have none. The first time the platform takes the label for printed, after which a Brazilian invoice cannot change. It is printed as it comes.",
	},
}

// Labels asks for labels, up to fifty with one call. That one bad id fails the whole call is
// not documented, nor is it that the message names it: the named one is left out and the call
// made again; where none is named, the ids are asked for in halves.
func (s *shop) Labels(ctx context.Context, parcels []order.Ref, f channel.LabelFormat) (channel.Sheets, error) {
	const op = "mercadolibre.Labels"
	var out channel.Sheets
	if len(parcels) == 0 || len(parcels) > mostLabels {
		return out, &fault.Error{Op: op, Code: fault.Invalid, Why: fault.Because("labels_many", "ask for at most {max} labels at once", "max", "50")}
	}
	for _, p := range parcels {
		if p.Kind != order.KindShipment || !isID(p.ID) {
			return out, &fault.Error{Op: op, Code: fault.Invalid, Ref: clip(p.ID, 40), Why: fault.Because("not_their_number", "this is no number of the platform")}
		}
	}
	for todo := [][]order.Ref{slices.Clone(parcels)}; len(todo) > 0; {
		list := todo[0]
		todo = todo[1:]
		for len(list) > 0 {
			sheets, left, bad, err := s.labels(ctx, op, list, f)
			switch {
			case err == nil:
				out.Sheets = append(out.Sheets, sheets...)
				for _, x := range left { // what was left out of many is asked for alone
					if len(list) > 1 {
						todo = append(todo, []order.Ref{x})
						continue
					}
					out.Refused = append(out.Refused, channel.LabelRefusal{Parcel: x, Code: fault.NotFound, Why: leftOut})
				}
				list = nil
			case !refusal(err):
				return channel.Sheets{}, withRef(err, list[0].ID)
			case len(list) == 1:
				out.Refused = append(out.Refused, channel.LabelRefusal{Parcel: list[0], Code: fault.CodeOf(err), Why: fault.ReasonOf(err)})
				list = nil
			case bad >= 0:
				out.Refused = append(out.Refused, channel.LabelRefusal{Parcel: list[bad], Code: fault.CodeOf(err), Why: fault.ReasonOf(err)})
				list = slices.Delete(list, bad, bad+1)
			default:
				half := len(list) / 2
				todo = append(todo, slices.Clone(list[half:]))
				list = list[:half]
			}
		}
	}
	now := s.env.Now()
	for _, sheet := range out.Sheets {
		for _, p := range sheet.Parcels {
			out.Items = append(out.Items, channel.Item{What: "shipment.label", Ref: p, Raw: []byte("{}"), At: now.UnixMilli(), Said: true,
				Hints: []order.Hint{{Ref: p, After: now.Add(effect.Settle).UnixMilli(), Why: "label"}}})
		}
	}
	return out, nil
}

var leftOut = fault.Because("label_left_out", "the platform left this label out without saying why")

// refusal reports whether an answer is about a parcel, and not about all that we ask for.
func refusal(err error) bool {
	return fault.Is(err, fault.Invalid) || fault.Is(err, fault.NotFound) || fault.Is(err, fault.Conflict)
}

// labels makes one call. left are those of which nothing came; bad is the place of the one
// that a refusal names, -1 = it names none.
func (s *shop) labels(ctx context.Context, op string, list []order.Ref, f channel.LabelFormat) (sheets []channel.Sheet, left []order.Ref, bad int, err error) {
	ids := make([]string, len(list))
	for i, p := range list {
		ids[i] = p.ID
	}
	kind := map[channel.LabelFormat]string{channel.PDF: "pdf", channel.ZPL: "zpl2"}[f]
	// Asking changes the parcel's state, so that nothing below may replay it; the labels hold
	// customers' data, and are kept out of the journal.
	a, err := s.change(channel.Private(ctx), call{op: op, method: http.MethodGet, path: "/shipment_labels", query: url.Values{"shipment_ids": {strings.Join(ids, ",")}, "response_type": {kind}}})
	if err != nil {
		return nil, nil, slices.Index(ids, named(a.body, ids)), err
	}
	broken := func(err error) error {
		return &fault.Error{Op: op, Code: fault.Unknown, Why: fault.Because("answer_unreadable", "the platform's answer cannot be read"), Err: err}
	}
	if f == channel.PDF {
		if !bytes.HasPrefix(bytes.TrimLeft(a.body[:min(len(a.body), 1024)], "\x00\t\r\n \ufeff"), []byte("%PDF-")) {
			return nil, nil, -1, broken(nil)
		}
		return []channel.Sheet{{Parcels: list, Bytes: a.body}}, nil, -1, nil
	}
	text, err := unpack(a.body)
	if err != nil {
		return nil, nil, -1, broken(err)
	}
	blocks := labelsIn(text)
	if len(list) == 1 { // all that came is its label, whatever it says
		if len(blocks) == 0 {
			return nil, list, -1, nil
		}
		return []channel.Sheet{{Parcels: list, Bytes: bytes.Join(blocks, nil)}}, nil, -1, nil
	}
	taken := map[int]bool{}
	for _, p := range list {
		at := -1
		for i, b := range blocks {
			if tells(b, p.ID) {
				if at >= 0 || taken[i] {
					at = -2 // two are of it, or one is of two: nobody can say
					break
				}
				at = i
			}
		}
		if at < 0 {
			left = append(left, p)
			continue
		}
		taken[at] = true
		sheets = append(sheets, channel.Sheet{Parcels: []order.Ref{p}, Bytes: blocks[at]})
	}
	return sheets, left, -1, nil
}

// named is the one id that a refusal names; "" = none, or several.
func named(body []byte, ids []string) string {
	found := ""
	for _, n := range numbers.FindAllString(string(body[:min(len(body), 4096)]), 20) {
		if slices.Contains(ids, n) {
			if found != "" && found != n {
				return ""
			}
			found = n
		}
	}
	return found
}

var numbers = regexp.MustCompile(`[0-9]{4,}`)

// unpack gives the text of an archive with ZPL. Text without an archive is taken as it is.
func unpack(b []byte) ([]byte, error) {
	if !bytes.HasPrefix(b, []byte("PK")) {
		if bytes.Contains(b, []byte("^XA")) {
			return b, nil
		}
		return nil, errors.New("neither an archive nor ZPL")
	}
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return nil, err
	}
	var out []byte
	for _, f := range z.File {
		if strings.HasSuffix(strings.ToLower(f.Name), ".pdf") { // a list of what was printed
			continue
		}
		r, err := f.Open()
		if err != nil {
			return nil, err
		}
		text, err := io.ReadAll(io.LimitReader(r, mostZPL-int64(len(out))+1))
		r.Close()
		if err != nil {
			return nil, err
		}
		if out = append(out, text...); len(out) > mostZPL {
			return nil, errors.New("the archive unpacks to too much")
		}
	}
	return out, nil
}

// labelsIn takes ZPL apart: a label ends with ^XZ and prints something. What only sets the
// printer up goes with the label after it, or the last one.
func labelsIn(text []byte) (out [][]byte) {
	var before []byte
	for len(text) > 0 {
		i := bytes.Index(text, []byte("^XZ"))
		if i < 0 {
			break
		}
		part := text[:i+3]
		text = bytes.TrimLeft(text[i+3:], "\r\n")
		before = append(append(before, part...), '\n')
		if bytes.Contains(part, []byte("^FD")) || bytes.Contains(part, []byte("^GF")) || bytes.Contains(part, []byte("^XG")) {
			out = append(out, before)
			before = nil
		}
	}
	if len(out) > 0 && len(before) > 0 {
		out[len(out)-1] = append(out[len(out)-1], before...)
	}
	return out
}

// tells reports whether a label names a parcel: its number as a whole number, also with blanks within.
func tells(label []byte, id string) bool {
	for _, f := range fields.FindAllSubmatch(label, -1) {
		text := bytes.ReplaceAll(f[1], []byte(" "), nil)
		for _, n := range numbers.FindAll(text, -1) {
			if string(n) == id {
				return true
			}
		}
	}
	return false
}

var fields = regexp.MustCompile(`\^FD([^^]{0,500})`)
