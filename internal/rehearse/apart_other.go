//go:build !unix

package rehearse

import "syscall"

// apart: on other systems a node shares what is pressed in a terminal.
func apart() *syscall.SysProcAttr { return nil }
