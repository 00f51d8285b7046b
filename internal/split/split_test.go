package split

import (
	"bytes"
	"encoding/json"
	"testing"
)

// FuzzSplitting holds the parts of any valid message against those of encoding/json.
func FuzzSplitting(f *testing.F) {
	for _, s := range []string{`{}`, `[]`, ` { "a" : 1 , "b":[ {"c":"d"} ,null, true],"a":"x\\\"y\u00e9" } `, `{"\\":{"":[]},"é":-1.5e3}`, `[ 1,"]", {"[":"}"} ]`, `"a"`, `null`, `7`,
		`{"a":"\\"}`, "{\"a\xff\":\"\xff\"}", `{"a":{"b":{"c":[[[1]]]}}}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		if !json.Valid(raw) {
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
