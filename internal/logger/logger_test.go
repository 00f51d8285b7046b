package logger_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/tongdan/tongdan/internal/logger"
)

func TestWhatMustNotBeLoggedIsBlottedOut(t *testing.T) {
	for _, c := range []struct{ in, out string }{
		{"call 13800138000 now", "call […] now"},
		{"13800138000", "[…]"},
		{"relay 13800138000_1234 of the customer", "relay […] of the customer"},
		{"138-0013-8000, 138 0013 8000", "[…], […]"},
		{"86 13800138000", "[…]"},
		{"+55 11 91234-5678", "[…]"},
		{"+5215512345678", "[…]"},
		{"010-12345678", "[…]"},
		{`strconv.ParseInt: parsing "13912345678x": invalid syntax`, `strconv.ParseInt: parsing "13912345678x": invalid syntax`},
		{`parsing "13912345678"`, `parsing "[…]"`},
		{"maria.silva@example.com.br wrote", "[…] wrote"},
		{"GET /api?app_id=4321&sig=d41d8cd98f00b204e9800998ecf8427e&timestamp=1764415000", "GET /api?app_id=4321&sig=[…]&timestamp=1764415000"},
		{`{"access_token":"abcdef123456","expires_in":21600}`, `{"access_token":"[…]","expires_in":21600}`},
		{"Authorization: Bearer tdk_abcdefgh12345678", "Authorization: […] […]"},
		{"APP_USR-1234567890-112233-abcdefabcdef-700000001", "[…]"},
		{"refresh TG-5b9032b4e23464aed1f959f-1234567", "refresh […]"},
		{"postgres://tongdan:hunter2@db.internal:5432/tongdan", "postgres://[…]@db.internal:5432/tongdan"},
		{"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl", "[…]"},
		{"password=correct-horse", "password=[…]"},

		// What has to stay, or nobody could work with a log.
		{"order 2000003508419013 of account acc_0d1v5k2m8q3ra", "order 2000003508419013 of account acc_0d1v5k2m8q3ra"},
		{"order 990021234567890123 at 1764415000123", "order 990021234567890123 at 1764415000123"},
		{"took 1.532s, HTTP 502, 3 of 12", "took 1.532s, HTTP 502, 3 of 12"},
		{"2026-11-29T11:36:02.123Z 127.0.0.1:8080", "2026-11-29T11:36:02.123Z 127.0.0.1:8080"},
		{"hub.Act: ord_1: meituan.call: rate_limited: HTTP 429", "hub.Act: ord_1: meituan.call: rate_limited: HTTP 429"},
		{"request 4f2a9c01d3e5b678", "request 4f2a9c01d3e5b678"},
		{"the database is being closed; code: conflict", "the database is being closed; code: conflict"},
	} {
		if got := logger.Blot(c.in); got != c.out {
			t.Errorf("%q becomes %q, want %q", c.in, got, c.out)
		}
		if again := logger.Blot(logger.Blot(c.in)); again != logger.Blot(c.in) {
			t.Errorf("%q is not stable: %q", c.in, again)
		}
	}
}

// TestAPhoneNumberNeverGetsThrough plants one anywhere: in a message, an attribute, a
// group, an error, a value of any type, or what a logger carries along.
func TestAPhoneNumberNeverGetsThrough(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		phone := rapid.StringMatching(`1[3-9][0-9]{9}`).Draw(t, "phone")
		around := rapid.SampledFrom([]string{"%s", "to %s.", "[%s]", "\"%s\"", "电话%s", "a\n%s\tb", "(%s)"}).Draw(t, "around")
		text := fmt.Sprintf(around, phone)
		for _, form := range []string{logger.Text, logger.JSON} {
			var out bytes.Buffer
			log, err := logger.New(&out, slog.LevelDebug, form, func(context.Context) []slog.Attr { return []slog.Attr{slog.String("note", text)} })
			if err != nil {
				t.Fatal(err)
			}
			log.Info(text)
			log.Info("a", "k", text)
			log.Info("a", "err", fmt.Errorf("w: %w", errors.New(text)))
			log.Info("a", slog.Group("g", slog.String("k", text)))
			log.Info("a", "any", struct{ Name string }{text})
			log.With("k", text).WithGroup("g").Warn("a")
			log.InfoContext(context.Background(), "a")
			if strings.Contains(out.String(), phone) {
				t.Fatalf("%s: %s", form, out.String())
			}
		}
	})
}

func TestALineSaysWhoAskedAndIsOneObject(t *testing.T) {
	var out bytes.Buffer
	log, err := logger.New(&out, slog.LevelInfo, logger.JSON, func(context.Context) []slog.Attr {
		return []slog.Attr{slog.String("request_id", "4f2a"), slog.String("merchant", "mer_1")}
	})
	if err != nil {
		t.Fatal(err)
	}
	log.Debug("not asked for")
	log.WarnContext(t.Context(), "it went wrong", "merchant", "mer_2", "n", 3, "token", "x")
	var line map[string]any
	if err := json.Unmarshal(out.Bytes(), &line); err != nil {
		t.Fatalf("%v: %s", err, out.String())
	}
	for k, want := range map[string]any{"msg": "it went wrong", "request_id": "4f2a", "merchant": "mer_2", "n": 3.0, "token": "[…]", "level": "WARN"} {
		if line[k] != want {
			t.Errorf("%s is %v, want %v", k, line[k], want)
		}
	}
	if _, err := logger.New(&out, slog.LevelInfo, "xml", nil); err == nil {
		t.Error("a form that there is not is taken")
	}
}
