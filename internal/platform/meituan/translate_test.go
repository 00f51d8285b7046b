package meituan

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tongdan/tongdan/money"
	"github.com/tongdan/tongdan/order"
)

var update = flag.Bool("update", false, "write the golden files anew")

// examples are the payloads of the open platform's documents, by the path they arrive on.
var examples = []struct{ file, path string }{
	{"paid", "order/paid"}, {"confirmed", "order/confirmed"}, {"completed", "order/completed"},
	{"cancelled", "order/cancelled"}, {"cancelled_late", "order/cancelled"},
	{"refund_apply", "refund/full"}, {"refund_agree", "refund/full"}, {"refund_part", "refund/part"}, {"refund_result", "refund/result"},
	{"delivery_status", "delivery/status"}, {"delivery_self", "delivery/self"}, {"reminder", "reminder"},
}

var exampleTime = time.Unix(1700086400, 0).UTC()

func readPush(path string, f form) (told, error) {
	for _, p := range pushes {
		if p.path == path {
			return p.read(f, source{order.ClassPush, exampleTime})
		}
	}
	panic("no push " + path)
}

func golden(t *testing.T, file string, said told) {
	t.Helper()
	o := folded(said.ref, said.readings)
	got, err := json.MarshalIndent(struct {
		Readings []order.Reading
		Hints    []order.Hint
		Order    order.Order
	}{said.readings, said.hints, o}, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	got = append(got, '\n')
	name := "testdata/" + file + ".golden"
	if *update {
		if err := os.WriteFile(name, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s reads otherwise than %s; run with -update and look at the difference", file, name)
	}
}

func folded(ref order.Ref, list []order.Reading) order.Order {
	var r order.Record
	for _, x := range list {
		r = r.Merge(x.Record)
	}
	return order.Fold(ref, []order.Linked{{Ref: ref, Record: r}}, &grammar)
}

func TestTheDocumentsExamplesTranslateAsReviewed(t *testing.T) {
	for _, e := range examples {
		said, err := readPush(e.path, formFrom(example(t, e.file)))
		if err != nil {
			t.Errorf("%s: %v", e.file, err)
			continue
		}
		golden(t, e.file, said)
	}
	said, err := detail(t)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "detail", said)
}

func detail(t testing.TB) (told, error) {
	t.Helper()
	b, err := os.ReadFile("testdata/detail.json")
	if err != nil {
		t.Fatal(err)
	}
	data, no, err := answer(b)
	if err != nil || no != nil {
		t.Fatal(no, err)
	}
	f, err := formOf(data)
	if err != nil {
		t.Fatal(err)
	}
	return translateOrder(f, source{order.ClassRead, exampleTime})
}

func yuanOf(s string) money.Amount { a, _ := money.Parse(s, CNY); return a }

func TestAPaidPushGivesTheWholeOrder(t *testing.T) {
	said, err := readPush("order/paid", formFrom(example(t, "paid")))
	if err != nil {
		t.Fatal(err)
	}
	o := folded(said.ref, said.readings)
	if diff, err := o.Bill.Difference(); err != nil || !diff.IsZero() || o.Bill.Total != yuanOf("32.5") {
		t.Errorf("total %v, differs from its parts by %v (%v)", o.Bill.Total, diff, err)
	}
	if *o.Bill.Income != yuanOf("27.9") || *o.Bill.Packing != yuanOf("1") || *o.Bill.Delivery != yuanOf("4") || len(o.Bill.Discounts) != 2 {
		t.Errorf("bill %+v", o.Bill)
	}
	if l := o.Bill.Lines[0]; l.Name != "红烧牛肉面" || l.Price != yuanOf("22.5") || l.Total != yuanOf("25") || !reflect.DeepEqual(l.Options, []string{"微辣", "多葱"}) || l.Spec != "大份" {
		t.Errorf("first line %+v", l)
	}
	if o.Status != order.StatusNew || o.Ref.ID != "27058820000000011" || o.ShopID != "S001" || o.Head.DaySeq != "17" || o.Head.Logistics != order.ByPlatform {
		t.Errorf("order %s status %s shop %s head %+v", o.Ref.ID, o.Status, o.ShopID, o.Head)
	}
	if c := o.Customer; c.Phone != "18500000000_3473" || c.PhoneKind != "privacy" || c.Address != "望京SOHO T1 (B座 1203)" || c.Name != "王(先生)" {
		t.Errorf("customer %+v", c)
	}
	if o.Remark != "少放辣" {
		t.Errorf("remark %q, want the customer's words without the privacy number", o.Remark)
	}
	if len(o.Deadlines) != 1 || o.Deadlines[0] != (order.Deadline{Kind: order.DueAccept, At: 1700000300000}) {
		t.Errorf("deadlines %+v, want accept 5 minutes after payment", o.Deadlines)
	}
	for _, i := range o.Issues {
		t.Errorf("issue %+v", i)
	}
}

// TestALateCopyOfAnOlderStateDoesNotWin gives a push that was tried again after a newer
// one: its timestamp is that of the attempt, and greater; what it carries is older.
func TestALateCopyOfAnOlderStateDoesNotWin(t *testing.T) {
	at := func(sent, changed, remark string) []order.Reading {
		f := example(t, "paid")
		f["timestamp"], f["utime"], f["caution"] = sent, changed, remark
		said, err := readPush("order/paid", formFrom(f))
		if err != nil {
			t.Fatal(err)
		}
		return said.readings
	}
	older, newer := at("1700000180", "1700000010", "少冰"), at("1700000120", "1700000100", "多冰")
	for name, list := range map[string][]order.Reading{"as they came": append(newer, older...), "in order": append(older, newer...)} {
		if o := folded(newer[0].Ref, list); o.Remark != "多冰" {
			t.Errorf("%s, the remark is %q; the newest state says %q", name, o.Remark, "多冰")
		}
	}
}

func TestWhatAMessageDoesNotSayIsNotTakenAway(t *testing.T) {
	paid := example(t, "paid")
	first, _ := readPush("order/paid", formFrom(paid))
	want := folded(first.ref, first.readings)
	for name, f := range map[string]form{
		"short completed push": {"order_id": paid["order_id"], "status": "8"},
		"masked and unsubscribed": {"order_id": paid["order_id"], "status": "4", "utime": "1700000900", "ctime": paid["ctime"], "app_poi_code": "S001",
			"recipient_address": "为保护顾客隐私，地址已隐藏", "recipient_phone": "185****0000"},
		"degraded": {"order_id": paid["order_id"], "status": "4", "utime": "1700000900", "total": "32.5", "detail": "[]", "incmp_code": "-1", "incmp_modules": "[0,1]"},
	} {
		next, err := readPush("order/completed", f)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		o := folded(first.ref, append(next.readings, first.readings...))
		if !reflect.DeepEqual(o.Bill, want.Bill) || !reflect.DeepEqual(o.Customer, want.Customer) || o.Head != want.Head || o.Times != want.Times || o.Remark != want.Remark {
			t.Errorf("%s took something away:\nbill %+v\ncustomer %+v\nhead %+v\ntimes %+v", name, o.Bill, o.Customer, o.Head, o.Times)
		}
		if name == "degraded" && !o.Partial {
			t.Error("a degraded message must ask for another read")
		}
	}
}

func TestABrokenFieldLeavesTheRestAndIsNamed(t *testing.T) {
	for field, bad := range map[string]string{"detail": `[{"quantity":"x"}`, "extras": "{", "ctime": "yesterday", "total": "1e3", "shipping_fee": "four", "poi_receive_detail": `{"wmPoiReceiveCent":"x"}`} {
		f := formFrom(example(t, "paid"))
		f[field] = bad
		said, err := readPush("order/paid", f)
		if err != nil {
			t.Errorf("%s: %v", field, err)
			continue
		}
		o := folded(said.ref, said.readings)
		found := false
		for _, i := range o.Issues {
			found = found || i.Code == order.IssueField
			if strings.Contains(i.Message, bad) {
				t.Errorf("an issue repeats a value: %s", i.Message)
			}
		}
		if !found || o.Customer == nil || o.ShopID == "" {
			t.Errorf("%s: issues %+v, shop %q", field, o.Issues, o.ShopID)
		}
	}
	if _, err := readPush("order/paid", form{"status": "2"}); err == nil {
		t.Error("a push without order_id must be parked")
	}
}

func TestNumbersAndStringsAreReadAlike(t *testing.T) {
	a, err := formOf([]byte(`{"order_id":27058820000000011,"total":32.50,"is_favorites":true,"detail":[{"quantity":"2","price":"5.0","box_num":"0.5","box_price":1}],"extras":"[{}]","caution":null}`))
	if err != nil {
		t.Fatal(err)
	}
	if a["order_id"] != "27058820000000011" || a["total"] != "32.50" || a.has("caution") {
		t.Errorf("form %+v", a)
	}
	said, err := translateOrder(a, source{order.ClassRead, exampleTime})
	if err != nil {
		t.Fatal(err)
	}
	b := folded(said.ref, said.readings).Bill
	if b.Lines[0].Quantity != 2 || *b.Packing != yuanOf("0.5") || len(b.Discounts) != 0 {
		t.Errorf("bill %+v", b)
	}
}

func TestDiscountsInsideThePriceOfADishCountOnce(t *testing.T) {
	f := formFrom(example(t, "paid"))
	f["detail"] = strings.ReplaceAll(strings.ReplaceAll(f["detail"], `"original_price":25,`, ""), `"original_price":5,`, "")
	said, err := readPush("order/paid", f)
	if err != nil {
		t.Fatal(err)
	}
	b := folded(said.ref, said.readings).Bill
	if diff, err := b.Difference(); err != nil || !diff.IsZero() || len(b.Discounts) != 1 {
		t.Errorf("differs by %v (%v) with discounts %+v", diff, err, b.Discounts)
	}
}

func TestARiderWhoGivesUpOpensAnotherAttempt(t *testing.T) {
	var all []order.Reading
	for i, s := range []struct{ status, name string }{{"0", ""}, {"10", "张三"}, {"100", "张三"}, {"0", ""}, {"10", "李四"}, {"20", "李四"}} {
		said, err := translateDelivery(form{"order_id": "1", "logistics_status": s.status, "dispatcher_name": s.name, "time": itoa(1700000100 + i*60)},
			source{order.ClassPush, exampleTime})
		if err != nil {
			t.Fatal(err)
		}
		all = append(said.readings, all...) // newest first
	}
	o := folded(orderRef("1"), all)
	if len(o.Delivered) != 2 || o.Delivered[0].State != order.DeliveryCancelled || o.Axes.Delivery != order.DeliveryOnTheWay || o.Delivered[1].Rider.Name != "李四" {
		t.Errorf("axes %+v, attempts %+v", o.Axes, o.Delivered)
	}
}

func itoa(n int) string { b, _ := json.Marshal(n); return string(b) }

func TestARefundCaseGoesAsMeituanDecides(t *testing.T) {
	push := func(kind, notify, res, appeal string) []order.Reading {
		said, err := translateRefund(form{"order_id": "1", "refund_id": "9", "ctime": "1700001000", "timestamp": "1700001100", "notify_type": notify, "res_type": res, "is_appeal": appeal, "reason": "少送"}, true,
			source{order.ClassPush, exampleTime})
		if err != nil {
			t.Fatal(err)
		}
		return said.readings
	}
	var all []order.Reading
	for _, s := range []struct {
		notify, res, appeal string
		want                order.State
	}{
		{"apply", "0", "0", order.CaseAsked}, {"reject", "1", "0", order.CaseRefused}, {"apply", "0", "1", order.CaseAppealed},
		{"reject", "3", "1", order.CaseRefused}, {"agree", "4", "1", order.CaseAgreed},
	} {
		all = append(push("full", s.notify, s.res, s.appeal), all...)
		o := folded(orderRef("1"), all)
		if len(o.Cases) != 1 || o.Cases[0].State != s.want {
			t.Errorf("after %s res %s appeal %s: %+v, want %s", s.notify, s.res, s.appeal, o.Cases, s.want)
		}
		if o.Cases[0].Answerable != (s.want == order.CaseAsked) {
			t.Errorf("after %s appeal %s: answerable %v", s.notify, s.appeal, o.Cases[0].Answerable)
		}
	}
}

func TestARefundPushWithoutItsIdOnlyCausesARead(t *testing.T) {
	for _, f := range []form{
		{"order_id": "1", "notify_type": "apply", "reason": "x"},
		{"order_id": "1", "refund_id": "9"},
	} {
		said, err := translateRefund(f, true, source{order.ClassPush, exampleTime})
		if err != nil || len(said.readings) != 0 || len(said.hints) != 1 {
			t.Errorf("%v gave %d readings and %d hints (%v)", f, len(said.readings), len(said.hints), err)
		}
	}
}

func TestEveryWordOfACaseIsInTheGrammar(t *testing.T) {
	words := grammar.Axes[order.On{Kind: order.KidCase, Axis: order.AxisCase}].Words
	for _, n := range []string{"0", "1", "2", "3", "4", "5", "6", "7", "8"} {
		if _, ok := words[resType+n]; !ok {
			t.Errorf("res_type %s is missing", n)
		}
	}
	for _, n := range []string{"1", "10", "11", "16", "17", "18", "20", "21", "22", "26", "27", "28", "30"} {
		if _, ok := words[returnedStatus+n]; !ok {
			t.Errorf("status %s is missing", n)
		}
	}
}

func fileText(t testing.TB, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// A rider can accept, arrive and give up within one second of the platform's times. What a
// read says when the second is over holds, whichever push was lost; a read within it does not
// know what is still to come.
func TestAReadSaysHowASecondEnded(t *testing.T) {
	at := exampleTime.Unix()
	push := func(status string, at int64) []order.Reading {
		said, err := translateDelivery(form{"order_id": "1", "time": fmt.Sprint(at), "logistics_status": status, "dispatcher_name": map[bool]string{true: "张三"}[status == "10" || status == "15"]}, source{order.ClassPush, exampleTime})
		if err != nil {
			t.Fatal(err)
		}
		return said.readings
	}
	read := func(status string, after time.Duration) []order.Reading {
		f := form{"order_id": "1", "status": "4", "utime": fmt.Sprint(at), "logistics_status": status, "logistics_send_time": fmt.Sprint(at), "logistics_confirm_time": fmt.Sprint(at)}
		if status == "100" {
			f["logistics_cancel_time"] = fmt.Sprint(at)
		}
		said, err := translateOrder(f, source{order.ClassRead, exampleTime.Add(after)})
		if err != nil {
			t.Fatal(err)
		}
		return said.readings
	}
	for _, c := range []struct {
		what string
		said []order.Reading
		want order.State
	}{
		{"accepted, given up", slices.Concat(push("10", at), read("100", time.Second)), order.DeliveryCancelled},
		{"accepted, arrived, given up", slices.Concat(push("10", at), push("15", at), read("100", 5*time.Second)), order.DeliveryCancelled},
		{"accepted, given up, sought anew", slices.Concat(push("10", at), push("100", at), read("0", time.Second)), order.DeliverySought},
		{"read between two steps of a second", slices.Concat(read("10", 500*time.Millisecond), push("15", at)), order.DeliveryAtStore},
		{"a step after the second that was read", slices.Concat(read("0", time.Second), push("10", at+1)), order.DeliveryAssigned},
	} {
		o := folded(orderRef("1"), c.said)
		if o.Axes.Delivery != c.want {
			t.Errorf("%s: delivery is %s, want %s", c.what, o.Axes.Delivery, c.want)
		}
		if d := o.Delivered[len(o.Delivered)-1]; (d.Rider == nil) != (c.want == order.DeliverySought) && c.want != order.DeliveryCancelled {
			t.Errorf("%s: the rider is %v", c.what, d.Rider)
		}
	}
}
