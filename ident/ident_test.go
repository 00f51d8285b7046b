package ident_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/tongdan/tongdan/ident"
	"pgregory.net/rapid"
)

func TestTextAndNumberAreInverseAndSortAlike(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.SliceOfN(rapid.Int64Range(1, 1<<63-1), 2, 20).Draw(t, "ids")
		slices.Sort(n)
		var last string
		for _, v := range n {
			s := ident.Order(v).String()
			var back ident.Order
			if err := back.UnmarshalText([]byte(s)); err != nil || int64(back) != v {
				t.Fatalf("%d → %q → %d (%v)", v, s, back, err)
			}
			if s < last {
				t.Fatalf("%q sorts before %q", s, last)
			}
			last = s
		}
	})
}

func TestAnIdKnowsItsMomentAndItsKind(t *testing.T) {
	at := time.Date(2026, 3, 8, 12, 0, 0, 5e6, time.UTC)
	id := ident.Order(ident.New(at))
	if got := ident.Time(int64(id)); !got.Equal(at) {
		t.Errorf("Time = %v, want %v", got, at)
	}
	var shop ident.Shop
	if err := shop.UnmarshalText([]byte(id.String())); err == nil {
		t.Error("an order's id was taken for a shop's")
	}
	var v struct{ ID ident.Order }
	if err := json.Unmarshal([]byte(`{"ID":""}`), &v); err != nil || v.ID != 0 {
		t.Errorf("the empty text must be none: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("ord_0d1v5k2m8q3ra")
	f.Add("ord_")
	f.Fuzz(func(t *testing.T, s string) {
		var id ident.Order
		if err := id.UnmarshalText([]byte(s)); err == nil && id.String() != s {
			t.Fatalf("%q was taken and reads %q", s, id)
		}
	})
}
