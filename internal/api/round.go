package api

import (
	"embed"
	"encoding/json"
	"html/template"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/geo"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/hub"
)

// A rider's round is a page of plain HTML, which works in any browser of a phone and without
// JavaScript: what he has to bring, with a number to call and three buttons. Its link has a
// secret, which goes into a cookie at once, so that it stays out of what is noted of requests. The one
// thing that needs a script is the place that he may share while he has orders with him.

//go:embed round.html round.js
var roundFiles embed.FS

var roundPage = template.Must(template.New("round.html").Funcs(template.FuncMap{
	"join": strings.Join,
}).ParseFS(roundFiles, "round.html"))

const roundCookie = "tongdan_rider"

var roundWords = map[bool]map[string]string{
	true: {"title": "我的配送", "none": "现在没有要送的订单", "refresh": "刷新", "picked": "已取餐", "delivered": "已送达", "problem": "有问题", "what": "出了什么问题？", "send": "上报",
		"due": "应收", "by": "要求送达", "ended": "链接已失效", "ask": "请向门店要新的链接。", "to": "取餐后送到", "done": "已记录", "again": "请再按一次", "lang": "zh-CN",
		"place": "共享我的位置", "stop": "停止共享", "off": "取餐后到送达前，约每 15 秒把你的位置告诉平台，顾客能看到你到哪了。不保存，随时可以停止。", "on": "正在共享你的位置，送达后自动停止。", "wait": "已开启：取餐后开始共享，送达后自动停止。", "denied": "手机没有给出位置：请允许浏览器使用定位。"},
	false: {"title": "My deliveries", "none": "Nothing to bring now", "refresh": "Refresh", "picked": "Picked up", "delivered": "Delivered", "problem": "Problem", "what": "What went wrong?", "send": "Tell the store",
		"due": "Collect", "by": "Due", "ended": "This link has ended", "ask": "Ask the store for a new one.", "to": "To", "done": "Noted", "again": "Press again", "lang": "en",
		"place": "Share my place", "stop": "Stop sharing", "off": "From pick-up to delivery the platform is told about every 15 seconds where you are, and the customer sees it. It is not kept, and you can stop at any time.", "on": "Your place is being shared. It ends by itself on delivery.", "wait": "On: shared from pick-up, until delivery.", "denied": "The phone gives no place: allow the browser to use it."},
}

type roundView struct {
	T      map[string]string
	Name   string
	Stops  []roundStop
	Ended  bool
	Note   string
	Bad    bool
	Away   int  // so many he has with him whose platform wants to know where he is
	Places bool // there are such, with him or to come
}

type roundStop struct {
	hub.Stop
	Label string
	Due   string
	Until string
	Gone  bool // he has it with him
}

// round takes the link, and shows the round.
func (s *Server) round(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	if secret := r.PathValue("secret"); secret != "" {
		if len(secret) > 64 {
			secret = ""
		}
		http.SetCookie(w, &http.Cookie{Name: roundCookie, Value: secret, Path: "/rider", MaxAge: int((12 * time.Hour).Seconds()), HttpOnly: true, Secure: s.secure(r), SameSite: http.SameSiteLaxMode})
		http.Redirect(w, r, "/rider", http.StatusSeeOther)
		return
	}
	s.showRound(w, r, "", false)
}

// step takes a button of the round.
func (s *Server) step(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	r.Body = http.MaxBytesReader(w, r.Body, 4<<10)
	t := roundWords[inChinese(r)]
	c, err := r.Cookie(roundCookie)
	var id ident.Order
	switch {
	case err != nil:
		s.showRound(w, r, "", false)
		return
	case r.ParseForm() != nil || id.UnmarshalText([]byte(r.PostForm.Get("order"))) != nil:
		s.showRound(w, r, t["again"], true)
		return
	}
	if err := s.hub.RiderSays(r.Context(), c.Value, id, r.PostForm.Get("ride"), r.PostForm.Get("step"), r.PostForm.Get("words")); err != nil {
		words := fault.ReasonOf(err).Text
		if words == "" {
			words = t["again"]
		}
		s.showRound(w, r, words, true)
		return
	}
	http.Redirect(w, r, "/rider", http.StatusSeeOther)
}

// roundScript is the page's script, which shares the rider's place.
func (s *Server) roundScript(w http.ResponseWriter, r *http.Request) {
	b, err := roundFiles.ReadFile("round.js")
	if err != nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
	w.Header().Set("Cache-Control", "no-cache")
	w.Write(b)
}

// place takes where the rider is. Nothing of it is written down anywhere.
func (s *Server) place(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Type", "application/json")
	say := func(status int, away int) {
		w.WriteHeader(status)
		json.NewEncoder(w).Encode(map[string]int{"away": away})
	}
	var at struct {
		Lat *float64 `json:"lat"`
		Lng *float64 `json:"lng"`
	}
	c, err := r.Cookie(roundCookie)
	switch {
	case err != nil:
		say(http.StatusNotFound, 0)
		return
	case json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<10)).Decode(&at) != nil || at.Lat == nil || at.Lng == nil:
		say(http.StatusBadRequest, 0)
		return
	}
	away, err := s.hub.RiderAt(r.Context(), c.Value, geo.Point{Lat: *at.Lat, Lon: *at.Lng})
	switch fault.CodeOf(err) {
	case "":
		say(http.StatusOK, away)
	case fault.NotFound:
		say(http.StatusNotFound, 0)
	case fault.Invalid:
		say(http.StatusBadRequest, 0)
	case fault.RateLimited:
		say(http.StatusTooManyRequests, 0)
	default:
		say(http.StatusServiceUnavailable, 0)
	}
}

func inChinese(r *http.Request) bool {
	lang := r.Header.Get("Accept-Language")
	return lang == "" || strings.HasPrefix(strings.ToLower(lang), "zh")
}

func (s *Server) showRound(w http.ResponseWriter, r *http.Request, note string, bad bool) {
	zh := inChinese(r)
	v := roundView{T: roundWords[zh], Note: note, Bad: bad}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; script-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'")
	status := http.StatusOK
	secret := ""
	if c, err := r.Cookie(roundCookie); err == nil {
		secret = c.Value
	}
	rider, stops, err := s.hub.RiderRound(r.Context(), secret)
	switch {
	case fault.Is(err, fault.NotFound):
		v.Ended, status = true, http.StatusNotFound
	case err != nil:
		v.Note, v.Bad, status = v.T["again"], true, http.StatusServiceUnavailable
	}
	v.Name = rider.Name
	zone := time.UTC
	for _, st := range stops {
		x := roundStop{Stop: st, Label: st.Channel.EN, Gone: st.State == "on_the_way"}
		if zh {
			x.Label = st.Channel.ZH
		}
		if v.Places = v.Places || st.Places; st.Places && x.Gone {
			v.Away++
		}
		if st.Due != nil {
			x.Due = st.Due.String()
		}
		if st.By > 0 {
			if at, ok := s.db.StoreByID(st.Merchant, rider.Store); ok {
				if z, err := time.LoadLocation(at.Zone); err == nil {
					zone = z
				}
			}
			x.Until = time.UnixMilli(st.By).In(zone).Format("15:04")
		}
		v.Stops = append(v.Stops, x)
	}
	w.WriteHeader(status)
	if err := roundPage.Execute(w, v); err != nil {
		s.log.WarnContext(r.Context(), "a rider's round could not be shown", "err", err)
	}
}

// courierCallback takes what a courier sends.
func (s *Server) courierCallback(w http.ResponseWriter, r *http.Request) {
	var m ident.Merchant
	var id ident.Courier
	if m.UnmarshalText([]byte(r.PathValue("merchant"))) != nil || id.UnmarshalText([]byte(r.PathValue("courier"))) != nil {
		http.Error(w, "no such courier", http.StatusNotFound)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 64<<10))
	if err != nil {
		http.Error(w, "too large", http.StatusRequestEntityTooLarge)
		return
	}
	reply, err := s.hub.CourierCallback(r.Context(), m, id, channel.Request{Method: r.Method, Path: r.PathValue("rest"), Header: r.Header, Body: body})
	if err != nil { // without the address, which ends in a secret
		status := http.StatusServiceUnavailable
		if fault.Is(err, fault.NotFound) {
			status = http.StatusNotFound
		}
		http.Error(w, http.StatusText(status), status)
		return
	}
	if reply.Type != "" {
		w.Header().Set("Content-Type", reply.Type)
	}
	w.WriteHeader(reply.Status)
	io.WriteString(w, reply.Body)
}
