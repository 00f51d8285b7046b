package hub

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/paper"
	"github.com/tongdan/tongdan/internal/printer/zpl"
	"github.com/tongdan/tongdan/printer"
)

// How labels leave: to a printer, or as a document to the screen; and what is known of both.

func labelPrint(e effect.Effect, data []byte) printer.Job {
	return printer.Job{ID: e.ID.String(), Data: data}
}

// labelNote is a label of our own before labels that were printed before, or may have been.
// The platform's labels are printed as they are: a mark on them is not allowed.
func labelNote(lines []string, a printLabelArgs, maybe bool) []byte {
	if maybe {
		lines = []string{"COPY?", "may have been printed before", itoa(a.From) + "-" + itoa(a.To) + " / " + itoa(a.Of)}
	}
	return zpl.Note(lines...)
}

// copyNote is what stands on that label.
func copyNote(from, to int, at int64, by string) []string {
	return []string{"COPY", "2a via / duplicado", itoa(from) + "-" + itoa(to), time.UnixMilli(at).UTC().Format("2006-01-02 15:04 UTC"), by}
}

// A LabelBatch is how a batch of labels is doing.
type LabelBatch struct {
	Row     db.BatchRow
	Items   []db.BatchItem
	Format  channel.LabelFormat
	Printer ident.Printer
	Copies  int // how many of them had been printed before
	Labels  int // that have come, each parcel once
	Pages   int // of PDF
	Jobs    []LabelJob
}

// A LabelJob is a piece of a batch at a printer.
type LabelJob struct {
	ID    ident.Effect  `json:"id"`
	From  int           `json:"from" doc:"The place of its first label in the batch, from 1."`
	To    int           `json:"to"`
	State effect.State  `json:"state" enum:"waiting,sending,unknown,person,done,refused,void"`
	Why   *fault.Reason `json:"why,omitempty"`
	Words string        `json:"words,omitempty"`
}

// Labels tells how a batch of labels is doing. Of others' batches only those with all stores see any.
func (h *Hub) Labels(ctx context.Context, who Actor, id ident.Batch) (LabelBatch, error) {
	const op = "hub.Labels"
	b, items, err := h.labelBatch(ctx, op, who, id)
	if err != nil {
		return LabelBatch{}, err
	}
	var args labelArgs
	if err := json.Unmarshal(b.Args, &args); err != nil {
		return LabelBatch{}, &fault.Error{Op: op, Code: fault.Internal, Err: err}
	}
	out := LabelBatch{Row: b, Items: items, Format: args.Format, Printer: args.Printer, Copies: args.Copies}
	if !slices.ContainsFunc(items, underWay) {
		list, without, err := h.gatherLabels(ctx, who.Scope, b, items)
		if err != nil {
			return out, fault.Wrap(op, err)
		}
		for i := range out.Items {
			if x, ok := without[out.Items[i].Order]; ok {
				out.Items[i].State, out.Items[i].Effect, out.Items[i].Code, out.Items[i].Why = BatchFailed, 0, x.code, x.why
			}
		}
		out.Labels = len(list)
		seen := map[int64]bool{}
		for _, l := range list {
			if !seen[l.sheet] {
				seen[l.sheet] = true
				out.Pages += l.pages
			}
		}
	}
	jobs, err := h.db.EffectsOfKey(ctx, who.Merchant, effect.DeedKey("print labels "+b.ID.String()+" "), 2000)
	if err != nil {
		return out, fault.Wrap(op, err)
	}
	for _, e := range jobs {
		var a printLabelArgs
		if json.Unmarshal(e.Args, &a) == nil {
			out.Jobs = append(out.Jobs, LabelJob{e.ID, a.From, a.To, e.State, e.Why.Coded(), e.Why.Text})
		}
	}
	return out, nil
}

func (h *Hub) labelBatch(ctx context.Context, op string, who Actor, id ident.Batch) (db.BatchRow, []db.BatchItem, error) {
	b, items, err := h.BatchOf(ctx, who, id)
	if err == nil && b.Kind != kindLabels {
		err = fault.Say(op, fault.NotFound, "no_batch", "there is no such batch")
	}
	return b, items, fault.Wrap(op, err)
}

// RetryLabels tries those orders of a batch again that have no label.
func (h *Hub) RetryLabels(ctx context.Context, who Actor, id ident.Batch) error {
	if _, _, err := h.labelBatch(ctx, "hub.RetryLabels", who, id); err != nil {
		return err
	}
	return h.Resume(ctx, who, id, true)
}

// A LabelDocument is labels for the screen.
type LabelDocument struct {
	Type   string // application/pdf, or application/zpl
	Bytes  []byte
	Labels int
	Pages  int // of PDF
}

// LabelDocument gives the labels of a batch that have come as one document, in the order of
// picking, and writes down that they were put out. It fails with fault.Conflict while some are
// under way, and with fault.NotFound when there is none.
func (h *Hub) LabelDocument(ctx context.Context, who Actor, id ident.Batch) (LabelDocument, error) {
	const op = "hub.LabelDocument"
	var out LabelDocument
	if err := mayLabel(op, who, true); err != nil {
		return out, err
	}
	b, items, err := h.labelBatch(ctx, op, who, id)
	if err != nil {
		return out, err
	}
	if slices.ContainsFunc(items, underWay) {
		return out, whyUnderWay(op)
	}
	list, _, err := h.gatherLabels(ctx, who.Scope, b, items)
	if err == nil && len(list) == 0 {
		err = fault.Say(op, fault.NotFound, "labels_none", "none of these orders has a label")
	}
	if err != nil {
		return out, fault.Wrap(op, err)
	}
	var args labelArgs
	if err := json.Unmarshal(b.Args, &args); err != nil {
		return out, &fault.Error{Op: op, Code: fault.Internal, Err: err}
	}
	var sheets []int64
	for _, l := range list {
		if !slices.Contains(sheets, l.sheet) {
			sheets = append(sheets, l.sheet)
			out.Pages += l.pages
		}
	}
	parts, err := h.db.LabelBytes(ctx, who.Merchant, sheets)
	if err != nil {
		return out, fault.Wrap(op, err)
	}
	docs := make([][]byte, len(sheets))
	for i, s := range sheets {
		docs[i] = parts[s]
	}
	out.Labels, out.Type = len(list), "application/zpl"
	if args.Format == channel.PDF {
		out.Type = "application/pdf"
		out.Bytes, err = paper.Join(docs)
	} else {
		out.Bytes = bytes.Join(docs, []byte("\n"))
	}
	if err != nil {
		return out, fault.Wrap(op, err)
	}
	return out, fault.Wrap(op, h.recordLabels(ctx, who, list, "screen"))
}

// recordLabels writes down who has put labels out.
func (h *Hub) recordLabels(ctx context.Context, who Actor, list []outLabel, where string) error {
	for part := range slices.Chunk(list, 25) {
		var ids []ident.Order
		for _, l := range part {
			ids = append(ids, l.Orders...)
		}
		list, err := h.db.OrdersByID(ctx, db.Scope{Merchant: who.Merchant}, ids)
		if err != nil {
			return err
		}
		rows := map[ident.Order]db.OrderRow{}
		for _, r := range list {
			rows[r.ID] = r
		}
		_, err = h.db.Do(ctx, db.Verb{Name: "labels.out", Merchant: who.Merchant, Class: db.People, Decide: func(tx *db.Tx) error {
			notePrinted(tx, h, h.now(), part, rows, who.ID, cmp.Or(who.Name, who.ID), where, 0, "screen")
			return nil
		}})
		if err != nil {
			return err
		}
	}
	return nil
}

// PrintLabelsOn has a printer print a batch's labels again from the from-th on: after a jam, or
// because the first printer is broken. A label that says so comes out before them. It gives
// how many are printed. key is the caller's Idempotency-Key: the same press twice prints once.
func (h *Hub) PrintLabelsOn(ctx context.Context, who Actor, id ident.Batch, on ident.Printer, from int, key string) (int, error) {
	const op = "hub.PrintLabelsOn"
	if err := mayLabel(op, who, false); err != nil {
		return 0, err
	}
	b, items, err := h.labelBatch(ctx, op, who, id)
	if err != nil {
		return 0, err
	}
	var args labelArgs
	if err := json.Unmarshal(b.Args, &args); err != nil {
		return 0, &fault.Error{Op: op, Code: fault.Internal, Err: err}
	}
	switch {
	case args.Format != channel.ZPL:
		return 0, fault.Say(op, fault.Conflict, "labels_not_zpl", "these labels are a PDF, which a label printer does not take: print them anew for the printer")
	case slices.ContainsFunc(items, underWay):
		return 0, whyUnderWay(op)
	}
	if _, err := h.labelPrinter(who, on); err != nil {
		return 0, fault.Wrap(op, err)
	}
	list, _, err := h.gatherLabels(ctx, who.Scope, b, items)
	if err != nil {
		return 0, fault.Wrap(op, err)
	}
	if from < 1 || from > len(list) {
		why := fault.Because("labels_from", "must be between 1 and {max}", "max", itoa(len(list)))
		return 0, &fault.Error{Op: op, Code: fault.Invalid, Why: why, Fields: []fault.Field{fault.Wrong("body.from", why)}}
	}
	args.Name, args.Copies = cmp.Or(who.Name, who.ID), len(list)
	act := nonce()
	if key != "" {
		act = who.ID + " " + key
	}
	_, err = h.db.Do(ctx, db.Verb{Name: "labels.print", Merchant: who.Merchant, Class: db.People, Decide: func(tx *db.Tx) error {
		h.putOut(tx, list, b, args, on, from, who.ID, act)
		return nil
	}})
	return len(list) - from + 1, fault.Wrap(op, err)
}

// A LabelState is what is known of one parcel's label.
type LabelState struct {
	Parcel  string                `json:"parcel"`
	Kept    []channel.LabelFormat `json:"kept" doc:"Formats in which it is kept here: it is printed again without asking the platform."`
	Times   int                   `json:"times" doc:"How often it was put out."`
	FirstAt int64                 `json:"first_at" doc:"0 = never."`
	FirstBy string                `json:"first_by,omitempty"`
	LastAt  int64                 `json:"last_at"`
	LastBy  string                `json:"last_by,omitempty"`
}

// LabelsOf tells what is known of the labels of an order's parcels, and why it can have none.
func (h *Hub) LabelsOf(ctx context.Context, who Actor, id ident.Order) (out []LabelState, why fault.Reason, err error) {
	const op = "hub.LabelsOf"
	row, recs, _, err := h.db.Order(ctx, who.Scope, id)
	if err != nil {
		return nil, why, fault.Wrap(op, err)
	}
	x := h.labelledOf(row, recs)
	prints, err := h.db.LabelPrints(ctx, who.Merchant, x.parcels)
	if err != nil {
		return nil, why, fault.Wrap(op, err)
	}
	kept := map[db.ParcelKey][]channel.LabelFormat{}
	for _, f := range []channel.LabelFormat{channel.ZPL, channel.PDF} {
		places, err := h.db.LabelsOf(ctx, who.Merchant, string(f), x.parcels)
		if err != nil {
			return nil, why, fault.Wrap(op, err)
		}
		for k, p := range places {
			if p.Of == 1 {
				kept[k] = append(kept[k], f)
			}
		}
	}
	for _, k := range x.parcels {
		p := prints[k]
		s := LabelState{Parcel: k.Parcel, Kept: kept[k], Times: p.Times, FirstAt: p.FirstAt, FirstBy: cmp.Or(p.FirstName, p.FirstBy), LastAt: p.LastAt, LastBy: cmp.Or(p.LastName, p.LastBy)}
		if s.Kept == nil {
			s.Kept = []channel.LabelFormat{}
		}
		out = append(out, s)
	}
	return out, x.why, nil
}
