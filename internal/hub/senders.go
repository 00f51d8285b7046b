package hub

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/sender"
)

// locales are the languages in which somebody is told.
var locales = []string{"zh-CN", "en", "es", "pt-BR"}

// PutSender adds or changes a sender. Credentials that are left out keep their value.
func (h *Hub) PutSender(ctx context.Context, who Actor, s db.SenderRow) (db.SenderRow, error) {
	const op = "hub.PutSender"
	var w wrong
	w.text("name", s.Name, 1, 80)
	s.BaseURL = strings.TrimRight(strings.TrimSpace(s.BaseURL), "/")
	if s.BaseURL != "" && !bare(s.BaseURL) {
		w.say("base_url", fault.Because("field_robot_address", "must be an address such as https://oapi.dingtalk.com"))
	}
	if s.ID != 0 {
		old, err := h.sender(ctx, who, s.ID)
		if err != nil {
			return s, err
		}
		given := s.Credentials
		s.Kind, s.Made, s.Credentials = old.Kind, old.Made, kept(old.Credentials, given)
		if s.BaseURL != old.BaseURL { // keys are not sent to an address that somebody else's session put in
			for _, f := range mustKind(s.Kind).Fields {
				if f.Secret && given[f.Name] == "" && old.Credentials[f.Name] != "" {
					w.say("credentials."+f.Name, fault.Because("field_anew", "must be given anew with another address"))
				}
			}
		}
	}
	k, ok := sender.KindOf(s.Kind)
	if !ok {
		w.say("kind", fault.Because("field_kind_here", "is none that this build has"))
		return s, w.err(op)
	}
	w.credentials(k.Fields, s.Credentials)
	if k.SMS {
		s.Level, s.Stores, s.Locale = "", nil, ""
	} else {
		s.Level, s.Locale = cmp.Or(s.Level, "store"), cmp.Or(s.Locale, "zh-CN")
		if _, ok := levelNames[s.Level]; !ok {
			w.say("level", fault.Because("field_none_of", "is none of {list}", "list", "store, area, headquarters"))
		}
		if !slices.Contains(locales, s.Locale) {
			w.say("locale", fault.Because("field_none_of", "is none of {list}", "list", strings.Join(locales, ", ")))
		}
		for _, id := range s.Stores {
			if _, ok := h.db.StoreByID(who.Merchant, id); !ok {
				w.say("stores", fault.Because("field_not_yours", "is none of your stores"))
			}
		}
	}
	if err := w.err(op); err != nil {
		return s, err
	}
	s.Merchant = who.Merchant
	s, err := h.db.PutSender(ctx, s, telling(h, who, "sender", h.senderSetUp))
	if err != nil {
		return s, fault.Wrap(op, err)
	}
	if err := h.scheduleKnocks(ctx); err != nil {
		return s, err
	}
	return s, nil
}

// DeleteSender takes a sender away.
func (h *Hub) DeleteSender(ctx context.Context, who Actor, id ident.Sender) error {
	return fault.Wrap("hub.DeleteSender", h.db.DeleteSender(ctx, who.Merchant, id, telling(h, who, "sender", h.senderSetUp)))
}

func mustKind(name string) sender.Kind {
	k, _ := sender.KindOf(name)
	return k
}

func (h *Hub) sender(ctx context.Context, who Actor, id ident.Sender) (db.SenderRow, error) {
	list, err := h.db.Senders(ctx, who.Merchant)
	if err != nil {
		return db.SenderRow{}, fault.Wrap("hub.sender", err)
	}
	if i := slices.IndexFunc(list, func(s db.SenderRow) bool { return s.ID == id }); i >= 0 {
		return list[i], nil
	}
	return db.SenderRow{}, fault.Say("hub.sender", fault.NotFound, "no_sender", "there is no such sender")
}

// TestSender sends a test and gives what the vendor says: as an error when it refuses.
// phone is of a short-message service, in its international form.
func (h *Hub) TestSender(ctx context.Context, who Actor, id ident.Sender, phone, locale string) error {
	const op = "hub.TestSender"
	s, err := h.sender(ctx, who, id)
	if err != nil {
		return err
	}
	if armed, err := h.db.Armed(ctx); err != nil || !armed {
		if err == nil {
			err = fault.Say(op, fault.Conflict, "knock_disarmed", "this is a restored or copied database, from which nothing is sent: arm it first")
		}
		return fault.Wrap(op, err)
	}
	words := wordsIn(cmp.Or(s.Locale, locale))
	m := sender.Message{Title: words["test"], Open: words["open"], Link: h.public + "/notify", Phone: phone, What: words["test"], Left: words["soon"], Token: "test"}
	if mustKind(s.Kind).SMS {
		if phone == "" {
			return fault.Say(op, fault.Invalid, "test_needs_phone", "give the number to send the test to")
		}
		if s.Credentials["template_knock"] == "" {
			m.Code = "000000"
		}
	}
	ctx, cancel := context.WithTimeout(ctx, 16*time.Second)
	defer cancel()
	return fault.Wrap(op, h.send(ctx, s, m))
}

// rulesOf gives the rules by store: those of a store, else the merchant's, else the defaults.
// What is capped per number is the merchant's.
func (h *Hub) rulesOf(ctx context.Context, m ident.Merchant) (func(ident.Store) KnockRules, error) {
	docs, err := h.db.KnockRules(ctx, m)
	if err != nil {
		return nil, err
	}
	read := func(doc []byte, base KnockRules) KnockRules {
		r := base
		r.Kinds = slices.Clone(base.Kinds) // JSON is read into the list that is there
		if doc == nil || json.Unmarshal(doc, &r) != nil {
			return base
		}
		return r
	}
	whole := read(docs[0], DefaultKnockRules)
	return func(s ident.Store) KnockRules {
		r := read(docs[s], whole)
		r.PerHour, r.PerDay = whole.PerHour, whole.PerDay
		return r
	}, nil
}

// StoreKnockRules are the rules of one store; StoreID 0 is the merchant's.
type StoreKnockRules struct {
	StoreID ident.Store `json:"store_id"`
	Own     bool        `json:"own" doc:"false: as for all stores."`
	KnockRules
}

// KnockRules lists the rules of the merchant and of the caller's stores.
func (h *Hub) KnockRules(ctx context.Context, who Actor) ([]StoreKnockRules, error) {
	const op = "hub.KnockRules"
	docs, err := h.db.KnockRules(ctx, who.Merchant)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	rules, err := h.rulesOf(ctx, who.Merchant)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	stores, err := h.db.Stores(ctx, who.Scope)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	out := []StoreKnockRules{{0, docs[0] != nil, rules(0)}}
	for _, s := range stores {
		out = append(out, StoreKnockRules{s.ID, docs[s.ID] != nil, rules(s.ID)})
	}
	return out, nil
}

// PutKnockRules sets the rules of a store, or of the merchant (0); nil takes a store's back.
// The merchant's are for who has all stores.
func (h *Hub) PutKnockRules(ctx context.Context, who Actor, store ident.Store, r *KnockRules) error {
	const op = "hub.PutKnockRules"
	switch {
	case store == 0 && who.Stores != nil:
		return fault.Say(op, fault.Forbidden, "knock_whole", "only somebody with all stores may change what holds for all of them")
	case store != 0 && who.Stores != nil && !slices.Contains(who.Stores, store):
		return fault.Say(op, fault.NotFound, "no_store", "there is no such store")
	}
	if _, ok := h.db.StoreByID(who.Merchant, store); store != 0 && !ok {
		return fault.Say(op, fault.NotFound, "no_store", "there is no such store")
	}
	var doc []byte
	if r != nil {
		doc = toJSON(r)
	}
	return fault.Wrap(op, h.db.PutKnockRules(ctx, who.Merchant, store, doc, h.tellKnocks(who, store)))
}

// A Knocked is one message as it went out.
type Knocked struct {
	ID       ident.Effect  `json:"id"`
	To       string        `json:"to" doc:"usr_… of a person, snd_… of a robot."`
	ToName   string        `json:"to_name"`
	Messages []string      `json:"messages" doc:"Keys of the messages that it told of."`
	State    effect.State  `json:"state" enum:"waiting,sending,unknown,person,done,refused,void"`
	Attempts int           `json:"attempts"`
	MadeAt   int64         `json:"made_at"`
	EndedAt  int64         `json:"ended_at"`
	Words    string        `json:"words,omitempty" doc:"Why not: the vendor's code and words, or ours."`
	Why      *fault.Reason `json:"why,omitempty"`
}

// Knocked lists the last hundred messages, newest first, as far as the caller sees to
// whom they went.
func (h *Hub) Knocked(ctx context.Context, who Actor) ([]Knocked, error) {
	const op = "hub.Knocked"
	senders, err := h.db.Senders(ctx, who.Merchant)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	users, err := h.db.Users(ctx, who.Merchant)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	names := map[string]string{}
	for _, s := range senders {
		if Hears(who, s.Stores) {
			names[s.ID.String()] = s.Name
		}
	}
	for _, u := range users {
		if Hears(who, u.Stores) {
			names[u.ID.String()] = u.Name
		}
	}
	open, err := h.db.EffectsOfLane(ctx, who.Merchant, kindKnock, true, 100)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	over, err := h.db.EffectsOfLane(ctx, who.Merchant, kindKnock, false, 100)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	out := []Knocked{}
	for _, e := range append(open, over...) {
		var a knockArgs
		name := ""
		if json.Unmarshal(e.Args, &a) == nil {
			name = names[a.To]
		}
		if name == "" && who.Stores != nil {
			continue
		}
		d := Knocked{ID: e.ID, To: a.To, ToName: name, Messages: a.Keys, State: e.State, Attempts: e.Attempts, MadeAt: e.Made, Words: e.Why.Text}
		if !e.State.Open() {
			d.EndedAt = e.Changed
		}
		if !e.Why.IsZero() {
			why := e.Why
			d.Why = &why
		}
		out = append(out, d)
	}
	return out, nil
}

// Hears reports whether a robot's stores (nil = all) are all the caller's; who has some
// stores sees nothing of a robot of others, nor of a short-message service.
func Hears(who Actor, stores []ident.Store) bool {
	if who.Stores == nil {
		return true
	}
	return stores != nil && !slices.ContainsFunc(stores, func(s ident.Store) bool { return !slices.Contains(who.Stores, s) })
}
