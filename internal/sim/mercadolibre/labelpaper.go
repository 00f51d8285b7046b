package mercadolibre

import (
	"bytes"
	"fmt"
	"strings"
)

// The paper: a label of 10 x 15 cm in ZPL, three (or one) on a page of A4 in PDF. Both have
// the tracking number as text and as Code 128, sender, receiver, and how the parcel goes.

// label is what stands on one, line by line.
func (sh *shipment) label() []string {
	to, from := sh.Destination, sh.Origin
	return []string{
		strings.ToUpper(strings.ReplaceAll(sh.Type, "_", " ")),
		"Envio: " + sh.ID.String(),
		plain(sh.ReceiverName),
		plain(to.AddressLine + " " + deref(to.Comment)),
		plain(deref(to.ZipCode) + " " + deref(to.City.Name) + ", " + deref(to.State.Name)),
		"Remetente: " + plain(from.AddressLine+" "+deref(from.City.Name)),
	}
}

// labelZPL is the label for a label printer, 203 dpi.
func labelZPL(sh *shipment) []byte {
	var b bytes.Buffer
	lines := sh.label()
	fmt.Fprintf(&b, "^XA\n^MCY\n^CI28\n^PW800\n^LL1200\n^LH0,0\n^FO40,40^A0N,52,52^FD%s^FS\n^FO40,110^GB720,3,3^FS\n", lines[0])
	fmt.Fprintf(&b, "^FO60,140^BY3,3,180^BCN,180,Y,N,N,A^FD%s^FS\n", sh.Tracking)
	for i, line := range lines[1:] {
		fmt.Fprintf(&b, "^FO40,%d^A0N,34,34^FD%s^FS\n", 400+56*i, line)
	}
	b.WriteString("^XZ\n")
	return b.Bytes()
}

// plain keeps what a label's control characters and a PDF string can carry.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 32 || strings.ContainsRune(`^~()\`, r) {
			return -1
		}
		if r > 126 {
			return '?'
		}
		return r
	}, s)
}

// labelPDF writes a small but sound PDF of labels on A4: three on a page that lies, or one
// on a page that stands.
func labelPDF(out *bytes.Buffer, list []*shipment, aPage int) {
	var at []int
	object := func(body string) {
		at = append(at, out.Len())
		fmt.Fprintf(out, "%d 0 obj\n%s\nendobj\n", len(at), body)
	}
	pages, box := (len(list)+aPage-1)/aPage, "842 595"
	if aPage == 1 {
		box = "595 842"
	}
	out.WriteString("%PDF-1.4\n")
	object("<< /Type /Catalog /Pages 2 0 R >>")
	var kids strings.Builder
	for i := range pages {
		fmt.Fprintf(&kids, "%d 0 R ", 4+2*i)
	}
	object(fmt.Sprintf("<< /Type /Pages /Kids [ %s] /Count %d >>", kids.String(), pages))
	object("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>")
	for i := range pages {
		object(fmt.Sprintf("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 %s] /Resources << /Font << /F1 3 0 R >> >> /Contents %d 0 R >>", box, 5+2*i))
		var text strings.Builder
		for k, sh := range list[aPage*i : min(aPage*i+aPage, len(list))] {
			x := 24 + 273*k
			bars(&text, sh.Tracking, x, 430, 70)
			lines := sh.label()
			fmt.Fprintf(&text, "BT /F1 14 Tf %d 540 Td (%s) Tj 0 -28 Td (%s) Tj ET\n", x, lines[0], plain(sh.Tracking))
			for n, line := range lines[1:] {
				fmt.Fprintf(&text, "BT /F1 9 Tf %d %d Td (%s) Tj ET\n", x, 400-16*n, line)
			}
		}
		object(fmt.Sprintf("<< /Length %d >>\nstream\n%sendstream", text.Len(), text.String()))
	}
	xref := out.Len()
	fmt.Fprintf(out, "xref\n0 %d\n0000000000 65535 f \n", len(at)+1)
	for _, n := range at {
		fmt.Fprintf(out, "%010d 00000 n \n", n)
	}
	fmt.Fprintf(out, "trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(at)+1, xref)
}

// bars draws a text as Code 128, set B, as rectangles of one point a module.
func bars(out *strings.Builder, text string, x, y, height int) {
	codes := []int{104} // start in set B
	sum := 104
	for i, c := range []byte(plain(text)) {
		codes = append(codes, int(c-32))
		sum += (i + 1) * int(c-32)
	}
	codes = append(codes, sum%103, 106)
	table := strings.Fields(code128)
	for _, c := range codes {
		for i, w := range table[c] {
			width := int(w - '0')
			if i%2 == 0 {
				fmt.Fprintf(out, "%d %d %d %d re ", x, y, width, height)
			}
			x += width
		}
	}
	out.WriteString("f\n")
}

// code128 has the widths of bars and gaps of each of its symbols, the stop last.
const code128 = "" +
	"212222 222122 222221 121223 121322 131222 122213 122312 132212 221213 221312 231212 112232 122132 122231 113222 " +
	"123122 123221 223211 221132 221231 213212 223112 312131 311222 321122 321221 312212 322112 322211 212123 212321 " +
	"232121 111323 131123 131321 112313 132113 132311 211313 231113 231311 112133 112331 132131 113123 113321 133121 " +
	"313121 211331 231131 213113 213311 213131 311123 311321 331121 312113 312311 332111 314111 221411 431111 111224 " +
	"111422 121124 121421 141122 141221 112214 112412 122114 122411 142112 142211 241211 221114 413111 241112 134111 " +
	"111242 121142 121241 114212 124112 124211 411212 421112 421211 212141 214121 412121 111143 111341 131141 114113 " +
	"114311 411113 411311 113141 114131 311141 411131 211412 211214 211232 2331112 "
