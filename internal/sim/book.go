package sim

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
)

// Book is the durable state of a simulator: the newest value of each (kind, id). On disk it
// is a file of JSON lines that only grows and is rewritten when it is opened and when most of it
// has become history. A line is handed to the operating system before Put returns, so that
// kill -9 loses nothing that was answered; a power cut may lose the last seconds.
//
// One file belongs to one running simulator. A Book is safe for concurrent use.
type Book struct {
	mu    sync.Mutex
	path  string
	file  *os.File
	kinds map[string]map[string]json.RawMessage
	lines int // in the file
	live  int // values held
	err   error

	nothing bool // is kept; never changed
}

type bookLine struct {
	Kind  string          `json:"kind"`
	ID    string          `json:"id"`
	Value json.RawMessage `json:"value,omitempty"` // absent: deleted
}

// OpenBook opens or creates the book at path; "" keeps it in memory only, where a second
// simulator given the same *Book still finds everything. A last line cut off by a crash is dropped;
// any other damage is an error that names the line.
func OpenBook(path string) (*Book, error) {
	b := &Book{path: path, kinds: map[string]map[string]json.RawMessage{}}
	if path == "" {
		return b, nil
	}
	data, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("open the simulator's book: %w", err)
	}
	for n := 1; len(data) > 0; n++ {
		line, rest, whole := bytes.Cut(data, []byte("\n"))
		var l bookLine
		if err := json.Unmarshal(line, &l); err != nil {
			if !whole || len(rest) == 0 {
				break // the crash came while this line was written
			}
			return nil, fmt.Errorf("simulator's book %s, line %d is damaged (%v): remove the line or the file", path, n, err)
		}
		b.apply(l)
		data = rest
	}
	if err := b.compact(); err != nil {
		return nil, err
	}
	return b, nil
}

// NoBook keeps nothing: for a simulator that ends with its process.
func NoBook() *Book { return &Book{nothing: true} }

func (b *Book) apply(l bookLine) {
	kind := b.kinds[l.Kind]
	_, had := kind[l.ID]
	switch {
	case l.Value == nil:
		if had {
			delete(kind, l.ID)
			b.live--
		}
	default:
		if kind == nil {
			kind = map[string]json.RawMessage{}
			b.kinds[l.Kind] = kind
		}
		kind[l.ID] = l.Value
		if !had {
			b.live++
		}
	}
}

// compact rewrites the file with only the newest values.
func (b *Book) compact() error {
	tmp, err := os.OpenFile(b.path+".new", os.O_CREATE|os.O_TRUNC|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("write the simulator's book: %w", err)
	}
	w := bufio.NewWriter(tmp)
	for kind, values := range b.kinds {
		for id, v := range values {
			if err := writeLine(w, bookLine{kind, id, v}); err != nil {
				tmp.Close()
				return err
			}
		}
	}
	if err := errors.Join(w.Flush(), tmp.Sync(), os.Rename(b.path+".new", b.path)); err != nil {
		tmp.Close()
		return fmt.Errorf("write the simulator's book: %w", err)
	}
	if b.file != nil {
		b.file.Close()
	}
	b.file, b.lines = tmp, b.live
	return nil
}

func writeLine(w io.Writer, l bookLine) error {
	line, err := json.Marshal(l)
	if err != nil {
		return err
	}
	_, err = w.Write(append(line, '\n'))
	return err
}

// Load calls f for every value of a kind, ordered by id, and stops at the first error.
func (b *Book) Load(kind string, f func(id string, raw json.RawMessage) error) error {
	b.mu.Lock()
	values := b.kinds[kind]
	ids := make([]string, 0, len(values))
	for id := range values {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	raws := make([]json.RawMessage, len(ids))
	for i, id := range ids {
		raws[i] = values[id]
	}
	b.mu.Unlock()
	for i, id := range ids {
		if err := f(id, raws[i]); err != nil {
			return fmt.Errorf("simulator's book, %s %s: %w", kind, id, err)
		}
	}
	return nil
}

// Put writes one value. A failed write is kept and returned by every later call and by Close: a
// simulator that cannot remember must not go on as if it could.
func (b *Book) Put(kind, id string, value any) error {
	batch := b.Begin()
	batch.Put(kind, id, value)
	return batch.Commit()
}

// Delete forgets one value.
func (b *Book) Delete(kind, id string) error {
	batch := b.Begin()
	batch.Delete(kind, id)
	return batch.Commit()
}

// Close closes the file. The values stay readable in memory.
func (b *Book) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.file == nil {
		return b.err
	}
	err := errors.Join(b.err, b.file.Close())
	b.file, b.err = nil, errors.New("the simulator's book is closed")
	return err
}

// Batch is a set of changes that are written together: an order's new state and the pushes
// that announce it. It is for one goroutine.
type Batch struct {
	book  *Book
	lines []bookLine
	after []func()
	err   error
}

// Begin starts a batch.
func (b *Book) Begin() *Batch { return &Batch{book: b} }

// Put adds a value; it is turned into JSON at once, so later changes to it do not count.
func (t *Batch) Put(kind, id string, value any) {
	if t.book.nothing {
		return
	}
	raw, err := json.Marshal(value)
	if err != nil {
		t.err = errors.Join(t.err, fmt.Errorf("simulator's book, %s %s: %w", kind, id, err))
		return
	}
	t.lines = append(t.lines, bookLine{kind, id, raw})
}

// Delete adds the removal of a value.
func (t *Batch) Delete(kind, id string) { t.lines = append(t.lines, bookLine{Kind: kind, ID: id}) }

// After adds something to do once the batch is written: wake the pusher, set a timer.
func (t *Batch) After(f func()) { t.after = append(t.after, f) }

// Commit writes everything in one go and then runs the After functions in order.
func (t *Batch) Commit() error {
	if t.err != nil {
		return t.err
	}
	if err := t.book.write(t.lines); err != nil {
		return err
	}
	for _, f := range t.after {
		f()
	}
	return nil
}

func (b *Book) write(lines []bookLine) error {
	if len(lines) == 0 {
		return nil
	}
	var buf bytes.Buffer
	if b.path != "" {
		for _, l := range lines {
			if err := writeLine(&buf, l); err != nil {
				return err
			}
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err != nil {
		return b.err
	}
	if b.file != nil {
		if _, err := b.file.Write(buf.Bytes()); err != nil {
			b.err = fmt.Errorf("write the simulator's book: %w", err)
			return b.err
		}
	}
	for _, l := range lines {
		b.apply(l)
	}
	b.lines += len(lines)
	if b.file != nil && b.lines > 4*b.live+20_000 {
		b.err = b.compact()
	}
	return b.err
}
