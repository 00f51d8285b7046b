package api

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// Whatever huma's validation says, a screen can say in its own language, with what it names.
func TestEveryMessageOfTheSchemaHasAReason(t *testing.T) {
	said, err := exec.Command("go", "list", "-f", "{{.Dir}}", "github.com/danielgtaylor/huma/v2/validation").Output()
	if err != nil {
		t.Fatal(err)
	}
	folder := strings.TrimSpace(string(said))
	packages, err := parser.ParseDir(token.NewFileSet(), folder, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	blank := regexp.MustCompile(`%[vds]`)
	seen := 0
	for _, p := range packages {
		ast.Inspect(p, func(n ast.Node) bool {
			v, ok := n.(*ast.ValueSpec)
			if !ok {
				return true
			}
			for _, value := range v.Values {
				text, err := strconv.Unquote(value.(*ast.BasicLit).Value)
				if err != nil {
					t.Fatal(err)
				}
				seen++
				message := blank.ReplaceAllString(text, "7")
				if r := shapeOf(message); r.Code == odd.Code && !known(message) {
					t.Errorf("%s: %q is not known here", v.Names[0].Name, text)
				}
			}
			return true
		})
	}
	if seen < 40 {
		t.Errorf("only %d messages were found in %s", seen, folder)
	}
}

// known reports whether a message is one whose reason is on purpose that it does not fit.
func known(message string) bool {
	for _, s := range shapes {
		if s.why.Code == odd.Code && len(message) >= len(s.begins) && message[:len(s.begins)] == s.begins {
			return true
		}
	}
	return false
}

func TestTheReasonOfAShapeNamesWhatTheMessageNames(t *testing.T) {
	for message, want := range map[string]string{
		"expected number >= 1":                                       "shape_least: must be at least 1",
		"expected number":                                            "shape_number: must be a number",
		"expected number to be a multiple of 5":                      "shape_multiple: must be a multiple of 5",
		"expected length >= 1":                                       "field_needed: is needed",
		"expected length <= 64":                                      "field_long: is longer than 64 characters",
		"expected array":                                             "shape_list: must be a list",
		"expected array length <= 500":                               "shape_many: must have at most 500 entries",
		"expected object with at least 2 properties":                 "shape_few: must have at least 2 entries",
		`expected value to be one of "accept, refuse"`:               "field_none_of: is none of accept, refuse",
		"expected required property kind to be present":              "shape_missing: kind is missing",
		"expected property until to be present when from is present": "shape_missing_beside: until is missing beside from",
		"expected string to be RFC 3339 date":                        "shape_date: must be a date such as 2026-01-31",
		"expected string to be RFC 3339 date-time":                   "shape_time: must be a moment such as 2026-01-31T08:00:00Z",
		"required query parameter is missing":                        "field_needed: is needed",
		"invalid integer":                                            "shape_whole: must be a whole number",
		"something that nobody has said yet":                         "shape_other: does not have the form that is needed here",
	} {
		if r := shapeOf(message); r.Code+": "+r.Text != want {
			t.Errorf("%q is %q: %q, want %q", message, r.Code, r.Text, want)
		}
	}
}
