package db

import "testing"

func FuzzACursorIsReadOrRefused(f *testing.F) {
	for _, s := range []string{"", "MS4y", place{1, 2}.text(), place{-1 << 63, 1<<63 - 1}.text(), "!!", "LjEu"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, err := placeOfCursor(s, place{7, 8})
		if err != nil || s == "" {
			return
		}
		if again, err := placeOfCursor(p.text(), place{}); err != nil || again != p {
			t.Errorf("%q is read as %v, and that as %v (%v)", s, p, again, err)
		}
	})
}

func FuzzASearchTextHasSoundKeys(f *testing.F) {
	for _, s := range []string{"珍珠奶茶", "Juan Pérez", "#12", "１３８", "\xff\x00", "a\nb"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		text := SearchText{Names: []string{s}, Numbers: []string{s}, DaySeq: s, Phones: []string{s}, Persons: []string{s}, UserRef: s}
		keys, names := text.keys()
		for _, k := range append(keys, names...) {
			if clean(k, 1<<20) != k || k == "" || len(keys) > maxSearchKeys {
				t.Fatalf("%q gives the key %q", s, k)
			}
			for _, c := range k {
				if c == '\n' {
					t.Fatalf("%q gives a key of two lines", s)
				}
			}
		}
	})
}
