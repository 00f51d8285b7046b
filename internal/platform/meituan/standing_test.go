package meituan_test

import (
	"testing"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/channel/channeltest"
)

func TestHowShopsStandIsReadOnBothPlatforms(t *testing.T) {
	both(t, func(t *testing.T, p channel.Platform, w channeltest.World, sim *world) {
		s, err := p.Open(w.Account(), w.Env())
		if err != nil {
			t.Fatal(err)
		}
		read := func(ids ...string) map[string]channel.Standing {
			t.Helper()
			list, err := s.(channel.Surveyor).Standings(t.Context(), ids)
			if err != nil {
				t.Fatal(err)
			}
			out := map[string]channel.Standing{}
			for _, x := range list {
				out[x.Shop] = x
			}
			return out
		}
		all := read() // of everything that the account has
		one, ok := all["TEA001"]
		if !ok || one.State != channel.ShopOpen || one.Name == "" || one.Phone == "" || len(one.Hours) == 0 || one.Place.Lat < 20 || one.Place.Lat > 50 || one.Place.Lon < 70 {
			t.Fatalf("%d shops, TEA001 is %+v", len(all), one)
		}
		if err := sim.sim.DoStore("TEA001", "close", ""); err != nil {
			t.Fatal(err)
		}
		if got := read("TEA001", "NONE"); len(got) != 1 || got["TEA001"].State != channel.ShopResting {
			t.Errorf("closed it stands as %+v", got)
		}
	})
}
