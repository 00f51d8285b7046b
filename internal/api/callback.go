package api

import (
	"errors"
	"io"
	"net/http"
	"net/url"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/point"
	"github.com/tongdan/tongdan/internal/span"
)

// callback takes what a platform sends, over its raw bytes, and answers in its form.
func (s *Server) callback(w http.ResponseWriter, r *http.Request) {
	var app ident.App
	if err := app.UnmarshalText([]byte(r.PathValue("app_id"))); err != nil || app == 0 {
		s.fail(w, r, fault.Say("api.callback", fault.NotFound, "no_app_callback", "there is no such app: copy the callback URL from Connections again"))
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxCallback))
	if err != nil {
		if _, ok := errors.AsType[*http.MaxBytesError](err); !ok {
			err = &fault.Error{Op: "api.callback", Code: fault.Unavailable, Why: fault.Because("body_broken_off", "the body could not be read; send it again"), Err: err}
		} else if note := s.hub.Oversized(r.Context(), r.PathValue("channel"), app, body); note != nil {
			err = note
		}
		s.fail(w, r, err)
		return
	}
	ctx, sp := span.Start(r.Context(), "callback")
	defer sp.End()
	if sp.On() {
		span.ID(sp, span.App, app)
		sp.Text(span.Channel, clip(r.PathValue("channel"), 40))
		sp.Text(span.Request, requestOf(ctx).id)
	}
	reply, err := s.hub.Callback(ctx, r.PathValue("channel"), app, channel.Request{
		Method: r.Method, Path: r.PathValue("rest"), Query: r.URL.RawQuery, Header: r.Header, Body: body,
	})
	if err != nil {
		sp.Fail(string(fault.CodeOf(err)))
		s.fail(w, r, err)
		return
	}
	if reply.Type != "" {
		w.Header().Set("Content-Type", reply.Type)
	}
	status := reply.Status
	if status == 0 {
		status = http.StatusOK
	}
	sp.Number("http.response.status_code", int64(status))
	w.WriteHeader(status)
	io.WriteString(w, reply.Body)
	point.Hit(point.PushAnswered)
}

// authorised is where a platform sends the owner back after the consent. It ends in the
// console, which says how it went.
func (s *Server) authorised(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	back := func(outcome, words string) {
		v := url.Values{"authorised": {outcome}}
		if words != "" {
			v.Set("why", words)
		}
		w.Header().Set("Cache-Control", "no-store")
		http.Redirect(w, r, "/connections?"+v.Encode(), http.StatusSeeOther)
	}
	var app ident.App
	if err := app.UnmarshalText([]byte(r.PathValue("app_id"))); err != nil || app == 0 {
		back("failed", "there is no such app: press authorise again")
		return
	}
	code, state := q.Get("code"), q.Get("state")
	if code == "" || len(code) > 2000 || len(state) > 200 {
		back("failed", "the platform sent no code: the owner did not agree, or the page was opened by hand")
		return
	}
	if err := s.hub.Authorised(r.Context(), r.PathValue("channel"), app, state, code); err != nil {
		back("failed", problemOf(r.Context(), err).Detail)
		return
	}
	back("ok", "")
}
