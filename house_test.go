package tongdan_test

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"path/filepath"
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

// A migration's number is its own: of two that were written side by side with one number, a database
// that is opened would take neither.
func TestMigrationsHaveNumbersOfTheirOwn(t *testing.T) {
	for _, engine := range []string{"sqlite", "postgres"} {
		files, err := filepath.Glob(filepath.Join("internal", "db", "migrations", engine, "*.sql"))
		if err != nil || len(files) == 0 {
			t.Fatal(err, len(files))
		}
		slices.Sort(files)
		last := ""
		for _, f := range files {
			number, _, _ := strings.Cut(filepath.Base(f), "_")
			if len(number) != 4 || number == last {
				t.Errorf("%s: another one has its number, or it has no four digits", f)
			}
			last = number
		}
	}
}
