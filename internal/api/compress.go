package api

import (
	"net/http"
	"strings"
	"sync"

	"github.com/klauspost/compress/gzip"
)

// smallest is from how many bytes on an answer is compressed: below it a packet more or less
// does not arise.
const smallest = 1024

// gzips are compressors of 1.2 MB each that go from answer to answer.
var gzips = sync.Pool{New: func() any {
	w, _ := gzip.NewWriterLevel(nil, gzip.BestSpeed) // the level is known
	return w
}}

// compresses reports whether an answer may be sent compressed: what a signed-in person's
// console reads, which is often at the end of a shop's line. A list of orders is a tenth of
// its size then. Three kinds never are:
//
//   - What programs ask for with a key: they stand beside the hub, and the time to compress
//     is as much as the list itself costs.
//   - The stream, whose messages are to leave at once.
//   - What another site had the browser ask for. The size of a compressed answer tells
//     whether two parts of it are alike; who may choose a question and watch sizes could guess
//     the rest (BREACH). Our own pages alone choose compressed questions; a browser says by
//     Sec-Fetch-Site who asked, and cannot be made to say otherwise.
func compresses(pattern string, c caller, r *http.Request) bool {
	if r.Method != http.MethodGet || c.byKey || pattern == streamRoute {
		return false
	}
	if from := r.Header.Get("Sec-Fetch-Site"); from != "" && from != "same-origin" {
		return false
	}
	return acceptsGzip(r.Header.Get("Accept-Encoding"))
}

// acceptsGzip reads an Accept-Encoding header: gzip named, and not with a weight of nought.
func acceptsGzip(header string) bool {
	for part := range strings.SplitSeq(header, ",") {
		coding, weight, _ := strings.Cut(part, ";")
		if strings.EqualFold(strings.TrimSpace(coding), "gzip") {
			q, has := strings.CutPrefix(strings.ReplaceAll(weight, " ", ""), "q=")
			return !has || strings.Trim(q, "0.") != ""
		}
	}
	return false
}

// compressed compresses an answer that is JSON, whole in its first Write and large enough;
// any other goes through as it is. Whoever made it calls begin when the handler is done.
type compressed struct {
	http.ResponseWriter
	status int
	begun  bool
}

func (c *compressed) WriteHeader(status int) { c.status = status } // the first Write knows the headers

func (c *compressed) Write(b []byte) (int, error) {
	if c.begun {
		return c.ResponseWriter.Write(b)
	}
	h := c.Header()
	plain := (c.status != 0 && c.status != http.StatusOK) || len(b) < smallest || h.Get("Content-Encoding") != "" ||
		!strings.HasPrefix(h.Get("Content-Type"), "application/json")
	if plain {
		c.begin()
		return c.ResponseWriter.Write(b)
	}
	h.Set("Content-Encoding", "gzip")
	h.Add("Vary", "Accept-Encoding")
	h.Del("Content-Length")
	c.begin()
	z := gzips.Get().(*gzip.Writer)
	defer gzips.Put(z)
	z.Reset(c.ResponseWriter)
	if _, err := z.Write(b); err != nil {
		return 0, err
	}
	return len(b), z.Close()
}

// begin sends the headers, as the handler left them when it wrote or ended.
func (c *compressed) begin() {
	if !c.begun {
		c.begun = true
		c.ResponseWriter.WriteHeader(max(c.status, http.StatusOK))
	}
}

// Unwrap is for http.ResponseController.
func (c *compressed) Unwrap() http.ResponseWriter { return c.ResponseWriter }
