// Package sender brings a few words to a phone: through the group robots of DingTalk,
// WeCom and Feishu (Lark), and as a short message by Aliyun and Tencent Cloud. A sender is
// one HTTP call; when and to whom is decided above (package hub).
//
// What a vendor says is sorted into three: limited (fault.RateLimited, with how long to
// wait), to be tried again (fault.Unavailable: certainly not sent; fault.Unknown: perhaps),
// and for good (fault.Invalid, fault.Forbidden). Keys, tokens and numbers are in no error
// and no log: an error names the vendor's code and its words.
package sender

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"hash"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/fault"
)

// A Kind is one vendor's way.
type Kind struct {
	Name   string          // dingtalk, wecom, feishu, lark, aliyun, tencent
	Label  channel.Text    // for people
	SMS    bool            // goes to a number; else to the group that the robot is in
	Base   string          // the vendor's address
	Fields []channel.Field // credentials
	open   func(s *Sender) func(context.Context, Message) error
}

// A Message is what to bring. A robot takes Title, Lines and Link; a short message takes
// the values of an approved template.
type Message struct {
	Title string   // for people, one line
	Lines []string // what it is about, without customers' data
	Link  string   // where it leads; "" = nowhere
	Open  string   // what the link is called, in the reader's language

	Phone string // +8613900000002; of a short message
	Code  string // a sign-in code: the template for codes is used
	What  string // 美团 #12 · 2 分钟未接
	Left  string // 剩 3:00
	Token string // the last part of the link's address, which stands in the template
}

// An Env is what a sender needs of the outside.
type Env struct {
	Client *http.Client // for calls that change something, see channel.NewClients
	Now    func() time.Time
}

// A Sender is one that is set up. It may be used concurrently.
type Sender struct {
	Kind Kind
	base string
	cred map[string]channel.Secret
	env  Env
	send func(context.Context, Message) error
}

func field(name, zh, en string, secret, required bool) channel.Field {
	return channel.Field{Name: name, Label: channel.Text{ZH: zh, EN: en}, Secret: secret, Required: required}
}

// Kinds are all of them, in the order of a screen.
var Kinds = []Kind{
	{"wecom", channel.Text{ZH: "企业微信群机器人", EN: "WeCom group robot"}, false, "https://qyapi.weixin.qq.com",
		[]channel.Field{field("key", "Webhook 地址里的 key", "key of the webhook's address", true, true)}, wecom},
	{"dingtalk", channel.Text{ZH: "钉钉群机器人", EN: "DingTalk group robot"}, false, "https://oapi.dingtalk.com",
		[]channel.Field{field("token", "access_token", "access_token", true, true), field("secret", "加签密钥", "signing secret", true, false), field("keyword", "自定义关键词", "keyword", false, false)}, dingtalk},
	{"feishu", channel.Text{ZH: "飞书群机器人", EN: "Feishu group robot"}, false, "https://open.feishu.cn",
		[]channel.Field{field("token", "Webhook 地址最后一段", "last part of the webhook's address", true, true), field("secret", "签名校验密钥", "signing secret", true, false), field("keyword", "自定义关键词", "keyword", false, false)}, feishu},
	{"lark", channel.Text{ZH: "Lark 群机器人", EN: "Lark group robot"}, false, "https://open.larksuite.com",
		[]channel.Field{field("token", "Webhook 地址最后一段", "last part of the webhook's address", true, true), field("secret", "签名校验密钥", "signing secret", true, false), field("keyword", "自定义关键词", "keyword", false, false)}, feishu},
	{"aliyun", channel.Text{ZH: "阿里云短信", EN: "Aliyun SMS"}, true, "https://dysmsapi.aliyuncs.com", smsFields(
		field("key_id", "AccessKey ID", "AccessKey ID", false, true), field("key_secret", "AccessKey Secret", "AccessKey secret", true, true)), aliyun},
	{"tencent", channel.Text{ZH: "腾讯云短信", EN: "Tencent Cloud SMS"}, true, "https://sms.tencentcloudapi.com", smsFields(
		field("key_id", "SecretId", "SecretId", false, true), field("key_secret", "SecretKey", "SecretKey", true, true), field("app_id", "SmsSdkAppId", "SmsSdkAppId", false, true)), tencent},
}

func smsFields(own ...channel.Field) []channel.Field {
	return append(own, field("sign_name", "短信签名", "signature name", false, true),
		field("template_code", "验证码模板（变量 code）", "template of sign-in codes (variable code)", false, false),
		field("template_knock", "提醒模板（变量 what、left、link）", "template of knocks (variables what, left, link)", false, false))
}

// KindOf finds a kind by its name.
func KindOf(name string) (Kind, bool) {
	for _, k := range Kinds {
		if k.Name == name {
			return k, true
		}
	}
	return Kind{}, false
}

// Open makes a sender. base "" is the vendor's own address.
func Open(kind, base string, cred map[string]channel.Secret, env Env) (*Sender, error) {
	k, ok := KindOf(kind)
	if !ok {
		return nil, fault.Say("sender.Open", fault.Unsupported, "no_sender_kind", "this build cannot send that way")
	}
	if base == "" {
		base = k.Base
	}
	if env.Now == nil {
		env.Now = time.Now
	}
	s := &Sender{Kind: k, base: strings.TrimRight(base, "/"), cred: cred, env: env}
	s.send = k.open(s)
	return s, nil
}

// Send makes one call. It fails as the package comment says.
func (s *Sender) Send(ctx context.Context, m Message) error {
	return fault.Wrap("sender."+s.Kind.Name, s.send(ctx, m))
}

// Has reports whether a credential is set.
func (s *Sender) Has(name string) bool { return s.cred[name].Reveal() != "" }

const maxAnswer = 64 << 10

// call posts a body and reads the vendor's JSON into out.
func (s *Sender) call(ctx context.Context, path string, query url.Values, header http.Header, body []byte, out any) (status int, err error) {
	const op = "sender.call"
	target := s.base + path
	if len(query) > 0 {
		target += "?" + query.Encode()
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, target, bytes.NewReader(body))
	if err != nil {
		return 0, fault.Say(op, fault.Invalid, "address_wrong", "the address is not one that can be called") // the error would show the address with its key
	}
	for k, v := range header {
		r.Header[k] = v
	}
	res, err := s.env.Client.Do(r)
	if err != nil {
		return 0, channel.SendError(op, err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return res.StatusCode, channel.SendError(op, err)
	}
	switch {
	case res.StatusCode == http.StatusTooManyRequests:
		return res.StatusCode, limited("HTTP 429", "", time.Minute)
	case json.Unmarshal(b, out) == nil:
		return res.StatusCode, nil
	case res.StatusCode >= 500:
		return res.StatusCode, &fault.Error{Op: op, Code: fault.Unknown, Words: "HTTP " + http.StatusText(res.StatusCode)}
	}
	return res.StatusCode, fault.Say(op, fault.Unknown, "vendor_unreadable", "the vendor's answer cannot be read")
}

// limited is a vendor's refusal that ends by waiting; permanent one that does not; busy
// one for which the vendor is to blame: nothing was sent.
func limited(code, words string, wait time.Duration) error {
	return &fault.Error{Op: "sender", Code: fault.RateLimited, Words: said(code, words), After: wait}
}

func permanent(code, words string) error {
	return &fault.Error{Op: "sender", Code: fault.Invalid, Words: said(code, words)}
}

func busy(code, words string) error {
	return &fault.Error{Op: "sender", Code: fault.Unavailable, Words: said(code, words)}
}

// said is the vendor's code and words, so short that no whole answer gets into a log.
func said(code, words string) string {
	words = strings.TrimSpace(strings.ToValidUTF8(words, ""))
	for utf8.RuneCountInString(words) > 120 {
		r := []rune(words)
		words = string(r[:119]) + "…"
	}
	return strings.TrimSpace(code + " " + words)
}

func digest(h func() hash.Hash, key []byte, text string) []byte {
	m := hmac.New(h, key)
	m.Write([]byte(text))
	return m.Sum(nil)
}

func sha256Hex(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
