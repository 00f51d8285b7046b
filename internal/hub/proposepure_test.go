package hub

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/geo"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
)

func TestAFoundShopIsProposedToTheStoreThatItIs(t *testing.T) {
	store := func(id int64, name, address string, shops ...knownShop) knownStore {
		return knownStore{row: db.StoreRow{ID: ident.Store(id), Name: name, Address: address}, shops: shops}
	}
	lake := store(1, "湖滨店", "杭州市上城区柳荫路18号")
	yunqi := store(2, "山间茶事（云栖店）", "杭州市西湖区竹影街6号")
	north := store(3, "城北店", "")
	for _, c := range []struct {
		name   string
		found  channel.Standing
		stores []knownStore
		want   int64
		sure   bool
	}{
		{"by the branch's name and the address", channel.Standing{Shop: "A1", Name: "山间茶事(湖滨店)", Address: "浙江省杭州市上城区柳荫路18号"}, []knownStore{lake, yunqi, north}, 1, true},
		{"full width and brand differ", channel.Standing{Shop: "A2", Name: "山间茶事·云栖", Address: "竹影街6号"}, []knownStore{lake, yunqi, north}, 2, true},
		{"the name alone, of a store without an address", channel.Standing{Shop: "A3", Name: "山间茶事(城北店)", Address: "杭州市拱墅区某路1号"}, []knownStore{lake, yunqi, north}, 3, true},
		{"the same name at quite another address is not sure", channel.Standing{Shop: "A4", Name: "山间茶事(湖滨店)", Address: "成都市锦江区春熙路99号"}, []knownStore{lake, yunqi}, 1, false},
		{"the same id at another platform", channel.Standing{Shop: "S017", Name: "茶"}, []knownStore{store(4, "十七店", "", knownShop{external: "S017"}), lake}, 4, true},
		{"a phone and a place, under quite another name: two brands may cook there", channel.Standing{Shop: "A5", Name: "茶", Phone: "0571-88001234", Place: geo.Point{Lat: 30.2561, Lon: 120.1632}},
			[]knownStore{store(5, "旗舰店", "", knownShop{external: "x", told: channel.Standing{Phone: "057188001234/13900000000", Place: geo.Point{Lat: 30.2562, Lon: 120.1633}}}), yunqi}, 5, false},
		{"one hotline for all stores, and the name of none", channel.Standing{Shop: "B1", Name: "山间茶事(临平店)", Phone: "0571-88001234"},
			[]knownStore{store(9, "湖滨店", "", knownShop{external: "x", told: channel.Standing{Phone: "0571-88001234"}}), store(10, "云栖店", "", knownShop{external: "y", told: channel.Standing{Phone: "0571-88001234"}})}, 0, false},
		{"far from where its other shop is", channel.Standing{Shop: "A6", Name: "湖滨店", Place: geo.Point{Lat: 30.9, Lon: 120.9}},
			[]knownStore{store(6, "湖滨店", "", knownShop{external: "x", told: channel.Standing{Place: geo.Point{Lat: 30.2, Lon: 120.1}}})}, 0, false},
		{"none of ours", channel.Standing{Shop: "A7", Name: "山间茶事(临平店)", Address: "杭州市临平区某街1号"}, []knownStore{lake, yunqi}, 0, false},
		{"two stores of one name", channel.Standing{Shop: "A8", Name: "湖滨店"}, []knownStore{store(7, "湖滨店", ""), store(8, "湖滨", "")}, 7, false},
		{"a store that has a shop of the account", channel.Standing{Shop: "A9", Name: "山间茶事(湖滨店)"}, []knownStore{{row: lake.row, taken: true}}, 1, false},
	} {
		guesses, sure := propose([]channel.Standing{c.found}, c.stores, "山间茶事")
		got := ident.Store(0)
		if len(guesses[0]) > 0 {
			got = guesses[0][0].StoreID
		}
		if got != ident.Store(c.want) || sure[0] != c.sure {
			t.Errorf("%s: store %d sure %v, want %d %v: %+v", c.name, int64(got), sure[0], c.want, c.sure, guesses[0])
		}
	}
	if _, sure := propose([]channel.Standing{{Shop: "1", Name: "湖滨店"}, {Shop: "2", Name: "湖滨店"}}, []knownStore{lake}, ""); sure[0] || sure[1] {
		t.Error("two shops with a claim to one store are both sure")
	}
}

// Whatever the platform tells, what is sure names one of our stores, once, and with grounds.
func TestNoTwoSureProposalsNameOneStore(t *testing.T) {
	word := rapid.SampledFrom([]string{"湖滨店", "云栖店", "云栖", "城北", "店", "", "山间茶事(湖滨店)", "柳荫路18号", "SOHO ０１"})
	rapid.Check(t, func(t *rapid.T) {
		var stores []knownStore
		for i := range rapid.IntRange(0, 6).Draw(t, "stores") {
			stores = append(stores, knownStore{row: db.StoreRow{ID: ident.Store(i + 1), Name: word.Draw(t, "name"), Address: word.Draw(t, "address")}, taken: rapid.Bool().Draw(t, "taken"),
				shops: []knownShop{{external: word.Draw(t, "code"), told: channel.Standing{Phone: word.Draw(t, "phone")}}}})
		}
		var found []channel.Standing
		for range rapid.IntRange(0, 6).Draw(t, "found") {
			found = append(found, channel.Standing{Shop: word.Draw(t, "shop"), Name: word.Draw(t, "their name"), Address: word.Draw(t, "their address"), Phone: word.Draw(t, "their phone")})
		}
		guesses, sure := propose(found, stores, word.Draw(t, "brand"))
		seen := map[ident.Store]bool{}
		for i := range found {
			if !sure[i] {
				continue
			}
			g := guesses[i][0]
			if seen[g.StoreID] || len(g.Grounds) == 0 || stores[g.StoreID-1].taken {
				t.Fatalf("%+v is sure to be %+v", found[i], g)
			}
			seen[g.StoreID] = true
		}
	})
}

// A brand is short: the names that a platform sends may have any length.
func TestLongNamesCostNoMoreThanShortOnes(t *testing.T) {
	long := strings.Repeat("山间茶事", 1000)
	names := []string{long + "a", long + "b", long + "c"}
	if got := len([]rune(prefixOf(names))); got >= longestBrand {
		t.Errorf("a brand of %d characters", got)
	}
	if n := testing.AllocsPerRun(1, func() { prefixOf(names) }); n > 1000 {
		t.Errorf("%.0f allocations", n)
	}
}
