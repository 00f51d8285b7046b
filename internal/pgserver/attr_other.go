//go:build !linux

package pgserver

import "syscall"

// attributes: on other systems the server runs as we do, and ends with Stop only.
func attributes(string) (*syscall.SysProcAttr, error) { return nil, nil }
