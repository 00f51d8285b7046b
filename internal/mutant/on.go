//go:build mutants

package mutant

import (
	"os"
	"slices"
)

var chosen = choose()

func choose() Name {
	n := Name(os.Getenv(Variable))
	if n != "" && !slices.Contains(All, n) {
		panic("there is no mutant " + string(n))
	}
	return n
}

// On reports whether a rule is broken: that of the mutant which TONGDAN_MUTANT names.
func On(n Name) bool { return n == chosen }
