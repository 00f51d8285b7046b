package api

import (
	"context"
	"time"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/internal/db"
)

// BackupCheck is how the last check of the backups went.
type BackupCheck struct {
	OK       bool          `json:"ok"`
	At       int64         `json:"at"`
	GoodAt   int64         `json:"good_at" doc:"When it last went well; 0 = never."`
	BackupAt int64         `json:"backup_at" doc:"When the backup was made that was checked; 0 = there was none."`
	Words    string        `json:"words,omitempty" doc:"What is wrong, and what to do."`
	Why      *fault.Reason `json:"why,omitempty" doc:"The words for screens."`
}

// backupCheck gives the last check; nil when none has ever run.
func (s *Server) backupCheck(ctx context.Context) (*BackupCheck, error) {
	c, err := s.db.Check(ctx, db.CheckBackups)
	if fault.Is(err, fault.NotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	ms := func(t time.Time) int64 {
		if t.IsZero() {
			return 0
		}
		return t.UnixMilli()
	}
	return &BackupCheck{c.OK, ms(c.At), ms(c.Good), ms(c.About), c.Why.Text, c.Why.Coded()}, nil
}
