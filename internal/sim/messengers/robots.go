package messengers

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// robotBody is what the three robots take, each its own part of it.
type robotBody struct {
	MsgType  string `json:"msgtype"`
	Markdown struct {
		Title   string `json:"title"`
		Text    string `json:"text"`    // DingTalk
		Content string `json:"content"` // WeCom
	} `json:"markdown"`
	Text struct {
		Content   string   `json:"content"`
		Mentioned []string `json:"mentioned_mobile_list"`
	} `json:"text"`
	At struct {
		Mobiles []string `json:"atMobiles"`
		All     bool     `json:"isAtAll"`
	} `json:"at"`

	// Feishu
	Timestamp string `json:"timestamp"`
	Sign      string `json:"sign"`
	Type      string `json:"msg_type"`
	Content   struct {
		Text string `json:"text"`
	} `json:"content"`
}

func mac(key, message string) string {
	m := hmac.New(sha256.New, []byte(key))
	m.Write([]byte(message))
	return base64.StdEncoding.EncodeToString(m.Sum(nil))
}

// within reports whether a time is at most an hour away.
func (s *Sim) within(t time.Time, d time.Duration) bool { return s.clock.Now().Sub(t).Abs() <= d }

// The limit of DingTalk's and WeCom's robots, and how long DingTalk's are mute after it.
var twenty = limit{20, time.Minute}

const mute = 10 * time.Minute

// dingtalk is POST /robot/send. It always answers HTTP 200.
func (s *Sim) dingtalk(w http.ResponseWriter, r *http.Request) {
	say := func(code int, msg string) {
		answer(w, r, http.StatusOK, strconv.Itoa(code), map[string]any{"errcode": code, "errmsg": msg})
	}
	q := r.URL.Query()
	robot, ok := s.robot(DingTalk, q.Get("access_token"))
	if !ok {
		say(300001, "token is not exist")
		return
	}
	switch s.refusal(DingTalk) {
	case "":
	case "130101":
		say(130101, "send too fast, exceed 20 times per minute")
		return
	case "ip":
		say(310000, "ip 203.0.113.9 not in whitelist")
		return
	default:
		say(-1, "系统繁忙")
		return
	}
	if robot.Secret != "" {
		ms, err := strconv.ParseInt(q.Get("timestamp"), 10, 64)
		if err != nil || !s.within(time.UnixMilli(ms), time.Hour) {
			say(310000, "invalid timestamp")
			return
		}
		if !hmac.Equal([]byte(q.Get("sign")), []byte(mac(robot.Secret, q.Get("timestamp")+"\n"+robot.Secret))) {
			say(310000, "sign not match")
			return
		}
	}
	var b robotBody
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") || readJSON(r, &b) != nil {
		say(43004, "invalid http content-type or body")
		return
	}
	m := Message{Vendor: DingTalk, To: robot.Group, Robot: robot.Token, Form: b.MsgType, Title: b.Markdown.Title, Text: b.Text.Content, Mentions: b.At.Mobiles}
	switch b.MsgType {
	case "text":
	case "markdown":
		if m.Text = b.Markdown.Text; m.Title == "" {
			say(400105, "miss param : markdown->title")
			return
		}
	default:
		say(400105, "unsupported msgtype")
		return
	}
	if m.Text == "" || len(m.Text) > 20_000 {
		say(40035, "缺少参数 content or too long")
		return
	}
	if robot.Keyword != "" && !strings.Contains(m.Title+m.Text, robot.Keyword) {
		say(310000, "keywords not in content")
		return
	}
	if s.isMute(robot.Token) || !s.allow(DingTalk+robot.Token, twenty) {
		s.setMute(robot.Token)
		say(130101, "send too fast, exceed 20 times per minute")
		return
	}
	s.keep(m)
	say(0, "ok")
}

func (s *Sim) isMute(token string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.clock.Now().Before(s.muted[token])
}

func (s *Sim) setMute(token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now := s.clock.Now(); !now.Before(s.muted[token]) {
		s.muted[token] = now.Add(mute)
	}
}

// wecom is POST /cgi-bin/webhook/send.
func (s *Sim) wecom(w http.ResponseWriter, r *http.Request) {
	say := func(code int, msg string) {
		answer(w, r, http.StatusOK, strconv.Itoa(code), map[string]any{"errcode": code, "errmsg": msg})
	}
	robot, ok := s.robot(WeCom, r.URL.Query().Get("key"))
	if !ok {
		say(93000, "invalid webhook url, hint: [1767225600123456789012345], from ip: 203.0.113.9")
		return
	}
	switch s.refusal(WeCom) {
	case "":
	case "45009":
		say(45009, "api freq out of limit")
		return
	default:
		say(-1, "system busy")
		return
	}
	var b robotBody
	if readJSON(r, &b) != nil {
		say(47001, "data format error")
		return
	}
	m := Message{Vendor: WeCom, To: robot.Group, Robot: robot.Token, Form: b.MsgType, Text: b.Text.Content, Mentions: b.Text.Mentioned}
	longest := 2048
	switch b.MsgType {
	case "text":
	case "markdown", "markdown_v2":
		m.Text, longest = b.Markdown.Content, 4096
	default:
		say(40008, "invalid message type")
		return
	}
	if m.Text == "" || len(m.Text) > longest {
		say(40058, "content exceed max length or is empty")
		return
	}
	if !s.allow(WeCom+robot.Token, twenty) {
		say(45009, "api freq out of limit")
		return
	}
	s.keep(m)
	say(0, "ok")
}

// feishu is POST /open-apis/bot/v2/hook/{token}.
func (s *Sim) feishu(w http.ResponseWriter, r *http.Request) {
	say := func(code int, msg string) {
		v := map[string]any{"code": code, "msg": msg, "data": map[string]any{}}
		if code == 0 {
			v["StatusCode"], v["StatusMessage"] = 0, "success"
		}
		answer(w, r, http.StatusOK, strconv.Itoa(code), v)
	}
	robot, ok := s.robot(Feishu, r.PathValue("token"))
	if !ok {
		say(19001, "param invalid: incoming webhook access token invalid")
		return
	}
	switch s.refusal(Feishu) {
	case "":
	case "11232":
		say(11232, "frequency limited psm[lark.oapi.app_platform_runtime]appID[1500]")
		return
	case "19022":
		say(19022, "Ip Not Allowed")
		return
	default:
		say(9499, "Bad Request")
		return
	}
	var b robotBody
	if r.ContentLength > 20_000 || readJSON(r, &b) != nil || b.Type != "text" || b.Content.Text == "" {
		say(9499, "Bad Request")
		return
	}
	if robot.Secret != "" {
		sec, err := strconv.ParseInt(b.Timestamp, 10, 64)
		if err != nil || !s.within(time.Unix(sec, 0), time.Hour) || !hmac.Equal([]byte(b.Sign), []byte(mac(b.Timestamp+"\n"+robot.Secret, ""))) {
			say(19021, "sign match fail or timestamp is not within one hour from current time")
			return
		}
	}
	if robot.Keyword != "" && !strings.Contains(b.Content.Text, robot.Keyword) {
		say(19024, "Key Words Not Found")
		return
	}
	if !s.allow(Feishu+robot.Token, limit{5, time.Second}, limit{100, time.Minute}) {
		say(11232, "frequency limited psm[lark.oapi.app_platform_runtime]appID[1500]")
		return
	}
	s.keep(Message{Vendor: Feishu, To: robot.Group, Robot: robot.Token, Form: "text", Text: b.Content.Text})
	say(0, "success")
}
