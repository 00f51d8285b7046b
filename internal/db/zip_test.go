package db

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"
)

// What is kept is read back, however short and whatever it begins with: a short body that
// looks as if it were compressed is the one that could be taken for another.
func TestBodiesAreReadBack(t *testing.T) {
	z, err := newZipper(1)
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		body := rapid.SliceOf(rapid.Byte()).Draw(t, "body")
		if rapid.Bool().Draw(t, "looks compressed") {
			body = append(bytes.Clone(zstdMagic), body...)
		}
		if rapid.Bool().Draw(t, "long") {
			body = bytes.Repeat(append(body, 'x'), worthZip)
		}
		if rapid.Bool().Draw(t, "compressed before") {
			body = z.zip(body)
		}
		got, err := z.unzip(z.zip(body))
		if err != nil || !bytes.Equal(got, body) {
			t.Errorf("%d bytes became %d (%v)", len(body), len(got), err)
		}
	})
	long := bytes.Repeat([]byte(`{"order_id":1234567890}`), 50)
	if n := len(z.zip(long)); n > len(long)/4 {
		t.Errorf("%d bytes were kept as %d", len(long), n)
	}
}
