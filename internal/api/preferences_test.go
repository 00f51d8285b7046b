package api_test

import (
	"fmt"
	"strings"
	"testing"
)

// What somebody keeps comes back as it was given, to people and not to keys, within limits;
// what all share takes the right to share.
func TestPreferencesOverHTTP(t *testing.T) {
	b := setup(t)
	b.user("boss")
	in := b.call("POST", "/api/v1/session", "", `{"name":"boss","password":"`+password+`"}`)
	cookie := []string{"Cookie", strings.SplitN(in.header.Get("Set-Cookie"), ";", 2)[0]}
	const mine = `{"value":[{"name":"午高峰","filter":{"tab":"new"}}]}`
	for _, x := range []struct {
		name, method, path, key, body string
		status                        int
	}{
		{"kept", "PUT", "/me/preferences/views", "", mine, 204},
		{"of a screen that there is not", "PUT", "/me/preferences/evil", "", mine, 422},
		{"too large", "PUT", "/me/preferences/columns", "", `{"value":"` + strings.Repeat("x", 17<<10) + `"}`, 413},
		{"a key keeps nothing", "PUT", "/me/preferences/views", b.owner, mine, 403},
		{"a key has nothing", "GET", "/me/preferences", b.owner, "", 403},
		{"shared", "PUT", "/shared-views", "", `{"name":"全店","filter":{"tab":"refund"}}`, 204},
		{"without a name", "PUT", "/shared-views", "", `{"name":" ","filter":{}}`, 422},
		{"a clerk shares nothing", "PUT", "/shared-views", b.clerk, `{"name":"mine","filter":{}}`, 403},
		{"a clerk takes nothing away", "DELETE", "/shared-views?name=x", b.clerk, "", 403},
		{"taken away", "DELETE", "/shared-views?name=gone", "", "", 204},
	} {
		headers := cookie
		if x.key != "" {
			headers = nil
		}
		if r := b.call(x.method, "/api/v1"+x.path, x.key, x.body, headers...); r.status != x.status {
			t.Errorf("%s: %d %.200s, want %d", x.name, r.status, r.body, x.status)
		}
	}
	// Another device has changed it meanwhile: whoever says what it has seen is told, and changes nothing.
	seen := fmt.Sprintf("%.0f", b.call("GET", "/api/v1/me/preferences", "", "", cookie...).get(t, "versions.views"))
	with := func(value, seen string) string { return `{"value":` + value + `,"seen":` + seen + `}` }
	const views = `[{"name":"午高峰","filter":{"tab":"new"}}]`
	for _, x := range []struct {
		what, body string
		status     int
	}{{"as it was seen", with(views, seen), 204}, {"as it was before", with(`[]`, seen), 409}, {"as if there were none", with(`[]`, "0"), 409}} {
		if r := b.call("PUT", "/api/v1/me/preferences/views", "", x.body, cookie...); r.status != x.status {
			t.Errorf("%s: %d %.200s, want %d", x.what, r.status, r.body, x.status)
		}
	}
	got := b.call("GET", "/api/v1/me/preferences", "", "", cookie...)
	if got.status != 200 || got.get(t, "mine.views.0.name") != "午高峰" || got.get(t, "shared.0.filter.tab") != "refund" || strings.Contains(got.body, "mine\":{\"columns") {
		t.Errorf("%d %s", got.status, got.body)
	}
}
