package api

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/front"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
)

// A FrontChange is one thing that an edit changes.
type FrontChange struct {
	Op     front.Op      `json:"op" enum:"add,set,rename,delete"`
	What   front.What    `json:"what" enum:"profile,area,category,item,sku,price,stock,stock_add,sale,properties"`
	Code   string        `json:"code,omitempty" doc:"Of the area or item; of a category its name; of a profile the field, where it has a call of its own."`
	SKU    string        `json:"sku,omitempty"`
	Name   string        `json:"name,omitempty"`
	Was    string        `json:"was,omitempty" doc:"The code or name until now, with rename."`
	Takes  bool          `json:"takes,omitempty" doc:"It takes something away that a customer could see."`
	Fields []front.Field `json:"fields,omitempty"`
}

// An EditedChange is a change of an edit with what became of it.
type EditedChange struct {
	FrontChange
	State string        `json:"state" enum:"waiting,done,refused,unknown" doc:"unknown: it may or may not have been done and is not repeated."`
	Why   *fault.Reason `json:"why,omitempty"`
}

// An Edit is a set of changes of what a shop shows.
type Edit struct {
	ID      ident.Edit     `json:"id" doc:"Empty: there was nothing to change."`
	ShopID  ident.Shop     `json:"shop_id"`
	Part    front.Part     `json:"part"`
	Family  front.Family   `json:"family,omitempty"`
	At      int64          `json:"at" doc:"By the wall clock."`
	By      string         `json:"by"`
	ByName  string         `json:"by_name"`
	Digest  string         `json:"digest"`
	State   string         `json:"state" enum:"sending,done,partly,refused,lapsed" doc:"partly: some changes were refused or are unknown. lapsed: what is still waiting is not sent any more: half an hour has passed, or why says what else."`
	Why     *fault.Reason  `json:"why,omitempty" doc:"Of lapsed, where it is known."`
	Changes []EditedChange `json:"changes"`
}

// FrontPath names a shop and a part of its front.
type FrontPath struct {
	ByID
	Part string `path:"part" enum:"profile,areas,menu"`
}

type getFrontInput struct {
	FrontPath
	Family     string `query:"family" enum:"food,retail,medicine" doc:"Of a menu; left out: the platform's first."`
	Kinds      bool   `query:"kinds" doc:"Of a profile: the names that its tags can have are wanted too, which is one more call."`
	Properties string `query:"properties" maxLength:"4000" doc:"Codes of items, separated by commas, of which the properties are wanted too: 50 at most."`
}

type frontOutput struct{ Body front.Front }

// FrontBody is what is wanted of a part.
type FrontBody struct {
	front.Front
	Family  string `json:"family,omitempty" enum:"food,retail,medicine"`
	Replace bool   `json:"replace,omitempty" doc:"What is live and not named here is deleted."`
}

type planInput struct {
	FrontPath
	Body FrontBody
}

type planOutput struct {
	Body struct {
		Changes []FrontChange `json:"changes"`
		Digest  string        `json:"digest" doc:"What whoever agrees to the plan names."`
		Consent bool          `json:"consent" doc:"The edit is refused without the digest."`
	}
}

type editInput struct {
	FrontPath
	ActOnce
	Body struct {
		FrontBody
		Digest string `json:"digest,omitempty" maxLength:"64" doc:"Of the plan that was looked at. Needed where the plan says consent; where it is given, what is live must still be as it was."`
	}
}

type editOutput struct {
	Status int
	Body   Edit
}

type editsInput struct {
	ByID
	Limit int `query:"limit" minimum:"1" maximum:"50" default:"10"`
}

type editsOutput struct {
	Body struct {
		Edits []Edit `json:"edits"`
	}
}

type pictureInput struct {
	ByID
	ActOnce
	Body struct {
		Name    string `json:"name" minLength:"1" maxLength:"100" doc:"With its kind: noodles.jpg."`
		Picture []byte `json:"picture" doc:"Base64."`
	}
}

type shownPictureOutput struct {
	Body struct {
		Picture string `json:"picture" doc:"What an item's picture names it by."`
	}
}

func (s *Server) frontRoutes() {
	add(s, op("getFront", http.MethodGet, "/shops/{id}/front/{part}", "fronts", "What a shop shows on its channel, read live: its profile with the hours, its delivery areas, or its menu"), s.getFront)
	add(s, op("planFront", http.MethodPost, "/shops/{id}/front/{part}/plan", "fronts", "What an edit would change of what is live now; changes nothing"), s.planFront)
	o := op("editFront", http.MethodPut, "/shops/{id}/front/{part}", "fronts", "Change what a shop shows; what is not given stays as it is")
	o.DefaultStatus = http.StatusAccepted
	add(s, o, s.editFront)
	add(s, op("listEdits", http.MethodGet, "/shops/{id}/edits", "fronts", "The newest edits of a shop, and what became of each change"), s.listEdits)
	add(s, op("getEdit", http.MethodGet, "/edits/{id}", "fronts", "One edit"), s.getEdit)
	add(s, op("addPicture", http.MethodPost, "/shops/{id}/pictures", "fronts", "Upload a picture to the platform, for items to name"), s.addPicture)
}

func (p FrontPath) open() (ident.Shop, front.Part, error) {
	id, err := idOf[ident.Shop](p.ID)
	return id, front.Part(p.Part), err
}

func (s *Server) getFront(ctx context.Context, in *getFrontInput) (*frontOutput, error) {
	id, part, err := in.open()
	if err != nil {
		return nil, err
	}
	var codes []string
	if in.Properties != "" {
		codes = strings.Split(in.Properties, ",")
	}
	f, err := s.hub.Front(ctx, who(ctx).Actor, id, front.How{Part: part, Family: front.Family(in.Family)}, codes, in.Kinds)
	return &frontOutput{f}, fault.Wrap("api.getFront", err)
}

func (b FrontBody) how(part front.Part) front.How {
	return front.How{Part: part, Family: front.Family(b.Family), Replace: b.Replace}
}

func shownChange(c front.Change) FrontChange {
	return FrontChange{c.Op, c.What, c.Code, c.SKU, c.Name, c.Was, c.Takes(), c.Fields}
}

func (s *Server) planFront(ctx context.Context, in *planInput) (*planOutput, error) {
	id, part, err := in.open()
	if err != nil {
		return nil, err
	}
	how := in.Body.how(part)
	plan, err := s.hub.PlanFront(ctx, who(ctx).Actor, id, in.Body.Front, how)
	out := &planOutput{}
	out.Body.Changes, out.Body.Digest = each(plan.Changes, shownChange), plan.Digest
	out.Body.Consent = len(plan.Changes) > 0 && plan.Consent(how.Replace)
	return out, fault.Wrap("api.planFront", err)
}

func (s *Server) editFront(ctx context.Context, in *editInput) (*editOutput, error) {
	id, part, err := in.open()
	if err != nil {
		return nil, err
	}
	row, err := s.hub.EditFront(ctx, who(ctx).Actor, id, in.Body.Front, in.Body.how(part), in.Body.Digest)
	if err != nil {
		return nil, fault.Wrap("api.editFront", err)
	}
	out := &editOutput{http.StatusAccepted, shownEdit(row)}
	if row.ID == 0 {
		out.Status = http.StatusOK
	}
	return out, nil
}

func shownEdit(r db.EditRow) Edit {
	e := Edit{ID: r.ID, ShopID: r.Shop, Part: r.Part, Family: r.Family, At: r.At, By: r.By, ByName: r.ByName, Digest: r.Digest, Changes: []EditedChange{}}
	of := map[string]int{}
	for _, c := range r.Changes {
		x := EditedChange{shownChange(c.Change), c.State, c.Why}
		if x.State == "" {
			x.State = "waiting"
		}
		of[x.State]++
		e.Changes = append(e.Changes, x)
	}
	switch {
	case of["waiting"] > 0 && (r.Ended > 0 || time.Now().UnixMilli() > r.Until+time.Minute.Milliseconds()):
		e.State = "lapsed"
		if !r.Why.IsZero() {
			e.Why = &r.Why
		}
	case of["waiting"] > 0:
		e.State = "sending"
	case of["done"] == len(r.Changes):
		e.State = "done"
	case of["refused"] == len(r.Changes):
		e.State = "refused"
	default:
		e.State = "partly"
	}
	return e
}

func (s *Server) listEdits(ctx context.Context, in *editsInput) (*editsOutput, error) {
	id, err := idOf[ident.Shop](in.ID)
	if err != nil {
		return nil, err
	}
	list, err := s.hub.Edits(ctx, who(ctx).Actor, id, in.Limit)
	out := &editsOutput{}
	out.Body.Edits = each(list, shownEdit)
	return out, fault.Wrap("api.listEdits", err)
}

func (s *Server) getEdit(ctx context.Context, in *ByID) (*editOutput, error) {
	id, err := idOf[ident.Edit](in.ID)
	if err != nil {
		return nil, err
	}
	row, err := s.hub.Edit(ctx, who(ctx).Actor, id)
	return &editOutput{http.StatusOK, shownEdit(row)}, fault.Wrap("api.getEdit", err)
}

func (s *Server) addPicture(ctx context.Context, in *pictureInput) (*shownPictureOutput, error) {
	id, err := idOf[ident.Shop](in.ID)
	if err != nil {
		return nil, err
	}
	out := &shownPictureOutput{}
	out.Body.Picture, err = s.hub.ShowPicture(ctx, who(ctx).Actor, id, in.Body.Name, in.Body.Picture)
	return out, fault.Wrap("api.addPicture", err)
}
