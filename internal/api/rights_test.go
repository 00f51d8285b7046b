package api

import (
	"context"
	"encoding/json"
	"testing"

	"pgregory.net/rapid"

	"github.com/tongdan/tongdan/order"
	"github.com/tongdan/tongdan/role"
)

// A new operation needs a rule, a rule an operation, and a right somebody who has it.
func TestEveryOperationHasARule(t *testing.T) {
	b, err := Document("test")
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Paths map[string]map[string]struct {
			OperationID string
			Security    []map[string][]string
		}
	}
	if err := json.Unmarshal(b, &doc); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for path, ops := range doc.Paths {
		for method, op := range ops {
			seen[op.OperationID] = true
			right, ok := rights[op.OperationID]
			switch {
			case !ok:
				t.Errorf("%s %s (%s) has no rule: say in rights.go which right it takes", method, path, op.OperationID)
			case (right == nobody) != (op.Security != nil):
				t.Errorf("%s: the document and the rule do not agree on whether one must be signed in", op.OperationID)
			case right != nobody && right != anybody && !role.Known(right):
				t.Errorf("%s takes %q, which is no right", op.OperationID, right)
			}
		}
	}
	for id := range rights {
		if !seen[id] {
			t.Errorf("the rule of %s is of no operation", id)
		}
	}
	if len(seen) < 60 {
		t.Errorf("only %d operations were looked at", len(seen))
	}
	for _, kind := range order.ActionKinds {
		if !role.Known(role.ActOn(string(kind))) {
			t.Errorf("nobody may %s: package role does not know it", kind)
		}
	}
	if err := permit(caller{}, "no such operation"); err == nil {
		t.Error("an operation without a rule is open")
	}
}

// Under the veil numbers keep their order, each leads back, and none of those between
// leads anywhere.
func TestTheVeilKeepsOrderAndNothingElse(t *testing.T) {
	v, err := newVeil([]byte("0123456789abcdef"))
	if err != nil {
		t.Fatal(err)
	}
	other, _ := newVeil([]byte("another merchant"))
	if v.hide(0) != 0 {
		t.Error("the beginning is not the beginning")
	}
	rapid.Check(t, func(t *rapid.T) {
		a := rapid.Int64Range(0, 1<<veilBits-2).Draw(t, "a")
		b := rapid.Int64Range(a+1, 1<<veilBits-1).Draw(t, "b")
		x, y := v.hide(a), v.hide(b)
		if x >= y || y >= veilMost {
			t.Fatalf("%d and %d become %d and %d", a, b, x, y)
		}
		for n, image := range map[int64]int64{a: x, b: y} {
			if back, ok := v.find(image); !ok || back != n {
				t.Fatalf("%d became %d and comes back as %d (%v)", n, image, back, ok)
			}
		}
		if y-x > 1 {
			between := rapid.Int64Range(x+1, y-1).Draw(t, "between")
			if n, ok := v.find(between); ok && (n <= a || n >= b || v.hide(n) != between) {
				t.Fatalf("%d between %d and %d is taken for %d", between, x, y, n)
			}
		}
		if n, ok := other.find(x); a > 1000 && ok && n == a {
			t.Fatalf("another merchant's veil reads %d", a)
		}
	})
	// The distances say little of how many are between: neighbours of the same size differ.
	var least, most int64 = veilMost, 0
	for n := int64(1000); n < 200_000; n += 1000 {
		d := v.hide(n+1000) - v.hide(n)
		least, most = min(least, d), max(most, d)
	}
	if most < 3*least {
		t.Errorf("a thousand numbers take between %d and %d: they can be counted", least, most)
	}
}

func TestNoVeilForWhoSeesAll(t *testing.T) {
	var v *veil
	if n, ok := v.find(42); v.hide(42) != 42 || n != 42 || !ok {
		t.Error("the numbers of the whole merchant are not what they are")
	}
	if v, err := (&Server{}).veil(who(context.Background())); v != nil || err != nil {
		t.Errorf("a veil for all stores: %v %v", v, err)
	}
}

func BenchmarkVeil(b *testing.B) {
	v, _ := newVeil([]byte("0123456789abcdef"))
	n := int64(0)
	for b.Loop() {
		n++
		v.hide(n)
	}
}
