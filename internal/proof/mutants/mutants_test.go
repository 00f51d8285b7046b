// Package mutants holds the proof against itself: for each rule that the promise stands
// on there is a mutant that breaks it (internal/mutant), and a proof that must find that.
// A proof that passes with its mutant on proves nothing any more.
package mutants

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/tongdan/tongdan/internal/mutant"
)

// A proof is a test binary and what of it is run.
type proof struct {
	dir  string   // of the package, from the module's root
	args []string // of the test binary
	env  []string
}

// days is the deterministic simulation: so many days, from the first seed on.
func days(n string) proof {
	return proof{"internal/proof/dst", []string{"-test.run=^TestAThousandDays$"}, []string{"TONGDAN_DAYS=" + n, "TONGDAN_SHRINK=25"}}
}

// stocked is the same with stock counted on every second day.
func stocked(n string) proof {
	p := days(n)
	p.env = append(p.env, "TONGDAN_STOCK=50")
	return p
}

// from begins with a later seed: the first that finds a rare mistake is near.
func from(seed string, p proof) proof {
	p.env = append(p.env, "TONGDAN_FROM="+seed)
	return p
}

func only(dir, run string) proof { return proof{dir, []string{"-test.run=" + run}, nil} }

// proofs names the cheapest proof that finds each mutant, and what it has to say: which
// order, which message, what differed.
var proofs = map[mutant.Name]struct {
	proof
	says string // regular expression
}{
	mutant.SkipDedupe:   {days("60"), `pressed again, it became a second effect[\s\S]*made smaller[\s\S]*again`},
	mutant.AnswerFirst:  {days("60"), `Meituan holds \d+ pushes for received, \d+ are committed[\s\S]*made smaller[\s\S]*is placed at`},
	mutant.DropLease:    {days("60"), `node \d made the call \S+ \S+ after its lease of the lane had ended[\s\S]*made smaller`},
	mutant.ActOnCopy:    {days("60"), `a restored copy made the call[\s\S]*made smaller`},
	mutant.ChannelAlone: {stocked("60"), `(verify, stock: \d+ of \d+: \[\{ shown of|channels show \d+ pieces of -?\d+)[\s\S]*made smaller`},
	mutant.MadeReturns:  {stocked("60"), `(sellable is -?\d+, by the platforms' books -?\d+ to -?\d+|the channels show \d+ pieces of \d+ that are there)[\s\S]*made smaller`},
	mutant.TakeOnce:     {stocked("60"), `sellable is -?\d+, by the platforms' books -?\d+ to -?\d+[\s\S]*made smaller`},
	mutant.RepeatBlind:  {from("30", days("60")), `(the platform received it|changed the platform's book) \d+ times[\s\S]*made smaller`},
	mutant.AskedOnce:    {only("internal/lane", "^TestWhatIsAskedAgainWhileItIsUnderWayIsMadeOnceMore$/^sqlite$"), `asked \[1\], want once more`},
	mutant.RefundBlind: {only("internal/platform/meituan", "^TestConformance$/withdrawn|^TestAgreeingToARefundThatHasChangedIsAConflict$"),
		`agreeing to a withdrawn request: .*want a refusal`},
	mutant.ReplayingClient: {only("internal/platform/meituan", "^TestConformance$/dropped_after_the_commit"), `a lost answer gave .*, want unknown_outcome`},
	mutant.GoOn:            {only("internal/db", "^TestAFailingVerbLosesNobodyElsesWork$/^sqlite$"), `order \d+ is there: false; only those whose verb succeeded may be`},
	// Of the usual hundred draws one run in fifteen found nothing; five thousand take a fifth of a second.
	mutant.RaiseEarly: {proof{"stock", []string{"-test.run=^TestWhatIsShownNeverExceedsWhatIsSellable$", "-rapid.nofailfile", "-rapid.checks=5000"}, nil},
		`channels may sell \d+ of \d+|shows \d+ and sold \d+ unheard, more than its bound`}, // whichever chance finds first
	mutant.EnvelopeVersion: {only("internal/platform/meituan", "^TestALateCopyOfAnOlderStateDoesNotWin$"), `the remark is "少冰"[\s\S]*the newest state says "多冰"`},
}

// TestEveryMutantIsFound builds each test binary once with all mutants in it, and runs the
// proof with its mutant on, which must fail and say why, and with none, which must pass.
func TestEveryMutantIsFound(t *testing.T) {
	if testing.Short() {
		t.Skip("builds test binaries")
	}
	root, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	bins := map[string]string{}
	made := t.TempDir()
	build := exec.Command("go", "test", "-c", "-tags", "mutants", "-o", made+"/")
	for _, name := range mutant.All {
		p, ok := proofs[name]
		if !ok {
			t.Errorf("no proof is named for the mutant %s", name)
			continue
		}
		if bins[p.dir] == "" {
			bins[p.dir] = filepath.Join(made, filepath.Base(p.dir)+".test")
			build.Args = append(build.Args, "./"+p.dir)
		}
	}
	build.Dir = root
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("the proofs with mutants do not build: %v\n%s", err, out)
	}
	run := func(t *testing.T, p proof, name mutant.Name) (string, error) {
		ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
		defer cancel()
		cmd := exec.CommandContext(ctx, bins[p.dir], append(p.args, "-test.timeout=230s")...)
		cmd.Dir = filepath.Join(root, p.dir)
		cmd.Env = append(append(os.Environ(), p.env...), mutant.Variable+"="+string(name))
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	passes := map[string]bool{}
	for _, name := range mutant.All {
		p := proofs[name]
		key := p.dir + strings.Join(p.args, " ")
		first := !passes[key]
		passes[key] = true
		t.Run(string(name), func(t *testing.T) {
			t.Parallel() // to make a day smaller takes one core
			if first {
				healthy := p.proof
				if len(healthy.env) > 0 {
					healthy.env = []string{"TONGDAN_DAYS=20"}
				}
				if out, err := run(t, healthy, ""); err != nil {
					t.Fatalf("the proof does not pass without a mutant: %v\n%s", err, out)
				}
			}
			out, err := run(t, p.proof, name)
			if err == nil {
				t.Fatalf("nothing is found of it: %v passes", p.args)
			}
			if _, failed := err.(*exec.ExitError); !failed || !strings.Contains(out, "--- FAIL") {
				t.Fatalf("the proof does not fail but breaks: %v\n%s", err, out)
			}
			if !regexp.MustCompile(p.says).MatchString(out) {
				t.Errorf("it fails without saying %s:\n%s", p.says, out)
			}
		})
	}
}
