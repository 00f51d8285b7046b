package db_test

import (
	"fmt"
	"testing"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/db/dbtest"
)

// What a person keeps is his alone, what is shared is everybody's of the merchant, and the
// newest document of a name is the one that is there.
func TestPreferencesAreAPersonsOrAllPeoples(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx, m, other := t.Context(), brand(t, d), brand(t, d)
		set := func(m ident.Merchant, u ident.User, name, doc string) error {
			if doc == "" {
				return d.SetPreference(ctx, m, u, name, nil, "usr")
			}
			return d.SetPreference(ctx, m, u, name, []byte(doc), "usr")
		}
		for _, err := range []error{
			set(m, 7, "views", `[]`), set(m, 7, "views", `[{"name":"午"}]`), set(m, 8, "views", `["theirs"]`), set(other, 7, "views", `["another brand"]`),
			set(m, 0, "view/a", `{"tab":"new"}`), set(m, 0, "view/b", `{}`), set(m, 0, "view/b", ``),
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
		list, err := d.Preferences(ctx, m, 7)
		if err != nil || len(list) != 2 {
			t.Fatalf("%d are there (%v), want his own and the shared one", len(list), err)
		}
		if p := list[0]; !p.Shared || p.Name != "view/a" || string(p.Doc) != `{"tab":"new"}` || p.By != "usr" || p.At == 0 {
			t.Errorf("shared: %+v", p)
		}
		if p := list[1]; p.Shared || string(p.Doc) != `[{"name":"午"}]` {
			t.Errorf("his own: %+v", p)
		}
		for i := 2; i <= 50; i++ {
			if err := set(m, 0, fmt.Sprint("view/", i), `{}`); err != nil {
				t.Fatal(err)
			}
		}
		if err := set(m, 0, "view/one more", `{}`); !fault.Is(err, fault.Conflict) {
			t.Errorf("a 51st: %v", err)
		}
		if err := set(m, 0, "view/a", `{"tab":"done"}`); err != nil {
			t.Errorf("another in its place: %v", err)
		}
	})
}
