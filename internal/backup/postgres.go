package backup

import (
	"cmp"
	"context"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/tongdan/tongdan/fault"
)

// PostgreSQL is copied by its own tools. They are given the password in the environment
// of their process, never on a command line, which everybody on the machine can read.

// dump writes one state of a database in the tools' own packed form.
func dump(ctx context.Context, address, snapshot, into string) error {
	return tool(ctx, address, "pg_dump", func(db string) []string {
		return []string{"--format=custom", "--no-owner", "--no-privileges", "--snapshot=" + snapshot, "--file=" + into, "--dbname=" + db}
	})
}

// undump restores a dump into an empty database: all of it, or nothing.
func undump(ctx context.Context, address, from string) error {
	return tool(ctx, address, "pg_restore", func(db string) []string {
		return []string{"--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction", "--dbname=" + db, from}
	})
}

func tool(ctx context.Context, address, name string, args func(db string) []string) error {
	op := "backup." + name
	path, err := find(name)
	if err != nil {
		return err
	}
	db, password, err := split(address)
	if err != nil {
		return err
	}
	c := exec.CommandContext(ctx, path, args(db)...)
	c.Env = os.Environ()
	if password != "" {
		c.Env = append(c.Env, "PGPASSWORD="+password)
	}
	var said tail
	c.Stdout, c.Stderr = &said, &said
	if err := c.Run(); err != nil {
		return &fault.Error{Op: op, Code: fault.Unavailable, Words: name + " failed: " + said.text(), Err: err}
	}
	return nil
}

// find looks for a tool where Debian keeps all versions, then on the path. The newest
// reads from every older server.
func find(name string) (string, error) {
	if all, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + name); len(all) > 0 {
		return slices.MaxFunc(all, func(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) }), nil
	}
	if p, err := exec.LookPath(name); err == nil {
		return p, nil
	}
	return "", fault.New("backup.find", fault.Unsupported, name+" is not installed: it is in PostgreSQL's client package (Debian: apt install postgresql-client), of the server's version or newer")
}

// theirs are the settings of an address that PostgreSQL's tools know; others are of our
// driver only, and the tools would refuse them.
var theirs = []string{"host", "port", "dbname", "user", "sslmode", "sslcert", "sslkey", "sslrootcert", "sslcrl", "sslnegotiation", "channel_binding",
	"connect_timeout", "application_name", "target_session_attrs", "options", "passfile", "service", "gssencmode", "krbsrvname"}

// split takes the password out of an address.
func split(address string) (without, password string, err error) {
	u, err := url.Parse(address)
	config, perr := pgx.ParseConfig(address)
	if err != nil || perr != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
		return "", "", fault.New("backup.split", fault.Invalid, "DATABASE_URL is not a PostgreSQL URL; write postgres://user:password@host:5432/name")
	}
	q := u.Query()
	for k := range q {
		if !slices.Contains(theirs, k) {
			q.Del(k)
		}
	}
	u.RawQuery = q.Encode()
	if u.User != nil {
		u.User = url.User(u.User.Username())
	}
	return u.String(), config.Password, nil
}

// A tail keeps the end of what a tool says.
type tail struct{ b []byte }

func (t *tail) Write(p []byte) (int, error) {
	t.b = append(t.b, p...)
	if over := len(t.b) - 2000; over > 0 {
		t.b = t.b[over:]
	}
	return len(p), nil
}

func (t *tail) text() string {
	return cmp.Or(strings.Join(strings.Fields(string(t.b)), " "), "it said nothing")
}
