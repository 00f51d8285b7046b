// Package feie drives the cloud printers of Feie (飞鹅). A job is accepted by the cloud; that
// it is printed is asked for by its number. The cloud keeps jobs of a printer that is
// offline and prints them all when it returns, so a printer is asked before each job, and
// each has an end. Where the answer to a job was lost, the printer's count of the day tells
// whether it arrived.
package feie

import (
	"bytes"
	"context"
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/printer"
	"github.com/tongdan/tongdan/ticket"
)

// Driver is the make.
type Driver struct{}

const (
	maxContent = 5000 // bytes of one job
	maxAnswer  = 64 << 10
	maxLife    = 24*time.Hour - time.Minute
)

// beijing is the zone of the cloud's days.
var beijing = time.FixedZone("CST", 8*3600)

var info = printer.Info{
	Name: "feie", Label: channel.Text{ZH: "飞鹅云打印机", EN: "Feie cloud printer"}, Cloud: true, Base: "https://api.feieyun.cn",
	Guide: channel.Text{
		ZH: "在飞鹅云后台（help.feieyun.com）的个人中心有 USER 和 UKEY；打印机编号 SN 和识别码 KEY 在机身底部标签上。",
		EN: "USER and UKEY are in the account's page of Feie's console; the printer's SN and KEY are on the label below it.",
	},
	Fields: []channel.Field{
		{Name: "user", Label: channel.Text{ZH: "USER（飞鹅后台注册名）", EN: "USER (name at Feie)"}, Required: true},
		{Name: "ukey", Label: channel.Text{ZH: "UKEY", EN: "UKEY"}, Secret: true, Required: true},
		{Name: "sn", Label: channel.Text{ZH: "打印机编号 SN", EN: "Printer's SN"}, Required: true},
		{Name: "key", Label: channel.Text{ZH: "打印机识别码 KEY（首次添加时需要）", EN: "Printer's KEY (to add it the first time)"}, Secret: true},
	},
	Nature: effect.Additive,
}

// Info describes the make.
func (Driver) Info() *printer.Info { return &info }

// Open makes a printer; it calls nobody.
func (Driver) Open(c printer.Config, env printer.Env) (printer.Printer, error) {
	base := c.Address
	if base == "" {
		base = info.Base
	}
	p := &feie{base: strings.TrimRight(base, "/"), cred: c.Credentials, env: env}
	if p.env.Now == nil {
		p.env.Now = time.Now
	}
	return p, nil
}

type feie struct {
	base string
	cred map[string]channel.Secret
	env  printer.Env
}

func (p *feie) value(name string) string { return p.cred[name].Reveal() }

// Sign is the signature of a call: SHA-1 over user, UKEY and time.
func Sign(user, ukey, stime string) string {
	sum := sha1.Sum([]byte(user + ukey + stime))
	return hex.EncodeToString(sum[:])
}

// call makes one call and reads its data.
func (p *feie) call(ctx context.Context, client *http.Client, name string, more url.Values, out any) error {
	const op = "feie.call"
	stime := strconv.FormatInt(p.env.Now().Unix(), 10)
	form := url.Values{"user": {p.value("user")}, "stime": {stime}, "sig": {Sign(p.value("user"), p.value("ukey"), stime)}, "apiname": {name}}
	for k, v := range more {
		form[k] = v
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, p.base+"/Api/Open/", bytes.NewReader([]byte(form.Encode())))
	if err != nil {
		return fault.Say(op, fault.Invalid, "address_wrong", "the address is not one that can be called")
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := client.Do(r)
	if err != nil {
		return channel.SendError(op, err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return channel.SendError(op, err)
	}
	var answer struct {
		Ret  int             `json:"ret"`
		Msg  string          `json:"msg"`
		Data json.RawMessage `json:"data"`
	}
	switch {
	case res.StatusCode == http.StatusTooManyRequests:
		return &fault.Error{Op: op, Code: fault.RateLimited, Words: "HTTP 429", After: time.Second}
	case json.Unmarshal(b, &answer) != nil:
		return &fault.Error{Op: op, Code: fault.Unknown, Words: "HTTP " + strconv.Itoa(res.StatusCode)}
	case answer.Ret != 0:
		return printer.Refused(op, codeOf(answer.Ret), strconv.Itoa(answer.Ret)+" "+short(answer.Msg))
	}
	if json.Unmarshal(answer.Data, out) != nil {
		return &fault.Error{Op: op, Code: fault.Unknown, Why: fault.Because("vendor_unreadable", "the vendor's answer cannot be read")}
	}
	return nil
}

func short(s string) string {
	r := []rune(strings.ToValidUTF8(s, ""))
	if len(r) > 120 {
		r = r[:120]
	}
	return string(r)
}

// codeOf sorts a refusal: everything that is known of is for good.
func codeOf(ret int) fault.Code {
	switch ret {
	case -3:
		return fault.Forbidden
	case 1001, 1002:
		return fault.NotFound
	}
	return fault.Invalid
}

// Bind adds the printer to the account; one that is there already is fine.
func (p *feie) Bind(ctx context.Context) error {
	const op = "feie.Bind"
	if p.value("key") == "" {
		_, err := p.Status(ctx)
		return err
	}
	var out struct {
		No []string `json:"no"`
	}
	line := p.value("sn") + "#" + p.value("key") + "#" + "Tongdan"
	if err := p.call(ctx, p.env.Calls, "Open_printerAddlist", url.Values{"printerContent": {line}}, &out); err != nil {
		return fault.Wrap(op, err)
	}
	if len(out.No) > 0 { // there already, or a wrong key: whether it is ours, its status tells
		if _, err := p.Status(ctx); err != nil {
			return fault.Say(op, fault.Invalid, "printer_key", "the cloud knows no such printer with that key: compare SN and KEY with the label below it")
		}
	}
	return nil
}

func (p *feie) Status(ctx context.Context) (printer.Status, error) {
	var words string
	if err := p.call(ctx, p.env.Reads, "Open_queryPrinterStatus", url.Values{"sn": {p.value("sn")}}, &words); err != nil {
		return printer.Status{}, fault.Wrap("feie.Status", err)
	}
	switch {
	case strings.Contains(words, "不正常"):
		return printer.Status{State: printer.Trouble}, nil
	case strings.Contains(words, "离线"):
		return printer.Status{State: printer.Offline}, nil
	}
	return printer.Status{State: printer.Ready}, nil
}

// counted is how many jobs the printer has had on a day of the cloud.
type counted struct {
	Day string `json:"day"`
	N   int    `json:"n"`
}

func (p *feie) count(ctx context.Context, day string) (counted, error) {
	var out struct {
		Print   flexible `json:"print"`
		Waiting flexible `json:"waiting"`
	}
	err := p.call(ctx, p.env.Reads, "Open_queryOrderInfoByDate", url.Values{"sn": {p.value("sn")}, "date": {day}}, &out)
	return counted{day, int(out.Print) + int(out.Waiting)}, err
}

// flexible is a number that may come as text.
type flexible int

func (f *flexible) UnmarshalJSON(b []byte) error {
	n, err := strconv.Atoi(strings.Trim(string(b), `"`))
	*f = flexible(n)
	return err
}

func (p *feie) Before(ctx context.Context) (json.RawMessage, error) {
	n, err := p.count(ctx, p.env.Now().In(beijing).Format(time.DateOnly))
	if err != nil {
		return nil, fault.Wrap("feie.Before", err)
	}
	return json.Marshal(n)
}

func (p *feie) Print(ctx context.Context, j printer.Job) (printer.Taken, error) {
	const op = "feie.Print"
	s, err := p.Status(ctx)
	if err != nil {
		if fault.Is(err, fault.Unknown) { // nothing was sent
			err = &fault.Error{Op: op, Code: fault.Unavailable, Why: fault.ReasonOf(err)}
		}
		return printer.Taken{}, err
	}
	if err := s.Err(op); err != nil {
		return printer.Taken{}, err
	}
	form := url.Values{"sn": {p.value("sn")}, "content": {Content(j.Rows)}, "times": {strconv.Itoa(max(j.Copies, 1))}}
	if end := j.Expires; !end.IsZero() {
		now := p.env.Now()
		if !end.After(now.Add(time.Second)) {
			return printer.Taken{}, fault.Say(op, fault.Invalid, "too_late", "the time for it has passed")
		}
		if end.Sub(now) > maxLife {
			end = now.Add(maxLife)
		}
		form.Set("expired", strconv.FormatInt(end.Unix(), 10))
	}
	var id string
	if err := p.call(ctx, p.env.Calls, "Open_printMsg", form, &id); err != nil {
		return printer.Taken{}, fault.Wrap(op, err)
	}
	// Mostly it is out at once; where not, it is looked for.
	if done, err := p.printed(ctx, id); err == nil && done {
		return printer.Taken{Printed: true, Ref: id}, nil
	}
	return printer.Taken{Ref: id}, nil
}

func (p *feie) printed(ctx context.Context, id string) (done bool, err error) {
	err = p.call(ctx, p.env.Reads, "Open_queryOrderState", url.Values{"orderid": {id}}, &done)
	return done, err
}

func (p *feie) Look(ctx context.Context, j printer.Job, t printer.Trail) (printer.Sight, error) {
	const op = "feie.Look"
	now := p.env.Now()
	if t.Ref != "" {
		done, err := p.printed(ctx, t.Ref)
		switch {
		case err != nil:
			return "", fault.Wrap(op, err)
		case done:
			return printer.Printed, nil
		case !j.Expires.IsZero() && now.After(j.Expires.Add(5*time.Second)):
			return printer.Gone, nil
		}
		return printer.Waiting, nil
	}
	var before counted
	if json.Unmarshal(t.Before, &before) != nil || before.Day == "" {
		return printer.Untold, nil
	}
	n, err := p.count(ctx, before.Day)
	if err != nil {
		return "", fault.Wrap(op, err)
	}
	if day := now.In(beijing).Format(time.DateOnly); day != before.Day { // sent about midnight
		next, err := p.count(ctx, day)
		if err != nil {
			return "", fault.Wrap(op, err)
		}
		n.N += next.N
	}
	if n.N > before.N {
		return printer.Printed, nil
	}
	return printer.Absent, nil
}

// Content puts a ticket into Feie's tags. What is a tag in a text would be one on paper, so
// its brackets go; what does not fit into a job is cut off at its end, which says so.
func Content(rows []ticket.Row) string {
	var b strings.Builder
	for _, r := range rows {
		line := row(r)
		if b.Len()+len(line) > maxContent-40 {
			b.WriteString("……<BR>")
			break
		}
		b.WriteString(line)
	}
	b.WriteString("<CUT>")
	return b.String()
}

func row(r ticket.Row) string {
	if r.QR != "" {
		return "<QR>" + plain(r.QR) + "</QR>"
	}
	text := plain(r.Text)
	if text == "" {
		return "<BR>"
	}
	if r.Reverse { // there is none: framed by marks it cannot be overlooked either
		r.Bold = true
	}
	wrap := func(tag string) { text = "<" + tag + ">" + text + "</" + tag + ">" }
	switch {
	case r.Size == ticket.Big && r.Center:
		wrap("CB") // ends its line itself
		return text
	case r.Size == ticket.Big:
		wrap("B")
	case r.Size == ticket.Tall:
		wrap("L")
	}
	if r.Bold && r.Size != ticket.Big {
		wrap("BOLD")
	}
	if r.Center {
		wrap("C")
		return text
	}
	return text + "<BR>"
}

func plain(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '<':
			return '('
		case r == '>':
			return ')'
		case r < 0x20:
			return -1
		}
		return r
	}, s)
}
