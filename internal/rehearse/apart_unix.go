//go:build unix

package rehearse

import "syscall"

// apart puts a node into a process group of its own, so that what is pressed in a terminal
// reaches the rehearsal alone.
func apart() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
