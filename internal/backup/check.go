package backup

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/internal/db"
)

// maxAge is how old the newest backup may be: a day, and half of one for whoever makes
// them daily.
const maxAge = 36 * time.Hour

// A Check restores the newest backup into a scratch place, looks at it, and throws it
// away. What it opens is inert: it has no lane, cannot be armed, and nothing in it can
// call anybody.
type Check struct {
	From    string // folder of the backups
	Scratch string // folder for an SQLite copy; "" = the folder of the backups
	URL     string // PostgreSQL: the server on which the scratch database is made
	Key     [32]byte
	Log     *slog.Logger
	Now     func() time.Time

	// Verify looks at the restored database; nil = the counts of the manifest suffice.
	Verify func(ctx context.Context, d *db.DB) error
}

// NotRestored is what there is to say to people when a check failed for a reason that is
// in the log alone.
var NotRestored = fault.Because("backup_not_restored", "the newest backup could not be restored: see the log")

// Run checks the newest backup. about is when that was made; the zero time when there is
// none.
func (c Check) Run(ctx context.Context) (about time.Time, err error) {
	const op = "backup.Check"
	all, err := List(c.From)
	if err != nil {
		return about, fault.Wrap(op, err)
	}
	if len(all) == 0 {
		return about, fault.Say(op, fault.NotFound, "backup_none", "there is no backup in {folder}: make one with tongdan backup", "folder", c.From)
	}
	b := all[0]
	about = b.MadeAt
	to, drop, err := c.scratch(ctx, b)
	if err != nil {
		return about, fault.Wrap(op, err)
	}
	err = restore(ctx, b, to, c.Key, c.Log, func(d *db.DB) error {
		if c.Verify == nil {
			return nil
		}
		return c.Verify(ctx, d)
	})
	err = cmp.Or(err, drop())
	if age := c.Now().Sub(about); err == nil && age > maxAge {
		err = fault.Say(op, fault.Conflict, "backup_old", "the newest backup is good but {hours} hours old: see to it that one is made every day", "hours", strconv.Itoa(int(age.Hours())))
	}
	return about, fault.Wrap(op, err)
}

// Of a check whose process died its scratch place is left: a copy of everything. The next one
// takes it away once no check can still be at it.
const (
	scratchDir   = ".check-"
	scratchName  = "tongdan_check_" // and when it was made, in seconds
	scratchStays = 24 * time.Hour
)

// tidyDir takes away what dead checks left in a folder.
func (c Check) tidyDir(parent string) {
	left, _ := filepath.Glob(filepath.Join(parent, scratchDir+"*"))
	for _, dir := range left {
		if i, err := os.Stat(dir); err != nil || c.Now().Sub(i.ModTime()) < scratchStays {
			continue
		}
		if err := os.RemoveAll(dir); err != nil {
			c.Log.Warn("a copy that a check of a backup left behind could not be taken away", "folder", dir, "err", err)
		}
	}
}

// tidyServer takes away what dead checks left on a PostgreSQL server.
func (c Check) tidyServer(ctx context.Context, raw *db.Raw) {
	left, err := raw.Databases(ctx, scratchName)
	for _, name := range left {
		at, _, _ := strings.Cut(strings.TrimPrefix(name, scratchName), "_")
		if n, bad := strconv.ParseInt(at, 10, 64); bad != nil || c.Now().Sub(time.Unix(n, 0)) < scratchStays {
			continue
		}
		err = cmp.Or(err, raw.DropDatabase(ctx, name))
	}
	if err != nil {
		c.Log.Warn("copies that checks of backups left behind could not be taken away", "err", err)
	}
}

// scratch makes a place to restore into.
func (c Check) scratch(ctx context.Context, b Backup) (to Place, drop func() error, err error) {
	if b.Engine == "sqlite" {
		parent := c.Scratch
		if parent == "" {
			parent = c.From
		}
		c.tidyDir(parent)
		dir, err := os.MkdirTemp(parent, scratchDir)
		if err != nil {
			return to, nil, &fault.Error{Op: "backup.scratch", Code: fault.Unavailable, Words: "a folder for the check could not be made in " + parent, Err: err}
		}
		return Place{Dir: dir}, func() error { return os.RemoveAll(dir) }, nil
	}
	if c.URL == "" {
		return to, nil, fault.Say("backup.scratch", fault.Invalid, "backup_wants_postgres", "the newest backup is of PostgreSQL: set DATABASE_URL to its server")
	}
	raw, err := db.OpenRaw(ctx, c.URL)
	if err != nil {
		return to, nil, err
	}
	var word [6]byte
	rand.Read(word[:])
	c.tidyServer(ctx, raw)
	name := scratchName + strconv.FormatInt(c.Now().Unix(), 10) + "_" + hex.EncodeToString(word[:])
	address, err := raw.MakeDatabase(ctx, c.URL, name)
	if err != nil {
		return to, nil, errors.Join(err, raw.Close())
	}
	return Place{URL: address}, func() error {
		return errors.Join(raw.DropDatabase(context.WithoutCancel(ctx), name), raw.Close())
	}, nil
}
