package hub

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/tongdan/tongdan/fault"
)

// ReplyTemplates are the replies that a merchant gives most, for whoever replies to begin with: one is filled in, changed and sent,
// or sent as it is. All stores have the same.
type ReplyTemplates struct {
	Low  []string `json:"low"`  // for up to three stars
	Good []string `json:"good"` // for the others

	Own     bool  `json:"-"` // the merchant's; else those that come with Tongdan
	Version int64 `json:"-"` // which change of them this is; 0 = none yet
}

const (
	replyTemplates = "reply_templates" // the name of the document that all share

	mostTemplates = 20  // of each kind
	longTemplate  = 300 // characters: what a reply may have
)

// usualReplies are in the language of the platforms' customers, since they are public there.
var usualReplies = ReplyTemplates{
	Low: []string{
		"非常抱歉给您带来不好的体验，我们已核实并改进，期待再次为您服务。",
		"抱歉餐品没有让您满意，已反馈后厨改进口味和分量，欢迎再来监督。",
		"抱歉让您久等了，高峰期出餐慢，我们已增加人手。",
	},
	Good: []string{"感谢您的认可，期待您再次光临！", "谢谢您的好评，我们会继续用心做好每一份餐。"},
}

// ReplyTemplates gives the merchant's templates, or those that come with Tongdan.
func (h *Hub) ReplyTemplates(ctx context.Context, who Actor) (ReplyTemplates, error) {
	const op = "hub.ReplyTemplates"
	list, err := h.db.Preferences(ctx, who.Merchant, 0)
	if err != nil {
		return usualReplies, fault.Wrap(op, err)
	}
	for _, p := range list {
		if p.Shared && p.Name == replyTemplates {
			out := ReplyTemplates{Own: true, Version: p.At}
			if err := json.Unmarshal(p.Doc, &out); err != nil {
				return out, fault.Wrap(op, err)
			}
			return out, nil
		}
	}
	return usualReplies, nil
}

// SetReplyTemplates keeps the merchant's templates; none of either kind brings back those that come with Tongdan. It fails with
// fault.Conflict when somebody has changed them since the version that was seen.
func (h *Hub) SetReplyTemplates(ctx context.Context, who Actor, want ReplyTemplates, seen int64) (ReplyTemplates, error) {
	const op = "hub.SetReplyTemplates"
	var wrong []fault.Field
	tidy := func(at string, list []string) []string {
		out := []string{}
		for i, text := range list {
			text = strings.TrimSpace(text)
			switch n := utf8.RuneCountInString(text); {
			case text == "":
				continue
			case n > longTemplate || !utf8.ValidString(text):
				wrong = append(wrong, fault.Wrong("body."+at+"["+strconv.Itoa(i)+"]", between(1, longTemplate)))
			}
			out = append(out, text)
		}
		if len(out) > mostTemplates {
			wrong = append(wrong, fault.Wrong("body."+at, fault.Because("templates_many", "has at most {most} templates", "most", strconv.Itoa(mostTemplates))))
		}
		return out
	}
	want.Low, want.Good = tidy("low", want.Low), tidy("good", want.Good)
	if len(wrong) > 0 {
		return want, &fault.Error{Op: op, Code: fault.Invalid, Why: fault.Because("fields_wrong", "some fields are wrong"), Fields: wrong}
	}
	var doc []byte
	if len(want.Low)+len(want.Good) > 0 {
		doc = toJSON(want)
	}
	if err := h.db.SetPreferenceSeen(ctx, who.Merchant, 0, replyTemplates, doc, who.ID, seen); err != nil {
		return want, fault.Wrap(op, err)
	}
	return h.ReplyTemplates(ctx, who)
}
