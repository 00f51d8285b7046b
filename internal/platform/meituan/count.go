package meituan

import (
	"context"
	"encoding/json"
	"strconv"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/fault"
)

// Zone implements channel.Counter: numbers begin anew at midnight in China.
func (s *shop) Zone(string) *time.Location { return china }

// countMany is how many numbers are asked for in one go.
const countMany = 50

// counting is how far a count has come.
type counting struct {
	Next   int      `json:"n"`           // the next number to ask for
	End    int      `json:"e,omitempty"` // the newest number of a day that has not ended
	Misses int      `json:"m,omitempty"` // in a row, beyond the last known number
	Listed []string `json:"l,omitempty"`
	Empty  []int    `json:"x,omitempty"`
}

// Count walks the daily numbers of a shop: Meituan gives each paid order the next number of
// its store's day, so the greatest is how many there were, and each leads to its order.
func (s *shop) Count(ctx context.Context, d channel.Day) (channel.Tally, error) {
	out := channel.Tally{By: channel.ByPaid, Means: channel.Text{ZH: "逐个核对当日流水号（getOrderDaySeq、getOrderIdByDaySeq）", EN: "each number of the day looked up (getOrderDaySeq, getOrderIdByDaySeq)"}}
	now := s.env.Now()
	if now.Sub(d.To) > (daysBack-1)*24*time.Hour {
		out.Cannot = channel.Text{ZH: "美团只保留 30 天内的流水号", EN: "Meituan keeps the numbers of 30 days only"}
		return out, nil
	}
	var at counting
	if d.Resume == nil || json.Unmarshal(d.Resume, &at) != nil {
		at = counting{Next: 1}
	}
	w := &walk{shop: s, ctx: ctx, now: now, yield: func(channel.Page, error) bool { return true }}
	today := now.Before(d.To)
	known := today && s.talk.tellsNewest()
	if known && at.End == 0 {
		n, err := w.newest(d.Shop)
		if err != nil {
			return refusedCount(out, err)
		}
		at.End = n
	}
	day := d.From.In(china).Format(dayForm)
	for range countMany {
		if known && at.Next > at.End || !known && at.Misses >= lookAhead {
			out.Listed = at.Listed
			for _, n := range at.Empty {
				out.Empty = append(out.Empty, "#"+strconv.Itoa(n))
			}
			out.Orders = len(at.Listed) + len(at.Empty)
			return out, nil
		}
		item, err := w.number(d.Shop, day, at.Next, false)
		switch {
		case err == nil:
			for n := at.Next - at.Misses; n < at.Next; n++ { // numbers were skipped: a later one exists
				at.Empty = append(at.Empty, n)
			}
			at.Listed, at.Misses = append(at.Listed, item.Ref.ID), 0
		case fault.Is(err, fault.NotFound) && known:
			at.Empty = append(at.Empty, at.Next)
		case fault.Is(err, fault.NotFound):
			at.Misses++
		default:
			return refusedCount(out, err)
		}
		at.Next++
	}
	b, err := json.Marshal(at)
	if err != nil {
		return out, &fault.Error{Op: "meituan.Count", Code: fault.Internal, Err: err}
	}
	out.Resume = b
	return out, nil
}

// refusedCount: an app without the right to the numbers cannot count; anything else is
// tried again.
func refusedCount(out channel.Tally, err error) (channel.Tally, error) {
	if fault.Is(err, fault.Forbidden) {
		out.Cannot = channel.Text{ZH: "应用没有查询流水号的权限，请在美团开放平台申请", EN: "the app has no right to the numbers of the day; apply for it in Meituan's console"}
		return out, nil
	}
	return out, err
}
