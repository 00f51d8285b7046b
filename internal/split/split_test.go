package split

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

// FuzzSplitting holds the parts of any valid message against those of encoding/json.
func FuzzSplitting(f *testing.F) {
	for _, s := range []string{`{}`, `[]`, ` { "a" : 1 , "b":[ {"c":"d"} ,null, true],"a":"x\\\"y\u00e9" } `, `{"\\":{"":[]},"é":-1.5e3}`, `[ 1,"]", {"[":"}"} ]`, `"a"`, `null`, `7`,
		`{"a":"\\"}`, "{\"a\xff\":\"\xff\"}", `{"a":{"b":{"c":[[[1]]]}}}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		if ok := json.Valid(raw); Valid(raw) != ok {
			t.Fatalf("%q is valid: %v, want %v", raw, !ok, ok)
		} else if !ok {
			return
		}
		var m map[string]json.RawMessage
		failed := json.Unmarshal(raw, &m) != nil || m == nil
		o, ok := Members(raw)
		if ok == failed || ok != (o != nil) || len(o) < len(m) {
			t.Fatalf("%q: %q, want %q", raw, o, m)
		}
		for _, member := range o {
			if _, ok := m[member.Name()]; !ok {
				t.Errorf("%q: there is no %s", raw, member.Name())
			}
		}
		for k, v := range m {
			got, ok := o.Get(k)
			if !ok || !bytes.Equal(got, v) {
				t.Errorf("%q: %s is %q, want %q", raw, k, got, v)
			}
			if v[0] == '"' {
				var want string
				_ = json.Unmarshal(v, &want)
				if s, ok := Text(got); !ok || s != want {
					t.Errorf("%q: %s is %q, want %q", raw, k, s, want)
				}
			}
		}
		var list []json.RawMessage
		failed = json.Unmarshal(raw, &list) != nil || list == nil
		parts, ok := Elements(raw)
		if ok == failed || len(parts) != len(list) {
			t.Fatalf("%q: %q, want %q", raw, parts, list)
		}
		for i, v := range list {
			if !bytes.Equal(parts[i], v) {
				t.Errorf("%q: %d is %q, want %q", raw, i, parts[i], v)
			}
		}
	})
}

// TestValidIsWhatJSONHoldsForValid takes texts of every form, and spoils each in every place
// with every byte that means something.
func TestValidIsWhatJSONHoldsForValid(t *testing.T) {
	check := func(raw []byte) {
		t.Helper()
		if got, want := Valid(raw), json.Valid(raw); got != want {
			t.Errorf("%.80q is valid: %v, want %v", raw, got, want)
		}
	}
	const means = "{}[]:,\"\\/bfnrtuaAeE+-.019 \n\t\r\x00\x1f\x7f\xff"
	for _, s := range []string{`{"a":[1,-0.50e+10,{"b":null}],"c":"x\"\u00E9\/"}`, ` [ true , false , null ] `, `-0`, `01`, `1.`, `1e`, `-`, `.5`, `1E-7`, `""`, `"\x"`, `"\u12g4"`, `"\u123`,
		`{"a"}`, `{"a":}`, `{,}`, `[,]`, `[1,]`, `{"a":1,}`, `tru`, `nul`, ``, ` `, `{}{}`, `[1 2]`, "\"a\nb\"", "\"\x7f\xff\""} {
		raw := []byte(s)
		check(raw)
		for i := range raw {
			check(raw[:i])
			check(append(bytes.Clone(raw[:i]), raw[i+1:]...))
			for _, c := range []byte(means) {
				one := bytes.Clone(raw)
				one[i] = c
				check(one)
				check(append(append(bytes.Clone(raw[:i]), c), raw[i:]...))
			}
		}
	}
	for _, depth := range []int{maxDepth, maxDepth + 1} {
		check([]byte(strings.Repeat("[", depth) + strings.Repeat("]", depth)))
		check([]byte(strings.Repeat(`{"a":`, depth) + "1" + strings.Repeat("}", depth)))
	}
}
