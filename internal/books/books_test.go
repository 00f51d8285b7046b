package books

import (
	"slices"
	"testing"

	"github.com/tongdan/tongdan/internal/sim"
)

func kinds(list []Difference) (out []string) {
	for _, d := range list {
		out = append(out, d.Kind+" "+d.Key)
	}
	return out
}

// TestEveryDifferenceIsFound doctors a book in each way in which it can be wrong.
func TestEveryDifferenceIsFound(t *testing.T) {
	want := map[string]Entry{
		"meituan 1": {Status: "new", Total: "CNY 1"}, "meituan 2": {Status: "accepted", Total: "CNY 1"}, "meituan 3": {Status: "new", Total: "CNY 1"},
		"meituan 4": {Status: "new", Total: "CNY 1"}, "mercadolibre 5": {Status: "accepted", Total: "BRL 1"},
	}
	right := []Order{
		{Channel: "meituan", Ref: "1", Status: "new", Total: "CNY 1"}, {Channel: "meituan", Ref: "2", Status: "accepted", Total: "CNY 1"},
		{Channel: "meituan", Ref: "3", Status: "new", Total: "CNY 1"}, {Channel: "meituan", Ref: "4", Status: "new", Total: "CNY 1"},
		{Channel: "mercadolibre", Ref: "5", Status: "ready", Total: "BRL 1"},
	}
	ready := map[string]bool{"mercadolibre 5": true}
	if d := Compare(want, right, ready); len(d) != 0 {
		t.Fatalf("equal books differ: %v", d)
	}
	if d := kinds(Compare(want, right, nil)); !slices.Equal(d, []string{"status mercadolibre 5"}) {
		t.Errorf("a status: %v", d)
	}
	wrong := slices.Clone(right[1:])
	wrong[0].Status, wrong[1].Total = "new", "CNY 2"
	wrong = append(wrong, wrong[2], Order{Channel: "meituan", Ref: "9"})
	if d := kinds(Compare(want, wrong, ready)); !slices.Equal(d, []string{"lost meituan 1", "status meituan 2", "total meituan 3", "doubled meituan 4", "strange meituan 9"}) {
		t.Errorf("a doctored book: %v", d)
	}
}

// TestEveryRepeatIsFound doctors the tallies of what the platforms were called for.
func TestEveryRepeatIsFound(t *testing.T) {
	once, twice, never := sim.Count{Calls: 2, Changes: 1}, sim.Count{Calls: 2, Changes: 2}, sim.Count{Calls: 1}
	press := func(key, kind, state string) []Press {
		return []Press{{Key: key, Kind: kind, Effect: "eff_1", State: state}}
	}
	for name, c := range map[string]struct {
		entry   Entry
		pressed []Press
		want    []string
	}{
		"guarded, called twice":  {Entry{Tally: sim.Tally{"order/confirm": once}}, press("meituan 1", "accept", "done"), nil},
		"changed twice":          {Entry{Tally: sim.Tally{"order/confirm": twice}}, press("meituan 1", "accept", "done"), []string{"twice meituan 1"}},
		"additive, called twice": {Entry{Tally: sim.Tally{"order/applyPartRefund": once}}, press("meituan 1", "refund_partial", "done"), []string{"twice meituan 1"}},
		"said to be done":        {Entry{Tally: sim.Tally{"order/confirm": never}}, press("meituan 1", "accept", "done"), []string{"unsent meituan 1"}},
		"accepted in their app":  {Entry{Accepted: true}, press("meituan 1", "accept", "done"), nil},
		"taken by the rider":     {Entry{Status: "delivering"}, press("meituan 1", "ready", "done"), nil},
		"taken, then refunded":   {Entry{Status: "cancelled", Left: true}, press("meituan 1", "ready", "done"), nil},
		"never ready":            {Entry{Status: "cancelled"}, press("meituan 1", "ready", "done"), []string{"unsent meituan 1"}},
		"cancelled by others":    {Entry{Status: "cancelled"}, press("meituan 1", "cancel", "done"), nil},
		"refused":                {Entry{}, press("meituan 1", "accept", "refused"), nil},
		"under way":              {Entry{}, press("meituan 1", "accept", "unknown"), []string{"stuck meituan 1"}},
		"forgotten":              {Entry{}, press("meituan 1", "accept", ""), []string{"gone meituan 1"}},
		"nothing sent":           {Entry{}, []Press{{Key: "meituan 1", Kind: "accept"}}, nil},
	} {
		if d := kinds(Once(map[string]Entry{"meituan 1": c.entry}, c.pressed)); !slices.Equal(d, c.want) {
			t.Errorf("%s: %v, want %v", name, d, c.want)
		}
	}
}
