package db

import (
	"fmt"
	"syscall"

	"golang.org/x/sys/unix"
)

// placeOf tells a file from its copy, by what a copy does not take along: the number of
// the file on its disk, and the moment of its making, since another machine's disk may
// have given the same number. Where the file system keeps no such moment the number alone
// has to do.
func placeOf(file string) string {
	var st unix.Statx_t
	err := unix.Statx(unix.AT_FDCWD, file, unix.AT_STATX_SYNC_AS_STAT, unix.STATX_INO|unix.STATX_BTIME, &st)
	if err == nil && st.Mask&unix.STATX_BTIME != 0 {
		return fmt.Sprintf("inode %d born %d.%09d", st.Ino, st.Btime.Sec, st.Btime.Nsec)
	}
	var old syscall.Stat_t
	if err := syscall.Stat(file, &old); err != nil {
		return "unknown"
	}
	return fmt.Sprintf("inode %d", old.Ino)
}
