package channel

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// A token among the parameters stands neither in what is recorded of a call, nor in what anybody reads of its
// answer, though the platform says it again.
func TestWhatIsHiddenOfACallIsHiddenInItsAnswerToo(t *testing.T) {
	const token = "token+of/a&store"
	platform := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if got := r.FormValue("appAuthToken"); got != token {
			t.Errorf("the platform got %q", got)
		}
		io.WriteString(w, `{"msg":"appAuthToken `+token+` has expired","code":2}`)
	}))
	defer platform.Close()
	some, err := ParseRanges("loopback")
	if err != nil {
		t.Fatal(err)
	}
	reads, calls := NewClients(some...)
	for _, client := range []*http.Client{reads, calls} {
		ctx, trace := WithTrace(Hiding(t.Context(), "appAuthToken", "short"))
		form := url.Values{"appAuthToken": {token}, "short": {"2"}}.Encode()
		for _, r := range [][2]string{{http.MethodGet, ""}, {http.MethodPost, form}} {
			at := platform.URL
			if r[1] == "" {
				at += "?" + form
			}
			req, err := http.NewRequestWithContext(ctx, r[0], at, strings.NewReader(r[1]))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			res, err := client.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			if b, err := Body(res); err != nil || string(b) != `{"msg":"appAuthToken *** has expired","code":2}` {
				t.Errorf("%s reads %s %v", r[0], b, err)
			}
		}
		list := trace.Take()
		if len(list) != 2 {
			t.Fatalf("%d exchanges", len(list))
		}
		for _, x := range list {
			for _, kept := range []string{x.Query, string(x.Sent), string(x.Got), x.URL} {
				if strings.Contains(kept, token) || strings.Contains(kept, url.QueryEscape(token)) {
					t.Errorf("%s keeps %s", x.Method, kept)
				}
			}
		}
	}
}
