package meituan

import (
	"net/url"
	"testing"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/order"
)

// FuzzReceive stands at the open door: whatever arrives, signed or not, gets an answer.
func FuzzReceive(f *testing.F) {
	f.Add("order/paid", v6, "")
	f.Add("order/paid", "", "")
	f.Add("refund/full", "a=%zz", "b=1&b=2")
	f.Add("delivery/status", "app_id=4321&sig=", "timestamp=1")
	app := testApp()
	f.Fuzz(func(t *testing.T, path, body, query string) {
		r := channel.Request{Method: "POST", Path: path, Query: query, Body: []byte(body), At: time.Unix(1700000100, 0)}
		got := New().Receive(app, r)
		if got.Reply.Status == 0 {
			t.Error("no answer")
		}
		if got.Verdict != channel.Good && len(got.Item.Readings)+len(got.Item.Hints)+len(got.Item.Raw) > 0 {
			t.Error("something that was not verified says something")
		}
	})
}

// FuzzTranslate takes any message that carries a valid signature: what Meituan may send
// tomorrow must be kept or parked, fold without panic and stay within the limits.
func FuzzTranslate(f *testing.F) {
	for _, e := range examples {
		v := url.Values{}
		for k, s := range example(f, e.file) {
			v.Set(k, s)
		}
		f.Add(e.path, v.Encode())
	}
	f.Add("order/paid", `order_id=1&status=2&utime=9999999999999&total=-1&detail=[{"quantity":1e9,"price":"99999999999999999","box_num":"1e9","box_price":1}]`)
	f.Add("order/paid", `order_id=1&total=1&detail=[[],{},null,1,"x"]&extras=[null,{"reduce_fee":{}}]&incmp_code=-1&incmp_modules={}`)
	f.Fuzz(func(t *testing.T, path, body string) {
		v, err := url.ParseQuery(body)
		if err != nil {
			return // Receive refuses it before it is read: FuzzReceive
		}
		params, ok := single(v)
		if !ok {
			return // a parameter twice: refused in the same place
		}
		for _, p := range pushes {
			if p.path != path || p.read == nil {
				continue
			}
			said, err := p.read(formFrom(params), source{order.ClassPush, exampleTime})
			if err != nil {
				return
			}
			o := folded(said.ref, said.readings)
			order.WantsOf(&o, &grammar)
			for _, r := range said.readings {
				if r.Record.Check() != nil {
					return // too large: it is parked
				}
				if twice := r.Record.Merge(r.Record); len(twice.Regs) != len(r.Record.Regs) {
					t.Error("merging a record with itself changed it")
				}
			}
		}
	})
}

// FuzzAnswer takes any answer of the API.
func FuzzAnswer(f *testing.F) {
	for _, s := range []string{`{"data":"ok"}`, `{"data":"ng","error":{"code":808,"msg":"操作失败"}}`, `{"code":600,"msg":"内部错误"}`, `{"result_code":4,"error_list":[{"code":711,"msg":"x"}]}`,
		`{"data":[{"refund_id":1,"ctime":1700000000,"res_type":0,"money":"1.5","refund_type":2,"wmAppRetailForOrderPartRefundList":"[]"}]}`, `{"data":{"order_id":1,"status":4,"detail":"[]"}}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		data, no, err := answer(b)
		if err != nil {
			return
		}
		if no != nil {
			no.fault("meituan.Fuzz", "1", call{changing: true})
			return
		}
		src := source{order.ClassRead, exampleTime}
		said, _ := translateRefunds(data, "1", src)
		folded(said.ref, said.readings)
		if form, err := formOf(data); err == nil {
			if said, err := translateOrder(form, src); err == nil {
				folded(said.ref, said.readings)
			}
		}
	})
}
