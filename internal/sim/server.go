package sim

import (
	"embed"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

//go:embed page
var pages embed.FS

// Server runs simulators: one listener for each platform, because a platform's base URL is part of
// what its callers know (and, at Meituan, sign), and one for the backstage of all.
type Server struct {
	// Platforms are the simulators to run.
	Platforms []Platform
	// Addr gives the listening address of a platform's API by its name; absent: a free port
	// of 127.0.0.1.
	Addr map[string]string
	// BackstageAddr is where the page and its JSON listen; empty: a free port of 127.0.0.1. The
	// backstage has no sign-in: whoever reaches it can do everything. Keep it local.
	BackstageAddr string

	urls    map[string]string
	servers []*http.Server
}

// Start opens all listeners and serves in the background. After an error nothing is left open.
func (s *Server) Start() error {
	s.urls = map[string]string{}
	if err := s.listen("", s.BackstageAddr, s.Backstage()); err != nil {
		return err
	}
	for _, p := range s.Platforms {
		if err := s.listen(p.Name(), s.Addr[p.Name()], p.API()); err != nil {
			s.Close()
			return err
		}
	}
	return nil
}

func (s *Server) listen(name, addr string, h http.Handler) error {
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return fmt.Errorf("simulator %q cannot listen on %s: %w", name, addr, err)
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10}
	s.servers = append(s.servers, server)
	s.urls[name] = "http://" + l.Addr().String()
	go server.Serve(l)
	return nil
}

// URL returns the base URL of a platform's API, such as http://127.0.0.1:41234, or of the
// backstage for the name "". Valid after Start.
func (s *Server) URL(name string) string { return s.urls[name] }

// Backstage serves the page, the list of platforms and every platform's backstage.
func (s *Server) Backstage() http.Handler {
	mux := http.NewServeMux()
	for _, p := range s.Platforms {
		mux.Handle("/backstage/"+p.Name()+"/", p.Backstage())
	}
	mux.HandleFunc("GET /backstage/{$}", answering(func(*http.Request) (any, error) {
		type entry struct {
			Name string `json:"name"`
			API  string `json:"api"`
			Page string `json:"page,omitempty"` // of its own; "" = drawn by the common one
		}
		list := []entry{}
		for _, p := range s.Platforms {
			e := entry{Name: p.Name(), API: s.urls[p.Name()]}
			if own, ok := p.(interface{ Page() string }); ok {
				e.Page = own.Page()
			}
			list = append(list, e)
		}
		return list, nil
	}))
	mux.HandleFunc("GET /{$}", page("page/index.html", "text/html; charset=utf-8"))
	mux.HandleFunc("GET /favicon.ico", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("GET /page.js", page("page/page.js", "text/javascript; charset=utf-8"))
	mux.HandleFunc("GET /page.css", page("page/page.css", "text/css; charset=utf-8"))
	return mux
}

func page(name, contentType string) http.HandlerFunc {
	content, err := pages.ReadFile(name)
	if err != nil {
		panic(err) // it is embedded
	}
	return Asset(contentType, content)
}

// Asset serves a part of a backstage page: nothing of it comes from elsewhere, and it is read anew each time.
func Asset(contentType string, content []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Content-Security-Policy", "default-src 'self'; frame-ancestors 'none'")
		w.Write(content)
	}
}

// Close stops listening and closes every platform. Calls under way are cut off, as in a crash:
// what was committed is in the Book.
func (s *Server) Close() error {
	var errs []error
	for _, server := range s.servers {
		errs = append(errs, server.Close())
	}
	s.servers = nil
	for _, p := range s.Platforms {
		errs = append(errs, p.Close())
	}
	return errors.Join(errs...)
}
