package hub

import (
	"cmp"
	"context"
	"encoding/json"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/front"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/lane"
	"github.com/tongdan/tongdan/order"
	"github.com/tongdan/tongdan/role"
	"github.com/tongdan/tongdan/stock"
)

// What a shop shows on its channel is read live, never kept: it is changed in the platform's own app as well. An edit
// is planned against what is live; what takes something away needs the digest of the plan that somebody saw, and is
// refused when what is live has changed since. It is then an effect that makes one call after another, and notes for
// each change what became of it.
const (
	kindMenu    = "edit_menu" // goods, which a shop in the mode of goods may send
	kindAreas   = "edit_areas"
	kindProfile = "edit_profile"

	mostChanges = 500
	editFor     = 30 * time.Minute // then what was not sent is not sent any more
)

var editKinds = map[front.Part]string{front.InMenu: kindMenu, front.InAreas: kindAreas, front.InProfile: kindProfile}

// Front reads a part of a shop's front as it is live. properties are the items whose properties are wanted; kinds asks
// for the names that tags can have.
func (h *Hub) Front(ctx context.Context, who Actor, id ident.Shop, how front.How, properties []string, kinds bool) (front.Front, error) {
	const op = "hub.Front"
	s, c, err := h.fronted(who, id)
	if err != nil {
		return front.Front{}, fault.Wrap(op, err)
	}
	how = usual(how, c)
	if _, wrong := front.Check(front.Front{}, how, c.Info().Front.Limits); len(wrong) > 0 && how.Part == front.InMenu {
		return front.Front{}, &fault.Error{Op: op, Code: fault.Invalid, Why: fault.Because("fields_wrong", "some fields are wrong"), Fields: wrong}
	}
	f, err := c.Front(ctx, channel.FrontAsk{Shop: s.External, Part: how.Part, Family: how.Family, Properties: properties, Kinds: kinds})
	return f, fault.Wrap(op, err)
}

// usual names the family that is meant where none is.
func usual(how front.How, c *conn) front.How {
	if how.Part != front.InMenu {
		how.Family = ""
	} else if how.Family == "" && len(c.Info().Front.Families) > 0 {
		how.Family = c.Info().Front.Families[0]
	}
	return how
}

// fronted opens the account of a shop of the caller's whose front can be kept.
func (h *Hub) fronted(who Actor, id ident.Shop) (db.ShopRow, *conn, error) {
	if err := who.May("hub.fronted", role.KeepFronts); err != nil {
		return db.ShopRow{}, nil, err
	}
	s, ok := h.db.ShopByID(who.Merchant, id)
	if !ok || !who.Sees(s.Store) {
		return s, nil, fault.Say("hub.fronted", fault.NotFound, "no_shop", "there is no such shop")
	}
	c, err := h.conn(who.Merchant, s.Account)
	if err == nil && c.Info().Front == nil {
		err = fault.Say("hub.fronted", fault.Unsupported, "no_call", "{platform} offers no call for it", "platform", c.Info().Label.EN)
	}
	return s, c, err
}

// PlanFront says what an edit would change of what is live now. It changes nothing.
func (h *Hub) PlanFront(ctx context.Context, who Actor, id ident.Shop, want front.Front, how front.How) (front.Plan, error) {
	_, _, plan, err := h.planFront(ctx, who, id, want, how)
	return plan, fault.Wrap("hub.PlanFront", err)
}

func (h *Hub) planFront(ctx context.Context, who Actor, id ident.Shop, want front.Front, how front.How) (s db.ShopRow, family front.Family, plan front.Plan, err error) {
	const op = "hub.planFront"
	s, c, err := h.fronted(who, id)
	if err != nil {
		return s, "", plan, err
	}
	how = usual(how, c)
	if how.Bound, err = h.boundIn(ctx, s); err != nil {
		return s, "", plan, err
	}
	wrong := func(fields []fault.Field) error {
		return &fault.Error{Op: op, Code: fault.Invalid, Why: fault.Because("fields_wrong", "some fields are wrong"), Fields: fields}
	}
	limits := c.Info().Front.Limits
	want, fields := front.Check(want, how, limits)
	ask := channel.FrontAsk{Shop: s.External, Part: how.Part, Family: how.Family}
	for _, i := range want.Items {
		if i.Properties != nil && !i.Delete {
			ask.Properties = append(ask.Properties, cmp.Or(i.Was, i.Code))
		}
	}
	if len(ask.Properties) > channel.MostProperties {
		fields = append(fields, fault.Wrong("body.items", fault.Because("edit_large", "changes more than {most} things: make several edits of it", "most", itoa(channel.MostProperties))))
	}
	if len(fields) > 0 {
		return s, "", plan, wrong(fields)
	}
	live, err := c.Front(ctx, ask)
	if err != nil {
		return s, "", plan, err
	}
	plan = front.Make(live, want, how)
	if fields = plan.Whole(how, limits); len(plan.Changes) > mostChanges {
		fields = append(fields, fault.Wrong("body", fault.Because("edit_large", "changes more than {most} things: make several edits of it", "most", itoa(mostChanges))))
	}
	if len(fields) > 0 {
		return s, "", plan, wrong(fields)
	}
	return s, how.Family, plan, nil
}

// boundIn tells which SKUs of a shop get their stock from here.
func (h *Hub) boundIn(ctx context.Context, s db.ShopRow) (func(item, sku string) bool, error) {
	list, err := h.offersIn(ctx, s)
	bound := map[[2]string]bool{}
	for _, o := range list {
		bound[[2]string{o.Item, o.Variation}] = true
	}
	return func(item, sku string) bool {
		return bound[[2]string{item, sku}] || bound[[2]string{item, ""}]
	}, err
}

func (h *Hub) offersIn(ctx context.Context, s db.ShopRow) (out []db.OfferRow, err error) {
	const page = 500
	for after := ident.Offer(0); ; {
		list, err := h.db.Offers(ctx, db.Scope{Merchant: s.Merchant}, db.OfferFilter{Shop: s.ID, After: after, Limit: page})
		if out = append(out, list...); err != nil || len(list) < page {
			return out, err
		}
		after = list[len(list)-1].ID
	}
}

// EditFront has an edit carried out. Without changes there is nothing to do, and the row has no id. It fails with
// fault.Conflict when the plan needs somebody's consent and digest is not that of the plan now, or another edit of
// this part of the shop is under way.
func (h *Hub) EditFront(ctx context.Context, who Actor, id ident.Shop, want front.Front, how front.How, digest string) (db.EditRow, error) {
	const op = "hub.EditFront"
	s, family, plan, err := h.planFront(ctx, who, id, want, how)
	if err != nil {
		return db.EditRow{}, fault.Wrap(op, err)
	}
	kind := editKinds[how.Part]
	now := time.Now()
	row := db.EditRow{Account: s.Account, Shop: s.ID, Part: how.Part, Family: family, At: now.UnixMilli(), Until: now.Add(editFor).UnixMilli(), By: who.ID, ByName: who.Name, Digest: plan.Digest}
	switch held := heldErr(op, s.Mode, kind == kindMenu); {
	case held != nil:
		return row, held
	case digest == "" && plan.Consent(how.Replace) && len(plan.Changes) > 0:
		return row, fault.Say(op, fault.Conflict, "front_digest", "agree to what would change first: ask for the plan, look at it, and send its digest")
	case digest != "" && digest != plan.Digest:
		return row, fault.Say(op, fault.Conflict, "front_changed", "what is live has changed since the plan was shown: look at the new plan")
	case len(plan.Changes) == 0:
		return row, nil
	}
	for _, c := range plan.Changes {
		row.Changes = append(row.Changes, db.EditChange{Change: c})
	}
	target := "shop/" + s.ID.String()
	key := effect.GoalKey(target, kind, "")
	_, err = h.db.Do(ctx, db.Verb{Name: "front.edit", Merchant: who.Merchant, Keys: []string{key}, Class: db.People, Decide: func(tx *db.Tx) error {
		now := tx.Now().UnixMilli()
		e, ok := tx.EffectByKey(key)
		if ok && e.State.Open() {
			return fault.Say(op, fault.Conflict, "edit_under_way", "another edit of this part of the shop is under way: wait until it has ended")
		}
		row = tx.AddEdit(row)
		args := toJSON(editArgs{s.ID, row.ID})
		switch {
		case ok:
			e = e.Reopen(who.ID, args, now, row.Until)
		default:
			e = effect.Effect{Merchant: who.Merchant, Account: s.Account, App: h.appOf(tx, s.Account), Target: target, Kind: kind, Key: key, Nature: effect.Absolute,
				State: effect.Waiting, Args: args, Cause: who.ID, NextAt: now, Deadline: row.Until, Made: now, Changed: now}
		}
		tx.PutEffect(&e)
		tx.Journal(db.Entry{At: h.now(), Direction: db.Act, What: kind, Channel: s.Channel, Account: s.Account, By: who.ID, Outcome: row.ID.String(), Body: toJSON(row)})
		return nil
	}})
	return row, fault.Wrap(op, err)
}

// Edit reads an edit of a shop of the caller's.
func (h *Hub) Edit(ctx context.Context, who Actor, id ident.Edit) (db.EditRow, error) {
	row, err := h.db.Edit(ctx, who.Merchant, id)
	if err != nil {
		return row, fault.Wrap("hub.Edit", err)
	}
	if s, ok := h.db.ShopByID(who.Merchant, row.Shop); !ok || !who.Sees(s.Store) {
		return db.EditRow{}, fault.Say("hub.Edit", fault.NotFound, "no_edit", "there is no such edit")
	}
	return row, nil
}

// Edits are the newest edits of a shop of the caller's.
func (h *Hub) Edits(ctx context.Context, who Actor, id ident.Shop, limit int) ([]db.EditRow, error) {
	const op = "hub.Edits"
	s, ok := h.db.ShopByID(who.Merchant, id)
	if !ok || !who.Sees(s.Store) {
		return nil, fault.Say(op, fault.NotFound, "no_shop", "there is no such shop")
	}
	list, err := h.db.Edits(ctx, who.Merchant, id, limit)
	return list, fault.Wrap(op, err)
}

// ShowPicture uploads a picture for a shop's items and gives what they name it by. Nothing shows it until an edit does,
// so it is no effect: one that is lost is made again.
func (h *Hub) ShowPicture(ctx context.Context, who Actor, id ident.Shop, name string, picture []byte) (string, error) {
	const op = "hub.ShowPicture"
	s, c, err := h.fronted(who, id)
	if err != nil {
		return "", fault.Wrap(op, err)
	}
	if err := heldErr(op, s.Mode, true); err != nil {
		return "", err
	}
	p := c.Info().Front
	var why fault.Reason
	switch end := strings.ToLower(strings.TrimPrefix(path.Ext(name), ".")); {
	case !slices.Contains(p.Pictures, end):
		why = fault.Because("shown_picture_kind", "must be a picture of one of these kinds: {kinds}", "kinds", strings.Join(p.Pictures, ", "))
	case len(picture) == 0 || p.Picture > 0 && len(picture) > p.Picture:
		why = fault.Because("shown_picture_large", "has at most {most} KiB", "most", itoa(p.Picture>>10))
	}
	if !why.IsZero() {
		return "", &fault.Error{Op: op, Code: fault.Invalid, Why: why, Fields: []fault.Field{fault.Wrong("body.picture", why)}}
	}
	if armed, err := h.db.Armed(ctx); err != nil {
		return "", fault.Wrap(op, err)
	} else if !armed {
		return "", fault.Say(op, fault.Conflict, "arm_first", "this is a restored or copied database, from which nothing is called: arm it first, then authorise")
	}
	ref, err := c.Picture(ctx, s.External, path.Base(name), picture)
	return ref, fault.Wrap(op, err)
}

// editArgs are what the effect of an edit knows; shop is for the gate of modes.
type editArgs struct {
	Shop ident.Shop `json:"shop"`
	Edit ident.Edit `json:"edit"`
}

// editing carries an edit out, a call at a time.
type editing struct {
	background
	h *Hub
}

func (p editing) open(ctx context.Context, e effect.Effect) (row db.EditRow, s db.ShopRow, c *conn, err error) {
	var a editArgs
	if err = json.Unmarshal(e.Args, &a); err != nil {
		return row, s, nil, err
	}
	if row, err = p.h.db.Edit(ctx, e.Merchant, a.Edit); err != nil {
		return row, s, nil, err
	}
	s, ok := p.h.db.ShopByID(e.Merchant, row.Shop)
	if !ok {
		return row, s, nil, fault.Say("hub.editing", fault.NotFound, "shop_removed", "the shop has been removed")
	}
	c, err = p.h.conn(e.Merchant, e.Account)
	return row, s, c, err
}

// todo are the places of changes that are still to be sent: those that one call may be about.
func todo(row db.EditRow) (list []int) {
	for i, c := range row.Changes {
		if c.State != "" {
			continue
		}
		if c.Alone && len(list) > 0 {
			break
		}
		if list = append(list, i); c.Alone {
			break
		}
	}
	return list
}

func (p editing) Do(ctx context.Context, e effect.Effect) lane.Result {
	row, s, c, err := p.open(ctx, e)
	if err != nil {
		return failed(err)
	}
	at := todo(row)
	if len(at) == 0 {
		return lane.Result{Outcome: effect.OK}
	}
	var changes []front.Change
	for _, i := range at {
		changes = append(changes, row.Changes[i].Change)
	}
	ctx, trace := channel.WithTrace(ctx)
	n, bad, err := c.ChangeFront(ctx, s.External, row.Family, changes)
	at = at[:min(max(n, 1), len(at))]
	lost := false
	switch effect.OutcomeOf(err) {
	case effect.OK:
	case effect.Later:
		return p.ended(failed(err), e, c, trace.Take())
	case effect.Lost:
		if lost = changes[0].What == front.OfStockAdd; !lost {
			return p.ended(failed(err), e, c, trace.Take())
		}
	}
	for k, i := range at {
		x := &row.Changes[i]
		switch {
		case lost:
			x.State, x.Why = "unknown", new(editLost)
		case err != nil && len(at) > 1:
			x.Alone = true
		case err != nil:
			x.State, x.Why = "refused", new(fault.ReasonOf(err))
		case bad[k] != nil:
			x.State, x.Why = "refused", new(fault.ReasonOf(bad[k]))
		default:
			x.State = "done"
		}
	}
	return p.note(ctx, e, row, s, c, trace.Take(), at, effect.OK)
}

var editLost = fault.Because("edit_lost", "may or may not have been added: look at the number that is live, then set it")

// Look finds out which changes are so by now. Additions to a stock cannot be seen: they are never made again.
func (p editing) Look(ctx context.Context, e effect.Effect) lane.Result {
	row, s, c, err := p.open(ctx, e)
	if err != nil {
		return failed(err)
	}
	ask := channel.FrontAsk{Shop: s.External, Part: row.Part, Family: row.Family}
	for _, x := range row.Changes {
		if x.State == "" && x.What == front.OfProperties && len(ask.Properties) < channel.MostProperties {
			ask.Properties = append(ask.Properties, x.Code)
		}
	}
	ctx, trace := channel.WithTrace(ctx)
	live, err := c.Front(ctx, ask)
	if err != nil {
		return p.ended(failed(err), e, c, trace.Take())
	}
	var at []int
	for i := range row.Changes {
		x := &row.Changes[i]
		if x.State == "" {
			at = append(at, i)
		}
		switch {
		case x.State != "":
		case x.What == front.OfStockAdd:
			x.State, x.Why = "unknown", new(editLost)
		case x.Holds(live):
			x.State = "done"
		}
	}
	return p.note(ctx, e, row, s, c, trace.Take(), at, effect.NotSeen)
}

// Changed ends the edit with its effect, whatever ends that: all is done, it is too late, or the shop's mode holds it.
func (p editing) Changed(tx *db.Tx, e effect.Effect) error {
	var a editArgs
	if err := json.Unmarshal(e.Args, &a); err != nil || e.State.Open() {
		return err
	}
	tx.EndEdit(a.Edit, e.Why)
	return nil
}

// note writes down what became of the changes that a call was about; rest is the outcome while some are still to be
// sent.
func (p editing) note(ctx context.Context, e effect.Effect, row db.EditRow, s db.ShopRow, c *conn, calls []channel.Exchange, at []int, rest effect.Outcome) lane.Result {
	p.restock(ctx, row, at, s)
	res := lane.Result{Outcome: rest}
	switch left := len(todo(row)) > 0; {
	case left && rest == effect.OK:
		res = repeat(res, time.Now())
	case !left && rest == effect.NotSeen:
		res.Outcome = effect.Seen
	}
	res = p.ended(res, e, c, calls)
	save := res.Save
	res.Save = func(tx *db.Tx) error {
		tx.NoteEdit(row)
		return save(tx)
	}
	return res
}

// restock has the stock of bound SKUs looked at again whose items were written: they show none since.
func (p editing) restock(ctx context.Context, row db.EditRow, at []int, s db.ShopRow) {
	written := map[string]bool{}
	for _, i := range at {
		if c := row.Changes[i]; c.Item != nil && c.Op != front.Rename {
			written[c.Code] = true
		}
	}
	if len(written) == 0 {
		return
	}
	list, err := p.h.offersIn(ctx, s)
	for _, o := range list {
		if written[o.Item] && err == nil {
			err = p.h.onStock(ctx, s.Merchant, "front.restock", o.ID, func(_ *db.Tx, of *db.OfferRow) { of.Look = stock.Look{Stage: stock.Wanted} })
		}
	}
	if err != nil {
		p.h.log.WarnContext(ctx, "the stock of items that were written could not be looked at", "merchant", s.Merchant.String(), "err", err)
	}
}

func (p editing) ended(res lane.Result, e effect.Effect, c *conn, calls []channel.Exchange) lane.Result {
	res.Save = func(tx *db.Tx) error {
		for _, x := range calls {
			tx.Journal(exchange(x, c, e, order.Ref{}, string(res.Outcome)))
		}
		return nil
	}
	return res
}
