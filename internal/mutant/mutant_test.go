package mutant

import (
	"slices"
	"testing"
)

func TestNothingIsBrokenUnlessItIsNamed(t *testing.T) {
	for i, n := range All {
		if slices.Index(All, n) != i {
			t.Errorf("%s is listed twice", n)
		}
		if On(n) {
			t.Errorf("%s is on", n)
		}
	}
}
