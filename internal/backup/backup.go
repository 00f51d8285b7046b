// Package backup makes backups of a database that is at work, restores them, and checks
// by restoring that they can be relied on.
//
// A backup is one folder: the copy of the database (an SQLite file, or a dump in
// PostgreSQL's own form) and manifest.json, which says what is in it. It is written under
// a name that begins with a dot and gets its own when everything is on the disk, so that
// a folder with a manifest is whole. The master key is never in it.
//
// Whatever is restored is disarmed: nothing is called outside from it until a person has
// said that the original does not run (hub.Arm).
package backup

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/internal/db"
)

// Names and limits of a backup.
const (
	form         = 1 // of the manifest
	manifestName = "manifest.json"
	sqliteName   = "tongdan.db"
	dumpName     = "tongdan.pgdump"
	prefix       = "tongdan-"
	stampForm    = "20060102T150405Z"
	maxManifest  = 4 << 20
	leftover     = 48 * time.Hour // an unfinished backup older than that is nobody's any more
)

// A Manifest says what a backup is. It holds no secret and nothing of a customer.
type Manifest struct {
	Form    int       `json:"form"`
	Program string    `json:"program"` // version of Tongdan
	MadeAt  time.Time `json:"made_at"`
	KeyID   string    `json:"key_id"` // names the master key without telling it
	db.Facts
	Files []File `json:"files"`
}

// A File is one file of a backup, for finding out whether it is as it was.
type File struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// A Backup is a backup in its folder.
type Backup struct {
	Path string
	Manifest
}

// A Place is where a database lies: in a folder (SQLite), or at an address (PostgreSQL).
type Place struct {
	URL string // postgres://…; "" = SQLite in Dir
	Dir string
}

func (p Place) raw() string {
	if p.URL != "" {
		return p.URL
	}
	return filepath.Join(p.Dir, db.SQLiteFile)
}

// Options of a backup.
type Options struct {
	From    Place
	To      string   // folder in which the backup's own folder is made
	Key     [32]byte // only to find out whether it fits; it is not kept
	Keep    int      // so many of this installation's backups stay, older ones are deleted; 0 = all
	Program string
	Now     func() time.Time
}

// Take makes a backup while the database is at work. It fails with fault.Conflict when
// there is no room for it or one of its name exists, with fault.Unsupported when
// PostgreSQL's tools are missing, and with fault.Unauthorized when the key does not fit.
// removed are the backups that were deleted because of Keep.
func Take(ctx context.Context, o Options) (made Backup, removed []string, err error) {
	const op = "backup.Take"
	now := o.Now().UTC().Truncate(time.Second)
	if err := os.MkdirAll(o.To, 0o700); err != nil {
		return made, nil, &fault.Error{Op: op, Code: fault.Invalid, Words: "the folder for backups cannot be made", Err: err}
	}
	name := prefix + now.Format(stampForm)
	made.Path = filepath.Join(o.To, name)
	if _, err := os.Lstat(made.Path); err == nil {
		return made, nil, fault.New(op, fault.Conflict, made.Path+" exists: a backup never overwrites another")
	}
	sweep(o.To, now)
	raw, err := db.OpenRaw(ctx, o.From.raw())
	if err != nil {
		return made, nil, fault.Wrap(op, err)
	}
	defer raw.Close()
	if err := raw.Fits(ctx, o.Key); err != nil {
		return made, nil, fault.Wrap(op, err)
	}
	size, err := raw.Size(ctx)
	if err != nil {
		return made, nil, fault.Wrap(op, err)
	}
	if o.From.URL != "" {
		size /= 2 // a dump is packed and has no indexes
	}
	if err := room(o.To, size); err != nil {
		return made, nil, fault.Wrap(op, err)
	}
	part := filepath.Join(o.To, "."+name+".part")
	if err := os.Mkdir(part, 0o700); err != nil {
		return made, nil, &fault.Error{Op: op, Code: fault.Conflict, Words: "another backup is being made, or " + o.To + " cannot be written to", Err: err}
	}
	defer os.RemoveAll(part)
	made.Manifest = Manifest{Form: form, Program: o.Program, MadeAt: now, KeyID: db.KeyID(o.Key)}
	file := sqliteName
	if o.From.URL != "" {
		file = dumpName
		made.Facts, err = raw.Snapshot(ctx, func(snapshot string) error {
			return dump(ctx, o.From.URL, snapshot, filepath.Join(part, file))
		})
	} else {
		made.Facts, err = copySQLite(ctx, o.From.Dir, filepath.Join(part, file))
	}
	if err != nil {
		return made, nil, fault.Wrap(op, err)
	}
	f, err := measure(part, file)
	if err = errors.Join(err, os.Chmod(filepath.Join(part, file), 0o600)); err != nil {
		return made, nil, fault.Wrap(op, err)
	}
	made.Files = []File{f}
	if err := made.finish(part); err != nil {
		return made, nil, &fault.Error{Op: op, Code: fault.Unavailable, Words: "the backup could not be written to the disk", Err: err}
	}
	removed, err = thin(o.To, made, o.Keep)
	return made, removed, fault.Wrap(op, err)
}

func copySQLite(ctx context.Context, dir, into string) (db.Facts, error) {
	if err := db.CopySQLite(ctx, dir, into); err != nil {
		return db.Facts{}, err
	}
	copied, err := db.OpenRaw(ctx, into)
	if err != nil {
		return db.Facts{}, err
	}
	facts, err := copied.Facts(ctx)
	if err == nil {
		err = copied.MarkCopy(ctx)
	}
	return facts, errors.Join(err, copied.Close())
}

// measure reads a file of a backup and makes it durable.
func measure(dir, name string) (File, error) {
	f, err := os.Open(filepath.Join(dir, name))
	if err != nil {
		return File{}, err
	}
	defer f.Close()
	h := sha256.New()
	n, err := io.Copy(h, f)
	if err == nil {
		err = f.Sync()
	}
	return File{name, n, hex.EncodeToString(h.Sum(nil))}, err
}

// finish writes the manifest and gives the folder its name.
func (b *Backup) finish(part string) error {
	text, err := json.MarshalIndent(b.Manifest, "", "  ")
	if err != nil {
		return err
	}
	f, err := os.OpenFile(filepath.Join(part, manifestName), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(append(text, '\n'))
	if err = errors.Join(err, f.Sync(), f.Close(), syncDir(part)); err != nil {
		return err
	}
	if err := os.Rename(part, b.Path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(b.Path))
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// room fails when a folder's disk has less than a size free, and a twentieth.
func room(dir string, size int64) error {
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		return err
	}
	need := size + size/20 + 1<<20
	if free := int64(st.Bavail) * int64(st.Bsize); free < need {
		return fault.New("backup.room", fault.Conflict, fmt.Sprintf("%s has %s free, and about %s are needed: make room, or give another folder", dir, amount(free), amount(need)))
	}
	return nil
}

func amount(n int64) string {
	switch {
	case n >= 10<<30:
		return fmt.Sprintf("%d GiB", n>>30)
	case n >= 10<<20:
		return fmt.Sprintf("%d MiB", n>>20)
	}
	return fmt.Sprintf("%d KiB", (n+1023)>>10)
}

// Size is how many bytes a backup has.
func (b Backup) Size() (n int64) {
	for _, f := range b.Files {
		n += f.Size
	}
	return n
}

// SizeText is Size for people.
func (b Backup) SizeText() string { return amount(b.Size()) }

// sweep deletes what backups that died left behind.
func sweep(dir string, now time.Time) {
	list, _ := filepath.Glob(filepath.Join(dir, "."+prefix+"*.part"))
	for _, p := range list {
		if st, err := os.Stat(p); err == nil && now.Sub(st.ModTime()) > leftover {
			os.RemoveAll(p)
		}
	}
}

// thin deletes this installation's backups but the newest.
func thin(dir string, made Backup, keep int) (removed []string, err error) {
	if keep <= 0 {
		return nil, nil
	}
	all, err := List(dir)
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(b Backup) bool { return b.Installation != made.Installation })
	for _, b := range all[min(keep, len(all)):] {
		if err := os.RemoveAll(b.Path); err != nil {
			return removed, &fault.Error{Op: "backup.thin", Code: fault.Unavailable, Words: "the backup was made, but an old one could not be deleted", Err: err}
		}
		removed = append(removed, b.Path)
	}
	return removed, nil
}

// List gives the backups in a folder, newest first. What is not a whole backup is left
// out.
func List(dir string) ([]Backup, error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, &fault.Error{Op: "backup.List", Code: fault.NotFound, Why: fault.Because("backup_folder", "the folder of the backups cannot be read"), Err: err}
	}
	var out []Backup
	for _, e := range entries {
		if !e.IsDir() || !strings.HasPrefix(e.Name(), prefix) {
			continue
		}
		if b, err := Read(filepath.Join(dir, e.Name())); err == nil {
			out = append(out, b)
		}
	}
	slices.SortFunc(out, func(a, b Backup) int { return cmp.Or(b.MadeAt.Compare(a.MadeAt), cmp.Compare(b.Path, a.Path)) })
	return out, nil
}

// Read reads the manifest of a backup. It fails with fault.NotFound when there is none,
// and with fault.Invalid when it cannot be read or is of a later form.
func Read(dir string) (Backup, error) {
	const op = "backup.Read"
	f, err := os.Open(filepath.Join(dir, manifestName))
	if err != nil {
		return Backup{}, &fault.Error{Op: op, Code: fault.NotFound, Why: fault.Because("backup_no_manifest", "{folder} is no backup: it has no {file}", "folder", dir, "file", manifestName), Err: err}
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxManifest))
	if err != nil {
		return Backup{}, fault.Wrap(op, err)
	}
	m, err := parse(text)
	return Backup{dir, m}, fault.Wrap(op, err)
}

// parse reads a manifest. A backup may have been carried about, so nothing in it is
// believed: a file name that leads out of the folder, say.
func parse(text []byte) (Manifest, error) {
	const op = "backup.parse"
	bad := func(why string) (Manifest, error) {
		return Manifest{}, fault.Say(op, fault.Invalid, "backup_manifest", "the manifest of the backup cannot be read: {what}", "what", why)
	}
	var m Manifest
	if err := json.Unmarshal(text, &m); err != nil {
		return bad("it is damaged")
	}
	want := map[string]string{"sqlite": sqliteName, "postgres": dumpName}[m.Engine]
	switch {
	case m.Form > form:
		return bad("it was made by a newer version of Tongdan")
	case m.Form < 1 || m.MadeAt.IsZero() || m.Schema < 1 || m.Installation == "":
		return bad("it is not complete")
	case want == "":
		return bad("its engine is not known")
	case len(m.Files) != 1 || m.Files[0].Name != want || m.Files[0].Size <= 0 || len(m.Files[0].SHA256) != 64:
		return bad("its list of files is wrong")
	}
	return m, nil
}

// Intact reads every file of a backup and compares it with the manifest.
func (b Backup) Intact() error {
	const op = "backup.Intact"
	for _, f := range b.Files {
		got, err := measure(b.Path, f.Name)
		if err != nil {
			return &fault.Error{Op: op, Code: fault.NotFound, Why: fault.Because("backup_file_gone", "a file of the backup cannot be read: {file}", "file", f.Name), Err: err}
		}
		if got != f {
			return fault.Say(op, fault.Conflict, "backup_file_changed", "{file} is not as it was when the backup was made: use another backup", "file", f.Name)
		}
	}
	return nil
}

// differs says where the rows of a database are not those of the manifest.
func (m Manifest) differs(got db.Facts) []string {
	var out []string
	for t, n := range m.Counts {
		if got.Counts[t] != n {
			out = append(out, fmt.Sprintf("%s has %d rows, the backup had %d", t, got.Counts[t], n))
		}
	}
	for id, p := range m.Feeds {
		if got.Feeds[id] != p {
			out = append(out, fmt.Sprintf("the feed of %s is at %d, in the backup it was at %d", id, got.Feeds[id].Seq, p.Seq))
		}
	}
	if got.Schema != m.Schema {
		out = append(out, fmt.Sprintf("the schema is %d, in the backup it was %d", got.Schema, m.Schema))
	}
	slices.Sort(out)
	return out
}
