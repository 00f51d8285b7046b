package web

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
)

func built() fstest.MapFS {
	return fstest.MapFS{
		"index.html":            {Data: []byte("<!doctype html>console")},
		"floor.html":            {Data: []byte("<!doctype html>floor")},
		"placeholder.html":      {Data: []byte("<!doctype html>make build")},
		"assets/app-1a2b.js":    {Data: []byte("plain")},
		"assets/app-1a2b.js.br": {Data: []byte("brotli")},
		"assets/app-1a2b.js.gz": {Data: []byte("gzip")},
		"favicon.svg":           {Data: []byte("<svg/>")},
	}
}

func get(t *testing.T, h http.Handler, path, encoding string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
	r.Header.Set("Accept-Encoding", encoding)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestPathsOfTheConsoleFallBackToItsPageAndPathsOfProgramsDoNot(t *testing.T) {
	h := handler(built())
	for path, want := range map[string]int{
		"/": 200, "/orders": 200, "/orders/ord_1": 200, "/connections": 200, "/index.html": 200, "/favicon.svg": 200,
		"/api": 404, "/api/v1/orders": 404, "/callback/meituan/app_1/x": 404, "/metrics": 404, "/healthz": 404, "/readyz": 404,
		"/assets/gone-9f.js": 404, "/assets/app-1a2b.js.br": 404, "/apiary": 200, "/../../etc/passwd": 200,
	} {
		if w := get(t, h, path, ""); w.Code != want {
			t.Errorf("GET %s = %d, want %d", path, w.Code, want)
		}
	}
}

func TestTheScreensOfTheShopFloorHaveAPageOfTheirOwn(t *testing.T) {
	h := handler(built())
	for path, want := range map[string]string{"/kitchen": "floor", "/callout": "floor", "/callout/": "floor", "/kitchens": "console", "/orders": "console"} {
		if w := get(t, h, path, ""); w.Code != 200 || !strings.HasSuffix(w.Body.String(), want) {
			t.Errorf("GET %s = %d %q, want the page of the %s", path, w.Code, w.Body.String(), want)
		}
	}
}

func TestHashedFilesAreKeptForEverAndThePageIsNot(t *testing.T) {
	h := handler(built())
	if got := get(t, h, "/assets/app-1a2b.js", "").Header().Get("Cache-Control"); !strings.Contains(got, "immutable") {
		t.Errorf("asset: Cache-Control = %q", got)
	}
	page := get(t, h, "/orders", "")
	if got := page.Header().Get("Cache-Control"); got != "no-cache" {
		t.Errorf("page: Cache-Control = %q", got)
	}
	policy := page.Header().Get("Content-Security-Policy")
	if !strings.Contains(policy, "script-src 'self';") {
		t.Errorf("page: scripts must come from ourselves only, got %q", policy)
	}
}

func TestTheSmallestAcceptedFormIsSent(t *testing.T) {
	h := handler(built())
	for encoding, want := range map[string]string{
		"gzip, deflate, br": "brotli", "gzip": "gzip", "": "plain", "br;q=0, gzip": "gzip", "br;q=0.0": "plain", "br; q=0.5": "brotli",
	} {
		w := get(t, h, "/assets/app-1a2b.js", encoding)
		if got := w.Body.String(); got != want {
			t.Errorf("Accept-Encoding %q: sent %q, want %q", encoding, got, want)
		}
		if w.Header().Get("Vary") != "Accept-Encoding" {
			t.Errorf("Accept-Encoding %q: no Vary header", encoding)
		}
	}
}

func TestABinaryWithoutTheConsoleSaysHowToGetIt(t *testing.T) {
	files := built()
	delete(files, "index.html")
	w := get(t, handler(files), "/orders", "")
	if w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), "make build") {
		t.Errorf("got %d %q", w.Code, w.Body.String())
	}
}

func TestOnlyReadingIsAllowed(t *testing.T) {
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/orders", nil)
	w := httptest.NewRecorder()
	handler(built()).ServeHTTP(w, r)
	if w.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST = %d", w.Code)
	}
}

func TestThePlaceholderIsAlwaysEmbedded(t *testing.T) {
	if _, err := dist.ReadFile("dist/placeholder.html"); err != nil {
		t.Fatal(err)
	}
}
