package api_test

import (
	"compress/gzip"
	"io"
	"net/http"
	"strings"
	"testing"
)

// The console's lists come compressed, and are the same when unpacked. Programs, the stream,
// small answers, failures, acts and whatever another site asks for do not.
func TestOnlyTheConsoleReadsCompressed(t *testing.T) {
	b := setup(t)
	b.order(1)
	b.order(2)
	b.user("li")
	cookie := cookieOf(b.call("POST", "/api/v1/session", "", `{"name":"li","password":"`+password+`"}`))
	ask := func(method, path string, headers ...string) (*http.Response, string) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, b.url+path, nil)
		b.must(err)
		req.Header.Set("Accept-Encoding", "deflate, gzip;q=1.0") // asked for by ourselves: Go unpacks nothing
		for i := 0; i+1 < len(headers); i += 2 {
			req.Header.Set(headers[i], headers[i+1])
		}
		resp, err := http.DefaultClient.Do(req)
		b.must(err)
		t.Cleanup(func() { resp.Body.Close() })
		if path == "/api/v1/stream" {
			return resp, ""
		}
		var in io.Reader = resp.Body
		if resp.Header.Get("Content-Encoding") == "gzip" {
			in, err = gzip.NewReader(resp.Body)
			b.must(err)
		}
		body, err := io.ReadAll(in)
		b.must(err)
		return resp, string(body)
	}
	const lists, small = "/api/v1/orders", "/api/v1/counts"
	zipped, body := ask("GET", lists, "Cookie", cookie, "Sec-Fetch-Site", "same-origin")
	plain := b.call("GET", lists, "", "", "Cookie", cookie)
	if zipped.Header.Get("Content-Encoding") != "gzip" || zipped.Header.Get("Vary") != "Accept-Encoding" || zipped.StatusCode != 200 {
		t.Errorf("the list: %d %v", zipped.StatusCode, zipped.Header)
	}
	if without := func(s string) string { before, _, _ := strings.Cut(s, `,"as_of"`); return before }; without(body) != without(plain.body) || len(body) < 1024 {
		t.Errorf("unpacked it is another list: %s", body)
	}
	for name, headers := range map[string][]string{
		"a program":             {"Authorization", "Bearer " + b.owner},
		"another site":          {"Cookie", cookie, "Sec-Fetch-Site", "cross-site"},
		"a neighbour's site":    {"Cookie", cookie, "Sec-Fetch-Site", "same-site"},
		"an address typed in":   {"Cookie", cookie, "Sec-Fetch-Site", "none"},
		"who does not want it":  {"Cookie", cookie, "Accept-Encoding", "br, gzip;q=0"},
		"who does not know it":  {"Cookie", cookie, "Accept-Encoding", "identity"},
		"who is not signed in":  {},
		"who says it otherwise": {"Cookie", cookie, "Accept-Encoding", "xgzip"},
	} {
		if resp, _ := ask("GET", lists, headers...); resp.Header.Get("Content-Encoding") != "" {
			t.Errorf("%s got it compressed", name)
		}
	}
	for what, method := range map[string]string{small: "GET", lists + "?limit=0": "GET", "/api/v1/stream": "GET", "/api/v1/me/sessions": "DELETE"} {
		resp, _ := ask(method, what, "Cookie", cookie)
		if resp.Header.Get("Content-Encoding") != "" {
			t.Errorf("%s %s came compressed", method, what)
		}
	}
}
