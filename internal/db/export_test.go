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
