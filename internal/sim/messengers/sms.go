package messengers

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// codeLimits are Aliyun's of a number for sign-in codes; noticeLimit is that of a number
// for one template of notices.
var (
	codeLimits  = []limit{{1, time.Minute}, {5, time.Hour}, {10, 24 * time.Hour}}
	noticeLimit = limit{50, 24 * time.Hour}
)

// percent encodes as RFC 3986 does: everything but letters, digits and -_.~.
func percent(s string) string {
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-_.~", c) >= 0 {
			b.WriteByte(c)
			continue
		}
		b.WriteString("%" + strings.ToUpper(hex.EncodeToString([]byte{c})))
	}
	return b.String()
}

func sortedQuery(v url.Values) string {
	var parts []string
	for k, list := range v {
		for _, x := range list {
			parts = append(parts, percent(k)+"="+percent(x))
		}
	}
	slices.Sort(parts)
	return strings.Join(parts, "&")
}

// rpcSignature is Aliyun's first signature, of all parameters but itself.
func rpcSignature(method string, params url.Values, secret string) string {
	rest := url.Values{}
	for k, v := range params {
		if k != "Signature" {
			rest[k] = v
		}
	}
	m := hmac.New(sha1.New, []byte(secret+"&"))
	m.Write([]byte(method + "&%2F&" + percent(sortedQuery(rest))))
	return base64.StdEncoding.EncodeToString(m.Sum(nil))
}

func hexSum(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// canonical is the request as both newer signatures see it.
func canonical(r *http.Request, body []byte, names []string) string {
	var b strings.Builder
	b.WriteString(r.Method + "\n/\n" + sortedQuery(r.URL.Query()) + "\n")
	for _, n := range names {
		v := r.Header.Get(n)
		if n == "host" {
			v = r.Host
		}
		b.WriteString(n + ":" + strings.TrimSpace(v) + "\n")
	}
	b.WriteString("\n" + strings.Join(names, ";") + "\n" + hexSum(body))
	return b.String()
}

// authorisation takes "ALGORITHM Credential=…, SignedHeaders=…, Signature=…" apart.
var authorisation = regexp.MustCompile(`^(\S+)\s+Credential=([^,\s]+),\s*SignedHeaders=([^,\s]+),\s*Signature=([0-9a-f]{64})$`)

// aliyun is the action SendSms of Dysmsapi, version 2017-05-25.
func (s *Sim) aliyun(w http.ResponseWriter, r *http.Request) {
	request := func() string { return strings.ToUpper(hexSum([]byte(r.RemoteAddr + s.clock.Now().String())))[:32] }
	fail := func(status int, code, msg string) {
		answer(w, r, status, code, map[string]any{"Code": code, "Message": msg, "RequestId": request()})
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		fail(http.StatusBadRequest, "InvalidParameter", "the body cannot be read")
		return
	}
	params := r.URL.Query()
	var keyID, stamp, nonce, version, action string
	acs := strings.HasPrefix(r.Header.Get("Authorization"), "ACS3-")
	var a SMS
	var known bool
	if acs {
		part := authorisation.FindStringSubmatch(r.Header.Get("Authorization"))
		if part == nil || part[1] != "ACS3-HMAC-SHA256" {
			fail(http.StatusBadRequest, "IncompleteSignature", "The request signature does not conform to Aliyun standards.")
			return
		}
		keyID, stamp, nonce = part[2], r.Header.Get("X-Acs-Date"), r.Header.Get("X-Acs-Signature-Nonce")
		version, action = r.Header.Get("X-Acs-Version"), r.Header.Get("X-Acs-Action")
		if a, known = s.account(Aliyun, keyID); known {
			m := hmac.New(sha256.New, []byte(a.Secret))
			m.Write([]byte("ACS3-HMAC-SHA256\n" + hexSum([]byte(canonical(r, body, strings.Split(part[3], ";"))))))
			if r.Header.Get("X-Acs-Content-Sha256") != hexSum(body) || !hmac.Equal([]byte(hex.EncodeToString(m.Sum(nil))), []byte(part[4])) {
				fail(http.StatusBadRequest, "SignatureDoesNotMatch", "Specified signature is not matched with our calculation.")
				return
			}
		}
	} else {
		if form, err := url.ParseQuery(string(body)); err == nil && strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
			for k, v := range form {
				params[k] = v
			}
		}
		keyID, stamp, nonce, version, action = params.Get("AccessKeyId"), params.Get("Timestamp"), params.Get("SignatureNonce"), params.Get("Version"), params.Get("Action")
		if a, known = s.account(Aliyun, keyID); known && (params.Get("SignatureMethod") != "HMAC-SHA1" || params.Get("SignatureVersion") != "1.0" ||
			!hmac.Equal([]byte(params.Get("Signature")), []byte(rpcSignature(r.Method, params, a.Secret)))) {
			fail(http.StatusBadRequest, "SignatureDoesNotMatch", "Specified signature is not matched with our calculation.")
			return
		}
	}
	at, err := time.Parse("2006-01-02T15:04:05Z", stamp)
	switch {
	case !known:
		fail(http.StatusNotFound, "InvalidAccessKeyId.NotFound", "Specified access key is not found.")
		return
	case err != nil || !s.within(at, 15*time.Minute):
		fail(http.StatusBadRequest, "InvalidTimeStamp.Expired", "Specified time stamp or date value is expired.")
		return
	case !s.fresh(Aliyun + nonce):
		fail(http.StatusBadRequest, "SignatureNonceUsed", "Specified signature nonce was used already.")
		return
	case version != "2017-05-25" || action != "SendSms":
		fail(http.StatusNotFound, "InvalidAction.NotFound", "Specified api is not found, please check your url and method.")
		return
	}
	say := func(code, msg string) {
		v := map[string]any{"Code": code, "Message": msg, "RequestId": request()}
		if code == "OK" {
			v["BizId"] = strconv.FormatInt(s.clock.Now().UnixNano(), 10) + "^0"
		}
		answer(w, r, http.StatusOK, code, v)
	}
	if code := s.refusal(Aliyun); code != "" {
		say(code, aliyunWords[code])
		return
	}
	number := params.Get("PhoneNumbers")
	tmpl, ok := a.template(params.Get("TemplateCode"))
	given := map[string]any{}
	switch {
	case !mobile(number):
		say("isv.MOBILE_NUMBER_ILLEGAL", "手机号码格式错误")
		return
	case params.Get("SignName") != a.SignName:
		say("isv.SMS_SIGNATURE_ILLEGAL", "该账号下找不到对应签名")
		return
	case !ok:
		say("isv.SMS_TEMPLATE_ILLEGAL", "该账号下找不到对应模板")
		return
	case params.Get("TemplateParam") != "" && json.Unmarshal([]byte(params.Get("TemplateParam")), &given) != nil:
		say("isv.INVALID_JSON_PARAM", "参数格式错误，请修改为字符串值")
		return
	}
	text, values, missing := tmpl.Text, []string{}, false
	for _, name := range regexp.MustCompile(`\$\{(\w+)\}`).FindAllStringSubmatch(tmpl.Text, -1) {
		v, has := given[name[1]].(string)
		missing = missing || !has
		values = append(values, v)
		text = strings.ReplaceAll(text, name[0], v)
	}
	switch {
	case missing:
		say("isv.TEMPLATE_MISSING_PARAMETERS", "模板缺少变量")
		return
	case slices.ContainsFunc(values, func(v string) bool { return strings.Contains(v, "http") }):
		say("isv.INVALID_PARAMETERS", "参数异常：变量不支持传入链接")
		return
	case s.isBlocked(number):
		say("isv.BLACK_KEY_CONTROL_LIMIT", "黑名单管控")
		return
	case tmpl.Code && !s.allow(Aliyun+"code"+digits(number), codeLimits...), !tmpl.Code && !s.allow(Aliyun+tmpl.ID+digits(number), noticeLimit):
		say("isv.BUSINESS_LIMIT_CONTROL", "触发分钟级流控Permits:1")
		return
	case !s.pay(Aliyun, keyID):
		say("isv.AMOUNT_NOT_ENOUGH", "账户余额不足")
		return
	}
	s.keep(Message{Vendor: Aliyun, To: digits(number), Form: "sms", Text: "【" + a.SignName + "】" + text, Params: values})
	say("OK", "OK")
}

var aliyunWords = map[string]string{
	"isv.BUSINESS_LIMIT_CONTROL": "触发小时级流控Permits:5", "isv.DAY_LIMIT_CONTROL": "触发日发送限额", "isv.AMOUNT_NOT_ENOUGH": "账户余额不足", "isv.OUT_OF_SERVICE": "业务停机",
	"isv.SIGN_STATE_ILLEGAL": "签名状态异常", "isp.SYSTEM_ERROR": "isp.SYSTEM_ERROR", "isp.RAM_PERMISSION_DENY": "RAM权限DENY", "isv.DENY_IP_RANGE": "源IP地址所在的地区被禁用",
}

// tencent is the action SendSms of sms, version 2021-01-11.
func (s *Sim) tencent(w http.ResponseWriter, r *http.Request) {
	request := func() string { return hexSum([]byte(r.RemoteAddr + s.clock.Now().String()))[:36] }
	fail := func(code, msg string) {
		answer(w, r, http.StatusOK, code, map[string]any{"Response": map[string]any{"Error": map[string]any{"Code": code, "Message": msg}, "RequestId": request()}})
	}
	body, err := io.ReadAll(r.Body)
	part := authorisation.FindStringSubmatch(r.Header.Get("Authorization"))
	if err != nil || part == nil || part[1] != "TC3-HMAC-SHA256" || r.Method != http.MethodPost {
		fail("AuthFailure.InvalidAuthorization", "请求头部的 `Authorization` 不符合腾讯云标准。")
		return
	}
	scope := strings.Split(part[2], "/")
	sec, err := strconv.ParseInt(r.Header.Get("X-TC-Timestamp"), 10, 64)
	switch {
	case len(scope) != 4 || scope[2] != "sms" || scope[3] != "tc3_request" || err != nil:
		fail("AuthFailure.InvalidAuthorization", "请求头部的 `Authorization` 不符合腾讯云标准。")
		return
	case !s.within(time.Unix(sec, 0), 5*time.Minute) || scope[1] != time.Unix(sec, 0).UTC().Format(time.DateOnly):
		fail("AuthFailure.SignatureExpire", "签名过期。Timestamp 与服务器接收到请求的时间相差不得超过五分钟。")
		return
	}
	a, known := s.account(Tencent, scope[0])
	if !known {
		fail("AuthFailure.SecretIdNotFound", "密钥不存在。")
		return
	}
	names := strings.Split(part[3], ";")
	if !slices.Contains(names, "host") || !slices.Contains(names, "content-type") {
		fail("AuthFailure.SignatureFailure", "签名错误。必须包含 host 和 content-type。")
		return
	}
	// In the vendor's canonical form values are in lower case.
	text := strings.Split(canonical(r, body, names), "\n")
	for i, n := range names {
		text[3+i] = n + ":" + strings.ToLower(strings.TrimPrefix(text[3+i], n+":"))
	}
	step := func(key []byte, v string) []byte {
		m := hmac.New(sha256.New, key)
		m.Write([]byte(v))
		return m.Sum(nil)
	}
	toSign := "TC3-HMAC-SHA256\n" + r.Header.Get("X-TC-Timestamp") + "\n" + strings.Join(scope[1:], "/") + "\n" + hexSum([]byte(strings.Join(text, "\n")))
	key := step(step(step([]byte("TC3"+a.Secret), scope[1]), "sms"), "tc3_request")
	if !hmac.Equal([]byte(hex.EncodeToString(step(key, toSign))), []byte(part[4])) {
		fail("AuthFailure.SignatureFailure", "The provided credentials could not be validated. Please check your signature is correct.")
		return
	}
	if r.Header.Get("X-TC-Action") != "SendSms" || r.Header.Get("X-TC-Version") != "2021-01-11" {
		fail("InvalidAction", "接口不存在。")
		return
	}
	var in struct {
		PhoneNumberSet             []string
		SmsSdkAppId, SignName      string
		TemplateId, SessionContext string
		TemplateParamSet           []string
	}
	if json.NewDecoder(bytes.NewReader(body)).Decode(&in) != nil || len(in.PhoneNumberSet) == 0 || len(in.PhoneNumberSet) > 200 || len(in.SessionContext) >= 512 {
		fail("InvalidParameter", "参数错误。")
		return
	}
	if in.SmsSdkAppId != a.AppID {
		fail("UnauthorizedOperation.SmsSdkAppIdVerifyFail", "SmsSdkAppId 校验失败。")
		return
	}
	if code := s.refusal(Tencent); code != "" {
		if strings.HasPrefix(code, "InternalError") || strings.HasPrefix(code, "RequestLimitExceeded") {
			fail(code, "内部错误。")
			return
		}
		s.statuses(w, r, in.PhoneNumberSet, func(string) (string, string) { return code, "refused by switch" })
		return
	}
	tmpl, ok := a.template(in.TemplateId)
	s.statuses(w, r, in.PhoneNumberSet, func(number string) (string, string) {
		text := tmpl.Text
		for i, v := range in.TemplateParamSet {
			text = strings.ReplaceAll(text, "{"+strconv.Itoa(i+1)+"}", v)
		}
		switch {
		case in.SignName != a.SignName:
			return "FailedOperation.SignatureIncorrectOrUnapproved", "signature is incorrect or unapproved"
		case !ok || strings.Count(tmpl.Text, "{") != len(in.TemplateParamSet):
			return "FailedOperation.TemplateIncorrectOrUnapproved", "template is not approved or request content does not match the approved template content"
		case !strings.HasPrefix(number, "+86") || !mobile(number):
			return "InvalidParameterValue.IncorrectPhoneNumber", "incorrect phone number"
		case s.isBlocked(number):
			return "FailedOperation.PhoneNumberInBlacklist", "phone number is in the blacklist"
		case !s.allow(Tencent+"30s"+digits(number), limit{1, 30 * time.Second}):
			return "LimitExceeded.PhoneNumberThirtySecondLimit", "the number of SMS messages sent from a single mobile number within 30 seconds exceeds the upper limit"
		case !s.allow(Tencent+"day"+digits(number), limit{10, 24 * time.Hour}):
			return "LimitExceeded.PhoneNumberDailyLimit", "the number of SMS messages sent from a single mobile number every day exceeds the upper limit"
		case !s.pay(Tencent, scope[0]):
			return "FailedOperation.InsufficientBalanceInSmsPackage", "insufficient balance in the SMS package"
		}
		s.keep(Message{Vendor: Tencent, To: digits(number), Form: "sms", Text: "【" + a.SignName + "】" + text, Params: in.TemplateParamSet})
		return "Ok", "send success"
	})
}

// statuses answers for each number.
func (s *Sim) statuses(w http.ResponseWriter, r *http.Request, numbers []string, each func(number string) (code, msg string)) {
	type status struct {
		SerialNo, PhoneNumber         string
		Fee                           int
		SessionContext, Code, Message string
		IsoCode                       string
	}
	list, last := []status{}, ""
	for _, n := range numbers {
		code, msg := each(n)
		st := status{PhoneNumber: n, Code: code, Message: msg, IsoCode: "CN"}
		if code == "Ok" {
			st.SerialNo, st.Fee = "2019:"+strconv.FormatInt(s.clock.Now().UnixNano(), 10), 1
		}
		list, last = append(list, st), code
	}
	answer(w, r, http.StatusOK, last, map[string]any{"Response": map[string]any{"SendStatusSet": list, "RequestId": hexSum([]byte(last + s.clock.Now().String()))[:36]}})
}
