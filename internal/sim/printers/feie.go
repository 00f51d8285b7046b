package printers

import (
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/tongdan/tongdan/internal/sim"
)

// feieAnswer is what Feie says to everything.
type feieAnswer struct {
	Msg  string `json:"msg"`
	Ret  int    `json:"ret"`
	Data any    `json:"data"`
	Took int    `json:"serverExecutedTime"`
}

const feieTimes = 5 * time.Minute // how far stime may be off

// feie is Open/: one address, the call in apiname.
func (s *Sim) feie(w http.ResponseWriter, r *http.Request) {
	answer := func(ret int, msg string, data any) {
		seen := sim.Seen(r.Context())
		seen.Code, seen.Changed = strconv.Itoa(ret), seen.Changed && ret == 0
		sim.WriteJSON(w, http.StatusOK, feieAnswer{msg, ret, data, 6})
	}
	ok := func(data any) { answer(0, "ok", data) }
	if err := r.ParseForm(); err != nil {
		answer(-1, "请求格式错误", nil)
		return
	}
	f := r.PostForm
	for _, name := range []string{"user", "stime", "sig", "apiname"} {
		if f.Get(name) == "" {
			answer(-2, "参数错误 : 参数值不能传空字符，"+name, nil)
			return
		}
	}
	a, known := s.account(Feie, f.Get("user"))
	if !known {
		answer(-2, "参数错误 : 该帐号未注册.", nil)
		return
	}
	stime, err := strconv.ParseInt(f.Get("stime"), 10, 64)
	sum := sha1.Sum([]byte(a.ID + a.Secret + f.Get("stime")))
	if err != nil || len(f.Get("stime")) != 10 || f.Get("sig") != hex.EncodeToString(sum[:]) {
		answer(-3, "验证失败 : 签名错误.", nil)
		return
	}
	if off := time.Since(time.Unix(stime, 0)); off > feieTimes || off < -feieTimes {
		answer(-3, "验证失败 : 时间戳过期.", nil)
		return
	}
	if f.Get("apiname") == "Open_printerAddlist" {
		s.feieAdd(a, f.Get("printerContent"), ok)
		return
	}
	if f.Get("apiname") == "Open_queryOrderState" {
		for _, d := range s.devices {
			d.mu.Lock()
			if j := d.job(f.Get("orderid")); j != nil && d.owner == a.ID && d.Make == Feie {
				state := j.state
				d.mu.Unlock()
				ok(state == jobPrinted)
				return
			}
			d.mu.Unlock()
		}
		answer(1004, "验证失败 : 订单编号不存在。", nil)
		return
	}
	d := s.serial(Feie, f.Get("sn"))
	if d == nil {
		answer(1001, "验证失败 : 打印机编号不合法。", nil)
		return
	}
	d.mu.Lock()
	owner := d.owner
	d.mu.Unlock()
	if owner != a.ID {
		answer(1002, "验证失败 : 打印机编号和用户不匹配.", nil)
		return
	}
	switch f.Get("apiname") {
	case "Open_printMsg":
		s.feiePrint(d, r, answer)
	case "Open_queryPrinterStatus":
		online, paper, cover, _ := d.State()
		switch {
		case !online:
			ok("离线")
		case !paper || cover:
			ok("在线，工作状态不正常")
		default:
			ok("在线，工作状态正常")
		}
	case "Open_queryOrderInfoByDate":
		ok(d.counts(f.Get("date"), s.clock.Now()))
	case "Open_delPrinterSqs":
		d.dropWaiting()
		sim.Seen(r.Context()).Changed = true
		ok(true)
	default:
		answer(-2, "参数错误 : apiname 不存在.", nil)
	}
}

func (s *Sim) feieAdd(a Account, content string, ok func(any)) {
	good, bad := []string{}, []string{}
	for _, line := range strings.Split(strings.ReplaceAll(content, "\r", ""), "\n") {
		part := strings.Split(line, "#")
		d := s.serial(Feie, strings.TrimSpace(part[0]))
		if len(part) < 2 || d == nil || strings.TrimSpace(part[1]) != d.Key {
			bad = append(bad, line+" （错误：识别码不正确）")
			continue
		}
		d.mu.Lock()
		taken := d.owner != ""
		if !taken {
			d.owner = a.ID
		}
		d.mu.Unlock()
		if taken {
			bad = append(bad, line+" （错误：已被添加过）")
			continue
		}
		good = append(good, line)
	}
	ok(map[string]any{"ok": good, "no": bad})
}

func (s *Sim) feiePrint(d *Device, r *http.Request, answer func(int, string, any)) {
	f, now := r.PostForm, s.clock.Now()
	content := f.Get("content")
	times, expires := 1, time.Time{}
	if v := f.Get("times"); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil || n < 1 || n > 9 {
			answer(-2, "参数错误 : times 不正确.", nil)
			return
		}
		times = n
	}
	if v := f.Get("expired"); v != "" {
		n, err := strconv.ParseInt(v, 10, 64)
		at := time.Unix(n, 0)
		if err != nil || !at.After(time.Now()) || at.After(time.Now().Add(24*time.Hour+time.Minute)) {
			answer(-2, "参数错误 : expired 不正确.", nil)
			return
		}
		expires = now.Add(time.Until(at))
	}
	switch {
	case content == "":
		answer(-2, "参数错误 : 参数值不能传空字符，content", nil)
		return
	case len(content) > 5000:
		answer(-2, "参数错误 : 打印内容过长.", nil)
		return
	}
	var slips []Slip
	for range times {
		slips = append(slips, feieSlips(content, d.Columns)...)
	}
	id := fmt.Sprintf("%s_%s_%d", d.Serial, now.UTC().Add(8*time.Hour).Format("20060102150405"), rand.Uint32())
	sim.Seen(r.Context()).Changed = true
	d.put(&job{id: id, slips: slips, at: now, expires: expires})
	answer(0, "ok", id)
}

// counts tells of a day (Beijing's) how many jobs were printed and how many wait.
func (d *Device) counts(date string, _ time.Time) map[string]int {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := map[string]int{"print": 0, "waiting": 0}
	for _, j := range d.jobs {
		if j.at.UTC().Add(8*time.Hour).Format("2006-01-02") != date {
			continue
		}
		switch j.state {
		case jobPrinted:
			out["print"]++
		case jobWaiting:
			out["waiting"]++
		}
	}
	return out
}

func (d *Device) dropWaiting() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, j := range d.jobs {
		if j.state == jobWaiting {
			j.state = jobDropped
		}
	}
}
