package channeltest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/order"
)

func replaceBody(res *http.Response, change func([]byte) []byte) (*http.Response, error) {
	b, err := io.ReadAll(res.Body)
	res.Body.Close()
	if err != nil {
		return nil, err
	}
	b = change(b)
	res.Body, res.ContentLength = io.NopCloser(bytes.NewReader(b)), int64(len(b))
	res.Header.Del("Content-Length")
	return res, nil
}

// implements tells by which interface a shop offers each act.
var implements = map[order.ActionKind]func(channel.Shop) bool{
	channel.Acknowledge: has[channel.Acknowledger],
	order.Accept:        has[channel.Accepter],
	order.Refuse:        has[channel.Refuser],
	order.Cancel:        has[channel.Canceller],
	order.Ready:         has[channel.Preparer],
	order.Dispatch:      has[channel.Dispatcher],
	order.Deliver:       has[channel.Dispatcher],
	order.CallRider:     has[channel.RiderCaller],
	order.Tip:           has[channel.RiderCaller],
	order.RecallRider:   has[channel.RiderCaller],
	order.DeliverSelf:   has[channel.SelfDeliverer],
	channel.TellRider:   has[channel.RiderTeller],
	order.Ship:          has[channel.Shipper],
	order.RemindReply:   has[channel.ReminderAnswerer],
	order.RefundApprove: has[channel.RefundAnswerer],
	order.RefundRefuse:  has[channel.RefundAnswerer],
	order.RefundPartial: has[channel.PartRefunder],
	order.RefundAppeal:  has[channel.Appealer],
	order.SlowAppeal:    has[channel.SlowAppealer],
	order.AppealRuled:   func(channel.Shop) bool { return false }, // noted here, always
	order.Annotate:      has[channel.Annotator],
}

func has[T any](s channel.Shop) bool { _, ok := s.(T); return ok }

func init() {
	infoRules = []rule{{
		name: "Info describes the platform completely",
		why:  "the console is drawn from it: what is missing there is missing on the screen",
		run: func(t *testing.T, h Harness) {
			i := h.Platform().Info()
			both := func(what string, x channel.Text) {
				if x.ZH == "" || x.EN == "" {
					t.Errorf("%s needs a text in both languages, has %+v", what, x)
				}
			}
			if i != h.Platform().Info() {
				t.Error("Info must be constant")
			}
			if i.Name == "" || i.Realm == "" || i.Kind == "" || len(i.Sites) == 0 || i.Grammar == nil {
				t.Fatalf("name %q realm %q kind %q sites %d grammar %v: all must be given", i.Name, i.Realm, i.Kind, len(i.Sites), i.Grammar != nil)
			}
			if n := len([]rune(i.Mark)); n < 1 || n > 2 {
				t.Errorf("mark %q must have one or two characters", i.Mark)
			}
			both("label", i.Label)
			both("shops", i.Shops)
			for _, s := range i.Sites {
				if _, err := time.LoadLocation(s.Zone); err != nil || s.Zone == "" || len(s.Currency) != 3 || s.Code == "" {
					t.Errorf("site %+v needs code, currency and an IANA zone", s)
				}
			}
			for _, x := range i.PushOnly {
				both("push-only fact", x)
			}
			for _, f := range slices.Concat(i.AppFields, i.AcctFields) {
				both("credential "+f.Name, f.Label)
			}
			seen := map[string]bool{}
			for _, c := range i.Callbacks {
				both("callback "+c.Path, c.What)
				if c.Path == "" || strings.HasPrefix(c.Path, "/") || seen[c.Path] {
					t.Errorf("callback path %q must be relative and unique", c.Path)
				}
				seen[c.Path] = true
			}
			if i.PullEvery <= 0 {
				t.Errorf("pull every %v", i.PullEvery)
			}
			if _, tells := i.Power(channel.TellRider); i.PlaceEvery < 0 || i.PlaceEvery > 0 && !tells {
				t.Errorf("places are told every %v, riders: %v", i.PlaceEvery, tells)
			}
			if i.Budget.PerSecond <= 0 || i.Budget.Burst < 1 {
				t.Errorf("budget %+v must allow something", i.Budget)
			}
			if i.Grammar.Realm != i.Realm {
				t.Errorf("the grammar is for realm %q, the platform's is %q", i.Grammar.Realm, i.Realm)
			}
		},
	}, {
		name: "every declared power has its interface and its inputs",
		why:  "a button that leads nowhere is worse than none",
		run: func(t *testing.T, h Harness) {
			i := h.Platform().Info()
			w := h.Open(t)
			s, err := h.Platform().Open(w.Account(), w.Env())
			if err != nil {
				t.Fatal(err)
			}
			seen := map[order.ActionKind]bool{}
			for _, p := range i.Powers {
				if seen[p.Kind] {
					t.Errorf("%s is declared twice", p.Kind)
				}
				seen[p.Kind] = true
				offers, known := implements[p.Kind]
				switch {
				case !known:
					t.Errorf("%q is no act", p.Kind)
				case p.Local:
					continue
				case !offers(s):
					t.Errorf("%s is declared and the shop has no interface for it", p.Kind)
				case !has[channel.Looker](s):
					t.Errorf("%s is declared and the shop cannot Look", p.Kind)
				}
				if !slices.Contains([]effect.Nature{effect.Guarded, effect.Absolute, effect.Keyed, effect.Additive}, p.Nature) {
					t.Errorf("%s has nature %q", p.Kind, p.Nature)
				}
				for _, in := range p.Fields {
					if in.Label.ZH == "" || in.Label.EN == "" || !slices.Contains([]string{"choice", "text", "lines", "money", "pictures"}, in.Type) || in.Type == "pictures" && in.Max == 0 {
						t.Errorf("input %q of %s: %+v", in.Name, p.Kind, in)
					}
					if in.Name == "reason_code" && len(i.Reasons[p.Kind]) == 0 {
						t.Errorf("%s needs a reason and Info lists none", p.Kind)
					}
				}
				for _, c := range i.Reasons[p.Kind] {
					if c.Code == "" || c.Label.ZH == "" || c.Label.EN == "" {
						t.Errorf("reason %+v of %s needs code and both texts", c, p.Kind)
					}
				}
			}
			for k, offers := range implements {
				if k != order.Dispatch && k != order.Deliver && offers(s) && !seen[k] {
					t.Errorf("the shop offers %s and Info does not declare it", k)
				}
			}
		},
	}, {
		name: "Open names every credential that is missing",
		why:  "a form that reports its faults one at a time is filled in five times",
		run: func(t *testing.T, h Harness) {
			i := h.Platform().Info()
			w := h.Open(t)
			check := func(acct channel.Account, names []string) {
				t.Helper()
				_, err := h.Platform().Open(acct, w.Env())
				if len(names) == 0 {
					return
				}
				if !fault.Is(err, fault.Invalid) {
					t.Fatalf("Open without %v: %v, want invalid", names, err)
				}
				for _, n := range names {
					if !slices.ContainsFunc(fault.FieldsOf(err), func(f fault.Field) bool { return strings.HasSuffix(f.Location, n) }) {
						t.Errorf("Open without %v does not name %s: %v", names, n, err)
					}
				}
			}
			var all []string
			for _, f := range i.AppFields {
				if f.Required {
					all = append(all, f.Name)
				}
			}
			for _, f := range i.AcctFields {
				if f.Required {
					all = append(all, f.Name)
				}
			}
			empty := w.Account()
			empty.App.Credentials, empty.Credentials = nil, nil
			check(empty, all)
			for _, n := range all {
				one := w.Account()
				one.App.Credentials, one.Credentials = without(one.App.Credentials, n), without(one.Credentials, n)
				check(one, []string{n})
			}
		},
	}, {
		name: "no secret is printed",
		why:  "what a log has seen, everybody has seen",
		run: func(t *testing.T, h Harness) {
			w := h.Open(t)
			acct := w.Account()
			s, err := h.Platform().Open(acct, w.Env())
			if err != nil {
				t.Fatal(err)
			}
			all := map[string]channel.Secret{}
			for _, f := range slices.Concat(h.Platform().Info().AppFields, h.Platform().Info().AcctFields) {
				if f.Secret {
					all["app "+f.Name], all["account "+f.Name] = acct.App.Credentials[f.Name], acct.Credentials[f.Name]
				}
			}
			_, unknown := s.Read(t.Context(), order.Ref{Realm: h.Platform().Info().Realm, Kind: order.KindOrder, ID: "1"})
			text, _ := json.Marshal(acct)
			printed := fmt.Sprintf("%v %+v %#v %s %v", s, s, s, text, unknown)
			for name, secret := range all {
				if v := secret.Reveal(); v != "" && strings.Contains(printed, v) {
					t.Errorf("%s shows when the shop or its errors are printed", name)
				}
			}
		},
	}}
}

func without(m map[string]channel.Secret, name string) map[string]channel.Secret {
	out := map[string]channel.Secret{}
	for k, v := range m {
		if k != name {
			out[k] = v
		}
	}
	return out
}
