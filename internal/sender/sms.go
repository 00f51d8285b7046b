package sender

import (
	"context"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tongdan/tongdan/fault"
)

// rfc3986 encodes as both services want it: a space is %20, * is %2A, ~ stays.
func rfc3986(s string) string {
	return strings.NewReplacer("+", "%20", "*", "%2A", "%7E", "~").Replace(url.QueryEscape(s))
}

// query is the parameters in the order of their names.
func query(v url.Values) string {
	var parts []string
	for k := range v {
		parts = append(parts, rfc3986(k)+"="+rfc3986(v.Get(k)))
	}
	slices.Sort(parts)
	return strings.Join(parts, "&")
}

// aliyunRPC is Aliyun's first signature (HMAC-SHA1, version 1.0), with a vector that the
// vendor has published.
func aliyunRPC(method string, params url.Values, secret string) string {
	return base64.StdEncoding.EncodeToString(digest(sha1.New, []byte(secret+"&"), method+"&%2F&"+rfc3986(query(params))))
}

// canonicalRequest is a request as ACS3 and TC3 sign it; header names are in lower case.
func canonicalRequest(method, query string, names []string, header map[string]string, body []byte) string {
	var b strings.Builder
	b.WriteString(method + "\n/\n" + query + "\n")
	for _, n := range names {
		b.WriteString(n + ":" + header[n] + "\n")
	}
	b.WriteString("\n" + strings.Join(names, ";") + "\n" + sha256Hex(body))
	return b.String()
}

// acs3 is Aliyun's newer signature (ACS3-HMAC-SHA256) of a canonical request.
func acs3(canonical, secret string) string {
	return hex.EncodeToString(digest(sha256.New, []byte(secret), "ACS3-HMAC-SHA256\n"+sha256Hex([]byte(canonical))))
}

// tc3 is Tencent Cloud's signature (TC3-HMAC-SHA256) of a canonical request.
func tc3(canonical, service, secret string, at time.Time) string {
	date := at.UTC().Format(time.DateOnly)
	key := digest(sha256.New, []byte("TC3"+secret), date)
	key = digest(sha256.New, key, service)
	key = digest(sha256.New, key, "tc3_request")
	return hex.EncodeToString(digest(sha256.New, key, "TC3-HMAC-SHA256\n"+strconv.FormatInt(at.Unix(), 10)+"\n"+date+"/"+service+"/tc3_request\n"+sha256Hex([]byte(canonical))))
}

// template says which approved template a message uses.
func (s *Sender) template(m Message) (string, error) {
	name := "template_knock"
	if m.Code != "" {
		name = "template_code"
	}
	if id := s.cred[name].Reveal(); id != "" {
		return id, nil
	}
	return "", fault.Say("sender.template", fault.Invalid, "sms_no_template", "this sender has no template for that: give its number")
}

// national is a mobile number of mainland China as Aliyun takes it; others keep their
// country without the plus.
func national(phone string) string {
	if n, ok := strings.CutPrefix(phone, "+86"); ok {
		return n
	}
	return strings.TrimPrefix(phone, "+")
}

func aliyun(s *Sender) func(context.Context, Message) error {
	return func(ctx context.Context, m Message) error {
		template, err := s.template(m)
		if err != nil {
			return err
		}
		values := map[string]string{"code": m.Code}
		if m.Code == "" {
			values = map[string]string{"what": m.What, "left": m.Left, "link": m.Token}
		}
		param, err := json.Marshal(values)
		if err != nil {
			return err
		}
		q := url.Values{"PhoneNumbers": {national(m.Phone)}, "SignName": {s.cred["sign_name"].Reveal()}, "TemplateCode": {template}, "TemplateParam": {string(param)}}
		base, err := url.Parse(s.base)
		if err != nil {
			return fault.Say("sender.aliyun", fault.Invalid, "address_wrong", "the address is not one that can be called")
		}
		nonce := make([]byte, 16)
		rand.Read(nonce)
		header := map[string]string{
			"host": base.Host, "x-acs-action": "SendSms", "x-acs-content-sha256": sha256Hex(nil), "x-acs-date": s.env.Now().UTC().Format("2006-01-02T15:04:05Z"),
			"x-acs-signature-nonce": hex.EncodeToString(nonce), "x-acs-version": "2017-05-25",
		}
		names := sortedNames(header)
		h := http.Header{"Authorization": {"ACS3-HMAC-SHA256 Credential=" + s.cred["key_id"].Reveal() + ",SignedHeaders=" + strings.Join(names, ";") +
			",Signature=" + acs3(canonicalRequest(http.MethodPost, query(q), names, header, nil), s.cred["key_secret"].Reveal())}}
		for n, v := range header {
			if n != "host" {
				h.Set(n, v)
			}
		}
		var got struct{ Code, Message string }
		status, err := s.call(ctx, "/", q, h, nil, &got)
		if err != nil {
			return err
		}
		return aliyunVerdict(status, got.Code, got.Message)
	}
}

func sortedNames(header map[string]string) []string {
	names := make([]string, 0, len(header))
	for n := range header {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// aliyunVerdict sorts Aliyun's codes (help.aliyun.com, error codes of SendSms).
func aliyunVerdict(status int, code, words string) error {
	switch code {
	case "OK":
		return nil
	case "isv.BUSINESS_LIMIT_CONTROL":
		return limited(code, words, time.Minute)
	case "isv.DAY_LIMIT_CONTROL", "isv.MONTH_LIMIT_CONTROL":
		return limited(code, words, time.Hour)
	case "isp.SYSTEM_ERROR", "ServiceUnavailable", "InternalError":
		return busy(code, words)
	case "Throttling", "Throttling.User":
		return limited(code, words, 10*time.Second)
	case "":
		if status >= 500 {
			return busy("HTTP "+strconv.Itoa(status), "")
		}
		return busy("", "the vendor gave no code")
	}
	return permanent(code, words)
}

// tencentBody is the request as Tencent Cloud names it.
type tencentBody struct {
	PhoneNumberSet   []string
	SmsSdkAppID      string `json:"SmsSdkAppId"`
	SignName         string
	TemplateID       string `json:"TemplateId"`
	TemplateParamSet []string
}

func tencent(s *Sender) func(context.Context, Message) error {
	return func(ctx context.Context, m Message) error {
		template, err := s.template(m)
		if err != nil {
			return err
		}
		values := []string{m.What, m.Left, m.Token}
		if m.Code != "" {
			values = []string{m.Code}
		}
		body, err := json.Marshal(tencentBody{[]string{m.Phone}, s.cred["app_id"].Reveal(), s.cred["sign_name"].Reveal(), template, values})
		if err != nil {
			return err
		}
		base, err := url.Parse(s.base)
		if err != nil {
			return fault.Say("sender.tencent", fault.Invalid, "address_wrong", "the address is not one that can be called")
		}
		at := s.env.Now()
		header := map[string]string{"content-type": "application/json; charset=utf-8", "host": base.Host, "x-tc-action": "sendsms"}
		names := sortedNames(header)
		h := http.Header{
			"Content-Type": {"application/json; charset=utf-8"}, "X-Tc-Action": {"SendSms"}, "X-Tc-Version": {"2021-01-11"}, "X-Tc-Region": {"ap-guangzhou"},
			"X-Tc-Timestamp": {strconv.FormatInt(at.Unix(), 10)},
			"Authorization": {"TC3-HMAC-SHA256 Credential=" + s.cred["key_id"].Reveal() + "/" + at.UTC().Format(time.DateOnly) + "/sms/tc3_request, SignedHeaders=" + strings.Join(names, ";") +
				", Signature=" + tc3(canonicalRequest(http.MethodPost, "", names, header, body), "sms", s.cred["key_secret"].Reveal(), at)},
		}
		var got struct {
			Response struct {
				SendStatusSet []struct{ Code, Message string }
				Error         struct{ Code, Message string }
			}
		}
		if _, err := s.call(ctx, "/", nil, h, body, &got); err != nil {
			return err
		}
		r := got.Response
		switch {
		case r.Error.Code != "":
			return tencentVerdict(r.Error.Code, r.Error.Message)
		case len(r.SendStatusSet) == 0:
			return busy("", "the vendor gave no code")
		}
		return tencentVerdict(r.SendStatusSet[0].Code, r.SendStatusSet[0].Message)
	}
}

// tencentVerdict sorts Tencent Cloud's codes, of a number or of the call as a whole
// (cloud.tencent.com, error codes of SendSms).
func tencentVerdict(code, words string) error {
	switch {
	case code == "Ok":
		return nil
	case strings.HasPrefix(code, "LimitExceeded.") && strings.Contains(code, "Daily"):
		return limited(code, words, time.Hour)
	case strings.HasPrefix(code, "LimitExceeded"), strings.HasPrefix(code, "RequestLimitExceeded"):
		return limited(code, words, time.Minute)
	case strings.HasPrefix(code, "InternalError"), code == "ResourceUnavailable":
		return busy(code, words)
	}
	return permanent(code, words)
}
