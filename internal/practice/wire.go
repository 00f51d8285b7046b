package practice

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"

	"github.com/tongdan/tongdan/channel"
)

// A wire carries calls to handlers in this process, by host. There is no way from it to
// the network: whoever enters another address in a practice reaches nobody.
type wire map[string]http.Handler

var (
	errNobody = errors.New("a practice reaches nothing but its simulators")
	errCut    = errors.New("the connection was closed")
)

// RoundTrip implements http.RoundTripper.
func (x wire) RoundTrip(r *http.Request) (res *http.Response, err error) {
	h := x[r.URL.Host]
	if h == nil {
		return nil, errNobody
	}
	if err := channel.MayWrite(r.Context()); err != nil {
		return nil, err
	}
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	in := r.Clone(context.WithoutCancel(r.Context()))
	in.URL = &url.URL{Path: r.URL.Path, RawPath: r.URL.RawPath, RawQuery: r.URL.RawQuery}
	in.Host, in.RequestURI, in.RemoteAddr = r.URL.Host, r.URL.RequestURI(), "127.0.0.1:1"
	if in.Body == nil {
		in.Body = http.NoBody
	}
	a := &answer{code: http.StatusOK, header: http.Header{}}
	defer func() {
		if p := recover(); p == http.ErrAbortHandler {
			res, err = nil, errCut
		} else if p != nil {
			panic(p)
		}
	}()
	h.ServeHTTP(a, in)
	return &http.Response{
		StatusCode: a.code, Status: http.StatusText(a.code), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: a.header,
		Body: io.NopCloser(bytes.NewReader(a.body.Bytes())), ContentLength: int64(a.body.Len()), Request: r,
	}, nil
}

// nobody is what a practice reaches in a network: no printer, whatever address is entered.
func nobody(context.Context, string, string) (net.Conn, error) { return nil, errNobody }

// answer holds what a handler says.
type answer struct {
	code   int
	header http.Header
	wrote  bool
	body   bytes.Buffer
}

func (a *answer) Header() http.Header { return a.header }

func (a *answer) WriteHeader(code int) {
	if !a.wrote {
		a.code, a.wrote = code, true
	}
}

func (a *answer) Write(b []byte) (int, error) {
	a.wrote = true
	return a.body.Write(b)
}
