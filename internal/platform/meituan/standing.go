package meituan

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tongdan/tongdan/channel"
)

// standingPower is channel.Info.Standing: poi/mget takes 200 shops of a call.
var standingPower = channel.StandingPower{Every: time.Minute, Batch: 200}

var _ channel.Surveyor = (*shop)(nil)

// Standings implements channel.Surveyor. An account of the direct platform is asked for its shops (poi/getids); one of
// the service providers', or of a vendor's app, is one shop.
func (s *shop) Standings(ctx context.Context, ids []string) ([]channel.Standing, error) {
	const op = "meituan.Standings"
	if len(ids) == 0 {
		if !s.talk.has("poi/getids") {
			ids = s.shops
		} else {
			data, _, err := s.do(ctx, op, "", call{path: "poi/getids"})
			if err != nil {
				return nil, err
			}
			var codes []text
			if err := json.Unmarshal(data, &codes); err != nil {
				return nil, unreadable(op, "", err)
			}
			for _, c := range codes {
				ids = append(ids, string(c))
			}
		}
	}
	var out []channel.Standing
	for some := range slices.Chunk(ids, standingPower.Batch) {
		data, _, err := s.do(ctx, op, some[0], call{path: "poi/mget", params: map[string]string{"app_poi_codes": strings.Join(some, ",")}})
		if err != nil {
			return nil, err
		}
		var rows []shopRow
		if err := json.Unmarshal(data, &rows); err != nil {
			return nil, unreadable(op, "", err)
		}
		for _, r := range rows {
			if slices.Contains(some, string(r.Code)) {
				out = append(out, r.standing())
			}
		}
	}
	return out, nil
}

// A shopRow is a row of poi/mget, or of queryPoiInfo in the direct platform's spelling.
type shopRow struct {
	Code    text `json:"app_poi_code"`
	Name    text `json:"name"`
	Address text `json:"address"`
	Phone   text `json:"phone"`
	Lat     text `json:"latitude"`
	Lon     text `json:"longitude"`
	Open    text `json:"open_level"`
	Online  text `json:"is_online"`
	Hours   text `json:"shipping_time"`
	IsOpen  text `json:"is_open"`   // queryPoiInfo
	Times   text `json:"open_time"` // queryPoiInfo
}

func (r shopRow) standing() channel.Standing {
	if r.Open == "" {
		r.Open = r.IsOpen
	}
	if r.Hours == "" {
		r.Hours = r.Times
	}
	out := channel.Standing{Shop: string(r.Code), Name: string(r.Name), Address: string(r.Address), Phone: string(r.Phone)}
	if h := hoursOf(string(r.Hours)); h != nil {
		out.Hours = *h
	}
	if p := place(r.Lat, r.Lon); p != nil {
		out.Place = *p
	}
	switch { // open_level: 0 not online, −1 its opening is still under review, 1 open, 3 resting; is_online may be 0 to 3, of which 0 alone is told
	case r.Online == "0", r.Open == "0", r.Open == "-1":
		out.State = channel.ShopOffline
	case r.Open == "1":
		out.State = channel.ShopOpen
	case r.Open == resting:
		out.State = channel.ShopResting
	}
	return out
}

// standingNews reads the push of a store's status (推送门店状态变更). 18 says that it has come online, and not whether it
// is open.
func standingNews(f form, at time.Time) *channel.StandingNews {
	out := &channel.StandingNews{Shop: f.get("app_poi_code"), At: at, Words: f.get("reason"), Held: f.get("operate_user") == "MEITUAN"}
	switch f.get("poi_status") {
	case "121":
		out.State = channel.ShopOpen
	case "120":
		out.State = channel.ShopResting
	case "19":
		out.State = channel.ShopOffline
	case "18":
	default:
		return nil
	}
	if sec, err := strconv.ParseInt(f.get("operate_time"), 10, 64); err == nil && sec > 0 && sec < 1<<33 {
		out.At = time.Unix(sec, 999_000_000) // it tells seconds: what was read earlier in the same one is older
	}
	if out.Shop == "" {
		return nil
	}
	return out
}
