package practice

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"

	"github.com/tongdan/tongdan/internal/db"
)

// Test keys outlive the practice in which they were made, so that a program can be tried
// out on any day: their hashes are kept in a file, and each room gets them.

const keysFile = "practice-keys.json"

// keys reads them; a file that cannot be read is as good as none.
func (s *Stage) keys() (list []db.KeyRow) {
	if s.gate != nil {
		return nil // a guest makes none
	}
	b, err := os.ReadFile(filepath.Join(s.o.Dir, keysFile))
	if err == nil {
		err = json.Unmarshal(b, &list)
	}
	if err != nil && !os.IsNotExist(err) {
		s.log.Warn("the test keys cannot be read", "err", err)
		return nil
	}
	return list
}

// saveKeys keeps those of a room.
func (r *room) saveKeys(ctx context.Context) {
	if r.stage.gate != nil {
		return
	}
	keys, err := r.db.Keys(ctx, r.merchant)
	if err == nil {
		err = r.stage.keepKeys(keys)
	}
	if err != nil && ctx.Err() == nil {
		r.stage.log.Warn("the test keys cannot be kept", "err", err)
	}
}

// keepKeys writes them for the next room.
func (s *Stage) keepKeys(list []db.KeyRow) error {
	file := filepath.Join(s.o.Dir, keysFile)
	if len(list) == 0 {
		err := os.Remove(file)
		if os.IsNotExist(err) {
			err = nil
		}
		return err
	}
	b, err := json.Marshal(list)
	if err != nil {
		return err
	}
	if err := os.WriteFile(file+".new", b, 0o600); err != nil {
		return err
	}
	return os.Rename(file+".new", file)
}
