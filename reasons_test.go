package tongdan_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// A reason is one code with its English text, as it stands in a call of fault.Because or
// fault.Say.
type reason struct {
	text, at string
	args     []string
}

// untold are the folders whose errors no screen shows: the command line and tests.
var untold = []string{"cmd/", "internal/proof/", "internal/rehearse/", "internal/sim/", "web/", "fault/"}

// reasons reads the sources: the reasons of ours that screens show. English that stands in
// Words of an error where it should be a reason is reported.
func reasons(t *testing.T) map[string]reason {
	t.Helper()
	all := map[string]reason{}
	err := filepath.WalkDir(".", func(path string, f fs.DirEntry, err error) error {
		if err != nil || f.IsDir() && (f.Name() == "node_modules" || f.Name() == ".git") {
			return cmpErr(err, filepath.SkipDir)
		}
		if f.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") ||
			slices.ContainsFunc(untold, func(dir string) bool { return strings.HasPrefix(path, dir) }) {
			return nil
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			sel, ok := call.Fun.(*ast.SelectorExpr)
			if !ok || !isName(sel.X, "fault") {
				return true
			}
			skip, ok := map[string]int{"Because": 0, "Say": 2}[sel.Sel.Name]
			if !ok {
				return true
			}
			at := set.Position(call.Pos()).String()
			code, text := literal(call.Args[skip]), literal(call.Args[skip+1])
			if code == "" || text == "" {
				t.Errorf("%s: the code and the text of a reason are literals, so that they are found here", at)
				return true
			}
			r := reason{text: text, at: at}
			for i := skip + 2; i < len(call.Args); i += 2 {
				r.args = append(r.args, literal(call.Args[i]))
			}
			if was, ok := all[code]; ok && (was.text != r.text || !slices.Equal(was.args, r.args)) {
				t.Errorf("%s: %s is another reason at %s: %q", at, code, was.at, was.text)
			}
			all[code] = r
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func cmpErr(err, or error) error {
	if err != nil {
		return err
	}
	return or
}

func isName(e ast.Expr, name string) bool {
	id, ok := e.(*ast.Ident)
	return ok && id.Name == name
}

func literal(e ast.Expr) string {
	if l, ok := e.(*ast.BasicLit); ok && l.Kind == token.STRING {
		s, _ := strconv.Unquote(l.Value)
		return s
	}
	return ""
}

var (
	goBlank  = regexp.MustCompile(`\{(\w+)\}`)
	webBlank = regexp.MustCompile(`\{\{(\w+)\}\}`)
	webLine  = regexp.MustCompile(`(?m)^    (\w+):\s+"((?:[^"\\]|\\.)*)",$`)
)

func TestEveryReasonHasATextInEveryLanguage(t *testing.T) {
	all := reasons(t)
	if len(all) < 150 {
		t.Fatalf("only %d reasons were found", len(all))
	}
	for code, r := range all {
		for _, b := range goBlank.FindAllStringSubmatch(r.text, -1) {
			if !slices.Contains(r.args, b[1]) {
				t.Errorf("%s: %q has a blank for %s and no such argument", r.at, r.text, b[1])
			}
		}
		if code != strings.ToLower(code) {
			t.Errorf("%s: the code %s has capitals", r.at, code)
		}
	}
	files, err := filepath.Glob("web/src/words/*.ts")
	if err != nil {
		t.Fatal(err)
	}
	languages := 0
	for _, path := range files {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		_, why, ok := strings.Cut(string(b), "\n  why: {\n")
		if !ok {
			continue // no language
		}
		languages++
		why, _, _ = strings.Cut(why, "\n  },\n")
		has := map[string]string{}
		for _, l := range webLine.FindAllStringSubmatch(why+"\n", -1) {
			has[l[1]] = l[2]
		}
		for code, r := range all {
			text, ok := has[code]
			if !ok {
				t.Errorf("%s: why.%s is missing (%s: %q)", path, code, r.at, r.text)
			}
			for _, b := range webBlank.FindAllStringSubmatch(text, -1) {
				if !slices.Contains(r.args, b[1]) {
					t.Errorf("%s: why.%s has a blank for %s, which %s does not give", path, code, b[1], r.at)
				}
			}
		}
		for code := range has {
			if _, ok := all[code]; !ok && !slices.Contains(ofTheConsole, code) {
				t.Errorf("%s: nothing gives the reason why.%s", path, code)
			}
		}
	}
	if languages < 2 {
		t.Errorf("%d languages were found", languages)
	}
}

// ofTheConsole are reasons that the console finds by itself.
var ofTheConsole = []string{"no_acceptance", "role"}

// english finds a text of ours in the Words of an error, or the Message of a field or an
// issue: literal, or put together.
var english = regexp.MustCompile(`\b(?:Words|Message): +"|\bMessage: [^,}]*\+ *"|\bWords: [^,}]*\+ *"|fault\.New\([^)]*, "[^"]+`)

func TestConnectorsAndHubGiveReasonsNotEnglish(t *testing.T) {
	seen := 0
	for _, dir := range []string{"channel", "order", "role", "effect", "internal/hub", "internal/api", "internal/platform/*"} {
		files, err := filepath.Glob(dir + "/*.go")
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range files {
			if strings.HasSuffix(path, "_test.go") || slices.Contains(forTheCommandLine, path) {
				continue
			}
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			seen++
			for i, line := range strings.Split(string(b), "\n") {
				if english.MatchString(line) {
					t.Errorf("%s:%d: give a reason with a code (fault.Say, fault.Because), which screens say in their own language: %s", path, i+1, strings.TrimSpace(line))
				}
			}
		}
	}
	if seen < 60 {
		t.Errorf("only %d files were looked at", seen)
	}
}

// What a connector says of its platform is Chinese and English; the console has it in its
// other languages by the English.
func TestWhatConnectorsSayIsSaidInEveryLanguage(t *testing.T) {
	english := regexp.MustCompile(`(?:\bEN:\s*|\bfield\("\w+", "[^"]*", )("(?:[^"\\]|\\.)*")`) // a Text, or a field of a sender
	said := map[string]string{}
	for _, dir := range []string{"internal/hub", "internal/platform/*", "internal/printer/*", "internal/sender"} {
		files, err := filepath.Glob(dir + "/*.go")
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range files {
			if strings.HasSuffix(path, "_test.go") {
				continue
			}
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range english.FindAllStringSubmatch(string(b), -1) {
				text, err := strconv.Unquote(m[1])
				if err != nil {
					t.Fatal(err)
				}
				said[text] = path
			}
		}
	}
	if len(said) < 90 {
		t.Fatalf("only %d texts were found", len(said))
	}
	files, err := filepath.Glob("web/src/words/said/*.ts")
	if err != nil || len(files) < 2 {
		t.Fatalf("%d languages: %v", len(files), err)
	}
	line := regexp.MustCompile(`(?m)^  (?:(\w+)|("(?:[^"\\]|\\.)*")|'((?:[^'\\]|\\.)*)'):\s+(?:"(?:[^"\\]|\\.)+"|'(?:[^'\\]|\\.)+'),$`)
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		has := map[string]bool{}
		for _, m := range line.FindAllStringSubmatch(string(b), -1) {
			text := m[1] + strings.ReplaceAll(m[3], `\'`, "'")
			if m[2] != "" {
				if text, err = strconv.Unquote(m[2]); err != nil {
					t.Fatal(err)
				}
			}
			has[text] = true
			if said[text] == "" {
				t.Errorf("%s: nobody says %q any more", file, text)
			}
		}
		for text, path := range said {
			if !has[text] {
				t.Errorf("%s: %q is missing (%s)", file, text, path)
			}
		}
	}
}

// forTheCommandLine are files whose errors end in a terminal, which speaks English.
var forTheCommandLine = []string{"internal/hub/case.go", "internal/hub/replay.go", "internal/hub/verify.go", "internal/hub/replaced.go", "channel/reach.go"}
