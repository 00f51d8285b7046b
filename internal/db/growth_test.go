package db

import "testing"

// Tables are analysed when rows have been added, not transactions: an empty table that was
// analysed leaves plans that read all of it for each key, until it is analysed again.
func TestTablesAreAnalysedAfterRows(t *testing.T) {
	g := growth{kick: make(chan struct{}, 1)}
	for _, c := range []struct {
		times int
		rows  int64
		want  bool
	}{{1000, 0, false}, {firstAnalyse - 1, 1, false}, {1, 1, true}, {1, 9*firstAnalyse - 1, false}, {1, 1, true}, {1, 1_000_000, true}} {
		for range c.times {
			g.add(c.rows)
		}
		got := false
		select {
		case <-g.kick:
			got = true
		default:
		}
		if got != c.want {
			t.Errorf("after %d times %d rows: told %v, want %v", c.times, c.rows, got, c.want)
		}
	}
}
