// Package dada simulates Dada's open platform (达达): its calls with their signatures, one
// delivery a key, riders who take, fetch and bring what was ordered, and the callbacks that
// tell of it. It is written from Dada's public documents and shares no code with the connector.
package dada

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/tongdan/tongdan/internal/sim"
)

// The states of a delivery (订单状态).
const (
	Waiting   = 1
	Taken     = 2
	Fetched   = 3
	Done      = 4
	Cancelled = 5
	Returning = 9
	Returned  = 10
	AtStore   = 100
)

// Options of a Sim.
type Options struct {
	Key, Secret, Source string   // of the one merchant
	Shops               []string // numbers of its stores
	Clock               *sim.Clock
	Seed                uint64
	Client              *http.Client // sends callbacks; nil = the default one
}

// A Delivery is one that was ordered, or whose fee was asked for.
type Delivery struct {
	ID       string // the merchant's key
	Number   string // Dada's
	Shop     string
	Phone    string
	Info     string
	Mark     string
	Fee      int64 // fen
	Tip      int64
	Deduct   int64
	Status   int // 0 = only asked for
	Rider    string
	Mobile   string
	Times    map[int]time.Time
	Orders   int // so often it was ordered
	Cancels  int
	callback string
	quoted   time.Time
	from     int
	reason   string
	metres   float64
}

// Sim is Dada. Safe for concurrent use.
type Sim struct {
	o      Options
	faults *sim.Faults
	calls  *sim.Calls
	client *http.Client
	sends  sync.WaitGroup

	mu   sync.Mutex
	list map[string]*Delivery // by key
	dear int64                // fen on top of every fee
	seq  int
}

// New makes it.
func New(o Options) *Sim {
	if o.Clock == nil {
		o.Clock = sim.NewClock(time.Time{}, 1)
	}
	s := &Sim{o: o, faults: sim.NewFaults(o.Seed), calls: sim.NewCalls(0), client: o.Client, list: map[string]*Delivery{}}
	if s.client == nil {
		s.client = &http.Client{Timeout: 5 * time.Second}
	}
	return s
}

// Faults are those of calls, named by their path, and of pushes, named "callback".
func (s *Sim) Faults() *sim.Faults { return s.faults }

// Calls are what was received.
func (s *Sim) Calls() *sim.Calls { return s.calls }

// Close waits for callbacks under way.
func (s *Sim) Close() error { s.sends.Wait(); return nil }

// Dearer puts so many fen on every fee that is asked for from now on.
func (s *Sim) Dearer(fen int64) { s.mu.Lock(); s.dear = fen; s.mu.Unlock() }

// Deliveries are all that were ordered, by key.
func (s *Sim) Deliveries() []Delivery {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Delivery
	for _, d := range s.list {
		if d.Orders > 0 {
			out = append(out, *d)
		}
	}
	sort.Slice(out, func(i, j int) bool { return out[i].ID < out[j].ID })
	return out
}

// Move has a rider, or Dada, bring a delivery into a state, and tells the merchant.
func (s *Sim) Move(id string, status int, reason string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := s.list[id]
	if d == nil || d.Orders == 0 {
		return fmt.Errorf("dada knows no delivery %q", id)
	}
	switch status {
	case Waiting:
		d.Rider, d.Mobile = "", ""
	case Taken:
		d.Rider, d.Mobile = "赵达达", "13700000001"
	case Cancelled:
		d.from, d.reason = 3, reason
		if strings.HasPrefix(reason, "骑手") {
			d.from = 1
		}
	}
	s.set(d, status)
	return nil
}

func (s *Sim) set(d *Delivery, status int) {
	d.Status = status
	d.Times[status] = s.o.Clock.Now()
	if d.callback == "" {
		return
	}
	at := s.o.Clock.Now().Unix()
	sign := func() string {
		v := []string{d.Number, d.ID, strconv.FormatInt(at, 10)}
		slices.Sort(v)
		sum := md5.Sum([]byte(strings.Join(v, "")))
		return hex.EncodeToString(sum[:])
	}
	body, err := json.Marshal(map[string]any{"client_id": d.Number, "order_id": d.ID, "order_status": status, "cancel_reason": d.reason, "cancel_from": d.from,
		"update_time": at, "signature": sign(), "dm_id": 666, "dm_name": d.Rider, "dm_mobile": d.Mobile})
	if err != nil {
		return
	}
	if s.faults.Hit(sim.PushLost, "callback") {
		return
	}
	times := 1
	if s.faults.Hit(sim.PushDoubled, "callback") {
		times = 2
	}
	url := d.callback
	s.sends.Go(func() {
		for range times {
			for try := range 5 { // until it is answered with 200
				res, err := s.client.Post(url, "application/json", bytes.NewReader(body))
				if err == nil {
					io.Copy(io.Discard, res.Body)
					res.Body.Close()
					if res.StatusCode == http.StatusOK {
						break
					}
				}
				time.Sleep(time.Duration(try+1) * 50 * time.Millisecond)
			}
		}
	})
}

// API is Dada's address.
func (s *Sim) API() http.Handler {
	mux := http.NewServeMux()
	for path, f := range map[string]func(biz) (any, refusal){
		"queryDeliverFee": s.fee, "addAfterQuery": s.add, "status/query": s.query, "formalCancel": s.cancel, "addTip": s.tip, "cancel/reasons": s.reasons,
	} {
		mux.HandleFunc("POST /api/order/"+path, s.signed(f))
	}
	gate := &sim.Gate{Clock: s.o.Clock, Faults: s.faults, Calls: s.calls}
	return gate.Wrap(http.MaxBytesHandler(mux, 1<<20))
}

// biz is the JSON of the parameter body.
type biz map[string]any

func (b biz) text(name string) string {
	switch v := b[name].(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	}
	return ""
}

func (b biz) number(name string) float64 { f, _ := strconv.ParseFloat(b.text(name), 64); return f }

type refusal struct {
	code int
	msg  string
}

func (s *Sim) signed(f func(biz) (any, refusal)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		seen := sim.Seen(r.Context())
		answer := func(result any, no refusal) {
			status := "success"
			if no.code != 0 {
				status, result = "fail", nil
			}
			seen.Code, seen.Changed = strconv.Itoa(no.code), seen.Changed && no.code == 0
			if no.msg == "" {
				no.msg = "成功"
			}
			sim.WriteJSON(w, http.StatusOK, map[string]any{"status": status, "code": no.code, "errorCode": no.code, "msg": no.msg, "result": result, "success": no.code == 0, "fail": no.code != 0})
		}
		var p map[string]json.RawMessage
		if json.NewDecoder(r.Body).Decode(&p) != nil {
			answer(nil, refusal{2000, "参数错误"})
			return
		}
		value := func(name string) string {
			var text string
			if json.Unmarshal(p[name], &text) == nil {
				return text
			}
			return string(p[name])
		}
		names := []string{}
		for name := range p {
			if name != "signature" {
				names = append(names, name)
			}
		}
		slices.Sort(names)
		text := s.o.Secret
		for _, name := range names {
			text += name + value(name)
		}
		sum := md5.Sum([]byte(text + s.o.Secret))
		at, _ := strconv.ParseInt(value("timestamp"), 10, 64)
		switch {
		case value("app_key") != s.o.Key:
			answer(nil, refusal{2001, "app_key无效"})
		case value("signature") != strings.ToUpper(hex.EncodeToString(sum[:])):
			answer(nil, refusal{2003, "签名错误"})
		case value("source_id") != s.o.Source:
			answer(nil, refusal{2002, "商户编号不正确"})
		case value("format") != "json" || value("v") != "1.0":
			answer(nil, refusal{2000, "参数错误"})
		case math.Abs(float64(s.o.Clock.Now().Unix()-at)) > 600:
			answer(nil, refusal{2008, "请求已过期"})
		default:
			var b biz
			dec := json.NewDecoder(strings.NewReader(value("body")))
			dec.UseNumber()
			if dec.Decode(&b) != nil {
				answer(nil, refusal{2000, "参数错误"})
				return
			}
			s.mu.Lock()
			result, no := f(b)
			s.mu.Unlock()
			seen.Order = b.text("order_id") + b.text("origin_id")
			seen.Changed = !strings.Contains(r.URL.Path, "query") || strings.HasSuffix(r.URL.Path, "addAfterQuery")
			answer(result, no)
		}
	}
}

const quoteLasts = 3 * time.Minute

func yuan(fen int64) float64 { return float64(fen) / 100 }

func (s *Sim) fee(b biz) (any, refusal) {
	switch {
	case !slices.Contains(s.o.Shops, b.text("shop_no")):
		return nil, refusal{2402, "门店编号不存在"}
	case b.text("origin_id") == "" || b.text("receiver_name") == "" || b.text("receiver_address") == "" || b.text("receiver_phone") == "":
		return nil, refusal{2000, "参数错误"}
	case b.number("receiver_lat") == 0 || b.number("receiver_lng") == 0:
		return nil, refusal{2047, "收货人坐标错误"}
	case b.number("cargo_price") <= 0:
		return nil, refusal{2000, "货物价格错误"}
	}
	d := s.list[b.text("origin_id")]
	if d != nil && d.Orders > 0 && d.Status != Cancelled && d.Status != Returned {
		return nil, refusal{2105, "订单已存在,且未完成"}
	}
	if d == nil {
		d = &Delivery{ID: b.text("origin_id"), Times: map[int]time.Time{}}
		s.list[d.ID] = d
	}
	s.seq++
	d.Number, d.Shop, d.Phone, d.Info, d.Mark = fmt.Sprintf("Ddada%014d", s.seq), b.text("shop_no"), b.text("receiver_phone"), b.text("info"), b.text("origin_mark_no")
	d.Fee, d.metres, d.callback, d.quoted = 780+s.dear, 1830.5, b.text("callback"), s.o.Clock.Now()
	return map[string]any{"distance": d.metres, "fee": yuan(d.Fee), "deliverFee": yuan(d.Fee), "deliveryNo": d.Number, "tips": 0, "insuranceFee": 0}, refusal{}
}

func (s *Sim) add(b biz) (any, refusal) {
	for _, d := range s.list {
		if d.Number != b.text("deliveryNo") {
			continue
		}
		switch {
		case d.Orders > 0 && d.Status != Cancelled && d.Status != Returned:
			return nil, refusal{2105, "订单已发布"}
		case s.o.Clock.Now().Sub(d.quoted) > quoteLasts:
			return nil, refusal{2077, "平台订单编号已过期"}
		}
		d.Orders++
		d.from, d.reason, d.Rider, d.Mobile = 0, "", "", ""
		s.set(d, Waiting)
		return "", refusal{}
	}
	return nil, refusal{2076, "平台订单编号不存在"}
}

func (s *Sim) find(b biz) (*Delivery, refusal) {
	d := s.list[b.text("order_id")]
	if d == nil || d.Orders == 0 {
		return nil, refusal{2005, "订单不存在"}
	}
	return d, refusal{}
}

var statusWords = map[int]string{Waiting: "待接单", Taken: "待取货", Fetched: "配送中", Done: "已完成", Cancelled: "已取消", Returning: "妥投异常之物品返回中", Returned: "妥投异常之物品返回完成", AtStore: "骑士到店"}

func (s *Sim) query(b biz) (any, refusal) {
	d, no := s.find(b)
	if no.code != 0 {
		return nil, no
	}
	when := func(status int) string {
		if t, ok := d.Times[status]; ok {
			return t.In(time.FixedZone("CST", 8*3600)).Format(time.DateTime)
		}
		return ""
	}
	lat, lng := "", ""
	if d.Status == Taken || d.Status == Fetched || d.Status == AtStore {
		lat, lng = "30.2500", "120.1700"
	}
	return map[string]any{"orderId": d.ID, "statusCode": d.Status, "statusMsg": statusWords[d.Status], "transporterName": d.Rider, "transporterPhone": d.Mobile,
		"transporterLng": lng, "transporterLat": lat, "deliveryFee": yuan(d.Fee), "actualFee": yuan(d.Fee), "tips": yuan(d.Tip), "distance": int(d.metres), "deductFee": yuan(d.Deduct),
		"createTime": when(Waiting), "acceptTime": when(Taken), "fetchTime": when(Fetched), "finishTime": when(Done), "cancelTime": when(Cancelled)}, refusal{}
}

func (s *Sim) cancel(b biz) (any, refusal) {
	d, no := s.find(b)
	switch {
	case no.code != 0:
		return nil, no
	case b.number("cancel_reason_id") == 10000 && b.text("cancel_reason") == "":
		return nil, refusal{2000, "参数错误"}
	case d.Status == Cancelled:
		return nil, refusal{2009, "订单已取消"}
	case d.Status == Fetched || d.Status == Done || d.Status == Returning || d.Status == Returned:
		return nil, refusal{2044, "订单当前状态不能取消"}
	}
	if d.Status != Waiting && s.o.Clock.Now().Sub(d.Times[Taken]) > time.Minute { // a rider who is on his way is paid for it
		d.Deduct = 200
	}
	d.Cancels++
	d.from, d.reason = 2, "商家主动取消"
	s.set(d, Cancelled)
	return map[string]any{"deduct_fee": yuan(d.Deduct)}, refusal{}
}

func (s *Sim) tip(b biz) (any, refusal) {
	d, no := s.find(b)
	switch fen := int64(math.Round(b.number("tips") * 100)); {
	case no.code != 0:
		return nil, no
	case d.Status != Waiting:
		return nil, refusal{2044, "订单已被接单"}
	case fen <= d.Tip:
		return nil, refusal{2078, "小费必须大于上次"}
	default:
		d.Tip = fen
	}
	return nil, refusal{}
}

func (s *Sim) reasons(biz) (any, refusal) {
	return []map[string]any{{"id": 1, "reason": "没有配送员接单"}, {"id": 4, "reason": "顾客取消订单"}, {"id": 10000, "reason": "其他"}}, refusal{}
}
