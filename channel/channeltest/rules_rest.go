package channeltest

import (
	"testing"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/effect"
)

var restRules = []rule{{
	name: "the power to let a shop rest is declared as it is",
	why:  "the kitchen's screen says of a channel without it that it goes on taking orders",
	run: func(t *testing.T, h Harness) {
		d := open(t, h)
		s, err := d.h.Platform().Open(d.w.Account(), d.w.Env())
		if err != nil {
			t.Fatal(err)
		}
		p := d.info.Rest
		if has[channel.Rester](s) != (p != nil) {
			t.Errorf("the shop rests: %v, declared: %v", has[channel.Rester](s), p != nil)
		}
		if p != nil && (p.Nature != effect.Absolute || p.Note.ZH == "" || p.Note.EN == "") {
			t.Errorf("the declaration is not complete: %+v", p)
		}
	},
}, {
	name: "a shop that is told to rest rests, however often it is told, and takes orders again",
	why:  "a store that pauses its intake must not be closed for longer than it said",
	when: func(i *channel.Info) bool { return i.Rest != nil },
	run: func(t *testing.T, h Harness) {
		d := open(t, h)
		shop := d.w.Account().Shops[0]
		for _, rest := range []bool{true, true, false, false, true, false} {
			if err := d.conn.SetRest(t.Context(), shop, rest); err != nil {
				t.Fatalf("rest %v: %v", rest, err)
			}
			if is, err := d.conn.Rests(t.Context(), shop); err != nil || is != rest {
				t.Errorf("told to rest: %v, it rests: %v (%v)", rest, is, err)
			}
		}
	},
}}
