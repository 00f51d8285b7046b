package hub

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/lane"
	"github.com/tongdan/tongdan/internal/sender"
	"github.com/tongdan/tongdan/role"
)

// Knocks are effects in the merchant's own lane, which one node holds at a time: so two
// nodes do not knock twice. A watch looks every few seconds at what waits for somebody. What
// a recipient is to be told becomes one message (an effect), in the transaction that notes
// of what he has been told: after a crash either both are there or neither.
const (
	kindWatch = "knock_watch"
	kindKnock = "knock"
	kindCode  = "sign_in_code"

	knockEvery = 5 * time.Second
	knockTime  = 10 * time.Minute // after which a message makes no sense any more
	linkTime   = 10 * time.Minute // how long the link of a short message signs in
	codeTime   = 5 * time.Minute
	robotRate  = 18 // messages a minute to one robot: vendors mute it at 20
	keepKnocks = 14 * 24 * time.Hour
)

// knockArgs say to whom a message goes and of what it tells; the words are made when it
// is sent.
type knockArgs struct {
	To   string   `json:"to"`
	Keys []string `json:"keys"`
}

// scheduleKnocks sees to it that merchants with a sender have a watch.
func (h *Hub) scheduleKnocks(ctx context.Context) error {
	list, err := h.db.SendersExist(ctx)
	if err != nil {
		return fault.Wrap("hub.scheduleKnocks", err)
	}
	for _, m := range list {
		key := effect.GoalKey(db.LaneOf(m, 0), kindWatch, "")
		_, err := h.db.Do(ctx, db.Verb{Name: "schedule.knocks", Merchant: m, Keys: []string{key}, Class: db.Background, Decide: func(tx *db.Tx) error {
			now := tx.Now().UnixMilli()
			e, ok := tx.EffectByKey(key)
			switch {
			case !ok:
				e = effect.Effect{Merchant: m, Target: db.TaskTarget(kindWatch, 0), Kind: kindWatch, Key: key, Nature: effect.Absolute, Cause: "schedule", Made: now}
			case e.State.Open():
				return nil
			}
			e.State, e.NextAt, e.Changed, e.Deadline = effect.Waiting, now, now, 0
			tx.PutEffect(&e)
			return nil
		}})
		if err != nil {
			return fault.Wrap("hub.scheduleKnocks", err)
		}
	}
	return nil
}

// watching finds what is to knock. It reads and writes here alone, so a lost one is made again.
type watching struct {
	background
	h *Hub
}

func (w watching) Look(ctx context.Context, e effect.Effect) lane.Result { return w.Do(ctx, e) }

func (w watching) Do(ctx context.Context, e effect.Effect) lane.Result {
	h, next := w.h, time.Now().Add(w.h.knocks)
	senders, err := h.db.Senders(ctx, e.Merchant)
	if err != nil {
		return repeat(failed(err), next)
	}
	if len(senders) == 0 {
		return lane.Result{Outcome: effect.OK} // the next sender begins it again
	}
	out, err := h.toTell(ctx, e.Merchant, senders)
	if err != nil {
		return repeat(failed(err), next)
	}
	res := repeat(lane.Result{Outcome: effect.OK}, next)
	at := h.now().UnixMilli()
	res.Save = func(tx *db.Tx) error {
		now := tx.Now().UnixMilli()
		for _, d := range out {
			args := knockArgs{To: d.to.id}
			for _, a := range d.list {
				args.Keys = append(args.Keys, a.Key)
			}
			m := effect.Effect{
				Target: kindKnock + "/" + d.to.id, Kind: kindKnock, Key: effect.DeedKey(kindKnock + " " + d.to.id + " " + nonce()), Deed: true, Nature: effect.Notice,
				State: effect.Waiting, Args: toJSON(args), Cause: "want", NextAt: now, Deadline: now + knockTime.Milliseconds(), Made: now, Changed: now,
			}
			tx.PutEffect(&m)
			for _, key := range args.Keys {
				tx.PutKnock(db.KnockRow{Recipient: d.to.id, Key: key, At: at, Effect: m.ID})
			}
		}
		return nil
	}
	if e.Attempts%720 == 1 { // about every hour
		if err := h.db.DropKnocks(ctx, e.Merchant); err != nil {
			h.log.WarnContext(ctx, "old knocks could not be dropped", "err", err)
		}
		if err := h.db.DropOver(ctx, e.Merchant, 0, time.Now().Add(-keepKnocks), 500); err != nil {
			h.log.WarnContext(ctx, "old knocks could not be dropped", "err", err)
		}
	}
	return res
}

// toTell looks at everything that the plan depends on, and gives the messages to be made.
func (h *Hub) toTell(ctx context.Context, m ident.Merchant, senders []db.SenderRow) ([]digest, error) {
	const op = "hub.toTell"
	all := Actor{Scope: db.Scope{Merchant: m}, Role: role.Owner}
	list, _, err := h.Concerns(ctx, all)
	list = slices.DeleteFunc(list, func(c Concern) bool { // trouble of shops that are only watched is read, and wakes nobody
		return c.Order == nil && c.AccountID != 0 && h.hushed(m, c.AccountID)
	})
	if err != nil || len(list) == 0 {
		return nil, fault.Wrap(op, err)
	}
	rules, err := h.rulesOf(ctx, m)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	who, err := h.recipients(ctx, m, senders)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	told, err := h.db.Knocks(ctx, m)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	open, err := h.db.EffectsOfLane(ctx, m, kindKnock, true, 500)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	w := knockWorld{
		now: h.now(), alarms: alarms(list), rules: rules, who: who, told: map[[2]string]int64{}, waiting: map[string]bool{},
		zone: func(s ident.Store) string {
			if st, ok := h.db.StoreByID(m, s); ok {
				return st.Zone
			}
			return "Asia/Shanghai"
		},
	}
	sortAlarms(w.alarms)
	for _, k := range told {
		w.told[[2]string{k.Recipient, k.Key}] = k.At
	}
	for _, e := range open {
		var a knockArgs
		if json.Unmarshal(e.Args, &a) == nil {
			w.waiting[a.To] = true
		}
	}
	out := digests(w)
	if len(out) == 0 {
		return nil, nil
	}
	return h.withinCaps(ctx, m, out, rules(0))
}

// withinCaps leaves out the messages for which it is too early: a robot's twenty a minute,
// a number's caps. What they were to tell is told later, together.
func (h *Hub) withinCaps(ctx context.Context, m ident.Merchant, list []digest, r KnockRules) ([]digest, error) {
	now := time.Now()
	sent := func(d time.Duration) (map[string]int, error) {
		return h.db.KnocksSince(ctx, m, now.Add(-d).UnixMilli())
	}
	minute, err := sent(time.Minute)
	if err != nil {
		return nil, err
	}
	hour, err := sent(time.Hour)
	if err != nil {
		return nil, err
	}
	day, err := sent(24 * time.Hour)
	return slices.DeleteFunc(list, func(d digest) bool {
		if d.to.person {
			return hour[d.to.id] >= r.PerHour || day[d.to.id] >= r.PerDay
		}
		return minute[d.to.id] >= robotRate
	}), err
}

func (h *Hub) recipients(ctx context.Context, m ident.Merchant, senders []db.SenderRow) ([]recipient, error) {
	phones, err := h.db.Phones(ctx, m)
	if err != nil {
		return nil, err
	}
	users, err := h.db.Users(ctx, m)
	if err != nil {
		return nil, err
	}
	return recipients(senders, users, phones, smsOf(senders, "template_knock") != nil), nil
}

// smsOf are the services of short messages that are on and have a template, in the order in
// which they are asked.
func smsOf(senders []db.SenderRow, template string) (out []db.SenderRow) {
	for _, s := range senders {
		if k, ok := sender.KindOf(s.Kind); ok && k.SMS && !s.Disabled && s.Credentials[template] != "" {
			out = append(out, s)
		}
	}
	return out
}

// knocking sends one message.
type knocking struct {
	background
	h *Hub
}

// Begin is the last look: what has cleared itself meanwhile knocks nobody.
func (k knocking) Begin(tx *db.Tx, e effect.Effect) (effect.State, fault.Reason) {
	var a knockArgs
	if json.Unmarshal(e.Args, &a) != nil {
		return effect.Void, fault.Because("knock_broken", "the message cannot be understood")
	}
	now := k.h.now()
	for _, key := range a.Keys {
		id := orderOfKey(key)
		if id == 0 {
			return "", fault.Reason{}
		}
		if row, ok := tx.OrderByID(id); ok && !k.h.quiet(tx.Merchant(), row.Shop) {
			l := row.Listed()
			if stillStuck(&l, key) || slices.ContainsFunc(concernsOf(&l, now, UsualPatience, db.UsualPace), func(c Concern) bool { return c.Key == key }) {
				return "", fault.Reason{}
			}
		}
	}
	return effect.Void, fault.Because("knock_cleared", "it had cleared itself before it was sent")
}

// Look comes after a lost answer: a message may be repeated once, marked as such, and then
// ends. Twice is a nuisance, never is a penalty.
func (k knocking) Look(_ context.Context, e effect.Effect) lane.Result {
	if e.Attempts < 2 {
		return lane.Result{Outcome: effect.NotSeen}
	}
	return lane.Result{Outcome: effect.Obsolete, Code: fault.Unknown, Why: fault.Because("knock_unheard", "no answer twice; it may have been heard")}
}

func (k knocking) Do(ctx context.Context, e effect.Effect) lane.Result {
	h := k.h
	var a knockArgs
	if json.Unmarshal(e.Args, &a) != nil {
		return lane.Result{Outcome: effect.No, Code: fault.Internal}
	}
	senders, err := h.db.Senders(ctx, e.Merchant)
	if err != nil {
		return ownFault(err)
	}
	who, err := h.recipients(ctx, e.Merchant, senders)
	if err != nil {
		return ownFault(err)
	}
	i := slices.IndexFunc(who, func(r recipient) bool { return r.id == a.To })
	if i < 0 {
		return lane.Result{Outcome: effect.No, Why: fault.Because("knock_nobody", "whom it was for cannot be told that way any more")}
	}
	to := who[i]
	list, _, err := h.Concerns(ctx, Actor{Scope: db.Scope{Merchant: e.Merchant, Stores: to.stores}, Role: role.Owner})
	if err != nil {
		return ownFault(err)
	}
	now := alarms(list)
	now = slices.DeleteFunc(now, func(x alarm) bool { return !slices.Contains(a.Keys, x.Key) })
	if len(now) == 0 {
		return lane.Result{Outcome: effect.No, Why: fault.Because("knock_cleared", "it had cleared itself before it was sent")}
	}
	sortAlarms(now)
	stores, err := h.db.Stores(ctx, db.Scope{Merchant: e.Merchant})
	if err != nil {
		return ownFault(err)
	}
	m := h.wording(e.Merchant, stores).message(to, now, e.Attempts > 1)
	path := pathOf(now)
	if !to.person {
		m.Link = h.public + path
		j := slices.IndexFunc(senders, func(s db.SenderRow) bool { return s.ID.String() == to.id })
		return failedOrOK(h.send(ctx, senders[j], m))
	}
	var user ident.User
	if user.UnmarshalText([]byte(to.id)) != nil {
		return lane.Result{Outcome: effect.No, Code: fault.Internal}
	}
	phones, err := h.db.Phones(ctx, e.Merchant)
	if err != nil {
		return ownFault(err)
	}
	var hash []byte
	m.Phone = phones[user]
	m.Token, hash = newLinkToken()
	if err := h.db.AddKnockLink(ctx, db.KnockLink{Merchant: e.Merchant, User: user, Path: path}, hash, time.Now().Add(linkTime).UnixMilli()); err != nil {
		return ownFault(err)
	}
	return failedOrOK(h.sendSMS(ctx, smsOf(senders, "template_knock"), m))
}

// pathOf is where a message leads: to the order, when it tells of one alone.
func pathOf(list []alarm) string {
	path, orders := "/messages", 0
	for _, a := range list {
		if a.Order != nil {
			path, orders = "/orders/"+a.Order.ID.String(), orders+1
		}
	}
	if orders == 1 {
		return path
	}
	return "/messages"
}

func (h *Hub) wording(m ident.Merchant, stores []db.StoreRow) wording {
	w := wording{now: h.now(), channel: func(name string, zh bool) string {
		p, ok := h.platforms[name]
		switch {
		case !ok:
			return name
		case zh:
			return p.Info().Label.ZH
		}
		return p.Info().Label.EN
	}, name: func(s ident.Store) string {
		st, _ := h.db.StoreByID(m, s)
		return st.Name
	}}
	for _, s := range stores {
		w.stores = append(w.stores, s.ID)
	}
	return w
}

// ownFault is the result when something of ours failed before anything was sent.
func ownFault(err error) lane.Result {
	res := failed(err)
	res.Outcome = effect.Later
	return res
}

func failedOrOK(err error) lane.Result {
	if err == nil {
		return lane.Result{Outcome: effect.OK}
	}
	return failed(err)
}

// send calls one sender.
func (h *Hub) send(ctx context.Context, row db.SenderRow, m sender.Message) error {
	s, err := sender.Open(row.Kind, row.BaseURL, secrets(row.Credentials), sender.Env{Client: h.reads.calls})
	if err != nil {
		return err
	}
	return s.Send(ctx, m)
}

// sendSMS asks one service after the other until one takes it. One that may have taken it
// ends that: the person would get it twice.
func (h *Hub) sendSMS(ctx context.Context, list []db.SenderRow, m sender.Message) error {
	err := error(fault.Say("hub.sendSMS", fault.Invalid, "sms_nobody", "no short-message service is set up for that"))
	for _, row := range list {
		if err = h.send(ctx, row, m); err == nil || fault.Is(err, fault.Unknown) {
			return err
		}
	}
	return err
}

// newLinkToken draws the last part of a link's address: 96 random bits in 16 characters.
func newLinkToken() (token string, hash []byte) {
	b := make([]byte, 12)
	rand.Read(b)
	token = base64.RawURLEncoding.EncodeToString(b)
	return token, LinkHash(token)
}

// LinkHash is what is kept of a link's token.
func LinkHash(token string) []byte {
	sum := sha256.Sum256([]byte("knock link " + token))
	return sum[:]
}

// coding sends a sign-in code. It is drawn when it is sent, so that only its hash is ever
// kept; one that is sent again ends the one before.
type coding struct {
	background
	h *Hub
}

type codeArgs struct {
	User ident.User `json:"user"`
}

func (c coding) Look(_ context.Context, e effect.Effect) lane.Result {
	return knocking{h: c.h}.Look(nil, e)
}

func (c coding) Do(ctx context.Context, e effect.Effect) lane.Result {
	h := c.h
	var a codeArgs
	if json.Unmarshal(e.Args, &a) != nil {
		return lane.Result{Outcome: effect.No, Code: fault.Internal}
	}
	senders, err := h.db.Senders(ctx, e.Merchant)
	if err != nil {
		return ownFault(err)
	}
	phones, err := h.db.Phones(ctx, e.Merchant)
	if err != nil {
		return ownFault(err)
	}
	if phones[a.User] == "" {
		return lane.Result{Outcome: effect.No, Why: fault.Because("knock_nobody", "whom it was for cannot be told that way any more")}
	}
	n, err := rand.Int(rand.Reader, big.NewInt(1_000_000))
	if err != nil {
		return ownFault(err)
	}
	code := strings.Repeat("0", 6-len(n.String())) + n.String()
	if err := h.db.PutCode(ctx, e.Merchant, a.User, CodeHash(a.User, code), time.Now().Add(codeTime).UnixMilli(), e.Attempts > 1); err != nil {
		if fault.Is(err, fault.RateLimited) {
			return lane.Result{Outcome: effect.No, Code: fault.RateLimited, Why: fault.ReasonOf(err)}
		}
		return ownFault(err)
	}
	return failedOrOK(h.sendSMS(ctx, smsOf(senders, "template_code"), sender.Message{Phone: phones[a.User], Code: code}))
}

// CodeHash is what is kept of a person's sign-in code.
func CodeHash(u ident.User, code string) []byte {
	sum := sha256.Sum256([]byte("sign-in code " + u.String() + " " + code))
	return sum[:]
}

// CodesAreSent reports whether any merchant has a service that sends sign-in codes.
func (h *Hub) CodesAreSent(ctx context.Context) (bool, error) {
	list, err := h.db.SendersExist(ctx)
	for _, m := range list {
		senders, err := h.db.Senders(ctx, m)
		if err != nil {
			return false, fault.Wrap("hub.CodesAreSent", err)
		}
		if smsOf(senders, "template_code") != nil {
			return true, nil
		}
	}
	return false, fault.Wrap("hub.CodesAreSent", err)
}

// SendCode has a person's phone sent a sign-in code.
func (h *Hub) SendCode(ctx context.Context, u db.UserRow) error {
	_, err := h.db.Do(ctx, db.Verb{Name: "code.send", Merchant: u.Merchant, Class: db.People, Decide: func(tx *db.Tx) error {
		now := tx.Now().UnixMilli()
		tx.PutEffect(&effect.Effect{
			Target: kindCode + "/" + u.ID.String(), Kind: kindCode, Key: effect.DeedKey(kindCode + " " + nonce()), Deed: true, Nature: effect.Notice, State: effect.Waiting,
			Args: toJSON(codeArgs{u.ID}), Cause: u.ID.String(), NextAt: now, Deadline: now + time.Minute.Milliseconds(), Made: now, Changed: now,
		})
		return nil
	}})
	return fault.Wrap("hub.SendCode", err)
}
