package channeltest

import (
	"bytes"
	"math/rand/v2"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/order"
)

// life lets an order go through everything that the platform and its powers know, and
// gives the callbacks of it.
func life(d *desk) (order.Ref, []channel.Request) {
	d.t.Helper()
	ref := d.w.Place(d.t, Wish{Lines: 2})
	all := d.w.Pushes(d.t)
	o := d.learn(ref)
	step := func() {
		d.w.Advance(d.t, time.Minute)
		all = append(all, d.w.Pushes(d.t)...)
	}
	step()
	if can(order.Accept)(d.info) {
		d.do(d.act(order.Accept, o))
		step()
	}
	for _, h := range []Happening{BuyerReminds, OnTheWay, BuyerAsksPart, BuyerWithdraws, BuyerAsksAll, BuyerWithdraws, Delivered, Finished} {
		if d.w.Happen(d.t, ref, h) {
			step()
		}
	}
	return ref, all
}

// forgeries are requests that a signature no longer fits.
func forgeries(r channel.Request) map[string]channel.Request {
	out := map[string]channel.Request{}
	edit := func(name string, f func(*channel.Request)) {
		c := r
		c.Header, c.Body = r.Header.Clone(), bytes.Clone(r.Body)
		f(&c)
		out[name] = c
	}
	digit := func(s []byte) {
		for i := len(s) - 1; i >= 0; i-- {
			if s[i] >= '0' && s[i] <= '9' {
				s[i] = '0' + (s[i]-'0'+1)%10
				return
			}
		}
	}
	if len(r.Body) > 0 {
		edit("a digit of the body changed", func(c *channel.Request) { digit(c.Body) })
		edit("half of the body", func(c *channel.Request) { c.Body = c.Body[:len(c.Body)/2] })
	} else if r.Query != "" {
		edit("a digit of the query changed", func(c *channel.Request) { q := []byte(c.Query); digit(q); c.Query = string(q) })
	}
	return out
}

func init() {
	pushRules = []rule{{
		name: "the same callback twice is one fact",
		why:  "every platform pushes again when our answer was late",
		when: hasCallbacks,
		run: func(t *testing.T, h Harness) {
			d := open(t, h)
			_, pushes := life(d)
			if len(pushes) == 0 {
				t.Fatal("the platform declares callbacks and its simulator sent none")
			}
			var once, twice Book
			d.receive(&once, pushes)
			d.receive(&twice, pushes)
			d.receive(&twice, pushes)
			same(d, &once, &twice)
		},
	}, {
		name: "callbacks in any order give the same order",
		why:  "retries and parallel senders permute them; a status must not depend on which came last",
		when: hasCallbacks,
		run: func(t *testing.T, h Harness) {
			d := open(t, h)
			_, pushes := life(d)
			var want Book
			d.receive(&want, pushes)
			rng := rand.New(rand.NewPCG(1, 2))
			for range 50 {
				mixed := slices.Clone(pushes)
				rng.Shuffle(len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
				mixed = append(mixed, mixed[rng.IntN(len(mixed))])
				var got Book
				d.receive(&got, mixed)
				same(d, &want, &got)
				if t.Failed() {
					var names []string
					for _, m := range mixed {
						names = append(names, m.Path)
					}
					t.Fatalf("in the order %v", names)
				}
			}
		},
	}, {
		name: "a forged callback is refused",
		why:  "anybody can reach the URL",
		when: func(i *channel.Info) bool { return hasCallbacks(i) },
		run: func(t *testing.T, h Harness) {
			d := open(t, h)
			_, pushes := life(d)
			for _, p := range pushes {
				if !signed(d, p) {
					continue // a platform that signs nothing: its messages are hints only
				}
				for name, f := range forgeries(p) {
					got := h.Platform().Receive(d.w.Account().App, f)
					if got.Verdict == channel.Good {
						t.Errorf("%s with %s was accepted", p.Path, name)
					}
					if len(got.Item.Readings)+len(got.Item.Hints) > 0 {
						t.Errorf("%s with %s was refused and still says something", p.Path, name)
					}
					if got.Verdict == channel.Refused && (got.Why == "" || got.Reply.Status == 0) {
						t.Errorf("%s with %s: a refusal needs a reason and an answer: %+v", p.Path, name, got)
					}
				}
				other := d.w.Account().App
				other.Credentials = map[string]channel.Secret{}
				for k, v := range d.w.Account().App.Credentials {
					other.Credentials[k] = channel.NewSecret(v.Reveal() + "x")
				}
				if got := h.Platform().Receive(other, p); got.Verdict == channel.Good {
					t.Errorf("%s was accepted with other credentials", p.Path)
				}
				other.Credentials = nil
				if got := h.Platform().Receive(other, p); got.Verdict == channel.Good {
					t.Errorf("%s was accepted without any secret: an empty secret must not mean an empty check", p.Path)
				}
			}
		},
	}, {
		name: "a callback without signature says nothing that can be merged",
		why:  "a platform that does not sign may only give hints, or anybody could write our orders",
		when: hasCallbacks,
		run: func(t *testing.T, h Harness) {
			d := open(t, h)
			_, pushes := life(d)
			for _, p := range pushes {
				if got := h.Platform().Receive(d.w.Account().App, p); !signed(d, p) && len(got.Item.Readings) > 0 {
					t.Errorf("%s is not signed and gives a reading", p.Path)
				}
			}
		},
	}, {
		name: "no callback makes the connector panic",
		why:  "it stands at the open door",
		when: hasCallbacks,
		run: func(t *testing.T, h Harness) {
			d := open(t, h)
			_, pushes := life(d)
			app := d.w.Account().App
			try := func(r channel.Request) {
				t.Helper()
				got := h.Platform().Receive(app, r)
				if got.Reply.Status == 0 {
					t.Errorf("%s %s with %d bytes got no answer", r.Method, r.Path, len(r.Body))
				}
			}
			odd := []string{"", "{", "null", "[]", "0", `"x"`, "%zz", "&&&===", "\x00\xff\xfe", strings.Repeat("[", 10_000), strings.Repeat("a=%25", 5000),
				`{"resource":5,"user_id":{},"topic":[]}`, strings.Repeat("x", 3<<20)}
			for _, c := range h.Platform().Info().Callbacks {
				for _, o := range odd {
					for _, m := range []string{http.MethodPost, http.MethodGet, "BREW"} {
						try(channel.Request{Method: m, Path: c.Path, Header: http.Header{}, Body: []byte(o), At: d.w.Env().Now()})
						try(channel.Request{Method: m, Path: c.Path, Query: o, Header: http.Header{}, At: d.w.Env().Now()})
					}
				}
			}
			try(channel.Request{Method: http.MethodPost, Path: "no/such/path", At: d.w.Env().Now()})
			for _, p := range pushes {
				for i := 0; i < len(p.Body); i += 1 + len(p.Body)/40 {
					c := p
					c.Body = p.Body[:i]
					try(c)
					c.Body = slices.Concat(p.Body[:i], []byte{0}, p.Body[i:])
					try(c)
				}
			}
		},
	}, {
		name: "every callback keeps its bytes and has its answers",
		why:  "the journal keeps what arrived, and a platform that gets no answer comes again or gives up",
		when: hasCallbacks,
		run: func(t *testing.T, h Harness) {
			d := open(t, h)
			_, pushes := life(d)
			for _, p := range pushes {
				got := h.Platform().Receive(d.w.Account().App, p)
				switch {
				case got.Item.What == "" || len(got.Item.Raw) == 0:
					t.Errorf("%s: item %q with %d bytes", p.Path, got.Item.What, len(got.Item.Raw))
				case got.Item.Err != nil:
					t.Errorf("%s cannot be read: %v", p.Path, got.Item.Err)
				case got.Reply.Status < 200 || got.Reply.Status > 299:
					t.Errorf("%s is answered with HTTP %d", p.Path, got.Reply.Status)
				case got.Busy.Status >= 200 && got.Busy.Status <= 299:
					t.Errorf("%s: the answer that asks to come again is HTTP %d", p.Path, got.Busy.Status)
				}
			}
		},
	}}
}

// signed reports whether a callback depends on the app's secrets at all.
func signed(d *desk, p channel.Request) bool {
	app := d.w.Account().App
	app.Credentials = map[string]channel.Secret{}
	for k, v := range d.w.Account().App.Credentials {
		app.Credentials[k] = v
	}
	for _, f := range d.info.AppFields {
		if f.Secret {
			app.Credentials[f.Name] = channel.NewSecret("another-secret")
		}
	}
	return d.h.Platform().Receive(app, p).Verdict != channel.Good
}

// same compares two books: orders, wants, and which reads they ask for.
func same(d *desk, want, got *Book) {
	d.t.Helper()
	if !reflect.DeepEqual(want.Orders(), got.Orders()) {
		d.t.Errorf("orders %v, want %v", got.Orders(), want.Orders())
		return
	}
	for _, ref := range want.Orders() {
		a, b := want.Order(ref, d.info.Grammar), got.Order(ref, d.info.Grammar)
		if x, y := Seen(a), Seen(b); x != y {
			d.t.Errorf("order %s differs:\n%s", ref.ID, Difference(x, y))
		}
		if x, y := order.WantsOf(&a, d.info.Grammar), order.WantsOf(&b, d.info.Grammar); !reflect.DeepEqual(x, y) {
			d.t.Errorf("order %s wants %+v, want %+v", ref.ID, y, x)
		}
	}
	for ref := range want.Hints {
		if _, ok := got.Hints[ref]; !ok {
			d.t.Errorf("a hint at %s is missing", ref.ID)
		}
	}
}

// Difference shows where two texts part, such as two orders by Seen.
func Difference(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range min(len(w), len(g)) {
		if w[i] != g[i] {
			from := max(0, i-4)
			return "want\n" + strings.Join(w[from:min(i+4, len(w))], "\n") + "\ngot\n" + strings.Join(g[from:min(i+4, len(g))], "\n")
		}
	}
	return "one is longer than the other"
}
