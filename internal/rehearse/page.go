package rehearse

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"math"
	"strings"
)

//go:embed page.html
var pageSource string

var pageTemplate = template.Must(template.New("page").Parse(pageSource))

// Page writes the report as one page that needs nothing else: no script, no picture or
// font from elsewhere, so that it can be sent and kept.
func (r *Report) Page(w io.Writer, l Lang) error {
	type row struct{ Name, Half, P90, P99, Max string }
	v := struct {
		Lang, Title, What, Verdict, At string
		Held                           bool
		Sign                           string
		Facts                          []fact
		Times, Stock                   []row
		StockHeads                     []string
		Heads                          []string
		Charts                         []chart
		Lists                          []pageList
		Notes                          []string
		Legend                         string
	}{
		Lang: l.say("zh-CN", "en"), Title: l.say("通单演练报告", "Tongdan rehearsal"), What: l.title(r), Verdict: l.verdict(r),
		At: r.At.Format("2006-01-02 15:04 UTC"), Held: r.Good(), Sign: sign(r), Facts: l.facts(r), Notes: l.notes(r),
		Heads:  []string{l.say("用时", "Time"), l.say("一半", "half"), "90%", "99%", l.say("最慢", "slowest")},
		Charts: r.charts(l),
		Legend: l.say("红线：强杀一个节点。灰底：停止下单、平台不再出故障，正在对账。", "Red lines: a node was killed. Grey: no more orders and no more faults, all is being settled."),
	}
	if r.Stock != nil {
		v.StockHeads = []string{l.say("商品", "SKU"), l.say("到货", "came in"), l.say("卖出", "sold"), l.say("剩余", "left"), l.say("通单可售", "hub says")}
		for _, x := range r.Stock.telling() {
			name := x.SKU + " @ " + x.Store
			if x.Out {
				name += l.say("（卖空过）", " (was sold out)")
			}
			v.Stock = append(v.Stock, row{name, l.n(int(x.Received)), l.n(int(x.Sold)), l.n(int(x.Left)), l.n(int(x.Hub))})
		}
	}
	for _, m := range measures {
		s := r.Times[m]
		v.Times = append(v.Times, row{l.measure(m), l.sec(s.P50), l.sec(s.P90), l.sec(s.P99), l.sec(s.Max)})
	}
	if len(r.Differ) > 0 {
		x := pageList{Name: l.say("对不上的（前几条）", "What differs (the first ones)")}
		for _, d := range r.Differ {
			x.Items = append(x.Items, d.Text)
		}
		v.Lists = append(v.Lists, x)
	}
	if r.Day != nil && len(r.Day.Wrong) > 0 {
		x := pageList{Name: l.spoiled()}
		for _, d := range r.Day.Wrong {
			x.Items = append(x.Items, d.Text)
		}
		v.Lists = append(v.Lists, x)
	}
	if len(r.Open) > 0 {
		x := pageList{Name: l.notYet(r)}
		for _, d := range r.Open {
			x.Items = append(x.Items, d.Text)
		}
		v.Lists = append(v.Lists, x)
	}
	if len(r.List) > 0 {
		x := pageList{Name: l.say("坏了的（按时间，前几条）", "What broke (by time, the first ones)")}
		for _, b := range r.List[:min(len(r.List), 30)] {
			x.Items = append(x.Items, fmt.Sprintf(l.say("%s，每秒 %.1f 单：%s %s", "%s, %.1f orders a second: %s %s"), clock(b.At), b.Rate, l.broke(b.Kind), b.Text))
		}
		v.Lists = append(v.Lists, x)
	}
	return pageTemplate.Execute(w, v)
}

type pageList struct {
	Name  string
	Items []string
}

// A chart is drawn into a box of 360 by 170, which fits a phone and scales up. Its lines
// are paths of numbers only.
type chart struct {
	Title string
	Label string // what it shows, for those who do not see it
	Lines []line
	Kills string // one path of upright lines
	Rest  *rect  // the time after the last order
	Ys    []axis
	Xs    []axis
}

type line struct {
	Class, Name, Path string
}

type rect struct{ X, W float64 }

type axis struct {
	At   float64
	Text string
}

// The box of a chart's curve within its picture.
const (
	chartLeft, chartRight = 58.0, 352.0
	chartTop, chartBottom = 12.0, 142.0
)

// series are the values of one line; NaN leaves a gap.
type series struct {
	class, name string
	values      []float64
}

func (r *Report) charts(l Lang) []chart {
	if len(r.Timeline) == 0 {
		return nil
	}
	of := func(f func(Point) float64) []float64 {
		out := make([]float64, len(r.Timeline))
		for i, p := range r.Timeline {
			out[i] = f(p)
		}
		return out
	}
	value := func(m map[string]float64, name string) float64 {
		if v, ok := m[name]; ok {
			return v
		}
		return math.NaN()
	}
	count := func(v float64) string { return l.n(int(math.Round(v))) }
	out := []chart{
		r.chart(l.say("每秒来单", "Orders a second"), count, series{"a", l.say("来单", "orders"), of(func(p Point) float64 { return p.Rate })}),
		r.chart(l.say("积压", "Waiting"), count,
			series{"a", l.say("还没上屏的订单", "orders not shown yet"), of(func(p Point) float64 { return float64(p.Unshown) })},
			series{"b", l.say("在途的操作", "acts on their way"), of(func(p Point) float64 { return float64(p.Acts) })}),
	}
	for _, m := range measures {
		out = append(out, r.chart(l.measure(m), l.sec,
			series{"a", l.say("一半", "half"), of(func(p Point) float64 { return value(p.P50, m) })},
			series{"b", "99%", of(func(p Point) float64 { return value(p.P99, m) })}))
	}
	return out
}

func (r *Report) chart(title string, text func(float64) string, all ...series) chart {
	end := r.Timeline[len(r.Timeline)-1].At
	if len(r.Timeline) > 1 {
		end += r.Timeline[1].At
	}
	end = max(end, 1)
	top := 0.0
	for _, s := range all {
		for _, v := range s.values {
			if !math.IsNaN(v) {
				top = max(top, v)
			}
		}
	}
	top = round(top)
	x := func(at float64) float64 { return chartLeft + (chartRight-chartLeft)*min(at/end, 1) }
	y := func(v float64) float64 { return chartBottom - (chartBottom-chartTop)*v/top }
	c := chart{Title: title}
	for _, s := range all {
		var b strings.Builder
		down, peak := false, 0.0
		for i, v := range s.values {
			if math.IsNaN(v) {
				down = false
				continue
			}
			peak = max(peak, v)
			move := "L"
			if !down {
				move = "M"
			}
			fmt.Fprintf(&b, "%s%.1f %.1f", move, x(r.Timeline[i].At), y(v))
			if !down && (i+1 == len(s.values) || math.IsNaN(s.values[i+1])) {
				b.WriteString("h1.5") // a point alone
			}
			down = true
		}
		c.Lines = append(c.Lines, line{s.class, s.name, b.String()})
		c.Label += fmt.Sprintf("%s: max %s. ", s.name, text(peak))
	}
	var kills strings.Builder
	for _, m := range r.Marks {
		if m.Kind == "kill" {
			fmt.Fprintf(&kills, "M%.1f %.0fV%.0f", x(m.At), chartTop, chartBottom)
		}
		if m.Kind == "load_off" {
			c.Rest = &rect{x(m.At), max(chartRight-x(m.At), 0)}
		}
	}
	c.Kills = kills.String()
	for _, part := range []float64{0, 0.5, 1} {
		c.Ys = append(c.Ys, axis{y(top * part), text(top * part)})
		c.Xs = append(c.Xs, axis{x(end * part), clock(end * part)})
	}
	return c
}

// round gives a round number that is not below v, for the top of an axis.
func round(v float64) float64 {
	if v <= 0 {
		return 1
	}
	unit := math.Pow(10, math.Floor(math.Log10(v)))
	for _, n := range []float64{1, 2, 4, 6, 8, 10} {
		if v <= n*unit {
			return n * unit
		}
	}
	return v
}
