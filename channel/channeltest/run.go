package channeltest

import (
	"slices"
	"testing"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/order"
)

// A rule is one sentence of the contract.
type rule struct {
	name string
	why  string
	when func(*channel.Info) bool // nil = always
	own  string                   // why it cannot apply to an own channel; "" = it applies
	run  func(t *testing.T, h Harness)
}

func hasCallbacks(i *channel.Info) bool { return len(i.Callbacks) > 0 }
func hasActs(i *channel.Info) bool      { return slices.ContainsFunc(i.Powers, outside) }
func outside(p channel.Power) bool      { return !p.Local }

func can(k order.ActionKind) func(*channel.Info) bool {
	return func(i *channel.Info) bool {
		p, ok := i.Power(k)
		return ok && !p.Local
	}
}

// Run checks a connector against the contract, one subtest a rule.
func Run(t *testing.T, h Harness) {
	info := h.Platform().Info()
	for _, r := range slices.Concat(infoRules, pushRules, readRules, actRules, tellRules, pullRules, stockRules, restRules, frontRules, labelRules, countRules, ownRules) {
		t.Run(r.name, func(t *testing.T) {
			if r.when != nil && !r.when(info) {
				t.Skip("this platform declares nothing that the rule is about")
			}
			if info.Own && r.own != "" {
				t.Skip("an own channel: " + r.own)
			}
			t.Cleanup(func() {
				if t.Failed() {
					t.Log("why this rule: " + r.why)
				}
			})
			r.run(t, h)
		})
	}
}
