package meituan

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/money"
	"github.com/tongdan/tongdan/order"
)

// refundWord is the word that a push or a row says about a case, "" when it says none:
// status for stores with return and refund, else res_type once somebody has answered,
// else notify_type. appeal marks the second request, which Meituan decides.
func refundWord(f form, notify string, appeal bool) string {
	if s := f.get("status"); s != "" && s != "0" {
		return returnedStatus + clip(s, 16)
	}
	if s := f.get("res_type"); s != "" && s != "0" {
		return resType + clip(s, 16)
	}
	switch {
	case appeal && (notify == wordApply || notify == wordPart || notify == ""):
		return wordAppeal
	case appeal && notify == "reject":
		return "reject:" + wordAppeal
	case notify == "" && f.get("res_type") == "0":
		return resType + "0"
	}
	return clip(notify, 32)
}

// translateRefund reads refund/full and refund/part. A push without refund_id is only a
// hint: "asked, withdrawn, asked" and "asked, withdrawn" with a repeat are the same set.
func translateRefund(f form, full bool, src source) (told, error) {
	id := f.id("order_id")
	if id == "" {
		return told{}, errNoIdentity
	}
	out := told{ref: orderRef(id)}
	notify := f.get("notify_type")
	word := refundWord(f, notify, f.get("is_appeal") == "1")
	refund := f.id("refund_id")
	if refund == "" || word == "" {
		out.hints = []order.Hint{src.hint(id, "refund without id")}
		return out, nil
	}
	var t trouble
	asked := f.millis("ctime", src.at, soon, &t)
	asks := caseIs(word) == order.CaseAsked
	said := order.Said{State: word, At: asked, Class: src.class, Who: who[f.get("apply_op_user_type")], Why: clip(f.get("reason"), 300)}
	if !asks { // ctime is that of the request; the answer has none
		said.At, said.Who, said.Why = envelope(f, src), "", ""
	}
	var kid, r order.Record
	kid.Say(order.AxisCase, said)

	c := order.Case{Full: full, Reason: f.get("reason"), AskedAt: asked, ByShop: byShop(f), Pictures: pictures(f["pictures"])}
	if !full {
		c.Amount = f.yuan("money", &t)
		c.Lines = caseLines(f["food"], "food", &t)
	}
	st := src.stamp(asked)
	switch {
	case missing(f).any:
		st.Class = order.ClassPartial
		out.hints = append(out.hints, src.hint(id, "refund degraded"))
	case !asks:
		st.Class = order.ClassHint // its reason may be that of the answer
	}
	order.Put(&kid, order.RegCase, st, c)
	r.Kid(order.KidCase+refund, kid)
	out.readings = []order.Reading{{Ref: out.ref, Record: r}}
	if caseIs(word) == order.CaseAgreed && len(out.hints) == 0 {
		// A full refund ends the order; whether a cancel push follows is not documented.
		out.hints = append(out.hints, src.hint(id, "refund agreed"))
	}
	return out, nil
}

// translateRefundResult reads refund/result: whether the money moved.
func translateRefundResult(f form, src source) (told, error) {
	id := f.id("order_id")
	if id == "" {
		return told{}, errNoIdentity
	}
	out := told{ref: orderRef(id), hints: []order.Hint{src.hint(id, "refund result")}}
	refund, status := f.id("refund_id"), clip(f.get("refund_status"), 16)
	if refund == "" || status == "" {
		return out, nil
	}
	var t trouble
	at := f.millis("utime", src.at, soon, &t)
	if at == 0 {
		at = envelope(f, src)
	}
	var kid, r order.Record
	kid.Say(order.AxisCase, order.Said{State: refundStatus + status, At: at, Class: src.class})
	asked := f.millis("ctime", src.at, soon, &t)
	order.Put(&kid, order.RegCase, order.Stamp{Version: asked, Class: order.ClassGuess, Read: src.at.UnixMilli()},
		order.Case{Full: status == "3" || status == "4", Amount: f.yuan("money", &t), AskedAt: asked})
	r.Kid(order.KidCase+refund, kid)
	out.readings = []order.Reading{{Ref: out.ref, Record: r}}
	return out, nil
}

// A refundRow is an element of getOrderRefundDetail.
type refundRow struct {
	id    string
	word  string
	money *money.Amount
	kid   order.Record

	appealable bool // poi_can_appeal; the direct platform has no such field
}

// asked reports whether the merchant can answer the case now.
func (r refundRow) asked() bool { return caseIs(r.word) == order.CaseAsked }

// translateRefunds reads the answer of ecommerce/order/getOrderRefundDetail for one order.
// A row that cannot be read leaves the others; the names of the fields of its lines are
// those of the push, which is our assumption.
func translateRefunds(data json.RawMessage, id string, src source) (told, []refundRow) {
	out := told{ref: orderRef(id)}
	var t trouble
	var rows []refundRow
	var r order.Record
	for i, raw := range array[json.RawMessage](string(data), "refunds", &t) {
		f, err := formOf(raw)
		if err != nil || f.id("refund_id") == "" {
			t.add("refunds."+strconv.Itoa(i+1), fault.Because("unread_case", "a refund case cannot be read"))
			continue
		}
		row := refundOf(f, src, &t)
		rows = append(rows, row)
		if len(r.Kids) < order.MaxKids/2 {
			r.Kid(order.KidCase+row.id, row.kid)
		}
	}
	out.trouble = t
	if len(r.Kids) > 0 {
		out.readings = []order.Reading{{Ref: out.ref, Record: r}}
	}
	return out, rows
}

func refundOf(f form, src source, t *trouble) refundRow {
	row := refundRow{id: f.id("refund_id")}
	asked := f.millis("ctime", src.at, soon, t)
	changed := max(asked, f.millis("utime", src.at, soon, t))
	full := f.get("refund_type") == "1"
	notify := wordPart
	if full {
		notify = wordApply
	}
	row.word = refundWord(f, "", f.get("apply_type") == "6" || f.get("is_appeal") == "1")
	if row.word == "" {
		row.word = notify
	}
	by := byShop(f)
	if !by {
		row.kid.Say(order.AxisCase, order.Said{State: notify, At: asked, Class: src.class, Who: who[f.get("apply_op_user_type")], Why: clip(f.get("apply_reason"), 300)})
	}
	if row.word != resType+"0" || by {
		row.kid.Say(order.AxisCase, order.Said{State: row.word, At: changed, Class: src.class})
	}
	row.money, row.appealable = f.yuan("money", t), f.get("poi_can_appeal") == "1"
	c := order.Case{Full: full, Amount: row.money, Reason: f.get("apply_reason"), AskedAt: asked, ByShop: by, Pictures: pictures(f["pictures"]), CanAppeal: row.appealable}
	if !full {
		c.Lines = caseLines(f["wmAppRetailForOrderPartRefundList"], "refund.lines", t)
	}
	order.Put(&row.kid, order.RegCase, src.stamp(changed), c)
	return row
}

// byShop reports whether the merchant began the case: merchant client or open platform,
// or an apply_type of 7. The automatic ones (0, 3, 4, 5) have no merchant to ask either.
func byShop(f form) bool {
	switch f.get("apply_op_user_type") {
	case "2", "6":
		return true
	}
	switch f.get("apply_type") {
	case "0", "3", "4", "5", "7":
		return true
	}
	return false
}

func caseLines(s, path string, t *trouble) []order.CaseLine {
	var out []order.CaseLine
	for i, w := range array[wireFood](s, path, t) {
		p := path + "." + strconv.Itoa(i+1)
		n, err := whole(string(w.Count))
		if err != nil {
			t.add(p+".count", fault.Because("unread_count", "this is not a number of pieces that can be"))
			continue
		}
		l := order.CaseLine{Ref: clip(string(w.Food), 128), SKU: clip(string(w.SKU), 128), Name: clip(string(w.Name), maxText), Quantity: n}
		if each := yuan(string(w.Refund), p+".refund_price", t); each != nil {
			if sum, err := each.Mul(n); err == nil {
				l.Amount = &sum
			}
		}
		out = append(out, l)
	}
	return out
}

// pictures is a JSON array or a list with commas, at most 9.
func pictures(s string) []string {
	s = strings.TrimSpace(s)
	var out []string
	if strings.HasPrefix(s, "[") {
		var t trouble
		for _, p := range array[text](s, "pictures", &t) {
			out = append(out, string(p))
		}
	} else if s != "" {
		out = strings.Split(s, ",")
	}
	var kept []string
	for _, p := range out {
		if p = strings.TrimSpace(p); len(p) <= maxText && len(kept) < 9 && (strings.HasPrefix(p, "http://") || strings.HasPrefix(p, "https://")) {
			kept = append(kept, p)
		}
	}
	return kept
}
