// Package yilianyun drives the cloud printers of Yilianyun (易联云) over its newer API, with
// an application of the merchant's own. A job carries our number, and the cloud answers the
// same number with its first answer for two hours: so a job whose answer was lost is simply
// sent again. Few tokens may be fetched, so the one that there is is kept.
package yilianyun

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
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
	maxAnswer = 64 << 10
	tokenName = "token" // among the credentials: what the cloud gave, kept
)

var info = printer.Info{
	Name: "yilianyun", Label: channel.Text{ZH: "易联云打印机", EN: "Yilianyun cloud printer"}, Cloud: true, Base: "https://open-api.10ss.net",
	Guide: channel.Text{
		ZH: "在易联云开放平台（dev.10ss.net）创建自有型应用，得到应用 ID 和密钥；终端号和密钥在机身底部标签上。",
		EN: "Make an application of one's own on Yilianyun's open platform: it has an id and a secret; the terminal's number and key are on the label below the printer.",
	},
	Fields: []channel.Field{
		{Name: "client_id", Label: channel.Text{ZH: "应用 ID", EN: "Application id"}, Required: true},
		{Name: "client_secret", Label: channel.Text{ZH: "应用密钥", EN: "Application secret"}, Secret: true, Required: true},
		{Name: "machine_code", Label: channel.Text{ZH: "终端号", EN: "Terminal number"}, Required: true},
		{Name: "msign", Label: channel.Text{ZH: "终端密钥（首次添加时需要）", EN: "Terminal key (to add it the first time)"}, Secret: true},
	},
	Nature: effect.Keyed,
}

// Info describes the make.
func (Driver) Info() *printer.Info { return &info }

// Open makes a printer; it calls nobody.
func (Driver) Open(c printer.Config, env printer.Env) (printer.Printer, error) {
	base := c.Address
	if base == "" {
		base = info.Base
	}
	p := &yilianyun{base: strings.TrimRight(base, "/"), cred: c.Credentials, env: env, token: c.Credentials[tokenName].Reveal()}
	if p.env.Now == nil {
		p.env.Now = time.Now
	}
	return p, nil
}

type yilianyun struct {
	base  string
	cred  map[string]channel.Secret
	env   printer.Env
	token string
}

func (p *yilianyun) value(name string) string { return p.cred[name].Reveal() }

// Sign is the signature of a call: MD5 over the application's id, the time and its secret.
func Sign(clientID, timestamp, secret string) string {
	sum := md5.Sum([]byte(clientID + timestamp + secret))
	return hex.EncodeToString(sum[:])
}

// newID draws a UUID of version 4.
func newID() string {
	var b [16]byte
	rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// errToken is a refusal that a new token mends.
const (
	tokenWrong = "14"
	tokenOld   = "18"
)

// call makes one call with the token, and once more with a new one where that is refused.
func (p *yilianyun) call(ctx context.Context, client *http.Client, path string, form url.Values, out any) error {
	if p.token == "" {
		if err := p.fetch(ctx); err != nil {
			return err
		}
	}
	form.Set("access_token", p.token)
	form.Set("machine_code", p.value("machine_code"))
	code, err := p.post(ctx, client, path, form, out)
	if code != tokenWrong && code != tokenOld {
		return err
	}
	if err := p.fetch(ctx); err != nil {
		return err
	}
	form.Set("access_token", p.token)
	_, err = p.post(ctx, client, path, form, out)
	return err
}

// fetch gets a token and keeps it.
func (p *yilianyun) fetch(ctx context.Context) error {
	const op = "yilianyun.fetch"
	var out struct {
		Token string `json:"access_token"`
	}
	form := url.Values{"grant_type": {"client_credentials"}, "scope": {"all"}}
	if _, err := p.post(channel.Private(ctx), p.env.Calls, "/oauth/oauth", form, &out); err != nil {
		if fault.Is(err, fault.Unknown) { // nothing was printed by it
			return &fault.Error{Op: op, Code: fault.Unavailable, Why: fault.ReasonOf(err), Words: fault.WordsOf(err)}
		}
		return fault.Wrap(op, err)
	}
	if p.token = out.Token; p.token == "" {
		return &fault.Error{Op: op, Code: fault.Unavailable, Why: fault.Because("vendor_unreadable", "the vendor's answer cannot be read")}
	}
	if p.env.Keep != nil {
		return fault.Wrap(op, p.env.Keep(tokenName, channel.NewSecret(p.token)))
	}
	return nil
}

// post makes one signed call; code is the vendor's, "" when it said yes or nothing.
func (p *yilianyun) post(ctx context.Context, client *http.Client, path string, form url.Values, out any) (code string, err error) {
	const op = "yilianyun.call"
	at := strconv.FormatInt(p.env.Now().Unix(), 10)
	form.Set("client_id", p.value("client_id"))
	form.Set("timestamp", at)
	form.Set("sign", Sign(p.value("client_id"), at, p.value("client_secret")))
	form.Set("id", newID())
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, p.base+path, bytes.NewReader([]byte(form.Encode())))
	if err != nil {
		return "", fault.Say(op, fault.Invalid, "address_wrong", "the address is not one that can be called")
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := client.Do(r)
	if err != nil {
		return "", channel.SendError(op, err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return "", channel.SendError(op, err)
	}
	var answer struct {
		Error json.RawMessage `json:"error"`
		Words string          `json:"error_description"`
		Body  json.RawMessage `json:"body"`
	}
	if res.StatusCode == http.StatusTooManyRequests {
		return "", &fault.Error{Op: op, Code: fault.RateLimited, Words: "HTTP 429", After: time.Second}
	}
	if json.Unmarshal(b, &answer) != nil {
		return "", &fault.Error{Op: op, Code: fault.Unknown, Words: "HTTP " + strconv.Itoa(res.StatusCode)}
	}
	if code = strings.Trim(string(answer.Error), `"`); code != "0" {
		return code, printer.Refused(op, codeOf(code), code+" "+short(answer.Words))
	}
	if out != nil && len(answer.Body) > 0 && json.Unmarshal(answer.Body, out) != nil {
		return "", &fault.Error{Op: op, Code: fault.Unknown, Why: fault.Because("vendor_unreadable", "the vendor's answer cannot be read")}
	}
	return "", nil
}

func short(s string) string {
	r := []rune(strings.ToValidUTF8(s, ""))
	if len(r) > 120 {
		r = r[:120]
	}
	return string(r)
}

// codeOf sorts a refusal.
func codeOf(code string) fault.Code {
	switch code {
	case "5", "10", "11":
		return fault.Forbidden
	case "8":
		return fault.NotFound
	case "9", "13", tokenWrong, tokenOld: // not printed, and may be later
		return fault.Unavailable
	}
	return fault.Invalid
}

// Bind adds the terminal to the application; one that is there already is fine.
func (p *yilianyun) Bind(ctx context.Context) error {
	if p.value("msign") == "" {
		_, err := p.Status(ctx)
		return err
	}
	return fault.Wrap("yilianyun.Bind", p.call(ctx, p.env.Calls, "/printer/addprinter", url.Values{"msign": {p.value("msign")}}, nil))
}

func (p *yilianyun) Status(ctx context.Context) (printer.Status, error) {
	var out struct {
		State json.RawMessage `json:"state"`
	}
	if err := p.call(ctx, p.env.Reads, "/printer/getprintstatus", url.Values{}, &out); err != nil {
		return printer.Status{}, fault.Wrap("yilianyun.Status", err)
	}
	switch strings.Trim(string(out.State), `"`) {
	case "0":
		return printer.Status{State: printer.Offline}, nil
	case "1":
		return printer.Status{State: printer.Ready}, nil
	case "2":
		return printer.Status{State: printer.Paper}, nil
	}
	return printer.Status{State: printer.Trouble}, nil
}

func (p *yilianyun) Before(context.Context) (json.RawMessage, error) { return nil, nil }

func (p *yilianyun) Print(ctx context.Context, j printer.Job) (printer.Taken, error) {
	const op = "yilianyun.Print"
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
	var out struct {
		ID json.RawMessage `json:"id"`
	}
	form := url.Values{"content": {Content(j.Rows, j.Copies)}, "origin_id": {j.ID}, "idempotence": {"1"}}
	if err := p.call(ctx, p.env.Calls, "/print/index", form, &out); err != nil {
		return printer.Taken{}, fault.Wrap(op, err)
	}
	ref := strings.Trim(string(out.ID), `"`)
	// The cloud has it; it is on paper if the printer is still well.
	if s, err := p.Status(ctx); err == nil && s.Err(op) == nil {
		return printer.Taken{Printed: true, Ref: ref}, nil
	}
	return printer.Taken{Ref: ref}, nil
}

// Look sends nothing: what may not have arrived is sent again under the same number. What
// has is printed once the printer is well.
func (p *yilianyun) Look(ctx context.Context, _ printer.Job, t printer.Trail) (printer.Sight, error) {
	if t.Ref == "" {
		return printer.Repeating, nil
	}
	s, err := p.Status(ctx)
	if err != nil {
		return "", fault.Wrap("yilianyun.Look", err)
	}
	if s.Err("") == nil {
		return printer.Printed, nil
	}
	return printer.Waiting, nil
}

// Content puts a ticket into Yilianyun's tags. What is a tag in a text would be one on
// paper, so its brackets go. There are no tall and no reversed characters: they are bold.
func Content(rows []ticket.Row, copies int) string {
	var b strings.Builder
	if copies > 1 {
		b.WriteString("<MN>" + strconv.Itoa(min(copies, 9)) + "</MN>")
	}
	for _, r := range rows {
		if r.QR != "" {
			b.WriteString("<QR>" + plain(r.QR) + "</QR>")
			continue
		}
		text := plain(r.Text)
		wrap := func(tag string) { text = "<" + tag + ">" + text + "</" + tag + ">" }
		if text != "" {
			if r.Size == ticket.Big {
				wrap("FS2")
			}
			if r.Bold || r.Reverse || r.Size == ticket.Tall {
				wrap("FB")
			}
			if r.Center {
				wrap("center") // ends its line itself
				b.WriteString(text)
				continue
			}
		}
		b.WriteString(text + "\n")
	}
	return b.String()
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
