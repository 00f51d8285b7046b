package api_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/tongdan/tongdan/internal/api"
)

// A link that has ended, or was never one, shows a page that says so and nothing else; its secret leaves
// the address at once, and a courier's address that is wrong says no more than that.
func TestARoundWithoutALinkSaysSo(t *testing.T) {
	b := setup(t)
	s, err := api.New(api.Options{Hub: b.hub, TrustProxy: true})
	b.must(err)
	defer s.Close()
	srv := httptest.NewServer(s.Handler())
	t.Cleanup(srv.Close)
	c := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	get := func(path string) (*http.Response, string) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL+path, nil)
		b.must(err)
		r.Header.Set("X-Forwarded-Proto", "https")
		res, err := c.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		b, _ := io.ReadAll(res.Body)
		return res, string(b)
	}
	res, _ := get("/rider/0123456789abcdef")
	if res.StatusCode != http.StatusSeeOther || res.Header.Get("Location") != "/rider" || len(res.Cookies()) != 1 || !res.Cookies()[0].HttpOnly || !res.Cookies()[0].Secure {
		t.Errorf("the link answers %d to %q with %v", res.StatusCode, res.Header.Get("Location"), res.Cookies())
	}
	res, body := get("/rider")
	if res.StatusCode != http.StatusNotFound || !strings.Contains(body, "链接已失效") || res.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("without a link: %d, %s", res.StatusCode, body)
	}
	if res, body = get("/rider/round.js"); res.StatusCode != http.StatusOK || !strings.Contains(body, "/rider/place") || !strings.HasPrefix(res.Header.Get("Content-Type"), "text/javascript") {
		t.Errorf("the script of the place: %d, %s", res.StatusCode, res.Header.Get("Content-Type"))
	}
	place := func(cookie, body string) int {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, srv.URL+"/rider/place", strings.NewReader(body))
		b.must(err)
		if cookie != "" {
			r.AddCookie(&http.Cookie{Name: "tongdan_rider", Value: cookie})
		}
		res, err := c.Do(r)
		b.must(err)
		res.Body.Close()
		return res.StatusCode
	}
	for _, x := range []struct {
		cookie, body string
		want         int
	}{{"", `{"lat":39.9,"lng":116.4}`, 404}, {"0123456789abcdef", `{"lat":39.9,"lng":116.4}`, 404}, {"0123456789abcdef", `{"lat":39.9}`, 400}, {"0123456789abcdef", `{"lat":` + strings.Repeat("9", 2000) + `}`, 400}, {"0123456789abcdef", `{"lat":139.9,"lng":116.4}`, 400}} {
		if got := place(x.cookie, x.body); got != x.want {
			t.Errorf("a place of nobody, %.40s: %d, want %d", x.body, got, x.want)
		}
	}
	out, err := c.Post(srv.URL+"/courier/mer_0000000000000/cou_0000000000000/x", "application/json", strings.NewReader("{}"))
	if err != nil || out.StatusCode != http.StatusNotFound {
		t.Errorf("a courier of nobody: %v, %v", out, err)
	}
}
