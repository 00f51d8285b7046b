package hub_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/internal/hub"
)

// Templates are everybody's: those that come with Tongdan until the merchant has its own, and again once it has none.
func TestReplyTemplatesAreTheMerchants(t *testing.T) {
	each(t, func(w *shopWorld) {
		ctx := w.t.Context()
		usual, err := w.hub.ReplyTemplates(ctx, w.who)
		w.must(err)
		if usual.Own || usual.Version != 0 || len(usual.Low) == 0 || len(usual.Good) == 0 {
			w.t.Fatalf("before anybody has any: %+v", usual)
		}
		own, err := w.hub.SetReplyTemplates(ctx, w.who, hub.ReplyTemplates{Low: []string{" 抱歉，下次送您一份小菜 ", "  "}, Good: []string{"谢谢"}}, 0)
		w.must(err)
		if !own.Own || own.Version == 0 || !slices.Equal(own.Low, []string{"抱歉，下次送您一份小菜"}) || !slices.Equal(own.Good, []string{"谢谢"}) {
			w.t.Errorf("kept %+v", own)
		}
		if _, err := w.hub.SetReplyTemplates(ctx, w.who, hub.ReplyTemplates{Low: []string{"别的"}}, 0); !fault.Is(err, fault.Conflict) {
			w.t.Errorf("over what somebody else has kept meanwhile: %v", err)
		}
		for name, wrong := range map[string]hub.ReplyTemplates{
			"too long": {Low: []string{strings.Repeat("好", 301)}}, "too many": {Good: slices.Repeat([]string{"谢谢"}, 21)}, "no text": {Good: []string{"\xff"}},
		} {
			if _, err := w.hub.SetReplyTemplates(ctx, w.who, wrong, own.Version); !fault.Is(err, fault.Invalid) {
				w.t.Errorf("%s: %v", name, err)
			}
		}
		next, err := w.hub.SetReplyTemplates(ctx, w.who, hub.ReplyTemplates{Good: []string{"多谢"}}, own.Version)
		w.must(err)
		if got, err := w.hub.ReplyTemplates(ctx, w.who); err != nil || len(got.Low) != 0 || !slices.Equal(got.Good, []string{"多谢"}) || got.Version != next.Version || next.Version == own.Version {
			w.t.Errorf("%+v, %v", got, err)
		}
		back, err := w.hub.SetReplyTemplates(ctx, w.who, hub.ReplyTemplates{Low: []string{" "}}, -1)
		w.must(err)
		if back.Own || !slices.Equal(back.Low, usual.Low) {
			w.t.Errorf("without any of its own: %+v", back)
		}
	})
}
