package sim_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"pgregory.net/rapid"

	"github.com/tongdan/tongdan/internal/sim"
)

// Answers are written to the last byte as encoding/json writes them.
func TestJSONIsThatOfTheStandardLibrary(t *testing.T) {
	text := rapid.OneOf(rapid.String(), rapid.StringMatching(`[ -~<>&"\\\x{2028}\x{2029}\x{7f}\n\x{0}珍]*`), rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) }))
	leaf := rapid.OneOf(
		rapid.Map(text, func(s string) any { return s }), rapid.Map(text, func(s string) any { return &s }),
		rapid.Map(rapid.Int(), func(n int) any { return n }), rapid.Map(rapid.Int64(), func(n int64) any { return n }),
		rapid.Map(rapid.Float64(), func(f float64) any { return f }), rapid.Map(rapid.Bool(), func(b bool) any { return b }),
		rapid.Map(rapid.SliceOf(text), func(l []string) any { return l }), rapid.Map(text, func(s string) any { return struct{ S string }{s} }),
		rapid.SampledFrom([]any{nil, (*string)(nil), map[string]any(nil), []any(nil), []string(nil), []map[string]any(nil), map[string]any{}, []any{}, json.Number("1.50"), json.RawMessage(`{"a": [1]}`)}),
	)
	var value func(depth int) *rapid.Generator[any]
	value = func(depth int) *rapid.Generator[any] {
		if depth == 0 {
			return leaf
		}
		in := value(depth - 1)
		object := rapid.MapOfN(text, in, 0, 4)
		return rapid.OneOf(leaf, rapid.Map(object, func(m map[string]any) any { return m }), rapid.Map(rapid.SliceOfN(in, 0, 4), func(l []any) any { return l }),
			rapid.Map(rapid.SliceOfN(object, 0, 3), func(l []map[string]any) any { return l }))
	}
	rapid.Check(t, func(t *rapid.T) {
		v := value(3).Draw(t, "value")
		var want bytes.Buffer
		enc := json.NewEncoder(&want)
		enc.SetEscapeHTML(false)
		wrong := enc.Encode(v)
		got, err := sim.AppendJSON([]byte("before "), v)
		if (err == nil) != (wrong == nil) {
			t.Fatalf("the error is %v, want %v", err, wrong)
		}
		if err == nil && string(got)+"\n" != "before "+want.String() {
			t.Errorf("wrote %s, want before %s", got, want.Bytes())
		}
	})
}
