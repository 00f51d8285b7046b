package tongdan_test

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// floors are the rooms of the house, lowest first. A package may import packages of
// lower floors, never a sibling of its own floor or anything above.
var floors = [][]string{
	{"fault", "money", "ident", "internal/mutant", "internal/passkey", "internal/pgserver", "internal/point", "internal/span", "internal/logger", "internal/lite", "internal/split", "geo"},
	{"order", "effect", "stock", "role", "bill", "internal/sheet", "internal/paper", "front"},
	{"channel", "ticket", "internal/rule"},
	{"printer", "courier"},
	{"channel/channeltest", "internal/platform/*", "internal/printer/*", "courier/couriertest", "internal/courier/*", "internal/sender", "internal/bridge", "internal/db"},
	{"internal/platform", "internal/printer", "internal/courier", "internal/lane"},
	{"internal/hub"},
	{"internal/backup"},
	{"internal/api"},
	{"internal/proof"},
	{"internal/rehearse", "internal/practice"},
	{"cmd/*", "internal/proof/*"},
}

// apart stand outside the floors: what they may import of ours is listed.
var apart = map[string][]string{
	"web":            {},
	"internal/sim":   {},
	"internal/sim/*": {"internal/sim"},
	"internal/books": {"internal/sim", "internal/sim/*"},
}

// allowed are imports within a floor or upwards that have a reason.
var allowed = map[[2]string]string{
	{"money", "fault"}:      "errors are the one thing that everybody speaks",
	{"ident", "fault"}:      "errors are the one thing that everybody speaks",
	{"internal/api", "web"}: "the console is served by the API",
}

const module = "github.com/tongdan/tongdan/"

func match(pattern, pkg string) bool {
	if dir, ok := strings.CutSuffix(pattern, "/*"); ok {
		rest, ok := strings.CutPrefix(pkg, dir+"/")
		return ok && !strings.Contains(rest, "/")
	}
	return pattern == pkg
}

func floor(pkg string) int {
	for i, rooms := range floors {
		for _, r := range rooms {
			if match(r, pkg) {
				return i
			}
		}
	}
	return -1
}

func TestImportsRunOneWay(t *testing.T) {
	out, err := exec.Command("go", "list", "-e", "-json=ImportPath,Imports", "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	dec := json.NewDecoder(strings.NewReader(string(out)))
	seen := 0
	for {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		pkg, ours := strings.CutPrefix(p.ImportPath, module)
		if !ours || strings.Contains(p.ImportPath, "test") && !strings.HasSuffix(pkg, "channeltest") {
			continue // test helpers may import what they test
		}
		seen++
		for _, imp := range p.Imports {
			to, ours := strings.CutPrefix(imp, module)
			if !ours || allowed[[2]string{pkg, to}] != "" {
				continue
			}
			if !may(pkg, to) {
				t.Errorf("%s imports %s: see docs/architecture.md for which way imports run", pkg, to)
			}
		}
	}
	if seen < 8 {
		t.Fatalf("only %d packages were seen: the test looks at the wrong place", seen)
	}
}

func may(from, to string) bool {
	for pattern, list := range apart {
		if match(pattern, from) {
			return slices.ContainsFunc(list, func(l string) bool { return match(l, to) })
		}
	}
	for pattern := range apart {
		if match(pattern, to) {
			return strings.HasPrefix(from, "cmd/") || strings.HasPrefix(from, "internal/proof") || from == "internal/rehearse" || from == "internal/practice" // the wiring and the proof may know everything
		}
	}
	f, g := floor(from), floor(to)
	return f >= 0 && g >= 0 && g < f
}
