package hub_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"testing"
	"time"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/internal/hub"
	"github.com/tongdan/tongdan/internal/platform"
)

// packedCase is a case as tongdan packed it: an order of the simulated Meituan that was
// accepted and partly refunded.
const packedCase = "testdata/partly-refunded.case.zip"

// zipped packs a document as a case is packed.
func zipped(t testing.TB, doc []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	f, err := z.Create("case.json")
	if err == nil {
		_, err = f.Write(doc)
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// FuzzReadCase takes any file that somebody sends in.
func FuzzReadCase(f *testing.F) {
	b, err := os.ReadFile(packedCase)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add(b[:len(b)/2])
	f.Add(zipped(f, []byte(`{"format":"tongdan case","version":2}`)))
	f.Add(zipped(f, []byte(`{"format":"tongdan case"}`)))
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := hub.ReadCase(bytes.NewReader(b), int64(len(b))); err != nil && fault.CodeOf(err) == fault.Internal {
			t.Errorf("the error does not say what is wrong: %v", err)
		}
	})
}

// complaints is a log in which an error fails the test: a panic in a verb, say.
type complaints struct{ t *testing.T }

func (c complaints) Enabled(_ context.Context, l slog.Level) bool { return l >= slog.LevelError }
func (c complaints) WithAttrs([]slog.Attr) slog.Handler           { return c }
func (c complaints) WithGroup(string) slog.Handler                { return c }
func (c complaints) Handle(_ context.Context, r slog.Record) error {
	var why any
	r.Attrs(func(a slog.Attr) bool {
		why = a.Value
		return a.Key != "panic"
	})
	c.t.Errorf("the log says: %s: %v", r.Message, why)
	return nil
}

// FuzzReplayCase replays a case of which a part says something else: what it tells of the
// directory, of the journal and of what is stored is somebody else's word.
func FuzzReplayCase(f *testing.F) {
	b, err := os.ReadFile(packedCase)
	if err != nil {
		f.Fatal(err)
	}
	packed := []byte(unzip(f, b))
	f.Add([]byte(`{}`), "")
	f.Add([]byte(`{"order":"ord_1","directory":{"Merchant":{"ID":"mer_1"},"Stores":[{"ID":"sto_1"},{"ID":"sto_1"}],"Shops":null}}`), "")
	f.Add([]byte(`{"stored":{"row":{"ID":"ord_1","Summary":{},"Wants":[]},"records":[{"ref":{"kind":"x"},"record":[1]}],"effects":[{}],"reserved":[{"Quantity":-1}]}}`), "")
	f.Add([]byte(`{"lines":[{"direction":"act","outcome":"done","body":"{}"},{"direction":"pull","known":true,"channel":"mercadolibre","outcome":"said","body":"[{}]"}]}`), "")
	f.Add([]byte(`{"lines":[{"direction":"push"}]}`), `order_id=1&status=2&total=1e99&detail=[{}]`)
	f.Fuzz(func(t *testing.T, other []byte, body string) {
		var doc hub.Case
		if err := json.Unmarshal(packed, &doc); err != nil {
			t.Fatal(err)
		}
		if json.Unmarshal(other, &doc) != nil {
			return // no case any more: FuzzReadCase has those
		}
		if body != "" && len(doc.Lines) > 0 {
			doc.Lines[0].Body = body
		}
		b, err := json.Marshal(doc)
		if err != nil {
			return // raw bytes that are no JSON cannot have come out of a file
		}
		file := zipped(t, b)
		c, err := hub.ReadCase(bytes.NewReader(file), int64(len(file)))
		if err != nil {
			return
		}
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		rep, err := hub.ReplayCase(ctx, platform.All(), c, t.TempDir(), slog.New(complaints{t}))
		switch {
		case err != nil && fault.CodeOf(err) == fault.Internal:
			t.Errorf("the error does not say what is wrong: %v", err)
		case err == nil && (rep.Orders != 1 || rep.Lines != len(c.Lines)):
			t.Errorf("%d lines of %d were read, %d orders compared", rep.Lines, len(c.Lines), rep.Orders)
		}
	})
}
