package proof

import (
	"context"
	"io"
	"log/slog"
	"net/http"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/ident"
)

func (n *Node) front(_ *slog.Logger) (http.Handler, func(), error) {
	mux := http.NewServeMux()
	mux.HandleFunc("/callback/{channel}/{app}/{path...}", func(w http.ResponseWriter, r *http.Request) {
		var app ident.App
		if err := app.UnmarshalText([]byte(r.PathValue("app"))); err != nil {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxCallback))
		if err != nil {
			w.WriteHeader(http.StatusRequestEntityTooLarge)
			return
		}
		reply, err := n.Hub.Callback(context.WithoutCancel(r.Context()), r.PathValue("channel"), app, channel.Request{
			Method: r.Method, Path: r.PathValue("path"), Query: r.URL.RawQuery, Header: r.Header, Body: body,
		})
		if err != nil {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		w.Header().Set("Content-Type", reply.Type)
		w.WriteHeader(reply.Status)
		io.WriteString(w, reply.Body)
	})
	return mux, func() {}, nil
}

const keyPrefix = "tdk_"

func hashToken(string) []byte { return []byte("x") }
