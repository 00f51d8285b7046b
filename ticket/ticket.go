// Package ticket sets what is printed of an order: the kitchen's ticket, the shop's, one
// that says that an order is cancelled, and one that says what has changed. It does no I/O
// and knows no printer.
//
// A ticket is a list of rows, already broken to the width of the paper and free of
// characters that ticket printers do not have; a driver only puts them into its printer's
// language. The column rule: a character whose code in the printer's font (GBK) has two
// bytes is two columns wide, ASCII is one. 58 mm paper has 32 columns, 80 mm has 48.
package ticket

import (
	"strings"
	"time"
)

// The widths of paper, in columns.
const (
	Paper58 = 32
	Paper80 = 48
)

// A Size is how large a row's characters are.
type Size int

// The sizes. A big row has half the columns.
const (
	Normal Size = iota
	Tall        // twice as high
	Big         // twice as high and as wide
)

// A Row is one line of paper.
type Row struct {
	Text    string `json:"text,omitempty"` // at most as wide as the paper, without blanks at its end
	Size    Size   `json:"size,omitempty"`
	Bold    bool   `json:"bold,omitempty"`
	Center  bool   `json:"center,omitempty"`
	Reverse bool   `json:"reverse,omitempty"` // white on black, where the printer can
	QR      string `json:"qr,omitempty"`      // a QR code in place of text
}

// A Kind is what a ticket is for.
type Kind string

// The kinds.
const (
	Kitchen   Kind = "kitchen" // 后厨单
	Shop      Kind = "shop"    // 小票: goes with the bag
	Cancelled Kind = "cancel"  // 取消单
	Change    Kind = "change"  // 变更单: a reminder, a refund of a part
	Test      Kind = "test"    // 测试页
	Label     Kind = "label"   // 面单: as the platform made it, on a label printer
)

// Kinds are those of orders.
var Kinds = []Kind{Kitchen, Shop, Cancelled, Change}

// Text is a ticket as one reads it, one line a row.
func Text(rows []Row) string {
	var b strings.Builder
	for _, r := range rows {
		if r.QR != "" {
			b.WriteString("[" + r.QR + "]\n")
			continue
		}
		b.WriteString(r.Text + "\n")
	}
	return b.String()
}

// A Copy says that a ticket was printed before.
type Copy struct {
	N  int    // the second is 2; 0 and 1 = the first
	By string // who asked for it; "" = nobody: it may have been printed already

	// Instead is the printer that it was made for and that prints nothing: this one stands in.
	Instead string
}

// A sheet is a ticket being set.
type sheet struct {
	columns int
	words   words
	zone    *time.Location
	rows    []Row
}

func newSheet(columns int, locale string, zone *time.Location) *sheet {
	if columns < 16 {
		columns = Paper58
	}
	if zone == nil {
		zone = time.UTC
	}
	return &sheet{columns: columns, words: wordsOf(locale), zone: zone}
}

// room is how many columns a row of a size has.
func (s *sheet) room(size Size) int {
	if size == Big {
		return s.columns / 2
	}
	return s.columns
}

func (s *sheet) add(r Row) {
	r.Text = strings.TrimRight(r.Text, " ")
	s.rows = append(s.rows, r)
}

// text adds a text in the style of a row, broken where it has to be.
func (s *sheet) text(text string, like Row) {
	for _, part := range strings.Split(Clean(text), "\n") {
		if strings.TrimSpace(part) == "" {
			continue
		}
		for _, line := range Break(part, s.room(like.Size)) {
			row := like
			row.Text = line
			s.add(row)
		}
	}
}

// pair adds a text with something at the right end of its first line; what the text needs
// beyond that goes to the next lines.
func (s *sheet) pair(left, right string, like Row) {
	left, right = strings.ReplaceAll(Clean(left), "\n", " "), Clean(right)
	room := s.room(like.Size)
	first := room - Width(right) - 1
	if first < room/3 { // the right part leaves no place: it gets its own line
		s.text(left, like)
		like.Text = pad("", max(0, room-Width(right))) + right
		s.add(like)
		return
	}
	head, rest := cut(left, first)
	row := like
	row.Text = pad(head, room-Width(right)) + right
	s.add(row)
	if rest != "" {
		s.text(rest, like)
	}
}

func (s *sheet) rule() { s.add(Row{Text: strings.Repeat("-", s.columns)}) }

func (s *sheet) headed(title string) {
	title = " " + Clean(title) + " "
	n := max(0, s.columns-Width(title))
	s.add(Row{Text: strings.Repeat("-", n/2) + title + strings.Repeat("-", n-n/2)})
}

// clock is a moment in the store's zone; with the day where that is not today's.
func (s *sheet) clock(ms, now int64) string {
	t := time.UnixMilli(ms).In(s.zone)
	if now > 0 && t.Format("2006-01-02") == time.UnixMilli(now).In(s.zone).Format("2006-01-02") {
		return t.Format("15:04")
	}
	return t.Format("01-02 15:04")
}
