package proof

import (
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// The credentials of the simulated app, and what it is called.
const (
	MeituanApp    = "4321"
	MeituanSecret = "0123456789abcdef0123456789abcdef"
)

// Sign is Meituan's signature over a URL and raw parameters, written for the bare
// handler and the load client alone.
func Sign(target string, params map[string]string) string {
	names := make([]string, 0, len(params))
	for k := range params {
		if k != "sig" {
			names = append(names, k)
		}
	}
	slices.Sort(names)
	var b strings.Builder
	b.WriteString(target)
	for i, k := range names {
		if i == 0 {
			b.WriteByte('?')
		} else {
			b.WriteByte('&')
		}
		b.WriteString(k)
		b.WriteByte('=')
		b.WriteString(params[k])
	}
	b.WriteString(MeituanSecret)
	sum := md5.Sum([]byte(b.String()))
	return hex.EncodeToString(sum[:])
}

// maxCallback bounds a callback, as the API does.
const maxCallback = 256 << 10

// bareCallback is the least that a receiver of a Meituan push can do: read the form,
// check the signature, parse the JSON inside, answer. Nothing is kept.
func bareCallback(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxCallback))
	if err != nil {
		w.WriteHeader(http.StatusRequestEntityTooLarge)
		return
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	params := make(map[string]string, len(form))
	for k, v := range form {
		if params[k], err = url.QueryUnescape(v[0]); err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
	}
	if Sign("http://"+r.Host+r.URL.Path, params) != params["sig"] {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	for _, k := range []string{"detail", "extras"} {
		var v []map[string]any
		if json.Unmarshal([]byte(params[k]), &v) != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
	}
	io.WriteString(w, `{"data":"ok"}`)
}
