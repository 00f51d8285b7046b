package db

import (
	"context"

	"github.com/tongdan/tongdan/ident"
)

type dayKey struct {
	m   ident.Merchant
	day int64
}

// A sealer seals the entries of one batch.
type sealer struct {
	b      *batch
	ctx    context.Context
	orders map[orderKey]openKey
	days   []any // rows of keys that are new
}

// row gives the values of an entry's row.
func (s *sealer) row(st *entryState) ([]any, error) {
	e := &st.e
	var body, answer, hash any
	var day, known int64
	if e.Known {
		known = 1
	}
	if st.body.sum != nil {
		hash = st.body.sum
	}
	if len(st.body.zip) > 0 || len(st.answer) > 0 {
		var key openKey
		var err error
		if key, day, err = s.key(st); err != nil {
			return nil, err
		}
		if len(st.body.zip) > 0 {
			body = key.aead.Seal(nil, nil, st.body.zip, []byte(bodyUse(e.ID)))
		}
		if len(st.answer) > 0 {
			answer = key.aead.Seal(nil, nil, st.answer, []byte(replyUse(e.ID)))
		}
	}
	return []any{int64(e.ID), int64(st.m), e.At.UnixMilli(), string(e.Direction), clean(e.What, 100), e.Channel, int64(e.Account), int64(e.Order),
		clean(e.Ref.Realm, maxName), clean(e.Ref.Kind, maxName), clean(e.Ref.ID, maxName), clean(e.Method, 20), clean(e.Path, 500), int64(e.Status),
		e.Took.Microseconds(), clean(e.By, 200), clean(e.Outcome, 100), clean(e.Error, 1000), known, hash, int64(len(e.Body)), int64(len(e.Answer)),
		day, body, answer}, nil
}

// key finds the key of an entry's order, or of its day when there is no such order or
// its key was erased.
func (s *sealer) key(st *entryState) (key openKey, day int64, err error) {
	mk, err := s.b.d.keys.merchant(st.m)
	if err != nil {
		return key, 0, err
	}
	k := orderKey{st.m, st.e.Order}
	if key, ok := s.orders[k]; ok {
		return key, 0, nil
	}
	if o := s.b.made.orders[k]; o != nil {
		if o.sealed == nil {
			if key, err = mk.draw(orderUse(k.id)); err != nil {
				return key, 0, err
			}
			o.sealed = key.sealed
		} else if key, err = mk.open(o.sealed, orderUse(k.id)); err != nil {
			return key, 0, err
		}
		s.orders[k] = key
		return key, 0, nil
	}
	if o := s.b.base.orders[k]; o != nil && o.sealed != nil {
		if key, err = mk.open(o.sealed, orderUse(k.id)); err != nil {
			return key, 0, err
		}
		s.orders[k] = key
		return key, 0, nil
	}
	dk := dayKey{st.m, dayOf(st.e.At)}
	key, err = s.ofDay(mk, dk)
	return key, dk.day, err
}

func (s *sealer) ofDay(mk *merchantKey, k dayKey) (openKey, error) {
	if key, ok := s.b.d.days.Load(k); ok {
		return key.(openKey), nil
	}
	if key, ok := s.b.days[k]; ok {
		return key, nil
	}
	var sealed []byte
	found, err := one(s.ctx, s.b.c, `SELECT sealed_key FROM day_keys WHERE merchant_id = $1 AND day = $2`, []any{int64(k.m), k.day}, &sealed)
	if err != nil {
		return openKey{}, err
	}
	var key openKey
	if found {
		if key, err = mk.open(sealed, dayUse(k.day)); err != nil {
			return key, err
		}
	} else {
		if key, err = mk.draw(dayUse(k.day)); err != nil {
			return key, err
		}
		s.days = append(s.days, int64(k.m), k.day, key.sealed)
	}
	put(&s.b.days, k, key)
	return key, nil
}
