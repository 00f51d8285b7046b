package counter

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/order"
)

var update = flag.Bool("update", false, "write the golden files anew")

func folded(item channel.Item) order.Order {
	var r order.Record
	for _, x := range item.Readings {
		r = r.Merge(x.Record)
	}
	return order.Fold(item.Ref, []order.Linked{{Ref: item.Ref, Record: r}}, &grammar)
}

func TestDocumentsTranslateAsReviewed(t *testing.T) {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d documents, %v", len(files), err)
	}
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		item := read(body)
		if item.Err != nil {
			t.Errorf("%s: %v", file, item.Err)
			continue
		}
		got, err := json.MarshalIndent(struct {
			Readings []order.Reading
			Order    order.Order
		}{item.Readings, folded(item)}, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, '\n')
		name := strings.TrimSuffix(file, ".json") + ".golden"
		if *update {
			if err := os.WriteFile(name, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s reads otherwise than %s; run with -update and look at the difference", file, name)
		}
	}
}

// FuzzDocument takes any document that carries a valid signature: it is read or parked,
// folds without panic, adds up, and what is said about it holds nothing of a customer.
func FuzzDocument(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.json")
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body)
	}
	f.Add([]byte(`{"lines":[{"quantity":9999,"price":99999999}],"total":-1}`))
	f.Add([]byte(`{"customer":{"name":5}}`))
	app := channel.App{ID: 7, Credentials: map[string]channel.Secret{"secret": channel.NewSecret("s")}}
	f.Fuzz(func(t *testing.T, body []byte) {
		got := New().Receive(app, channel.Request{Method: "POST", Path: path, Query: "sig=" + sign("s", body), Body: body, At: time.Unix(1_700_000_000, 0)})
		if got.Reply.Status == 0 {
			t.Fatal("no answer")
		}
		if got.Verdict != channel.Good {
			if len(body) > 0 && len(body) <= maxBody {
				t.Fatal("a signed document was refused")
			}
			return
		}
		if err := got.Item.Err; err != nil {
			if len(got.Item.Readings) > 0 {
				t.Error("what cannot be read says something")
			}
			var e channel.Entry
			if json.Unmarshal(body, &e) == nil && len(e.Customer.Phone) > 5 && strings.Contains(err.Error(), e.Customer.Phone) {
				t.Error("the error holds a phone number")
			}
			return
		}
		for _, r := range got.Item.Readings {
			if err := r.Record.Check(); err != nil {
				t.Error(err)
			}
		}
		o := folded(got.Item)
		if diff, err := o.Bill.Difference(); err != nil || !diff.IsZero() || !o.Complete() || o.Status == order.StatusUnpaid {
			t.Errorf("status %s, difference %v (%v)", o.Status, diff, err)
		}
	})
}
