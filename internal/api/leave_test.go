package api_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/tongdan/tongdan/internal/api"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/db/dbtest"
	"github.com/tongdan/tongdan/internal/hub"
	"github.com/tongdan/tongdan/internal/platform"
)

// A server that is told to stop says so at /readyz and goes on answering for the time of
// its notice; a request that is under way at the end gets its answer.
func TestAServerGivesNoticeAndFinishesWhatItBegan(t *testing.T) {
	began, finish := make(chan struct{}), make(chan struct{})
	slowly := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(began)
		<-finish
		io.WriteString(w, "done")
	})
	d := dbtest.Open(t, db.Options{Dir: dbtest.Dir(t)})
	server, err := api.New(api.Options{Hub: hub.New(hub.Options{DB: d, Platforms: platform.All()}), Version: "test", Console: slowly})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	url := "http://" + l.Addr().String()
	ctx, leave := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- server.Serve(ctx, server.HTTP(), l, api.Leave{Notice: 3 * time.Second, Finish: 20 * time.Second})
	}()

	get := func(path string) (int, bool) {
		t.Helper()
		res, err := http.Get(url + path)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		return res.StatusCode, res.Close
	}
	if status, _ := get("/readyz"); status != http.StatusOK {
		t.Fatalf("/readyz says %d at first", status)
	}
	slow := make(chan string, 1)
	go func() {
		res, err := http.Get(url + "/slow")
		if err != nil {
			slow <- err.Error()
			return
		}
		defer res.Body.Close()
		body, _ := io.ReadAll(res.Body)
		slow <- string(body)
	}()
	<-began
	leave()
	for end := time.Now().Add(2 * time.Second); ; {
		if status, _ := get("/readyz"); status == http.StatusServiceUnavailable {
			break
		}
		if time.Now().After(end) {
			t.Fatal("/readyz goes on saying yes")
		}
	}
	if status, closed := get("/healthz"); status != http.StatusOK || !closed {
		t.Errorf("during its notice it answers %d, the connection ends: %v", status, closed)
	}
	for end := time.Now().Add(time.Minute); ; { // until it listens no more
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			break
		}
		c.Close()
		if time.Now().After(end) {
			t.Fatal("it goes on listening after its notice")
		}
	}
	close(finish)
	if got := <-slow; got != "done" {
		t.Errorf("the request that was under way got %q", got)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
