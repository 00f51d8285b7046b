// Package paper counts and joins PDF documents that platforms made: the labels of a batch are
// one document on the screen. It draws nothing and changes no page.
//
// pdfcpu does it (Apache-2.0, pure Go): platforms write every form of PDF (compressed
// cross-references, object streams, shared fonts), which is more than a small parser of
// our own would bear, and a label that is lost in joining is a parcel that stays behind.
package paper

import (
	"bytes"
	"fmt"
	"io"
	"sync"

	"github.com/pdfcpu/pdfcpu/pkg/api"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/model"

	"github.com/tongdan/tongdan/fault"
)

// conf leaves the machine alone: the library would keep settings and fonts in a home folder.
var conf = sync.OnceValue(func() *model.Configuration {
	api.DisableConfigDir()
	c := model.NewDefaultConfiguration()
	c.ValidationMode = model.ValidationRelaxed
	c.Offline = true
	return c
})

func settings() *model.Configuration {
	c := *conf()
	return &c
}

// Pages counts the pages of a document. It fails with fault.Invalid when that is none.
func Pages(doc []byte) (n int, err error) {
	defer caught("paper.Pages", &err)
	if n, err = api.PageCount(bytes.NewReader(doc), settings()); err != nil {
		return 0, unreadable("paper.Pages", err)
	}
	return n, nil
}

// Join makes one document of several, their pages in this order. It fails with fault.Invalid
// when one cannot be read, and with fault.Internal when a page got lost.
func Join(docs [][]byte) (out []byte, err error) {
	const op = "paper.Join"
	defer caught(op, &err)
	if len(docs) == 1 {
		return docs[0], nil
	}
	want, parts := 0, make([]io.ReadSeeker, len(docs))
	for i, d := range docs {
		n, err := Pages(d)
		if err != nil {
			return nil, err
		}
		want += n
		parts[i] = bytes.NewReader(d)
	}
	var b bytes.Buffer
	if err := api.MergeRaw(parts, &b, false, settings()); err != nil {
		return nil, unreadable(op, err)
	}
	if n, err := Pages(b.Bytes()); err != nil || n != want {
		return nil, &fault.Error{Op: op, Code: fault.Internal, Why: fault.Because("pdf_pages_lost", "the joined document has other pages than its parts: print them one by one"), Err: err}
	}
	return b.Bytes(), nil
}

func unreadable(op string, err error) error {
	return &fault.Error{Op: op, Code: fault.Invalid, Why: fault.Because("pdf_unreadable", "the platform's PDF cannot be read"), Err: err}
}

// caught turns a panic of the library over a broken document into an error.
func caught(op string, err *error) {
	if r := recover(); r != nil {
		*err = unreadable(op, fmt.Errorf("panic: %v", r))
	}
}
