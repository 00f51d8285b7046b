//go:build !linux

package db

import (
	"fmt"
	"syscall"
)

// placeOf tells a file from its copy, by the number of the file on its disk.
func placeOf(file string) string {
	var st syscall.Stat_t
	if err := syscall.Stat(file, &st); err != nil {
		return "unknown"
	}
	return fmt.Sprintf("inode %d", st.Ino)
}
