package api_test

import (
	"strings"
	"testing"
)

// TestTheLogHoldsNothingOfAnInputThatIsWrong: the plain log, before anything is blotted
// out, says where an input is wrong and not what it was.
func TestTheLogHoldsNothingOfAnInputThatIsWrong(t *testing.T) {
	b := setup(t)
	id, _ := b.order(1)
	long := strings.Repeat("李小明", 40)
	for _, c := range []struct{ path, body, where string }{
		{"/api/v1/orders/" + id + "/actions", `{"kind":"dispatch","courier":{"name":"` + long + `","phone":"13800138000"}}`, "body.courier.name"},
		{"/api/v1/orders/" + id + "/actions", `{"kind":"note","text":"` + strings.Repeat(long, 5) + `"}`, "body.text"},
		{"/api/v1/keys", `{"name":"` + long + long + `"}`, "body.name"},
	} {
		r := b.call("POST", c.path, b.owner, c.body)
		if r.status != 422 {
			t.Errorf("%s is answered %d: %s", c.path, r.status, r.body)
		}
		if !strings.Contains(b.log.String(), c.where) {
			t.Errorf("the log does not say that %s is wrong:\n%s", c.where, b.log)
		}
	}
	for _, word := range []string{"李小明", "13800138000", b.owner} {
		if strings.Contains(b.log.String(), word) {
			t.Errorf("the log holds %q", word)
		}
	}
}
