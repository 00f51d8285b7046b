package meituan

import (
	"context"
	"encoding/json"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
)

// restPower is channel.Info.Rest. Meituan's busy state and the time that it promises can be set by
// poi/sendtime/save alone, which nothing reads back: what was there before could not be restored.
var restPower = channel.RestPower{
	Nature: effect.Absolute,
	Note: channel.Text{
		ZH: "整店休息（poi/close）；美团不会自动恢复，由通单按时恢复营业",
		EN: "The whole shop rests (poi/close); Meituan does not end that by itself, Tongdan opens it again in time",
	},
}

var _ channel.Rester = (*shop)(nil)

const resting = "3" // open_level, enumerations of the open platform's documents

// Rests implements channel.Rester.
func (s *shop) Rests(ctx context.Context, shopID string) (bool, error) {
	const op = "meituan.Rests"
	data, _, err := s.do(ctx, op, shopID, call{path: "poi/mget", params: map[string]string{"app_poi_codes": shopID}})
	if err != nil {
		return false, err
	}
	var rows []struct {
		Code text `json:"app_poi_code"`
		Open text `json:"open_level"`
	}
	if err := json.Unmarshal(data, &rows); err != nil {
		return false, &fault.Error{Op: op, Code: fault.Unavailable, Ref: shopID, Why: fault.Because("answer_unreadable", "the platform's answer cannot be read"), Err: err}
	}
	for _, r := range rows {
		if string(r.Code) == shopID {
			return string(r.Open) == resting, nil
		}
	}
	return false, fault.Say(op, fault.NotFound, "no_shop_there", "the platform does not know this shop")
}

// SetRest implements channel.Rester. A second call of the same answers ok.
func (s *shop) SetRest(ctx context.Context, shopID string, rest bool) error {
	path := "poi/open"
	if rest {
		path = "poi/close"
	}
	_, _, err := s.do(ctx, "meituan.SetRest", shopID, call{path: path, params: map[string]string{"app_poi_code": shopID}, post: true, changing: true})
	return err
}
