package channeltest

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/order"
)

// placed lets buyers place orders whose pushes are lost.
func placed(d *desk, n int) []order.Ref {
	d.t.Helper()
	var refs []order.Ref
	for range n {
		refs = append(refs, d.w.Place(d.t, Wish{}))
		d.w.Advance(d.t, 2*time.Second)
	}
	d.w.Pushes(d.t) // and nobody reads them
	d.w.Advance(d.t, 10*time.Second)
	return refs
}

// arrived fails unless the book has the content of every order.
func arrived(d *desk, b *Book, refs []order.Ref) error {
	for _, ref := range refs {
		if o := b.Order(ref, d.info.Grammar); !o.Complete() {
			return fmt.Errorf("%w: %s, hinted at: %v", errNotAll, ref.ID, b.Hints)
		}
	}
	return nil
}

func init() {
	pullRules = []rule{{
		name: "a pull brings every order whose push was lost",
		own:  "nothing is pulled; that this is so is a rule of its own",
		why:  "the promise: no order lost",
		run: func(t *testing.T, h Harness) {
			d := open(t, h)
			refs := placed(d, 5)
			var b Book
			if _, err := d.pull(t.Context(), &b, d.conn, channel.Pull{}); err != nil {
				t.Fatalf("pull: %v", err)
			}
			if err := b.Follow(t.Context(), d.conn); err != nil {
				t.Fatal(err)
			}
			if err := arrived(d, &b, refs); err != nil {
				t.Error(err)
			}
		},
	}, {
		name: "a pull goes on from its cursor",
		own:  "nothing is pulled; that this is so is a rule of its own",
		why:  "walking everything each time spends the rate budget, walking too little loses orders",
		run: func(t *testing.T, h Harness) {
			d := open(t, h)
			first := placed(d, 3)
			var b Book
			cursor, err := d.pull(t.Context(), &b, d.conn, channel.Pull{})
			if err != nil {
				t.Fatalf("pull: %v", err)
			}
			second := placed(d, 3)
			again, err := d.pull(t.Context(), &b, d.conn, channel.Pull{Cursor: cursor})
			if err != nil {
				t.Fatalf("pull from the cursor: %v", err)
			}
			if err := b.Follow(t.Context(), d.conn); err != nil {
				t.Fatal(err)
			}
			if err := arrived(d, &b, slices.Concat(first, second)); err != nil {
				t.Error(err)
			}
			for _, c := range []json.RawMessage{cursor, again} {
				if !json.Valid(c) || len(c) > 4<<10 {
					t.Errorf("a cursor must be small JSON, has %d bytes: %.200s", len(c), c)
				}
			}
		},
	}, {
		name: "a pull that fails midway loses nothing",
		own:  "nothing is pulled; that this is so is a rule of its own",
		why:  "the cursor and what it stands behind commit together; after the error everything else must still come",
		run: func(t *testing.T, h Harness) {
			d := open(t, h)
			refs := placed(d, 6)
			for _, f := range []Fault{Limited, Broken, DropBefore} {
				var b Book
				var cursor json.RawMessage
				failed := 0
				for round := range 40 {
					if round < 6 {
						d.w.Fault(t, f, 1, "")
					}
					next, err := d.pull(t.Context(), &b, d.conn, channel.Pull{Cursor: cursor})
					if err != nil {
						failed++
						if c := fault.CodeOf(err); c != fault.RateLimited && c != fault.Unavailable {
							t.Errorf("pull at %s: %v, want rate_limited or unavailable", f, err)
						}
					}
					cursor = next
					d.w.Advance(t, 20*time.Second)
					if round >= 6 && err == nil {
						break
					}
				}
				if err := b.Follow(t.Context(), d.conn); err != nil {
					t.Fatal(err)
				}
				if err := arrived(d, &b, refs); err != nil {
					t.Errorf("after %d failures by %s: %v", failed, f, err)
				}
				if failed == 0 && f != DropBefore { // net/http repeats a read by itself
					t.Errorf("%s made no pull fail: the rule saw nothing", f)
				}
			}
		},
	}, {
		name: "a caller that stops after a page goes on behind it",
		own:  "nothing is pulled; that this is so is a rule of its own",
		why:  "a lane gives way when its time is up",
		run: func(t *testing.T, h Harness) {
			d := open(t, h)
			refs := placed(d, 4)
			var b Book
			var cursor json.RawMessage
			for range 30 {
				for page, err := range d.conn.Pull(t.Context(), channel.Pull{Cursor: cursor}) {
					if err != nil {
						t.Fatalf("pull: %v", err)
					}
					d.take(&b, page.Items...)
					cursor = page.Cursor
					break
				}
				d.w.Advance(t, 5*time.Second)
			}
			if err := b.Follow(t.Context(), d.conn); err != nil {
				t.Fatal(err)
			}
			if err := arrived(d, &b, refs); err != nil {
				t.Error(err)
			}
		},
	}, {
		name: "one broken order does not hold up the others",
		own:  "nothing is pulled; that this is so is a rule of its own",
		why:  "a batch that fails as a block is how other systems lose a day",
		run: func(t *testing.T, h Harness) {
			d := open(t, h)
			refs := placed(d, 4)
			broken := refs[1]
			conn := d.connect(d.mangled(Unreadable, broken))
			var b Book
			cursor, pullErr := d.pull(t.Context(), &b, conn, channel.Pull{})
			readErr := b.Follow(t.Context(), conn)
			if err := arrived(d, &b, slices.Delete(slices.Clone(refs), 1, 2)); err != nil {
				t.Fatalf("%v (pull: %v, reads: %v)", err, pullErr, readErr)
			}
			if pullErr == nil && readErr == nil && len(b.Parked) == 0 {
				t.Error("the broken order was passed over in silence")
			}
			for _, p := range b.Parked {
				if len(p.Raw) == 0 {
					t.Error("a parked item without its bytes")
				}
			}
			// When the platform has mended it, it arrives: by the cursor, by its hint, or by
			// reading the parked order again.
			d.w.Advance(t, time.Minute)
			if _, err := d.pull(t.Context(), &b, d.conn, channel.Pull{Cursor: cursor}); err != nil {
				t.Fatalf("pull: %v", err)
			}
			for _, p := range b.Parked {
				if p.Ref.ID != "" {
					d.take(&b, channel.Item{Hints: []order.Hint{{Ref: p.Ref}}})
				}
			}
			if err := b.Follow(t.Context(), d.conn); err != nil {
				t.Fatal(err)
			}
			if err := arrived(d, &b, refs); err != nil {
				t.Errorf("after it was mended: %v", err)
			}
		},
	}, {
		name: "a wide pull brings what happened during an outage",
		own:  "nothing is pulled; that this is so is a rule of its own",
		why:  "after a restore or an outage the cursor is not to be believed",
		run: func(t *testing.T, h Harness) {
			d := open(t, h)
			refs := placed(d, 3)
			var b Book
			cursor, err := d.pull(t.Context(), &b, d.conn, channel.Pull{})
			if err != nil {
				t.Fatalf("pull: %v", err)
			}
			if err := b.Follow(t.Context(), d.conn); err != nil {
				t.Fatal(err)
			}
			if !d.w.Happen(t, refs[1], BuyerCancels) {
				t.Skip("buyers cannot cancel here")
			}
			d.w.Pushes(t) // lost
			d.w.Advance(t, 10*time.Second)
			if _, err := d.pull(t.Context(), &b, d.conn, channel.Pull{Cursor: cursor, Wide: true}); err != nil {
				t.Fatalf("wide pull: %v", err)
			}
			if err := b.Follow(t.Context(), d.conn); err != nil {
				t.Fatal(err)
			}
			if o := b.Order(refs[1], d.info.Grammar); o.Status != order.StatusCancelled {
				t.Errorf("the cancelled order is %s after a wide pull", o.Status)
			}
		},
	}, {
		name: "a cursor of another form begins anew",
		own:  "nothing is pulled; that this is so is a rule of its own",
		why:  "after an upgrade the old cursor must not stop the pulls",
		run: func(t *testing.T, h Harness) {
			d := open(t, h)
			refs := placed(d, 2)
			for _, c := range []string{`{"another":"form"}`, `"x"`, `[1,2]`, `7`, `null`} {
				var b Book
				if _, err := d.pull(t.Context(), &b, d.conn, channel.Pull{Cursor: json.RawMessage(c)}); err != nil {
					t.Fatalf("pull from %s: %v", c, err)
				}
				if err := b.Follow(t.Context(), d.conn); err != nil {
					t.Fatal(err)
				}
				if err := arrived(d, &b, refs); err != nil {
					t.Errorf("from %s: %v", c, err)
				}
			}
		},
	}}
}
