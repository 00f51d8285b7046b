package dst

import (
	"errors"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/internal/db"
)

var errDisk = errors.New("disk I/O error")

// fails lets statements and commits fail as the script wants it: only those of the hubs, not
// those by which the day is prepared and checked.
func (w *World) fails(at db.Moment) error {
	if w.broken[at] == 0 || w.now == nil && !w.writing {
		return nil
	}
	w.broken[at]--
	w.trace("the database fails: " + string(at))
	return errDisk
}

// goesOn reports whether a hub may give an error while its database fails: it says that
// something can be tried again, or that nobody knows whether it is done.
func goesOn(err error) bool {
	return fault.Is(err, fault.Unavailable) || fault.Is(err, fault.Unknown)
}
