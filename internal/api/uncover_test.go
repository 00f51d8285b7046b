package api_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/role"
)

// A real number and an address come out only when they are asked for, by whoever may see
// them, and the order tells who did. A privacy number is no secret and leaves no line.
func TestWhoUncoversACustomerIsWrittenDown(t *testing.T) {
	b := setup(t)
	place := func(phone string) string {
		t.Helper()
		ref, err := b.sim.Place(fmt.Appendf(nil, `{"app_poi_code":"TEA002","recipient_name":"周密(女士)","recipient_phone":%q,"recipient_address":"文三路西溪路口 QZX 幢"}`, phone))
		b.must(err)
		var id string
		b.until("the order arrives", func() bool {
			r := b.call("GET", "/api/v1/orders?q="+ref, b.owner, "")
			if strings.Contains(r.body, `"status":"new"`) {
				id = r.get(t, "orders.0.id").(string)
			}
			return id != ""
		})
		return "/api/v1/orders/" + id
	}
	lines := func(path string) (all []string) {
		for _, x := range b.call("GET", path, b.owner, "").get(t, "timeline").([]any) {
			if m := x.(map[string]any); m["text_code"] == "uncover" {
				all = append(all, fmt.Sprint(m["by_name"], ": ", m["params"].(map[string]any)["outcome"]))
			}
		}
		return all
	}
	real, private := place("13911122233"), place("18500000000_3473")

	read := b.call("GET", real, b.owner, "")
	if strings.Contains(read.body, "13911122233") || strings.Contains(read.body, "QZX") || read.get(t, "customer.phone") != "*******2233" || fmt.Sprint(read.get(t, "customer.covered")) != "[phone address]" {
		t.Errorf("before anybody asked: %v", read.get(t, "customer"))
	}
	if read := b.call("GET", private, b.owner, ""); read.get(t, "customer.phone") != "18500000000_3473" || fmt.Sprint(read.get(t, "customer.covered")) != "[address]" {
		t.Errorf("a privacy number is covered: %v", read.get(t, "customer"))
	}
	if list := b.call("GET", "/api/v1/orders", b.owner, ""); strings.Contains(list.body, "13911122233") || strings.Contains(list.body, "QZX") {
		t.Error("the list has the number or the address")
	}
	blind := b.key(db.KeyRow{Name: "blind", Role: string(role.Owner)})
	for name, key := range map[string]string{"without the right": blind, "a clerk without it": b.clerk} {
		if r := b.call("POST", real+"/uncover", key, ""); r.status != 403 || r.get(t, "why.code") != "personal_only" || strings.Contains(r.body, "2233") {
			t.Errorf("%s: %d %s", name, r.status, r.body)
		}
	}
	elsewhere := b.key(db.KeyRow{Name: "elsewhere", Role: string(role.StoreManager), Stores: []ident.Store{b.stores[0].ID}, Personal: true})
	if r := b.call("POST", real+"/uncover", elsewhere, ""); r.status != 404 {
		t.Errorf("from another store: %d %s", r.status, r.body)
	}
	if got := lines(real); len(got) != 0 {
		t.Errorf("nobody has seen anything yet, and the order tells of %q", got)
	}

	if r := b.call("POST", real+"/uncover", b.owner, ""); r.status != 200 || r.get(t, "phone") != "13911122233" || !strings.Contains(r.get(t, "address").(string)+fmt.Sprint(r.get(t, "address_detail")), "QZX") {
		t.Errorf("uncovered: %d %s", r.status, r.body)
	}
	b.call("POST", private+"/uncover", b.owner, "")
	b.call("GET", private+"/journal?bodies=true", b.owner, "")
	if got := lines(real); len(got) != 1 || got[0] != "owner: phone, address" {
		t.Errorf("the order tells of %q", got)
	}
	if got := lines(private); len(got) != 2 || got[0] != "owner: address" || got[1] != "owner: journal" {
		t.Errorf("the order with a privacy number tells of %q", got)
	}
}
