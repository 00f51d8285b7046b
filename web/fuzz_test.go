package web

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

// Whatever is asked for, and however it is to be packed, a page or a refusal comes.
func FuzzRequests(f *testing.F) {
	f.Add("/orders", "gzip;q=0, br")
	f.Add("/../../etc/passwd", ";;q=")
	f.Add("//assets/../x", "")
	h := handler(built())
	f.Fuzz(func(t *testing.T, path, encoding string) {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.URL.Path = path
		r.Header["Accept-Encoding"] = []string{encoding}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != http.StatusOK && w.Code != http.StatusNotFound && w.Code/100 != 3 {
			t.Errorf("%q: %d", path, w.Code)
		}
	})
}
