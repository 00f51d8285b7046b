package hub

import (
	"archive/zip"
	"cmp"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"os"
	"regexp"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/order"
)

// A Case is one order's journal, packed so that somebody else can replay it without the
// database and its key. What tells who the customer is is masked; credentials are not in it.
type Case struct {
	Format  string      `json:"format"` // caseFormat
	Version int         `json:"version"`
	Program string      `json:"program"` // that packed it
	MadeAt  int64       `json:"made_at"`
	Order   ident.Order `json:"order"`
	Rows    db.Rows     `json:"directory"`
	Lines   []CaseLine  `json:"lines"`
	Stored  CaseOrder   `json:"stored"`
}

// A CaseLine is a line of the journal. Bytes are as they came, but masked.
type CaseLine struct {
	ID        ident.Entry   `json:"id"`
	At        int64         `json:"at"`
	Direction db.Direction  `json:"direction"`
	What      string        `json:"what"`
	Channel   string        `json:"channel"`
	Account   ident.Account `json:"account"`
	Order     ident.Order   `json:"order"`
	Ref       order.Ref     `json:"ref"`
	Method    string        `json:"method,omitempty"`
	Path      string        `json:"path,omitempty"`
	Status    int           `json:"status,omitempty"`
	TookUS    int64         `json:"took_us,omitempty"`
	By        string        `json:"by,omitempty"`
	Outcome   string        `json:"outcome,omitempty"`
	Error     string        `json:"error,omitempty"`
	Known     bool          `json:"known,omitempty"` // the same bytes as a line before
	Erased    bool          `json:"erased,omitempty"`
	Body      string        `json:"body,omitempty"`
	Answer    string        `json:"answer,omitempty"`
}

// A CaseOrder is the order as it is stored.
type CaseOrder struct {
	Row      db.OrderRow     `json:"row"`
	Records  []CaseRecord    `json:"records"`
	Effects  []effect.Effect `json:"effects"`
	Reserved []db.Reserved   `json:"reserved"`
}

// A CaseRecord is a record of the order.
type CaseRecord struct {
	Ref    order.Ref       `json:"ref"`
	Record json.RawMessage `json:"record"`
}

const (
	caseFormat  = "tongdan case"
	caseVersion = 1
	caseFile    = "case.json"

	// MaxCase bounds a case, in bytes before it is compressed.
	MaxCase = 32 << 20
)

// PackCase writes the case of an order. It fails with fault.TooLarge for an order whose
// journal has more than MaxCase bytes.
func (h *Hub) PackCase(ctx context.Context, m ident.Merchant, id ident.Order, program string, w io.Writer) error {
	const op = "hub.PackCase"
	one, err := h.db.Whole(ctx, m, id)
	if err != nil {
		return fault.Wrap(op, err)
	}
	lines, err := h.db.LinesOf(ctx, m, id)
	if err != nil {
		return fault.Wrap(op, err)
	}
	var fields []string
	if info := h.info(one.Row.Channel, one.Row.Ref.Realm); info != nil {
		fields = info.Personal
	}
	mask := newMasker(fields)
	size := 0
	for i := range lines {
		if e := &lines[i]; e.Known && !e.Erased {
			if e.Body, err = h.db.KnownBody(ctx, m, *e); err != nil {
				return fault.Wrap(op, err)
			}
		}
		if lines[i].Outcome == "private" { // tokens: cut out before they were journalled, and of no use here
			lines[i].Body, lines[i].Answer = nil, nil
		}
		size += len(lines[i].Body) + len(lines[i].Answer)
		if size > MaxCase {
			return fault.New(op, fault.TooLarge, "the journal of this order has more than 32 MiB: it does not fit into a case")
		}
		mask.learn(lines[i].Body, lines[i].Answer)
	}
	c := Case{Format: caseFormat, Version: caseVersion, Program: program, MadeAt: time.Now().UnixMilli(), Order: id, Rows: h.db.Rows(m), Lines: []CaseLine{}}
	c.Rows.Merchant = db.MerchantRow{ID: m, Locale: c.Rows.Merchant.Locale}
	for i := range c.Rows.Stores {
		c.Rows.Stores[i].Name, c.Rows.Stores[i].Address = "", ""
	}
	for i := range c.Rows.Apps {
		c.Rows.Apps[i].Name, c.Rows.Apps[i].BaseURL = "", ""
		c.Rows.Apps[i].PublicURL = cmp.Or(c.Rows.Apps[i].PublicURL[:min(1, len(c.Rows.Apps[i].PublicURL))], "") // whether there is one
	}
	for i := range c.Rows.Shops {
		c.Rows.Shops[i].Name = ""
	}
	for _, r := range one.Records {
		c.Stored.Records = append(c.Stored.Records, CaseRecord{r.Ref, mask.bytes(toJSON(r.Record))})
	}
	row := one.Row
	row.Summary, row.Wants, row.Search = mask.bytes(row.Summary), mask.bytes(row.Wants), db.SearchText{}
	c.Stored.Row, c.Stored.Reserved = row, one.Reserved
	for _, e := range one.Effects {
		e.Args, e.Before, e.Why = mask.bytes(e.Args), mask.bytes(e.Before), fault.Reason{Text: mask.text(e.Why.Text)}
		c.Stored.Effects = append(c.Stored.Effects, e)
	}
	for _, e := range lines {
		c.Lines = append(c.Lines, CaseLine{
			ID: e.ID, At: e.At.UnixMilli(), Direction: e.Direction, What: e.What, Channel: e.Channel, Account: e.Account, Order: e.Order, Ref: e.Ref,
			Method: e.Method, Path: mask.text(e.Path), Status: e.Status, TookUS: e.Took.Microseconds(), By: mask.text(e.By), Outcome: e.Outcome, Error: mask.text(e.Error),
			Known: e.Known, Erased: e.Erased, Body: string(mask.bytes(e.Body)), Answer: string(mask.bytes(e.Answer)),
		})
	}
	z := zip.NewWriter(w)
	f, err := z.Create(caseFile)
	if err == nil {
		e := json.NewEncoder(f)
		e.SetEscapeHTML(false)
		e.SetIndent("", " ")
		err = e.Encode(c)
	}
	if err == nil {
		err = z.Close()
	}
	return fault.Wrap(op, err)
}

// ReadCase reads what PackCase wrote. It fails with fault.Invalid when it is something
// else, with fault.Conflict when a newer program packed it.
func ReadCase(r io.ReaderAt, size int64) (c Case, err error) {
	const op = "hub.ReadCase"
	bad := func(err error) error {
		return &fault.Error{Op: op, Code: fault.Invalid, Words: "this is no case, or it is damaged", Err: err}
	}
	z, err := zip.NewReader(r, size)
	if err != nil {
		return c, bad(err)
	}
	f, err := z.Open(caseFile)
	if err != nil {
		return c, bad(err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, 4*MaxCase+1))
	if err != nil {
		return c, bad(err)
	}
	if len(b) > 4*MaxCase {
		return c, fault.New(op, fault.TooLarge, "this case is larger than a case can be")
	}
	if err := json.Unmarshal(b, &c); err != nil {
		return c, bad(err)
	}
	switch {
	case c.Format != caseFormat:
		return c, bad(nil)
	case c.Version > caseVersion:
		return c, fault.New(op, fault.Conflict, "a newer Tongdan packed this case; replay it with that version")
	}
	return c, nil
}

// masked are the fields that masking changes, in documents of ours.
var masked = regexp.MustCompile(personal.String() + `|^search|\.s\.|\.c$`)

// ReplayCase replays a case in a scratch database in dir ("" = a temporary folder) and
// compares with what was stored where it was packed. Fields that are masked are not
// compared. It needs no database and no key.
func ReplayCase(ctx context.Context, platforms []channel.Platform, c Case, dir string, log *slog.Logger) (rep ReplayReport, err error) {
	const op = "hub.ReplayCase"
	began := time.Now()
	rep.At, rep.Orderly, rep.Trouble = began.UnixMilli(), []ReplayOrder{}, []db.Finding{}
	if dir, err = os.MkdirTemp(dir, "tongdan-case-"); err != nil {
		return rep, &fault.Error{Op: op, Code: fault.Invalid, Words: "the scratch database has no place; give another folder", Err: err}
	}
	defer os.RemoveAll(dir)
	p, err := New(Options{Platforms: platforms, Log: log, NoLanes: true}).player(ctx, dir, c.Rows, &rep)
	if err != nil {
		return rep, fault.Wrap(op, err)
	}
	defer p.scratch.db.Close()
	var lines []db.EntryRead
	for _, l := range c.Lines {
		e := db.EntryRead{Erased: l.Erased, Entry: db.Entry{
			ID: l.ID, At: time.UnixMilli(l.At).UTC(), Direction: l.Direction, What: l.What, Channel: l.Channel, Account: l.Account, Order: l.Order, Ref: l.Ref,
			Method: l.Method, Path: l.Path, Status: l.Status, By: l.By, Outcome: l.Outcome, Error: l.Error, Body: []byte(l.Body), Answer: []byte(l.Answer),
		}}
		lines = append(lines, e)
	}
	p.body = func(e db.EntryRead) ([]byte, error) { return e.Body, nil }
	p.ids = func([]order.Ref) (map[order.Ref]ident.Order, error) {
		return map[order.Ref]ident.Order{c.Stored.Row.Ref: c.Order}, nil
	}
	p.ignore = masked.MatchString
	if err := p.play(ctx, lines); err != nil {
		return rep, fault.Wrap(op, err)
	}
	have := &db.Whole{Row: c.Stored.Row, Effects: c.Stored.Effects, Reserved: c.Stored.Reserved}
	for _, r := range c.Stored.Records {
		l := order.Linked{Ref: r.Ref}
		if err := json.Unmarshal(r.Record, &l.Record); err != nil {
			return rep, &fault.Error{Op: op, Code: fault.Invalid, Words: "a record of this case cannot be read", Err: err}
		}
		have.Records = append(have.Records, l)
	}
	got, err := p.scratch.db.WholesOf(ctx, p.m, []ident.Order{c.Order})
	if err != nil {
		return rep, fault.Wrap(op, err)
	}
	var w *db.Whole
	if len(got) == 1 {
		w = got[0]
	}
	rep.Orders = 1
	if d := p.differences(have, w); len(d) > 0 {
		rep.Differ = 1
		rep.Orderly = append(rep.Orderly, p.explain(have, d, lines))
	}
	rep.TookMS = time.Since(began).Milliseconds()
	return rep, nil
}
