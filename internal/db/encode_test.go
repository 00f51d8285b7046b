package db

import (
	"encoding/json"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/order"
)

func genRecord(t *rapid.T, depth int) order.Record {
	var r order.Record
	word := rapid.StringN(0, 6, -1)
	for range rapid.IntRange(0, 3).Draw(t, "regs") {
		s := order.Stamp{Version: rapid.Int64().Draw(t, "v"), Class: order.Class(rapid.IntRange(0, 8).Draw(t, "c")), Read: rapid.Int64().Draw(t, "r")}
		order.Put(&r, word.Draw(t, "name"), s, map[string]any{"x": word.Draw(t, "x"), "html": "<&>\u2028"})
	}
	for range rapid.IntRange(0, 3).Draw(t, "said") {
		r.Say(word.Draw(t, "axis"), order.Said{State: word.Draw(t, "state"), At: rapid.Int64().Draw(t, "at"), Class: order.Class(rapid.IntRange(0, 8).Draw(t, "c")), Who: word.Draw(t, "who"), Why: word.Draw(t, "why")})
	}
	if depth > 0 {
		for range rapid.IntRange(0, 2).Draw(t, "kids") {
			r.Kid(word.Draw(t, "kid"), genRecord(t, depth-1))
		}
	}
	return r
}

func TestARecordReadsBackAsItWasWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := genRecord(t, 2)
		b, err := appendRecord(nil, &want)
		if err != nil {
			t.Fatal(err)
		}
		var general order.Record
		if err := json.Unmarshal(b, &general); err != nil {
			t.Fatalf("%v in %s", err, b)
		}
		in := recordReader{b: b}
		own, ok := in.record()
		if !ok || in.at != len(b) {
			t.Fatalf("not read as what was written from byte %d on: %s", in.at, b)
		}
		for _, got := range []order.Record{general, own} {
			if !sameRecord(got, want) {
				t.Fatalf("read back\n%+v\nwant\n%+v\nfrom %s", got, want, b)
			}
		}
	})
}

// sameRecord compares records; an absent map and an empty one say the same.
func sameRecord(a, b order.Record) bool {
	if len(a.Regs) != len(b.Regs) || len(a.Axes) != len(b.Axes) || len(a.Kids) != len(b.Kids) {
		return false
	}
	for k, v := range a.Regs {
		if o := b.Regs[k]; v.Stamp != o.Stamp || string(v.Value) != string(o.Value) { // the stamp has the hash of the value
			return false
		}
	}
	for k, v := range a.Axes {
		if !reflect.DeepEqual(v, b.Axes[k]) {
			return false
		}
	}
	for k, v := range a.Kids {
		if !sameRecord(v, b.Kids[k]) {
			return false
		}
	}
	return true
}

// FuzzReadRecord: whatever stands in a row, it is read without a panic, and what both
// readers take they take for the same.
func FuzzReadRecord(f *testing.F) {
	for _, s := range []string{`{}`, `{"regs":{"head":{"s":{"v":1,"c":2},"d":{"a":[1,"\\\""]}}}}`, `{"axes":{"x":[{"s":"a","t":-5,"w":"\n"}]},"kids":{"k":{}}}`,
		`{"regs":{"n":{"s":{},"d":12}}}`, `{ "regs" : {} }`, `{"regs":{"n":{"s":{"v":9223372036854775808},"d":1}}}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := readRecord(b)
		var want order.Record
		if json.Unmarshal(b, &want) == nil && (err != nil || !sameRecord(got, want)) {
			t.Errorf("read\n%+v (%v)\nwant\n%+v", got, err, want)
		}
	})
}

func TestARegisterWithoutJSONIsRefused(t *testing.T) {
	r := order.Record{Regs: map[string]order.Register{"head": {Value: []byte("{")}}}
	if _, err := appendRecord(nil, &r); err == nil {
		t.Error("it was written; the record could never be read again")
	}
}

// TestAttemptsAreReadAsTheyWereWritten fills every field with anything.
func TestAttemptsAreReadAsTheyWereWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		number := func(name string) int64 {
			return rapid.OneOf(rapid.Just(int64(0)), rapid.Int64()).Draw(t, name)
		}
		a := effect.Attempt{N: int(number("n")), Look: rapid.Bool().Draw(t, "look"), Epoch: number("epoch"), Began: number("began"), NotAfter: number("not after"), Ended: number("ended"),
			Outcome: effect.Outcome(rapid.String().Draw(t, "outcome")), Code: fault.Code(rapid.String().Draw(t, "code"))}
		if rapid.Bool().Draw(t, "has a reason") {
			a.Why = fault.Because("why", "because of {what}", "what", rapid.String().Draw(t, "why"))
		}
		raw, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		written, err := appendAttempt(nil, &a)
		if err != nil {
			t.Fatal(err)
		}
		var ours, theirs any
		if err := json.Unmarshal(written, &ours); err != nil {
			t.Fatalf("%s: %v", written, err)
		}
		if err := json.Unmarshal(raw, &theirs); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(ours, theirs) {
			t.Errorf("written is %s, want %s", written, raw)
		}
		var want effect.Attempt
		if err := json.Unmarshal(raw, &want); err != nil {
			t.Fatal(err)
		}
		if got, err := readAttempt(raw); err != nil || !reflect.DeepEqual(*got, want) {
			t.Errorf("%s is read as %+v, want %+v (%v)", raw, got, want, err)
		}
		cut := raw[:rapid.IntRange(0, len(raw)-1).Draw(t, "cut")]
		if got, err := readAttempt(cut); err == nil {
			t.Errorf("%s is read as %+v", cut, got)
		}
	})
}
