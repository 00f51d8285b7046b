// Package point names the places between reading a message and confirming what came of
// it, and lets a test make the process die or freeze at one of them.
//
// The environment variable TONGDAN_POINT arms places, separated by commas:
//
//	effect.called:3:kill     at the third time, the process kills itself (SIGKILL)
//	write.numbered:1:freeze  at the first time, it stops (SIGSTOP) until SIGCONT
//
// A place that is not armed costs one atomic load.
package point

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
)

// A Point is the name of a place.
type Point string

// An arm is what is to happen at a place.
type arm struct {
	at     Point
	left   atomic.Int64 // times until it happens
	freeze bool
}

var armed atomic.Pointer[[]*arm]

// Env is the environment variable that arms a process from its start.
const Env = "TONGDAN_POINT"

func init() {
	if text := os.Getenv(Env); text != "" {
		if err := Arm(text); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}

// Arm arms places in place of those that are armed; "" disarms all. It fails on a
// place that is not declared and on words that it does not know. It may be called at
// any time.
func Arm(text string) error {
	if text == "" {
		armed.Store(nil)
		return nil
	}
	var list []*arm
	for part := range strings.SplitSeq(text, ",") {
		f := strings.Split(part, ":")
		if len(f) != 3 || Between(Point(f[0])) == "" || f[2] != "kill" && f[2] != "freeze" {
			return fmt.Errorf("%s: %q is not place:times:kill or place:times:freeze with a place of package point", Env, part)
		}
		n, err := strconv.ParseInt(f[1], 10, 64)
		if err != nil || n < 1 {
			return fmt.Errorf("%s: %q must count from 1", Env, part)
		}
		a := &arm{at: Point(f[0]), freeze: f[2] == "freeze"}
		a.left.Store(n)
		list = append(list, a)
	}
	armed.Store(&list)
	return nil
}

// Hit marks a place. When it is armed and this is the time, the process dies here, or
// stops here and goes on after SIGCONT. It may be called concurrently.
func Hit(p Point) {
	if list := armed.Load(); list != nil {
		for _, a := range *list {
			if a.at == p && a.left.Add(-1) == 0 {
				a.happen()
			}
		}
	}
}

func (a *arm) happen() {
	signal, word := syscall.SIGKILL, "dies"
	if a.freeze {
		signal, word = syscall.SIGSTOP, "freezes"
	}
	fmt.Fprintf(os.Stderr, "%s: the process %s at %s: %s\n", Env, word, a.at, Between(a.at))
	// The signal goes to this thread, which then does not leave the call before it has
	// been heard.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	syscall.Tgkill(syscall.Getpid(), syscall.Gettid(), signal)
}
