package db

import "context"

// Exec carries out a statement for tests that break something.
func (d *DB) Exec(text string) error {
	return d.write(context.Background(), "db.Exec", func(ctx context.Context, c conn) error { return exec(ctx, c, text) })
}
