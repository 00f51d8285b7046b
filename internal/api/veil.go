package api

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"math/bits"

	"github.com/tongdan/tongdan/ident"
)

// A veil hides from whoever sees only some stores how much goes on in the others. The
// numbers of the feed are dense: from two of them anybody could count all changes of the
// merchant between. Under the veil they are larger, at distances that only the merchant's
// key tells, and in the same order; so a number can be compared, kept and given back to go
// on after. A nil veil shows numbers as they are: for whoever sees all stores.
//
// It is an order-preserving map from veilFrom numbers to 2^53, the largest that
// JavaScript keeps whole. Both are halved together, 36 times: the numbers in the middle,
// what is free of the others at a point between a quarter and three quarters that is drawn
// from the key. 0 stays 0.
type veil struct{ block cipher.Block }

const (
	veilBits = 36 // 69 billion changes of a merchant
	veilMost = int64(1) << 53
)

func newVeil(key []byte) (*veil, error) {
	block, err := aes.NewCipher(key[:16])
	return &veil{block}, err
}

// draw gives a number of 64 bits for a place in the halving.
func (v *veil) draw(level int, at int64) uint64 {
	var b [aes.BlockSize]byte
	b[0] = byte(level)
	binary.BigEndian.PutUint64(b[8:], uint64(at))
	v.block.Encrypt(b[:], b[:])
	return binary.BigEndian.Uint64(b[:])
}

// walk halves until one number is left. left decides at each fork, from where the numbers
// and their images are cut in two.
func (v *veil) walk(left func(cut, image int64) bool) (n, image int64) {
	from, size := int64(0), veilMost
	for level := veilBits; level > 0; level-- {
		half := int64(1) << (level - 1)
		free := size - 2*half
		part, _ := bits.Mul64(uint64(free/2), v.draw(level, n))
		first := half + free/4 + int64(part)
		if left(n+half, from+first) {
			size = first
		} else {
			n, from, size = n+half, from+first, size-first
		}
	}
	if n == 0 {
		return 0, 0
	}
	rest, _ := bits.Mul64(uint64(size), v.draw(0, n))
	return n, from + int64(rest)
}

// hide gives the number that stands for one of the feed.
func (v *veil) hide(seq int64) int64 {
	if v == nil || seq <= 0 {
		return seq
	}
	_, image := v.walk(func(cut, _ int64) bool { return seq < cut })
	return image
}

// find gives the number of the feed that a number stands for; false when it stands for
// none.
func (v *veil) find(image int64) (seq int64, ok bool) {
	if v == nil {
		return image, true
	}
	if image < 0 || image >= veilMost {
		return 0, false
	}
	seq, back := v.walk(func(_, cut int64) bool { return image < cut })
	return seq, back == image
}

// veil gives what hides the feed's numbers from a caller; nil when nothing is to hide.
func (s *Server) veil(c caller) (*veil, error) {
	if c.Stores == nil {
		return nil, nil
	}
	if v, ok := s.veils.Load(c.Merchant); ok {
		return v.(*veil), nil
	}
	key, err := s.db.Derive(c.Merchant, "feed numbers")
	if err != nil {
		return nil, err
	}
	v, err := newVeil(key)
	if err == nil {
		s.veils.Store(c.Merchant, v)
	}
	return v, err
}

// shownSeq is a number of the feed as the caller may see it.
func (s *Server) shownSeq(ctx context.Context, seq int64) (int64, error) {
	v, err := s.veil(who(ctx))
	return v.hide(seq), err
}

// away reports whether changes after a number are not kept any more.
func (s *Server) away(ctx context.Context, m ident.Merchant, after, upTo int64) (bool, error) {
	if after >= upTo {
		return false, nil
	}
	first, err := s.db.FirstChange(ctx, m)
	return first > after+1, err
}
