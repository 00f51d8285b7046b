package sender

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

var asJSON = http.Header{"Content-Type": {"application/json; charset=utf-8"}}

// dingtalkSign signs for DingTalk: the key is the secret, the message the time in ms and
// the secret (open.dingtalk.com, "custom robot security settings").
func dingtalkSign(ms, secret string) string {
	return base64.StdEncoding.EncodeToString(digest(sha256.New, []byte(secret), ms+"\n"+secret))
}

// feishuSign signs for Feishu: the text is the key and the message is empty
// (open.feishu.cn, "use bots in groups").
func feishuSign(seconds, secret string) string {
	return base64.StdEncoding.EncodeToString(digest(sha256.New, []byte(seconds+"\n"+secret), ""))
}

// verdict is the answer of a robot.
type verdict struct {
	ErrCode *int   `json:"errcode"`
	ErrMsg  string `json:"errmsg"`
	Code    *int   `json:"code"` // Feishu
	Msg     string `json:"msg"`
}

// plain takes what Markdown would read as its own out of a text.
var plain = strings.NewReplacer("[", "［", "]", "］", "*", "＊", "_", "＿", "`", "'", "\n", " ")

// markdown is a message for the robots that read it. byteLimit cuts the lines, never the link.
func markdown(m Message, byteLimit int) string {
	tail := ""
	if m.Link != "" {
		tail = "\n\n[" + m.Open + "](" + m.Link + ")"
	}
	return strings.Join(fitting(m, byteLimit-len(tail), func(l string) string { return "> " + plain.Replace(l) }, "**"+plain.Replace(m.Title)+"**"), "\n") + tail
}

func text(m Message, byteLimit int) string {
	tail := ""
	if m.Link != "" {
		tail = "\n" + m.Link
	}
	return strings.Join(fitting(m, byteLimit-len(tail), func(l string) string { return l }, m.Title), "\n") + tail
}

// fitting gives the title and as many lines as fit into the limit.
func fitting(m Message, limit int, form func(string) string, title string) []string {
	out, used := []string{title}, len(title)
	for _, l := range m.Lines {
		l = form(l)
		if used += len(l) + 1; used > limit {
			break
		}
		out = append(out, l)
	}
	return out
}

func wecom(s *Sender) func(context.Context, Message) error {
	return func(ctx context.Context, m Message) error {
		body, err := json.Marshal(map[string]any{"msgtype": "markdown", "markdown": map[string]any{"content": markdown(m, 4000)}})
		if err != nil {
			return err
		}
		var v verdict
		if _, err := s.call(ctx, "/cgi-bin/webhook/send", url.Values{"key": {s.cred["key"].Reveal()}}, asJSON, body, &v); err != nil {
			return err
		}
		return robotVerdict(v)
	}
}

func dingtalk(s *Sender) func(context.Context, Message) error {
	return func(ctx context.Context, m Message) error {
		title := m.Title
		if k := s.cred["keyword"].Reveal(); k != "" && !strings.Contains(title, k) {
			title = k + " " + title
			m.Title = title
		}
		body, err := json.Marshal(map[string]any{"msgtype": "markdown", "markdown": map[string]any{"title": title, "text": markdown(m, 15_000)}})
		if err != nil {
			return err
		}
		q := url.Values{"access_token": {s.cred["token"].Reveal()}}
		if secret := s.cred["secret"].Reveal(); secret != "" {
			ms := strconv.FormatInt(s.env.Now().UnixMilli(), 10)
			q.Set("timestamp", ms)
			q.Set("sign", dingtalkSign(ms, secret))
		}
		var v verdict
		if _, err := s.call(ctx, "/robot/send", q, asJSON, body, &v); err != nil {
			return err
		}
		return robotVerdict(v)
	}
}

func feishu(s *Sender) func(context.Context, Message) error {
	return func(ctx context.Context, m Message) error {
		if k := s.cred["keyword"].Reveal(); k != "" && !strings.Contains(m.Title, k) {
			m.Title = k + " " + m.Title
		}
		v := map[string]any{"msg_type": "text", "content": map[string]any{"text": text(m, 15_000)}}
		if secret := s.cred["secret"].Reveal(); secret != "" {
			sec := strconv.FormatInt(s.env.Now().Unix(), 10)
			v["timestamp"], v["sign"] = sec, feishuSign(sec, secret)
		}
		body, err := json.Marshal(v)
		if err != nil {
			return err
		}
		var got verdict
		if _, err := s.call(ctx, "/open-apis/bot/v2/hook/"+url.PathEscape(s.cred["token"].Reveal()), nil, asJSON, body, &got); err != nil {
			return err
		}
		return robotVerdict(got)
	}
}

// Muted is how long DingTalk's robot says nothing after it was too fast.
const muted = 10 * time.Minute

// robotVerdict sorts what a robot's vendor says. 130101 is DingTalk's limit, after which it
// is mute for about ten minutes; 45009 WeCom's; 11232 Feishu's. -1 is "busy" of the first two.
func robotVerdict(v verdict) error {
	code, words := v.ErrCode, v.ErrMsg
	if code == nil {
		code, words = v.Code, v.Msg
	}
	if code == nil {
		return busy("", "the vendor gave no code")
	}
	n := strconv.Itoa(*code)
	switch *code {
	case 0:
		return nil
	case 130101:
		return limited(n, words, muted)
	case 45009:
		return limited(n, words, time.Minute)
	case 11232:
		return limited(n, words, 10*time.Second)
	case -1:
		return busy(n, words)
	}
	return permanent(n, words) // a key, a signature, a keyword, an address list: somebody has to change it
}
