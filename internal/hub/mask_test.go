package hub

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestMaskKeepsFormAndEqualityAndNothingElse(t *testing.T) {
	m := newMasker([]string{"recipient_name", "recipient_phone", "neighborhood.name"})
	phone := m.value("13800138000")
	if len(phone) != 11 || phone == "13800138000" || strings.Trim(phone, "0123456789") != "" || m.value("13800138000") != phone {
		t.Errorf("a phone becomes %q", phone)
	}
	if got := m.value("张三(先生)"); utf8.RuneCountInString(got) != 7-1 || !strings.Contains(got, "(") || strings.Contains(got, "张三") {
		t.Errorf("a name becomes %q", got)
	}
	out := string(m.bytes([]byte(`{"recipient_name":"张三(先生)","n":1.50,"detail":"[{\"food_name\":\"奶茶\",\"recipient_phone\":13800138000}]","neighborhood":{"name":"Centro Sur"},"city":{"name":"CABA"},"say":"call 13800138000"}`)))
	for _, secret := range []string{"张三", "13800138000", "Centro"} {
		if strings.Contains(out, secret) {
			t.Errorf("%q is in %s", secret, out)
		}
	}
	for _, kept := range []string{`"n":1.50`, "奶茶", "CABA", `"say":"call ` + phone, `\"recipient_phone\":` + phone} {
		if !strings.Contains(out, kept) {
			t.Errorf("%q is not in %s", kept, out)
		}
	}
	form := string(m.bytes([]byte(`order_id=1&recipient_name=%25E5%25BC%25A0%25E4%25B8%2589&recipient_phone=13800138000`)))
	if strings.Contains(form, "13800138000") || strings.Contains(form, "%25E5%25BC%25A0") || !strings.Contains(form, "order_id=1&recipient_name=%25") {
		t.Errorf("a form becomes %s", form)
	}
	rapid.Check(t, func(t *rapid.T) { // whatever comes, nothing panics and what is known is nowhere
		b := rapid.SliceOf(rapid.Byte()).Draw(t, "bytes")
		if got := string(m.bytes(b)); strings.Contains(got, "13800138000") {
			t.Fatalf("%q", got)
		}
	})
}
