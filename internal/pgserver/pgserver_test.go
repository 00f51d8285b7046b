package pgserver

import (
	"errors"
	"os"
	"testing"

	"github.com/jackc/pgx/v5"
)

func TestAServerStartsAndLeavesNothing(t *testing.T) {
	s, err := Start(t.Context(), "")
	if errors.Is(err, ErrMissing) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	c, err := pgx.Connect(t.Context(), s.URL)
	if err != nil {
		t.Fatal(err)
	}
	c.Close(t.Context())
	if err := s.Stop(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(s.dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the folder is still there: %v", err)
	}
	if c, err := pgx.Connect(t.Context(), s.URL); err == nil {
		c.Close(t.Context())
		t.Error("the server still answers")
	}
}
