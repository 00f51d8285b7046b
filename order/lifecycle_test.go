package order_test

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/tongdan/tongdan/order"
)

var update = flag.Bool("update", false, "write generated files anew")

// The page is computed by Fold and Permits themselves, so that it cannot say anything
// that the program does not do.
func TestTheLifeCyclePageIsFresh(t *testing.T) {
	const path = "../docs/lifecycle.md"
	page := lifecycle()
	if *update {
		if err := os.WriteFile(path, []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(path)
	if err != nil || string(have) != page {
		t.Fatalf("%s is not what the code says: run make generate (%v)", path, err)
	}
}

// lives are one order in each status, from the fewest facts that lead there.
func lives() map[order.Status]order.Order {
	confirmed := said(order.AxisWork, "confirmed", 2)
	return map[order.Status]order.Order{
		order.StatusUnpaid:     foldAll(paid(), said(order.AxisPayment, "pending", 2_000_000)),
		order.StatusNew:        foldAll(paid()),
		order.StatusAccepted:   foldAll(paid(), confirmed),
		order.StatusReady:      foldAll(paid(), said(order.AxisWork, "ready", 3)),
		order.StatusDelivering: foldAll(paid(), confirmed, said(order.AxisDelivery, "20", 4)),
		order.StatusDelivered:  foldAll(paid(), confirmed, said(order.AxisDelivery, "40", 5)),
		order.StatusDone:       foldAll(paid(), said(order.AxisWork, "completed", 6)),
		order.StatusCancelled:  foldAll(paid(), said(order.AxisWork, "cancelled", 6)),
		order.StatusReplaced:   foldAll(paid(), said(order.AxisWork, "split", 6)),
	}
}

func lifecycle() string {
	var b strings.Builder
	p := func(format string, a ...any) { fmt.Fprintf(&b, format, a...) }
	p("# The life of an order\n\n<!-- Written by `make generate` from package order. Do not edit. -->\n\n")
	p("An order has four axes, each with its own state. Lists show one flat status, derived from the axes.\n\n")
	p("| axis | states |\n| --- | --- |\n")
	for _, a := range []struct {
		name   string
		states []order.State
	}{
		{"payment 付款", []order.State{order.Unpaid, order.PayLater, order.Paid, order.PartRefund, order.Refunded, order.InDispute}},
		{"work 接单与备货", []order.State{order.WorkWaiting, order.WorkAccepted, order.WorkReady, order.WorkDone, order.WorkCancelled, order.WorkReplaced}},
		{"delivery 配送", []order.State{order.NoDelivery, order.DeliverySought, order.DeliveryAssigned, order.DeliveryAtStore, order.DeliveryOnTheWay, order.DeliveryDelivered, order.DeliveryFailed, order.DeliveryReturned, order.DeliveryCancelled}},
		{"after-sale 售后", []order.State{order.NoCase, order.CaseAsked, order.CaseRefused, order.CaseAppealed, order.CaseWithdrawn, order.CaseAgreed, order.CaseRefunded, order.CaseFailed}},
	} {
		var words []string
		for _, s := range a.states {
			words = append(words, "`"+string(s)+"`")
		}
		p("| %s | %s |\n", a.name, strings.Join(words, ", "))
	}
	p("\n```mermaid\nstateDiagram-v2\n  [*] --> unpaid\n  [*] --> new\n  unpaid --> new: paid\n  new --> accepted: accept\n  accepted --> ready: ready\n  accepted --> delivering\n  ready --> delivering: dispatch, ship\n  delivering --> delivered: deliver\n  delivered --> done\n  accepted --> done\n  new --> cancelled: refuse, time-out\n  accepted --> cancelled: cancel\n  ready --> cancelled: cancel\n  accepted --> replaced: split\n```\n\n")
	p("## What can be done in which status\n\nFor a platform that offers every act. ✓ is allowed; anything else is the reason that the API gives.\nAn open refund request allows `refund_approve` and `refund_refuse` in every status but `cancelled` and `replaced`.\n\n")
	var all []order.Power
	for _, k := range order.ActionKinds {
		all = append(all, order.Power{Kind: k})
	}
	p("| act |")
	for _, s := range order.Statuses {
		p(" %s |", s)
	}
	p("\n| --- |%s\n", strings.Repeat(" --- |", len(order.Statuses)))
	l := lives()
	for _, k := range order.ActionKinds {
		final := ""
		if k.Final() {
			final = " (final)"
		}
		p("| `%s`%s |", k, final)
		for _, s := range order.Statuses {
			o := l[s]
			i := slices.IndexFunc(order.Permits(&o, all), func(p order.Permit) bool { return p.Kind == k })
			if permit := order.Permits(&o, all)[i]; permit.Allowed {
				p(" ✓ |")
			} else {
				p(" %s |", permit.Why.Code)
			}
		}
		p("\n")
	}
	return b.String()
}

func TestEveryStatusHasALifeThatLeadsToIt(t *testing.T) {
	for s, o := range lives() {
		if o.Status != s {
			t.Errorf("the life for %s leads to %s", s, o.Status)
		}
	}
}
