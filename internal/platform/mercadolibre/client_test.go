package mercadolibre

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/channel/channeltest"
	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/order"
)

func TestEveryFamilyOfErrorsHasItsMeaning(t *testing.T) {
	retry := http.Header{"Retry-After": {"17"}}
	for _, c := range []struct {
		name    string
		status  int
		header  http.Header
		body    string
		read    fault.Code
		changed fault.Code
		words   string
		after   time.Duration
	}{
		{"standard", 404, nil, `{"message":"Order not found.","error":"order_not_found","status":404,"cause":[]}`, fault.NotFound, fault.NotFound, "order_not_found: Order not found.", 0},
		{"standard, causes", 400, nil, `{"message":"bad","error":"validation_error","status":400,"cause":[{"code":"x","message":"price too low"}]}`, fault.Invalid, fault.Invalid, "price too low", 0},
		{"standard, causes as text", 400, nil, `{"message":"bad","error":"bad_request","status":400,"cause":["first","second"]}`, fault.Invalid, fault.Invalid, "first: second", 0},
		{"standard, no cause", 409, nil, `{"message":"item optimistic locking error","error":"conflict","status":409,"cause":null}`, fault.Conflict, fault.Conflict, "optimistic", 0},
		{"OAuth", 400, nil, `{"error_description":"may be expired or it was already used","error":"invalid_grant","status":400,"cause":[]}`, fault.Invalid, fault.Invalid, "already used", 0},
		{"gateway", 403, nil, `{"status":403,"error":"access_denied","message":"access to the requested resource is forbidden","code":"FORBIDDEN"}`, fault.Forbidden, fault.Forbidden, "access_denied", 0},
		{"gateway, other names", 403, nil, `{"status_code":403,"code":"forbidden","message":"blocked_conversation"}`, fault.Forbidden, fault.Forbidden, "blocked_conversation", 0},
		{"tracking of ME1", 400, nil, `{"status_code":400,"error_code":"shipment_mode_is_not_me1","message":"Shipment mode is not ME1","timestamp":"t","request_id":"r"}`, fault.Invalid, fault.Invalid, "shipment_mode_is_not_me1", 0},
		{"returns", 404, nil, `{"code":404,"error":"not_found_error","message":"return review not found","cause":null}`, fault.NotFound, fault.NotFound, "not_found_error", 0},
		{"no token", 401, nil, `{"message":"invalid access token","error":"not_identified_user","status":401}`, fault.Unauthorized, fault.Unauthorized, "invalid access token", 0},
		{"flow control, JSON", 429, nil, `{"message":"Too Many Requests","error":"too_many_requests","status":429,"cause":[]}`, fault.RateLimited, fault.RateLimited, "too_many_requests", defaultAfter},
		{"flow control, text", 429, retry, `local_rate_limited`, fault.RateLimited, fault.RateLimited, "local_rate_limited", 17 * time.Second},
		{"flow control, empty", 429, nil, ``, fault.RateLimited, fault.RateLimited, "HTTP 429", defaultAfter},
		{"broken gateway", 502, nil, `<html><body>Bad Gateway</body></html>`, fault.Unavailable, fault.Unknown, "HTTP 502", 0},
		{"broken JSON", 500, nil, `{"message":"intern`, fault.Unavailable, fault.Unknown, "HTTP 500", 0},
		{"a list", 503, nil, `[1,2]`, fault.Unavailable, fault.Unknown, "HTTP 503", 0},
		{"a redirect", 302, nil, ``, fault.Unavailable, fault.Unknown, "HTTP 302", 0},
		{"wrong types", 400, nil, `{"message":{"a":1},"error":[],"status":"x","cause":{"b":2}}`, fault.Invalid, fault.Invalid, "HTTP 400", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := answer{c.status, c.header, []byte(c.body)}
			if a.header == nil {
				a.header = http.Header{}
			}
			read, changed := decodeError("op", a, false), decodeError("op", a, true)
			if read.Code != c.read || changed.Code != c.changed || read.After != c.after {
				t.Errorf("read %s, changed %s, after %v; want %s, %s, %v", read.Code, changed.Code, read.After, c.read, c.changed, c.after)
			}
			if !strings.Contains(read.Words, c.words) || strings.Contains(read.Words, "<html") {
				t.Errorf("words %q, want %q in them", read.Words, c.words)
			}
		})
	}
}

func TestWordsOfThePlatformHoldNoPersonalData(t *testing.T) {
	f := decodeError("op", answer{status: 400, header: http.Header{}, body: []byte(`{"message":"CPF 00000000191 of ana@example.com is wrong","error":"x"}`)}, false)
	if strings.Contains(f.Words, "191") || strings.Contains(f.Words, "ana@") {
		t.Errorf("words %q", f.Words)
	}
}

// stub answers every call by a function, with a token that always works.
func stub(t *testing.T, answer func(r *http.Request) (int, string)) *shop {
	t.Helper()
	return stubWith(t, func(w http.ResponseWriter, r *http.Request) {
		status, body := answer(r)
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	})
}

func stubWith(t *testing.T, serve http.HandlerFunc) *shop {
	t.Helper()
	api := httptest.NewServer(serve)
	t.Cleanup(api.Close)
	reads, calls := channel.NewClients(channel.Loopback...)
	v := &vault{}
	now := func() time.Time { return start }
	k := kept{At: start.UnixMilli(), Answer: file(t, "token.json")}
	if err := v.Save(t.Context(), vaultToken, start, mustJSON(k)); err != nil {
		t.Fatal(err)
	}
	s, err := New().Open(channel.Account{App: channel.App{BaseURL: api.URL, Credentials: map[string]channel.Secret{"client_id": channel.NewSecret("1"), "client_secret": channel.NewSecret("2")}},
		External: "700000001", Credentials: map[string]channel.Secret{"site": channel.NewSecret("MLB")}}, channel.Env{Reads: reads, Calls: calls, Vault: v, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	return s.(*shop)
}

func TestAnOrderIsKeptWhenItsShipmentIsNotThereYet(t *testing.T) {
	for name, status := range map[string]int{"not there yet": 404, "flow control": 429, "broken": 500} {
		s := stub(t, func(r *http.Request) (int, string) {
			if strings.HasPrefix(r.URL.Path, "/orders/") {
				return 200, string(file(t, "order.json"))
			}
			return status, `{"message":"Not found shipping","error":"not_found"}`
		})
		items, err := s.Read(t.Context(), refOf(orderID))
		if err != nil || len(items) != 1 || len(items[0].Hints) != 1 {
			t.Fatalf("%s: %d items, %v", name, len(items), err)
		}
		if h := items[0].Hints[0]; h.Ref.Kind != order.KindShipment || h.After <= start.UnixMilli() {
			t.Errorf("%s: hint %+v", name, h)
		}
	}
}

func TestADeadlineThatCannotBeReadNowDoesNotEraseTheKnownOne(t *testing.T) {
	sla := 200
	s := stub(t, func(r *http.Request) (int, string) {
		switch {
		case strings.HasSuffix(r.URL.Path, "/sla"):
			return sla, string(file(t, "sla.json"))
		case strings.HasSuffix(r.URL.Path, "/history"):
			return 404, `{}`
		case strings.HasPrefix(r.URL.Path, "/shipments/"):
			if r.Header.Get("x-format-new") != "true" {
				return 400, `{}`
			}
			return 200, string(file(t, "shipment.json"))
		}
		return 200, string(file(t, "order.json"))
	})
	whole, err := s.Read(t.Context(), refOf(orderID))
	if err != nil {
		t.Fatal(err)
	}
	sla = 503
	part, err := s.Read(t.Context(), refOf(orderID))
	if err != nil || len(part[0].Hints) != 1 {
		t.Fatalf("%v, hints %v: the deadline is to be read again", err, part[0].Hints)
	}
	if o := fold(t, append(whole, part...)...); o.Times.ShipBy == 0 {
		t.Error("the deadline is gone")
	}
}

func TestAPartialAnswerIsMarkedByItsHeader(t *testing.T) {
	s := stubWith(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Missing", "buyer, feedback")
		w.WriteHeader(http.StatusPartialContent)
		_, _ = w.Write(edit(t, file(t, "order.json"), map[string]any{"buyer": nil, "shipping": nil}))
	})
	items, err := s.Read(t.Context(), refOf(orderID))
	if err != nil {
		t.Fatal(err)
	}
	if o := fold(t, items...); !o.Partial || o.Bill == nil {
		t.Errorf("partial %v, bill %v", o.Partial, o.Bill)
	}
}

func TestAPaymentLeadsToItsOrder(t *testing.T) {
	for _, body := range []string{`{"id":1,"order_id":2000012345678901}`, `{"collection":{"order_id":"2000012345678901"}}`, `{"external_reference":"2000012345678901"}`} {
		s := stub(t, func(*http.Request) (int, string) { return 200, body })
		items, err := s.Read(t.Context(), order.Ref{Realm: Realm, Kind: kindPayment, ID: "110000000001"})
		if err != nil || len(items) != 1 || len(items[0].Hints) != 1 || items[0].Hints[0].Ref != refOf(orderID) {
			t.Errorf("%s: %+v %v", body, items, err)
		}
	}
}

func TestTheBodyOfATrackingReport(t *testing.T) {
	w := openWorld(t, nil)
	ref := w.Place(t, channeltest.Wish{Logistics: order.ME1})
	s := w.shop(t)
	items, err := s.Read(t.Context(), ref)
	if err != nil {
		t.Fatal(err)
	}
	a := channel.Act{Kind: order.Ship, Order: ref, Linked: items[0].Readings[0].Links, Logistics: order.ME1, Tracking: "OP123456789BR", Text: "https://carrier.example/track/OP123456789BR", Carrier: "despachado"}
	ctx, trace := channel.WithTrace(t.Context())
	if _, err := s.Ship(ctx, a); err != nil {
		t.Fatal(err)
	}
	sent := trace.Take()
	want := `{"payload":{"service_id":11,"comment":"despachado","date":"2026-05-04T11:00:00.000-03:00"},"tracking_number":"OP123456789BR","tracking_url":"https://carrier.example/track/OP123456789BR","status":"shipped","substatus":null}`
	if len(sent) != 1 || sent[0].Method != http.MethodPost || !strings.HasPrefix(sent[0].URL[len(w.acct.App.BaseURL):], "/v2/shipments/") || string(sent[0].Sent) != want {
		t.Errorf("sent %s %s\n%s\nwant\n%s", sent[0].Method, sent[0].URL, sent[0].Sent, want)
	}
	for _, bad := range []channel.Act{
		{Kind: order.Ship, Order: ref, Linked: a.Linked, Logistics: order.ME1, Tracking: "X1"},
		{Kind: order.Ship, Order: ref, Linked: a.Linked, Logistics: order.ME1, Text: "https://x.example/1"},
		{Kind: order.Ship, Order: ref, Linked: a.Linked, Logistics: order.ME1, Tracking: "X1", Text: "javascript:alert(1)"},
	} {
		if _, err := s.Ship(t.Context(), bad); !fault.Is(err, fault.Invalid) {
			t.Errorf("%+v: %v", bad, err)
		}
	}
}

func TestATrackingNumberIsNeverWrittenToME2(t *testing.T) {
	w := openWorld(t, nil)
	ref := w.Place(t, channeltest.Wish{})
	_, err := w.shop(t).Ship(t.Context(), channel.Act{Kind: order.Ship, Order: ref, Logistics: order.ME2, Tracking: "X1"})
	if !fault.Is(err, fault.Unsupported) {
		t.Errorf("ship: %v", err)
	}
}

func TestACustomParcelIsShippedAndDelivered(t *testing.T) {
	w := openWorld(t, nil)
	ref := w.Place(t, channeltest.Wish{Logistics: order.Custom})
	s := w.shop(t)
	for _, k := range []order.ActionKind{order.Ship, order.Deliver} {
		a := channel.Act{Kind: k, Order: ref, Logistics: order.Custom, Tracking: "T-1"}
		if sight, err := s.Look(t.Context(), a, nil); err != nil || sight.Outcome != effect.NotSeen {
			t.Fatalf("look before %s: %v %v", k, sight.Outcome, err)
		}
		if _, err := channel.NewConn(info, s).Do(t.Context(), a, nil); err != nil {
			t.Fatalf("%s: %v", k, err)
		}
		if sight, err := s.Look(t.Context(), a, nil); err != nil || sight.Outcome != effect.Seen {
			t.Errorf("look after %s: %v %v", k, sight.Outcome, err)
		}
	}
}

func TestACancellationIsSeenWhereTheStatusStaysConfirmed(t *testing.T) {
	s := stub(t, func(r *http.Request) (int, string) {
		if strings.HasSuffix(r.URL.Path, "/feedback") {
			return 200, `{"sale":{"fulfilled":false,"reason":"OUT_OF_STOCK"},"purchase":null}`
		}
		return 200, string(edit(t, file(t, "order.json"), map[string]any{"status": "confirmed", "shipping": nil}))
	})
	a := channel.Act{Kind: order.Cancel, Order: refOf(orderID), ReasonCode: "OUT_OF_STOCK"}
	if sight, err := s.Look(t.Context(), a, nil); err != nil || sight.Outcome != effect.Seen {
		t.Errorf("look: %v %v", sight.Outcome, err)
	}
}

func TestACancelOfASplitOrderIsObsolete(t *testing.T) {
	s := stub(t, func(r *http.Request) (int, string) {
		return 200, string(edit(t, file(t, "order.json"), map[string]any{"status": "cancelled", "cancel_detail": map[string]any{"code": "pack_splitted"}, "shipping": nil}))
	})
	if sight, err := s.Look(t.Context(), channel.Act{Kind: order.Cancel, Order: refOf(orderID)}, nil); err != nil || sight.Outcome != effect.Obsolete || sight.Why.IsZero() {
		t.Errorf("look: %+v %v", sight, err)
	}
}

func TestOneCancelTooLateIsANoAndASecondOneIsLookedInto(t *testing.T) {
	for name, want := range map[string]fault.Code{"not_fulfilled_feedback_in_order_expired": fault.Invalid, "feedback_already_exists": fault.Conflict, "": fault.Conflict} {
		s := stub(t, func(*http.Request) (int, string) { return 400, `{"error":"` + name + `","message":"no","status":400}` })
		if _, err := s.Cancel(t.Context(), channel.Act{Kind: order.Cancel, Order: refOf(orderID), ReasonCode: "OUT_OF_STOCK"}); !fault.Is(err, want) {
			t.Errorf("%q: %v, want %s", name, err, want)
		}
	}
}
