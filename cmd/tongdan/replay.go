package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/hub"
	"github.com/tongdan/tongdan/internal/platform"
	"github.com/tongdan/tongdan/order"
)

// replay rebuilds orders from the journal and compares them with what is stored.
func (c command) replay(ctx context.Context, args []string) error {
	f := c.flags("replay")
	data := f.String("data", c.or("TONGDAN_DATA", "./data"), "folder of the data and of the key file (TONGDAN_DATA)")
	one := f.String("order", "", "one order: its id (ord_…) or the platform's number; default all")
	file := f.String("case", "", "replay a case that tongdan case packed; needs neither data nor key")
	scratch := f.String("scratch", "", "folder for the scratch database (default: a temporary one)")
	asJSON := f.Bool("json", false, "print the report as JSON")
	examples := f.Int("examples", 10, "orders whose differences are shown")
	if err := parse(f, args); err != nil {
		return couldNotLook{err}
	}
	var rep hub.ReplayReport
	var err error
	if *file != "" {
		rep, err = c.replayCase(ctx, *file, *scratch)
	} else {
		rep, err = c.replayData(ctx, *data, *one, hub.ReplayOptions{Dir: *scratch, Examples: *examples, Progress: c.progress()})
	}
	if err != nil {
		return couldNotLook{err}
	}
	if *asJSON {
		e := json.NewEncoder(c.out)
		e.SetIndent("", "  ")
		err = e.Encode(rep)
	} else {
		err = tellReplay(c.out, rep, *one != "" || *file != "")
	}
	if err == nil && rep.Differ > 0 {
		err = errDoesNotHold
	}
	return err
}

func (c command) replayData(ctx context.Context, data, one string, o hub.ReplayOptions) (rep hub.ReplayReport, err error) {
	d, err := c.reader(ctx, data, c.env("DATABASE_URL"))
	if err != nil {
		return rep, err
	}
	defer d.Close()
	h := hub.New(hub.Options{DB: d, Platforms: platform.All(), Log: c.log, NoLanes: true})
	if one != "" {
		if o.Merchant, o.Order, err = findOrder(ctx, h, one); err != nil {
			return rep, err
		}
	}
	return h.Replay(ctx, o)
}

func (c command) replayCase(ctx context.Context, file, scratch string) (rep hub.ReplayReport, err error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return rep, fmt.Errorf("--case: %w", err)
	}
	k, err := hub.ReadCase(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return rep, err
	}
	return hub.ReplayCase(ctx, platform.All(), k, scratch, c.log)
}

// findOrder finds an order by our id or by the platform's number, at any merchant.
func findOrder(ctx context.Context, h *hub.Hub, text string) (m ident.Merchant, id ident.Order, err error) {
	list, err := h.DB().Merchants(ctx)
	if err != nil {
		return 0, 0, err
	}
	var refs []order.Ref
	for _, i := range h.Channels() {
		refs = append(refs, order.Ref{Realm: i.Realm, Kind: order.KindOrder, ID: text})
	}
	ours := id.UnmarshalText([]byte(text)) == nil && id != 0
	for _, row := range list {
		sc := db.Scope{Merchant: row.ID}
		if ours {
			if _, _, _, err := h.DB().Order(ctx, sc, id); err == nil {
				return row.ID, id, nil
			}
			continue
		}
		for _, ref := range refs {
			if found, _, _, err := h.DB().OrderByRef(ctx, sc, ref); err == nil {
				return row.ID, found.ID, nil
			}
		}
	}
	return 0, 0, &fault.Error{Op: "tongdan", Code: fault.NotFound, Ref: text, Words: "there is no such order"}
}

// packCase packs one order's journal.
func (c command) packCase(ctx context.Context, args []string) error {
	f := c.flags("case")
	data := f.String("data", c.or("TONGDAN_DATA", "./data"), "folder of the data and of the key file (TONGDAN_DATA)")
	out := f.String("out", "", "file to write (default: ORDER.case.zip)")
	if err := f.Parse(args); err != nil {
		return err
	}
	if f.NArg() != 1 {
		return errors.New("say which order: tongdan case [--data …] [--out …] ORDER, its id (ord_…) or the platform's number")
	}
	d, err := c.reader(ctx, *data, c.env("DATABASE_URL"))
	if err != nil {
		return err
	}
	defer d.Close()
	h := hub.New(hub.Options{DB: d, Platforms: platform.All(), Log: c.log, NoLanes: true})
	m, id, err := findOrder(ctx, h, f.Arg(0))
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := h.PackCase(ctx, m, id, version(), &b); err != nil {
		return err
	}
	if *out == "" {
		*out = id.String() + ".case.zip"
	}
	if err := os.WriteFile(*out, b.Bytes(), 0o600); err != nil {
		return fmt.Errorf("--out: %w", err)
	}
	_, err = fmt.Fprintf(c.out, "%s: %d bytes. Names, phones, addresses and free text are masked; read it before you give it away.\n", *out, b.Len())
	return err
}

// tellReplay prints a report; the journal of an order is shown where one was asked for.
func tellReplay(w io.Writer, rep hub.ReplayReport, whole bool) error {
	var b strings.Builder
	for _, x := range rep.Orderly {
		fmt.Fprintf(&b, "%s (%s %s): %d fields differ\n", x.Order, x.Ref.Realm, x.Ref.ID, len(x.Fields))
		for _, f := range x.Fields {
			fmt.Fprintf(&b, "  %s\n      stored    %s\n      replayed  %s\n", f.Field, orNothing(f.Stored), orNothing(f.Replayed))
			for _, id := range f.By {
				for _, l := range x.Lines {
					if l.Entry == id {
						fmt.Fprintf(&b, "      touched   %s  %s  %s %s\n", time.UnixMilli(l.At).UTC().Format("2006-01-02 15:04:05.000"), l.Entry, l.Direction, l.What)
					}
				}
			}
		}
		if !whole {
			continue
		}
		b.WriteString("  its journal:\n")
		for _, l := range x.Lines {
			fmt.Fprintf(&b, "      %s  %s  %-8s %s %s\n", time.UnixMilli(l.At).UTC().Format("2006-01-02 15:04:05.000"), l.Entry, l.Direction, l.What, l.Note)
		}
	}
	for _, t := range rep.Trouble {
		fmt.Fprintf(&b, "not read: %s: %s\n", t.What, t.Got)
	}
	fmt.Fprintf(&b, "%d lines of the journal, %d of them about orders; %d orders compared, %d differ", rep.Lines, rep.Learnt, rep.Orders, rep.Differ)
	for n, what := range map[string]int{"left out since they are erased": rep.Erased, "lines not read": rep.Unread, "parked lines can be read today": rep.Readable} {
		if what > 0 {
			fmt.Fprintf(&b, ", %d %s", what, n)
		}
	}
	fmt.Fprintf(&b, "; %.1f s\n", float64(rep.TookMS)/1000)
	_, err := io.WriteString(w, b.String())
	return err
}
