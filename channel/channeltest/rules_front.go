package channeltest

import (
	"slices"
	"testing"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/front"
)

var frontRules = []rule{{
	name: "the power over a shop's front is declared as it is",
	why:  "what cannot be changed by a call is refused before anybody agrees to it",
	run: func(t *testing.T, h Harness) {
		d := open(t, h)
		s, err := d.h.Platform().Open(d.w.Account(), d.w.Env())
		if err != nil {
			t.Fatal(err)
		}
		p := d.info.Front
		if has[channel.Fronter](s) != (p != nil) {
			t.Errorf("the shop has a front: %v, declared: %v", has[channel.Fronter](s), p != nil)
		}
		if p != nil && (p.Nature != effect.Absolute || len(p.Notes) == 0 || len(p.Families) == 0 || !p.System.Known()) {
			t.Errorf("the declaration is not complete: %+v", p)
		}
		if p != nil {
			for part, n := range p.Notes {
				if n.ZH == "" || n.EN == "" || !slices.Contains([]front.Part{front.InProfile, front.InAreas, front.InMenu}, part) {
					t.Errorf("the note of %s: %+v", part, n)
				}
			}
		}
	},
}, {
	name: "an item is made, changed in one value, and taken away, and nothing else moves",
	why:  "whoever changes a price must not find his menu otherwise than he left it",
	when: func(i *channel.Info) bool { return i.Front != nil },
	run: func(t *testing.T, h Harness) {
		d := open(t, h)
		how := front.How{Part: front.InMenu, Family: d.info.Front.Families[0]}
		ask := channel.FrontAsk{Shop: d.w.Account().Shops[0], Part: how.Part, Family: how.Family}
		read := func() front.Front {
			f, err := d.conn.Front(t.Context(), ask)
			if err != nil {
				t.Fatal(err)
			}
			return f
		}
		began := read()
		sku := func(price int64) []front.SKU { return []front.SKU{{Code: "CT1-a", Spec: new("份"), Price: &price}} }
		for _, want := range []front.Item{
			{Code: "CT1", Name: new("菜"), Category: new("新菜"), SKUs: sku(1200)},
			{Code: "CT1", SKUs: sku(1350)},
			{Code: "CT1", Delete: true},
		} {
			plan := front.Make(read(), front.Front{Items: []front.Item{want}}, how)
			for todo := plan.Changes; len(todo) > 0; {
				n, failed, err := d.conn.ChangeFront(t.Context(), ask.Shop, how.Family, todo)
				if err != nil || len(failed) > 0 || n < 1 || n > len(todo) {
					t.Fatalf("%s: %d, %v, %v", todo[0].Key(), n, failed, err)
				}
				todo = todo[n:]
			}
			now := read()
			for _, c := range plan.Changes {
				if !c.Holds(now) {
					t.Errorf("%s does not hold", c.Key())
				}
			}
			now.Categories, began.Categories = nil, nil
			how := how
			how.Replace = true
			for _, c := range front.Make(began, now, how).Changes {
				if c.Code != "CT1" {
					t.Errorf("it moved too: %s %+v", c.Key(), c.Fields)
				}
			}
		}
	},
}}
