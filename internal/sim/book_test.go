package sim

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func contents(t *testing.T, b *Book, kind string) map[string]string {
	t.Helper()
	got := map[string]string{}
	if err := b.Load(kind, func(id string, raw json.RawMessage) error { got[id] = string(raw); return nil }); err != nil {
		t.Fatal(err)
	}
	return got
}

func TestABookKnowsEverythingAfterReopening(t *testing.T) {
	path := filepath.Join(t.TempDir(), "book")
	b, err := OpenBook(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 10 {
		b.Put("order", fmt.Sprint(i), map[string]int{"n": i})
	}
	b.Put("order", "3", map[string]int{"n": 33})
	b.Delete("order", "4")
	batch := b.Begin()
	ran := false
	batch.Put("order", "10", "x")
	batch.Put("push", "1", "y")
	batch.After(func() { ran = true })
	if got := contents(t, b, "push"); len(got) != 0 || ran {
		t.Error("a batch must do nothing before Commit")
	}
	if err := batch.Commit(); err != nil || !ran {
		t.Fatal(err, ran)
	}
	want := contents(t, b, "order")
	// No Close: the process was killed.
	again, err := OpenBook(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := contents(t, again, "order"); !maps.Equal(got, want) || got["3"] != `{"n":33}` || len(got) != 10 {
		t.Errorf("after reopening %v, want %v", got, want)
	}
	if got := contents(t, again, "push"); got["1"] != `"y"` {
		t.Errorf("push = %v", got)
	}
}

func TestABookDropsALineThatACrashCutOff(t *testing.T) {
	path := filepath.Join(t.TempDir(), "book")
	os.WriteFile(path, []byte(`{"kind":"order","id":"1","value":1}`+"\n"+`{"kind":"order","id":"2","va`), 0o600)
	b, err := OpenBook(path)
	if err != nil {
		t.Fatal(err)
	}
	b.Put("order", "3", 3)
	b.Close()
	if b, err = OpenBook(path); err != nil {
		t.Fatal(err)
	}
	if got := contents(t, b, "order"); !maps.Equal(got, map[string]string{"1": "1", "3": "3"}) {
		t.Errorf("got %v", got)
	}
}

func TestABookNamesADamagedLine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "book")
	os.WriteFile(path, []byte("garbage\n"+`{"kind":"order","id":"1","value":1}`+"\n"), 0o600)
	if _, err := OpenBook(path); err == nil || !strings.Contains(err.Error(), "line 1") {
		t.Errorf("error %v must name line 1", err)
	}
}

func TestABookStaysSmallWhileOneValueChanges(t *testing.T) {
	path := filepath.Join(t.TempDir(), "book")
	b, err := OpenBook(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 50_000 {
		if err := b.Put("order", "1", i); err != nil {
			t.Fatal(err)
		}
	}
	info, _ := os.Stat(path)
	if info.Size() > 2<<20 {
		t.Errorf("the file has %d bytes for one value", info.Size())
	}
	b.Close()
	if b.Put("order", "1", 0) == nil {
		t.Error("a closed book must refuse")
	}
}
