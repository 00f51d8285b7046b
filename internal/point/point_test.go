package point

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// TestMain hits a place five times and says so each time, when it was started for that.
func TestMain(m *testing.M) {
	if os.Getenv("POINT_TEST") != "" {
		for range 5 {
			os.Stdout.WriteString("hit\n")
			Hit(PushReceived)
			Hit(PushAnswered)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func child(env string) (*exec.Cmd, *bytes.Buffer) {
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), "POINT_TEST=1", Env+"="+env)
	out := new(bytes.Buffer)
	c.Stdout = out
	return c, out
}

func TestAProcessDiesAtTheArmedTime(t *testing.T) {
	c, out := child("push.received:3:kill")
	err := c.Run()
	if c.ProcessState.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Fatalf("it ended by itself: %v", err)
	}
	if n := strings.Count(out.String(), "hit"); n != 3 {
		t.Errorf("it died at the hit %d, not at the third", n)
	}
}

func TestAFrozenProcessGoesOn(t *testing.T) {
	c, out := child("push.answered:2:freeze")
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	var st syscall.WaitStatus
	if _, err := syscall.Wait4(c.Process.Pid, &st, syscall.WUNTRACED, nil); err != nil || !st.Stopped() {
		t.Fatalf("it did not stop: %v %v", st, err)
	}
	if err := c.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	if err := c.Wait(); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(out.String(), "hit"); n != 5 {
		t.Errorf("after it was woken it hit %d of 5", n)
	}
}

func TestArmRefusesWhatIsNotDeclared(t *testing.T) {
	defer Arm("")
	for _, bad := range []string{"push.recieved:1:kill", "push.received", "push.received:0:kill", "push.received:1:maybe", "push.received:1:kill,"} {
		if Arm(bad) == nil {
			t.Errorf("%q was taken", bad)
		}
	}
	if err := Arm("push.received:1:kill,write.commit:2:freeze"); err != nil {
		t.Error(err)
	}
}

func BenchmarkHitNotArmed(b *testing.B) {
	for b.Loop() {
		Hit(PushReceived)
	}
}
