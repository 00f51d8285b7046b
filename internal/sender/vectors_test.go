package sender

import (
	"net/http"
	"net/url"
	"testing"
	"time"
)

// The vectors of the vendors' documents; N-3 and N-5 are published by the vendors
// themselves, the others were computed apart from this code.
func TestSignatures(t *testing.T) {
	n3 := url.Values{
		"AccessKeyId": {"testId"}, "SignatureMethod": {"HMAC-SHA1"}, "SignatureVersion": {"1.0"}, "SignatureNonce": {"45e25e9b-0a6f-4070-8c85-2956eda1b466"},
		"Timestamp": {"2017-07-12T02:42:19Z"}, "Format": {"XML"}, "Action": {"SendSms"}, "Version": {"2017-05-25"}, "RegionId": {"cn-hangzhou"}, "PhoneNumbers": {"15300000001"},
		"SignName": {"阿里云短信测试专用"}, "TemplateCode": {"SMS_71390007"}, "TemplateParam": {`{"customer":"test"}`}, "OutId": {"123"},
	}
	n4 := map[string]string{
		"host": "dysmsapi.aliyuncs.com", "x-acs-action": "SendSms", "x-acs-content-sha256": sha256Hex(nil), "x-acs-date": "2026-01-01T00:00:00Z",
		"x-acs-signature-nonce": "0123456789abcdef0123456789abcdef", "x-acs-version": "2017-05-25",
	}
	c4 := canonicalRequest(http.MethodPost, query(url.Values{
		"OutId": {"123"}, "PhoneNumbers": {"13900000002"}, "SignName": {"测试签名"}, "TemplateCode": {"SMS_100001"}, "TemplateParam": {`{"no":"HUB202601010001"}`},
	}), sortedNames(n4), n4, nil)
	b5 := []byte(`{"Limit": 1, "Filters": [{"Values": ["\u672a\u547d\u540d"], "Name": "instance-name"}]}`)
	c5 := canonicalRequest(http.MethodPost, "", []string{"content-type", "host"}, map[string]string{"content-type": "application/json; charset=utf-8", "host": "cvm.tencentcloudapi.com"}, b5)
	b6 := []byte(`{"PhoneNumberSet":["+8613900000002"],"SmsSdkAppId":"1400000001","SignName":"测试签名","TemplateId":"100001","TemplateParamSet":["HUB202601010001"]}`)
	h6 := map[string]string{"content-type": "application/json; charset=utf-8", "host": "sms.tencentcloudapi.com", "x-tc-action": "sendsms"}
	c6 := canonicalRequest(http.MethodPost, "", sortedNames(h6), h6, b6)
	for _, v := range []struct{ name, got, want string }{
		{"DingTalk", dingtalkSign("1767225600000", "SEC0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"), "i2c5tiV6h/3SNAw2dFLqlaqeECJxGo/5aOpgXbGdttM="},
		{"Feishu", feishuSign("1767225600", "feishuTestSecret0001"), "nb88QqYfzS8sieCO/QIVheB8+gO1FyTTKmg3TMBxWeU="},
		{"Aliyun RPC, GET", aliyunRPC(http.MethodGet, n3, "testSecret"), "zJDF+Lrzhj/ThnlvIToysFRq6t4="},
		{"Aliyun RPC, POST", aliyunRPC(http.MethodPost, n3, "testSecret"), "Xvhv7fPXrPkLVSnlt0jIr08o8NQ="},
		{"Aliyun ACS3, canonical", sha256Hex([]byte(c4)), "05cbd3ad463193419d788c0b06facd7e90f0caa1db4ca68840d0784e38afe196"},
		{"Aliyun ACS3", acs3(c4, "YourAccessKeySecret"), "ef05eab146efe0a3bfa687c92e715e4e0f4ed92c9132c5c3ff26eba82af0b464"},
		{"Tencent body", sha256Hex(b5), "35e9c5b0e3ae67532d3c9f17ead6c90222632e5b1ff7f6e89887f1398934f064"},
		{"Tencent, canonical", sha256Hex([]byte(c5)), "5ffe6a04c0664d6b969fab9a13bdab201d63ee709638e2749d62a09ca18d7031"},
		{"Tencent", tc3(c5, "cvm", "Gu5t9xGARNpq86cd98joQYCN3EXAMPLE", time.Unix(1551113065, 0)), "72e494ea809ad7a8c8f7a4507b9bddcbaa8e581f516e8da2f66e2c5a96525168"},
		{"Tencent SMS, canonical", sha256Hex([]byte(c6)), "002c27fee0d32525e5192902738e1063fcfe41cb2181a07a999e127581e6f139"},
		{"Tencent SMS", tc3(c6, "sms", "SKEXAMPLE0000000000000000000000", time.Unix(1767225600, 0)), "df1b8237004ffb411098a4aee88538011a9fcb4e85127e2b0247f115cd984fd8"},
	} {
		if v.got != v.want {
			t.Errorf("%s is %s, not %s", v.name, v.got, v.want)
		}
	}
}
