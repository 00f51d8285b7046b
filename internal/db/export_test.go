package db

import "context"

// Exec carries out a statement for tests that break something.
func (d *DB) Exec(text string) error {
	return d.write(context.Background(), "db.Exec", func(ctx context.Context, c conn) error { return exec(ctx, c, text) })
}

// Settings gives a setting of the server as reads of pages have it, and as a reader of one
// moment of the database has it.
func (d *DB) Settings(name string) (pages, moment string, err error) {
	const text = `SELECT current_setting($1)`
	if _, err = d.one(context.Background(), text, []any{name}, &pages); err == nil {
		err = d.snapshot(context.Background(), func(r *reader) error {
			_, err := r.one(text, []any{name}, &moment)
			return err
		})
	}
	return pages, moment, err
}

// Plans explains, on PostgreSQL, every look-up of four keys as reads of pages make it.
func (d *DB) Plans(ctx context.Context) (map[string]string, error) {
	out := map[string]string{}
	for name, l := range lookups {
		var args []any
		for range 4 {
			for _, t := range l.types {
				if t == number {
					args = append(args, int64(1))
				} else {
					args = append(args, "1")
				}
			}
		}
		s := l.stmts(args, "", nil)[0]
		if err := d.query(ctx, "EXPLAIN "+s.text, s.args, func(scan scanFunc) error {
			var line string
			err := scan(&line)
			out[name] += line + "\n"
			return err
		}); err != nil {
			return nil, err
		}
	}
	return out, nil
}
