package rehearse

import (
	"cmp"
	"context"
	"net/url"
	"regexp"
	"slices"
	"strings"

	ml "github.com/tongdan/tongdan/internal/sim/mercadolibre"
)

// A Parked is a number of messages that could not be read, for one reason. It repeats
// nothing of what was in them. Forged ones are those that a simulator invented on purpose:
// Mercado Libre's notifications carry no signature by which they could be refused.
type Parked struct {
	Channel string `json:"channel"`
	What    string `json:"what"` // the kind of the message
	Reason  string `json:"reason"`
	Forged  bool   `json:"forged"`
	Count   int    `json:"count"`
}

// numbers are not repeated: they may be those of orders or people.
var numbers = regexp.MustCompile(`[0-9]{4,}`)

// parkedOf counts the parked messages by channel, kind and reason, most first.
func parkedOf(ctx context.Context, a *api) (list []Parked, err error) {
	counts := map[Parked]int{}
	for cursor := ""; ; {
		var page struct {
			Parked []struct {
				ID      string `json:"id"`
				Channel string `json:"channel"`
				What    string `json:"what"`
				Reason  string `json:"reason"`
			} `json:"parked"`
			Next string `json:"next_cursor"`
		}
		if err := a.must(ctx, "GET", "/parked?limit=200&cursor="+url.QueryEscape(cursor), "", nil, &page); err != nil {
			return nil, err
		}
		for _, x := range page.Parked {
			var one struct {
				Body string `json:"body"`
			}
			if x.Channel == "mercadolibre" {
				if err := a.must(ctx, "GET", "/parked/"+x.ID, "", nil, &one); err != nil {
					return nil, err
				}
			}
			counts[Parked{Channel: x.Channel, What: numbers.ReplaceAllString(x.What, "…"), Reason: numbers.ReplaceAllString(x.Reason, "…"),
				Forged: strings.Contains(one.Body, ml.ForgedResource)}]++
		}
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	for x, n := range counts {
		x.Count = n
		list = append(list, x)
	}
	slices.SortFunc(list, func(x, y Parked) int {
		return cmp.Or(cmp.Compare(y.Count, x.Count), cmp.Compare(x.Channel, y.Channel), cmp.Compare(x.What, y.What), cmp.Compare(x.Reason, y.Reason))
	})
	return list, nil
}
