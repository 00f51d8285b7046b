package meituan

import (
	"errors"
	"fmt"
	"strings"
)

// A merchant's appeal against a refund (商家申诉): a call of the second platform alone. Which refunds can be
// appealed against is not published; here they are those that were decided for the buyer without the
// merchant, once each. No message and no read tells what becomes of an appeal: the ruling is shown in the
// platform's own console, which here is the order's history.

// Appeal is one such appeal.
type Appeal struct {
	At       int64    `json:"at"`
	Reason   string   `json:"reason"`
	Pictures []string `json:"pictures"`
	RuledAt  int64    `json:"ruled_at,omitempty"`
	Upheld   bool     `json:"upheld,omitempty"`
}

// mostPictures is how many pictures an appeal may have.
const mostPictures = 5

// canAppeal is poi_can_appeal: agreed to by service (4) or by time (5), and not appealed yet.
func (r *Refund) canAppeal() bool {
	return r.State == caseAgreed && (r.ResType == 4 || r.ResType == 5) && r.Merchant == nil
}

func (o *Order) caseByID(id string) *Refund {
	for _, r := range o.Refunds {
		if r.ID == id {
			return r
		}
	}
	return nil
}

func partnerAppeal(c *partnerCall, t *change, o *Order) (bool, error) {
	id, err := c.need("afterSaleId")
	if err != nil {
		return false, err
	}
	reason, err := c.need("reason")
	if err != nil {
		return false, err
	}
	pictures := []string{}
	if v := c.get("appealPictures"); v != "" {
		pictures = strings.Split(v, ",")
	}
	if len(pictures) > mostPictures {
		return false, badFormat("appealPictures")
	}
	r := o.caseByID(id)
	if r == nil || !r.canAppeal() {
		return false, refusal{errState.code, "该退款单不支持申诉"}
	}
	r.Merchant = &Appeal{At: t.now, Reason: reason, Pictures: pictures}
	o.note(t.now, "商家申诉：%s", reason)
	return true, nil
}

// ruleAppeal is the platform's ruling on a merchant's appeal.
func (t *change) ruleAppeal(o *Order, a actArgs) error {
	if a.Agree == nil {
		return errors.New(`rule_merchant_appeal needs {"agree":true} or {"agree":false}`)
	}
	for _, r := range o.Refunds {
		if r.Merchant == nil || r.Merchant.RuledAt > 0 {
			continue
		}
		r.Merchant.RuledAt, r.Merchant.Upheld = t.now, *a.Agree
		if *a.Agree {
			o.note(t.now, "商家申诉成立")
		} else {
			o.note(t.now, "商家申诉不成立")
		}
		return nil
	}
	return fmt.Errorf("order %s has no appeal of the merchant that waits for a ruling", o.ID)
}
