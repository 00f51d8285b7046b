package channel

import (
	"context"

	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/order"
)

// A LabelFormat is a form in which a platform gives labels.
type LabelFormat string

// The formats.
const (
	PDF LabelFormat = "pdf" // for an office printer, and for the eye
	ZPL LabelFormat = "zpl" // for a label printer
)

// A LabelPower says that the platform gives out the labels of its parcels.
type LabelPower struct {
	Nature  effect.Nature // Absolute: the same label is given as often as it is asked for
	Formats []LabelFormat
	Most    int   // parcels of one call
	PerPage []int // how many labels a page of PDF holds, each a choice of the seller's at the platform
	Note    Text  // limits, in words
}

// Takes reports whether labels come in a format.
func (p *LabelPower) Takes(f LabelFormat) bool {
	for _, x := range p.Formats {
		if x == f {
			return true
		}
	}
	return false
}

// Sheets are labels of parcels as the platform gave them out.
type Sheets struct {
	Sheets  []Sheet
	Refused []LabelRefusal
	Items   []Item // what the answer tells of the parcels
}

// A Sheet is a document with labels, as the platform made it. Of ZPL each label is a
// sheet of its own; of PDF one has as many as were asked for together.
type Sheet struct {
	Parcels []order.Ref // whose labels it has, in its order
	Bytes   []byte
}

// A LabelRefusal is a parcel of which the platform gives no label, and why, in its words.
type LabelRefusal struct {
	Parcel order.Ref
	Code   fault.Code
	Why    fault.Reason
}

// A Labeller has labels. Giving one out for the first time changes the platform's state:
// it counts as printed.
type Labeller interface {
	// Labels asks for the labels of at most Most parcels. Each parcel is in exactly one
	// sheet, or is refused: one that the platform leaves out without a word is refused too.
	// An error is that of all of them, and means what it means for any call.
	Labels(ctx context.Context, parcels []order.Ref, f LabelFormat) (Sheets, error)
}

// Labels is that of Labeller.
func (c *Conn) Labels(ctx context.Context, parcels []order.Ref, f LabelFormat) (Sheets, error) {
	if s, ok := c.shop.(Labeller); ok && c.info.Labelling != nil && c.info.Labelling.Takes(f) {
		return s.Labels(ctx, parcels, f)
	}
	return Sheets{}, &fault.Error{Op: "channel.Labels", Code: fault.Unsupported, Why: fault.Because("no_label_call", "{platform} gives out no labels by a call: print them in its own console", "platform", c.info.Label.EN)}
}
