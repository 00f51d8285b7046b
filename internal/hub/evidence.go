package hub

import (
	"bytes"
	"context"
	"image"
	_ "image/jpeg" // the two kinds of pictures that are taken
	_ "image/png"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/role"
)

// Pictures of spoilt or missing food (餐损凭证) are kept with the order and shown with its
// refund case or its mark of a slow order, and go with an appeal where the platform takes pictures by address (see
// pictures.go). They are in the database, so that a backup has them; no log and no
// journal line holds more than that there is one.

const (
	mostPicture  = 700 << 10 // bytes: the console makes them smaller before it sends them
	mostPixels   = 24 << 20
	mostPictures = 8 // of an order
)

// Evidence lists an order's pictures.
func (h *Hub) Evidence(ctx context.Context, who Actor, id ident.Order) ([]db.EvidenceRow, error) {
	const op = "hub.Evidence"
	if _, _, _, err := h.db.Order(ctx, who.Scope, id); err != nil {
		return nil, fault.Wrap(op, err)
	}
	list, err := h.db.Evidence(ctx, who.Merchant, id)
	return list, fault.Wrap(op, err)
}

// Picture gives one of an order's pictures.
func (h *Hub) Picture(ctx context.Context, who Actor, id ident.Order, pic ident.Picture) (db.EvidenceRow, error) {
	const op = "hub.Picture"
	if _, _, _, err := h.db.Order(ctx, who.Scope, id); err != nil {
		return db.EvidenceRow{}, fault.Wrap(op, err)
	}
	e, err := h.db.Picture(ctx, who.Merchant, id, pic)
	return e, fault.Wrap(op, err)
}

// AddEvidence keeps a picture, a JPEG or PNG, with an order and one of its after-sales; of ""
// with the order alone. What it is follows from its bytes, whatever anybody says.
func (h *Hub) AddEvidence(ctx context.Context, who Actor, id ident.Order, of string, picture []byte) error {
	const op = "hub.AddEvidence"
	if err := who.May(op, role.ActOn("note")); err != nil {
		return err
	}
	if _, _, _, err := h.db.Order(ctx, who.Scope, id); err != nil {
		return fault.Wrap(op, err)
	}
	wrongPicture := func(why fault.Reason) error {
		return &fault.Error{Op: op, Code: fault.Invalid, Why: why, Fields: []fault.Field{fault.Wrong("body.picture", why)}}
	}
	if len(picture) > mostPicture {
		return wrongPicture(fault.Because("picture_large", "the picture is larger than {most} KiB", "most", itoa(mostPicture>>10)))
	}
	c, kind, err := image.DecodeConfig(bytes.NewReader(picture))
	if err != nil || c.Width <= 0 || c.Height <= 0 || c.Width*c.Height > mostPixels {
		return wrongPicture(fault.Because("picture_kind", "this is no JPEG or PNG picture"))
	}
	e := db.EvidenceRow{Case: of, Type: "image/" + kind, By: who.ID, ByName: who.Name, At: h.now().UnixMilli(), Picture: picture}
	return fault.Wrap(op, h.noteEvidence(ctx, who, id, "evidence", func() error { return h.db.PutEvidence(ctx, who.Merchant, id, e, mostPictures) }))
}

// DropEvidence removes a picture: whoever took it may, and who decides on refunds.
func (h *Hub) DropEvidence(ctx context.Context, who Actor, id ident.Order, pic ident.Picture) error {
	const op = "hub.DropEvidence"
	e, err := h.Picture(ctx, who, id, pic)
	if err != nil {
		return err
	}
	if e.By != who.ID {
		if err := who.May(op, role.ActOn("refund_refuse")); err != nil {
			return err
		}
	}
	return fault.Wrap(op, h.noteEvidence(ctx, who, id, "evidence_gone", func() error { return h.db.DropPicture(ctx, who.Merchant, id, pic) }))
}

// noteEvidence does something with an order's pictures and writes into its journal that somebody did.
func (h *Hub) noteEvidence(ctx context.Context, who Actor, id ident.Order, what string, do func() error) error {
	row, _, _, err := h.db.Order(ctx, who.Scope, id)
	if err == nil {
		err = do()
	}
	if err != nil {
		return err
	}
	_, err = h.db.Do(ctx, db.Verb{Name: "evidence", Merchant: who.Merchant, Orders: []ident.Order{id}, Class: db.People, Decide: func(tx *db.Tx) error {
		tx.Journal(db.Entry{At: h.now(), Direction: db.Act, What: what, Channel: row.Channel, Account: row.Account, Order: row.ID, Ref: row.Ref, By: who.ID, Outcome: "kept"})
		return nil
	}})
	return err
}
