package sender_test

import (
	"context"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/internal/sender"
	"github.com/tongdan/tongdan/internal/sim"
	"github.com/tongdan/tongdan/internal/sim/messengers"
)

const secret = "SECb7c1d0ffee5ecret0ffee"

// creds are those of the simulated services, by kind.
var creds = map[string]map[string]string{
	"dingtalk": {"token": "ding-token-1", "secret": secret, "keyword": "通单"},
	"wecom":    {"key": "wecom-key-1"},
	"feishu":   {"token": "feishu-token-1", "secret": secret},
	"aliyun":   {"key_id": "LTAItest", "key_secret": secret, "sign_name": "山间茶事", "template_code": "SMS_1", "template_knock": "SMS_2"},
	"tencent":  {"key_id": "AKIDtest", "key_secret": secret, "app_id": "1400000001", "sign_name": "山间茶事", "template_code": "11", "template_knock": "12"},
}

type world struct {
	sim   *messengers.Sim
	url   string
	clock *sim.Clock
}

func newWorld(t *testing.T) *world {
	w := &world{clock: sim.NewClock(time.Now(), 0)}
	w.sim = messengers.New(messengers.Options{
		Clock: w.clock,
		Robots: []messengers.Robot{
			{Vendor: messengers.DingTalk, Token: "ding-token-1", Secret: secret, Keyword: "通单", Group: "湖滨店"},
			{Vendor: messengers.WeCom, Token: "wecom-key-1", Group: "湖滨店"},
			{Vendor: messengers.Feishu, Token: "feishu-token-1", Secret: secret, Group: "湖滨店"},
		},
		SMS: []messengers.SMS{
			{Vendor: messengers.Aliyun, KeyID: "LTAItest", Secret: secret, SignName: "山间茶事", Templates: []messengers.Template{{ID: "SMS_1", Text: "验证码${code}", Code: true}, {ID: "SMS_2", Text: "${what}，${left}：/k/${link}"}}},
			{Vendor: messengers.Tencent, KeyID: "AKIDtest", Secret: secret, AppID: "1400000001", SignName: "山间茶事", Templates: []messengers.Template{{ID: "11", Text: "验证码{1}", Code: true}, {ID: "12", Text: "{1}，{2}：/k/{3}"}}},
		},
	})
	srv := httptest.NewServer(w.sim.API())
	t.Cleanup(srv.Close)
	w.url = srv.URL
	return w
}

func (w *world) open(t *testing.T, kind string, change ...string) *sender.Sender {
	t.Helper()
	_, calls := channel.NewClients(channel.Loopback...)
	cred := map[string]channel.Secret{}
	for k, v := range creds[kind] {
		cred[k] = channel.NewSecret(v)
	}
	for i := 0; i < len(change); i += 2 {
		cred[change[i]] = channel.NewSecret(change[i+1])
	}
	s, err := sender.Open(kind, w.url, cred, sender.Env{Client: calls, Now: w.clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

var knock = sender.Message{
	Title: "1 件事等人处理", Lines: []string{"【美团 #12】2 分钟未接，剩 3:00"}, Link: "https://hub.example.com/orders/ord_1", Open: "打开",
	Phone: "+8613900000002", What: "美团 #12 2 分钟未接", Left: "剩 3:00", Token: "Ab3dEf6hIj9kLm2n",
}

func TestEachVendorHearsTheKnock(t *testing.T) {
	w := newWorld(t)
	for kind := range creds {
		after := int64(len(w.sim.Messages(0)))
		if err := w.open(t, kind).Send(t.Context(), knock); err != nil {
			t.Errorf("%s: %v", kind, err)
			continue
		}
		got := w.sim.Messages(after)
		if len(got) != 1 || !strings.Contains(got[0].Text, "美团 #12") || !strings.Contains(got[0].Text, "剩 3:00") {
			t.Errorf("%s brought %+v", kind, got)
		}
	}
}

func TestCodesGoByTheirOwnTemplate(t *testing.T) {
	w := newWorld(t)
	for _, kind := range []string{"aliyun", "tencent"} {
		m := knock
		m.Code = "408213"
		if err := w.open(t, kind).Send(t.Context(), m); err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
	}
	for _, m := range w.sim.Messages(0) {
		if m.Text != "【山间茶事】验证码408213" {
			t.Errorf("brought %q", m.Text)
		}
	}
	if err := w.open(t, "aliyun", "template_code", "").Send(t.Context(), sender.Message{Code: "1", Phone: knock.Phone}); !fault.Is(err, fault.Invalid) {
		t.Errorf("without a template: %v", err)
	}
}

// What a vendor says is sorted into three, and nothing of a key gets into an error.
func TestWhatVendorsSay(t *testing.T) {
	for _, c := range []struct {
		kind   string
		change []string
		before func(*world)
		want   fault.Code
		words  string
		wait   time.Duration
	}{
		{kind: "dingtalk", change: []string{"secret", "SECwrong"}, want: fault.Invalid, words: "sign not match"},
		{kind: "dingtalk", change: []string{"keyword", "别的"}, want: fault.Invalid, words: "keywords not in content"},
		{kind: "dingtalk", change: []string{"token", "unknown"}, want: fault.Invalid, words: "300001"},
		{kind: "dingtalk", before: refuse("130101"), want: fault.RateLimited, words: "130101", wait: 10 * time.Minute},
		{kind: "dingtalk", before: refuse("busy"), want: fault.Unavailable, words: "-1"},
		{kind: "wecom", change: []string{"key", "unknown"}, want: fault.Invalid, words: "93000"},
		{kind: "wecom", before: refuse("45009"), want: fault.RateLimited, words: "api freq", wait: time.Minute},
		{kind: "feishu", change: []string{"secret", "wrong"}, want: fault.Invalid, words: "19021"},
		{kind: "feishu", before: refuse("11232"), want: fault.RateLimited, words: "11232", wait: 10 * time.Second},
		{kind: "aliyun", change: []string{"key_secret", "wrong"}, want: fault.Invalid, words: "SignatureDoesNotMatch"},
		{kind: "aliyun", change: []string{"sign_name", "别家"}, want: fault.Invalid, words: "isv.SMS_SIGNATURE_ILLEGAL"},
		{kind: "aliyun", before: refuse("isv.BUSINESS_LIMIT_CONTROL"), want: fault.RateLimited, wait: time.Minute},
		{kind: "aliyun", before: refuse("isp.SYSTEM_ERROR"), want: fault.Unavailable},
		{kind: "aliyun", before: func(w *world) { w.sim.Block("13900000002", true) }, want: fault.Invalid, words: "黑名单"},
		{kind: "tencent", change: []string{"key_secret", "wrong"}, want: fault.Invalid, words: "AuthFailure.SignatureFailure"},
		{kind: "tencent", change: []string{"template_knock", "99"}, want: fault.Invalid, words: "TemplateIncorrect"},
		{kind: "tencent", before: refuse("LimitExceeded.PhoneNumberDailyLimit"), want: fault.RateLimited, wait: time.Hour},
		{kind: "tencent", before: refuse("InternalError.Timeout"), want: fault.Unavailable},
		{kind: "wecom", before: next(sim.DropAfterCommit), want: fault.Unknown},
		{kind: "feishu", before: next(sim.Err5xx), want: fault.Unknown},
		{kind: "tencent", before: next(sim.Err429), want: fault.RateLimited, wait: time.Minute},
	} {
		w := newWorld(t)
		if c.before != nil {
			c.before(w)
		}
		err := w.open(t, c.kind, c.change...).Send(t.Context(), knock)
		text := ""
		if err != nil {
			text = err.Error()
		}
		if fault.CodeOf(err) != c.want || !strings.Contains(text, c.words) || fault.AfterOf(err) != c.wait {
			t.Errorf("%s %v: %v, to wait %s; want %s %q %s", c.kind, c.change, err, fault.AfterOf(err), c.want, c.words, c.wait)
		}
		for _, hidden := range []string{secret, "ding-token-1", "wecom-key-1", "feishu-token-1", "13900000002", "SECwrong"} {
			if strings.Contains(text, hidden) {
				t.Errorf("%s: the error shows %q: %s", c.kind, hidden, text)
			}
		}
	}
}

func refuse(code string) func(*world) {
	return func(w *world) {
		for _, v := range messengers.Vendors {
			w.sim.Refuse(v, code)
		}
	}
}

func next(kind string) func(*world) { return func(w *world) { w.sim.Faults().Next(kind, 1) } }

// A robot that is too fast is refused by DingTalk and mute for ten minutes.
func TestTwentyAMinute(t *testing.T) {
	w := newWorld(t)
	s := w.open(t, "dingtalk")
	for i := range 20 {
		if err := s.Send(t.Context(), knock); err != nil {
			t.Fatalf("message %d: %v", i+1, err)
		}
	}
	if err := s.Send(t.Context(), knock); !fault.Is(err, fault.RateLimited) {
		t.Errorf("the twenty-first: %v", err)
	}
	w.clock.Advance(9 * time.Minute)
	if err := s.Send(t.Context(), knock); !fault.Is(err, fault.RateLimited) {
		t.Errorf("nine minutes later: %v", err)
	}
	w.clock.Advance(2 * time.Minute)
	if err := s.Send(t.Context(), knock); err != nil {
		t.Errorf("eleven minutes later: %v", err)
	}
}

func TestPrivateAddressesAreNotCalled(t *testing.T) {
	w := newWorld(t)
	_, calls := channel.NewClients()
	s, err := sender.Open("wecom", w.url, map[string]channel.Secret{"key": channel.NewSecret("wecom-key-1")}, sender.Env{Client: calls})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Send(context.Background(), knock); !fault.Is(err, fault.Forbidden) || strings.Contains(err.Error(), "wecom-key-1") {
		t.Errorf("sent to a private address: %v", err)
	}
	if n := len(w.sim.Messages(0)); n > 0 {
		t.Errorf("%d messages arrived", n)
	}
}
