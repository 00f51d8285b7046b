package meituan

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"math"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/front"
	"github.com/tongdan/tongdan/geo"
	"github.com/tongdan/tongdan/money"
)

// What a shop shows: its profile (poi), its delivery areas (shipping) and its menu (food, retail, medicine).
// Source: open platform documents, stores, delivery areas, dishes, retail, medicine.
//
// Calls that delete whatever they do not name (food/batchsave, shipping/batchsave, shipping/resetSelfDeliveryArea) are
// not used: what somebody added a second ago would go with it, unseen. What is to go is deleted by its name.

var frontPower = channel.FrontPower{
	Nature: effect.Absolute,
	Notes: map[front.Part]channel.Text{
		front.InProfile: {ZH: "门店图片由美团人工审核；填图片网址，或上传后的图片编号（美团若不接受编号，会在改动里说明）",
			EN: "People at Meituan look at a shop's picture. Give its address, or the number of an uploaded one; if Meituan takes no number, the change says so"},
		front.InAreas: {ZH: "仅自配送、众包门店可改配送范围", EN: "Only shops that deliver themselves or by the crowd can change their areas"},
		front.InMenu: {ZH: "绑定库存的规格由库存写数量，写菜品时先为0；修改图片须先上传得到新的图片编号",
			EN: "A SKU bound to the stock gets its number from there and shows 0 while its dish is written; a changed picture is uploaded first"},
	},
	Limits: front.Limits{
		Profile: []string{"name", "address", "phone", "place", "hours", "notice", "delivery_fee", "tags", "picture", "online", "invoices", "pre_orders", "pre_order_days", "rider_delay_s"},
		Areas:   true, AreaHours: true, System: geo.GCJ02, Corners: 200,
		SouthWest: geo.Point{Lat: 18, Lon: 73.8}, NorthEast: geo.Point{Lat: 54, Lon: 135},
		Families: []front.Family{front.Food, front.Retail, front.Medicine}, Codes: []front.Family{front.Medicine},
		Lacks: slices.Concat(
			lacks(front.Food, "parent", "approval", "category.parent", "category.code"),
			lacks(front.Retail, "was", "approval", "category.code", "category.description", "sku.stock_add"),
			lacks(front.Medicine, "skus", "was", "name", "description", "parent", "unit", "min_order", "picture", "properties", "category.parent", "category.description",
				"sku.stock_add", "sku.weight_g", "sku.shelf", "sku.times", "sku.box_count", "sku.box_price")),
		ItemName: 30, Words: 255, UnitBytes: 20, Category: 128, Price: 3_000_000, Pictures: pictureKinds, Picture: 700 << 10,
	},
}

var partnerFront = func() channel.FrontPower {
	f := frontPower
	f.Profile, f.Families, f.Codes = []string{"hours", "rider_delay_s"}, []front.Family{front.Food}, nil
	f.Notes = maps.Clone(f.Notes)
	delete(f.Notes, front.InProfile) // no picture of a shop
	f.Lacks = lacks(front.Food, "parent", "approval", "category.parent", "category.code", "sku.stock_add", "sku.weight_g")
	return f
}()

var pictureKinds = []string{"jpg", "jpeg", "png", "bmp"}

func lacks(f front.Family, what ...string) (list []front.Lack) {
	for _, w := range what {
		list = append(list, front.Lack{Family: f, What: w})
	}
	return list
}

var _ channel.Fronter = (*shop)(nil)

// Front implements channel.Fronter.
func (s *shop) Front(ctx context.Context, a channel.FrontAsk) (f front.Front, err error) {
	switch a.Part {
	case front.InProfile:
		if f.Profile, err = s.profile(ctx, a.Shop); err == nil && a.Kinds {
			f.Kinds, err = s.kinds(ctx, a.Shop)
		}
	case front.InAreas:
		f.Areas, err = s.areas(ctx, a.Shop)
	default:
		g, ok := families[a.Family]
		if !ok {
			return f, fault.Say("meituan.Front", fault.Unsupported, "no_call_partner", "the service providers' platform has no such call")
		}
		if f.Categories, err = s.categories(ctx, a.Shop, g); err != nil {
			return f, err
		}
		if f.Items, err = s.items(ctx, a.Shop, g); err != nil {
			return f, err
		}
		for _, code := range a.Properties[:min(len(a.Properties), channel.MostProperties)] {
			if i := f.Item(code); i != nil && g.properties != "" {
				if i.Properties, err = s.properties(ctx, a.Shop, g, code); err != nil {
					return f, err
				}
			}
		}
	}
	return f, err
}

// table reads the rows of an answer.
func table[T any](op, shop string, data json.RawMessage) ([]T, error) {
	var list []T
	if err := json.Unmarshal(unquoted(data), &list); err != nil {
		return nil, unreadable(op, shop, err)
	}
	return list, nil
}

func unreadable(op, ref string, err error) error {
	return &fault.Error{Op: op, Code: fault.Unavailable, Ref: ref, Why: fault.Because("answer_unreadable", "the platform's answer cannot be read"), Err: err}
}

// profile reads a shop; nil where the platform knows none.
func (s *shop) profile(ctx context.Context, id string) (*front.Profile, error) {
	const op = "meituan.profile"
	data, _, err := s.do(ctx, op, id, call{path: "poi/mget", params: map[string]string{"app_poi_codes": id}})
	if fault.Is(err, fault.NotFound) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	type row struct {
		Code    text `json:"app_poi_code"`
		Name    text `json:"name"`
		Address text `json:"address"`
		Phone   text `json:"phone"`
		Lat     text `json:"latitude"`
		Lon     text `json:"longitude"`
		Hours   text `json:"shipping_time"`
		Opens   text `json:"open_time"` // service providers
		Notice  text `json:"promotion_info"`
		Told    text `json:"notice_info"` // service providers
		Fee     text `json:"shipping_fee"`
		Tags    text `json:"third_tag_name"`
		Picture text `json:"pic_url"`
		Online  text `json:"is_online"`
		Invoice text `json:"invoice_support"`
		Pre     text `json:"pre_book"`
		Days    text `json:"pre_book_max_days"`
	}
	rows, err := table[row](op, id, data)
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(rows, func(r row) bool { return string(r.Code) == id })
	if at < 0 {
		return nil, nil
	}
	r := rows[at]
	p := &front.Profile{Name: new(string(r.Name)), Address: new(string(r.Address)), Phone: new(string(r.Phone)), Notice: new(string(r.Notice + r.Told)),
		Place: place(r.Lat, r.Lon), Hours: hoursOf(string(r.Hours + r.Opens)), DeliveryFee: minor(r.Fee), Online: yes(r.Online), Invoices: yes(r.Invoice), PreOrders: yes(r.Pre), PreOrderDays: count(r.Days)}
	if r.Tags != "" {
		p.Tags = new(strings.Split(string(r.Tags), ","))
	}
	if r.Picture != "" {
		p.Picture = new(string(r.Picture))
	}
	data, _, err = s.do(ctx, op, id, call{path: "poi/logistics/isDelayPush", params: map[string]string{"app_poi_code": id}, post: true})
	var delay struct {
		Can     text `json:"support_delay_push"`
		Seconds text `json:"delay_push_second"`
	}
	switch { // no rider of Meituan's, or an app without the right: there is none to tell of
	case err == nil && json.Unmarshal(data, &delay) == nil && delay.Can == "1":
		p.RiderDelay = count(delay.Seconds)
	case fault.Is(err, fault.Unavailable), fault.Is(err, fault.RateLimited):
		return nil, err
	}
	return p, nil
}

// kinds are the names that a shop's tags can have; none where the platform has no such call, or the app no right to it.
func (s *shop) kinds(ctx context.Context, id string) (list []string, err error) {
	const op = "meituan.kinds"
	if !s.talk.has("poiTag/list") {
		return nil, nil
	}
	data, _, err := s.do(ctx, op, id, call{path: "poiTag/list", post: true})
	switch {
	case fault.Is(err, fault.Forbidden), fault.Is(err, fault.Unsupported):
		return nil, nil
	case err != nil:
		return nil, err
	}
	rows, err := table[struct {
		Name text `json:"name"`
	}](op, id, data)
	for _, r := range rows {
		list = append(list, string(r.Name))
	}
	return list, err
}

// place reads degrees, which newer documents multiply by a million; nil where it is none.
func place(lat, lon text) *geo.Point {
	a, err := strconv.ParseFloat(string(lat), 64)
	b, bad := strconv.ParseFloat(string(lon), 64)
	if err != nil || bad != nil {
		return nil
	}
	if math.Abs(a) > 90 || math.Abs(b) > 180 {
		a, b = a/1e6, b/1e6
	}
	if !(math.Abs(a) <= 90 && math.Abs(b) <= 180) { // NaN is neither
		return nil
	}
	return new(geo.Point{Lat: a, Lon: b}.Micro())
}

// hoursOf reads 7:00-9:00,11:30-19:00; what is no such list is nil.
func hoursOf(s string) *[]front.Span {
	list := []front.Span{}
	for part := range strings.SplitSeq(s, ",") {
		from, to, ok := strings.Cut(strings.TrimSpace(part), "-")
		if !ok {
			return nil
		}
		list = append(list, front.Span{From: clock(from), To: clock(to)})
	}
	return &list
}

// clock writes 7:00 as 07:00.
func clock(s string) string {
	if len(s) == 4 {
		return "0" + s
	}
	return s
}

func written(list []front.Span) string {
	var parts []string
	for _, s := range list {
		parts = append(parts, clock(s.From)+"-"+clock(s.To))
	}
	return strings.Join(parts, ",")
}

func minor(s text) *int64 {
	a, err := money.Parse(strings.TrimSpace(string(s)), CNY)
	if err != nil {
		return nil
	}
	return new(a.Minor())
}

// yuanText writes minor units as yuan: 12.5.
func yuanText(v int64) string {
	s := strconv.FormatInt(v/100, 10)
	if v%100 == 0 {
		return s
	}
	return strings.TrimRight(s+"."+strconv.FormatInt(100+v%100, 10)[1:], "0")
}

func count(s text) *int {
	n, err := whole(string(s))
	if err != nil {
		return nil
	}
	return new(int(n))
}

func yes(s text) *bool {
	if s == "" {
		return nil
	}
	return new(s == "1" || s == "true")
}

func one(b *bool) string {
	if b != nil && *b {
		return "1"
	}
	return "0"
}

// areas reads where a shop delivers to. An area that is no polygon has no shape here.
func (s *shop) areas(ctx context.Context, id string) (list []front.Area, err error) {
	const op = "meituan.areas"
	data, _, err := s.do(ctx, op, id, call{path: "shipping/list", params: map[string]string{"app_poi_code": id}})
	if err != nil {
		return nil, err
	}
	rows, err := table[struct {
		Code  text            `json:"app_shipping_code"`
		Shape json.RawMessage `json:"area"`
		Min   text            `json:"min_price"`
		Fee   text            `json:"shipping_fee"`
		Times text            `json:"time_range"`
	}](op, id, data)
	if err != nil {
		return nil, err
	}
	for _, r := range rows {
		a := front.Area{Code: string(r.Code), MinPrice: minor(r.Min), Fee: minor(r.Fee)}
		var corners []struct {
			X text `json:"x"` // latitude
			Y text `json:"y"` // longitude
		}
		if json.Unmarshal(unquoted(r.Shape), &corners) == nil {
			for _, c := range corners {
				x, err := strconv.ParseInt(string(c.X), 10, 64)
				y, bad := strconv.ParseInt(string(c.Y), 10, 64)
				if err = cmp.Or(err, bad); err != nil {
					return nil, unreadable(op, id, err)
				}
				a.Shape = append(a.Shape, geo.Point{Lat: float64(x) / 1e6, Lon: float64(y) / 1e6}.Micro())
			}
			a.Shape = a.Shape.Open() // as what is wanted is compared with it
		}
		if h := hoursOf(string(r.Times)); h != nil && len(*h) == 1 {
			a.Hours = &(*h)[0]
		}
		list = append(list, a)
	}
	return list, nil
}

// ChangeFront implements channel.Fronter.
func (s *shop) ChangeFront(ctx context.Context, id string, family front.Family, changes []front.Change) (int, map[int]error, error) {
	const op = "meituan.ChangeFront"
	if len(changes) == 0 {
		return 0, nil, nil
	}
	var n int
	var c call
	switch changes[0].What {
	case front.OfProfile:
		n, c = 1, profileCall(changes[0])
	case front.OfArea:
		n, c = 1, areaCall(changes[0])
	default:
		n, c = families[family].call(changes, s.talk.has)
	}
	switch {
	case c.path == "" || !s.talk.has(c.path):
		return 1, nil, fault.Say(op, fault.Unsupported, "no_call_partner", "the service providers' platform has no such call")
	case c.params == nil:
		c.params = map[string]string{}
	}
	c.params["app_poi_code"], c.post, c.changing = id, true, true
	c.additive = changes[0].What == front.OfStockAdd
	_, body, err := s.do(ctx, op, id, c)
	if err != nil {
		return n, nil, pictureRefused(op, err, c.params["pic_url"])
	}
	return n, left(op, body, changes[:n]), nil
}

// pictureRefused says what to do where a shop's picture was given by the number of an uploaded one and the call was
// refused: the documents show an address there, and do not say whether a number is taken.
func pictureRefused(op string, err error, picture string) error {
	if picture == "" || !fault.Is(err, fault.Invalid) || strings.HasPrefix(picture, "http://") || strings.HasPrefix(picture, "https://") {
		return err
	}
	return &fault.Error{Op: op, Code: fault.Invalid, Err: err,
		Why: fault.Because("shop_picture_number", "Meituan refused this ({words}), and may take no number of an uploaded picture here: give the picture's address instead", "words", fault.WordsOf(err))}
}

// left are the changes that an ok leaves out: msg names them, as an array or a string that holds one.
func left(op string, body []byte, changes []front.Change) map[int]error {
	var e struct {
		Msg json.RawMessage `json:"msg"`
	}
	var list []struct {
		Food  text `json:"app_food_code"`
		Drug  text `json:"app_medicine_code"`
		SKU   text `json:"sku_id"`
		Words text `json:"error_msg"`
	}
	if json.Unmarshal(body, &e) != nil || json.Unmarshal(unquoted(e.Msg), &list) != nil {
		return nil
	}
	out := map[int]error{}
	for _, l := range list {
		for i, c := range changes {
			if c.Code == string(l.Food+l.Drug) && (l.SKU == "" || c.SKU == "" || c.SKU == string(l.SKU)) {
				out[i] = &fault.Error{Op: op, Code: fault.Invalid, Ref: c.Code, Words: clip(clean(string(l.Words)), 200)}
			}
		}
	}
	return out
}

func profileCall(c front.Change) call {
	p := c.Profile
	switch c.Code {
	case "hours":
		return call{path: "poi/shippingtime/update", params: map[string]string{"shipping_time": written(*p.Hours)}}
	case "notice":
		return call{path: "poi/updatepromoteinfo", params: map[string]string{"promotion_info": *p.Notice}}
	case "online":
		if *p.Online {
			return call{path: "poi/online"}
		}
		return call{path: "poi/offline", params: map[string]string{"reason": "商家下线"}}
	case "rider_delay_s":
		return call{path: "poi/logistics/setDelayPush", params: map[string]string{"delay_seconds": strconv.Itoa(*p.RiderDelay)}}
	}
	params := map[string]string{}
	text := func(name string, v *string) {
		if v != nil {
			params[name] = *v
		}
	}
	text("name", p.Name)
	text("address", p.Address)
	text("phone", p.Phone)
	if p.Place != nil { // degrees here, though they are read as millionths
		params["latitude"], params["longitude"] = strconv.FormatFloat(p.Place.Lat, 'f', -1, 64), strconv.FormatFloat(p.Place.Lon, 'f', -1, 64)
	}
	if p.Hours != nil {
		params["shipping_time"] = written(*p.Hours)
	}
	if p.DeliveryFee != nil {
		params["shipping_fee"] = yuanText(*p.DeliveryFee)
	}
	if slices.ContainsFunc(c.Fields, func(f front.Field) bool { return f.Name == "picture" }) { // people look at each that is sent
		text("pic_url", p.Picture)
	}
	if p.Tags != nil {
		params["third_tag_name"] = strings.Join(*p.Tags, ",")
	}
	if p.Invoices != nil {
		params["invoice_support"] = one(p.Invoices)
	}
	if p.PreOrders != nil {
		params["pre_book"] = one(p.PreOrders)
	}
	if p.PreOrderDays != nil {
		params["pre_book_max_days"] = strconv.Itoa(*p.PreOrderDays)
	}
	if c.Op == front.Add {
		text("promotion_info", p.Notice)
		params["open_level"], params["is_online"] = resting, one(p.Online)
	}
	return call{path: "poi/save", params: params}
}

func areaCall(c front.Change) call {
	if c.Op == front.Delete {
		return call{path: "shipping/delete", params: map[string]string{"app_shipping_code": c.Code}}
	}
	type corner struct {
		X int64 `json:"x"`
		Y int64 `json:"y"`
	}
	var corners []corner
	for _, p := range c.Area.Shape {
		corners = append(corners, corner{int64(math.Round(p.Lat * 1e6)), int64(math.Round(p.Lon * 1e6))})
	}
	b, _ := json.Marshal(corners) // numbers always encode
	params := map[string]string{"app_shipping_code": c.Code, "type": "1", "area": string(b)}
	if c.Area.MinPrice != nil {
		params["min_price"] = yuanText(*c.Area.MinPrice)
	}
	if c.Area.Fee != nil {
		params["shipping_fee"] = yuanText(*c.Area.Fee)
	}
	if h := c.Area.Hours; h != nil {
		params["time_range"] = written([]front.Span{*h})
		return call{path: "shipping/spec/save", params: params}
	}
	return call{path: "shipping/save", params: params}
}

// Picture implements channel.Fronter. The part is called file, as in the official SDK; the documents call it img_data.
func (s *shop) Picture(ctx context.Context, id, name string, picture []byte) (string, error) {
	const op = "meituan.Picture"
	data, _, err := s.do(ctx, op, id, call{path: "image/upload", params: map[string]string{"app_poi_code": id, "img_name": name}, post: true, changing: true,
		file: &file{"file", path.Base(name), picture}})
	if err != nil {
		return "", err
	}
	var ref text
	if json.Unmarshal(data, &ref) != nil || ref == "" {
		return "", unreadable(op, id, nil)
	}
	return string(ref), nil
}
