package api

import (
	"context"
	"net/http"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/hub"
)

// LabelBatch is labels of many parcels, each order with a result of its own, in the order of picking.
type LabelBatch struct {
	Batch
	Format    channel.LabelFormat `json:"format" enum:"zpl,pdf"`
	PrinterID ident.Printer       `json:"printer_id" doc:"On which they are printed; empty: they are a document."`
	Copies    int                 `json:"copies" doc:"So many of the orders had been printed before."`
	Labels    int                 `json:"labels" doc:"Labels that have come, each parcel once; 0 while some are under way."`
	Pages     int                 `json:"pages" doc:"Of a PDF."`
	Jobs      []hub.LabelJob      `json:"jobs" doc:"The pieces in which they go to printers, until they are some days old."`
}

type labelsBody struct {
	OrderIDs  []ident.Order       `json:"order_ids" minItems:"1" maxItems:"500"`
	Format    channel.LabelFormat `json:"format" enum:"zpl,pdf"`
	PrinterID ident.Printer       `json:"printer_id,omitempty" doc:"A label printer, for zpl; left out: a document, which needs the sight of customers' data."`
	Copies    string              `json:"copies,omitempty" enum:"skip,all" doc:"What becomes of those that were printed before. Left out: when there are any, nothing is printed and 409 label_printed says who was first."`
}

func (s *Server) labelRoutes() {
	o := op("printLabels", http.MethodPost, "/labels", "printers", "Print the labels of up to 500 orders, each with its own result")
	o.DefaultStatus = http.StatusAccepted
	add(s, o, func(ctx context.Context, in *create[labelsBody]) (*labelsOutput, error) {
		b := in.Body
		id, err := s.hub.PrintLabels(ctx, who(ctx).Actor, hub.LabelAsk{Orders: b.OrderIDs, Format: b.Format, Printer: b.PrinterID, Copies: b.Copies, Key: in.Key})
		if err != nil {
			return nil, fault.Wrap("api.printLabels", err)
		}
		return s.labels(ctx, id)
	})
	add(s, op("getLabels", http.MethodGet, "/labels/{id}", "printers", "What became of each label of a batch"), func(ctx context.Context, in *ByID) (*labelsOutput, error) {
		id, err := idOf[ident.Batch](in.ID)
		if err != nil {
			return nil, err
		}
		return s.labels(ctx, id)
	})
	add(s, op("retryLabels", http.MethodPost, "/labels/{id}/retry", "printers", "Try those that failed again, alone"), s.retryLabels)
	add(s, op("getLabelDocument", http.MethodGet, "/labels/{id}/document", "printers", "The labels as one document, in the order of picking; that they were put out is recorded"), s.labelDocument)
	add(s, op("printLabelsAgain", http.MethodPost, "/labels/{id}/print", "printers", "Print the labels of a batch on a label printer, from one of them on: after a jam"), s.printLabelsAgain)
	add(s, op("listOrderLabels", http.MethodGet, "/orders/{id}/labels", "printers", "What is known of the labels of an order's parcels"), s.orderLabels)
}

type labelsOutput struct{ Body LabelBatch }

func (s *Server) labels(ctx context.Context, id ident.Batch) (*labelsOutput, error) {
	b, err := s.hub.Labels(ctx, who(ctx).Actor, id)
	if err != nil {
		return nil, fault.Wrap("api.labels", err)
	}
	out := &labelsOutput{LabelBatch{Batch: batchOf(b.Row, b.Items), Format: b.Format, PrinterID: b.Printer, Copies: b.Copies, Labels: b.Labels, Pages: b.Pages, Jobs: b.Jobs}}
	if out.Body.Jobs == nil {
		out.Body.Jobs = []hub.LabelJob{}
	}
	return out, nil
}

func (s *Server) retryLabels(ctx context.Context, in *struct {
	ByID
	ActOnce
}) (*labelsOutput, error) {
	id, err := idOf[ident.Batch](in.ID)
	if err != nil {
		return nil, err
	}
	if err := s.hub.RetryLabels(ctx, who(ctx).Actor, id); err != nil {
		return nil, fault.Wrap("api.retryLabels", err)
	}
	return s.labels(ctx, id)
}

type labelDocumentOutput struct {
	Type   string `header:"Content-Type"`
	Keep   string `header:"Cache-Control"`
	Name   string `header:"Content-Disposition"`
	Labels int    `header:"Tongdan-Labels"`
	Pages  int    `header:"Tongdan-Pages"`
	Body   []byte
}

func (s *Server) labelDocument(ctx context.Context, in *ByID) (*labelDocumentOutput, error) {
	id, err := idOf[ident.Batch](in.ID)
	if err != nil {
		return nil, err
	}
	d, err := s.hub.LabelDocument(ctx, who(ctx).Actor, id)
	if err != nil {
		return nil, fault.Wrap("api.labelDocument", err)
	}
	name := "labels.zpl"
	if d.Type == "application/pdf" {
		name = "labels.pdf"
	}
	return &labelDocumentOutput{d.Type, "no-store", `inline; filename="` + name + `"`, d.Labels, d.Pages, d.Bytes}, nil
}

type labelsAgainOutput struct {
	Body struct {
		Labels int `json:"labels" doc:"So many are printed."`
	}
}

func (s *Server) printLabelsAgain(ctx context.Context, in *change[struct {
	PrinterID ident.Printer `json:"printer_id"`
	From      int           `json:"from,omitempty" minimum:"1" maximum:"5000" doc:"The place of the first of them, from 1; left out: all."`
}]) (*labelsAgainOutput, error) {
	id, err := idOf[ident.Batch](in.ID)
	if err != nil {
		return nil, err
	}
	out := &labelsAgainOutput{}
	out.Body.Labels, err = s.hub.PrintLabelsOn(ctx, who(ctx).Actor, id, in.Body.PrinterID, max(in.Body.From, 1), in.Key)
	return out, fault.Wrap("api.printLabelsAgain", err)
}

type orderLabelsOutput struct {
	Body struct {
		Labels []hub.LabelState `json:"labels"`
		Why    *fault.Reason    `json:"why,omitempty" doc:"Why its label cannot be printed from here."`
	}
}

func (s *Server) orderLabels(ctx context.Context, in *ByID) (*orderLabelsOutput, error) {
	id, err := idOf[ident.Order](in.ID)
	if err != nil {
		return nil, err
	}
	out := &orderLabelsOutput{}
	list, why, err := s.hub.LabelsOf(ctx, who(ctx).Actor, id)
	out.Body.Labels, out.Body.Why = list, why.Coded()
	if list == nil {
		out.Body.Labels = []hub.LabelState{}
	}
	return out, fault.Wrap("api.orderLabels", err)
}
