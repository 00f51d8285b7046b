package messengers

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
)

// The vectors of the vendors' documents, over this package's own signatures.
func TestSignatures(t *testing.T) {
	if got := mac("SEC0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", "1767225600000\nSEC0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"); got != "i2c5tiV6h/3SNAw2dFLqlaqeECJxGo/5aOpgXbGdttM=" {
		t.Errorf("DingTalk: %s", got)
	}
	if got := mac("1767225600\nfeishuTestSecret0001", ""); got != "nb88QqYfzS8sieCO/QIVheB8+gO1FyTTKmg3TMBxWeU=" {
		t.Errorf("Feishu: %s", got)
	}
	rpc := url.Values{
		"AccessKeyId": {"testId"}, "SignatureMethod": {"HMAC-SHA1"}, "SignatureVersion": {"1.0"}, "SignatureNonce": {"45e25e9b-0a6f-4070-8c85-2956eda1b466"},
		"Timestamp": {"2017-07-12T02:42:19Z"}, "Format": {"XML"}, "Action": {"SendSms"}, "Version": {"2017-05-25"}, "RegionId": {"cn-hangzhou"}, "PhoneNumbers": {"15300000001"},
		"SignName": {"阿里云短信测试专用"}, "TemplateCode": {"SMS_71390007"}, "TemplateParam": {`{"customer":"test"}`}, "OutId": {"123"}, "Signature": {"x"},
	}
	if got := rpcSignature(http.MethodGet, rpc, "testSecret"); got != "zJDF+Lrzhj/ThnlvIToysFRq6t4=" {
		t.Errorf("Aliyun RPC: %s", got)
	}
	r := httptest.NewRequest(http.MethodPost, "http://cvm.tencentcloudapi.com/", nil)
	r.Header.Set("Content-Type", "application/json; charset=utf-8")
	body := []byte(`{"Limit": 1, "Filters": [{"Values": ["\u672a\u547d\u540d"], "Name": "instance-name"}]}`)
	if got := hexSum([]byte(canonical(r, body, []string{"content-type", "host"}))); got != "5ffe6a04c0664d6b969fab9a13bdab201d63ee709638e2749d62a09ca18d7031" {
		t.Errorf("Tencent's canonical request: %s", got)
	}
	q := "OutId=123&PhoneNumbers=13900000002&SignName=%E6%B5%8B%E8%AF%95%E7%AD%BE%E5%90%8D&TemplateCode=SMS_100001&TemplateParam=%7B%22no%22%3A%22HUB202601010001%22%7D"
	r = httptest.NewRequest(http.MethodPost, "http://dysmsapi.aliyuncs.com/?"+q, nil)
	for k, v := range map[string]string{"x-acs-action": "SendSms", "x-acs-content-sha256": hexSum(nil), "x-acs-date": "2026-01-01T00:00:00Z", "x-acs-signature-nonce": "0123456789abcdef0123456789abcdef", "x-acs-version": "2017-05-25"} {
		r.Header.Set(k, v)
	}
	names := []string{"host", "x-acs-action", "x-acs-content-sha256", "x-acs-date", "x-acs-signature-nonce", "x-acs-version"}
	if got := hexSum([]byte(canonical(r, nil, names))); got != "05cbd3ad463193419d788c0b06facd7e90f0caa1db4ca68840d0784e38afe196" {
		t.Errorf("Aliyun's canonical request: %s", got)
	}
}
