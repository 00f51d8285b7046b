package backup

import (
	"cmp"
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/internal/db"
)

// Restore brings a backup into an empty place: a folder without a database, or a
// PostgreSQL database without tables. It compares every file with its hash, the key with
// the backup, and what was restored with the manifest; then it opens the database once,
// which brings the schema up to date, begins a new epoch of every feed and leaves it
// disarmed. When it fails, an SQLite folder is as it was; a PostgreSQL database is empty
// or has to be dropped, as the error says.
func Restore(ctx context.Context, b Backup, to Place, key [32]byte, log *slog.Logger) error {
	return restore(ctx, b, to, key, log, nil)
}

// restore opens the restored database as opts says, and gives it to look, which closes it.
func restore(ctx context.Context, b Backup, to Place, key [32]byte, log *slog.Logger, look func(*db.DB) error) error {
	const op = "backup.Restore"
	switch {
	case b.Schema > db.NewestSchema():
		return fault.Say(op, fault.Conflict, "backup_newer", "the backup is of a newer version of Tongdan ({version}, schema {schema}): restore it with that version", "version", b.Program, "schema", strconv.FormatInt(b.Schema, 10))
	case b.Engine == "postgres" && to.URL == "":
		return fault.New(op, fault.Invalid, "the backup is of PostgreSQL: set DATABASE_URL to an empty database")
	case b.Engine == "sqlite" && to.URL != "":
		return fault.New(op, fault.Invalid, "the backup is of SQLite: unset DATABASE_URL and give an empty folder")
	case b.KeyID != db.KeyID(key):
		return fault.Say(op, fault.Unauthorized, "backup_key", "the master key is not the one of this backup: give the key {key}, which it was made with", "key", b.KeyID)
	}
	if err := b.Intact(); err != nil {
		return fault.Wrap(op, err)
	}
	file := filepath.Join(b.Path, b.Files[0].Name)
	var err error
	if to.URL != "" {
		err = intoPostgres(ctx, b, file, to.URL, key)
	} else {
		err = intoFolder(ctx, b, file, to.Dir, key)
	}
	if err != nil {
		return fault.Wrap(op, err)
	}
	o := db.Options{URL: to.URL, Key: key, Log: log, Inert: look != nil}
	if to.URL == "" {
		o.Dir = to.Dir
	}
	d, err := db.Open(ctx, o)
	if err != nil {
		return fault.Wrap(op, err)
	}
	if look != nil {
		err = look(d)
	} else {
		var armed bool
		if armed, err = d.Armed(ctx); armed {
			err = fault.New(op, fault.Internal, "the restored database is armed, which must not be: do not start it")
		}
	}
	return fault.Wrap(op, cmp.Or(err, d.Close()))
}

func intoFolder(ctx context.Context, b Backup, from, dir string, key [32]byte) (err error) {
	const op = "backup.intoFolder"
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return &fault.Error{Op: op, Code: fault.Invalid, Words: "the folder for the data cannot be made", Err: err}
	}
	to := filepath.Join(dir, db.SQLiteFile)
	for _, name := range []string{to, to + "-wal", to + "-shm"} {
		if _, err := os.Lstat(name); err == nil {
			return fault.New(op, fault.Conflict, dir+" has a database: restore into an empty folder")
		}
	}
	if err := room(dir, b.Size()); err != nil {
		return err
	}
	part := to + ".restoring"
	defer os.Remove(part)
	if err := copyFile(from, part); err != nil {
		return &fault.Error{Op: op, Code: fault.Unavailable, Words: "the database could not be written", Err: err}
	}
	raw, err := db.OpenRaw(ctx, part)
	if err != nil {
		return err
	}
	if err = raw.Sound(ctx); err == nil {
		err = b.same(ctx, raw, key)
	}
	if err == nil {
		err = raw.MarkCopy(ctx)
	}
	if err = cmp.Or(err, raw.Close()); err != nil {
		return err
	}
	if err := os.Link(part, to); err != nil { // unlike a rename it replaces nothing
		return &fault.Error{Op: op, Code: fault.Conflict, Words: "the database could not be put into " + dir, Err: err}
	}
	return syncDir(dir)
}

func intoPostgres(ctx context.Context, b Backup, from, address string, key [32]byte) error {
	const op = "backup.intoPostgres"
	raw, err := db.OpenRaw(ctx, address)
	if err != nil {
		return err
	}
	defer raw.Close()
	empty, err := raw.Empty(ctx)
	if err != nil {
		return err
	}
	if !empty {
		return fault.New(op, fault.Conflict, "the database has tables: restore into an empty one")
	}
	if err := undump(ctx, address, from); err != nil {
		return err
	}
	if err := raw.MarkCopy(ctx); err != nil {
		return fault.Wrap(op, err)
	}
	return b.same(ctx, raw, key)
}

// same fails when what was restored is not what the backup says, or the key does not
// open it.
func (b Backup) same(ctx context.Context, raw *db.Raw, key [32]byte) error {
	if err := raw.Fits(ctx, key); err != nil {
		return err
	}
	got, err := raw.Facts(ctx)
	if err != nil {
		return err
	}
	if list := b.differs(got); len(list) > 0 {
		return fault.Say("backup.same", fault.Conflict, "backup_differs", "what was restored is not what the backup says: {what}", "what", strings.Join(list[:min(3, len(list))], "; "))
	}
	return nil
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Sync(), out.Close())
}
