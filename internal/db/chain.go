package db

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"strconv"
	"time"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
)

// The audit chain seals a merchant's journal: every few seconds a link is added that
// covers the lines since the last one, each by the hash of its row with the sealed bytes
// as they lie there, and the hash of the link before. Whoever changes, drops or inserts a
// line afterwards breaks it, unless they make all later links anew; the head of the chain
// therefore stands in every statement, which leaves the machine. Erasing a customer
// deletes a key and no line, so it breaks nothing.
//
// Lines are committed by several transactions and nodes, so a line can appear behind one
// that is sealed already: the sealer looks back, and seals it then.

const (
	sealMany  = 2000            // lines of one link at most
	sealNear  = 2 * time.Second // how far it looks back each time: most transactions are long over by then
	sealBack  = time.Minute     // how far now and then: for those that were not
	sealDeep  = time.Hour       // how far seldom: for a node whose clock is behind
	sealEvery = 3 * time.Second
	backEvery = 30 * time.Second
	deepEvery = 5 * time.Minute
	markSize  = 16 // bytes of a line in a link

	minutesOnce = 5 // of the journal, in one look for lines outside the chain
)

// A Head is where a merchant's audit chain ends.
type Head struct {
	N    int64  `json:"number"`
	Hash string `json:"hash"` // SHA-256, hexadecimal
	At   int64  `json:"at"`   // UTC ms
}

// ChainHead gives the end of a merchant's chain; N is 0 when nothing is sealed yet.
func (d *DB) ChainHead(ctx context.Context, m ident.Merchant) (h Head, err error) {
	var hash []byte
	_, err = d.one(ctx, `SELECT n, at, hash FROM chain WHERE merchant_id = $1 ORDER BY n DESC LIMIT 1`, []any{int64(m)}, &h.N, &h.At, &hash)
	h.Hash = hex.EncodeToString(hash)
	return h, fault.Wrap("db.ChainHead", err)
}

// ChainAt gives one link of a merchant's chain; N is 0 when there is none.
func (d *DB) ChainAt(ctx context.Context, m ident.Merchant, n int64) (h Head, err error) {
	var hash []byte
	_, err = d.one(ctx, `SELECT n, at, hash FROM chain WHERE merchant_id = $1 AND n = $2`, []any{int64(m), n}, &h.N, &h.At, &hash)
	h.Hash = hex.EncodeToString(hash)
	return h, fault.Wrap("db.ChainAt", err)
}

// sealedColumns are those of a line that its hash covers: all.
const sealedColumns = `j.id, j.merchant_id, j.at, j.direction, j.what, j.channel, j.account_id, j.order_id, j.realm, j.kind, j.external_id, j.method, j.path, j.status,
	j.took_us, j.made_by, j.outcome, j.error, j.known, j.hash, j.size, j.answer_size, j.day, j.body, j.answer`

// A chained is a line with its hash.
type chained struct {
	id   int64
	hash [sha256.Size]byte
}

// scanChained hashes a row: numbers as eight bytes, texts and bytes behind their length,
// what is NULL as a length of its own.
func scanChained(scan scanFunc) (c chained, err error) {
	var n [10]int64
	var s [11]string
	var hash, body, answer []byte
	err = scan(&c.id, &n[0], &n[1], &s[0], &s[1], &s[2], &n[2], &n[3], &s[3], &s[4], &s[5], &s[6], &s[7], &n[4], &n[5], &s[8], &s[9], &s[10], &n[6], &hash, &n[7], &n[8], &n[9], &body, &answer)
	if err != nil {
		return c, err
	}
	h := sha256.New()
	put := func(v int64) {
		var b [8]byte
		binary.BigEndian.PutUint64(b[:], uint64(v))
		h.Write(b[:])
	}
	put(c.id)
	for _, v := range n {
		put(v)
	}
	for _, v := range s {
		put(int64(len(v)))
		h.Write([]byte(v))
	}
	for _, v := range [][]byte{hash, body, answer} {
		if v == nil {
			put(-1)
			continue
		}
		put(int64(len(v)))
		h.Write(v)
	}
	h.Sum(c.hash[:0])
	return c, nil
}

// link computes the hash of a link over the one before and its lines.
func link(m ident.Merchant, n, at int64, before []byte, lines []chained) []byte {
	h := sha256.New()
	h.Write([]byte("tongdan chain 1\n"))
	for _, v := range []int64{int64(m), n, at, int64(len(lines))} {
		var b [8]byte
		binary.BigEndian.PutUint64(b[:], uint64(v))
		h.Write(b[:])
	}
	h.Write(before)
	for _, l := range lines {
		h.Write(l.hash[:])
	}
	return h.Sum(nil)
}

func marksOf(lines []chained) []byte {
	out := make([]byte, 0, markSize*len(lines))
	for _, l := range lines {
		out = binary.BigEndian.AppendUint64(out, uint64(l.id))
		out = append(out, l.hash[:markSize-8]...)
	}
	return out
}

func markIDs(marks []byte, each func(id int64)) {
	for ; len(marks) >= markSize; marks = marks[markSize:] {
		each(int64(binary.BigEndian.Uint64(marks)))
	}
}

// Seal adds a link over what is in a merchant's journal and not yet in the chain; n is how
// many lines it covers, 0 when there are none or another node was faster. Lines are looked
// for from back before the newest that is sealed; each line within costs, so that back is
// short most times. Seal is called by Follow.
func (d *DB) Seal(ctx context.Context, m ident.Merchant, back time.Duration) (n int, err error) {
	const op = "db.Seal"
	var last int64
	var before []byte
	var lines []chained
	err = d.snapshot(ctx, func(r *reader) error {
		var newest []byte
		if _, err := r.one(`SELECT n, hash, marks FROM chain WHERE merchant_id = $1 ORDER BY n DESC LIMIT 1`, []any{int64(m)}, &last, &before, &newest); err != nil {
			return err
		}
		from := int64(0)
		sealed := map[int64]bool{}
		if last > 0 { // the oldest are sealed first: what is older than its end appeared since
			markIDs(newest, func(id int64) { from = max(from, id) })
			begin := ident.Time(from).Add(-back)
			from = ident.Of(begin, 0)
			err := r.query(`SELECT marks FROM chain WHERE merchant_id = $1 AND at >= $2`, []any{int64(m), begin.Add(-max(back, sealBack)).UnixMilli()}, func(scan scanFunc) error {
				var marks []byte
				err := scan(&marks)
				markIDs(marks, func(id int64) {
					if id > from {
						sealed[id] = true
					}
				})
				return err
			})
			if err != nil {
				return err
			}
		}
		var fresh []int64
		err := r.query(`SELECT id FROM journal WHERE `+d.eng.aside+`merchant_id = $1 AND id > $2 ORDER BY id LIMIT $3`, []any{int64(m), from, int64(len(sealed) + sealMany)}, func(scan scanFunc) error {
			var id int64
			err := scan(&id)
			if !sealed[id] && len(fresh) < sealMany {
				fresh = append(fresh, id)
			}
			return err
		})
		if err != nil {
			return err
		}
		lines, err = r.lines(m, fresh)
		return err
	})
	if err != nil || len(lines) == 0 {
		return 0, fault.Wrap(op, err)
	}
	now := d.now().UnixMilli()
	j := &job{size: 32 << 10, done: make(chan struct{}), raw: func(ctx context.Context, c conn) error {
		added, err := affects(ctx, c, `INSERT INTO chain (merchant_id, n, at, entries, marks, hash) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (merchant_id, n) DO NOTHING`,
			int64(m), last+1, now, int64(len(lines)), marksOf(lines), link(m, last+1, now, before, lines))
		if n = len(lines); added == 0 {
			n = 0
		}
		return err
	}}
	_, err = d.wait(ctx, op, Background, j)
	return n, err
}

var chainedRows = lookup{head: `SELECT ` + sealedColumns + ` FROM journal AS j WHERE (j.merchant_id, j.id) IN`, types: []string{number, number}}

// lines reads and hashes lines by their ids, in the order of the ids given.
func (r *reader) lines(m ident.Merchant, ids []int64) ([]chained, error) {
	var args []any
	for _, id := range ids {
		args = append(args, int64(m), id)
	}
	have := map[int64]chained{}
	if err := r.run(chainedRows.stmts(args, "", func(scan scanFunc) error {
		c, err := scanChained(scan)
		have[c.id] = c
		return err
	})...); err != nil {
		return nil, err
	}
	var out []chained
	for _, id := range ids {
		if c, ok := have[id]; ok {
			out = append(out, c)
		}
	}
	return out, nil
}

// SealAll seals everything that waits, for all merchants, see Seal.
func (d *DB) SealAll(ctx context.Context, back time.Duration) error {
	for m := range d.dir.Load().merchants {
		for {
			n, err := d.Seal(ctx, m, back)
			if err != nil {
				return err
			}
			if n < sealMany {
				break
			}
		}
	}
	return nil
}

// A sealing says when the next round is and how far it looks back.
type sealing struct{ near, back, deep time.Time }

// due tells how far to look back now; ok is false while it is too early for a round.
func (s *sealing) due(now time.Time) (back time.Duration, ok bool) {
	switch {
	case now.Sub(s.near) < sealEvery:
		return 0, false
	case now.Sub(s.deep) >= deepEvery:
		s.near, s.back, s.deep = now, now, now
		return sealDeep, true
	case now.Sub(s.back) >= backEvery:
		s.near, s.back = now, now
		return sealBack, true
	}
	s.near = now
	return sealNear, true
}

// A ChainWalk checks a chain from its beginning: first the links, then that no line
// stands outside.
type ChainWalk struct {
	d       *DB
	m       ident.Merchant
	n       int64  // of the last link that was checked
	hash    []byte // and its hash
	until   int64  // when the last link was sealed: lines that are older must be in the chain
	minutes map[int64]minute
	after   int64 // of the lines, in the second part
	part    int
}

// A minute sums up the ids drawn within one minute.
type minute struct {
	n   int64
	sum uint64
}

func minuteOf(id int64) int64 { return ident.Time(id).Unix() / 60 }

func (w *ChainWalk) add(minutes map[int64]minute, id int64) {
	k := minuteOf(id)
	v := minutes[k]
	minutes[k] = minute{v.n + 1, v.sum + uint64(id)*0x9e3779b97f4a7c15}
}

// WalkChain begins to check a merchant's chain.
func (d *DB) WalkChain(m ident.Merchant) *ChainWalk {
	return &ChainWalk{d: d, m: m, minutes: map[int64]minute{}}
}

// Step checks the next part; Next is "" at the end.
func (w *ChainWalk) Step(ctx context.Context, limit int) (out Window, err error) {
	const op = "db.CheckChain"
	if w.part == 0 {
		err = w.links(ctx, max(limit/20, 1), &out)
	} else {
		err = w.outside(ctx, &out)
	}
	return out, fault.Wrap(op, err)
}

func (w *ChainWalk) links(ctx context.Context, limit int, out *Window) error {
	type row struct {
		n, at, entries int64
		marks, hash    []byte
	}
	return w.d.snapshot(ctx, func(r *reader) error {
		var rows []row
		err := r.query(`SELECT n, at, entries, marks, hash FROM chain WHERE merchant_id = $1 AND n > $2 ORDER BY n LIMIT $3`, []any{int64(w.m), w.n, int64(limit)}, func(scan scanFunc) error {
			var l row
			err := scan(&l.n, &l.at, &l.entries, &l.marks, &l.hash)
			rows = append(rows, l)
			return err
		})
		if err != nil {
			return err
		}
		for _, l := range rows {
			name := "link " + strconv.FormatInt(l.n, 10)
			if l.n != w.n+1 {
				out.find(0, name, "link "+strconv.FormatInt(w.n+1, 10)+" before it", "none")
			}
			var ids []int64
			markIDs(l.marks, func(id int64) {
				ids = append(ids, id)
				w.add(w.minutes, id)
			})
			lines, err := r.lines(w.m, ids)
			if err != nil {
				return err
			}
			out.Looked += len(ids)
			whole := true
			for i, id := range ids {
				at := slices.IndexFunc(lines, func(c chained) bool { return c.id == id })
				line := name + ", line " + ident.Entry(id).String() + " of " + ident.Time(id).Format(time.RFC3339)
				switch {
				case at < 0:
					out.find(0, line, "in the journal", "dropped")
				case !bytes.Equal(lines[at].hash[:markSize-8], l.marks[i*markSize+8:(i+1)*markSize]):
					out.find(0, line, "as it was sealed", "changed")
				default:
					continue
				}
				whole = false
			}
			if whole && l.n == w.n+1 && !bytes.Equal(link(w.m, l.n, l.at, w.hash, lines), l.hash) {
				out.find(0, name, "the hash of its lines and of the link before", "another")
			}
			w.n, w.hash, w.until = l.n, l.hash, max(w.until, l.at)
		}
		if out.Next = "more"; len(rows) < limit {
			w.part = 1
		}
		return nil
	})
}

// outside finds lines that stand in the journal and in no link, by sums over each minute.
func (w *ChainWalk) outside(ctx context.Context, out *Window) error {
	end := time.UnixMilli(w.until).Add(-2*sealBack).Unix() / 60 // later ones may be sealed with the next link
	seen := map[int64]minute{}
	err := w.d.snapshot(ctx, func(r *reader) error {
		var first int64
		found, err := r.one(`SELECT id FROM journal WHERE `+w.d.eng.aside+`merchant_id = $1 AND id > $2 ORDER BY id LIMIT 1`, []any{int64(w.m), w.after}, &first)
		if err != nil || !found || minuteOf(first) >= end {
			return err
		}
		next := ident.Of(time.Unix(60*min(minuteOf(first)+minutesOnce, end), 0), 0)
		out.Next, w.after = "more", next-1
		return r.query(`SELECT id FROM journal WHERE `+w.d.eng.aside+`merchant_id = $1 AND id >= $2 AND id < $3`, []any{int64(w.m), first, next}, func(scan scanFunc) error {
			var id int64
			err := scan(&id)
			w.add(seen, id)
			return err
		})
	})
	for k, have := range seen {
		if err == nil && have != w.minutes[k] {
			err = w.inserted(ctx, k, out)
		}
	}
	return err
}

// inserted names the lines of a minute that no link has.
func (w *ChainWalk) inserted(ctx context.Context, k int64, out *Window) error {
	begin := time.Unix(k*60, 0)
	return w.d.snapshot(ctx, func(r *reader) error {
		sealed := map[int64]bool{}
		err := r.query(`SELECT marks FROM chain WHERE merchant_id = $1`, []any{int64(w.m)}, func(scan scanFunc) error {
			var marks []byte
			err := scan(&marks)
			markIDs(marks, func(id int64) {
				if minuteOf(id) == k {
					sealed[id] = true
				}
			})
			return err
		})
		if err != nil {
			return err
		}
		return r.query(`SELECT id FROM journal WHERE `+w.d.eng.aside+`merchant_id = $1 AND id >= $2 AND id < $3 ORDER BY id`,
			[]any{int64(w.m), ident.Of(begin, 0), ident.Of(begin.Add(time.Minute), 0)}, func(scan scanFunc) error {
				var id int64
				err := scan(&id)
				if !sealed[id] {
					out.find(0, "line "+ident.Entry(id).String()+" of "+ident.Time(id).Format(time.RFC3339), "in the chain", "inserted after its time was sealed")
				}
				return err
			})
	})
}
