// Package db keeps everything that Tongdan knows, in SQLite or PostgreSQL, with one SQL
// text for both; what differs is in the engine type.
//
// # Writing
//
// A Verb names what it needs; the writer loads and locks that for everybody who waits,
// each verb decides in memory, the writer saves what they decided and commits once for
// all of them; only then does Do return. A verb that fails loses nobody else's work.
//
// # Reading
//
// Reads take a Scope, which is part of every query: a person of one store cannot ask
// for another store's rows. They run beside the writer and see what is committed.
//
// # The feed
//
// Each merchant has one numbered list of changes. The number is given by the last lock
// of a transaction, so number order is commit order and there are no gaps. Counts and
// search follow the feed (Follow) and are less than a second behind.
//
// # Secrets
//
// Bodies in the journal are compressed, then sealed under a key per order; credentials
// and keys are sealed with the master key, which is never in the database.
package db

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"io/fs"
	"log/slog"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pressly/goose/v3"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/mutant"
)

// Options say where the data lies.
type Options struct {
	URL string           // "postgres://…"; "" = SQLite in Dir
	Dir string           // folder of the SQLite file; made when absent
	Key [32]byte         // the master key; kept outside the database and its backups
	Now func() time.Time // the wall clock; nil = time.Now
	Log *slog.Logger     // nil = slog.Default()

	// Memory, instead of URL and Dir, and Turn are for a simulation that decides itself
	// what happens next. With Turn the database starts no goroutine: whoever waits for
	// the writer calls Turn until his work is done, and somebody calls Write.
	Memory *Memory
	Turn   func(*DB)
	ID     func(time.Time) int64 // draws ids; nil = ident.New

	// Inert is for a copy that is only looked at: no lane is ever leased, it cannot be
	// armed, and a hub over it has no way to call anybody.
	Inert bool

	// Twice runs every Decide twice and throws the first run away: for tests, so that
	// a Decide that is not pure is found.
	Twice bool
}

// A DB is an open database. All methods may be called concurrently.
type DB struct {
	eng     *engine
	now     func() time.Time
	log     *slog.Logger
	twice   bool
	inert   bool
	owner   string
	place   string   // where the data lies, as a copy would not say
	local   reading  // reads from SQLite; nil = PostgreSQL
	reads   *sql.DB  // from PostgreSQL
	stmts   sync.Map // text → *sql.Stmt of reads
	keys    *keyring
	zip     *zipper
	days    sync.Map     // dayKey → openKey
	history history      // of the PostgreSQL server
	drawn   atomic.Int64 // the last id of a line of the journal
	queue   *queue
	turns   turns // of pages
	bell    *bell
	health  *health
	refs    refs
	opened  opened
	hints   dueHints
	meters  *meters
	memory  *Memory // where it lies, if it lies in memory
	folder  string  // where SQLite's file lies; "" = it is no file
	dir     atomic.Pointer[Directory]
	dirLoad sync.Mutex
	closing context.Context
	stop    context.CancelFunc
	work    sync.WaitGroup
	turn    func(*DB)
	writer  *writer // of Write, when there is a turn
	newID   func(time.Time) int64
	closers []func() error
}

//go:embed migrations/sqlite/*.sql migrations/postgres/*.sql
var migrations embed.FS

// Open opens the database, brings its schema up to date and starts the writer. It
// fails with fault.Invalid on options that make no sense, with fault.Conflict when
// another process has the SQLite folder or the schema is newer than this program, and
// with fault.Unauthorized when the master key is not the one it was made with.
func Open(ctx context.Context, o Options) (*DB, error) {
	const op = "db.Open"
	d := &DB{now: o.Now, log: o.Log, twice: o.Twice, inert: o.Inert, owner: random("n"), bell: newBell(), turns: newTurns(), turn: o.Turn, newID: o.ID}
	if d.now == nil {
		d.now = time.Now
	}
	if d.log == nil {
		d.log = slog.Default()
	}
	if d.newID == nil {
		d.newID = ident.New
	}
	d.closing, d.stop = context.WithCancel(context.Background())
	var err error
	switch {
	case o.URL != "":
		err = d.openPostgres(ctx, o.URL)
	case o.Dir != "":
		err = d.openSQLite(ctx, o.Dir)
	case o.Memory != nil:
		d.memory = o.Memory
		err = d.openMemory(o.Memory)
	default:
		err = fault.New(op, fault.Invalid, "give DATABASE_URL or a folder for the data")
	}
	if err == nil {
		err = d.begin(ctx, o)
	}
	if err != nil {
		return nil, errors.Join(fault.Wrap(op, err), d.Close())
	}
	return d, nil
}

// Prepare gives an empty database the schema of this program and no more, before anybody opens it: copies of it then
// need no migration and are databases of their own all the same. Of the options it takes where the database is.
func Prepare(ctx context.Context, o Options) error {
	const op = "db.Prepare"
	d := new(DB)
	if o.URL == "" {
		return fault.Wrap(op, d.migrateFile(ctx, filepath.Join(o.Dir, sqliteFile)))
	}
	pool, err := sql.Open("pgx", o.URL)
	if err != nil {
		return fault.Wrap(op, err)
	}
	d.reads = pool
	return fault.Wrap(op, errors.Join(d.migratePostgres(ctx), pool.Close()))
}

func (d *DB) begin(ctx context.Context, o Options) error {
	var err error
	if d.keys, err = newKeyring(o.Key); err != nil {
		return err
	}
	if d.zip == nil {
		if d.zip, err = newZipper(runtime.GOMAXPROCS(0)); err != nil {
			return err
		}
	}
	d.health = newHealth()
	d.meters = newMeters()
	d.queue = newQueue()
	conns, err := d.eng.writers(ctx)
	if err != nil {
		return err
	}
	for _, c := range conns {
		if d.turn != nil {
			d.writer = newWriter(d, c)
			d.closers = append(d.closers, c.close)
			continue
		}
		d.work.Go(func() { newWriter(d, c).run() })
	}
	if err := d.install(ctx); err != nil {
		return err
	}
	if o.Dir != "" && o.URL == "" {
		if err := d.freeLanes(ctx); err != nil {
			return err
		}
	}
	if err := d.loadDirectory(ctx); err != nil {
		return err
	}
	if d.turn == nil {
		d.work.Go(d.watch)
	}
	return nil
}

// migrate brings the schema up to date, or refuses one that is newer.
func (d *DB) migrate(ctx context.Context, pool *sql.DB, dialect goose.Dialect, folder string) error {
	const op = "db.migrate"
	files, err := fs.Sub(migrations, "migrations/"+folder)
	if err != nil {
		return fault.Wrap(op, err)
	}
	p, err := goose.NewProvider(dialect, pool, files, goose.WithLogger(goose.NopLogger()), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return fault.Wrap(op, err)
	}
	newest := int64(0)
	for _, s := range p.ListSources() {
		newest = max(newest, s.Version)
	}
	at, err := p.GetDBVersion(ctx)
	if err != nil {
		return fault.Wrap(op, err)
	}
	if at > newest {
		return fault.New(op, fault.Conflict, "the database was written by a newer version of Tongdan; start that version, or restore a backup made before the update")
	}
	_, err = p.Up(ctx)
	return fault.Wrap(op, err)
}

// Close waits for what has begun, refuses what waits, and closes the database.
func (d *DB) Close() error {
	if d.stop != nil {
		d.stop()
	}
	if d.queue != nil {
		d.queue.close()
	}
	d.work.Wait()
	var errs []error
	d.stmts.Range(func(_, s any) bool {
		errs = append(errs, s.(*sql.Stmt).Close())
		return true
	})
	for i := len(d.closers) - 1; i >= 0; i-- {
		errs = append(errs, d.closers[i]())
	}
	d.closers = nil
	return errors.Join(errs...)
}

// Engine is "sqlite" or "postgres".
func (d *DB) Engine() string { return d.eng.name }

// Instance names this opening of the database: new at each start, so that it can own
// leases.
func (d *DB) Instance() string { return d.owner }

// install finds out whether this is the database's own place. A copy or a restored
// backup is disarmed and begins a new epoch of every feed, so that nobody takes it for
// the original.
func (d *DB) install(ctx context.Context) error {
	const op = "db.install"
	sealed, err := d.keys.sealMaster([]byte("tongdan"), "installation")
	if err != nil {
		return fault.Wrap(op, err)
	}
	return d.write(ctx, op, func(ctx context.Context, c conn) error {
		var print string
		var proof []byte
		found, err := one(ctx, c, `SELECT print, proof FROM installation WHERE id = 1`, nil, &print, &proof)
		if err != nil {
			return err
		}
		if !found {
			return exec(ctx, c, `INSERT INTO installation (id, name, print, proof, armed, made_at, timeline) VALUES (1, $1, $2, $3, 1, $4, $5)`,
				random("tongdan"), d.place, sealed, d.now().UnixMilli(), d.history.now())
		}
		if _, err := d.keys.openMaster(proof, "installation"); err != nil {
			return fault.New(op, fault.Unauthorized, "the master key is not the one that this database was made with; give the right key")
		}
		if print == d.place {
			return nil
		}
		if strings.HasPrefix(d.place, print+" born ") { // noted by a version that did not look at the moment
			return exec(ctx, c, `UPDATE installation SET print = $1 WHERE id = 1`, d.place)
		}
		d.log.Warn("this database is a copy or was restored: nothing is called outside until it is armed")
		if err := exec(ctx, c, `UPDATE installation SET armed = 0, print = $1, moved_at = $2 WHERE id = 1`, d.place, d.now().UnixMilli()); err != nil {
			return err
		}
		if err := exec(ctx, c, `DELETE FROM sessions`); err != nil { // some may have been ended since
			return err
		}
		return exec(ctx, c, `UPDATE feeds SET epoch = epoch + 1`)
	})
}

// Armed reports whether calls to the outside may be made from this database.
func (d *DB) Armed(ctx context.Context) (bool, error) {
	var armed int64
	_, err := d.one(ctx, `SELECT armed FROM installation WHERE id = 1`, nil, &armed)
	return (armed == 1 || mutant.On(mutant.ActOnCopy)) && !d.inert, fault.Wrap("db.Armed", err)
}

// Inert reports whether this is a copy that is only looked at.
func (d *DB) Inert() bool { return d.inert }

// MovedAt is when the database was found to be a copy; the zero time when it never was.
func (d *DB) MovedAt(ctx context.Context) (time.Time, error) {
	var at int64
	_, err := d.one(ctx, `SELECT moved_at FROM installation WHERE id = 1`, nil, &at)
	if err != nil || at == 0 {
		return time.Time{}, fault.Wrap("db.MovedAt", err)
	}
	return time.UnixMilli(at), nil
}

// Arm allows calls again, after a person has made sure that the original does not run.
// Every order that is still open is due to be read again. What is open must have been
// prepared before: hub.Arm does that and ends here.
func (d *DB) Arm(ctx context.Context) error {
	const op = "db.Arm"
	if d.inert {
		return fault.New(op, fault.Forbidden, "this copy is only looked at and is never armed")
	}
	return d.write(ctx, op, func(ctx context.Context, c conn) error {
		if err := exec(ctx, c, `UPDATE orders SET sweep_at = 1 WHERE sweep_at > 1`); err != nil {
			return err
		}
		return exec(ctx, c, `UPDATE installation SET armed = 1 WHERE id = 1`)
	})
}

// Disarm takes the database for a copy: the next hub over it calls nobody until it is
// armed. A hub that runs already is not stopped.
func (d *DB) Disarm(ctx context.Context) error {
	return d.write(ctx, "db.Disarm", func(ctx context.Context, c conn) error {
		return exec(ctx, c, `UPDATE installation SET armed = 0, moved_at = $1 WHERE id = 1`, d.now().UnixMilli())
	})
}

// entryID draws an id for a line of the journal, greater than all before of this process:
// the order of the lines is the order in which they were decided.
func (d *DB) entryID(now time.Time) int64 {
	for {
		last := d.drawn.Load()
		id := max(d.newID(now), last+1)
		if d.drawn.CompareAndSwap(last, id) {
			return id
		}
	}
}

// draw draws an id that is not among those drawn before. Two of one millisecond are the
// same once in four million times; where many are drawn for one transaction, the second
// would silently take the place of the first, and no key of a table would notice.
func (d *DB) draw(now time.Time, before map[int64]bool) int64 {
	for {
		if id := d.newID(now); !before[id] {
			before[id] = true
			return id
		}
	}
}

// id draws an id.
func (d *DB) id() int64 { return d.newID(d.now()) }
