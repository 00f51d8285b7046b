package role_test

import (
	"flag"
	"os"
	"testing"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/role"
)

var update = flag.Bool("update", false, "write generated files anew")

func TestTheRolesPageIsFresh(t *testing.T) {
	const path = "../docs/roles.md"
	page := role.Page()
	if *update {
		if err := os.WriteFile(path, []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(path)
	if err != nil || string(have) != page {
		t.Fatalf("%s is not what the code says: run make generate (%v)", path, err)
	}
}

func TestWhoMayDoWhat(t *testing.T) {
	for _, x := range []struct {
		role  role.Role
		right role.Right
		whole bool
		may   bool
	}{
		{role.Clerk, role.ActOn("accept"), false, true},
		{role.Clerk, role.ActOn("refund_approve"), false, false},
		{role.Clerk, role.ActOn("cancel"), true, false},
		{role.StoreManager, role.ActOn("refund_approve"), false, true},
		{role.Warehouse, role.ActOn("ship"), false, true},
		{role.Warehouse, role.ActOn("accept"), false, false},
		{role.Warehouse, role.BookStock, false, true},
		{role.Clerk, role.BookStock, false, false},
		{role.StoreManager, role.SeeParked, false, false},
		{role.StoreManager, role.SeeParked, true, true},
		{role.Owner, role.Connect, true, true},
		{role.Owner, role.Connect, false, false}, // an owner's key of some stores
		{role.Headquarters, role.Connect, true, false},
		{role.Headquarters, role.KeepPeople, true, true},
		{role.AreaManager, role.KeepPeople, true, false},
		{"", role.See, true, false},
		{role.Owner, "no.such", true, false},
		{role.Owner, role.ActOn("no_such"), true, false},
	} {
		if got := x.role.May(x.right, x.whole); got != x.may {
			t.Errorf("%q may %s (all stores: %v) = %v", x.role, x.right, x.whole, got)
		}
		if err := x.role.Check("test", x.right, x.whole); (err == nil) != x.may || err != nil && !fault.Is(err, fault.Forbidden) {
			t.Errorf("%q checked for %s: %v", x.role, x.right, err)
		}
	}
}

// Whoever is above in the list may do all that those below may, except that the
// warehouse books stock, which a clerk does not.
func TestMoreRightsGoUp(t *testing.T) {
	for i, higher := range role.Roles[:4] {
		for _, lower := range role.Roles[i+1:] {
			for _, right := range lower.Rights(true) {
				if !higher.May(right, true) {
					t.Errorf("%s may %s and %s may not", lower, right, higher)
				}
			}
		}
	}
}

func TestNobodyGivesWhatIsAboveHim(t *testing.T) {
	for _, r := range role.Roles {
		for _, to := range role.Roles {
			want := r == role.Owner || r == role.Headquarters && to != role.Owner
			if got := r.MayGive(to); got != want {
				t.Errorf("%s gives %s: %v", r, to, got)
			}
		}
	}
	if role.Owner.MayGive("king") {
		t.Error("a word that is no role was given")
	}
}
