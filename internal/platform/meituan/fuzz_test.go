package meituan

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/front"
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

// alike is a platform that answers every call alike.
type alike []byte

func (b alike) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(b)), Request: r}, nil
}

// FuzzFront takes any answer for a shop's front: what is read of it can be shown, and everything deleted of it planned.
func FuzzFront(f *testing.F) {
	for _, s := range []string{
		`{"data":[{"app_poi_code":"S","name":"店","latitude":"NaN","longitude":"Inf","shipping_time":"7:00-9:00,11:30-24:00","shipping_fee":3.5,"support_delay_push":1}]}`,
		`{"data":[{"app_shipping_code":"A","area":"[{\"x\":30170000,\"y\":120090000}]","min_price":20,"time_range":"22:00-02:00"}]}`,
		`{"data":[{"name":"面食","sequence":1,"children":"[{\"name\":\"汤面\"}]","app_food_code":"F","skus":"[{\"sku_id\":\"L\",\"price\":\"9.5\",\"stock\":\"*\",\"available_times\":{\"monday\":\"09:00-10:00\"}}]"}]}`,
		`{"data":[{"property_name":"辣度","values":"[\"辣\"]"}]}`,
		`{"code":"OP_SUCCESS","data":[{"eDishCode":"F","dishName":"面","skus":[{"skuId":"L","price":9.5}],"latitude":9e99,"longitude":-9e99}]}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		client := &http.Client{Transport: alike(b)}
		env := channel.Env{Reads: client, Calls: client, Now: func() time.Time { return exampleTime }}
		for _, talk := range []dialect{direct{}, &partner{token: "token"}} {
			s := &shop{env: env, base: "http://127.0.0.1", shops: []string{"S"}, talk: talk}
			for _, a := range []channel.FrontAsk{{Part: front.InProfile}, {Part: front.InAreas}, {Part: front.InMenu, Family: front.Food, Properties: []string{"F"}},
				{Part: front.InMenu, Family: front.Retail}, {Part: front.InMenu, Family: front.Medicine}} {
				a.Shop = "S"
				live, err := s.Front(t.Context(), a)
				if err != nil {
					continue
				}
				if _, err := json.Marshal(live); err != nil {
					t.Fatalf("%s of %s: %v", a.Part, a.Family, err)
				}
				front.Make(live, front.Front{Profile: &front.Profile{Name: new("店")}}, front.How{Part: a.Part, Family: a.Family, Replace: true})
			}
			left("meituan.Fuzz", b, []front.Change{{What: front.OfPrice, Code: "F", SKU: "L"}})
			if list, err := s.Standings(t.Context(), []string{"S"}); err == nil {
				if _, err := json.Marshal(list); err != nil {
					t.Fatal(err)
				}
			}
		}
	})
}
