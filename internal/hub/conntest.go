package hub

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/role"
)

// A ConnTest is what came of trying an account's credentials: one signed call that changes nothing.
type ConnTest struct {
	OK     bool          `json:"ok"`
	Cause  string        `json:"cause" enum:"ok,incomplete,app,secret,clock,token,right,unreachable,private,limited,broken,disarmed,refused" doc:"What is wrong, as a stable word. incomplete: a credential is missing. app: the platform knows no such app. secret: it does not accept the signature. clock: nor that, and this machine's clock is off. token: nobody has agreed yet, or that has ended. right: the app may not call this. unreachable: nothing answered. private: the address is in a private network. limited: it is called too often. broken: it answered, and not as it should. disarmed: a copied database calls nobody. refused: whatever else it said."`
	At     int64         `json:"at"`
	TookMS int64         `json:"took_ms" doc:"How long the platform took; 0 = it was not asked."`
	AheadS int64         `json:"ahead_s" doc:"By how many seconds this machine's clock is ahead of the platform's; 0 = within its measure, or not told."`
	Words  string        `json:"words" doc:"What the platform said."`
	Why    *fault.Reason `json:"why,omitempty" doc:"The words for screens, when they are Tongdan's own."`
}

// The vault keeps the last test of an account, with what it was made with: it says nothing about other credentials.
const connTestName = "test"

type keptTest struct {
	ConnTest
	With string `json:"with"`
}

const (
	connTestTime = 20 * time.Second
	clockOff     = 2 * time.Minute // Meituan does not publish what it tolerates; less than this is not looked at
)

// TestConnection makes one signed call with an account's credentials and says what is wrong with them. It fails only when it
// could not be tried at all. What it finds stands in the guide until the credentials are changed.
func (h *Hub) TestConnection(ctx context.Context, who Actor, id ident.Account) (ConnTest, error) {
	const op = "hub.TestConnection"
	if err := who.May(op, role.Connect); err != nil {
		return ConnTest{}, err
	}
	row, ok := h.db.AccountByID(who.Merchant, id)
	app, known := h.db.AppByID(row.App)
	if !ok || !known || h.Own(row.Channel) {
		return ConnTest{}, fault.Say(op, fault.NotFound, "no_account", "there is no such account")
	}
	out := ConnTest{At: h.now().UnixMilli()}
	if armed, err := h.db.Armed(ctx); err != nil {
		return out, fault.Wrap(op, err)
	} else if !armed {
		why := fault.Because("arm_first", "this is a restored or copied database, from which nothing is called: arm it first, then authorise")
		out.Cause, out.Why = "disarmed", &why
		return out, nil
	}
	c, err := h.conn(who.Merchant, id)
	external := ""
	if err == nil {
		external, err = h.ask(ctx, c, &out)
	} else {
		out.Cause = "incomplete"
	}
	out.OK = err == nil
	if err != nil {
		why := fault.ReasonOf(err)
		out.Words = why.Text
		out.Why = why.Coded()
	}
	if out.OK {
		if err := h.noteExternal(ctx, who.Merchant, id, external, who.ID); err != nil {
			return out, fault.Wrap(op, err)
		}
	}
	b, err := json.Marshal(keptTest{out, printOf(app, row)})
	if err == nil {
		err = h.db.Vault(who.Merchant, id).Save(ctx, connTestName, time.UnixMilli(out.At), b)
	}
	return out, fault.Wrap(op, err)
}

// ask makes the call of a test and fills in how it went.
func (h *Hub) ask(ctx context.Context, c *conn, out *ConnTest) (external string, err error) {
	ctx, cancel := context.WithTimeout(ctx, connTestTime)
	defer cancel()
	ctx, trace := channel.WithTrace(channel.Private(ctx)) // neither what is sent nor what is answered is kept
	external, doubt, err := c.Try(ctx)
	reached := false
	for _, x := range trace.Take() {
		out.TookMS += x.Took.Milliseconds()
		reached = reached || x.Status != 0
		if off := h.now().Sub(x.Clock); !x.Clock.IsZero() && off.Abs() > clockOff {
			out.AheadS = int64(off / time.Second)
		}
	}
	out.Cause = causeOf(err, doubt, reached, out.AheadS != 0)
	return external, err
}

// causeOf names what is wrong. A signature that is not accepted while the clocks differ is blamed on the clock: it
// takes part in it, and the secret may be right.
func causeOf(err error, doubt channel.Doubt, reached, off bool) string {
	switch {
	case err == nil:
		return "ok"
	case fault.ReasonOf(err).Code == "private_address":
		return "private"
	case off && (doubt == channel.DoubtSecret || doubt == channel.DoubtNone && fault.Is(err, fault.Invalid)):
		return "clock"
	case doubt != channel.DoubtNone:
		return string(doubt)
	case fault.Is(err, fault.RateLimited):
		return "limited"
	case !reached:
		return "unreachable"
	case fault.Is(err, fault.Unavailable), fault.Is(err, fault.Unknown), fault.Is(err, fault.TooLarge):
		return "broken"
	}
	return "refused"
}

// connTestOf gives the last test of an account; nil when there was none with the credentials that it has now.
func (h *Hub) connTestOf(ctx context.Context, app db.AppRow, row db.AccountRow) (*ConnTest, error) {
	b, err := h.db.LoadVault(ctx, row.Merchant, row.ID, connTestName)
	if err != nil || len(b) == 0 {
		return nil, err
	}
	var k keptTest
	if json.Unmarshal(b, &k) != nil || k.With != printOf(app, row) {
		return nil, nil
	}
	return &k.ConnTest, nil
}

// printOf tells whether what an account connects with has changed since. It stands in the sealed vault alone.
func printOf(app db.AppRow, row db.AccountRow) string {
	h := sha256.New()
	add := func(m map[string]string) {
		for _, k := range slices.Sorted(maps.Keys(m)) {
			h.Write([]byte(k + "\x00" + m[k] + "\x00"))
		}
		h.Write([]byte{1})
	}
	add(app.Credentials)
	add(row.Credentials)
	h.Write([]byte(cmp.Or(app.BaseURL, "-")))
	return hex.EncodeToString(h.Sum(nil))
}
