package rehearse

import (
	"context"
	"encoding/hex"
	"fmt"

	"github.com/tongdan/tongdan/internal/books"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/hub"
	"github.com/tongdan/tongdan/internal/platform"
)

// A Verified is what verify said of the rehearsal's database.
type Verified struct {
	Holds  bool         `json:"holds"`
	TookMS int64        `json:"took_ms"`
	Checks []VerifiedBy `json:"checks"`
}

// A VerifiedBy is one invariant.
type VerifiedBy struct {
	Name   string `json:"name"`
	Says   string `json:"says"`
	Looked int    `json:"looked"`
	Bad    int    `json:"bad"`
}

// kindVerify is a counterexample to an invariant of the database.
const kindVerify = "verify"

// verify looks at every invariant of the database, beside the nodes that work on it, as
// tongdan verify does; the counterexamples are told with the other differences. A hub that
// runs elsewhere has a database that is not ours: nil.
func (r *rehearsal) verify(ctx context.Context, say func(check string, looked int)) (*Verified, []books.Difference, error) {
	if r.fleet == nil {
		return nil, nil, nil
	}
	o := db.Options{URL: r.fleet.database, Log: r.plan.Log}
	if o.URL == "" {
		o.Dir = r.fleet.dir
	}
	if _, err := hex.Decode(o.Key[:], []byte(r.fleet.key)); err != nil {
		return nil, nil, err
	}
	d, err := db.OpenReader(ctx, o)
	if err != nil {
		return nil, nil, fmt.Errorf("the database could not be verified: %w", err)
	}
	defer d.Close()
	now := r.clock()
	rep, err := hub.New(hub.Options{DB: d, Platforms: platform.All(), Log: r.plan.Log, NoLanes: true, Clock: hub.Clock{Now: now.Now, Speed: now.Speed}}).Verify(ctx, hub.VerifyOptions{Examples: 5, Progress: say})
	if err != nil {
		return nil, nil, fmt.Errorf("the database could not be verified: %w", err)
	}
	out := &Verified{Holds: rep.Holds, TookMS: rep.TookMS}
	var bad []books.Difference
	for _, c := range rep.Checks {
		out.Checks = append(out.Checks, VerifiedBy{c.Name, c.Says, c.Looked, c.Bad})
		for _, x := range c.Examples {
			bad = append(bad, books.Difference{Kind: kindVerify, Key: x.Order.String(), Text: fmt.Sprintf("verify, %s: %s %s: expected %q, found %q", c.Name, x.Order, x.What, x.Want, x.Got)})
		}
	}
	return out, bad, nil
}
