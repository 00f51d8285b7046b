package order

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"maps"
	"slices"

	"github.com/tongdan/tongdan/fault"
)

// A Class says how good a source is; where two sources give one version, the greater
// class wins.
type Class int8

// The classes, lowest first.
const (
	ClassGuess   Class = iota // derived from something else
	ClassHint                 // a message that names a state without content
	ClassPartial              // marked incomplete by the platform (degraded, masked, HTTP 206)
	ClassCreated              // a creation push
	ClassPush                 // any later push
	ClassRow                  // a row of a search
	ClassAnswer               // the platform's answer to a call of ours
	ClassRead                 // a direct read of the resource
	ClassAct                  // a person's or a rule's act in Tongdan
)

// A Stamp orders the values of a Register. Its fields are compared in this order.
// Version comes from inside the body, never from an envelope; Read is our clock and
// decides only within one version and class, so the skew of our nodes matters only
// there.
type Stamp struct {
	Version int64   `json:"v,omitempty"`
	Class   Class   `json:"c,omitempty"`
	Read    int64   `json:"r,omitempty"` // UTC ms
	Hash    [8]byte `json:"-"`           // of the value
}

// Compare is negative when s is the lesser stamp.
func (s Stamp) Compare(t Stamp) int {
	return cmp.Or(cmp.Compare(s.Version, t.Version), cmp.Compare(s.Class, t.Class),
		cmp.Compare(s.Read, t.Read), bytes.Compare(s.Hash[:], t.Hash[:]))
}

// A Register is one value that is replaced as a whole: the greatest stamp wins. A
// value that a source does not give is left out; absent is not empty.
type Register struct {
	Stamp Stamp           `json:"s"`
	Value json.RawMessage `json:"d"`
	put   any             // what Value encodes, as it was put: the first fold after a message need not decode it
}

func (r Register) merge(o Register) Register {
	if r.Stamp.Compare(o.Stamp) < 0 {
		return o
	}
	return r
}

// Said is one statement about a state, in the platform's own word. It is comparable:
// a Trail is a set of these.
type Said struct {
	State string `json:"s"`           // theirs
	At    int64  `json:"t,omitempty"` // UTC ms by the platform's own field; 0 = it gave none
	Class Class  `json:"c,omitempty"`
	Who   string `json:"w,omitempty"` // who did it or whom it is about: "user", a rider's name
	Why   string `json:"y,omitempty"` // reason code or text
}

func (a Said) compare(b Said) int {
	return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Class, b.Class), cmp.Compare(a.State, b.State),
		cmp.Compare(a.Who, b.Who), cmp.Compare(a.Why, b.Why))
}

// A Trail is the set of everything said on one axis, kept sorted.
type Trail []Said

func (t Trail) merge(o Trail) Trail {
	all := slices.Concat(t, o)
	slices.SortFunc(all, Said.compare)
	return slices.Compact(all)
}

// A Record is what one resource of a platform (an order, a shipment) says. It has
// the three merge types and nothing else: registers, trails, and children by their
// own key, which are records again. The zero Record says nothing.
type Record struct {
	Regs map[string]Register `json:"regs,omitempty"`
	Axes map[string]Trail    `json:"axes,omitempty"`
	Kids map[string]Record   `json:"kids,omitempty"`
}

// Merge joins what two records say. It is commutative, associative and idempotent,
// and changes neither of them, but the result may share memory with both.
func (r Record) Merge(o Record) Record {
	return Record{
		Regs: join(r.Regs, o.Regs, Register.merge),
		Axes: join(r.Axes, o.Axes, Trail.merge),
		Kids: join(r.Kids, o.Kids, Record.Merge),
	}
}

// Equal reports whether two records say the same.
func (r Record) Equal(o Record) bool {
	return maps.EqualFunc(r.Regs, o.Regs, Register.equal) && maps.EqualFunc(r.Axes, o.Axes, slices.Equal[Trail]) && maps.EqualFunc(r.Kids, o.Kids, Record.Equal)
}

func (r Register) equal(o Register) bool { return r.Stamp == o.Stamp && bytes.Equal(r.Value, o.Value) }

// Newer reports whether a record says something of a later version than another one of
// the same resource does, or something that the other is silent about. What is read again unchanged is not newer.
func (r Record) Newer(than Record) bool {
	for name, reg := range r.Regs {
		if old, ok := than.Regs[name]; !ok || reg.Stamp.Version > old.Stamp.Version {
			return true
		}
	}
	return false
}

func join[V any](a, b map[string]V, merge func(V, V) V) map[string]V {
	if len(b) == 0 {
		return a
	}
	if len(a) == 0 {
		return b
	}
	out := maps.Clone(a)
	for k, v := range b {
		if old, ok := out[k]; ok {
			v = merge(old, v)
		}
		out[k] = v
	}
	return out
}

// Limits of one record. A platform that says more has its message parked.
const (
	MaxKids  = 500
	MaxTrail = 500
)

// Check fails with fault.TooLarge when a record passes its limits.
func (r Record) Check() error {
	if len(r.Kids) > MaxKids {
		return fault.Say("order.Record", fault.TooLarge, "record_too_large", "a record of the platform has more than 500 children")
	}
	for _, t := range r.Axes {
		if len(t) > MaxTrail {
			return fault.Say("order.Record", fault.TooLarge, "record_too_large_axis", "a record of the platform has more than 500 statements on one axis")
		}
	}
	for _, k := range r.Kids {
		if err := k.Check(); err != nil {
			return err
		}
	}
	return nil
}

// Put writes a register. The value must encode to JSON the same way each time: use
// structs, and slices in a stated order.
func Put[T any](r *Record, name string, s Stamp, v T) {
	b, err := json.Marshal(v)
	if err != nil {
		return // only types of this package are put; none of them can fail
	}
	sum := sha256.Sum256(b)
	copy(s.Hash[:], sum[:])
	if r.Regs == nil {
		r.Regs = map[string]Register{}
	}
	r.Regs[name] = Register{Stamp: s, Value: b, put: v}
}

// PutAgain writes the value of one register into another, under a stamp of its own.
func (r *Record) PutAgain(from, name string, s Stamp) {
	reg, ok := r.Regs[from]
	if !ok {
		return
	}
	s.Hash = reg.Stamp.Hash
	reg.Stamp = s
	r.Regs[name] = reg
}

// Get reads a register; false when it is absent or of another form. What it gives is
// shared: whoever changes a slice of it copies that first.
func Get[T any](r Record, name string) (v T, ok bool) {
	reg, ok := r.Regs[name]
	if ok {
		if v, ok := reg.put.(T); ok {
			return v, true
		}
	}
	if !ok {
		return v, false
	}
	keep := len(reg.Value) >= decodedMin && len(reg.Value) <= decodedMax && reg.Stamp.Hash != [8]byte{} && keeps[T]()
	k := decodedKey{name, reg.Stamp.Hash}
	if keep {
		if v, ok := decoded.get(k, reg.Value).(T); ok {
			return v, true
		}
	}
	if json.Unmarshal(reg.Value, &v) != nil {
		return v, false
	}
	if keep {
		decoded.put(k, reg.Value, v)
	}
	return v, true
}

// Say adds a statement to an axis. One without a state says nothing.
func (r *Record) Say(axis string, s Said) {
	if s.State == "" {
		return
	}
	if r.Axes == nil {
		r.Axes = map[string]Trail{}
	}
	r.Axes[axis] = r.Axes[axis].merge(Trail{s})
}

// Kid merges a child under its key.
func (r *Record) Kid(key string, k Record) {
	if r.Kids == nil {
		r.Kids = map[string]Record{}
	}
	r.Kids[key] = r.Kids[key].Merge(k)
}

// UnmarshalJSON restores the hash that is not stored.
func (r *Register) UnmarshalJSON(b []byte) error {
	type plain Register
	var p plain
	if err := json.Unmarshal(b, &p); err != nil {
		return err
	}
	*r = Stored(p.Stamp, p.Value)
	return nil
}

// Stored is a register as it was kept: its stamp gets the hash of the value, which is not
// kept. The value must be JSON, and is shared.
func Stored(s Stamp, value json.RawMessage) Register {
	sum := sha256.Sum256(value)
	copy(s.Hash[:], sum[:])
	return Register{Stamp: s, Value: value}
}
