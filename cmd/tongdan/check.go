package main

import (
	"context"
	"fmt"
	"time"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/internal/backup"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/hub"
	"github.com/tongdan/tongdan/internal/platform"
)

// A drill checks the backups of a folder every day at an hour of the machine's zone.
type drill struct {
	check backup.Check
	hour  int
}

// drill reads the settings of the check; nil when there is to be none.
func (c command) drill(folder string, hour int, key [32]byte) (*drill, error) {
	if folder == "" {
		return nil, nil
	}
	if hour < 0 || hour > 23 {
		return nil, fmt.Errorf("--check-at is %d: use an hour from 0 to 23", hour)
	}
	d := &drill{hour: hour, check: backup.Check{From: folder, URL: c.env("DATABASE_URL"), Key: key, Log: c.log, Now: time.Now}}
	d.check.Verify = verified
	return d, nil
}

// verified looks at every promise in a database that was restored to be looked at.
func verified(ctx context.Context, d *db.DB) error {
	h := hub.New(hub.Options{DB: d, Platforms: platform.All(), Clock: hub.Real})
	report, err := h.Verify(ctx, hub.VerifyOptions{Examples: 1})
	if err != nil || report.Holds {
		return err
	}
	for _, c := range report.Checks {
		if c.Bad > 0 {
			return fault.New("backup.verify", fault.Conflict, fmt.Sprintf("the newest backup can be restored, but %q does not hold in it (%d of %d): run tongdan verify", c.Says, c.Bad, c.Looked))
		}
	}
	return fault.New("backup.verify", fault.Conflict, "the newest backup can be restored, but not everything could be verified in it: run tongdan verify")
}

// next is the moment of the next check after a moment.
func (d *drill) next(now time.Time) time.Time {
	at := time.Date(now.Year(), now.Month(), now.Day(), d.hour, 0, 0, 0, now.Location())
	if !at.After(now) {
		at = at.AddDate(0, 0, 1)
	}
	return at
}

// again is how soon a check is not repeated: another node may have made it.
const again = 12 * time.Hour

// run checks every day until ctx ends. A check that failed is in the log and in the
// database, for the console and the meters, and does not end the hub.
func (d *drill) run(ctx context.Context, n *node) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(time.Until(d.next(time.Now()))):
		}
		if last, err := n.db.Check(ctx, db.CheckBackups); err == nil && last.OK && time.Since(last.At) < again {
			continue
		}
		d.once(ctx, n)
	}
}

// once checks now and notes how it went.
func (d *drill) once(ctx context.Context, n *node) {
	began := time.Now()
	about, err := d.check.Run(ctx)
	if ctx.Err() != nil {
		return
	}
	row := db.CheckRow{Name: db.CheckBackups, At: time.Now(), OK: err == nil, About: about}
	if err != nil {
		if row.Why = fault.ReasonOf(err); row.Why.IsZero() {
			row.Why = backup.NotRestored
		}
		n.c.log.Error("the check of the backups failed", "backup_at", about, "took", time.Since(began), "words", row.Why.Text, "err", err)
	} else {
		n.c.log.Info("the newest backup was restored and verified", "backup_at", about, "took", time.Since(began))
	}
	if err := n.db.PutCheck(ctx, row); err != nil {
		n.c.log.Error("the check of the backups could not be noted", "err", err)
	}
}
