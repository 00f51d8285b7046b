// Package web carries the console: a single-page application that is built by Vite into dist and embedded into the binary.
//
// The repository tracks one file of dist, a placeholder, so that the Go side builds on a machine without Node. A binary that was
// built that way serves the placeholder, which says how to get the real console.
package web

import (
	"bytes"
	"embed"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"time"
)

//go:embed all:dist
var dist embed.FS

// Handler serves the embedded console. It is safe for concurrent use and reads nothing from outside but the request's path
// and its Accept-Encoding.
//
//   - Files under /assets/ carry a hash in their name and may be kept for ever; everything else is revalidated each time.
//   - A path that is no file answers with index.html, because the console routes by itself; /kitchen and /callout answer with
//     floor.html. Not so under /api, /callback,
//     /metrics, /healthz and /readyz, nor for a missing asset: a program that asks there must get a 404, never a page.
//   - A file that has a .br or .gz twin, written at build time, is sent compressed to whoever accepts it.
//
// Where the console was not built, every page is the placeholder, with status 503.
func Handler() http.Handler {
	files, err := fs.Sub(dist, "dist")
	if err != nil {
		panic("web: the embedded folder dist is missing: " + err.Error()) // a fault of the build, never of the outside
	}
	return handler(files)
}

// Built tells whether this binary carries the real console rather than the placeholder.
func Built() bool {
	_, err := fs.Stat(dist, "dist/index.html")
	return err == nil
}

// contentSecurityPolicy allows scripts from ourselves only and none inline. Styles may be inline since Ant Design writes its
// rules at run time; pictures may come from the platforms' own hosts, which nobody can list.
const contentSecurityPolicy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: https:; " +
	"font-src 'self'; connect-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// started stands in for the modification time that embedded files do not have.
var started = time.Now()

type site struct{ files fs.FS }

func handler(files fs.FS) http.Handler { return site{files} }

func (s site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		h.Set("Allow", "GET, HEAD")
		http.Error(w, "method not allowed: the console is read with GET", http.StatusMethodNotAllowed)
		return
	}
	name := strings.TrimPrefix(path.Clean("/"+r.URL.Path), "/")
	if reserved(name) {
		http.NotFound(w, r)
		return
	}
	if name != "" && name != "index.html" && s.send(w, r, name, http.StatusOK) {
		return
	}
	if strings.HasPrefix(name, "assets/") {
		http.NotFound(w, r)
		return
	}
	if s.send(w, r, page(name), http.StatusOK) {
		return
	}
	if !s.send(w, r, "placeholder.html", http.StatusServiceUnavailable) {
		http.Error(w, "the console was not built: run make build", http.StatusServiceUnavailable)
	}
}

// page is the document that answers for a path: the shop floor's screens have one of their own, plain enough for an old tablet.
func page(name string) string {
	switch first, _, _ := strings.Cut(name, "/"); first {
	case "kitchen", "callout":
		return "floor.html"
	}
	return "index.html"
}

// reserved reports whether a path belongs to programs, which must never be answered with a page.
func reserved(name string) bool {
	first, _, _ := strings.Cut(name, "/")
	switch first {
	case "api", "callback", "metrics", "healthz", "readyz":
		return true
	}
	return false
}

// send writes one file and reports whether there is one.
func (s site) send(w http.ResponseWriter, r *http.Request, name string, status int) bool {
	if strings.HasSuffix(name, ".br") || strings.HasSuffix(name, ".gz") {
		return false
	}
	body, err := fs.ReadFile(s.files, name)
	if err != nil {
		return false
	}
	h := w.Header()
	kind := mime.TypeByExtension(path.Ext(name))
	if strings.HasSuffix(name, ".webmanifest") {
		kind = "application/manifest+json" // not in every system's table
	}
	if kind != "" {
		h.Set("Content-Type", kind)
	}
	if strings.HasPrefix(name, "assets/") {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	} else {
		h.Set("Cache-Control", "no-cache")
	}
	if strings.HasSuffix(name, ".html") {
		h.Set("Content-Security-Policy", contentSecurityPolicy)
		h.Set("Referrer-Policy", "same-origin")
	}
	h.Set("Vary", "Accept-Encoding")
	for _, c := range []struct{ token, suffix string }{{"br", ".br"}, {"gzip", ".gz"}} {
		if !accepts(r.Header.Get("Accept-Encoding"), c.token) {
			continue
		}
		if small, err := fs.ReadFile(s.files, name+c.suffix); err == nil {
			h.Set("Content-Encoding", c.token)
			body = small
			break
		}
	}
	if status != http.StatusOK {
		w.WriteHeader(status)
		if r.Method == http.MethodGet {
			_, _ = w.Write(body) // the reader is gone; there is nobody to tell
		}
		return true
	}
	http.ServeContent(w, r, name, started, bytes.NewReader(body))
	return true
}

// accepts reports whether an Accept-Encoding header names the coding and does not refuse it with a weight of nought.
func accepts(header, coding string) bool {
	for part := range strings.SplitSeq(header, ",") {
		token, weight, _ := strings.Cut(strings.TrimSpace(part), ";")
		if strings.EqualFold(strings.TrimSpace(token), coding) {
			q := strings.TrimPrefix(strings.ReplaceAll(weight, " ", ""), "q=")
			return strings.Trim(q, "0.") != "" || q == ""
		}
	}
	return false
}
