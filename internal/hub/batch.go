package hub

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"

	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/role"
)

// MaxBatch is how many orders one batch can hold.
const MaxBatch = 500

// batchOnce gives the id of a new batch, and whether it is there already: a caller's same key is the
// same batch, however long ago a node died before it could answer.
func (h *Hub) batchOnce(ctx context.Context, who Actor, kind, key string) (id ident.Batch, there bool, err error) {
	if key == "" {
		return ident.Batch(ident.New(h.now())), false, nil
	}
	sum := sha256.Sum256([]byte("batch " + kind + " " + who.Merchant.String() + " " + who.ID + " " + key))
	id = ident.Batch(binary.BigEndian.Uint64(sum[:])>>1 | 1)
	_, _, err = h.db.Batch(ctx, who.Scope, id)
	if fault.Is(err, fault.NotFound) {
		return id, false, nil
	}
	return id, err == nil, err
}

// Batch carries out one act on many orders. It is durable: the list is kept first, then
// each order gets its own verdict, so that one bad order stops nobody and a batch that
// was cut off goes on with Resume.
func (h *Hub) Batch(ctx context.Context, who Actor, a Act, ids []ident.Order) (ident.Batch, error) {
	const op = "hub.Batch"
	if err := a.check(); err != nil {
		return 0, err
	}
	if err := who.May(op, role.ActOn(string(a.Kind))); err != nil {
		return 0, err
	}
	seen := map[ident.Order]bool{}
	var items []db.BatchItem
	for _, id := range ids {
		if id != 0 && !seen[id] {
			seen[id] = true
			items = append(items, db.BatchItem{Order: id, N: len(items), State: BatchWaiting})
		}
	}
	if len(items) == 0 || len(items) > MaxBatch {
		return 0, &fault.Error{Op: op, Code: fault.Invalid, Why: fault.Because("batch_size", "choose between 1 and 500 orders"), Fields: []fault.Field{fault.Wrong("body.orders", fault.Because("batch_size", "choose between 1 and 500 orders"))}}
	}
	id, there, err := h.batchOnce(ctx, who, string(a.Kind), a.Key)
	if err != nil {
		return 0, fault.Wrap(op, err)
	}
	if there { // the press of before was cut off: what it had not come to is done now
		return id, h.Resume(ctx, who, id, false)
	}
	b := db.BatchRow{Merchant: who.Merchant, ID: id, Kind: string(a.Kind), By: who.ID, Args: toJSON(a), Made: h.now().UnixMilli(), Total: len(items)}
	_, err = h.db.Do(ctx, db.Verb{Name: "batch", Merchant: who.Merchant, Class: db.People, Decide: func(tx *db.Tx) error {
		tx.PutBatch(b)
		for _, it := range items {
			tx.PutBatchItem(b.ID, it)
		}
		return nil
	}})
	if err != nil {
		return 0, fault.Wrap(op, err)
	}
	return b.ID, h.Resume(ctx, who, b.ID, false)
}

// The states of an order in a batch; one that has an effect shows the effect's.
const (
	BatchWaiting = "waiting"
	BatchDone    = "done"   // it was so already, or it stayed in Tongdan
	BatchFailed  = "failed" // with code and reason
)

// BatchOf reads a batch. Whoever sees only some stores sees his own batches: another's
// may name other stores' orders.
func (h *Hub) BatchOf(ctx context.Context, who Actor, id ident.Batch) (db.BatchRow, []db.BatchItem, error) {
	b, items, err := h.db.Batch(ctx, who.Scope, id)
	if err == nil && b.By != who.ID && who.Stores != nil {
		err = fault.Say("hub.BatchOf", fault.NotFound, "no_batch", "there is no such batch")
	}
	return b, items, err
}

// Resume goes on with a batch: with what is waiting, and with again also with what failed.
func (h *Hub) Resume(ctx context.Context, who Actor, id ident.Batch, again bool) error {
	const op = "hub.Resume"
	b, items, err := h.BatchOf(ctx, who, id)
	if err != nil {
		return fault.Wrap(op, err)
	}
	if b.Kind == kindLabels {
		return h.resumeLabels(ctx, who, b, items, again)
	}
	var a Act
	if err := json.Unmarshal(b.Args, &a); err != nil {
		return &fault.Error{Op: op, Code: fault.Internal, Ref: id.String(), Err: err}
	}
	for _, it := range items {
		switch {
		case it.Effect != 0: // its state is the effect's
			if state := effect.State(it.State); again && (state == effect.Refused || state == effect.Void) {
				if err := h.Again(ctx, who, it.Effect); err != nil && !fault.Is(err, fault.Conflict) {
					return err
				}
			}
			continue
		case it.State == BatchDone, it.State == BatchFailed && !again:
			continue
		}
		one := a
		one.Key = "batch " + id.String() + " " + it.Order.String()
		if again {
			one.Key += " " + itoa(int(h.now().UnixMilli()))
		}
		done, err := h.Act(ctx, who, it.Order, one)
		it.State, it.Effect, it.Code, it.Why = BatchDone, done.Effect, "", fault.Reason{}
		if err != nil {
			if fault.Is(err, fault.Unavailable) || fault.Is(err, fault.Unknown) {
				return fault.Wrap(op, err) // nothing is lost: it goes on from here
			}
			it.State, it.Code, it.Why = BatchFailed, fault.CodeOf(err), fault.ReasonOf(err)
		}
		_, err = h.db.Do(ctx, db.Verb{Name: "batch.item", Merchant: who.Merchant, Class: db.People, Decide: func(tx *db.Tx) error {
			tx.PutBatchItem(id, it)
			return nil
		}})
		if err != nil {
			return fault.Wrap(op, err)
		}
	}
	return nil
}
