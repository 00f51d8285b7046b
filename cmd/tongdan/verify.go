package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/hub"
	"github.com/tongdan/tongdan/internal/platform"
)

// errDoesNotHold is the end of a command that looked and found something: exit code 1.
var errDoesNotHold = errors.New("not everything holds")

// couldNotLook is an error before anything was found out: exit code 2.
type couldNotLook struct{ error }

func (e couldNotLook) Unwrap() error { return e.error }

// reader opens the database only to read, beside a server that runs.
func (c command) reader(ctx context.Context, dir, url string) (*db.DB, error) {
	if files, _ := filepath.Glob(filepath.Join(dir, "*.db")); url == "" && len(files) == 0 {
		return nil, fmt.Errorf("--data: there is no database in %s", dir)
	}
	key, err := c.key(dir)
	if err != nil {
		return nil, err
	}
	o := db.Options{URL: url, Key: key, Log: c.log}
	if url == "" {
		o.Dir = dir
	}
	return db.OpenReader(ctx, o)
}

// verify looks at every invariant of a live database.
func (c command) verify(ctx context.Context, args []string) error {
	f := c.flags("verify")
	data := f.String("data", c.or("TONGDAN_DATA", "./data"), "folder of the data and of the key file (TONGDAN_DATA)")
	asJSON := f.Bool("json", false, "print the report as JSON")
	repair := f.Bool("repair", false, "make derived data anew where it is wrong: counts, search, folded orders; on SQLite stop tongdan serve first")
	only := f.String("only", "", "names of checks, with commas between them: "+strings.Join(hub.VerifyChecks(), ","))
	examples := f.Int("examples", 10, "counterexamples to show of each check")
	if err := parse(f, args); err != nil {
		return couldNotLook{err}
	}
	open := c.reader
	if *repair {
		open = c.open
	}
	d, err := open(ctx, *data, c.env("DATABASE_URL"))
	if err != nil {
		return couldNotLook{err}
	}
	defer d.Close()
	h := hub.New(hub.Options{DB: d, Platforms: platform.All(), Log: c.log, NoLanes: true})
	o := hub.VerifyOptions{Examples: *examples, Repair: *repair, Progress: c.progress()}
	if *only != "" {
		o.Checks = strings.Split(*only, ",")
	}
	rep, err := h.Verify(ctx, o)
	if err != nil {
		return couldNotLook{err}
	}
	if *asJSON {
		e := json.NewEncoder(c.out)
		e.SetIndent("", "  ")
		err = e.Encode(rep)
	} else {
		err = tell(c.out, rep)
	}
	if err == nil && !rep.Holds {
		err = errDoesNotHold
	}
	return err
}

// progress says on the terminal how far a long look is, at most once in two seconds.
func (c command) progress() func(string, int) {
	last := time.Now()
	return func(check string, looked int) {
		if time.Since(last) < 2*time.Second {
			return
		}
		last = time.Now()
		fmt.Fprintf(c.err, "%s: %d looked at\n", check, looked)
	}
}

// tell prints a report as a table, with the counterexamples below their check.
func tell(w io.Writer, rep hub.VerifyReport) error {
	var b strings.Builder
	for _, k := range rep.Checks {
		mark := "ok  "
		if k.Bad > 0 {
			mark = "FAIL"
		}
		fmt.Fprintf(&b, "%s  %-13s %9d looked at", mark, k.Name, k.Looked)
		if k.Bad > 0 {
			fmt.Fprintf(&b, ", %d do not hold", k.Bad)
		}
		fmt.Fprintf(&b, "   %s\n", k.Says)
		if k.Repaired != "" {
			fmt.Fprintf(&b, "      repaired: %s\n", k.Repaired)
		}
		for _, x := range k.Examples {
			id := x.Order.String()
			if id == "" {
				id = "-"
			}
			fmt.Fprintf(&b, "      %s  %s: expected %s, found %s\n", id, x.What, orNothing(x.Want), orNothing(x.Got))
		}
		if n := k.Bad - len(k.Examples); n > 0 && k.Bad > 0 {
			fmt.Fprintf(&b, "      and %d more\n", n)
		}
	}
	verdict := "Everything holds."
	if !rep.Holds {
		verdict = "NOT everything holds."
	}
	fmt.Fprintf(&b, "%s %s, %s, %.1f s\n", verdict, rep.Engine, time.UnixMilli(rep.At).UTC().Format(time.RFC3339), float64(rep.TookMS)/1000)
	_, err := io.WriteString(w, b.String())
	return err
}

func orNothing(s string) string {
	if s == "" {
		return "nothing"
	}
	return s
}
