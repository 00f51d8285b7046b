package api_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/tongdan/tongdan/internal/api"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/role"
)

// leavesNoLine are the operations that write and change nothing of how the merchant is set up, and
// why. Whoever adds an operation that writes decides: a line of the journal, or a reason here.
var leavesNoLine = map[string]string{
	"act": ofAnOrder, "setMaking": ofAnOrder, "addEvidence": ofAnOrder, "dropEvidence": ofAnOrder, "enterOrder": ofAnOrder, "takeBackOrder": ofAnOrder, "changeEntry": ofAnOrder,
	"undoEntryChange": ofAnOrder, "makeRide": ofAnOrder, "endRide": ofAnOrder, "tipRide": ofAnOrder, "stepRide": ofAnOrder, "blameDelivery": ofAnOrder, "uncoverCustomer": ofAnOrder,
	"makeBatch": ofAnOrder, "retryBatch": ofAnOrder, "printTickets": ofAnOrder, "printLabels": ofAnOrder, "retryLabels": ofAnOrder, "printLabelsAgain": ofAnOrder,
	"resolveEffect": ofAnOrder, "retryEffect": ofAnOrder, "replyComment": ofAnOrder, "takeMessage": ofAnOrder,
	"retryParked": ofAMessage, "dropParked": ofAMessage,
	"emptyPrinter": "tickets that are put aside have a line, printer.empty; nothing is set up", "sellOut": ofTheDay, "restShops": ofTheDay, "restStore": ofTheDay, "bookStock": "a movement is kept with who booked it", "noteOpening": ofTheDay,
	"editFront": "an edit is kept with who made it, from what to what (listEdits)", "planFront": nothing, "addPicture": "a picture is shown only by an edit, which is kept",
	"makeStatement": "a statement is kept and signed", "testAccount": nothing, "testSender": nothing, "testPrinter": nothing, "tryRule": nothing,
	"nextTicket": ofADevice, "endTicket": ofADevice, "unlockDevice": ofADevice, "lockDevice": ofADevice, "beginPairing": ofADevice, "speak": ofADevice, "letAllSpeak": ofADevice,
	"setMyPreference": ofAScreen, "shareView": ofAScreen, "unshareView": ofAScreen, "setReplyTemplates": ofAScreen,
	"signIn": ofASession, "signOut": ofASession, "signInWithPasskey": ofASession, "beginPasskeySignIn": ofASession, "askSignInCode": ofASession, "signInByPhone": ofASession,
	"openKnock": ofASession, "endMySession": ofASession, "endMyOtherSessions": ofASession, "lookAtInvitation": nothing, "beginPasskey": nothing,
	"enterPractice": ofPractice, "practiseAsGuest": ofPractice, "restartPractice": ofPractice,
	"arm": "it has a line (arm), but only of a copied database, which this one is not: TestACopyAsksBeforeItCalls",
}

const (
	ofAnOrder  = "what is done with an order is in that order's journal"
	ofAMessage = "what is done with a message that could not be read is in the journal beside it"
	ofTheDay   = "the trade of a day, which has lines of its own; nothing is set up"
	ofADevice  = "a screen at work; how it is set up has lines"
	ofAScreen  = "how somebody likes a screen; it decides nothing"
	ofASession = "who is signed in is seen under sessions; it sets nothing up"
	ofPractice = "the practice is a merchant of its own, made anew each time"
	nothing    = "it changes nothing"
)

// A step calls an operation that changes the set-up.
type step struct {
	op   string
	what string // of the line
	call func(st map[string]string) (path, body string)
	keep string // the name under which the id of the answer is kept
	as   string // "" = the owner's key, "li" = her session
}

// Every operation that changes how the merchant is set up leaves a line: by whom, of what, from what to
// what, and never a secret. Who adds one and forgets it fails here.
func TestEveryChangeOfTheSetUpLeavesALine(t *testing.T) {
	eachEngine(t, func(t *testing.T, b *bundle) {
		b.url = strings.Replace(b.url, "127.0.0.1", "localhost", 1)
		b.user("li")
		li := cookieOf(b.call("POST", "/api/v1/session", "", `{"name":"li","password":"`+password+`"}`))
		pass, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		p := &phone{key: pass, id: []byte("a credential"), host: "localhost", origin: b.url}
		st := map[string]string{"store0": b.stores[0].ID.String(), "acct": b.acct.ID.String()}
		shops := b.call("GET", "/api/v1/shops", b.owner, "")
		st["shop0"] = shops.get(t, "shops.0.id").(string)
		with := func(path, body string) func(map[string]string) (string, string) {
			return func(st map[string]string) (string, string) {
				for k, v := range st {
					path, body = strings.ReplaceAll(path, "<"+k+">", v), strings.ReplaceAll(body, "<"+k+">", v)
				}
				return path, body
			}
		}
		secrets := []string{"hush-1", "hush-2", "hush-3", "hush-4", "another long password", "1379"}
		bill := base64.StdEncoding.EncodeToString([]byte("订单号,下单时间,商家实收\n99999999999999999,2026-11-01,5.00\n"))
		steps := []step{
			{"changeMyMerchant", "merchant.change", with("/me/merchant", `{"name":"山间茶铺"}`), "", ""},
			{"makeStore", "store.make", with("/stores", `{"name":"国贸店","zone":"Asia/Shanghai"}`), "store", ""},
			{"changeStore", "store.change", with("/stores/<store>", `{"name":"国贸新店","zone":"Asia/Shanghai","hours":"10:00-22:00"}`), "", ""},
			{"makeApp", "app.make", with("/apps", `{"channel":"meituan","name":"直连","credentials":{"app_id":"77","secret":"hush-1"}}`), "app", ""},
			{"changeApp", "app.change", with("/apps/<app>", `{"channel":"meituan","name":"直连","credentials":{"secret":"hush-2"}}`), "", ""},
			{"makeAccount", "account.make", with("/accounts", `{"app_id":"<app>","name":"总部"}`), "account", ""},
			{"changeAccount", "account.change", with("/accounts/<account>", `{"app_id":"<app>","name":"总部","paused":true}`), "", ""},
			{"makeShop", "shop.make", with("/shops", `{"account_id":"<account>","external_id":"NEW1","store_id":"<store>","name":"国贸"}`), "shop", ""},
			{"changeShop", "shop.change", with("/shops/<shop>", `{"account_id":"<account>","external_id":"NEW1","store_id":"<store0>","name":"国贸","mode":"watch"}`), "", ""},
			{"setModes", "shop.change", with("/shops/modes", `{"shop_ids":["<shop>"],"mode":"goods"}`), "", ""},
			{"bindShops", "shop.make", with("/accounts/<account>/bind", `{"shops":[{"external_id":"NEW2","name":"二店","store_id":"<store>"}]}`), "", ""},
			{"waiveItem", "shop.waive", with("/shops/<shop>/waived", `{"item":"knock","waived":true}`), "", ""},
			{"makeSender", "sender.make", with("/senders", `{"kind":"dingtalk","name":"店群","credentials":{"token":"hush-3"}}`), "sender", ""},
			{"changeSender", "sender.change", with("/senders/<sender>", `{"kind":"dingtalk","name":"店群","off":true,"credentials":{"token":"hush-4"}}`), "", ""},
			{"setKnockRules", "knocks.change", with("/knock-rules", `{"store_id":"<store>","rules":{"kinds":["late"],"accept_s":300,"people":false,"quiet_from":0,"quiet_to":0,"per_hour":1,"per_day":1}}`), "", ""},
			{"setKitchen", "kitchen.change", with("/stores/<store>/kitchen", `{"slot_minutes":15,"slot_orders":20}`), "", ""},
			{"setRule", "rule.put", with("/stores/<store0>/rules/accept", `{"version":0,"on":true,"accept":{"channels":[],"pre_orders":true}}`), "", ""},
			{"makeSKU", "sku.make", with("/skus", `{"code":"A1","name":"珍珠奶茶"}`), "sku", ""},
			{"changeSKU", "sku.change", with("/skus/<sku>", `{"code":"A1","name":"珍珠奶绿"}`), "", ""},
			{"bindOffer", "offer.make", with("/offers", `{"shop_id":"<shop>","sku_id":"<sku>","item":"9001"}`), "offer", ""},
			{"unbindOffer", "offer.delete", with("/offers/<offer>", ""), "", ""},
			{"makeKey", "key.make", with("/keys", `{"name":"erp","role":"clerk"}`), "key", ""},
			{"deleteKey", "key.delete", with("/keys/<key>", ""), "", ""},
			{"makePrinter", "printer.put", with("/printers", `{"kind":"escpos","name":"后厨","store_id":"<store0>","address":"127.0.0.1:9"}`), "printer", ""},
			{"changePrinter", "printer.put", with("/printers/<printer>", `{"kind":"escpos","name":"后厨一","store_id":"<store0>","address":"127.0.0.1:9","off":true}`), "", ""},
			{"deletePrinter", "printer.delete", with("/printers/<printer>", ""), "", ""},
			{"makeRider", "rider.put", with("/riders", `{"store_id":"<store0>","name":"小马","phone":"13900000009"}`), "rider", ""},
			{"changeRider", "rider.put", with("/riders/<rider>", `{"store_id":"<store0>","name":"小马","phone":"13900000008"}`), "", ""},
			{"makeRiderLink", "rider.link", with("/riders/<rider>/link", ``), "", ""},
			{"makeCourier", "courier.put", with("/couriers", `{"kind":"dada","name":"达达","credentials":{"app_key":"dada-1","app_secret":"hush-1","source_id":"73753"}}`), "courier", ""},
			{"changeCourier", "courier.put", with("/couriers/<courier>", `{"kind":"dada","name":"达达二","off":true}`), "", ""},
			{"readBill", "bill.read", with("/bills", `{"channel":"meituan","name":"十一月.csv","content":"`+bill+`"}`), "bill", ""},
			{"dropBill", "bill.drop", with("/bills/<bill>", ""), "", ""},
			{"pairDevice", "device.pair", func(st map[string]string) (string, string) {
				code := b.call("POST", "/api/v1/pairing", "", `{"kind":"kitchen_screen"}`).get(t, "code").(string)
				return "/devices", `{"code":"` + code + `","name":"后厨平板","store_id":"` + st["store0"] + `"}`
			}, "device", ""},
			{"changeDevice", "device.change", with("/devices/<device>", `{"name":"前台平板","pin":false,"lock_minutes":5}`), "", ""},
			{"revokeDevice", "device.revoke", with("/devices/<device>", ""), "", ""},
			{"invitePerson", "person.invite", with("/people", `{"name":"小王","role":"clerk","stores":["<store0>"]}`), "person", ""},
			{"changePerson", "person.change", with("/people/<person>", `{"name":"小王","role":"store_manager","stores":["<store0>"]}`), "", ""},
			{"setPersonPhone", "person.phone", with("/people/<person>/phone", `{"phone":"139 0000 0007"}`), "", ""},
			{"makeSignInLink", "person.link", with("/people/<person>/link", ""), "token", ""},
			{"join", "person.join", with("/join", `{"token":"<token>","password":"another long password"}`), "", "nobody"},
			{"givePIN", "person.pin", with("/pins/<person>", ""), "", ""},
			{"takePIN", "person.pin", with("/pins/<person>", ""), "", ""},
			{"endPersonSessions", "person.sign_out", with("/people/<person>/sessions", ""), "", ""},
			{"setMyPIN", "person.pin", with("/me/pin", `{"pin":"1379"}`), "", "li"},
			{"addPasskey", "person.passkey_add", func(map[string]string) (string, string) {
				challenge := b.call("POST", "/api/v1/me/passkeys/begin", "", "", "Cookie", li).get(t, "challenge").(string)
				return "/me/passkeys", p.register(challenge)
			}, "", "li"},
			{"removeMyPasskey", "person.passkey_remove", with("/me/passkeys/"+base(p.id), ""), "", "li"},
			{"changeMyPassword", "person.password", with("/me/password", `{"old_password":"`+password+`","new_password":"another long password"}`), "", "li"},
			{"setUp", "person.begin", func(map[string]string) (string, string) {
				secret, hash := api.NewSetupToken()
				b.must(b.db.AddSetupToken(t.Context(), b.m, hash, 1<<50))
				return "/setup", `{"token":"` + secret + `","name":"老板","password":"another long password"}`
			}, "", "nobody"},
			{"deleteSender", "sender.delete", with("/senders/<sender>", ""), "", ""},
			{"deleteShop", "shop.delete", with("/shops/<shop>", ""), "", ""},
			{"deleteAccount", "account.delete", func(st map[string]string) (string, string) {
				made := b.call("POST", "/api/v1/accounts", b.owner, `{"app_id":"`+st["app"]+`","name":"空的"}`)
				return "/accounts/" + made.get(t, "id").(string), ""
			}, "", ""},
			{"deleteApp", "app.delete", func(map[string]string) (string, string) {
				made := b.call("POST", "/api/v1/apps", b.owner, `{"channel":"meituan","name":"空的","credentials":{"app_id":"78","secret":"hush-1"}}`)
				return "/apps/" + made.get(t, "id").(string), ""
			}, "", ""},
			{"deleteStore", "store.delete", func(map[string]string) (string, string) {
				made := b.call("POST", "/api/v1/stores", b.owner, `{"name":"空的","zone":"Asia/Shanghai"}`)
				return "/stores/" + made.get(t, "id").(string), ""
			}, "", ""},
		}

		ops, done := map[string]operation{}, map[string]bool{}
		for _, o := range b.operations() {
			ops[o.id] = o
		}
		type line struct {
			ID, By, What, Name, Thing string
			ByName                    string `json:"by_name"`
			Changes                   []struct {
				Field   string
				Was, Is any
				Secret  bool
			}
		}
		read := func() (list []line) {
			var page struct{ Lines []line }
			r := b.call("GET", "/api/v1/audit/setup?limit=200", b.owner, "")
			if err := json.Unmarshal([]byte(r.body), &page); err != nil || r.status != http.StatusOK {
				t.Fatalf("the lines: %d %s (%v)", r.status, r.body, err)
			}
			for _, s := range secrets {
				if strings.Contains(r.body, s) {
					t.Errorf("the lines tell a secret, %q: %s", s, r.body)
				}
			}
			return page.Lines
		}
		before := read()
		byOp := map[string]line{}
		for _, s := range steps {
			done[s.op] = true
			path, body := s.call(st)
			var r reply
			switch s.as {
			case "li":
				r = b.call(ops[s.op].method, "/api/v1"+path, "", body, "Cookie", li)
			case "nobody":
				r = b.call(ops[s.op].method, "/api/v1"+path, "", body)
			default:
				r = b.call(ops[s.op].method, "/api/v1"+path, b.owner, body)
			}
			if r.status >= 300 {
				t.Errorf("%s: %d %s", s.op, r.status, r.body)
				continue
			}
			if s.keep == "token" {
				st[s.keep], _ = r.get(t, "token").(string)
			} else if s.keep == "person" {
				st[s.keep], _ = r.get(t, "person.id").(string)
			} else if s.keep != "" {
				st[s.keep], _ = r.get(t, "id").(string)
			}
			after := read()
			i := 0
			for i < len(after) && len(before) > 0 && after[i].ID != before[0].ID {
				i++
			}
			found := false
			for _, l := range after[:i] {
				if l.What == s.what && !found {
					found, byOp[s.op] = true, l
					if l.By == "" || l.ByName == "" {
						t.Errorf("%s: nobody knows by whom: %+v", s.op, l)
					}
				}
			}
			if !found {
				t.Errorf("%s leaves no line %s: %+v", s.op, s.what, after[:i])
			}
			before = after
		}
		for _, o := range ops {
			why, none := leavesNoLine[o.id]
			switch {
			case done[o.id] && none:
				t.Errorf("%s leaves a line and is said to leave none", o.id)
			case o.method != "GET" && !done[o.id] && why == "":
				t.Errorf("%s writes and is not known here: it leaves a line (a step above), or say why it need not", o.id)
			}
		}
		for id := range leavesNoLine {
			if ops[id].method == "GET" {
				t.Errorf("%s is said to leave no line, and reads", id)
			} else if _, ok := ops[id]; !ok {
				t.Errorf("%s is no operation", id)
			}
		}

		// From what to what.
		told := func(op, field string) (was, is any, secret, ok bool) {
			for _, c := range byOp[op].Changes {
				if c.Field == field {
					return c.Was, c.Is, c.Secret, true
				}
			}
			return nil, nil, false, false
		}
		for _, x := range []struct {
			op, field string
			was, is   any
		}{
			{"changeMyMerchant", "name", "山间茶事", "山间茶铺"}, {"makeStore", "name", nil, "国贸店"}, {"changeStore", "name", "国贸店", "国贸新店"}, {"changeStore", "hours", nil, "10:00-22:00"},
			{"changeAccount", "paused", nil, true}, {"changeShop", "store", "国贸新店", "TEA001"}, {"changeShop", "mode", "full", "watch"}, {"setModes", "mode", "watch", "goods"},
			{"changeSender", "off", nil, true}, {"setKnockRules", "accept_s", nil, 300.0}, {"setKitchen", "slot_orders", nil, 20.0}, {"changeSKU", "name", "珍珠奶茶", "珍珠奶绿"},
			{"makeKey", "role", nil, "clerk"}, {"deleteKey", "role", "clerk", nil}, {"deleteStore", "name", "空的", nil}, {"deleteShop", "mode", "goods", nil},
		} {
			if was, is, secret, ok := told(x.op, x.field); !ok || was != x.was || is != x.is || secret {
				t.Errorf("%s tells of %s: %v → %v, want %v → %v (%+v)", x.op, x.field, was, is, x.was, x.is, byOp[x.op])
			}
		}
		for op, field := range map[string]string{"makeApp": "credentials.secret", "changeApp": "credentials.secret", "changeSender": "credentials.token"} {
			if was, is, secret, ok := told(op, field); !ok || !secret || was != nil || is != nil {
				t.Errorf("%s tells of %s: %v → %v (%v)", op, field, was, is, secret)
			}
		}
		if len(byOp["changeApp"].Changes) != 1 {
			t.Errorf("a change of the secret alone tells more: %+v", byOp["changeApp"])
		}
		if r := b.call("PUT", "/api/v1/stores/"+st["store"], b.owner, `{"name":"国贸新店","zone":"Asia/Shanghai","hours":"10:00-22:00"}`); r.status != 200 || read()[0].ID != before[0].ID {
			t.Errorf("a change that changes nothing leaves a line: %d %+v", r.status, read()[0])
		}
		if r := b.call("GET", "/api/v1/audit/setup?thing="+st["sku"], b.owner, ""); strings.Count(r.body, `"what":"sku.`) != 2 || strings.Contains(r.body, "store.") {
			t.Errorf("the lines of one thing: %s", r.body)
		}
		page := b.call("GET", "/api/v1/audit/setup?limit=1", b.owner, "")
		next := b.call("GET", "/api/v1/audit/setup?limit=1&cursor="+page.get(t, "next_cursor").(string), b.owner, "")
		if page.get(t, "lines.0.id") != before[0].ID || next.get(t, "lines.0.id") != before[1].ID {
			t.Errorf("two pages of one line: %s %s", page.body, next.body)
		}

		// They belong to nobody but their merchant.
		foreign, err := b.db.AddMerchant(t.Context(), db.MerchantRow{Name: "别家", Locale: "zh-CN"})
		b.must(err)
		secret, hash := api.NewToken(api.KeyPrefix)
		_, err = b.db.AddKey(t.Context(), db.KeyRow{Merchant: foreign.ID, Name: "owner", Hash: hash, Role: string(role.Owner)})
		b.must(err)
		if r := b.call("GET", "/api/v1/audit/setup", secret, ""); r.status != 200 || strings.Contains(r.body, "what") {
			t.Errorf("another merchant sees %d %s", r.status, r.body)
		}
	})
}
