package mercadolibre

import (
	"net/http"
	"testing"
	"time"

	"github.com/tongdan/tongdan/fault"
)

// Whatever the platform, or something between, answers, it is an error with a code or a
// token that can be used, and no wait is longer than anybody would.
func FuzzAnswer(f *testing.F) {
	f.Add(200, "", []byte(`{"access_token":"APP_USR-1-2-3-700000001","token_type":"bearer","expires_in":21600,"user_id":700000001,"refresh_token":"TG-1"}`))
	f.Add(400, "", []byte(`{"error":"invalid_grant","message":"x","status":400,"cause":[]}`))
	f.Add(429, "99999999999", []byte(`{"message":"too many"}`))
	f.Add(502, "-1", []byte("<html>"))
	f.Fuzz(func(t *testing.T, status int, after string, body []byte) {
		a := answer{status: status, header: http.Header{"Retry-After": {after}}, body: body}
		for _, changes := range []bool{false, true} {
			if e := decodeError("fuzz", a, changes); e.Code == "" || e.After < 0 || e.After > 24*time.Hour {
				t.Errorf("HTTP %d with Retry-After %q: %q, wait %v", status, after, e.Code, e.After)
			}
		}
		if e := tokenError("fuzz", a); fault.CodeOf(e) == "" {
			t.Error("an error without a code")
		}
		p, ok := kept{At: 1, Answer: body}.read()
		if ok && (p.access == "" || !p.dies.After(p.at)) {
			t.Errorf("a token that cannot be used was taken: %+v", p)
		}
	})
}
