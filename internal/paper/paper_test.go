package paper

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/tongdan/tongdan/fault"
)

// plain is a PDF of n pages, each with its number.
func plain(n int, mark string) []byte {
	var out bytes.Buffer
	var at []int
	object := func(body string) {
		at = append(at, out.Len())
		fmt.Fprintf(&out, "%d 0 obj\n%s\nendobj\n", len(at), body)
	}
	out.WriteString("%PDF-1.4\n")
	object("<< /Type /Catalog /Pages 2 0 R >>")
	var kids strings.Builder
	for i := range n {
		fmt.Fprintf(&kids, "%d 0 R ", 3+2*i)
	}
	object(fmt.Sprintf("<< /Type /Pages /Kids [ %s] /Count %d >>", kids.String(), n))
	for i := range n {
		object(fmt.Sprintf("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 283 425] /Resources << >> /Contents %d 0 R >>", 4+2*i))
		text := fmt.Sprintf("%% %s %d\n", mark, i+1)
		object(fmt.Sprintf("<< /Length %d >>\nstream\n%sendstream", len(text), text))
	}
	xref := out.Len()
	fmt.Fprintf(&out, "xref\n0 %d\n0000000000 65535 f \n", len(at)+1)
	for _, x := range at {
		fmt.Fprintf(&out, "%010d 00000 n \n", x)
	}
	fmt.Fprintf(&out, "trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(at)+1, xref)
	return out.Bytes()
}

// Every page of every part is in the whole, and the machine's home is left alone.
func TestDocumentsAreJoinedPageForPage(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("XDG_CONFIG_HOME", home)
	out, err := Join([][]byte{plain(17, "a"), plain(1, "b"), plain(4, "c")})
	if err != nil {
		t.Fatal(err)
	}
	if n, err := Pages(out); err != nil || n != 22 {
		t.Errorf("%d pages, %v; want 22", n, err)
	}
	if list, err := os.ReadDir(home); err != nil || len(list) > 0 {
		t.Errorf("the home folder holds %v, %v", list, err)
	}
}

func FuzzPages(f *testing.F) {
	f.Add(plain(2, "x"))
	f.Add([]byte("%PDF-1.4\n%%EOF"))
	f.Add([]byte("<html>"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := Pages(b); err != nil && !fault.Is(err, fault.Invalid) {
			t.Errorf("%v is not said as what it is", err)
		}
	})
}
