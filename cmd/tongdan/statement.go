package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/hub"
	"github.com/tongdan/tongdan/internal/platform"
)

// statement prints completeness statements, or makes them.
func (c command) statement(ctx context.Context, args []string) error {
	f := c.flags("statement")
	data := f.String("data", c.or("TONGDAN_DATA", "./data"), "folder of the data and of the key file (TONGDAN_DATA)")
	shopText := f.String("shop", "", "one shop: its id (shp_…) or the platform's; default all")
	day := f.String("day", "", "a day of the platform, such as 2026-03-01; with --make also yesterday, or nothing for today")
	make := f.Bool("make", false, "count at the platform now; on SQLite stop tongdan serve first, or ask its API: POST /api/v1/statements")
	asJSON := f.Bool("json", false, "print the signed documents with their signatures and keys, one a line")
	if err := parse(f, args); err != nil {
		return couldNotLook{err}
	}
	open := c.reader
	if *make {
		open = c.open
	}
	d, err := open(ctx, *data, c.env("DATABASE_URL"))
	if err != nil {
		return couldNotLook{err}
	}
	defer d.Close()
	h := hub.New(hub.Options{DB: d, Platforms: platform.All(), Log: c.log, NoLanes: true})
	list, err := c.statements(ctx, h, *shopText, *day, *make)
	if err != nil {
		return couldNotLook{err}
	}
	holds := true
	for _, s := range list {
		holds = holds && s.Good && s.Statement.Verdict != hub.Differs
		if *asJSON {
			err = json.NewEncoder(c.out).Encode(map[string]string{"document": string(s.Row.Doc),
				"signature": base64.StdEncoding.EncodeToString(s.Row.Signature), "public_key": base64.StdEncoding.EncodeToString(s.Public)})
		} else {
			_, err = fmt.Fprintln(c.out, sentence(s))
		}
		if err != nil {
			return err
		}
	}
	if len(list) == 0 {
		fmt.Fprintln(c.err, "no statements; they are made some hours after a platform's day, or with --make")
	}
	if !holds {
		return errDoesNotHold
	}
	return nil
}

func (c command) statements(ctx context.Context, h *hub.Hub, shopText, day string, make bool) (out []hub.SignedStatement, err error) {
	merchants, err := h.DB().Merchants(ctx)
	if err != nil {
		return nil, err
	}
	found := false
	for _, m := range merchants {
		var shops []db.ShopRow
		for _, s := range h.DB().Rows(m.ID).Shops {
			if shopText == "" || s.External == shopText || s.ID.String() == shopText {
				shops = append(shops, s)
			}
		}
		found = found || len(shops) > 0
		who := hub.Actor{Scope: db.Scope{Merchant: m.ID}, ID: "command"}
		for _, s := range shops {
			rows, err := statementsOf(ctx, h, who, s.ID, day, make)
			if err != nil {
				return nil, err
			}
			list, err := h.Signed(ctx, rows...)
			if err != nil {
				return nil, err
			}
			out = append(out, list...)
		}
	}
	if !found && shopText != "" {
		return nil, &fault.Error{Op: "tongdan", Code: fault.NotFound, Ref: shopText, Words: "there is no such shop"}
	}
	return out, nil
}

func statementsOf(ctx context.Context, h *hub.Hub, who hub.Actor, shop ident.Shop, day string, make bool) ([]db.StatementRow, error) {
	if make {
		row, err := h.MakeStatement(ctx, who, shop, day)
		return []db.StatementRow{row}, err
	}
	rows, _, err := h.DB().Statements(ctx, who.Scope, db.StatementFilter{Shop: shop, Day: day, Limit: 200})
	return rows, err
}

// sentence is a statement in one line.
func sentence(s hub.SignedStatement) string {
	st := s.Statement
	head := fmt.Sprintf("%s %s %s: ", st.Day, st.Channel, st.Shop)
	if !s.Good {
		return head + "THE SIGNATURE IS NOT THAT OF THE DOCUMENT"
	}
	so := ""
	if !st.Closed {
		so = " (so far: the day is not over)"
	}
	switch st.Verdict {
	case hub.Agrees:
		return fmt.Sprintf("%splatform %d = Tongdan %d ok%s", head, st.Platform.Orders, st.Ours.Orders, so)
	case hub.Unverifiable:
		return fmt.Sprintf("%scannot be verified here: %s; Tongdan has %d", head, st.Cannot.EN, st.Ours.Orders)
	}
	var why []string
	for _, x := range []struct {
		what string
		list []string
	}{{"missing here", st.Missing}, {"not named by the platform", st.Extra}, {"numbers that lead to no order", st.Empty}} {
		if len(x.list) > 0 {
			why = append(why, x.what+" "+strings.Join(x.list, " "))
		}
	}
	return fmt.Sprintf("%splatform %d, Tongdan %d DIFFER: %s%s", head, st.Platform.Orders, st.Ours.Orders, strings.Join(why, "; "), so)
}
