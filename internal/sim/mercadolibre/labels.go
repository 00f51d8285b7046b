package mercadolibre

import (
	"archive/zip"
	"bytes"
	"fmt"
	"net/http"
	"strings"
)

const maxLabels = 50

// labels prints. One bad id fails the whole batch and is named in the message; both are
// choices, the pages do not say.
func (s *Sim) labels(q *request) {
	var list []*shipment
	seen := map[ID]bool{}
	ids := strings.Split(q.param("shipment_ids"), ",")
	if len(ids) > maxLabels {
		q.fail(http.StatusBadRequest, "shipment_ids", "The maximum of shipment ids is 50")
		return
	}
	for _, text := range ids {
		id, ok := parseID(strings.TrimSpace(text))
		sh := s.ships[id]
		if !ok || sh == nil {
			if len(ids) == 1 {
				q.fail(http.StatusNotFound, "not_found", "Missing a valid shipment id value")
				return
			}
			q.fail(http.StatusBadRequest, "not_found_shipment_id", s.named("The shipment %.40s does not exist", text))
			return
		}
		q.about(sh.Orders[0])
		refusal := ""
		switch {
		case sh.Seller != q.user:
			refusal = "invalid_shipment_caller"
		case sh.Type == "fulfillment":
			refusal = "invalid_shipment_ff_public"
		case sh.Mode != "me2":
			refusal = "invalid_shipment_mode"
		case sh.Status != "ready_to_ship" || sh.Substatus != "ready_to_print" && sh.Substatus != "printed":
			refusal = "not_printable_status"
		}
		if refusal != "" {
			q.fail(http.StatusBadRequest, refusal, s.named("The shipment %s cannot be printed", id.String()))
			return
		}
		if !seen[id] {
			seen[id] = true
			list = append(list, sh)
		}
	}
	kind := q.param("response_type")
	if kind == "" {
		kind = "pdf"
	}
	if kind != "pdf" && kind != "zpl2" {
		q.fail(http.StatusBadRequest, "invalid_response_type", "response_type must be pdf or zpl2")
		return
	}
	t := s.begin(q.now)
	if n := s.cfg.LoseLabels; n > 0 && len(list) > 1 {
		var left []*shipment
		for i, sh := range list {
			if (i+1)%n != 0 {
				left = append(left, sh)
			}
		}
		list = left
	}
	for _, sh := range list {
		first := sh.Substatus == "ready_to_print"
		if first {
			t.move(sh, "ready_to_ship", "printed")
			q.call.Changed = true
		}
		for _, id := range sh.Orders {
			t.count(id.String(), "print", first)
		}
	}
	if err := t.commit(); err != nil {
		q.fail(http.StatusInternalServerError, "internal_server_error", "The simulator's book cannot be written")
		return
	}
	var out bytes.Buffer
	switch kind {
	case "pdf":
		q.w.Header().Set("Content-Type", "application/pdf")
		labelPDF(&out, list, s.cfg.LabelsAPage)
	default:
		q.w.Header().Set("Content-Type", "application/zip")
		z := zip.NewWriter(&out)
		f, err := z.Create("Etiqueta de envio.txt")
		if err == nil {
			for _, sh := range list {
				f.Write(labelZPL(sh))
			}
			err = z.Close()
		}
		if err != nil {
			q.fail(http.StatusInternalServerError, "internal_server_error", "try again")
			return
		}
	}
	q.w.WriteHeader(http.StatusOK)
	q.w.Write(out.Bytes())
}

// named is the message about a shipment, which may leave out which.
func (s *Sim) named(format, id string) string {
	if s.cfg.MuteLabelErrors {
		id = "requested"
	}
	return fmt.Sprintf(format, id)
}
