package api

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/tongdan/tongdan/fault"
)

// Preferences are how somebody likes the console.
type Preferences struct {
	Mine   map[string]any `json:"mine" doc:"By name: columns, views. Absent: never set."`
	Shared []SharedView   `json:"shared" doc:"Views that all people of the merchant have, by name."`

	Versions map[string]int64 `json:"versions" doc:"Of what one keeps, by name: which change of it this is."`
}

// A SharedView is a name for what the order list shows. It only chooses: whoever opens it
// sees what his stores let him see.
type SharedView struct {
	Name   string            `json:"name" minLength:"1" maxLength:"40"`
	Filter map[string]string `json:"filter" doc:"As in the console's address: tab, channel, store, q, …" maxProperties:"20"`
}

// viewPrefix is before the names of shared views, so that other things can be shared too.
const viewPrefix = "view/"

const maxPreference = 16 << 10 // bytes of one document

func (s *Server) preferenceRoutes() {
	add(s, op("getMyPreferences", http.MethodGet, "/me/preferences", "sign-in", "How one likes the console, on every device, and the views that all share"), s.myPreferences)
	add(s, op("setMyPreference", http.MethodPut, "/me/preferences/{name}", "sign-in", "Keep a document of the console's for oneself; the newest wins, unless one says which version one has seen"), s.setMyPreference)
	add(s, op("shareView", http.MethodPut, "/shared-views", "sign-in", "Give all people of the merchant a view, in the place of the one of that name"), s.shareView)
	add(s, op("unshareView", http.MethodDelete, "/shared-views", "sign-in", "Take a shared view away from all"), s.unshareView)
}

type preferencesOutput struct{ Body Preferences }

func (s *Server) myPreferences(ctx context.Context, _ *struct{}) (*preferencesOutput, error) {
	c := who(ctx)
	id, err := person(c)
	if err != nil {
		return nil, err
	}
	list, err := s.db.Preferences(ctx, c.Merchant, id)
	if err != nil {
		return nil, fault.Wrap("api.myPreferences", err)
	}
	out := &preferencesOutput{Preferences{map[string]any{}, []SharedView{}, map[string]int64{}}}
	for _, p := range list {
		name, view := strings.CutPrefix(p.Name, viewPrefix)
		switch {
		case p.Shared && view:
			v := SharedView{Name: name}
			if json.Unmarshal(p.Doc, &v.Filter) == nil {
				out.Body.Shared = append(out.Body.Shared, v)
			}
		case !p.Shared:
			out.Body.Mine[p.Name], out.Body.Versions[p.Name] = json.RawMessage(p.Doc), p.At
		}
	}
	return out, nil
}

type preferenceInput struct {
	Name string `path:"name" enum:"columns,views"`
	Body struct {
		Value any    `json:"value" doc:"Any JSON, of at most 16 KiB. The service keeps it and does not read it."`
		Seen  *int64 `json:"seen,omitempty" minimum:"0" doc:"The version that one has read, 0 = none: refused with 409 preference_changed when it is another by now. Left out: the newest wins."`
	}
}

func (s *Server) setMyPreference(ctx context.Context, in *preferenceInput) (*struct{}, error) {
	const op = "api.setMyPreference"
	c := who(ctx)
	id, err := person(c)
	if err != nil {
		return nil, err
	}
	doc, err := preferenceDoc(in.Body.Value)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	seen := int64(-1)
	if in.Body.Seen != nil {
		seen = *in.Body.Seen
	}
	return nil, fault.Wrap(op, s.db.SetPreferenceSeen(ctx, c.Merchant, id, in.Name, doc, c.ID, seen))
}

// preferenceDoc writes what is to be kept, within the limit.
func preferenceDoc(v any) ([]byte, error) {
	const op = "api.preferenceDoc"
	doc, err := json.Marshal(v)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	if len(doc) > maxPreference {
		return nil, fault.Say(op, fault.TooLarge, "preference_large", "this is more than is kept for a screen")
	}
	return doc, nil
}

type shareInput struct{ Body SharedView }

func (s *Server) shareView(ctx context.Context, in *shareInput) (*struct{}, error) {
	const op = "api.shareView"
	c := who(ctx)
	name := strings.TrimSpace(in.Body.Name)
	if name == "" {
		return nil, &fault.Error{Op: op, Code: fault.Invalid, Fields: []fault.Field{fault.Wrong("body.name", fault.Because("field_needed", "is needed"))}}
	}
	doc, err := preferenceDoc(in.Body.Filter)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	return nil, fault.Wrap(op, s.db.SetPreference(ctx, c.Merchant, 0, viewPrefix+name, doc, c.ID))
}

type unshareInput struct {
	Name string `query:"name" required:"true" minLength:"1" maxLength:"40"`
}

func (s *Server) unshareView(ctx context.Context, in *unshareInput) (*struct{}, error) {
	c := who(ctx)
	return nil, fault.Wrap("api.unshareView", s.db.SetPreference(ctx, c.Merchant, 0, viewPrefix+in.Name, nil, c.ID))
}
